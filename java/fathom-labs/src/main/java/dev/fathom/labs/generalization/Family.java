package dev.fathom.labs.generalization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.SineSample;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.NaturalSpline;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Models of growing complexity.
 *
 * @param name on pages
 * @param axis what the complexity is
 * @param complexities the numbers, from the simplest model to the most complex
 * @param method how a model of each is fitted
 */
record Family(String name, String axis, int[] complexities, Method method) {
    /**
     * Fits a model of one complexity to each of several samples, and forecasts at the places of each:
     * [samples][places].
     */
    interface Method {
        double[][] forecasts(int complexity, List<SineSample> samples, double[][] places);
    }

    /** Fits to one sample after the other. */
    private interface Single extends Method {
        double[] forecast(int complexity, SineSample sample, double[] places);

        @Override
        default double[][] forecasts(int complexity, List<SineSample> samples, double[][] places) {
            double[][] all = new double[samples.size()][];
            Arrays.setAll(all, i -> forecast(complexity, samples.get(i), places[i]));
            return all;
        }
    }

    /** Every kind of model with the complexities that a run tries. */
    static List<Family> all(Lab lab) {
        int[] splines = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20};
        int[] neighbors = {50, 40, 30, 20, 15, 10, 7, 5, 3, 2, 1};
        int[] widths = lab.of(new int[] {1, 2, 3, 4, 6, 8, 12, 20, 40}, new int[] {1, 3, 12});
        return List.of(
                new Family("Polynomials", "degree", new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, (Single)
                        Family::polynomial),
                new Family("Natural splines", "basis functions", splines, (Single) Family::spline),
                new Family("Nearest neighbors", "neighbors", neighbors, (Single) Family::neighbors),
                new Family(
                        "Networks",
                        "hidden units",
                        widths,
                        (width, samples, places) -> networks(lab, width, samples, places)));
    }

    private static double[] polynomial(int degree, SineSample sample, double[] places) {
        return SplineFit.times(powers(degree, places), MinimumNorm.solve(powers(degree, sample.x()), sample.y()));
    }

    /**
     * Legendre's polynomials of x / 5 up to a degree, which span the same functions as its powers and are less alike.
     */
    private static double[][] powers(int degree, double[] x) {
        double[][] rows = new double[x.length][degree + 1];
        for (int i = 0; i < x.length; i++) {
            double t = x[i] / SineSample.END;
            double[] p = rows[i];
            p[0] = 1;
            if (degree > 0) {
                p[1] = t;
            }
            for (int k = 1; k < degree; k++) {
                p[k + 1] = ((2 * k + 1) * t * p[k] - k * p[k - 1]) / (k + 1);
            }
        }
        return rows;
    }

    private static double[] spline(int d, SineSample sample, double[] places) {
        NaturalSpline spline = sample.spline(d, NaturalSpline.Basis.B_SPLINES);
        return SplineFit.times(spline.design(places), MinimumNorm.solve(spline.design(sample.x()), sample.y()));
    }

    private static double[] neighbors(int k, SineSample sample, double[] places) {
        float[][] y = new NearestNeighbors(k)
                .fit(Examples.of(column(sample.x()), column(sample.y())), 0)
                .predict(column(places));
        return Averages.doubles(Averages.flat(y));
    }

    private static float[][] column(double[] values) {
        return Arrays.stream(values).mapToObj(Averages::floats).toArray(float[][]::new);
    }

    /** One network for each sample, all trained at once by Adam on whole samples. */
    private static double[][] networks(Lab lab, int width, List<SineSample> samples, double[][] places) {
        int epochs = lab.epochs(4000, 500);
        int count = samples.size();
        int n = samples.get(0).x().length;
        float[] x = flat(samples.stream().map(SineSample::x).toArray(double[][]::new));
        float[] y = flat(samples.stream().map(SineSample::y).toArray(double[][]::new));
        ManyNets nets = new ManyNets(count, width);
        try (Dataset data = Dataset.of(x, Shape.of(n, 1), y, Shape.of(n, 1));
                Model<ManyNets> model = Model.of(nets, lab.seed())) {
            var trainer = Trainer.of(model, Loss.mse(), new Adam(0.02f)).schedule(Schedule.cosine(epochs));
            lab.quietly("networks " + width, trainer, data.batches(count), epochs);
            int each = places[0].length;
            try (Pass pass = Pass.infer()) {
                double[] all = Averages.doubles(
                        nets.apply(Tensor.of(flat(places), count, each, 1)).toArray());
                return IntStream.range(0, count)
                        .mapToObj(i -> Arrays.copyOfRange(all, i * each, (i + 1) * each))
                        .toArray(double[][]::new);
            }
        }
    }

    private static float[] flat(double[][] rows) {
        return Averages.floats(
                Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray());
    }
}
