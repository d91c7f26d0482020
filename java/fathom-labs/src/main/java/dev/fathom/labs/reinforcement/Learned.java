package dev.fathom.labs.reinforcement;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/**
 * What came of a training.
 *
 * @param curve the scores on the way, by steps
 * @param score that of the agent whose score on the way was the best, in episodes that no agent was chosen by
 * @param end that of the agent at the end
 */
record Learned(TreeMap<Integer, Double> curve, double score, double end) {
    private static final int LOOKED_AT = 20;
    private static final int TESTED = 100;

    /** Learns a world from a seed in so many steps, and calls {@code check} between lessons. */
    interface Method {
        Learned learn(World world, int steps, long seed, Runnable check);
    }

    /** Gives lessons, each from a number of steps to the next, and looks after each at what a policy does. */
    static <N extends Net> Learned of(
            World world, Model<N> model, Function<N, Layer> policy, int steps, long seed, IntUnaryOperator lesson) {
        TreeMap<Integer, Double> curve = new TreeMap<>();
        double top = Double.NEGATIVE_INFINITY;
        Agent agent = Agent.greedy(policy.apply(model.net()));
        try (Model<N> best = model.copy()) {
            for (int done = 0; done < steps; ) {
                done = lesson.applyAsInt(done);
                double score = world.score(agent, LOOKED_AT, new SplittableRandom(seed * 31 + 1));
                curve.put(done, score);
                if (score >= top) {
                    top = score;
                    best.copyFrom(model);
                }
            }
            double score =
                    world.score(Agent.greedy(policy.apply(best.net())), TESTED, new SplittableRandom(seed * 31 + 2));
            return new Learned(curve, score, world.score(agent, TESTED, new SplittableRandom(seed * 31 + 2)));
        }
    }
}
