package dev.fathom.labs.objectives;

import static dev.fathom.labs.pages.Findings.line;
import static java.util.Objects.requireNonNull;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.training.Descent;
import dev.fathom.labs.training.ManyLinear;
import dev.fathom.linear.LeastSquares;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Lines y = 2 x + 1 through points of which some are far off, under L1, L2 and smooth L1. */
final class Outliers {
    static final double SLOPE = 2;
    static final double INTERCEPT = 1;

    private static final int POINTS = 60;
    private static final int WRONG = 9;
    private static final double NOISE = 0.3;
    private static final Map<String, ReducedLoss> LOSSES = new LinkedHashMap<>();

    static {
        LOSSES.put("L2", Loss.mse());
        LOSSES.put("L1", Loss.l1());
        LOSSES.put("smooth L1", Loss.huber(1));
    }

    private final float[] x;
    private final float[] y;
    private final int draws;

    private Outliers(float[] x, float[] y, int draws) {
        this.x = x;
        this.y = y;
        this.draws = draws;
    }

    /** Points on the right of the line are moved down by 5 to 9, so that they pull the slope down. */
    private static Outliers draw(int draws, Rng rng) {
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
        return new Outliers(x, y, draws);
    }

    /** Fits all lines, tells what came of them, and returns false where it was interrupted. */
    static boolean tell(Findings page, LabRun run) {
        Outliers problem = draw(run.of(200, 40), new Rng(run.seed()).split("outliers"));
        int steps = run.epochs(3000, 800);
        Map<String, double[][]> lines = new LinkedHashMap<>();
        for (Map.Entry<String, ReducedLoss> loss : LOSSES.entrySet()) {
            double[][] fitted = problem.fit(run, loss.getValue(), steps);
            if (fitted.length == 0) {
                return false;
            }
            lines.put(loss.getKey(), fitted);
        }
        double[][] exact = problem.leastSquares();
        List<List<String>> rows = new ArrayList<>();
        lines.forEach((name, fitted) -> rows.add(problem.row(name, fitted)));
        rows.add(problem.row("least squares in closed form", exact));
        page.section("Outliers", "")
                .text(line(
                        "A line y = %.0f x + %.0f has %d points with noise of standard deviation %.1f, of which "
                                + "%d on its right side were moved down by 5 "
                                + "to 9. A linear layer fits it under each loss by %,d steps of Adam, for %d "
                                + "draws. L2 counts a distance by its square, so "
                                + "that the few wrong points weigh most; L1 counts it as it is, and smooth L1 "
                                + "does so beyond 1.",
                        SLOPE, INTERCEPT, POINTS, NOISE, WRONG, steps, problem.draws))
                .table(List.of("loss", "mean slope", "mean intercept", "mean |error| of the line"), rows);
        double l2 = error(requireNonNull(lines.get("L2")));
        lines.forEach((name, fitted) -> {
            Figure figure = Figure.of(name + ", mean |error| of a line with outliers", "", error(fitted));
            page.figure(
                    name.equals("L2")
                            ? figure.baseline(error(exact), "least squares in closed form")
                            : figure.baseline(l2, "L2"));
        });
        page.text(line(
                "The line under L1 is %.0f times as close to the truth as that under L2, and that under smooth L1 "
                        + "%.0f times.",
                l2 / error(requireNonNull(lines.get("L1"))), l2 / error(requireNonNull(lines.get("smooth L1")))));
        page.picture(
                "outliers.png",
                "The points of the first draw, and the lines under each loss",
                () -> problem.chart(lines).render());
        return true;
    }

    /** Slope and intercept for each draw; nothing where it was interrupted. */
    private double[][] fit(LabRun run, ReducedLoss loss, int steps) {
        ManyLinear net = new ManyLinear(draws, 1, 1);
        try (Model<ManyLinear> model = Model.of(net, run.seed())) {
            boolean whole = Descent.cosine(new Adam(0.1f), steps)
                    .run(
                            run,
                            model,
                            () -> loss.of(net.apply(Tensor.of(x, draws, POINTS, 1)), Tensor.of(y, draws, POINTS, 1))
                                    .mul(draws));
            if (!whole) {
                return new double[0][];
            }
            try (Pass pass = Pass.infer()) {
                float[] w = net.weight().value().toArray();
                float[] b = net.bias().value().toArray();
                return IntStream.range(0, draws)
                        .mapToObj(k -> new double[] {w[k], b[k]})
                        .toArray(double[][]::new);
            }
        }
    }

    private double[][] leastSquares() {
        double[][] lines = new double[draws][];
        for (int k = 0; k < draws; k++) {
            double[][] rows = new double[POINTS][];
            double[] targets = new double[POINTS];
            for (int i = 0; i < POINTS; i++) {
                rows[i] = new double[] {x[k * POINTS + i]};
                targets[i] = y[k * POINTS + i];
            }
            var fit = LeastSquares.fit(rows, targets);
            lines[k] = new double[] {
                fit.coefficients().get(0).value(), fit.intercept().value()
            };
        }
        return lines;
    }

    private List<String> row(String name, double[][] lines) {
        return List.of(
                name,
                line(
                        "%.3f",
                        Arrays.stream(lines).mapToDouble(l -> l[0]).average().orElse(0)),
                line(
                        "%.3f",
                        Arrays.stream(lines).mapToDouble(l -> l[1]).average().orElse(0)),
                line("%.4f", error(lines)));
    }

    /** The mean distance between the lines and the true one over [-1, 1]. */
    private static double error(double[][] lines) {
        return Arrays.stream(lines)
                .mapToDouble(l -> IntStream.rangeClosed(-50, 50)
                        .mapToDouble(i -> Math.abs((l[0] - SLOPE) * i / 50.0 + l[1] - INTERCEPT))
                        .average()
                        .orElse(0))
                .average()
                .orElse(0);
    }

    private Chart chart(Map<String, double[][]> lines) {
        double[] ends = {-1, 1};
        Chart chart = new Chart("Lines with outliers", "x");
        lines.forEach((name, fitted) ->
                chart.line(name, ends, new double[] {fitted[0][1] - fitted[0][0], fitted[0][1] + fitted[0][0]}));
        chart.dashed("truth", ends, new double[] {INTERCEPT - SLOPE, INTERCEPT + SLOPE});
        return chart.points("points", Averages.doubles(x), Averages.doubles(y));
    }
}
