package dev.fathom.train;

/**
 * A run of a {@link Trainer}, one {@code fit}: where it stands, and how to end it. Callbacks are given it on the
 * training thread. Another thread may keep it, watch the run, and end it by {@link #stopNow}; what it reads is that of
 * the last step that was finished.
 */
public interface Progress {
    /** Returns the epoch under way or just finished, from 1; 0 before the first. */
    int epoch();

    /** Returns the number of epochs asked for. */
    int epochs();

    /** Returns the number of steps finished in this epoch. */
    int step();

    /** Returns the number of steps of a whole epoch. */
    int steps();

    /** Returns the number of examples seen in this epoch. */
    long examples();

    /** Returns the number of examples of a whole epoch. */
    long examplesPerEpoch();

    /** Returns the mean training loss of this epoch so far. */
    double loss();

    /** Returns the learning rate of the last step, as the schedule gave it. */
    double learningRate();

    /** Returns the number of steps that the optimizer has taken in all epochs, including those before a resume. */
    long updates();

    /** Returns the figure by which the best epoch is chosen. */
    Monitor monitor();

    /** Returns the epochs finished so far. */
    History history();

    /**
     * Ends training after the epoch under way; the first {@code reason} given goes into the history. It is for
     * callbacks, on the training thread.
     */
    void stop(String reason);

    /**
     * Ends training after the step of the optimizer under way, or before the first one. Any thread may call it, and
     * what is finished is kept.
     */
    void stopNow(String reason);
}
