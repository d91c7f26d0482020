package dev.fathom.labs.objectives;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.experiments.training.ManyLinear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Classes that have an order, such as grades. A wrong answer that is far off has a larger squared earth-mover's
 * distance than a neighbor has, but the same cross-entropy. The class is a curved function of two features with noise,
 * cut into seven intervals.
 */
final class OrderedClasses {
    private static final int CLASSES = 7;
    private static final int MIDDLE = 3;
    private static final int LEARN = 100;
    private static final int TEST = 500;
    private static final int HIDDEN = 64;
    private static final float NOISE = 0.7f;

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

        /** The logits of each network for the examples of its draw, as rows. */
        Tensor logits(Sequential net, int draws) {
            return net.apply(Tensor.of(x, draws, y.length / draws, 2)).reshape(y.length, CLASSES);
        }

        Tensor truth() {
            return Tensor.ofInts(y, y.length);
        }
    }

    /** Trains networks under both losses, and puts what they do on the test into a table, as means over draws. */
    static void add(Lab lab) {
        int draws = lab.of(100, 10);
        int steps = lab.epochs(600, 300);
        Rng rng = lab.rng("ordered");
        Data learn = Data.draw(draws * LEARN, rng);
        Data test = Data.draw(draws * TEST, rng);
        lab.section("Ordered classes")
                .put("hidden", HIDDEN)
                .put("classes", CLASSES)
                .put("learn", LEARN);
        lab.put("steps", steps).put("draws", draws).put("test", TEST);
        Table table = lab.table("ordered", "loss");
        for (ReducedLoss loss : new ReducedLoss[] {Loss.crossEntropy(), Loss.squaredEarthMover()}) {
            Sequential net = new Sequential(
                    new ManyLinear(draws, 2, HIDDEN), Tensor::tanh, new ManyLinear(draws, HIDDEN, CLASSES));
            try (Model<Sequential> model = Model.of(net, lab.seed())) {
                Supplier<Tensor> error =
                        () -> loss.of(learn.logits(net, draws), learn.truth()).mul(draws);
                Descent.adam(0.03f, steps).run(lab, model, error);
                try (Pass pass = Pass.infer()) {
                    Tensor logits = test.logits(net, draws);
                    int[] answers = logits.argmax(-1).toIntArray();
                    int[] off = IntStream.range(0, answers.length)
                            .map(i -> Math.abs(answers[i] - test.y[i]))
                            .toArray();
                    double distance = Averages.mean(Averages.doubles(off));
                    float squared =
                            Loss.squaredEarthMover().of(logits, test.truth()).item();
                    float entropy = Loss.crossEntropy().of(logits, test.truth()).item();
                    Table.Row row = table.row(table.rows().isEmpty() ? "cross-entropy" : "squared EMD");
                    put(table, row, "accuracy", "%.1f %%", 100 * share(off, 0, 0));
                    put(table, row, "mean distance in classes", "%.3f", distance);
                    put(table, row, "answers two or more classes off", "%.1f %%", 100 * share(off, 2, CLASSES));
                    put(table, row, "squared EMD on the test", "%.4f", squared);
                    put(table, row, "cross-entropy on the test", "%.3f", entropy);
                }
            }
        }
    }

    /** The share of numbers that lie within limits. */
    private static double share(int[] numbers, int from, int to) {
        return IntStream.of(numbers).filter(v -> v >= from && v <= to).count() / (double) numbers.length;
    }

    private static void put(Table table, Table.Row row, String column, String format, double value) {
        Table.Row first = table.rows().get(0);
        row.put(column, format, value);
        if (row != first) {
            row.baseline(first.get(column), "cross-entropy");
        }
    }
}
