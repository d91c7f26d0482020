package dev.fathom.train;

/**
 * The figure by which the best epoch is chosen.
 *
 * @param figure its name in the history, such as {@code val_loss}
 * @param moreIsBetter whether a larger value is a better one
 */
public record Monitor(String figure, boolean moreIsBetter) {
    /** Returns how much better {@code to} is than {@code from}: negative if it is worse, NaN if either is NaN. */
    public double gain(double from, double to) {
        return moreIsBetter ? to - from : from - to;
    }

    /** Returns whether {@code value} is better than {@code best}. If {@code best} is NaN, any number is better. */
    boolean improves(double best, double value) {
        return !Double.isNaN(value) && (Double.isNaN(best) || gain(best, value) > 0);
    }
}
