package dev.fathom.labs.outliers;

import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.labs.statistics.Summary;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Outliers in the series of a person, by an ensemble of recurrent auto-encoders.
 *
 * @param scores of the rows, the median over the members of their squared errors
 * @param flagged which rows have a score that is farther above the mean score than the limit allows
 * @param limit the score above which a row is flagged
 * @param microseconds that a row takes as a stream
 */
public record Detection(double[] scores, boolean[] flagged, double limit, double microseconds) {
    private static final int LEARNED = 512;
    private static final int TIMED = 1000;
    private static final int EPOCHS = 30;
    /** With the 0.001 of the public code, so few epochs do not reach a low error. */
    private static final float RATE = 1e-2f;

    /**
     * How to look.
     *
     * @param window rows of a window
     * @param members of the ensemble
     * @param learned the first rows to learn from; 0 for all
     * @param deviations how many standard deviations above the mean score a row is flagged
     * @param seed of weights, connections and the order of windows
     */
    public record Settings(int window, int members, int learned, double deviations, long seed) {}

    /** Rows from the first to the last, both flagged, with no gap between flagged rows as long as half a window. */
    public record Span(int first, int last, double score) {}

    /**
     * Trains an ensemble and scores every row; null if it was interrupted.
     *
     * @throws IllegalArgumentException if there are fewer than two windows to learn from
     */
    public static @Nullable Detection of(UserSeries series, Settings settings, Interrupt interrupt) {
        int learned = settings.learned() == 0 ? series.rows().length : settings.learned();
        if (learned > series.rows().length) {
            throw new IllegalArgumentException("--learn " + learned + ": there are only " + series.rows().length
                    + " rows; learn from as many or fewer");
        }
        if (learned < 2 * settings.window()) {
            throw new IllegalArgumentException("there are " + series.rows().length + " rows, " + learned
                    + " of them to learn from, but windows of " + settings.window() + " rows need at least "
                    + 2 * settings.window() + "; give a longer series, or a smaller --window");
        }
        Scale scale = Scale.of(Arrays.copyOf(series.rows(), learned));
        float[][] rows = scale.apply(series.rows());
        LabeledSeries scaled = new LabeledSeries("", "", Arrays.copyOf(rows, learned), rows, new boolean[rows.length]);
        RecurrentEnsemble ensemble = new RecurrentEnsemble(
                Cell.BOTH,
                new Fitting(settings.window(), scaled.columns(), EPOCHS, 32, new Adam(RATE), 10, interrupt),
                Sliding.atMost(LEARNED, settings.window(), learned),
                new Sliding(settings.window(), Math.max(1, settings.window() / 8)),
                settings.seed());
        List<Model<RecurrentAutoencoder>> models = new ArrayList<>();
        try {
            double[][] squares = new double[settings.members()][];
            for (int m = 0; m < settings.members(); m++) {
                Model<RecurrentAutoencoder> model = ensemble.member(scaled, m);
                if (model == null) {
                    return null;
                }
                models.add(model);
                squares[m] = ensemble.errors(scaled, x -> List.of(model.net().again(x)))[0];
            }
            return of(series, settings, new Errors(squares).median(), microseconds(models, rows));
        } finally {
            models.forEach(Model::close);
        }
    }

    private static Detection of(UserSeries series, Settings settings, double[] scores, double microseconds) {
        double limit = Summary.mean(scores) + settings.deviations() * Summary.deviation(scores);
        boolean[] flagged = new boolean[scores.length];
        for (int t = 0; t < flagged.length; t++) {
            flagged[t] = scores[t] > limit && !series.missing()[t];
        }
        return new Detection(scores, flagged, limit, microseconds);
    }

    /** The time of a row as a stream, of the last of some rows. */
    private static double microseconds(List<Model<RecurrentAutoencoder>> models, float[][] rows) {
        int n = Math.min(TIMED, rows.length);
        try (Streaming stream = new Streaming(models.stream().map(Model::net).toList())) {
            long began = 0;
            for (int t = 0; t < n; t++) {
                began = t == n / 2 ? System.nanoTime() : began;
                stream.score(rows[t]);
            }
            return (System.nanoTime() - began) / 1e3 / (n - n / 2);
        }
    }

    /** The flagged rows as spans. */
    public List<Span> spans(int window) {
        List<Span> spans = new ArrayList<>();
        for (int t = 0; t < flagged.length; t++) {
            if (!flagged[t]) {
                continue;
            }
            Span last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
            if (last != null && t - last.last() <= window / 2) {
                spans.set(spans.size() - 1, new Span(last.first(), t, Math.max(last.score(), scores[t])));
            } else {
                spans.add(new Span(t, t, scores[t]));
            }
        }
        return spans;
    }
}
