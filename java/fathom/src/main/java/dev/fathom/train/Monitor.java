package dev.fathom.train;

/**
 * The figure by which the best epoch is chosen.
 *
 * @param figure its name in the history, such as {@code val_loss}
 * @param moreIsBetter whether a larger value is a better one
 */
public record Monitor(String figure, boolean moreIsBetter) {
    /** How much better {@code to} is than {@code from}: negative where it is worse, NaN where either is. */
    public double gain(double from, double to) {
        return moreIsBetter ? to - from : from - to;
    }

    /** Whether {@code value} is the best so far after {@code best}, which is NaN where there was no number: any number is better than none. */
    boolean improves(double best, double value) {
        return !Double.isNaN(value) && (Double.isNaN(best) || gain(best, value) > 0);
    }
}
