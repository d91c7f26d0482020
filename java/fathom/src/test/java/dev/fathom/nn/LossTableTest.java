package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every loss against its formula in double precision: the value, the gradients of output and target by central differences of that
 * formula, and a frozen plan. A row is a line of {@link #rows}.
 */
class LossTableTest {
    private static final float[] CLASS_WEIGHTS = {0.5f, 2, 1, 0, 1.5f};

    /** The loss of output y and target t, both [rows, columns], or t [rows] where it holds class numbers. */
    private interface Formula {
        double of(double[] y, double[] t, int rows, int columns);
    }

    /** One number of y and t, to be averaged or summed. */
    private interface Each {
        double of(double y, double t);
    }

    private enum Target {
        NUMBERS,
        LABELS,
        PROBABILITIES
    }

    private record Row(String name, Loss loss, Target target, Formula formula) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Row each(String name, Loss loss, Target target, Each each) {
        return new Row(name, loss, target, (y, t, rows, columns) -> {
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += each.of(y[i], t[i]);
            }
            return loss.sums() ? sum : sum / y.length;
        });
    }

    private static double logistic(double x) {
        return Math.log1p(Math.exp(x));
    }

    private static Row crossEntropy(String name, double smoothing, float[] weights, Target target) {
        CrossEntropy loss = Loss.crossEntropy().labelSmoothing((float) smoothing);
        if (weights != null) {
            loss = loss.classWeights(weights);
        }
        double s = (float) smoothing;
        return new Row(name, loss, target, (y, t, rows, columns) -> {
            double sum = 0;
            double divisor = 0;
            for (int r = 0; r < rows; r++) {
                double z = 0;
                for (int c = 0; c < columns; c++) {
                    z += Math.exp(y[r * columns + c]);
                }
                for (int c = 0; c < columns; c++) {
                    double p = target == Target.LABELS ? t[r] == c ? 1 : 0 : t[r * columns + c];
                    double q = ((1 - s) * p + s / columns) * (weights == null ? 1 : weights[c]);
                    sum -= q * (y[r * columns + c] - Math.log(z));
                }
                divisor += target == Target.LABELS && weights != null ? weights[(int) t[r]] : 1;
            }
            return sum / divisor;
        });
    }

    private static List<Row> rows() {
        float[] p = {0.5f, 3, 1, 2, 0};
        Formula perColumn = (y, t, rows, columns) -> {
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += p[i % columns] * t[i] * logistic(-y[i]) + (1 - t[i]) * logistic(y[i]);
            }
            return sum / y.length;
        };
        return List.of(
                each("mse", Loss.mse(), Target.NUMBERS, (y, t) -> (y - t) * (y - t)),
                each("sse", Loss.sse(), Target.NUMBERS, (y, t) -> (y - t) * (y - t)),
                each("l1", Loss.l1(), Target.NUMBERS, (y, t) -> Math.abs(y - t)),
                each("huber(1)", Loss.huber(1), Target.NUMBERS, (y, t) -> huber(y - t, 1)),
                each("huber(0.3)", Loss.huber(0.3f), Target.NUMBERS, (y, t) -> huber(y - t, 0.3f)),
                each(
                        "bce",
                        Loss.bceWithLogits(),
                        Target.PROBABILITIES,
                        (y, t) -> t * logistic(-y) + (1 - t) * logistic(y)),
                each(
                        "bce, positives 2.5",
                        Loss.bceWithLogits().positiveWeight(2.5f),
                        Target.PROBABILITIES,
                        (y, t) -> 2.5 * t * logistic(-y) + (1 - t) * logistic(y)),
                new Row(
                        "bce, positives by column",
                        Loss.bceWithLogits().positiveWeight(p),
                        Target.PROBABILITIES,
                        perColumn),
                crossEntropy("labels", 0, null, Target.LABELS),
                crossEntropy("labels, smoothed", 0.1, null, Target.LABELS),
                crossEntropy("labels, weighted", 0, CLASS_WEIGHTS, Target.LABELS),
                crossEntropy("labels, smoothed and weighted", 0.3, CLASS_WEIGHTS, Target.LABELS),
                crossEntropy("labels, nothing but smoothing", 1, null, Target.LABELS),
                crossEntropy("probabilities", 0, null, Target.PROBABILITIES),
                crossEntropy("probabilities, smoothed", 0.1, null, Target.PROBABILITIES),
                crossEntropy("probabilities, weighted", 0, CLASS_WEIGHTS, Target.PROBABILITIES),
                crossEntropy("probabilities, smoothed and weighted", 0.3, CLASS_WEIGHTS, Target.PROBABILITIES));
    }

    private static double huber(double d, double delta) {
        return Math.abs(d) <= delta ? d * d / 2 : delta * (Math.abs(d) - delta / 2);
    }

    private static final int COLUMNS = 5;

    private static float[] output(int rows) {
        return new Rng(3).uniform(rows * COLUMNS, -4, 4);
    }

    private static float[] target(Row row, int rows) {
        return switch (row.target) {
            case NUMBERS -> new Rng(4).uniform(rows * COLUMNS, -4, 4);
            case PROBABILITIES -> new Rng(4).uniform(rows * COLUMNS, 0, 1);
            case LABELS -> {
                float[] labels = new float[rows];
                for (int i = 0; i < rows; i++) {
                    labels[i] = i * 7 % COLUMNS;
                }
                yield labels;
            }
        };
    }

    private static Tensor tensor(Row row, float[] target, int rows) {
        if (row.target != Target.LABELS) {
            return Tensor.of(target, rows, COLUMNS);
        }
        int[] labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            labels[i] = (int) target[i];
        }
        return Tensor.ofInts(labels, rows);
    }

    private static double[] doubles(float[] values) {
        double[] d = new double[values.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = values[i];
        }
        return d;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void valueAndGradientsAreTheFormulas(Row row) {
        for (int n : new int[] {1, 3, 16, 37}) {
            float[] y = output(n);
            float[] t = target(row, n);
            try (Pass pass = Pass.grad()) {
                Tensor output = pass.watch(Tensor.of(y, n, COLUMNS));
                Tensor target = tensor(row, t, n);
                if (row.target != Target.LABELS) {
                    target = pass.watch(target);
                }
                Tensor loss = row.loss.of(output, target);
                assertThat(loss.shape()).isEqualTo(Shape.SCALAR);
                double expected = row.formula.of(doubles(y), doubles(t), n, COLUMNS);
                assertThat((double) loss.item()).isCloseTo(expected, within(2e-6 * (1 + Math.abs(expected))));
                pass.backward(loss);
                assertGradient(row, n, pass.gradient(output).toArray(), true);
                if (row.target != Target.LABELS) {
                    assertGradient(row, n, pass.gradient(target).toArray(), false);
                }
            }
        }
    }

    private static void assertGradient(Row row, int n, float[] found, boolean ofOutput) {
        double[] y = doubles(output(n));
        double[] t = doubles(target(row, n));
        double[] x = ofOutput ? y : t;
        for (int i = 0; i < x.length; i++) {
            double at = x[i];
            x[i] = at + 1e-5;
            double above = row.formula.of(y, t, n, COLUMNS);
            x[i] = at - 1e-5;
            double below = row.formula.of(y, t, n, COLUMNS);
            x[i] = at;
            assertThat((double) found[i])
                    .as("%s: gradient of %s at %d of %d rows", row, ofOutput ? "output" : "target", i, n)
                    .isCloseTo((above - below) / 2e-5, within(1e-5));
        }
    }

    /** A loss freezes with a free batch, and its plan has the bits of the eager run. */
    @ParameterizedTest
    @MethodSource("rows")
    void aLossFreezes(Row row) {
        boolean labels = row.target == Target.LABELS;
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> row.loss.of(in[0], in[1]),
                        Spec.of("y", DType.F32, dev.fathom.plan.Dim.BATCH, COLUMNS),
                        labels
                                ? Spec.of("t", DType.I32, dev.fathom.plan.Dim.BATCH)
                                : Spec.of("t", DType.F32, dev.fathom.plan.Dim.BATCH, COLUMNS))) {
            for (int n : new int[] {1, 6, 33}) {
                float[] y = output(n);
                float[] t = target(row, n);
                try (Session session = plan.newSession(n);
                        Pass pass = Pass.infer()) {
                    session.inputBytes("y").asFloatBuffer().put(y);
                    ByteBuffer to = session.inputBytes("t");
                    for (int i = 0; i < t.length; i++) {
                        if (labels) {
                            to.putInt(4 * i, (int) t[i]);
                        } else {
                            to.putFloat(4 * i, t[i]);
                        }
                    }
                    session.run();
                    assertThat(session.outputBytes(0).getFloat(0))
                            .isEqualTo(row.loss
                                    .of(Tensor.of(y, n, COLUMNS), tensor(row, t, n))
                                    .item());
                }
            }
        }
    }

    @Test
    void onlySumsSum() {
        List<String> sums = new ArrayList<>();
        rows().stream().filter(r -> r.loss.sums()).forEach(r -> sums.add(r.name));
        assertThat(sums).containsExactly("sse");
    }

    /** Far from 0 logits neither overflow nor lose the small side, as the textbook's formulas would. */
    @Test
    void extremeLogits() {
        try (Pass pass = Pass.infer()) {
            Tensor far = Tensor.of(new float[] {1000, -1000, 1000, -1000}, 4, 1);
            Tensor t = Tensor.of(new float[] {1, 0, 0, 1}, 4, 1);
            assertThat(Loss.bceWithLogits().positiveWeight(3).of(far, t).item()).isEqualTo((0 + 0 + 1000 + 3000) / 4f);
            Tensor small = Tensor.of(new float[] {-20}, 1, 1);
            assertThat((double) Loss.bceWithLogits()
                            .positiveWeight(3)
                            .of(small, Tensor.zeros(1, 1))
                            .item())
                    .isCloseTo(Math.log1p(Math.exp(-20)), within(1e-15));
            Tensor logits = Tensor.of(new float[] {1000, -1000}, 1, 2);
            Tensor label = Tensor.ofInts(new int[] {0}, 1);
            assertThat(Loss.crossEntropy()
                            .labelSmoothing(0.1f)
                            .of(logits, label)
                            .item())
                    .isEqualTo(100);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.zeros(2, 3);
            for (String name : List.of("mse", "sse", "l1", "huber")) {
                Loss loss = switch (name) {
                    case "mse" -> Loss.mse();
                    case "sse" -> Loss.sse();
                    case "l1" -> Loss.l1();
                    default -> Loss.huber(1);
                };
                assertThatThrownBy(() -> loss.of(y, Tensor.zeros(2)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(
                                name + ": output [2, 3] and target [2] differ; reshape one, so that each output has "
                                        + "its target");
            }
            assertThatThrownBy(() -> Loss.huber(0)).hasMessage("huber: delta=0.0 must be above 0 and finite");
            assertThatThrownBy(() -> Loss.bceWithLogits().positiveWeight(1, 2).of(y, y))
                    .hasMessage(
                            "bceWithLogits: output [2, 3] and 2 positive weights disagree; give one weight, or one for "
                                    + "each column of the last dimension");
            assertThatThrownBy(() -> Loss.bceWithLogits().positiveWeight(1, -2))
                    .hasMessage("bceWithLogits: positiveWeight 1 is -2.0; it must be 0 or more and finite");
            assertThatThrownBy(() -> Loss.crossEntropy().classWeights(0, 0))
                    .hasMessage("crossEntropy: weights: none is above 0");
            assertThatThrownBy(() -> Loss.crossEntropy().classWeights(1, Float.NaN))
                    .hasMessage("crossEntropy: weight 1 is NaN; it must be 0 or more and finite");
            assertThatThrownBy(() -> Loss.crossEntropy().labelSmoothing(1.5f))
                    .hasMessage("crossEntropy: smoothing=1.5 must be in [0, 1]");
            assertThatThrownBy(() -> Loss.crossEntropy().classWeights(1, 2).of(y, Tensor.ofInts(new int[2], 2)))
                    .hasMessage(
                            "cross_entropy: logits [2, 3] and weights [2] disagree: logits.dim(1)=3 but there are 2 "
                                    + "weights; give one weight a class");
            assertThatThrownBy(() -> Loss.crossEntropy().classWeights(1, 2).of(y, Tensor.zeros(2, 3)))
                    .hasMessage(
                            "cross_entropy: logits [2, 3] and weights [2] disagree: logits.dim(1)=3 but there are 2 "
                                    + "weights; give one weight a class");
            assertThatThrownBy(() -> Loss.crossEntropy().of(y, Tensor.zeros(3, 2)))
                    .hasMessage(
                            "cross_entropy: logits [2, 3] and probabilities [3, 2] must have one shape [.., classes], and "
                                    + "not an empty one; for class numbers use Tensor.ofInts");
        }
    }

    /** The setters make another loss and leave the first as it was, and so do the arrays they were given. */
    @Test
    void lossesAreImmutable() {
        float[] weights = {1, 2, 3};
        CrossEntropy plain = Loss.crossEntropy();
        CrossEntropy weighted = plain.classWeights(weights);
        Arrays.fill(weights, Float.NaN);
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.of(new float[] {1, 2, 4}, 1, 3);
            Tensor label = Tensor.ofInts(new int[] {1}, 1);
            float loss = plain.of(y, label).item();
            assertThat(weighted.of(y, label).item())
                    .as("one row: its weight divides out")
                    .isEqualTo(loss);
            assertThat(weighted.labelSmoothing(0.5f).of(y, label).item()).isNotEqualTo(loss);
            assertThat(plain.of(y, label).item()).isEqualTo(loss);
        }
    }
}
