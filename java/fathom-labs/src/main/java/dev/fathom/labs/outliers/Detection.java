package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.data.UserSeries;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Training;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
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
 * @param epochs that the ensemble learned, fewer than {@value #EPOCHS} if it was interrupted
 * @param microseconds that a row takes as a stream
 */
public record Detection(double[] scores, boolean[] flagged, double limit, int epochs, double microseconds) {
    private static final int LEARNED = 512;
    private static final int TIMED = 1000;
    /** How often every window is seen. */
    public static final int EPOCHS = 30;

    /** With 512 windows these are 1,920 steps, about as many as in the paper. */
    private static final int BATCH = 8;

    /** It falls to 0 on a cosine. */
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
     * Trains an ensemble and scores every row; null if it was interrupted before the members had seen all windows once.
     * The members learn side by side, so that after an interruption all of them have learned equally long.
     *
     * @param training shows the progress, ends at Ctrl-C, and goes on with what an earlier run left in {@code folder}
     * @throws IllegalArgumentException if there are fewer than two windows to learn from
     */
    public static @Nullable Detection of(UserSeries series, Settings settings, Training training, Path folder) {
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
        int window = settings.window();
        float[][] rows = LabeledSeries.scaled(Arrays.copyOf(series.rows(), learned), series.rows());
        int columns = rows[0].length;
        float[][] windows = SlidingWindows.atMost(LEARNED, window, learned).of(Arrays.copyOf(rows, learned));
        RecurrentEnsemble members =
                RecurrentEnsemble.of(settings.members(), columns, Cell.RSCN, false, settings.seed());
        try (Model<RecurrentEnsemble> model = Model.of(members, settings.seed());
                Dataset data = Learner.examples(columns, windows)) {
            var trainer = Trainer.custom(model, new Adam(RATE), (net, batch) -> new Step.Result(net.loss(batch.x())))
                    .seed(settings.seed())
                    .clipNorm(Learner.CLIP)
                    .schedule(Schedule.cosine(EPOCHS));
            Run history = training.attach(trainer, folder, "windows")
                    .fit(data.shuffled(settings.seed()).batches(Math.min(BATCH, windows.length)), EPOCHS);
            history.notes().forEach(note -> training.say("%s", note));
            int epochs = history.epochs().size();
            if (epochs == 0) {
                return null;
            }
            SlidingWindows asked = new SlidingWindows(window, Math.max(1, window / RecurrentStudy.APART));
            double[] scores = Reconstruction.median(Reconstruction.errors(asked, rows, model.net()::again));
            double limit = Averages.mean(scores) + settings.deviations() * Averages.deviation(scores);
            boolean[] flagged = new boolean[scores.length];
            for (int t = 0; t < flagged.length; t++) {
                flagged[t] = scores[t] > limit && !series.missing()[t];
            }
            return new Detection(scores, flagged, limit, epochs, microseconds(model.net(), rows));
        }
    }

    /** The time of a row as a stream, of the last of some rows. */
    private static double microseconds(RecurrentEnsemble trained, float[][] rows) {
        int n = Math.min(TIMED, rows.length);
        try (Streaming stream = new Streaming(trained.members())) {
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
