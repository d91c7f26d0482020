package dev.fathom.train;

/** The progress of a running {@link Trainer}. It is valid during a callback. */
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
     * Ends training after the epoch under way; the first {@code reason} given goes into the history. To stop before the
     * epoch's end, use {@link Trainer#stop}.
     */
    void stop(String reason);
}
