package dev.fathom.train;

import org.jspecify.annotations.Nullable;

/** Judges epochs by one figure: which is the best so far, and for how many the wait for a better one has lasted. */
final class Monitor {
    private final String figure;
    private final boolean larger;
    private final double minDelta;
    private final int patience;
    private boolean any;
    private double record = Double.NaN;
    /** What the next improvement is measured from: small ones add up. */
    private double bar = Double.NaN;

    private int waited;

    Monitor(String figure, boolean larger, @Nullable EarlyStopping early) {
        this.figure = figure;
        this.larger = larger;
        minDelta = early == null ? 0 : early.minDelta();
        patience = early == null ? Integer.MAX_VALUE : early.patience();
    }

    /** The name of what it judges by. */
    String figure() {
        return figure;
    }

    /** Takes the value of an epoch; whether it is the best so far. The first is, and any number is better than NaN. */
    boolean take(double value) {
        boolean better = !any || !Double.isNaN(value) && (Double.isNaN(record) || gain(record, value) > 0);
        any = true;
        if (better) {
            record = value;
        }
        waited++;
        if (!Double.isNaN(value) && (Double.isNaN(bar) || gain(bar, value) > minDelta)) {
            bar = value;
            waited = 0;
        }
        return better;
    }

    /** What has been seen. */
    record State(boolean any, double record, double bar, int waited) {}

    State state() {
        return new State(any, record, bar, waited);
    }

    void state(State s) {
        any = s.any;
        record = s.record;
        bar = s.bar;
        waited = s.waited;
    }

    private double gain(double from, double to) {
        return larger ? to - from : from - to;
    }

    /** Whether the patience is at its end. */
    boolean exhausted() {
        return waited >= patience;
    }

    /** {@code no better val_loss for 3 epochs}. */
    @Override
    public String toString() {
        return "no better " + figure + " for " + waited + (waited == 1 ? " epoch" : " epochs");
    }
}
