package dev.fathom.labs.generalization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
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
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Dropout, copies with noise, early stopping and gradient descent act on a linear model like a ridge penalty. Each is
 * held to its theory, and dropout is also tried in networks.
 */
public final class RidgeLab implements OldExperiment {
    private static final int N = 40;
    private static final int P = 10;
    private static final double DROPPED = 0.3;
    private static final double TAU = 0.4;
    /**
     * The most by which the risk of gradient flow exceeds that of ridge regression, at any time and for any data:
     * 1.2985^2 (Ali et al. 2019).
     */
    static final double BOUND = 1.6862;

    @Override
    public String name() {
        return "ridge";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images images = ImageSet.FASHION_MNIST.images(run.data(), run.seed())) {
            Findings page = run.page(
                    "Lab ridge",
                    line("Generated linear models of %d points and %d columns, and %s", N, P, images.title()));
            LinearProblem problem = LinearProblem.draw(N, P, new Rng(run.seed()).split("problem"));
            page.section("Linear models", "")
                    .text(line(
                            "Y = X b + noise of deviation %.0f: %d points, %d correlated columns of different "
                                    + "scales, no intercept. Distances between two "
                                    + "vectors of coefficients are relative to the norm of the second.",
                            LinearProblem.DEVIATION, N, P));
            return dropout(run, page, problem)
                            && copies(run, page, problem)
                            && stopping(run, page, problem)
                            && wide(run, page)
                            && new DropoutStudy(run, page, images).measure()
                    ? page.finished()
                    : page;
        }
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
            int i = r / masks;
            int kept = Integer.bitCount(mask);
            double weight = Math.sqrt(Math.pow(1 - dropped, kept) * Math.pow(dropped, problem.p() - kept));
            for (int j = 0; j < problem.p(); j++) {
                rows[r][j] = (mask >> j & 1) * weight * problem.x()[i][j] / (1 - dropped);
            }
            y[r] = weight * problem.y()[i];
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

    /** Adds a section to the page, as do those below; false if the run was interrupted. */
    private static boolean dropout(LabRun run, Findings page, LinearProblem problem) {
        double[] ridge = dropoutRidge(problem, DROPPED);
        double exact = LinearProblem.distance(overAllMasks(problem, DROPPED), ridge);
        double trained = LinearProblem.distance(trained(run, problem, new Dropout((float) DROPPED), "dropout"), ridge);
        double least = LinearProblem.distance(problem.leastSquares(), ridge);
        if (run.interrupt().requested()) {
            return false;
        }
        page.section("Dropout", "")
                .text(line(
                        "With inputs that are dropped with probability p = %.1f and divided by 1 - p when kept, "
                                + "the mean of the squared error over all masks is "
                                + "|y - X b|^2 + p / (1 - p) sum_j (X'X)_jj b_j^2 (Srivastava et al. 2014, "
                                + "section 9.1): a ridge penalty on each "
                                + "column in proportion to its sum of squares. Least squares over all %,d masks, "
                                + "counted by their probability, is at a "
                                + "relative distance of %.1e from that ridge regression, and a linear layer "
                                + "behind a dropout layer, trained by SGD, at "
                                + "%.4f. Least squares without dropout is at %.4f.",
                        DROPPED, 1 << P, exact, trained, least))
                .figure(Figure.of("Dropout over all masks, distance from ridge", "", exact)
                        .baseline(0, "equal"))
                .key(Figure.of("Dropout layer trained by SGD, distance from ridge", "", trained)
                        .baseline(least, "least squares"));
        return true;
    }

