package dev.fathom.train;

/** Where a running {@link Trainer} stands. Valid during a callback. */
public interface Progress {
    /** The epoch under way or just finished, from 1; 0 before the first. */
    int epoch();

    /** The epochs asked for. */
    int epochs();

    /** Steps finished in this epoch. */
    int step();

    /** Steps of a whole epoch. */
    int steps();

    /** Examples seen in this epoch. */
    long examples();

    /** Examples of a whole epoch. */
    long examplesPerEpoch();

    /** Mean training loss of this epoch so far. */
    double loss();

    /** Learning rate of the last step, as the schedule has it. */
    double learningRate();

    /** Steps that the optimizer has taken in all epochs, those before a resume included. */
    long updates();

    /** The figure by which the best epoch is chosen. */
    Monitor monitor();

    /** The epochs finished so far. */
    History history();

    /** Ends training after the epoch under way; the first {@code reason} given goes into the history. {@link Trainer#stop} does not wait for its end. */
    void stop(String reason);
}
