package dev.fathom.labs.reinforcement;

import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/**
 * What came of a training.
 *
 * @param curve the scores on the way, by steps, which change nothing of the training
 * @param score that of the agent at the end of the training, whatever it was like before
 */
record Learned(TreeMap<Integer, Double> curve, double score) {
    private static final int LOOKED_AT = 20;
    static final int TESTED = 100;

    /** Learns a world from a seed in so many steps, and calls {@code check} between lessons. */
    interface Method {
        Learned learn(World world, int steps, long seed, Runnable check);
    }

    /** Gives lessons, each from a number of steps to the next, and looks after each at what the agent does. */
    static Learned of(World world, Agent agent, int steps, long seed, IntUnaryOperator lesson) {
        TreeMap<Integer, Double> curve = new TreeMap<>();
        for (int done = 0; done < steps; ) {
            done = lesson.applyAsInt(done);
            curve.put(done, world.score(agent, LOOKED_AT, new SplittableRandom(seed * 31 + 1)));
        }
        return new Learned(curve, world.score(agent, TESTED, new SplittableRandom(seed * 31 + 2)));
    }
}
