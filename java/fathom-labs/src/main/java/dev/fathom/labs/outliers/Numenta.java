package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.data.OutlierData;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.Study.Outcome;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Two programs that others ran on the Numenta benchmark: rows that sparse ensembles flag, and Keras' auto-encoder. */
final class Numenta {
    /** The share of rows that are flagged, those with the largest scores. */
    private static final double FLAGGED = 0.05;

    private static final Set<String> KNOWN = Set.of("machine_temperature_system_failure", "art_daily_jumpsup");

    private static final int ROWS = 288;
    private static final int BATCH = 128;

    /** After so many epochs the published run ended. */
    private static final int EPOCHS = 14;

    private Numenta() {}

    /** Precision, recall and F1 of the rows with the largest scores. */
    record Flags(double precision, double recall, double f1) {
        static Flags of(LabeledSeries series, float... scores) {
            double[] sorted = Averages.doubles(scores);
            Arrays.sort(sorted);
            double limit = sorted[(int) Math.floor((1 - FLAGGED) * (sorted.length - 1))];
            int flagged = 0;
            int right = 0;
            for (int t = 0; t < scores.length; t++) {
                flagged += scores[t] > limit ? 1 : 0;
                right += scores[t] > limit && series.outliers()[t] ? 1 : 0;
            }
            double outliers = series.share() * scores.length;
            return new Flags(right / (double) Math.max(1, flagged), right / outliers, 2 * right / (flagged + outliers));
        }
    }

    static void flags(Lab lab, Group nab) {
        lab.section("Rows that are flagged");
        Table table = lab.table("flags", "series").named("{row}, {column} of IF S-RNN");
        for (Outcome o : nab.of().stream()
                .filter(o -> KNOWN.contains(o.series().name()) || lab.brief())
                .toList()) {
            Flags flags = Flags.of(o.series(), o.of(Methods.INDEPENDENT).scores());
            table.row(o.series().name())
                    .put("precision", "%.4f", flags.precision)
                    .put("recall", "%.4f", flags.recall)
                    .put("F1", "%.4f", flags.f1);
        }
    }

    /**
     * What Keras' example comes to.
     *
     * @param loss the mean squared error on the last tenth of the windows
     * @param threshold the largest mean absolute error of a window to learn from
     * @param outliers the share of outliers that are flagged, which are rows of which every window is above the
     *     threshold
     * @param others the share of other rows that are flagged
     */
    record Keras(long parameters, double loss, double threshold, double outliers, double others) {}

    private record Part(String method, int epochs) {}

    static void keras(Lab lab) {
        lab.section("The convolutional auto-encoder of Keras");
        int epochs = lab.epochs(EPOCHS, 1);
        Keras keras = lab.part(new Part("keras", epochs), Keras.class, () -> run(lab, epochs));
        lab.table("keras", "")
                .named("{column} of Keras' auto-encoder")
                .row("art_daily_small_noise")
                .put("parameters", "%.0f", (double) keras.parameters)
                .put("validation loss", "%.4f", keras.loss)
                .cell("epochs", epochs)
                .put("threshold", "%.4f", keras.threshold)
                .cell("flagged outliers of art_daily_jumpsup", "%.3f", keras.outliers)
                .cell("flagged other rows", "%.3f", keras.others);
    }

    private static Keras run(Lab lab, int epochs) {
        LabeledSeries series = OutlierData.nab(
                lab.data(),
                "artificialNoAnomaly/art_daily_small_noise.csv",
                "artificialWithAnomaly/art_daily_jumpsup.csv");
        float[][] windows = new SlidingWindows(ROWS, 1).of(series.training());
        int first = windows.length * 9 / 10;
        try (Model<StridedAutoencoder> model = Model.of(StridedAutoencoder.of(1), lab.seed());
                Dataset learned = Learner.examples(1, Arrays.copyOf(windows, first));
                Dataset held = Learner.examples(1, Arrays.copyOfRange(windows, first, windows.length))) {
            var trainer = Trainer.custom(
                            model,
                            new Adam(1e-3f),
                            (net, b) -> new Step.Result(RecurrentEnsemble.error(net.again(b.x()), b.x())))
                    .seed(lab.seed())
                    .callbacks(lab.run().interrupt().stopping());
            Run run = trainer.fit(learned.shuffled(lab.seed()).batches(BATCH), held, epochs);
            lab.check();
            double threshold = Arrays.stream(errors(model.net(), windows)).max().orElseThrow();
            boolean[] flagged = flagged(errors(model.net(), new SlidingWindows(ROWS, 1).of(series.test())), threshold);
            return new Keras(
                    model.parameterCount(),
                    run.series("val_loss")[epochs - 1],
                    threshold,
                    share(flagged, series.outliers(), true),
                    share(flagged, series.outliers(), false));
        }
    }

    /** The mean absolute error of each window. */
    private static double[] errors(StridedAutoencoder net, float[]... windows) {
        double[][] squared =
                Reconstruction.squared(Reconstruction.written(windows, 1, x -> List.of(net.again(x)))[0], windows, 1);
        return Stream.of(squared)
                .mapToDouble(w -> Arrays.stream(w).map(Math::sqrt).average().orElseThrow())
                .toArray();
    }

    /** A row is flagged if all windows that contain it are above the threshold. */
    static boolean[] flagged(double[] errors, double threshold) {
        boolean[] flagged = new boolean[errors.length + ROWS - 1];
        int above = 0; // the windows above the threshold, one after the other, up to the last that contains a row
        for (int t = 0; t < flagged.length; t++) {
            int last = Math.min(t, errors.length - 1);
            above = t > last ? above : errors[t] > threshold ? above + 1 : 0;
            flagged[t] = above > last - Math.max(0, t - ROWS + 1);
        }
        return flagged;
    }

    private static double share(boolean[] flagged, boolean[] outliers, boolean which) {
        int[] rows = IntStream.range(0, flagged.length)
                .filter(t -> outliers[t] == which)
                .toArray();
        return Averages.share(rows.length, i -> flagged[rows[i]]);
    }
}
