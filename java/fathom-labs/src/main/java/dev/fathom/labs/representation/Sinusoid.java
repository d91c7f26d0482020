package dev.fathom.labs.representation;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.training.Descent;
import dev.fathom.labs.training.ManyLinear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A sine wave with noise, of which a network of M tanh units sees ten points, as in Bishop (2006), figures 5.9 and
 * 5.10.
 *
 * @param x the places [draws][10]
 * @param y the values at them
 */
record Sinusoid(float[][] x, float[][] y) {
    static final int POINTS = 10;
    /** The standard deviation of the noise. */
    static final double NOISE = 0.2;
    /** The places at which a fit is compared with the wave. */
    static final double[] GRID =
            IntStream.rangeClosed(0, 200).mapToDouble(i -> i / 100.0 - 1).toArray();

    /**
     * Networks with M units, of which that with the least training error is taken for each draw of the points.
     *
     * @param units M
     * @param training the root of the mean squared error on the ten points, for each draw
     * @param test the same on the grid without noise, for each draw
     * @param fit the values on the grid for the first draw
     */
    record Fit(int units, double[] training, double[] test, double[] fit) {}

    /** Draws ten points for each of {@code draws} problems. */
    static Sinusoid draw(int draws, Rng rng) {
        float[][] x = new float[draws][POINTS];
        float[][] y = new float[draws][];
        for (int d = 0; d < draws; d++) {
            y[d] = rng.normal(POINTS, 0, (float) NOISE);
            for (int i = 0; i < POINTS; i++) {
                x[d][i] = 2f * i / (POINTS - 1) - 1;
                y[d][i] += (float) wave(x[d][i]);
            }
        }
        return new Sinusoid(x, y);
    }

    static double wave(double x) {
        return Math.sin(Math.PI * x);
    }

    /**
     * Trains networks with {@code units} hidden units from {@code starts} starts for each draw; null where it was
     * interrupted.
     */
    @Nullable
    Fit fit(LabRun run, int units, int starts, int steps) {
        int draws = x.length;
        int nets = draws * starts;
        Sequential net =
                new Sequential(new ManyLinear(nets, 1, units, 4), Tensor::tanh, new ManyLinear(nets, units, 1));
        try (Model<Sequential> model = Model.of(net, run.seed() + units)) {
            boolean whole = Descent.cosine(new Adam(0.02f), steps)
                    .run(run, model, () -> errors(net, starts).sum());
            if (!whole) {
                return null;
            }
            try (Pass pass = Pass.infer()) {
                float[] grid = new float[GRID.length];
                for (int i = 0; i < grid.length; i++) {
                    grid[i] = (float) GRID[i];
                }
                float[] errors = errors(net, starts).toArray();
                float[] values = net.apply(Tensor.of(grid, grid.length, 1)).toArray();
                double[] training = new double[draws];
                double[] test = new double[draws];
                double[] first = new double[grid.length];
                for (int d = 0; d < draws; d++) {
                    int best = d * starts;
                    for (int k = best; k < (d + 1) * starts; k++) {
                        best = errors[k] < errors[best] ? k : best;
                    }
                    training[d] = Math.sqrt(errors[best]);
                    for (int i = 0; i < grid.length; i++) {
                        double value = values[best * grid.length + i];
                        first[i] = d == 0 ? value : first[i];
                        test[d] += (value - wave(GRID[i])) * (value - wave(GRID[i])) / grid.length;
                    }
                    test[d] = Math.sqrt(test[d]);
                }
                return new Fit(units, training, test, first);
            }
        }
    }

    /** The mean squared error of each network on the points of its draw. */
    private Tensor errors(Sequential net, int starts) {
        int nets = x.length * starts;
        Tensor answers = net.apply(repeated(x, starts));
        return Loss.mse().each(answers, repeated(y, starts)).mean(1, 2).reshape(nets);
    }

    private static Tensor repeated(float[][] rows, int starts) {
        float[] all = new float[rows.length * starts * POINTS];
        for (int k = 0; k < rows.length * starts; k++) {
            System.arraycopy(rows[k / starts], 0, all, k * POINTS, POINTS);
        }
        return Tensor.of(all, rows.length * starts, POINTS, 1);
    }
}
