package dev.fathom.labs.outliers;

import dev.fathom.ensemble.Diversity;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An ensemble of convolutional auto-encoders, trained one after the other (Campos et al. 2021). A member begins with a
 * share of the weights of the one before it. It minimizes J - lambda K, with its own squared error J = |x - f|^2 and
 * its squared distance K = |f - F|^2 from the mean F of the members before it.
 *
 * @param fitting how members are trained
 * @param learned the windows to train on
 * @param asked the windows to score, of each of which the rows count that are in no window before
 * @param members how many
 * @param width of the vectors
 * @param transfer the share of weights, beta
 * @param diversity the weight of K, lambda
 * @param dropout the probability to drop
 * @param seed of weights, transfer and the order of windows
 */
record ConvolutionalEnsemble(
        AutoencoderFitting fitting,
        Sliding learned,
        Sliding asked,
        int members,
        int width,
        float transfer,
        float diversity,
        float dropout,
        long seed) {
    /**
     * What came of it.
     *
     * @param errors of the members
     * @param diversity DIV_F, the mean distance between what two members write for a training window
     */
    record Trained(ReconstructionErrors errors, double diversity) {}

    /** Trains the members and scores a series; null if it was interrupted. */
    @Nullable
    Trained on(LabeledSeries series) {
        float[][] windows = learned.of(series.training());
        float[][] mean = new float[windows.length][windows[0].length];
        List<float[][]> written = new ArrayList<>();
        List<double[]> errors = new ArrayList<>();
        try (Model<ConvolutionalAutoencoder> before = model(series, 0)) {
            for (int m = 0; m < members; m++) {
                try (Model<ConvolutionalAutoencoder> model = model(series, m)) {
                    if (m > 0) {
                        model.copyFrom(
                                before,
                                transfer,
                                new Rng(seed).split("transfer").split(m));
                    }
                    float lambda = m == 0 ? 0 : diversity;
                    boolean done = fitting.train(
                            model,
                            windows,
                            mean,
                            (net, batch) -> loss(net.again(batch.x()), batch.x(), batch.y(), lambda),
                            new Rng(seed).split(m).seed());
                    if (!done) {
                        return null;
                    }
                    written.add(
                            ReconstructionErrors.again(
                                    windows,
                                    series.columns(),
                                    x -> List.of(model.net().again(x)))[0]);
                    mean = mean(written);
                    errors.add(errors(series, model.net()));
                    before.copyFrom(model);
                }
            }
        }
        return new Trained(
                new ReconstructionErrors(errors.toArray(double[][]::new)), distance(written, windows.length));
    }

    private Model<ConvolutionalAutoencoder> model(LabeledSeries series, int member) {
        return Model.of(
                ConvolutionalAutoencoder.of(series.columns(), fitting.rows(), width, dropout),
                new Rng(seed).split("weights").split(member).seed());
    }

    /** J - lambda K. */
    static Tensor loss(Tensor again, Tensor x, Tensor mean, float lambda) {
        Tensor error = again.sub(x).square().mean();
        return lambda == 0 ? error : error.sub(again.sub(mean).square().mean().mul(lambda));
    }

    private static float[][] mean(List<float[][]> written) {
        float[][] mean = new float[written.get(0).length][written.get(0)[0].length];
        for (float[][] member : written) {
            for (int w = 0; w < mean.length; w++) {
                for (int i = 0; i < mean[w].length; i++) {
                    mean[w][i] += member[w][i] / written.size();
                }
            }
        }
        return mean;
    }

    /** DIV_F over the windows: for each, the mean distance of the pairs. */
    private static double distance(List<float[][]> written, int windows) {
        double sum = 0;
        for (int w = 0; w < windows; w++) {
            int window = w;
            sum += Diversity.distance(written.stream().map(m -> m[window]).toArray(float[][]::new));
        }
        return sum / windows;
    }

    private double[] errors(LabeledSeries series, ConvolutionalAutoencoder net) {
        float[][] windows = asked.of(series.test());
        float[][] again = ReconstructionErrors.again(windows, series.columns(), x -> List.of(net.again(x)))[0];
        return asked.last(ReconstructionErrors.squared(again, windows, series.columns()), series.test().length);
    }
}
