package dev.fathom.labs.outliers;

import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * How the recurrent auto-encoders of a series are trained. It is chosen without labels: with each pair of a window and
 * a rate one auto-encoder learns the first {@value #LEARNED} % of the rows to learn from, and after each epoch it
 * reconstructs the others. The window, rate and epoch with the least mean squared error are taken.
 *
 * @param rows of a window
 * @param rate of Adam
 * @param epochs after which the error was least
 * @param error the mean squared error of a number of the rows held out
 */
record Choice(int rows, float rate, int epochs, double error) {
    static final int LEARNED = 70;

    /** Chooses for a series; empty if it was interrupted. */
    static Optional<Choice> of(LabeledSeries series, Study study) {
        float[][] all = series.training();
        int cut = all.length * LEARNED / 100;
        float[][] held = Arrays.copyOfRange(all, cut, all.length);
        LabeledSeries first =
                new LabeledSeries(series.set(), series.name(), Arrays.copyOf(all, cut), held, new boolean[held.length]);
        Choice best = null;
        for (int rows : study.windows()) {
            for (float rate : Study.RATES) {
                if (rows > held.length) {
                    continue;
                }
                Choice tried = new Choice(rows, rate, study.epochs(), Double.NaN);
                Run history = study.recurrent(first, Cell.DRAWN, tried).tried(first);
                if (history == null) {
                    return Optional.empty();
                }
                EpochLog least = Objects.requireNonNull(history.best());
                double error = least.value("val_loss");
                if (best == null || error < best.error) {
                    best = new Choice(rows, rate, least.epoch(), error);
                }
            }
        }
        if (best == null) {
            throw new IllegalArgumentException("series " + series.name() + " has " + held.length
                    + " rows to choose settings on, but the shortest window has " + study.windows()[0]);
        }
        return Optional.of(best);
    }
}