    /**
     * The coefficients of a linear layer behind a layer that adds noise, trained by SGD on many copies of the problem
     * at once.
     */
    private static double[] trained(LabRun run, LinearProblem problem, Layer noise, String folder) {
        int copies = 200;
        double[][] x = IntStream.range(0, copies * problem.n())
                .mapToObj(i -> problem.x()[i % problem.n()])
                .toArray(double[][]::new);
        double[] y = IntStream.range(0, copies * problem.n())
                .mapToDouble(i -> problem.y()[i % problem.n()])
                .toArray();
        Linear layer = linear(problem.p(), Init.zeros());
        int epochs = run.of(2000, 600);
        try (Dataset data = dataset(x, y);
                Model<Sequential> model = Model.of(new Sequential(noise, layer), run.seed())) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.05f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            trainer = run.training().attachQuietly(trainer, run.folder().resolve(folder));
            trainer.fit(data.batches(x.length), epochs);
            return weights(layer);
        }
    }

    private static Linear linear(int p, Initializer start) {
        return new Linear(p, 1, start).withoutBias();
    }

    private static double[] weights(Linear layer) {
        float[] w = layer.weight().value().toArray();
        return IntStream.range(0, w.length).mapToDouble(j -> w[j]).toArray();
    }

    private static Dataset dataset(double[][] x, double[] y) {
        float[][] rows = new float[x.length][x[0].length];
        float[][] targets = new float[x.length][1];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[i].length; j++) {
                rows[i][j] = (float) x[i][j];
            }
            targets[i][0] = (float) y[i];
        }
        return Dataset.of(rows, targets);
    }

    /** Least squares on {@code copies} copies of every point, with noise of deviation tau on their columns. */
    static double[] noisyCopies(LinearProblem problem, int copies, double tau, Rng rng) {
        int p = problem.p();
        double[][] rows = new double[copies * problem.n()][p];
        double[] y = new double[rows.length];
        float[] noise = rng.normal(rows.length * p, 0, (float) tau);
        for (int r = 0; r < rows.length; r++) {
            int i = r % problem.n();
            for (int j = 0; j < p; j++) {
                rows[r][j] = problem.x()[i][j] + noise[r * p + j];
            }
            y[r] = problem.y()[i];
        }
        return MinimumNorm.solve(rows, y);
    }

    private static boolean copies(LabRun run, Findings page, LinearProblem problem) {
        double lambda = problem.n() * TAU * TAU;
        double[] ridge = problem.ridge(lambda);
        int[] counts = {1, 3, 10, 30, 100, 300, 1000};
        int draws = run.of(20, 5);
        Rng rng = new Rng(run.seed()).split("copies");
        double[] distances = IntStream.of(counts)
                .mapToDouble(m -> IntStream.range(0, draws)
                        .mapToDouble(d -> LinearProblem.distance(
                                noisyCopies(problem, m, TAU, rng.split(m).split(d)), ridge))
                        .average()
                        .orElseThrow())
                .toArray();
        double last = distances[distances.length - 1];
        double slope = Math.log(last / distances[2]) / Math.log((double) counts[counts.length - 1] / counts[2]);
        double layer = LinearProblem.distance(trained(run, problem, new GaussianNoise((float) TAU), "noise"), ridge);
        if (run.interrupt().requested()) {
            return false;
        }
        double[] m = IntStream.of(counts).mapToDouble(c -> c).toArray();
        double[] root =
                Arrays.stream(m).map(c -> last * Math.sqrt(m[m.length - 1] / c)).toArray();
        page.section("Copies with noise", "")
                .text(line(
                        "Every point is copied, and the columns of each copy get noise of variance tau^2 = %.2f. "
                                + "With many copies X'X / copies approaches "
                                + "X'X + n tau^2 I, so least squares approaches ridge regression with lambda = n "
                                + "tau^2 = %.1f (Bishop 1995). Its "
                                + "distance shrinks with the number of copies m as m to the power of %.2f between "
                                + "10 and 1,000; chance errors shrink with "
                                + "the power -0.5. At 1,000 copies it is %.4f; a linear layer behind a layer of "
                                + "Gaussian noise, trained by SGD, is at "
                                + "%.4f, and least squares without noise at %.4f. Distances of the copies are "
                                + "means over %d draws.",
                        TAU * TAU,
                        lambda,
                        slope,
                        last,
                        layer,
                        LinearProblem.distance(problem.leastSquares(), ridge),
                        draws))
                .picture(
                        "copies.png",
                        "Distance of least squares on noisy copies from ridge regression, over the number of copies",
                        () -> new Chart("Distance from ridge regression", "copies of each point")
                                .line("least squares on copies", m, distances)
                                .dashed("1 / root of copies", m, root)
                                .logarithmic(true, true)
                                .render())
                .key(Figure.of("1,000 noisy copies, distance from ridge", "", last)
                        .baseline(0, "infinitely many copies"))
                .figure(Figure.of("Noisy copies, power of their number", "", slope)
                        .baseline(-0.5, "chance errors"))
                .figure(Figure.of("Layer of Gaussian noise trained by SGD, distance from ridge", "", layer)
                        .baseline(0, "equal"));
        return true;
    }

    // ---- paths

    private static boolean stopping(LabRun run, Findings page, LinearProblem problem) {
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
        double bestFlow = Arrays.stream(flow).min().orElseThrow();
        double bestRidge = Arrays.stream(ridge).min().orElseThrow();
        Path whole = path(run, problem, problem.n());
        Path batches = path(run, problem, 8);
        if (run.interrupt().requested()) {
            return false;
        }
        double toFlow = whole.furthest(t -> axes.shrunk(LinearProblem.flow(t)));
        double toRidge = whole.furthest(t -> axes.shrunk(LinearProblem.ridgeFactor(t)));
        double stochastic = batches.furthest(t -> axes.shrunk(LinearProblem.ridgeFactor(t)));
        page.section("Early stopping", "")
                .text(line(
                        "Gradient flow on |y - X b|^2 / (2 n) from 0 multiplies what least squares finds along "
                                + "each principal axis by 1 - exp(-t s), and ridge "
                                + "regression with lambda = n / t by s / (s + 1 / t), for the eigenvalue s of X'X "
                                + "/ n. Stopped at the time t, its expected "
                                + "squared distance from the true coefficients is at most %.2f times that of "
                                + "ridge regression, for any data and all t "
                                + "(Ali et al. 2019). Here it is at most %.2f times as large. With the best t, it "
                                + "is %.3f, and ridge regression "
                                + "reaches %.3f with its best lambda; least squares has %.3f.",
                        BOUND, worst, bestFlow, bestRidge, axes.risk(s -> 1)))
                .text(line(
                        "SGD with all points in each step follows gradient flow to a distance of %.4f, and is "
                                + "never further than %.3f from ridge regression at "
                                + "lambda = n / t, in units of the norm of the least-squares coefficients. SGD "
                                + "with 8 points in each step is never further "
                                + "than %.3f from it.",
                        toFlow, toRidge, stochastic))
                .picture(
                        "stopping.png",
                        "Risk of gradient flow and ridge regression over time, and the paths of the coefficients",
                        () -> Chart.panels(2, charts(axes, times, flow, ridge, whole, batches)))
                .key(Figure.of("Early stopping, largest ratio of its risk to that of ridge", "", worst))
                .figure(Figure.of("Early stopping, risk at the best time", "", bestFlow)
                        .baseline(bestRidge, "ridge with the best penalty"))
                .figure(Figure.of("SGD with all points, distance from gradient flow", "", toFlow)
                        .baseline(0, "steps without length"))
                .figure(Figure.of("SGD with 8 points, distance from the ridge path", "", stochastic)
                        .baseline(toRidge, "SGD with all points"));
        return true;
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
            double[] none = new double[least.length];
            return IntStream.range(0, times.length)
                    .mapToDouble(i -> SplineFit.distance(coefficients[i], other.apply(times[i]))
                            / SplineFit.distance(least, none))
                    .map(Math::sqrt)
                    .max()
                    .orElseThrow();
        }

        double[] coefficient(int j) {
            return Arrays.stream(coefficients).mapToDouble(b -> b[j]).toArray();
        }
    }

    /** A step of SGD with rate r on the mean squared error takes the time 2 r of gradient flow. */
    private static Path path(LabRun run, LinearProblem problem, int batch) {
        float rate = 0.01f;
        int epochs = run.of(4000, 1000) * batch / problem.n();
        List<Double> times = new ArrayList<>();
        List<double[]> all = new ArrayList<>();
        Linear layer = linear(problem.p(), Init.zeros());
        try (Dataset data = dataset(problem.x(), problem.y());
                Model<Linear> model = Model.of(layer, run.seed())) {
            Trainer<Linear> trainer =
                    Trainer.of(model, Loss.mse(), new Sgd(rate)).seed(run.seed());
            trainer = trainer.callbacks(new Callback() {
                private long steps;
                private long next = 1;

                @Override
                public void onStepEnd(Run training) {
                    if (++steps >= next) {
                        next = Math.max(steps + 1, Math.round(1.15 * steps));
                        times.add(2.0 * rate * steps);
                        all.add(weights(layer));
                    }
                }
            });
            trainer = trainer.callbacks(run.interrupt().stopping());
            trainer.fit(data.shuffled(run.seed()).batches(batch), epochs);
        }
        return new Path(
                problem.leastSquares(), times.stream().mapToDouble(t -> t).toArray(), all.toArray(double[][]::new));
    }

    private static List<Chart> charts(
            LinearProblem.Axes axes, double[] times, double[] flow, double[] ridge, Path whole, Path batches) {
        Chart risk = new Chart("Expected squared distance from the truth", "t = n / lambda")
                .line("gradient flow", times, flow)
                .line("ridge", times, ridge)
                .logarithmic(true, false);
        double[][] of = Arrays.stream(whole.times())
                .mapToObj(t -> axes.shrunk(LinearProblem.ridgeFactor(t)))
                .toArray(double[][]::new);
        return List.of(
                risk,
                paths("Ridge regression", new Path(whole.least(), whole.times(), of)),
                paths("SGD with all points", whole),
                paths("SGD with 8 points", batches));
    }

    private static Chart paths(String title, Path path) {
        double[] all = DoubleStream.concat(Arrays.stream(path.least()), DoubleStream.of(0))
                .toArray();
        double most = Arrays.stream(all).map(Math::abs).max().orElseThrow();
        Chart chart =
                new Chart(title, "t = n / lambda").logarithmic(true, false).range(-1.3 * most, 1.3 * most);
        for (int j = 0; j < Math.min(8, path.least().length); j++) {
            chart.line("b" + (j + 1), path.times(), path.coefficient(j));
        }
        return chart;
    }

    // ---- more columns than points

    private static boolean wide(LabRun run, Findings page) {
        LinearProblem problem = LinearProblem.draw(20, 60, new Rng(run.seed()).split("wide"));
        double[] least = problem.leastSquares();
        double[] fromZero = fitted(run, problem, Init.zeros());
        double[] fromElsewhere = fitted(run, problem, Init.normal(0, 0.3f));
        if (run.interrupt().requested()) {
            return false;
        }
        double train = SplineFit.distance(SplineFit.times(problem.x(), fromZero), problem.y());
        double otherTrain = SplineFit.distance(SplineFit.times(problem.x(), fromElsewhere), problem.y());
        double distance = LinearProblem.distance(fromZero, least);
        double other = LinearProblem.distance(fromElsewhere, least);
        double limit = LinearProblem.distance(problem.ridge(1e-8), least);
        page.section("More columns than points", "")
                .text(line(
                        "With 20 points and 60 columns many coefficients fit exactly. SGD from 0, in batches of "
                                + "5, ends with a training error of %.1e at a "
                                + "relative distance of %.1e from those of least norm, because every step is a "
                                + "combination of the points. From a random "
                                + "start the training error is %.1e, but the distance %.2f: what the start has "
                                + "beyond the points stays. Ridge regression "
                                + "with lambda = 1e-8 is at %.1e.",
                        train, distance, otherTrain, other, limit))
                .key(Figure.of("SGD from 0, distance from the minimum norm", "", distance)
                        .baseline(other, "SGD from a random start"))
                .figure(Figure.of("SGD from a random start, training error", "", otherTrain)
                        .baseline(0, "exact fit"))
                .figure(Figure.of("SGD from a random start, distance from the minimum norm", "", other))
                .figure(Figure.of("Ridge with a small penalty, distance from the minimum norm", "", limit)
                        .baseline(0, "no penalty"));
        return true;
    }

    private static double[] fitted(LabRun run, LinearProblem problem, Initializer start) {
        Linear layer = linear(problem.p(), start);
        try (Dataset data = dataset(problem.x(), problem.y());
                Model<Linear> model = Model.of(layer, run.seed())) {
            Trainer<Linear> trainer =
                    Trainer.of(model, Loss.mse(), new Sgd(0.005f)).seed(run.seed());
            trainer = trainer.callbacks(run.interrupt().stopping());
            trainer.fit(data.shuffled(run.seed()).batches(5), run.of(5000, 3000));
            return weights(layer);
        }
    }
}
