package dev.fathom.train;

/**
 * Ends training when the figure that decides about the best epoch (see {@link Trainer#keepBest}) has not improved by more than {@code minDelta} for
 * {@code patience} epochs; the weights of the best epoch are restored (Prechelt 1998).
 *
 * @param patience how many epochs without improvement are borne
 * @param minDelta what counts as one
 */
public record EarlyStopping(int patience, double minDelta) implements Callback {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if patience &lt; 1 or minDelta is negative
     */
    public EarlyStopping {
        if (patience < 1 || !(minDelta >= 0)) {
            throw new IllegalArgumentException("EarlyStopping: patience=" + patience
                    + " must be at least 1 and minDelta=" + minDelta + " 0 or more");
        }
    }

    /** Any improvement counts. */
    public EarlyStopping(int patience) {
        this(patience, 0);
    }
}
