package dev.fathom.labs.objectives;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.experiments.training.ManyLinear;
import dev.fathom.linear.LeastSquares;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Lines that are best under one loss and not under another: through outliers, and where late is worse than early. */
final class Lines {
    private static final double SLOPE = 2;
    private static final double INTERCEPT = 1;
    private static final int POINTS = 60;
    private static final int WRONG = 9;
    private static final double NOISE = 0.3;

    /** The cost of a minute by which a trip takes longer than predicted. */
    private static final double LATE = 9;
    /** The cost of a minute by which it takes less. */
    private static final double EARLY = 1;
    /** The quantile that costs least. */
    static final double LEVEL = LATE / (LATE + EARLY);

    private record Named(String name, ReducedLoss loss) {}

    private Lines() {}

    // ---- outliers

    /**
     * Lines y = 2 x + 1 through points of which some are far off. Points on the right of the line are moved down by 5
     * to 9, so that they pull the slope down.
     */
    static void outliers(Lab lab) {
        int draws = lab.of(200, 40);
        int steps = lab.epochs(3000, 800);
        Rng rng = lab.rng("outliers");
        float[] x = new float[draws * POINTS];
        float[] noise = rng.normal(x.length, 0, (float) NOISE);
        double[] far = rng.doubles(x.length);
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            int point = i % POINTS;
            x[i] = 2f * point / (POINTS - 1) - 1;
            double fall = point >= POINTS - 2 * WRONG && point % 2 == 0 ? 5 + 4 * far[i] : 0;
            y[i] = (float) (SLOPE * x[i] + INTERCEPT + noise[i] - fall);
        }
        lab.section("Outliers").put("points", POINTS).put("noise", NOISE).put("wrong", WRONG);
        lab.put("draws", draws).put("steps", steps);
        Table table = lab.table("outliers", "loss");
        String error = "mean |error| of a line with outliers";
        double[][] exact = IntStream.range(0, draws)
                .mapToObj(k -> leastSquares(x, y, k * POINTS))
                .toArray(double[][]::new);
        double[] ends = {-1, 1};
        Chart chart = new Chart("Lines with outliers", "x");
        for (Named named : List.of(
                new Named("L2", Loss.mse()), new Named("L1", Loss.l1()), new Named("smooth L1", Loss.huber(1)))) {
            double[][] lines = fit(lab, x, y, draws, named.loss, steps);
            boolean first = table.rows().isEmpty();
            means(table.row(named.name), lines)
                    .put(error, "%.4f", error(lines))
                    .baseline(
                            first ? error(exact) : table.rows().get(0).get(error),
                            first ? "least squares in closed form" : "L2");
            chart.line(named.name, ends, new double[] {lines[0][1] - lines[0][0], lines[0][1] + lines[0][0]});
        }
        double[] errors = table.values(error);
        lab.put("l1", errors[0] / errors[1]).put("smooth", errors[0] / errors[2]);
        means(table.row("least squares in closed form"), exact).cell(error, "%.4f", error(exact));
        chart.dashed("truth", ends, new double[] {INTERCEPT - SLOPE, INTERCEPT + SLOPE});
        lab.chart("outliers.png", chart.points("points", first(POINTS, x), first(POINTS, y)));
    }

    private static double[] first(int n, float... values) {
        return Averages.doubles(Arrays.copyOf(values, n));
    }

    /** Slope and intercept for each draw. */
    private static double[][] fit(Lab lab, float[] x, float[] y, int draws, ReducedLoss loss, int steps) {
        ManyLinear net = new ManyLinear(draws, 1, 1);
        try (Model<ManyLinear> model = Model.of(net, lab.seed())) {
            Supplier<Tensor> error =
                    () -> loss.of(net.apply(Tensor.of(x, draws, POINTS, 1)), Tensor.of(y, draws, POINTS, 1))
                            .mul(draws);
            Descent.adam(0.1f, steps).run(lab, model, error);
            try (Pass pass = Pass.infer()) {
                float[] w = net.weight().value().toArray();
                float[] b = net.bias().value().toArray();
                return IntStream.range(0, draws)
                        .mapToObj(k -> new double[] {w[k], b[k]})
                        .toArray(double[][]::new);
            }
        }
    }

    private static double[] leastSquares(float[] x, float[] y, int from) {
        double[][] rows = IntStream.range(from, from + POINTS)
                .mapToObj(i -> new double[] {x[i]})
                .toArray(double[][]::new);
        var fit = LeastSquares.fit(rows, Averages.doubles(Arrays.copyOfRange(y, from, from + POINTS)));
        return new double[] {fit.coefficients().get(0).value(), fit.intercept().value()};
    }

    private static Table.Row means(Table.Row row, double[][] lines) {
        return row.cell("mean slope", "%.3f", Averages.mean(Arrays.asList(lines), l -> l[0]))
                .cell("mean intercept", "%.3f", Averages.mean(Arrays.asList(lines), l -> l[1]));
    }

    /** The mean distance between the lines and the true one over [-1, 1]. */
    private static double error(double[][] lines) {
        return Averages.mean(
                Arrays.asList(lines),
                l -> IntStream.rangeClosed(-50, 50)
                        .mapToDouble(i -> Math.abs((l[0] - SLOPE) * i / 50.0 + l[1] - INTERCEPT))
                        .average()
                        .orElseThrow());
    }

    // ---- late and early

    /**
     * How a prediction a + b x does on the test: its mean cost, the share of trips that are late, and the mean minutes
     * that it is too early.
     */
    record Score(double a, double b, double cost, double late, double early) {
        static Score of(double a, double b, float[][] test) {
            double[] minutes = Averages.each(test[0].length, i -> 10 * (test[1][i] - a - b * test[0][i]));
            double late = Arrays.stream(minutes).filter(m -> m > 0).sum() / minutes.length;
            double early = -Arrays.stream(minutes).filter(m -> m <= 0).sum() / minutes.length;
            long trips = Arrays.stream(minutes).filter(m -> m > 0).count();
            return new Score(a, b, LATE * late + EARLY * early, trips / (double) minutes.length, early);
        }

        Table.Row row(Table table, String name) {
            return table.row(name).cell("prediction", "%.2f + %.2f x", a, b);
        }
    }

    private static float[][] trips(int n, Rng rng) {
        float[] x = rng.uniform(n, 0, 1);
        double[] u = rng.doubles(n);
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            y[i] = (float) (1 + 2 * x[i] - (0.2 + 0.6 * x[i]) * Math.log1p(-u[i]));
        }
        return new float[][] {x, y};
    }

    /**
     * Predicted travel times where a minute too late costs nine times as much as a minute too early. A trip of x
     * hundred kilometers takes 1 + 2 x + (0.2 + 0.6 x) E ten minutes with exponential E, so that its quantiles are
     * lines too, and the best prediction is known.
     */
    static void lateAndEarly(Lab lab) {
        int n = lab.of(20_000, 2000);
        Rng rng = lab.rng("late");
        float[][] learn = trips(n, rng);
        float[][] test = trips(20_000, rng);
        double tail = -Math.log1p(-LEVEL);
        Score best = Score.of(1 + 0.2 * tail, 2 + 0.6 * tail, test);
        lab.section("Late and early").put("late", LATE).put("early", EARLY).put("level", LEVEL);
        lab.put("learn", n).put("test", test[0].length).put("best", best.cost);
        String cost = "mean cost of late and early predictions";
        String late = "trips that take longer than predicted";
        String early = "mean minutes early";
        Table table = lab.table("late", "loss");
        Chart chart = new Chart("Ten minutes by hundred kilometers", "x");
        for (Named named : List.of(
                new Named("L2", Loss.mse()),
                new Named("L1", Loss.l1()),
                new Named("quantile 0.9", Loss.quantile((float) LEVEL)),
                new Named("asymmetric Huber", Loss.asymmetricHuber(0.1f, (float) EARLY, (float) LATE)))) {
            Linear net = new Linear(1, 1);
            try (Model<Linear> model = Model.of(net, lab.seed())) {
                Supplier<Tensor> error =
                        () -> named.loss.of(net.apply(Tensor.of(learn[0], n, 1)), Tensor.of(learn[1], n, 1));
                Descent.adam(0.1f, lab.epochs(2000, 600)).run(lab, model, error);
                try (Pass pass = Pass.infer()) {
                    double[] ends = Averages.doubles(
                            net.apply(Tensor.of(new float[] {0, 1}, 2, 1)).toArray());
                    chart.line(named.name, new double[] {0, 1}, ends);
                    Score score = Score.of(ends[0], (float) ends[1] - (float) ends[0], test);
                    Table.Row row = score.row(table, named.name)
                            .put(cost, "%.3f", score.cost)
                            .baseline(best.cost, "the true quantile")
                            .put(late, "%.1f %%", 100 * score.late);
                    (named.name.startsWith("quantile") ? row.baseline(100 - 100 * LEVEL, "derived") : row)
                            .cell(early, "%.2f", score.early);
                }
            }
        }
        best.row(table, "true quantile 0.9")
                .cell(cost, "%.3f", best.cost)
                .cell(late, "%.1f %%", 100 * best.late)
                .cell(early, "%.2f", best.early);
        lab.chart("late-and-early.png", chart.points("trips", first(200, test[0]), first(200, test[1])));
    }
}
