package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.ensemble.Diversity;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Convolutional auto-encoders on one series, trained one after the other (CAE-Ensemble, Campos et al. 2022). A member
 * begins with a share of the weights of the one before it, and is rewarded for its distance from the mean of the
 * members before it.
 */
record ConvolutionalStudy(Learner learner, LabeledSeries series) {
    /** The rows of a window in the public code. */
    static final int ROWS = 32;

    private static final float TRANSFERRED = 0.8f;
    private static final float DROPOUT = 0.2f;

    /**
     * What an ensemble comes to.
     *
     * @param diversity DIV_F, the mean distance between what two members write for a training window
     * @param errors of the members at the rows to score [members][rows]
     */
    record Trained(double diversity, double[][] errors) {}

    /** Trains an ensemble with the weight lambda of the diversity term. */
    Trained ensemble(float lambda) {
        float[][] windows = learner.windows(ROWS, series.training());
        int members = learner.settings().members();
        float[][][] written = new float[members][][];
        double[][] errors = new double[members][];
        try (Model<ConvolutionalAutoencoder> before = member(0)) {
            for (int m = 0; m < members; m++) {
                try (Model<ConvolutionalAutoencoder> model = member(m)) {
                    if (m > 0) {
                        model.copyFrom(
                                before,
                                TRANSFERRED,
                                learner.lab().rng("transfer").split(m));
                    }
                    train(model, m, m == 0 ? 0 : lambda, windows, mean(Arrays.copyOf(written, m), windows));
                    written[m] = written(model.net(), windows);
                    errors[m] = errors(model.net());
                    before.copyFrom(model);
                }
            }
        }
        double[] distances = Averages.each(
                windows.length,
                w -> Diversity.distance(Stream.of(written).map(m -> m[w]).toArray(float[][]::new)));
        return new Trained(Averages.mean(distances), errors);
    }

    private Model<ConvolutionalAutoencoder> member(int number) {
        return Model.of(
                ConvolutionalAutoencoder.of(
                        series.columns(), ROWS, learner.settings().width(), DROPOUT),
                learner.lab().rng("weights").split(number).seed());
    }

    private void train(
            Model<ConvolutionalAutoencoder> model, int number, float lambda, float[][] windows, float[][] mean) {
        Field others = Learner.field("y", series.columns(), mean);
        try (Dataset data =
                Dataset.of(Learner.field("x", series.columns(), windows).input(), others.target())) {
            var trainer = Trainer.custom(
                    model,
                    new Adam(1e-3f).weightDecay(1e-8f),
                    (net, b) -> new Step.Result(ConvolutionalAutoencoder.loss(net.again(b.x()), b.x(), b.y(), lambda)));
            long seed = learner.lab().rng("order").split(number).seed();
            learner.fit(trainer, 16, learner.settings().each(), seed, data);
        }
    }

    private float[][] written(ConvolutionalAutoencoder net, float[][] windows) {
        return Reconstruction.written(windows, series.columns(), x -> List.of(net.again(x)))[0];
    }

    /** The error of each row in the window that it ends; windows of the first rows begin with their mirror image. */
    private double[] errors(ConvolutionalAutoencoder net) {
        float[][] rows = mirrored(ROWS - 1, series.test());
        SlidingWindows asked = SlidingWindows.atMost(learner.settings().asked(), ROWS, rows.length);
        float[][] windows = asked.of(rows);
        double[][] squared = Reconstruction.squared(written(net, windows), windows, series.columns());
        return Arrays.copyOfRange(asked.last(squared, rows.length), ROWS - 1, rows.length);
    }

    /** The rows with some before them, which are the first ones in the opposite order: c b a b c d ... */
    static float[][] mirrored(int before, float[]... rows) {
        return Stream.concat(
                        IntStream.range(0, before).mapToObj(t -> rows[(before - t) % rows.length]), Stream.of(rows))
                .toArray(float[][]::new);
    }

    /** What members write for each window, in the mean; zeros where there are none. */
    private static float[][] mean(float[][][] written, float[]... windows) {
        float[][] mean = new float[windows.length][windows[0].length];
        for (float[][] member : written) {
            for (int w = 0; w < mean.length; w++) {
                for (int i = 0; i < mean[w].length; i++) {
                    mean[w][i] += member[w][i] / written.length;
                }
            }
        }
        return mean;
    }
}
