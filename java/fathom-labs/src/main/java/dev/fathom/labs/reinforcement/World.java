package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import java.util.SplittableRandom;

/** A world in which an agent acts until an episode ends or its time is up. */
interface World {
    /** How much a reward counts that comes a step later. */
    double DISCOUNT = 0.99;

    /**
     * What is to be known of a world.
     *
     * @param features how many numbers a state has
     * @param width of the two hidden layers of networks
     * @param scale of rewards, so that their discounted sum is about 1 at most, which networks learn best
     * @param most the steps of an episode whose time is up
     */
    record Spec(int features, int actions, int width, double scale, int most) {
        /** A network of states. */
        Sequential net(int outputs) {
            return new Sequential(
                    new Linear(features, width).act(Activation.RELU),
                    new Linear(width, width).act(Activation.RELU),
                    new Linear(width, outputs));
        }
    }

    Spec spec();

    /** The first state of an episode. */
    double[] begin(SplittableRandom rng);

    /** What an action leads to; {@code ended} where nothing can be earned any more. */
    record Step(double[] state, double reward, boolean ended) {}

    Step act(double[] state, int action, SplittableRandom rng);

    /** What an agent that does not learn any more earns in an episode on average. */
    default double score(Agent agent, int episodes, SplittableRandom rng) {
        return Averages.mean(
                agent.play(this, episodes, rng),
                moves -> moves.stream().mapToDouble(m -> m.step().reward()).sum());
    }
}
