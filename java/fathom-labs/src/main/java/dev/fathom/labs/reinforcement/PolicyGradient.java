package dev.fathom.labs.reinforcement;

import dev.fathom.labs.reinforcement.Agent.Move;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.training.Descent;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * Policy gradient (REINFORCE; Williams 1992): actions are drawn from a softmax, and the gradient of -log p(a) is
 * weighted by what was earned from then on, beyond what a second network expects. A small reward for entropy keeps the
 * policy from settling too early.
 */
final class PolicyGradient implements Task.Method {
    private static final int EPISODES = 16;
    private static final float ENTROPY = 0.03f;

    private record Both(Layer policy, Layer value) implements Net {}

    @Override
    public Task.Learned learn(Task task, int steps, long seed, BooleanSupplier stopped) {
        World world = task.worlds().get();
        SplittableRandom rng = new SplittableRandom(seed);
        Rng passes = new Rng(seed);
        List<Task.Point> curve = new ArrayList<>();
        try (Model<Both> model = Model.of(new Both(task.net(world.actions()), task.net(1)), seed);
                Model<Both> best = model.copy();
                BoundOptimizer optimizer = new Adam(5e-3f).on(model).clipNorm(1)) {
            Agent drawing = states -> drawn(Agent.outputs(model.net().policy(), states), rng);
            Agent agent = Agent.greedy(model.net().policy());
            double top = Double.NEGATIVE_INFINITY;
            for (int done = 0; done < steps && !stopped.getAsBoolean(); ) {
                List<List<Move>> episodes = drawing.play(task.worlds(), EPISODES, rng);
                List<Move> moves = episodes.stream().flatMap(List::stream).toList();
                done += moves.size();
                float[] earned = earned(episodes, task);
                Descent.step(model, optimizer, passes, () -> loss(model.net(), moves, earned));
                double score = task.look(agent, seed);
                curve.add(new Task.Point(done, score));
                if (score >= top) {
                    top = score;
                    best.copyFrom(model);
                }
            }
            return new Task.Learned(curve, task.test(Agent.greedy(best.net().policy()), seed), task.test(agent, seed));
        }
    }

    /** Draws an action from the softmax of each row. */
    static int[] drawn(float[][] logits, SplittableRandom rng) {
        return Arrays.stream(logits)
                .mapToInt(row -> {
                    double most = Double.NEGATIVE_INFINITY;
                    for (float v : row) {
                        most = Math.max(most, v);
                    }
                    double sum = 0;
                    for (float v : row) {
                        sum += Math.exp(v - most);
                    }
                    double left = rng.nextDouble() * sum;
                    int action = 0;
                    for (; action < row.length - 1; action++) {
                        left -= Math.exp(row[action] - most);
                        if (left < 0) {
                            break;
                        }
                    }
                    return action;
                })
                .toArray();
    }

    /** The discounted sum of the rewards from each move on, scaled as the task says. */
    static float[] earned(List<List<Move>> episodes, Task task) {
        float[] earned = new float[episodes.stream().mapToInt(List::size).sum()];
        int end = 0;
        for (List<Move> moves : episodes) {
            end += moves.size();
            double sum = 0;
            for (int i = 1; i <= moves.size(); i++) {
                sum = task.scale() * moves.get(moves.size() - i).step().reward() + task.discount() * sum;
                earned[end - i] = (float) sum;
            }
        }
        return earned;
    }

    private static Tensor loss(Both net, List<Move> moves, float[] earned) {
        int n = moves.size();
        Tensor states = Agent.tensor(moves.stream().map(Move::state).toArray(float[][]::new));
        Tensor logs = net.policy().apply(states).logSoftmax(1);
        Tensor value = net.value().apply(states).reshape(n);
        float[] expected = value.detach().toArray();
        double[] beyond = new double[n];
        for (int i = 0; i < n; i++) {
            beyond[i] = earned[i] - expected[i];
        }
        double mean = Averages.mean(beyond);
        double deviation = Math.max(1e-8, Averages.deviation(beyond));
        float[] advantage = new float[n];
        for (int i = 0; i < n; i++) {
            advantage[i] = (float) ((beyond[i] - mean) / deviation);
        }
        Tensor taken = Tensor.ofInts(moves.stream().mapToInt(Move::action).toArray(), n)
                .oneHot(logs.dim(1));
        Tensor chosen = logs.mul(taken).sum(1);
        Tensor entropy = logs.exp().mul(logs).sum(1).mean().neg();
        return chosen.mul(Tensor.of(advantage, n))
                .mean()
                .neg()
                .sub(entropy.mul(ENTROPY))
                .add(Loss.mse().of(value, Tensor.of(earned, n)));
    }
}
