package dev.fathom.train;

/** Where a running {@link Trainer} stands. Valid during a callback; all counts start at 1 within their epoch. */
public interface Progress {
    /** The epoch under way, from 1. */
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

    /** Learning rate of the last step. */
    double learningRate();

    /** Ends training after the epoch (or step) under way; {@code reason} goes into the history. */
    void stop(String reason);
}
