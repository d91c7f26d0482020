package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.labs.reinforcement.Agent.Move;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Policy gradient (REINFORCE; Williams 1992): actions are drawn from a softmax, and the gradient of -log p(a) is
 * weighted by what was earned from then on, beyond what a second network expects. A small reward for entropy keeps the
 * policy from settling too early. The learning rate falls to 0.
 */
final class PolicyGradient implements Learned.Method {
    private static final int EPISODES = 16;
    private static final float ENTROPY = 0.03f;
    private static final float RATE = 5e-3f;

    record Both(Layer policy, Layer value) implements Net {}

    @Override
    public Learned learn(World world, int steps, long seed, Runnable check) {
        SplittableRandom rng = new SplittableRandom(seed);
        Rng passes = new Rng(seed);
        Both nets =
                new Both(world.spec().net(world.spec().actions()), world.spec().net(1));
        try (Model<Both> model = Model.of(nets, seed);
                BoundOptimizer optimizer = new Adam(RATE).on(model).clipNorm(1)) {
            Agent agent = states -> drawn(model.net().policy(), states, rng);
            return Learned.of(world, Agent.greedy(nets.policy()), steps, seed, done -> {
                check.run();
                List<List<Move>> episodes = agent.play(world, EPISODES, rng);
                List<Move> moves = episodes.stream().flatMap(List::stream).toList();
                float[] earned = earned(episodes, world.spec());
                optimizer.learningRate(RATE * (1 - (float) done / steps));
                Descent.step(model, optimizer, passes, () -> loss(model.net(), moves, earned));
                return done + moves.size();
            });
        }
    }

    /** Draws an action for each state by the softmax of a network. */
    static int[] drawn(Layer policy, List<double[]> states, SplittableRandom rng) {
        float[] logits;
        try (Pass pass = Pass.infer()) {
            logits = policy.apply(Agent.tensor(states.stream())).toArray();
        }
        int n = logits.length / states.size();
        int[] actions = new int[states.size()];
        for (int i = 0; i < actions.length; i++) {
            double[] row = Averages.doubles(Arrays.copyOfRange(logits, i * n, (i + 1) * n));
            double most = Arrays.stream(row).max().orElseThrow();
            actions[i] =
                    Agent.drawn(Arrays.stream(row).map(v -> Math.exp(v - most)).toArray(), rng);
        }
        return actions;
    }

    /** The discounted sum of the rewards from each move on, scaled as the world says. */
    static float[] earned(List<List<Move>> episodes, World.Spec spec) {
        float[] earned = new float[episodes.stream().mapToInt(List::size).sum()];
        int end = 0;
        for (List<Move> moves : episodes) {
            end += moves.size();
            double sum = 0;
            for (int i = 1; i <= moves.size(); i++) {
                sum = spec.scale() * moves.get(moves.size() - i).step().reward() + World.DISCOUNT * sum;
                earned[end - i] = (float) sum;
            }
        }
        return earned;
    }

    /** The mean of -log p(a) times the standardized advantage, less the reward for entropy, with the value's error. */
    static Tensor loss(Both net, List<Move> moves, float[] earned) {
        int n = moves.size();
        Tensor states = Agent.tensor(moves.stream().map(Move::state));
        Tensor logs = net.policy().apply(states).logSoftmax(1);
        Tensor value = net.value().apply(states).reshape(n);
        double[] beyond = Averages.doubles(value.detach().toArray());
        Arrays.setAll(beyond, i -> earned[i] - (float) beyond[i]);
        double mean = Averages.mean(beyond);
        double deviation = Math.max(1e-8, Averages.deviation(beyond));
        float[] advantage = Averages.floats(
                Arrays.stream(beyond).map(b -> (b - mean) / deviation).toArray());
        int[] actions = moves.stream().mapToInt(Move::action).toArray();
        Tensor chosen = Agent.taken(logs, Tensor.ofInts(actions, n));
        Tensor entropy = logs.exp().mul(logs).sum(1).mean().neg();
        return chosen.mul(Tensor.of(advantage, n))
                .mean()
                .neg()
                .sub(entropy.mul(ENTROPY))
                .add(Loss.mse().of(value, Tensor.of(earned, n)));
    }
}
