package dev.fathom.labs.generalization;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nets.GaussianNoise;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Dropout, copies with noise, early stopping and gradient descent act on a linear model like a ridge penalty. Each is
 * held to its theory, and dropout is also tried in networks.
 */
public final class RidgeLab implements Experiment {
    private static final double DROPPED = 0.3;
    private static final double TAU = 0.4;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The linear model", LinearDescent.linear(10, Init.zeros()), 10);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed())) {
            LinearProblem problem = LinearProblem.draw(40, 10, lab.rng("problem"));
            lab.section("Linear models").put("images", images.title()).put("deviation", LinearProblem.DEVIATION);
            lab.put("points", problem.n()).put("columns", problem.p());
            dropout(lab, problem);
            copies(lab, problem);
            EarlyStopping.add(lab, problem);
            wide(lab);
            DropoutStudy.of(lab, images).run();
        }
    }

    static void figure(Lab lab, String name, double value, double baseline, String of) {
        lab.figure(name, "", value).baseline(baseline, of);
    }

    private static void dropout(Lab lab, LinearProblem problem) {
        double[] ridge = LinearProblem.dropoutRidge(problem, DROPPED);
        double[] trained = LinearDescent.trained(lab, problem, new Dropout((float) DROPPED), "dropout");
        double least = LinearProblem.distance(problem.leastSquares(), ridge);
        lab.section("Dropout")
                .put("dropped", DROPPED)
                .put("masks", 1 << problem.p())
                .put("least", least);
        double exact = LinearProblem.distance(LinearProblem.overAllMasks(problem, DROPPED), ridge);
        figure(lab, "Dropout over all masks, distance from ridge", exact, 0, "equal");
        double off = LinearProblem.distance(trained, ridge);
        figure(lab, "Dropout layer trained by SGD, distance from ridge", off, least, "least squares");
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
        double layer = LinearProblem.distance(
                LinearDescent.trained(lab, problem, new GaussianNoise((float) TAU), "noise"), ridge);
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

    private static void wide(Lab lab) {
        LinearProblem problem = LinearProblem.draw(20, 60, lab.rng("wide"));
        double[] least = problem.leastSquares();
        double[] zero = LinearDescent.fitted(lab, problem, Init.zeros(), "from 0");
        double[] random = LinearDescent.fitted(lab, problem, Init.normal(0, 0.3f), "from a random start");
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
}
