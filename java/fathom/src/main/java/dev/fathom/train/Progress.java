package dev.fathom.train;

/**
 * Where a {@link Run} stands after a step.
 *
 * @param epoch the epoch under way or just finished, from 1; 0 before the first
 * @param epochs number of epochs asked for
 * @param step number of steps finished in this epoch
 * @param steps number of steps of a whole epoch
 * @param examples number of examples seen in this epoch
 * @param examplesPerEpoch number of examples of a whole epoch
 * @param loss the mean training loss of this epoch so far
 * @param learningRate the learning rate of the last step, as the schedule gave it
 * @param updates number of steps that the optimizer has taken in all epochs, including those before a resume
 */
public record Progress(
        int epoch,
        int epochs,
        int step,
        int steps,
        long examples,
        long examplesPerEpoch,
        double loss,
        double learningRate,
        long updates) {}
