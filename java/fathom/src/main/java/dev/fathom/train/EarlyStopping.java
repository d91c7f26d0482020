package dev.fathom.train;

import dev.fathom.op.Checks;

/**
 * Ends training when the figure by which the best epoch is chosen (see {@link Trainer#keepBest}) has not improved by
 * more than {@code minDelta} for {@code patience} epochs; the weights of the best epoch are restored (Prechelt 1998).
 * It reads the epochs finished from {@link Run#epochs}, so a resumed run ends where an uninterrupted one would. Without
 * validation data a {@code fit} is refused, unless {@code keepBest("loss")} says that the training loss is meant.
 *
 * @param patience number of epochs without improvement after which training stops
 * @param minDelta the least improvement that counts; several smaller ones add up
 */
public record EarlyStopping(int patience, double minDelta) implements Callback {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if patience &lt; 1 or minDelta is negative
     */
    public EarlyStopping {
        Checks.atLeast("EarlyStopping", "patience", patience, 1);
        Checks.atLeast("EarlyStopping", "minDelta", minDelta, 0);
    }

    /** Stops after {@code patience} epochs without any improvement. */
    public EarlyStopping(int patience) {
        this(patience, 0);
    }

    @Override
    public boolean needsValidation() {
        return true;
    }

    @Override
    public boolean keepsBest() {
        return true;
    }

    @Override
    public void onTrainBegin(Run run) {
        judge(run); // a run that has ended by this rule ends again when it is resumed
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        judge(run);
    }

    private void judge(Run run) {
        Monitor monitor = run.monitor();
        double bar = Double.NaN; // what the next improvement is measured from
        int waited = 0;
        for (double value : run.series(monitor.figure())) {
            waited++;
            if (!Double.isNaN(value) && (Double.isNaN(bar) || monitor.gain(bar, value) > minDelta)) {
                bar = value;
                waited = 0;
            }
        }
        if (waited >= patience) {
            run.stop("no better " + monitor.figure() + " for " + waited + (waited == 1 ? " epoch" : " epochs"));
        }
    }
}
