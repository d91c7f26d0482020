package dev.fathom.train;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;
import java.util.List;

/**
 * Multiplies the learning rate by {@code factor} when the figure by which the best epoch is chosen (see
 * {@link Trainer#keepBest}) has not improved for more than {@code patience} epochs, as PyTorch's ReduceLROnPlateau.
 * Without validation data this figure is the training loss. The rule: an epoch is better if it is below best (1 -
 * threshold), or above best (1 + threshold) where more is better; with an absolute threshold, if it is better by more
 * than the threshold. For {@code cooldown} epochs after a reduction, no bad epochs are counted. An epoch without the
 * figure is a bad one.
 *
 * <pre>{@code
 * trainer.callbacks(new ReduceOnPlateau(3).factor(0.5))
 * }</pre>
 *
 * @param patience how many epochs in a row may pass without an improvement before the rate is reduced
 * @param factor what a reduction multiplies the rate by, in (0, 1)
 * @param cooldown number of epochs after a reduction in which no bad epochs are counted
 * @param threshold the least improvement that counts
 * @param absolute whether the threshold is a difference; otherwise it is a part of the best value
 * @param least the least factor of the rate, which PyTorch states as a rate, min_lr
 */
public record ReduceOnPlateau(
        int patience, double factor, int cooldown, double threshold, boolean absolute, double least)
        implements Callback {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative, or the factor is outside (0, 1), or the least factor above 1
     */
    public ReduceOnPlateau {
        if (patience < 0 || cooldown < 0) {
            throw new IllegalArgumentException(
                    "ReduceOnPlateau: patience=" + patience + " and cooldown=" + cooldown + " must be 0 or more");
        }
        Checks.in("ReduceOnPlateau", "factor", factor, "(0, 1)");
        Checks.notNegative("ReduceOnPlateau", "threshold", threshold);
        Checks.in("ReduceOnPlateau", "least", least, "[0, 1]");
    }

    /** Uses PyTorch's numbers: factor 0.1, no cooldown, a relative threshold of 1e-4, down to 0. */
    public ReduceOnPlateau(int patience) {
        this(patience, 0.1, 0, 1e-4, false, 0);
    }

    /**
     * Returns this callback with another factor.
     *
     * @throws IllegalArgumentException if it is outside (0, 1)
     */
    public ReduceOnPlateau factor(double f) {
        return Records.with(this, "factor", f);
    }

    /**
     * Returns this callback with another cooldown.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public ReduceOnPlateau cooldown(int epochs) {
        return Records.with(this, "cooldown", epochs);
    }

    /**
     * Returns this callback with another threshold, a part of the best value.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public ReduceOnPlateau threshold(double part) {
        return Records.with(this, "threshold", part, "absolute", false);
    }

    /**
     * Returns this callback with another threshold, a difference to the best value.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public ReduceOnPlateau absoluteThreshold(double difference) {
        return Records.with(this, "threshold", difference, "absolute", true);
    }

    /**
     * Returns this callback with another least factor of the rate.
     *
     * @throws IllegalArgumentException if it is outside [0, 1]
     */
    public ReduceOnPlateau least(double f) {
        return Records.with(this, "least", f);
    }

    @Override
    public double rateFactor(Monitor monitor, List<EpochLog> finished) {
        double rate = 1;
        double best = monitor.moreIsBetter() ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        int bad = 0;
        int cooling = 0;
        for (EpochLog epoch : finished) {
            double value = epoch.value(monitor.figure());
            if (Double.isInfinite(best) ? !Double.isNaN(value) : monitor.gain(best, value) > margin(best)) {
                best = value;
                bad = 0;
            } else {
                bad++;
            }
            if (cooling > 0) {
                cooling--;
                bad = 0;
            }
            if (bad > patience) {
                rate = Math.max(rate * factor, least);
                cooling = cooldown;
                bad = 0;
            }
        }
        return rate;
    }

    /**
     * How much better than the best so far an epoch must be. PyTorch multiplies the best, so the part of a negative one
     * makes it easier.
     */
    private double margin(double best) {
        return absolute ? threshold : threshold * best;
    }
}
