package dev.fathom.labs.reinforcement;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A world to learn, and how an agent is measured in it.
 *
 * @param name of the world
 * @param worlds makes it
 * @param width of the two hidden layers of networks
 * @param discount of rewards that come a step later
 * @param scale of rewards, so that their discounted sum is about 1 at most, which networks learn best
 * @param score what an agent that does not learn any more earns in an episode on average, by a seed of its own
 */
record Task(String name, Supplier<World> worlds, int width, double discount, double scale, Score score) {
    private static final int LOOKED_AT = 20;
    private static final int TESTED = 100;

    /** Measures an agent. */
    interface Score {
        double of(Agent agent, int episodes, SplittableRandom rng);
    }

    /** The pole on the cart, measured by playing. */
    static Task cartPole() {
        return new Task(
                "cart-pole", CartPole::new, 64, 0.99, 0.01, (agent, n, rng) -> agent.score(CartPole::new, n, rng));
    }

    /** The textbook's cells, measured exactly by the probabilities of all ways. */
    static Task gridWorld() {
        return new Task("grid world", GridWorld::new, 32, 0.99, 1, (agent, n, rng) -> grid(agent));
    }

    private static double grid(Agent agent) {
        double[][] shares = new double[GridWorld.CELLS][4];
        for (int cell = 0; cell < GridWorld.CELLS; cell++) {
            shares[cell][agent.apply(new float[][] {GridWorld.state(cell)})[0]] = 1;
        }
        return GridWorld.values(shares)[0];
    }

    /** A network with an output for each action. */
    Sequential net(int outputs) {
        int features = worlds.get().features();
        return new Sequential(
                new Linear(features, width).act(Activation.RELU),
                new Linear(width, width).act(Activation.RELU),
                new Linear(width, outputs));
    }

    /** An agent's score after some steps of learning. */
    record Point(int steps, double score) {}

    /**
     * What came of a training.
     *
     * @param curve the scores on the way
     * @param score that of the agent whose score on the way was the best, in other episodes
     * @param end that of the agent at the end
     */
    record Learned(List<Point> curve, double score, double end) {}

    /** Learns the task with a seed; what is stopped gives what there is. */
    interface Method {
        Learned learn(Task task, int steps, long seed, BooleanSupplier stopped);
    }

    /** A look at an agent on its way. */
    double look(Agent agent, long seed) {
        return score.of(agent, LOOKED_AT, new SplittableRandom(seed * 31 + 1));
    }

    /** The last look, in episodes that no agent has been chosen by. */
    double test(Agent agent, long seed) {
        return score.of(agent, TESTED, new SplittableRandom(seed * 31 + 2));
    }
}
