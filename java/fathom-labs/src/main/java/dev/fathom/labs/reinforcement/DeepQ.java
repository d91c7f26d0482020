package dev.fathom.labs.reinforcement;

import dev.fathom.labs.reinforcement.Agent.Move;
import dev.fathom.labs.training.Descent;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * A deep Q-network (Mnih et al. 2015) with double Q-learning (van Hasselt, Guez and Silver 2016): Q(s, a) is trained
 * toward scale * r + discount * Q'(s', b) for moves that are drawn from a memory, where b is the action of the largest
 * Q(s', b), and Q' is a copy of the network that is made anew every 500 steps. The agent takes a random action in a
 * share of its steps, which falls from all to a twentieth over a fifth of them. The learning rate falls to 0.
 */
final class DeepQ implements Task.Method {
    private static final int MEMORY = 20_000;
    private static final int BATCH = 64;
    private static final int WAIT = 500;
    private static final int RENEW = 500;
    private static final int LOOKS = 50;
    private static final float RATE = 1e-3f;

    @Override
    public Task.Learned learn(Task task, int steps, long seed, BooleanSupplier stopped) {
        World world = task.worlds().get();
        SplittableRandom rng = new SplittableRandom(seed);
        Rng passes = new Rng(seed);
        List<Move> memory = new ArrayList<>();
        List<Task.Point> curve = new ArrayList<>();
        try (Model<Sequential> q = Model.of(task.net(world.actions()), seed);
                Model<Sequential> old = q.copy();
                Model<Sequential> best = q.copy();
                BoundOptimizer optimizer = new Adam(RATE).on(q).clipNorm(10)) {
            Agent agent = Agent.greedy(q.net());
            double top = Double.NEGATIVE_INFINITY;
            float[] state = world.begin(rng);
            for (int step = 1; step <= steps && !stopped.getAsBoolean(); step++) {
                boolean explore = rng.nextDouble() < Math.max(0.05, 1 - step / (0.2 * steps));
                int action = explore ? rng.nextInt(world.actions()) : agent.apply(new float[][] {state})[0];
                World.Step next = world.act(action, rng);
                Move move = new Move(state, action, next);
                if (memory.size() < MEMORY) {
                    memory.add(move);
                } else {
                    memory.set(step % MEMORY, move);
                }
                state = next.last() ? world.begin(rng) : next.state();
                if (step >= WAIT) {
                    Move[] drawn = new Move[BATCH];
                    for (int i = 0; i < BATCH; i++) {
                        drawn[i] = memory.get(rng.nextInt(memory.size()));
                    }
                    optimizer.learningRate(RATE * (1 - (float) step / (steps + 1)));
                    Descent.step(q, optimizer, passes, () -> loss(q.net(), old.net(), drawn, task));
                }
                if (step % RENEW == 0) {
                    old.copyFrom(q);
                }
                if (step % Math.max(1, steps / LOOKS) == 0) {
                    double score = task.look(agent, seed);
                    curve.add(new Task.Point(step, score));
                    if (score >= top) {
                        top = score;
                        best.copyFrom(q);
                    }
                }
            }
            return new Task.Learned(curve, task.test(Agent.greedy(best.net()), seed), task.test(agent, seed));
        }
    }

    /** The Huber loss of Q(s, a) against the target, over some moves. */
    static Tensor loss(Sequential q, Sequential old, Move[] moves, Task task) {
        int n = moves.length;
        float[][] states = new float[n][];
        float[][] nexts = new float[n][];
        int[] actions = new int[n];
        for (int i = 0; i < n; i++) {
            states[i] = moves[i].state();
            nexts[i] = moves[i].step().state();
            actions[i] = moves[i].action();
        }
        int[] choices = Agent.greedy(q).apply(nexts);
        float[][] later = Agent.outputs(old, nexts);
        float[] targets = new float[n];
        for (int i = 0; i < n; i++) {
            World.Step step = moves[i].step();
            float value = step.ended() ? 0 : later[i][choices[i]];
            targets[i] = (float) (task.scale() * step.reward() + task.discount() * value);
        }
        Tensor said = q.apply(Agent.tensor(states));
        Tensor taken = Tensor.ofInts(actions, n).oneHot(later[0].length);
        return Loss.huber(1).of(said.mul(taken).sum(1), Tensor.of(targets, n));
    }
}
