package dev.fathom.labs.objectives;

import static dev.fathom.labs.pages.Findings.line;
import static java.util.Objects.requireNonNull;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Descent;
import dev.fathom.labs.training.ManyLinear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Classes that have an order, such as grades. A wrong answer that is far off has a larger squared earth-mover's
 * distance than a neighbor has, but the same cross-entropy. The class is a curved function of two features with noise,
 * cut into seven intervals.
 */
final class OrderedClasses {
    static final int CLASSES = 7;

    private static final int MIDDLE = 3;

    private static final int LEARN = 100;
    private static final int TEST = 500;
    private static final int HIDDEN = 64;
    private static final float NOISE = 0.7f;
    private static final Map<String, ReducedLoss> LOSSES = new LinkedHashMap<>();

    static {
        LOSSES.put("cross-entropy", Loss.crossEntropy());
        LOSSES.put("squared EMD", Loss.squaredEarthMover());
    }

    /**
     * What networks under one loss do on the test, as means over draws.
     *
     * @param accuracy the share of right answers
     * @param distance the mean number of classes between the answer and the truth
     * @param far the share of answers that are two or more classes away
     * @param emd the squared earth-mover's distance
     * @param crossEntropy the cross-entropy
     */
    record Score(double accuracy, double distance, double far, double emd, double crossEntropy) {}

    private OrderedClasses() {}

    private record Data(float[] x, int[] y) {
        static Data draw(int n, Rng rng) {
            float[] x = rng.normal(2 * n, 0, 1);
            float[] noise = rng.normal(n, 0, NOISE);
            int[] y = new int[n];
            for (int i = 0; i < n; i++) {
                double grade = 1.5 * Math.sin(1.5 * x[2 * i]) + x[2 * i + 1] + noise[i];
                y[i] = (int) Math.max(0, Math.min(CLASSES - 1, Math.round(grade + MIDDLE)));
            }
            return new Data(x, y);
        }
    }

    /** Trains under both losses, tells what came of it, and returns false where it was interrupted. */
    static boolean tell(Findings page, LabRun run) {
        int draws = run.of(100, 10);
        int steps = run.epochs(600, 300);
        Rng rng = new Rng(run.seed()).split("ordered");
        Data learn = Data.draw(draws * LEARN, rng);
        Data test = Data.draw(draws * TEST, rng);
        Map<String, Score> scores = new LinkedHashMap<>();
        for (Map.Entry<String, ReducedLoss> loss : LOSSES.entrySet()) {
            Score score = train(run, loss.getValue(), learn, test, draws, steps);
            if (score == null) {
                return false;
            }
            scores.put(loss.getKey(), score);
        }
        page.section("Ordered classes", "")
                .text(line(
                        "Seven classes stand in an order, like grades. If the truth is the first of four classes, "
                                + "the answers [0.5, 0.5, 0, 0] and [0.5, 0, "
                                + "0, 0.5] have the same cross-entropy, but squared earth-mover's distances of "
                                + "0.25 and 0.75: the squares of the "
                                + "differences between cumulative probabilities, summed. Networks 2-%d-%d learn "
                                + "%d noisy examples by %d steps of Adam under "
                                + "each loss, for %d draws; the table has means over %,d test examples of each.",
                        HIDDEN, CLASSES, LEARN, steps, draws, TEST))
                .table(
                        List.of("loss", "accuracy", "mean distance", "two or more off", "squared EMD", "cross-entropy"),
                        rows(scores));
        Score ce = requireNonNull(scores.get("cross-entropy"));
        Score emd = requireNonNull(scores.get("squared EMD"));
        page.figure(Figure.of("squared EMD, answers two or more classes off", "%", 100 * emd.far)
                        .baseline(100 * ce.far, "cross-entropy"))
                .figure(Figure.of("squared EMD, mean distance in classes", "", emd.distance)
                        .baseline(ce.distance, "cross-entropy"))
                .figure(Figure.of("squared EMD, squared EMD on the test", "", emd.emd)
                        .baseline(ce.emd, "cross-entropy"))
                .figure(Figure.of("squared EMD, accuracy", "%", 100 * emd.accuracy)
                        .baseline(100 * ce.accuracy, "cross-entropy"))
                .text(line(
                        "Under squared EMD %.1f %% of the answers are two or more classes off, and under "
                                + "cross-entropy %.1f %%; %.1f and %.1f %% are right.",
                        100 * emd.far, 100 * ce.far, 100 * emd.accuracy, 100 * ce.accuracy));
        return true;
    }

    private static List<List<String>> rows(Map<String, Score> scores) {
        List<List<String>> rows = new ArrayList<>();
        scores.forEach((name, s) -> rows.add(List.of(
                name,
                line("%.1f %%", 100 * s.accuracy),
                line("%.3f", s.distance),
                line("%.1f %%", 100 * s.far),
                line("%.4f", s.emd),
                line("%.3f", s.crossEntropy))));
        return rows;
    }

    private static @Nullable Score train(LabRun run, ReducedLoss loss, Data learn, Data test, int draws, int steps) {
        Sequential net =
                new Sequential(new ManyLinear(draws, 2, HIDDEN), Tensor::tanh, new ManyLinear(draws, HIDDEN, CLASSES));
        try (Model<Sequential> model = Model.of(net, run.seed())) {
            boolean whole = Descent.cosine(new Adam(0.03f), steps)
                    .run(
                            run,
                            model,
                            () -> loss.of(logits(net, learn, draws), Tensor.ofInts(learn.y, learn.y.length))
                                    .mul(draws));
            if (!whole) {
                return null;
            }
            try (Pass pass = Pass.infer()) {
                Tensor logits = logits(net, test, draws);
                Tensor truth = Tensor.ofInts(test.y, test.y.length);
                int[] answers = logits.argmax(-1).toIntArray();
                double right = 0;
                double distance = 0;
                double far = 0;
                for (int i = 0; i < answers.length; i++) {
                    int off = Math.abs(answers[i] - test.y[i]);
                    right += off == 0 ? 1 : 0;
                    distance += off;
                    far += off >= 2 ? 1 : 0;
                }
                int n = answers.length;
                return new Score(
                        right / n,
                        distance / n,
                        far / n,
                        Loss.squaredEarthMover().of(logits, truth).item(),
                        Loss.crossEntropy().of(logits, truth).item());
            }
        }
    }

    /** The logits of each network for the examples of its draw, as rows. */
    private static Tensor logits(Sequential net, Data data, int draws) {
        int n = data.y.length;
        return net.apply(Tensor.of(data.x, draws, n / draws, 2)).reshape(n, CLASSES);
    }
}
