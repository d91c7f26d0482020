package dev.fathom.labs.generalization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.GaussianNoise;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * Dropout, copies with noise, early stopping and gradient descent act on a linear model like a ridge penalty. Each is
 * held to its theory, and dropout is also tried in networks.
 */
public final class RidgeLab implements Experiment {
    private static final double DROPPED = 0.3;
    private static final double TAU = 0.4;
    /**
     * The most by which the risk of gradient flow exceeds that of ridge regression, at any time and for any data:
     * 1.2985^2 (Ali et al. 2019).
     */
    static final double BOUND = 1.6862;

    @Override
    public void run(Lab lab) {
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed())) {
            LinearProblem problem = LinearProblem.draw(40, 10, lab.rng("problem"));
            lab.section("Linear models").put("images", images.title()).put("deviation", LinearProblem.DEVIATION);
            lab.put("points", problem.n()).put("columns", problem.p());
            dropout(lab, problem);
            copies(lab, problem);
            stopping(lab, problem);
            wide(lab);
            DropoutStudy.of(lab, images).run();
        }
    }

    private static void figure(Lab lab, String name, double value, double baseline, String of) {
        lab.figure(Figure.of(name, "", value).baseline(baseline, of));
    }

    // ---- linear models

    /**
     * Least squares over all masks of the columns, each row counting as its mask is probable: exactly what dropout
     * minimizes on average.
     */
    static double[] overAllMasks(LinearProblem problem, double dropped) {
        int masks = 1 << problem.p();
        double[][] rows = new double[problem.n() * masks][problem.p()];
        double[] y = new double[rows.length];
        for (int r = 0; r < rows.length; r++) {
            int mask = r % masks;
            int kept = Integer.bitCount(mask);
            double weight = Math.sqrt(Math.pow(1 - dropped, kept) * Math.pow(dropped, problem.p() - kept));
            double[] x = problem.x()[r / masks];
            Arrays.setAll(rows[r], j -> (mask >> j & 1) * weight * x[j] / (1 - dropped));
            y[r] = weight * problem.y()[r / masks];
        }
        return MinimumNorm.solve(rows, y);
    }

    /**
     * Ridge regression to which dropout is equal: the penalty of each column is its sum of squares times p / (1 - p).
     */
    static double[] dropoutRidge(LinearProblem problem, double dropped) {
        double[] penalties = Arrays.stream(problem.squares())
                .map(s -> s * dropped / (1 - dropped))
                .toArray();
        return MinimumNorm.ridge(problem.x(), problem.y(), penalties);
    }

    private static void dropout(Lab lab, LinearProblem problem) {
        double[] ridge = dropoutRidge(problem, DROPPED);
        double[] trained = trained(lab, problem, new Dropout((float) DROPPED), "dropout");
        double least = LinearProblem.distance(problem.leastSquares(), ridge);
        lab.section("Dropout")
                .put("dropped", DROPPED)
                .put("masks", 1 << problem.p())
                .put("least", least);
        double exact = LinearProblem.distance(overAllMasks(problem, DROPPED), ridge);
        figure(lab, "Dropout over all masks, distance from ridge", exact, 0, "equal");
        double off = LinearProblem.distance(trained, ridge);
        figure(lab, "Dropout layer trained by SGD, distance from ridge", off, least, "least squares");
    }

    /** The coefficients behind a layer that adds noise, trained by SGD on many copies of the problem at once. */
    private static double[] trained(Lab lab, LinearProblem problem, Layer noise, String name) {
        List<double[]> x = Collections.nCopies(200, problem.x()).stream()
                .flatMap(Arrays::stream)
                .toList();
        double[] y = Collections.nCopies(200, problem.y()).stream()
                .flatMapToDouble(Arrays::stream)
                .toArray();
        Linear layer = linear(problem.p(), Init.zeros());
        int epochs = lab.of(2000, 600);
        try (Dataset data = dataset(x.toArray(double[][]::new), y);
                Model<Sequential> model = Model.of(new Sequential(noise, layer), lab.seed())) {
            var trainer = Trainer.of(model, Loss.mse(), new Sgd(0.05f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            lab.quietly(name, trainer, data.batches(y.length), epochs);
            return weights(layer);
        }
    }

    private static Linear linear(int p, Initializer start) {
        return new Linear(p, 1, start).withoutBias();
    }

    private static double[] weights(Linear layer) {
        return Averages.doubles(layer.weight().value().toArray());
    }

    private static Dataset dataset(double[][] x, double... y) {
        return Dataset.of(
                Arrays.stream(x).map(Averages::floats).toArray(float[][]::new),
                Arrays.stream(y).mapToObj(Averages::floats).toArray(float[][]::new));
    }

    /** Least squares on {@code copies} copies of every point, with noise of deviation tau on their columns. */
    static double[] noisyCopies(LinearProblem problem, int copies, double tau, Rng rng) {
        int p = problem.p();
        double[][] rows = new double[copies * problem.n()][p];
        double[] y = new double[rows.length];
        float[] noise = rng.normal(rows.length * p, 0, (float) tau);
        for (int r = 0; r < rows.length; r++) {
            int first = r * p;
            double[] x = problem.x()[r % problem.n()];
            Arrays.setAll(rows[r], j -> x[j] + noise[first + j]);
            y[r] = problem.y()[r % problem.n()];
        }
        return MinimumNorm.solve(rows, y);
    }

    private static void copies(Lab lab, LinearProblem problem) {
        double lambda = problem.n() * TAU * TAU;
        double[] ridge = problem.ridge(lambda);
        double[] counts = {1, 3, 10, 30, 100, 300, 1000};
        int draws = lab.of(20, 5);
        Rng rng = lab.rng("copies");
        double[] distances = Arrays.stream(counts)
                .map(m -> Averages.mean(IntStream.range(0, draws)
                        .mapToObj(d -> rng.split((int) m).split(d))
                        .mapToDouble(r -> LinearProblem.distance(noisyCopies(problem, (int) m, TAU, r), ridge))
                        .toArray()))
                .toArray();
        double last = distances[counts.length - 1];
        double slope = Math.log(last / distances[2]) / Math.log(1000.0 / counts[2]);
        double layer = LinearProblem.distance(trained(lab, problem, new GaussianNoise((float) TAU), "noise"), ridge);
        double[] root =
                Arrays.stream(counts).map(c -> last * Math.sqrt(1000 / c)).toArray();
        lab.section("Copies with noise")
                .put("variance", TAU * TAU)
                .put("lambda", lambda)
                .put("draws", draws);
        lab.put("least", LinearProblem.distance(problem.leastSquares(), ridge));
        lab.chart(
                "copies.png",
                new Chart("Distance from ridge regression", "copies of each point")
                        .line("least squares on copies", counts, distances)
                        .dashed("1 / root of copies", counts, root)
                        .logarithmic(true, true));
        figure(lab, "1,000 noisy copies, distance from ridge", last, 0, "infinitely many copies");
        figure(lab, "Noisy copies, power of their number", slope, -0.5, "chance errors");
        figure(lab, "Layer of Gaussian noise trained by SGD, distance from ridge", layer, 0, "equal");
    }

    // ---- paths

    private static void stopping(Lab lab, LinearProblem problem) {
        LinearProblem.Axes axes = problem.axes();
        double[] times = IntStream.rangeClosed(-20, 40)
                .mapToDouble(i -> Math.pow(10, i / 10.0))
                .toArray();
        double[] flow = risks(axes, times, LinearProblem::flow);
        double[] ridge = risks(axes, times, LinearProblem::ridgeFactor);
        double worst = IntStream.range(0, times.length)
                .mapToDouble(i -> flow[i] / ridge[i])
                .max()
                .orElseThrow();
        double best = Arrays.stream(flow).min().orElseThrow();
        double bestRidge = Arrays.stream(ridge).min().orElseThrow();
        Path whole = path(lab, problem, problem.n());
        Path batches = path(lab, problem, 8);
        double toFlow = whole.furthest(t -> axes.shrunk(LinearProblem.flow(t)));
        double toRidge = whole.furthest(t -> axes.shrunk(LinearProblem.ridgeFactor(t)));
        double stochastic = batches.furthest(t -> axes.shrunk(LinearProblem.ridgeFactor(t)));
        double[][] shrunk = Arrays.stream(whole.times())
                .mapToObj(t -> axes.shrunk(LinearProblem.ridgeFactor(t)))
                .toArray(double[][]::new);
        List<Chart> charts = List.of(
                new Chart("Expected squared distance from the truth", "t = n / lambda")
                        .line("gradient flow", times, flow)
                        .line("ridge", times, ridge)
                        .logarithmic(true, false),
                new Path(whole.least(), whole.times(), shrunk).chart("Ridge regression"),
                whole.chart("SGD with all points"),
                batches.chart("SGD with 8 points"));
        lab.section("Early stopping").picture("stopping.png", () -> Chart.panels(2, charts));
        lab.put("bound", BOUND)
                .put("least", axes.risk(s -> 1))
                .put("bestRidge", bestRidge)
                .put("toRidge", toRidge);
        lab.figure("Early stopping, largest ratio of its risk to that of ridge", "", worst);
        figure(lab, "Early stopping, risk at the best time", best, bestRidge, "ridge with the best penalty");
        figure(lab, "SGD with all points, distance from gradient flow", toFlow, 0, "steps without length");
        figure(lab, "SGD with 8 points, distance from the ridge path", stochastic, toRidge, "SGD with all points");
    }

    private static double[] risks(LinearProblem.Axes axes, double[] times, DoubleFunction<DoubleUnaryOperator> factor) {
        return Arrays.stream(times).map(t -> axes.risk(factor.apply(t))).toArray();
    }

    /**
     * The coefficients on the way of SGD.
     *
     * @param least those of least squares
     */
    private record Path(double[] least, double[] times, double[][] coefficients) {
        /** The largest distance from another path, in units of the norm of the least-squares coefficients. */
        double furthest(DoubleFunction<double[]> other) {
            double size = SplineFit.distance(least, new double[least.length]);
            return IntStream.range(0, times.length)
                    .mapToDouble(i -> SplineFit.distance(coefficients[i], other.apply(times[i])) / size)
                    .map(Math::sqrt)
                    .max()
                    .orElseThrow();
        }

        Chart chart(String title) {
            double most = 1.3 * Arrays.stream(least).map(Math::abs).max().orElseThrow();
            Chart chart =
                    new Chart(title, "t = n / lambda").logarithmic(true, false).range(-most, most);
            IntStream.range(0, Math.min(8, least.length))
                    .forEach(j -> chart.line(
                            "b" + (j + 1),
                            times,
                            Arrays.stream(coefficients).mapToDouble(b -> b[j]).toArray()));
            return chart;
        }
    }

    /** A step of SGD with rate r on the mean squared error takes the time 2 r of gradient flow. */
    private static Path path(Lab lab, LinearProblem problem, int batch) {
        float rate = 0.01f;
        List<Double> times = new ArrayList<>();
        List<double[]> all = new ArrayList<>();
        Linear layer = linear(problem.p(), Init.zeros());
        try (Dataset data = dataset(problem.x(), problem.y());
                Model<Linear> model = Model.of(layer, lab.seed())) {
            Trainer.of(model, Loss.mse(), new Sgd(rate))
                    .seed(lab.seed())
                    .callbacks(new Callback() {
                        private long steps;
                        private long next = 1;

                        @Override
                        public void onStepEnd(Run training) {
                            lab.check();
                            if (++steps >= next) {
                                next = Math.max(steps + 1, Math.round(1.15 * steps));
                                times.add(2.0 * rate * steps);
                                all.add(weights(layer));
                            }
                        }
                    })
                    .fit(data.shuffled(lab.seed()).batches(batch), lab.of(4000, 1000) * batch / problem.n());
        }
        double[] places = times.stream().mapToDouble(t -> t).toArray();
        return new Path(problem.leastSquares(), places, all.toArray(double[][]::new));
    }

    // ---- more columns than points

    private static void wide(Lab lab) {
        LinearProblem problem = LinearProblem.draw(20, 60, lab.rng("wide"));
        double[] least = problem.leastSquares();
        double[] zero = fitted(lab, problem, Init.zeros(), "from 0");
        double[] random = fitted(lab, problem, Init.normal(0, 0.3f), "from a random start");
        double error = SplineFit.distance(SplineFit.times(problem.x(), random), problem.y());
        double other = LinearProblem.distance(random, least);
        double limit = LinearProblem.distance(problem.ridge(1e-8), least);
        lab.section("More columns than points");
        lab.put("train", SplineFit.distance(SplineFit.times(problem.x(), zero), problem.y()));
        double distance = LinearProblem.distance(zero, least);
        figure(lab, "SGD from 0, distance from the minimum norm", distance, other, "SGD from a random start");
        figure(lab, "SGD from a random start, training error", error, 0, "exact fit");
        lab.figure("SGD from a random start, distance from the minimum norm", "", other);
        figure(lab, "Ridge with a small penalty, distance from the minimum norm", limit, 0, "no penalty");
    }

    private static double[] fitted(Lab lab, LinearProblem problem, Initializer start, String name) {
        Linear layer = linear(problem.p(), start);
        try (Dataset data = dataset(problem.x(), problem.y());
                Model<Linear> model = Model.of(layer, lab.seed())) {
            var trainer = Trainer.of(model, Loss.mse(), new Sgd(0.005f)).seed(lab.seed());
            lab.quietly(name, trainer, data.shuffled(lab.seed()).batches(5), lab.of(5000, 3000));
            return weights(layer);
        }
    }
}
