package dev.fathom.labs.reinforcement;

import java.util.SplittableRandom;

/** A world in which an agent acts until an episode is over. */
interface World {
    /** How many numbers a state has. */
    int features();

    /** How many actions there are. */
    int actions();

    /** Begins an episode, and returns its first state. */
    float[] begin(SplittableRandom rng);

    /** Does an action. */
    Step act(int action, SplittableRandom rng);

    /**
     * What comes of an action.
     *
     * @param state the next state
     * @param reward for the action
     * @param ended whether nothing can be earned any more
     * @param last whether the episode is over, because it ended or its time is up
     */
    record Step(float[] state, double reward, boolean ended, boolean last) {}
}
