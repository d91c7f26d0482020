package dev.fathom.labs.representation;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.experiments.training.ManyLinear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

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
     * @param training the root of the mean squared error on the ten points, for each draw
     * @param test the same on the grid without noise, for each draw
     * @param fit the values on the grid for the first draw
     */
    record Fit(double[] training, double[] test, double[] fit) {}

    /** Fits networks of each width and puts them into a section. */
    static void show(Lab lab) {
        int draws = lab.of(20, 6);
        int starts = lab.of(10, 5);
        int steps = lab.epochs(10_000, 2000);
        Sinusoid problem = draw(draws, lab.rng("sinusoid"));
        double[] wave = Arrays.stream(GRID).map(Sinusoid::wave).toArray();
        double zero = rootMeanSquare(wave, new double[wave.length]);
        lab.section("A sine wave with M hidden units").put("draws", draws).put("starts", starts);
        lab.put("steps", steps).put("points", POINTS).put("noise", NOISE).put("zero", zero);
        Table table = lab.table("fits", "units").named("sine wave, {row}, {column}");
        List<Chart> charts = new ArrayList<>();
        int[] units = lab.of(new int[] {1, 2, 3, 5, 10, 20, 50}, new int[] {1, 3, 10});
        for (int m : units) {
            Fit fit = problem.fit(lab, m, starts, steps);
            table.row("M = " + m)
                    .cell("parameters", 3 * m + 1)
                    .put("training error", "%.2g", Averages.median(fit.training()))
                    .put("test error", "%.4f", Averages.median(fit.test()))
                    .baseline(zero, "the answer 0");
            charts.add(new Chart("M = " + m, "x")
                    .line("fit", GRID, fit.fit())
                    .points("points", Averages.doubles(problem.x()[0]), Averages.doubles(problem.y()[0]))
                    .dashed("wave", GRID, wave)
                    .range(-1.8, 1.8));
        }
        lab.charts("sinusoid.png", 3, charts);
        double[] training = table.values("training error");
        double[] test = table.values("test error");
        int last = units.length - 1;
        double least = Arrays.stream(test).min().orElseThrow();
        int best = Arrays.stream(test).boxed().toList().indexOf(least);
        lab.figure("sine wave, M of the least test error", "", units[best]);
        lab.put("narrow", test[0] / least).put("wide", test[last] / least).put("most", units[last]);
        lab.put("first", training[0]).put("last", training[last]);
    }

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

    /** Trains networks with {@code units} hidden units from {@code starts} starts for each draw. */
    Fit fit(Lab lab, int units, int starts, int steps) {
        int draws = x.length;
        int nets = draws * starts;
        Sequential net =
                new Sequential(new ManyLinear(nets, 1, units, 4), Tensor::tanh, new ManyLinear(nets, units, 1));
        try (Model<Sequential> model = Model.of(net, lab.seed() + units)) {
            Descent.adam(0.02f, steps).run(lab, model, () -> errors(net, starts).sum());
            try (Pass pass = Pass.infer()) {
                float[] grid = Averages.floats(GRID);
                float[] errors = errors(net, starts).toArray();
                double[] values = Averages.doubles(
                        net.apply(Tensor.of(grid, grid.length, 1)).toArray());
                double[] truth = Arrays.stream(GRID).map(Sinusoid::wave).toArray();
                double[] training = new double[draws];
                double[][] best = new double[draws][];
                for (int d = 0; d < draws; d++) {
                    int k = Averages.lowest(d * starts, (d + 1) * starts, i -> errors[i]);
                    training[d] = Math.sqrt(errors[k]);
                    best[d] = Arrays.copyOfRange(values, k * grid.length, (k + 1) * grid.length);
                }
                double[] test = Arrays.stream(best)
                        .mapToDouble(fit -> rootMeanSquare(fit, truth))
                        .toArray();
                return new Fit(training, test, best[0]);
            }
        }
    }

    /** The root of the mean squared difference. */
    static double rootMeanSquare(double[] a, double[] b) {
        return Math.sqrt(Averages.mean(a.length, i -> (a[i] - b[i]) * (a[i] - b[i])));
    }

    /** The mean squared error of each network on the points of its draw. */
    private Tensor errors(Sequential net, int starts) {
        int nets = x.length * starts;
        Tensor answers = net.apply(repeated(x, starts));
        return Loss.mse().each(answers, repeated(y, starts)).mean(1, 2).reshape(nets);
    }

    private static Tensor repeated(float[][] rows, int starts) {
        return Tensor.of(Averages.flat(rows), rows.length, 1, POINTS, 1)
                .expand(rows.length, starts, POINTS, 1)
                .reshape(rows.length * starts, POINTS, 1);
    }
}
