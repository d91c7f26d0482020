package dev.fathom.labs.objectives;

import static dev.fathom.labs.pages.Findings.line;
import static java.util.Objects.requireNonNull;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Descent;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Predicted travel times where a minute too late costs nine times as much as a minute too early. A trip of x hundred
 * kilometers takes 1 + 2 x + (0.2 + 0.6 x) E ten minutes with exponential E, so that its quantiles are lines too, and
 * the best prediction is known.
 */
final class LateAndEarly {
    /** The cost of a minute by which a trip takes longer than predicted. */
    static final double LATE = 9;
    /** The cost of a minute by which it takes less. */
    static final double EARLY = 1;
    /** The quantile that costs least. */
    static final double LEVEL = LATE / (LATE + EARLY);

    private static final Map<String, ReducedLoss> LOSSES = new LinkedHashMap<>();

    static {
        LOSSES.put("L2", Loss.mse());
        LOSSES.put("L1", Loss.l1());
        LOSSES.put("quantile 0.9", Loss.quantile((float) LEVEL));
        LOSSES.put("asymmetric Huber", Loss.asymmetricHuber(0.1f, (float) EARLY, (float) LATE));
    }

    /**
     * How a prediction a + b x does on the test: its mean cost, the share of trips that are late, and the mean minutes
     * that it is too early.
     */
    record Score(double a, double b, double cost, double late, double early) {}

    private LateAndEarly() {}

    private static float[][] draw(int n, Rng rng) {
        float[] x = rng.uniform(n, 0, 1);
        double[] u = rng.doubles(n);
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            y[i] = (float) (1 + 2 * x[i] - (0.2 + 0.6 * x[i]) * Math.log1p(-u[i]));
        }
        return new float[][] {x, y};
    }

    static Score score(double a, double b, float[][] test) {
        double cost = 0;
        double late = 0;
        double early = 0;
        int n = test[0].length;
        for (int i = 0; i < n; i++) {
            double minutes = 10 * (test[1][i] - a - b * test[0][i]);
            cost += minutes > 0 ? LATE * minutes : -EARLY * minutes;
            late += minutes > 0 ? 1 : 0;
            early += minutes > 0 ? 0 : -minutes;
        }
        return new Score(a, b, cost / n, late / n, early / n);
    }

    /** Fits a line under each loss, tells what came of it, and returns false where it was interrupted. */
    static boolean tell(Findings page, LabRun run) {
        int n = run.of(20_000, 2000);
        int steps = run.epochs(2000, 600);
        Rng rng = new Rng(run.seed()).split("late");
        float[][] learn = draw(n, rng);
        float[][] test = draw(20_000, rng);
        Map<String, Score> scores = new LinkedHashMap<>();
        for (Map.Entry<String, ReducedLoss> loss : LOSSES.entrySet()) {
            Linear net = new Linear(1, 1);
            try (Model<Linear> model = Model.of(net, run.seed())) {
                boolean whole = Descent.cosine(new Adam(0.1f), steps)
                        .run(
                                run,
                                model,
                                () -> loss.getValue()
                                        .of(net.apply(Tensor.of(learn[0], n, 1)), Tensor.of(learn[1], n, 1)));
                if (!whole) {
                    return false;
                }
                try (Pass pass = Pass.infer()) {
                    float[] ends =
                            net.apply(Tensor.of(new float[] {0, 1}, 2, 1)).toArray();
                    scores.put(loss.getKey(), score(ends[0], ends[1] - ends[0], test));
                }
            }
        }
        double tail = -Math.log1p(-LEVEL);
        Score best = score(1 + 0.2 * tail, 2 + 0.6 * tail, test);
        List<List<String>> rows = new ArrayList<>();
        scores.forEach((name, s) -> rows.add(row(name, s)));
        rows.add(row("true quantile 0.9", best));
        page.section("Late and early", "")
                .text(line(
                        "Travel times are to be predicted from a distance x. A minute by which a trip takes "
                                + "longer than predicted costs %.0f, a minute by "
                                + "which it takes less costs %.0f. The prediction of least cost is then the "
                                + "quantile %.0f / (%.0f + %.0f) = %.1f of the "
                                + "times, which the quantile loss looks for. The times are 1 + 2 x + (0.2 + 0.6 "
                                + "x) E in units of ten minutes with "
                                + "exponential E, so that this quantile is a known line. A linear layer learns "
                                + "from %,d trips under each loss; the test has "
                                + "20,000.",
                        LATE, EARLY, LATE, LATE, EARLY, LEVEL, n))
                .table(List.of("loss", "prediction", "mean cost", "late", "mean minutes early"), rows);
        scores.forEach((name, s) -> {
            Figure figure = Figure.of(name + ", mean cost of late and early predictions", "", s.cost)
                    .baseline(best.cost, "the true quantile");
            page.figure(figure);
        });
        Score l2 = requireNonNull(scores.get("L2"));
        Score l1 = requireNonNull(scores.get("L1"));
        Score quantile = requireNonNull(scores.get("quantile 0.9"));
        Score huber = requireNonNull(scores.get("asymmetric Huber"));
        page.figure(Figure.of("quantile 0.9, trips that take longer than predicted", "%", 100 * quantile.late)
                        .baseline(10, "derived"))
                .text(line(
                        "A trip costs %.2f under the quantile loss and %.2f under asymmetric Huber, against %.2f "
                                + "for the true quantile. L2 and L1, which "
                                + "predict the mean and the median, are late in %.0f and %.0f %% of the trips, "
                                + "and cost %.2f and %.2f.",
                        quantile.cost, huber.cost, best.cost, 100 * l2.late, 100 * l1.late, l2.cost, l1.cost))
                .picture("late-and-early.png", "Times of 200 trips, and the predictions under each loss", () -> {
                    Chart chart = new Chart("Ten minutes by hundred kilometers", "x");
                    double[] ends = {0, 1};
                    scores.forEach((name, s) -> chart.line(name, ends, new double[] {s.a, s.a + s.b}));
                    double[] px =
                            IntStream.range(0, 200).mapToDouble(i -> test[0][i]).toArray();
                    double[] py =
                            IntStream.range(0, 200).mapToDouble(i -> test[1][i]).toArray();
                    return chart.points("trips", px, py).render();
                });
        return true;
    }

    private static List<String> row(String name, Score s) {
        return List.of(
                name,
                line("%.2f + %.2f x", s.a, s.b),
                line("%.3f", s.cost),
                line("%.1f %%", 100 * s.late),
                line("%.2f", s.early));
    }
}
