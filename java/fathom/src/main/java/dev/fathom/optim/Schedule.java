package dev.fathom.optim;

/**
 * How the learning rate changes during training, as a factor of the optimizer's own. A schedule is a pure function of the epochs finished, including
 * fractions of an epoch, and of the steps that the optimizer has taken. Every step therefore has its own rate, and training that is resumed has the
 * rates it would have had. Any formula can be a schedule:
 *
 * <pre>{@code
 * trainer.schedule(Schedule.cosine(27).warmUp(3));                   // up for 3 epochs, then down for 27
 * trainer.schedule((epochs, steps) -> Math.exp(-0.1 * epochs));      // exponential decay
 * trainer.schedule((epochs, steps) -> Math.min(1, steps / 4000.0));  // up for 4,000 steps
 * }</pre>
 */
@FunctionalInterface
public interface Schedule {
    /**
     * Returns the factor at one step.
     *
     * @param epochs epochs finished: 0 at the first step, 1.5 in the middle of the second epoch
     * @param steps steps that the optimizer has taken: 0 at the first
     */
    double factor(double epochs, long steps);

    /** Returns the schedule that is always 1. */
    static Schedule constant() {
        return (epochs, steps) -> 1;
    }

    /**
     * Returns gamma to the power of floor(epochs / every), which multiplies the rate by gamma after every {@code every} epochs (PyTorch's StepLR).
     *
     * @throws IllegalArgumentException if every &lt; 1 or gamma is not positive
     */
    static Schedule step(int every, double gamma) {
        if (every < 1 || !(gamma > 0)) {
            throw new IllegalArgumentException(
                    "Schedule.step: every=" + every + " must be at least 1 and gamma=" + gamma + " above 0");
        }
        return (epochs, steps) -> Math.pow(gamma, Math.floor(epochs / every));
    }

    /** Returns {@link #cosine(double, double)} down to 0. */
    static Schedule cosine(double period) {
        return cosine(period, 0);
    }

    /**
     * Returns min + (1 - min) (1 + cos(pi epochs / period)) / 2, which falls from 1 to {@code min} during {@code period} epochs and stays there
     * (Loshchilov and Hutter 2017, without restarts; PyTorch's CosineAnnealingLR would rise again).
     *
     * @throws IllegalArgumentException if the period is not positive and finite or min lies outside [0, 1]
     */
    static Schedule cosine(double period, double min) {
        if (!(period > 0 && period < Double.POSITIVE_INFINITY) || !(min >= 0 && min <= 1)) {
            throw new IllegalArgumentException(
                    "Schedule.cosine: period=" + period + " must be above 0 and finite, and min=" + min + " in [0, 1]");
        }
        return (epochs, steps) -> min + (1 - min) * (1 + Math.cos(Math.PI * Math.min(epochs / period, 1))) / 2;
    }

    /** Returns this schedule after {@link #warmUp(double, double)} from 0. */
    default Schedule warmUp(double length) {
        return warmUp(length, 0);
    }

    /**
     * Returns this schedule after a warm-up. For {@code length} epochs the factor rises linearly from {@code from} times this schedule's first factor
     * to that factor; then this schedule begins, and its epochs and steps are counted from there (Goyal et al. 2017; PyTorch's LinearLR followed by
     * this one in SequentialLR).
     *
     * @throws IllegalArgumentException if the length is not positive and finite or from lies outside [0, 1]
     */
    default Schedule warmUp(double length, double from) {
        if (!(length > 0 && length < Double.POSITIVE_INFINITY) || !(from >= 0 && from <= 1)) {
            throw new IllegalArgumentException("Schedule.warmUp: length=" + length
                    + " must be above 0 and finite, and from=" + from + " in [0, 1]");
        }
        return (epochs, steps) -> epochs < length
                ? (from + (1 - from) * epochs / length) * factor(0, 0)
                : factor(epochs - length, steps - Math.round(length * (steps / epochs)));
    }
}
