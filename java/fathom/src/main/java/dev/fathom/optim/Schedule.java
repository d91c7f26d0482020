package dev.fathom.optim;

import dev.fathom.op.Checks;
import java.util.function.DoubleUnaryOperator;

/**
 * How the learning rate changes during training, as a factor of the optimizer's own. A schedule is a pure function of
 * the epochs finished, including fractions of an epoch, and of the steps that the optimizer has taken. Every step
 * therefore has its own rate, and training that is resumed has the rates it would have had. Any formula can be a
 * schedule:
 *
 * <pre>{@code
 * trainer.schedule(Schedule.cosine(27).warmUp(3))                              // up for 3 epochs, then down for 27
 * trainer.schedule(Schedule.constant().then(10, Schedule.exponential(0.9)))    // constant for 10 epochs, then down
 * trainer.schedule(Schedule.oneCycle(2000).inSteps())                          // up and down again within 2,000 steps
 * trainer.schedule((epochs, steps) -> Math.min(1, steps / 4000.0))             // up for 4,000 steps
 * }</pre>
 *
 * <p>The lengths of the schedules here are in epochs, and their factors change from step to step within an epoch;
 * {@link #inSteps} makes them lengths in steps. Schedules that depend on results, such as {@code Newbob} and
 * {@code ReduceOnPlateau} of the package train, are callbacks.
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
     * Returns gamma to the power of floor(epochs / every), which multiplies the rate by gamma after every {@code every}
     * epochs (PyTorch's StepLR).
     *
     * @throws IllegalArgumentException if one of them is not positive
     */
    static Schedule step(double every, double gamma) {
        Checks.above0("Schedule.step", "every", every);
        Checks.above0("Schedule.step", "gamma", gamma);
        return (epochs, steps) -> Math.pow(gamma, Math.floor(epochs / every));
    }

    /**
     * Returns gamma to the power of the epochs (PyTorch's ExponentialLR). The textbook's exp(-rate epochs) is
     * {@code exponential(Math.exp(-rate))}.
     *
     * @throws IllegalArgumentException if gamma is not positive and finite
     */
    static Schedule exponential(double gamma) {
        Checks.positive("Schedule.exponential", "gamma", gamma);
        return (epochs, steps) -> Math.pow(gamma, epochs);
    }

    /**
     * Returns (1 - epochs / length)^power, which falls from 1 to 0 during {@code length} epochs and stays there
     * (PyTorch's PolynomialLR); with power 1 it is a line.
     *
     * @throws IllegalArgumentException if the length or the power is not positive and finite
     */
    static Schedule polynomial(double length, double power) {
        Checks.positive("Schedule.polynomial", "length", length);
        Checks.positive("Schedule.polynomial", "power", power);
        return (epochs, steps) -> Math.pow(1 - Math.min(epochs / length, 1), power);
    }

    /**
     * Returns a factor that goes from {@code from} to {@code to} during {@code length} epochs and stays there: on a
     * line (PyTorch's LinearLR), or with {@link Ramp#COSINE} on half a wave. {@link #then} makes any shape of several
     * of them.
     *
     * @throws IllegalArgumentException if the length is not positive and finite, or a factor is negative or not finite
     */
    static Schedule ramp(double length, double from, double to, Ramp shape) {
        Checks.positive("Schedule.ramp", "length", length);
        Checks.notNegative("Schedule.ramp", "from", from);
        Checks.notNegative("Schedule.ramp", "to", to);
        return (epochs, steps) -> from + (to - from) * shape.at.applyAsDouble(Math.min(epochs / length, 1));
    }

    /** How a {@link #ramp} goes from one factor to the other. */
    enum Ramp {
        /** On a line. */
        LINEAR(x -> x),
        /** As (1 - cos(pi x)) / 2, which begins and ends flat. */
        COSINE(x -> (1 - Math.cos(Math.PI * x)) / 2);

        private final DoubleUnaryOperator at;

        Ramp(DoubleUnaryOperator at) {
            this.at = at;
        }
    }

    /**
     * Returns min((t + 1) / warmUp, sqrt(warmUp / (t + 1))) with the steps t: a line up to 1 during {@code warmUp}
     * steps, and then the inverse square root (Vaswani et al. 2017, relative to the highest rate, which is 1 /
     * sqrt(width warmUp) there). It counts steps, not epochs.
     *
     * @throws IllegalArgumentException if warmUp &lt; 1
     */
    static Schedule inverseSquareRoot(int warmUp) {
        Checks.atLeast("Schedule.inverseSquareRoot", "warmUp", warmUp, 1);
        return (epochs, steps) -> Math.min((steps + 1.0) / warmUp, Math.sqrt(warmUp / (steps + 1.0)));
    }

    /** Returns {@link #cosine(double, double)} down to 0. */
    static Schedule cosine(double period) {
        return cosine(period, 0);
    }

    /**
     * Returns min + (1 - min) (1 + cos(pi epochs / period)) / 2, which falls from 1 to {@code min} during
     * {@code period} epochs and stays there (Loshchilov and Hutter 2017, without restarts; PyTorch's CosineAnnealingLR
     * would rise again).
     *
     * @throws IllegalArgumentException if the period is not positive and finite or min lies outside [0, 1]
     */
    static Schedule cosine(double period, double min) {
        Checks.positive("Schedule.cosine", "period", period);
        Checks.in("Schedule.cosine", "min", min, "[0, 1]");
        return (epochs, steps) -> min + (1 - min) * (1 + Math.cos(Math.PI * Math.min(epochs / period, 1))) / 2;
    }

    /** Returns {@link #cosineRestarts(double, double, double)} with periods of one length, down to 0. */
    static Schedule cosineRestarts(double period) {
        return cosineRestarts(period, 1, 0);
    }

    /**
     * Returns {@link #cosine(double, double)} again and again: the first period has {@code period} epochs, and each one
     * after it {@code growth} times as many as the one before (SGDR, Loshchilov and Hutter 2017; PyTorch's
     * CosineAnnealingWarmRestarts with T_0 and T_mult).
     *
     * @throws IllegalArgumentException if the period is not positive and finite, the growth below 1, or min outside [0,
     *     1]
     */
    static Schedule cosineRestarts(double period, double growth, double min) {
        Schedule cosine = cosine(1, min);
        Checks.positive("Schedule.cosineRestarts", "period", period);
        Checks.in("Schedule.cosineRestarts", "growth", growth, "[1, Infinity)");
        return (epochs, steps) -> {
            double begin = 0;
            double length = period;
            if (growth == 1) {
                begin = Math.floor(epochs / period) * period;
            } else {
                for (; epochs >= begin + length; length *= growth) {
                    begin += length;
                }
            }
            return cosine.factor(Math.min((epochs - begin) / length, 1), steps);
        };
    }

    /**
     * Returns {@link #oneCycle(double, double, double, double, Ramp)} with PyTorch's numbers: up for 0.3 of the length,
     * from 1 / 25, to 1 / 250,000.
     */
    static Schedule oneCycle(double length) {
        return oneCycle(length, 0.3, 1 / 25.0, 1 / 25e4, Ramp.COSINE);
    }

    /**
     * Returns one cycle (Smith and Topin 2018): up from {@code from} to 1 during {@code rise} of the length, and down
     * to {@code to} in the rest, where it stays. The optimizer's rate is the highest one. PyTorch's OneCycleLR counts
     * in steps: with n = total_steps, its rates are those of {@code oneCycle(n - 1, (pct_start * n - 1) / (n - 1), 1 /
     * div_factor, 1 / (div_factor * final_div_factor), ..).inSteps()}; it also moves the momentum, which stays here.
     *
     * @throws IllegalArgumentException if the length is not positive and finite, the rise outside (0, 1), or a factor
     *     outside [0, 1]
     */
    static Schedule oneCycle(double length, double rise, double from, double to, Ramp shape) {
        Checks.positive("Schedule.oneCycle", "length", length);
        Checks.in("Schedule.oneCycle", "rise", rise, "(0, 1)");
        Checks.in("Schedule.oneCycle", "from", from, "[0, 1]");
        Checks.in("Schedule.oneCycle", "to", to, "[0, 1]");
        return ramp(rise * length, from, 1, shape).then(rise * length, ramp(length - rise * length, 1, to, shape));
    }

    /**
     * Returns {@link #triangular(double, double, double, Schedule)} that rises and falls equally long and does not
     * decay.
     */
    static Schedule triangular(double half, double min) {
        return triangular(half, half, min, constant());
    }

    /**
     * Returns a factor that rises on a line from {@code min} to 1 for {@code rise} epochs, falls back for {@code fall}
     * epochs, and so on (Smith 2017; PyTorch's CyclicLR with min = base_lr / max_lr): min + (1 - min) triangle
     * amplitude. The amplitude is a schedule of its own: {@code step(rise + fall, 0.5)} halves it after each cycle
     * (PyTorch's triangular2), and {@code exponential(gamma)} lets it fall all the time (exp_range).
     *
     * @throws IllegalArgumentException if rise or fall is not positive and finite, or min outside [0, 1]
     */
    static Schedule triangular(double rise, double fall, double min, Schedule amplitude) {
        Checks.positive("Schedule.triangular", "rise", rise);
        Checks.positive("Schedule.triangular", "fall", fall);
        Checks.in("Schedule.triangular", "min", min, "[0, 1]");
        double length = rise + fall;
        return (epochs, steps) -> {
            double at = epochs - Math.floor(epochs / length) * length;
            double triangle = at < rise ? at / rise : (length - at) / fall;
            return min + (1 - min) * triangle * amplitude.factor(epochs, steps);
        };
    }

    /**
     * Returns the constant batch / reference, by which the rate of a recipe grows that was tuned for batches of
     * {@code reference} examples (linear scaling rule, Goyal et al. 2017). They begin at the recipe's own rate and rise
     * for five epochs: {@code Schedule.step(30, 0.1).times(Schedule.linearScaling(1024, 256)).warmUp(5, 256 / 1024.0)}.
     *
     * @throws IllegalArgumentException if a number is below 1
     */
    static Schedule linearScaling(int batch, int reference) {
        Checks.atLeast("Schedule.linearScaling", "batch", batch, 1);
        Checks.atLeast("Schedule.linearScaling", "reference", reference, 1);
        double factor = (double) batch / reference;
        return (epochs, steps) -> factor;
    }

    /** Returns this schedule times another one. */
    default Schedule times(Schedule other) {
        return (epochs, steps) -> factor(epochs, steps) * other.factor(epochs, steps);
    }

    /** Returns this schedule with lengths in steps of the optimizer in the place of epochs. */
    default Schedule inSteps() {
        return (epochs, steps) -> factor((double) steps, steps);
    }

    /**
     * Returns this schedule for {@code length} epochs and then {@code next}, whose epochs and steps are counted from
     * there (PyTorch's SequentialLR). {@code constant().then(10, exponential(0.9))} decays after a hold.
     *
     * @throws IllegalArgumentException if the length is not positive and finite
     */
    default Schedule then(double length, Schedule next) {
        Checks.positive("Schedule.then", "length", length);
        return (epochs, steps) -> epochs < length
                ? factor(epochs, steps)
                : next.factor(epochs - length, steps - Math.round(length * ((double) steps / epochs)));
    }

    /** Returns this schedule after {@link #warmUp(double, double)} from 0. */
    default Schedule warmUp(double length) {
        return warmUp(length, 0);
    }

    /**
     * Returns this schedule after a warm-up. For {@code length} epochs the factor rises linearly from {@code from}
     * times this schedule's first factor to that factor; then this schedule begins, and its epochs and steps are
     * counted from there (Goyal et al. 2017; PyTorch's LinearLR followed by this one in SequentialLR).
     *
     * @throws IllegalArgumentException if the length is not positive and finite or from lies outside [0, 1]
     */
    default Schedule warmUp(double length, double from) {
        Checks.positive("Schedule.warmUp", "length", length);
        Checks.in("Schedule.warmUp", "from", from, "[0, 1]");
        Schedule rise = (epochs, steps) -> (from + (1 - from) * epochs / length) * factor(0, 0);
        return rise.then(length, this);
    }
}
