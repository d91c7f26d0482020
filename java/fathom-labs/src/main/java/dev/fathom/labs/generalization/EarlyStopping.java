package dev.fathom.labs.generalization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** Early stopping of gradient flow and of SGD beside the path of ridge regression. */
final class EarlyStopping {
    /**
     * The most by which the risk of gradient flow exceeds that of ridge regression, at any time and for any data:
     * 1.2985^2 (Ali et al. 2019).
     */
    static final double BOUND = 1.6862;

    private EarlyStopping() {}

    static void add(Lab lab, LinearProblem problem) {
        LinearProblem.Axes axes = problem.axes();
        double[] times = IntStream.rangeClosed(-20, 40)
                .mapToDouble(i -> Math.pow(10, i / 10.0))
                .toArray();
        double[] flow = risks(axes, times, LinearProblem::flow);
        double[] ridge = risks(axes, times, LinearProblem::ridgeFactor);
        double worst = Averages.most(times.length, i -> flow[i] / ridge[i]);
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
        lab.section("Early stopping").charts("stopping.png", 2, charts);
        lab.put("bound", BOUND)
                .put("least", axes.risk(s -> 1))
                .put("bestRidge", bestRidge)
                .put("toRidge", toRidge);
        lab.figure("Early stopping, largest ratio of its risk to that of ridge", "", worst);
        RidgeLab.figure(lab, "Early stopping, risk at the best time", best, bestRidge, "ridge with the best penalty");
        RidgeLab.figure(lab, "SGD with all points, distance from gradient flow", toFlow, 0, "steps without length");
        RidgeLab.figure(
                lab, "SGD with 8 points, distance from the ridge path", stochastic, toRidge, "SGD with all points");
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
        Linear layer = LinearDescent.linear(problem.p(), Init.zeros());
        try (Dataset data = LinearDescent.dataset(problem.x(), problem.y());
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
                                all.add(LinearDescent.weights(layer));
                            }
                        }
                    })
                    .fit(data.shuffled(lab.seed()).batches(batch), lab.of(4000, 1000) * batch / problem.n());
        }
        double[] places = times.stream().mapToDouble(t -> t).toArray();
        return new Path(problem.leastSquares(), places, all.toArray(double[][]::new));
    }
}
