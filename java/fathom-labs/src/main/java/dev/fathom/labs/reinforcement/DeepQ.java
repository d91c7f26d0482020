package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.training.Descent;
import dev.fathom.labs.reinforcement.Agent.Move;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A deep Q-network (Mnih et al. 2015) with double Q-learning (van Hasselt, Guez and Silver 2016): Q(s, a) is trained
 * toward scale * r + discount * Q'(s', b) for moves that are drawn from a memory, where b is the action of the largest
 * Q(s', b), and Q' is a copy of the network that is made anew every 100 steps. The agent takes a random action in a
 * share of its steps, which falls from all to a twentieth over a fifth of them. The learning rate falls to 0.
 */
final class DeepQ implements Learned.Method {
    private static final int MEMORY = 100_000;
    private static final int BATCH = 64;
    private static final int RENEW = 100;
    /** The steps before the first lesson. */
    private static final int WARM = 500;

    private static final int LOOKS = 50;
    private static final float RATE = 2e-3f;

    @Override
    public Learned learn(World world, int steps, long seed, Runnable check) {
        SplittableRandom rng = new SplittableRandom(seed);
        Rng passes = new Rng(seed);
        World.Spec spec = world.spec();
        Agent any = states -> new int[] {rng.nextInt(spec.actions())};
        List<Move> memory = new ArrayList<>();
        List<Move> episode = new ArrayList<>();
        double[][] state = {world.begin(rng)};
        try (Model<Sequential> q = Model.of(spec.net(spec.actions()), seed);
                Model<Sequential> old = q.copy();
                BoundOptimizer optimizer = new Adam(RATE).on(q).clipNorm(10)) {
            Agent best = Agent.greedy(q.net());
            return Learned.of(world, best, steps, seed, done -> {
                check.run();
                int until = Math.min(steps, done + Math.max(1, steps / LOOKS));
                for (int step = done + 1; step <= until; step++) {
                    boolean explore = rng.nextDouble() < Math.max(0.05, 1 - step / (0.2 * steps));
                    int action = (explore ? any : best).apply(List.of(state[0]))[0];
                    Move move = new Move(state[0], action, world.act(state[0], action, rng));
                    if (memory.size() < MEMORY) {
                        memory.add(move);
                    } else {
                        memory.set(step % MEMORY, move);
                    }
                    episode.add(move);
                    state[0] = move.step().state();
                    if (move.step().ended() || episode.size() == spec.most()) {
                        episode.clear();
                        state[0] = world.begin(rng);
                    }
                    if (step >= WARM) {
                        List<Move> drawn = Agent.some(BATCH, memory, rng);
                        optimizer.learningRate(RATE * (1 - (float) step / (steps + 1)));
                        Descent.step(q, optimizer, passes, () -> loss(q.net(), old.net(), drawn, spec));
                    }
                    if (step % RENEW == 0) {
                        old.copyFrom(q);
                    }
                }
                return until;
            });
        }
    }

    /** The Huber loss of Q(s, a) against the target, over some moves. */
    static Tensor loss(Layer q, Layer old, List<Move> moves, World.Spec spec) {
        Tensor nexts = Agent.tensor(moves.stream().map(m -> m.step().state()));
        float[] targets;
        try (Pass pass = Pass.infer()) {
            targets = Agent.taken(old.apply(nexts), q.apply(nexts).argmax(1)).toArray();
        }
        for (int i = 0; i < targets.length; i++) {
            World.Step step = moves.get(i).step();
            double later = step.ended() ? 0 : World.DISCOUNT * targets[i];
            targets[i] = (float) (spec.scale() * step.reward() + later);
        }
        int[] actions = moves.stream().mapToInt(Move::action).toArray();
        Tensor said = q.apply(Agent.tensor(moves.stream().map(Move::state)));
        return Loss.huber(1)
                .of(Agent.taken(said, Tensor.ofInts(actions, actions.length)), Tensor.of(targets, targets.length));
    }
}
