package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
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
 * Every loss against its formula in double precision: the value, the gradients of output and target by central
 * differences of that formula, and a frozen plan; and what {@link ReducedLoss} makes of the values. A row is a line of
 * {@link #rows}.
 */
class LossTableTest {
    private static final float[] CLASS_WEIGHTS = {0.5f, 2, 1, 0, 1.5f};
    private static final int COLUMNS = 5;

    /** The loss of output y and target t, which have so many rows. */
    private interface Formula {
        double of(double[] y, double[] t, int rows);
    }

    /** A number of one element, or of one row of output and target. */
    private interface Each {
        double of(double y, double t);
    }

    private interface OfRow {
        double of(double[] y, double[] t);
    }

    /** What is in an output or a target, and its dimensions after the rows. */
    private enum Kind {
        NUMBERS(COLUMNS),
        LABELS,
        SHARES(COLUMNS),
        PROBABILITIES(COLUMNS),
        LOG_PROBABILITIES(COLUMNS),
        SIGNS(COLUMNS),
        COUNTS(COLUMNS),
        RATES(COLUMNS),
        BUT_ONE(COLUMNS - 1),
        MEANS_AND_VARIANCES(2 * COLUMNS),
        PAIRS(2, COLUMNS),
        SIGN,
        SHARE;

        private final int[] rest;

        Kind(int... rest) {
            this.rest = rest;
        }

        int[] dims(int rows) {
            int[] dims = new int[1 + rest.length];
            dims[0] = rows;
            System.arraycopy(rest, 0, dims, 1, rest.length);
            return dims;
        }

        boolean whole() {
            return this == LABELS;
        }

        float[] values(int rows, long seed) {
            int n = (int) Shape.of(dims(rows)).size();
            float[] numbers = new Rng(seed).uniform(n, -4, 4);
            float[] shares = new Rng(seed).uniform(n, 0.05f, 0.95f);
            for (int i = 0; i < n; i++) {
                numbers[i] = switch (this) {
                    case NUMBERS, BUT_ONE, PAIRS -> numbers[i];
                    case LABELS -> i * 7 % COLUMNS;
                    case SHARES, SHARE -> shares[i];
                    case PROBABILITIES, LOG_PROBABILITIES -> {
                        float sum = 0;
                        for (int c = 0; c < COLUMNS; c++) {
                            sum += shares[i / COLUMNS * COLUMNS + c];
                        }
                        yield this == PROBABILITIES ? shares[i] / sum : (float) Math.log(shares[i] / sum);
                    }
                    case SIGNS, SIGN -> shares[i] < 0.4f ? 1 : -1;
                    case COUNTS -> Math.abs(numbers[i]);
                    case RATES -> 3 * shares[i];
                    case MEANS_AND_VARIANCES -> i / COLUMNS % 2 == 0 ? numbers[i] : 2 * shares[i];
                };
            }
            return numbers;
        }

        Tensor tensor(float[] values, int rows) {
            if (!whole()) {
                return Tensor.of(values, dims(rows));
            }
            int[] labels = new int[rows];
            for (int i = 0; i < rows; i++) {
                labels[i] = (int) values[i];
            }
            return Tensor.ofInts(labels, rows);
        }

        Spec spec(String name) {
            int[] dims = dims(1);
            dims[0] = Dim.BATCH;
            return Spec.of(name, whole() ? DType.I32 : DType.F32, dims);
        }
    }

    private record Row(String name, Loss loss, Kind output, Kind target, Formula formula) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Row row(String name, Loss loss, Kind output, Kind target, Formula formula) {
        return new Row(name, loss, output, target, formula);
    }

    /** The mean or the sum of a number of each element. */
    private static Row each(String name, Loss loss, Kind output, Kind target, Each each) {
        return row(name, loss, output, target, (y, t, rows) -> {
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += each.of(y[i], t[i]);
            }
            return loss.sums() ? sum : sum / y.length;
        });
    }

    /** The mean of a number of each row. */
    private static Row ofRows(String name, Loss loss, Kind output, Kind target, OfRow value) {
        return row(name, loss, output, target, (y, t, rows) -> {
            double sum = 0;
            for (int r = 0; r < rows; r++) {
                sum += value.of(part(y, r, rows), part(t, r, rows));
            }
            return sum / rows;
        });
    }

    private static double[] part(double[] x, int part, int parts) {
        int n = x.length / parts;
        return Arrays.copyOfRange(x, part * n, (part + 1) * n);
    }

    private static double logistic(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    private static double logSumExp(double[] x) {
        double sum = 0;
        for (double v : x) {
            sum += Math.exp(v);
        }
        return Math.log(sum);
    }

    private static double[] softmax(double[] x) {
        double z = logSumExp(x);
        return Arrays.stream(x).map(v -> Math.exp(v - z)).toArray();
    }

    private static double[] times(double[] x, double factor) {
        return Arrays.stream(x).map(v -> v * factor).toArray();
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double cos(double[] a, double[] b) {
        return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    private static double divergence(double[] p, double[] q) {
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            sum += p[i] * Math.log(p[i] / q[i]);
        }
        return sum;
    }

    private static Row crossEntropy(String name, double smoothing, float[] weights, Kind target) {
        CrossEntropy loss = Loss.crossEntropy().labelSmoothing((float) smoothing);
        return crossEntropy(
                name,
                weights == null ? loss : loss.classWeights(weights),
                Kind.NUMBERS,
                target,
                smoothing,
                weights,
                -1,
                0);
    }

    /** Rows of this label do not count; gamma is that of the focal loss. */
    private static Row crossEntropy(
            String name,
            Loss loss,
            Kind output,
            Kind target,
            double smoothing,
            float[] weights,
            int ignored,
            double gamma) {
        double s = (float) smoothing;
        return row(name, loss, output, target, (y, t, rows) -> {
            double sum = 0;
            double divisor = 0;
            for (int r = 0; r < rows; r++) {
                if (target == Kind.LABELS && t[r] == ignored) {
                    continue;
                }
                double[] x = part(y, r, rows);
                if (output == Kind.BUT_ONE) {
                    x = Arrays.copyOf(x, COLUMNS);
                }
                double z = output == Kind.LOG_PROBABILITIES ? 0 : logSumExp(x);
                for (int c = 0; c < COLUMNS; c++) {
                    double p = target == Kind.LABELS ? t[r] == c ? 1 : 0 : t[r * COLUMNS + c];
                    double q = ((1 - s) * p + s / COLUMNS) * (weights == null ? 1 : weights[c]);
                    sum -= q * (x[c] - z) * Math.pow(1 - Math.exp(x[c] - z), gamma);
                }
                divisor += target == Kind.LABELS && weights != null ? weights[(int) t[r]] : 1;
            }
            return sum / divisor;
        });
    }

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        Kind numbers = Kind.NUMBERS;
        Kind labels = Kind.LABELS;
        rows.add(each("mse", Loss.mse(), numbers, numbers, (y, t) -> (y - t) * (y - t)));
        rows.add(each("sse", Loss.sse(), numbers, numbers, (y, t) -> (y - t) * (y - t)));
        rows.add(row("rmse", Loss.rmse(), numbers, numbers, (y, t, n) -> distance(y, t) / Math.sqrt(y.length)));
        rows.add(each("l1", Loss.l1(), numbers, numbers, (y, t) -> Math.abs(y - t)));
        rows.add(each("huber(1)", Loss.huber(1), numbers, numbers, (y, t) -> huber(y - t, 1)));
        rows.add(each("huber(0.3)", Loss.huber(0.3f), numbers, numbers, (y, t) -> huber(y - t, 0.3f)));
        rows.add(each(
                "asymmetricHuber(0.5, 3, 0.25)",
                Loss.asymmetricHuber(0.5f, 3, 0.25f),
                numbers,
                numbers,
                (y, t) -> huber(y - t, 0.5) * (y > t ? 3 : 0.25)));
        rows.add(each("logCosh", Loss.logCosh(), numbers, numbers, (y, t) -> Math.log(Math.cosh(y - t))));
        rows.add(each(
                "quantile(0.9)",
                Loss.quantile(0.9f),
                numbers,
                numbers,
                (y, t) -> t > y ? 0.9f * (t - y) : (1 - 0.9f) * (y - t)));
        rows.add(each("poissonNll", Loss.poissonNll(false), numbers, Kind.COUNTS, (y, t) -> Math.exp(y) - t * y));
        rows.add(each(
                "poissonNll, full",
                Loss.poissonNll(true),
                numbers,
                Kind.COUNTS,
                (y, t) -> Math.exp(y) - t * y + stirling(t)));
        rows.add(each(
                "poissonNllOfRates",
                Loss.poissonNllOfRates(true),
                Kind.RATES,
                Kind.COUNTS,
                (y, t) -> y - t * Math.log(y + 1e-8) + stirling(t)));
        for (boolean full : new boolean[] {false, true}) {
            rows.add(row(
                    "gaussianNll " + full, Loss.gaussianNll(full), Kind.MEANS_AND_VARIANCES, numbers, (y, t, n) -> {
                        double sum = 0;
                        for (int i = 0; i < t.length; i++) {
                            int m = i / COLUMNS * 2 * COLUMNS + i % COLUMNS;
                            double v = y[m + COLUMNS];
                            sum += Math.log(v * (full ? 2 * Math.PI : 1)) / 2 + (t[i] - y[m]) * (t[i] - y[m]) / v / 2;
                        }
                        return sum / t.length;
                    }));
        }
        // two classes
        Kind shares = Kind.SHARES;
        rows.add(
                each("bce", Loss.bceWithLogits(), numbers, shares, (y, t) -> t * logistic(-y) + (1 - t) * logistic(y)));
        rows.add(each(
                "bce, positives 2.5",
                Loss.bceWithLogits().positiveWeight(2.5f),
                numbers,
                shares,
                (y, t) -> 2.5 * t * logistic(-y) + (1 - t) * logistic(y)));
        float[] p = {0.5f, 3, 1, 2, 0};
        rows.add(row("bce, positives by column", Loss.bceWithLogits().positiveWeight(p), numbers, shares, (y, t, n) -> {
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += p[i % COLUMNS] * t[i] * logistic(-y[i]) + (1 - t[i]) * logistic(y[i]);
            }
            return sum / y.length;
        }));
        rows.add(each("bce, focal", Loss.bceWithLogits().focal(2), numbers, shares, (y, t) -> {
            double s = 1 / (1 + Math.exp(-y));
            return (t * logistic(-y) + (1 - t) * logistic(y)) * Math.pow(1 - t * s - (1 - t) * (1 - s), 2);
        }));
        rows.add(each(
                "bce of probabilities",
                Loss.bce(),
                shares,
                shares,
                (y, t) -> -t * Math.log(y) - (1 - t) * Math.log(1 - y)));
        Kind signs = Kind.SIGNS;
        rows.add(each("logistic", Loss.logistic(), numbers, signs, (y, t) -> logistic(-t * y)));
        rows.add(each("hinge", Loss.hinge(), numbers, signs, (y, t) -> Math.max(0, 1 - t * y)));
        rows.add(each("perceptron", Loss.perceptron(), numbers, signs, (y, t) -> Math.max(0, -t * y)));
        rows.add(each("wasserstein", Loss.wasserstein(), numbers, signs, (y, t) -> -t * y));
        // classes
        Kind probabilities = Kind.PROBABILITIES;
        float[] w = CLASS_WEIGHTS;
        rows.add(crossEntropy("labels", 0, null, labels));
        rows.add(crossEntropy("labels, smoothed", 0.1, null, labels));
        rows.add(crossEntropy("labels, weighted", 0, w, labels));
        rows.add(crossEntropy("labels, smoothed and weighted", 0.3, w, labels));
        rows.add(crossEntropy("labels, nothing but smoothing", 1, null, labels));
        rows.add(crossEntropy("probabilities", 0, null, probabilities));
        rows.add(crossEntropy("probabilities, smoothed", 0.1, null, probabilities));
        rows.add(crossEntropy("probabilities, weighted", 0, w, probabilities));
        rows.add(crossEntropy("probabilities, smoothed and weighted", 0.3, w, probabilities));
        CrossEntropy ce = Loss.crossEntropy();
        rows.add(crossEntropy("ignored", ce.ignoreIndex(2), numbers, labels, 0, null, 2, 0));
        rows.add(crossEntropy(
                "ignored, smoothed and weighted",
                ce.ignoreIndex(2).labelSmoothing(0.2f).classWeights(w),
                numbers,
                labels,
                0.2,
                w,
                2,
                0));
        rows.add(crossEntropy("focal(2)", ce.focal(2), numbers, labels, 0, null, -1, 2));
        rows.add(crossEntropy(
                "focal(0.5), weighted, ignored",
                ce.focal(0.5f).classWeights(w).ignoreIndex(1),
                numbers,
                labels,
                0,
                w,
                1,
                0.5));
        rows.add(crossEntropy("focal(1), probabilities", ce.focal(1), numbers, probabilities, 0, null, -1, 1));
        CrossEntropy baseline = Loss.crossEntropyWithBaseline();
        rows.add(crossEntropy("baseline", baseline, Kind.BUT_ONE, labels, 0, null, -1, 0));
        rows.add(crossEntropy("baseline, focal", baseline.focal(2), Kind.BUT_ONE, labels, 0, null, -1, 2));
        rows.add(crossEntropy("baseline, probabilities", baseline, Kind.BUT_ONE, probabilities, 0, null, -1, 0));
        rows.add(crossEntropy("nll", Loss.nll(), Kind.LOG_PROBABILITIES, labels, 0, null, -1, 0));
        rows.add(
                crossEntropy("nll, weighted", Loss.nll().classWeights(w), Kind.LOG_PROBABILITIES, labels, 0, w, -1, 0));
        rows.add(ofRows("oneVsRest", Loss.oneVsRest(), numbers, labels, (y, t) -> {
            double sum = 0;
            for (int c = 0; c < COLUMNS; c++) {
                sum += logistic(c == t[0] ? -y[c] : y[c]);
            }
            return sum;
        }));
        for (int power = 1; power <= 2; power++) {
            int e = power;
            rows.add(ofRows("multiMargin " + e, Loss.multiMargin(e, 0.75f), numbers, labels, (y, t) -> {
                double sum = 0;
                for (int c = 0; c < COLUMNS; c++) {
                    sum += c == t[0] ? 0 : Math.pow(Math.max(0, 0.75 - y[(int) t[0]] + y[c]), e);
                }
                return sum / COLUMNS;
            }));
        }
        rows.add(ofRows("crammerSinger", Loss.crammerSinger(0.75f), numbers, labels, (y, t) -> {
            double worst = 0;
            for (int c = 0; c < COLUMNS; c++) {
                worst = c == t[0] ? worst : Math.max(worst, 0.75 + y[c] - y[(int) t[0]]);
            }
            return worst;
        }));
        OfRow mover = (y, t) -> {
            double[] q = softmax(y);
            double sum = 0;
            double gap = 0;
            for (int c = 0; c < COLUMNS; c++) {
                gap += q[c] - (t.length == 1 ? t[0] == c ? 1 : 0 : t[c]);
                sum += gap * gap;
            }
            return sum;
        };
        rows.add(ofRows("squaredEarthMover", Loss.squaredEarthMover(), numbers, labels, mover));
        rows.add(ofRows("squaredEarthMover, probabilities", Loss.squaredEarthMover(), numbers, probabilities, mover));
        // distributions
        rows.add(ofRows(
                "kl",
                Loss.kl(),
                Kind.LOG_PROBABILITIES,
                probabilities,
                (y, t) -> divergence(t, Arrays.stream(y).map(Math::exp).toArray())));
        rows.add(ofRows("js", Loss.js(), probabilities, probabilities, (y, t) -> {
            double[] m = new double[COLUMNS];
            Arrays.setAll(m, i -> (y[i] + t[i]) / 2);
            return (divergence(y, m) + divergence(t, m)) / 2;
        }));
        rows.add(ofRows(
                "distillation(2)",
                Loss.distillation(2),
                numbers,
                numbers,
                (y, t) -> 4 * divergence(softmax(times(t, 0.5)), softmax(times(y, 0.5)))));
        // embeddings
        rows.add(ofRows("cosineEmbedding", Loss.cosineEmbedding(0.1f), Kind.PAIRS, Kind.SIGN, (y, t) -> {
            double cos = cos(part(y, 0, 2), part(y, 1, 2));
            return t[0] > 0 ? 1 - cos : Math.max(0, cos - 0.1f);
        }));
        rows.add(ofRows("contrastive", Loss.contrastive(6), Kind.PAIRS, Kind.SHARE, (y, t) -> {
            double d = distance(part(y, 0, 2), part(y, 1, 2));
            return (t[0] * d * d + (1 - t[0]) * Math.pow(Math.max(0, 6 - d), 2)) / 2;
        }));
        rows.add(row("infoNce", Loss.infoNce(0.5f), numbers, numbers, (y, t, n) -> {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                double[] scores = new double[n];
                for (int j = 0; j < n; j++) {
                    scores[j] = cos(part(y, i, n), part(t, j, n)) / 0.5;
                }
                sum += logSumExp(scores) - scores[i];
            }
            return sum / n;
        }));
        return rows;
    }

    private static double huber(double d, double delta) {
        return Math.abs(d) <= delta ? d * d / 2 : delta * (Math.abs(d) - delta / 2);
    }

    private static double stirling(double t) {
        return t > 1 ? t * Math.log(t) - t + Math.log(2 * Math.PI * t) / 2 : 0;
    }

    private static float[] output(Row row, int rows) {
        return row.output.values(rows, 3);
    }

    private static float[] target(Row row, int rows) {
        return row.target.values(rows, 4);
    }

    private static double[] doubles(float[] values) {
        double[] d = new double[values.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = values[i];
        }
        return d;
    }

    /** A sign or a class has no neighbors. */
    private static boolean discrete(Row row) {
        return List.of(Kind.LABELS, Kind.SIGNS, Kind.SIGN).contains(row.target);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void valueAndGradientsAreTheFormulas(Row row) {
        for (int n : new int[] {1, 3, 16, 37}) {
            float[] y = output(row, n);
            float[] t = target(row, n);
            try (Pass pass = Pass.grad()) {
                Tensor output = pass.watch(row.output.tensor(y, n));
                Tensor target = row.target.tensor(t, n);
                if (!discrete(row)) {
                    target = pass.watch(target);
                }
                Tensor loss = row.loss.of(output, target);
                assertThat(loss.shape()).isEqualTo(Shape.SCALAR);
                double expected = row.formula.of(doubles(y), doubles(t), n);
                assertThat((double) loss.item()).isCloseTo(expected, within(2e-6 * (1 + Math.abs(expected))));
                pass.backward(loss);
                assertGradient(row, n, pass.gradient(output).toArray(), true);
                if (!discrete(row)) {
                    assertGradient(row, n, pass.gradient(target).toArray(), false);
                }
            }
        }
    }

    private static void assertGradient(Row row, int n, float[] found, boolean ofOutput) {
        double[] y = doubles(output(row, n));
        double[] t = doubles(target(row, n));
        double[] x = ofOutput ? y : t;
        for (int i = 0; i < x.length; i++) {
            double at = x[i];
            x[i] = at + 1e-5;
            double above = row.formula.of(y, t, n);
            x[i] = at - 1e-5;
            double below = row.formula.of(y, t, n);
            x[i] = at;
            double slope = (above - below) / 2e-5;
            assertThat((double) found[i])
                    .as("%s: gradient of %s at %d of %d rows", row, ofOutput ? "output" : "target", i, n)
                    .isCloseTo(slope, within(1e-5 * (1 + Math.abs(slope))));
        }
    }

    /**
     * The mean and the sum are those of the values, and weights count as they say, one for each example or one for each
     * value.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void valuesAreReducedInOnePlace(Row row) {
        if (!(row.loss instanceof ReducedLoss loss)) {
            return;
        }
        int n = 6;
        float[] w = {1, 0, 2.5f, 0.5f, 1, 3};
        try (Pass pass = Pass.infer()) {
            Tensor y = row.output.tensor(output(row, n), n);
            Tensor t = row.target.tensor(target(row, n), n);
            Tensor values = loss.each(y, t);
            float[] all = values.toArray();
            double sum = 0;
            double weighted = 0;
            for (int i = 0; i < all.length; i++) {
                sum += all[i];
                weighted += w[i / (all.length / n)] * all[i];
            }
            assertThat(values.dim(0)).isEqualTo(n);
            assertThat(loss.sum().sums()).isTrue();
            assertThat((double) loss.sum().of(y, t).item()).isCloseTo(sum, within(1e-5 * (1 + Math.abs(sum))));
            Tensor weights = Tensor.of(w, n);
            assertThat((double) loss.sum().of(y, t, weights).item())
                    .isCloseTo(weighted, within(1e-5 * (1 + Math.abs(weighted))));
            // the mean of as many copies of each row as its weight says
            int[] copies = {0, 0, 2, 2, 2, 2, 2, 3, 4, 4, 5, 5, 5, 5, 5, 5};
            Tensor index = Tensor.ofInts(copies, copies.length);
            if (!row.name.equals("infoNce") && !loss.sums()) { // whose rows depend on each other
                float of = loss.of(y, t, weights).item();
                assertThat(loss.of(y.take(0, index), taken(row, copies, n)).item())
                        .isCloseTo(of, within(2e-6f * (1 + Math.abs(of))));
            }
        }
    }

    private static Tensor taken(Row row, int[] index, int n) {
        float[] t = target(row, n);
        int width = t.length / n;
        float[] taken = new float[index.length * width];
        for (int i = 0; i < index.length; i++) {
            System.arraycopy(t, index[i] * width, taken, i * width, width);
        }
        return row.target.tensor(taken, index.length);
    }

    /** A loss freezes with a free batch, and its plan has the bits of the eager run. */
    @ParameterizedTest
    @MethodSource("rows")
    void aLossFreezes(Row row) {
        if (row.name.equals("infoNce")) {
            return; // scores of all pairs have the batch twice
        }
        try (var model = Model.of(new Sequential(), 1);
                Plan plan = Plan.freeze(
                        model, (net, in) -> row.loss.of(in[0], in[1]), row.output.spec("y"), row.target.spec("t"))) {
            for (int n : new int[] {1, 6, 33}) {
                float[] y = output(row, n);
                float[] t = target(row, n);
                try (Session session = plan.newSession(n);
                        Pass pass = Pass.infer()) {
                    session.inputBytes("y").asFloatBuffer().put(y);
                    ByteBuffer to = session.inputBytes("t");
                    for (int i = 0; i < t.length; i++) {
                        if (row.target.whole()) {
                            to.putInt(4 * i, (int) t[i]);
                        } else {
                            to.putFloat(4 * i, t[i]);
                        }
                    }
                    session.run();
                    assertThat(session.outputBytes(0).getFloat(0))
                            .isEqualTo(row.loss
                                    .of(row.output.tensor(y, n), row.target.tensor(t, n))
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

    /**
     * Outputs of size 10,000, of both signs, have finite losses and gradients; a rate of e^10,000 is not finite itself.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void farAway(Row row) {
        boolean scales = List.of(Kind.NUMBERS, Kind.BUT_ONE, Kind.PAIRS).contains(row.output);
        if (!scales || row.name.startsWith("poisson")) {
            return;
        }
        float[] y = output(row, 16);
        for (int i = 0; i < y.length; i++) {
            y[i] *= 2500;
        }
        try (Pass pass = Pass.grad()) {
            Tensor output = pass.watch(row.output.tensor(y, 16));
            Tensor loss = row.loss.of(output, row.target.tensor(target(row, 16), 16));
            pass.backward(loss);
            assertThat(loss.item()).isFinite();
            for (float g : pass.gradient(output).toArray()) {
                assertThat(g).isFinite();
            }
        }
    }

    /** Values and gradients at the ends of what a loss takes, [y, t, value, slope]. */
    private static void at(ReducedLoss loss, double y, double t, double value, double slope) {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {(float) y}, 1, 1));
            Tensor v = loss.each(x, Tensor.of(new float[] {(float) t}, 1, 1));
            pass.backward(v.sum());
            assertThat((double) v.item()).as("at %s, %s", y, t).isCloseTo(value, within(2e-6 * Math.abs(value)));
            assertThat((double) pass.gradient(x).item())
                    .as("slope at %s, %s", y, t)
                    .isCloseTo(slope, within(2e-6 * Math.abs(slope)));
        }
    }

    @Test
    void ends() {
        at(Loss.logistic(), 1e4, 1, 0, 0);
        at(Loss.logistic(), 1e4, -1, 1e4, 1);
        at(Loss.logistic(), 20, 1, Math.log1p(Math.exp(-20)), -1 / (1 + Math.exp(20)));
        at(Loss.logCosh(), 1e4, 0, 1e4 - Math.log(2), 1);
        at(Loss.logCosh(), -1e4, 0, 1e4 - Math.log(2), -1);
        at(Loss.logCosh(), 1e-3, 0, 0.5e-6 - 1e-12 / 12, Math.tanh((float) 1e-3));
        at(Loss.bce(), 0, 1, 100, -1e12); // the numbers of PyTorch
        at(Loss.bce(), 1, 0, 100, 1e12);
        at(Loss.bce(), 0, 0, 0, 1);
        at(Loss.bce(), 1e-20, 1, -Math.log(1e-20f), -1e12);
        at(Loss.poissonNll(true), -80, 0, Math.exp(-80), Math.exp(-80));
        at(Loss.poissonNllOfRates(false), 0, 0, 0, 1);
        at(Loss.poissonNllOfRates(false), 0, 2, -2 * Math.log(1e-8f), 1 - 2 / (double) 1e-8f);
        at(Loss.hinge(), 1e4, -1, 1 + 1e4, 1);
        at(Loss.perceptron(), 0, 1, 0, 0);
        at(Loss.bceWithLogits().focal(0.5f), 1e4, 1, 0, 0);
        at(Loss.bceWithLogits().focal(2), -1e4, 1, 1e4, -1);
    }

    /** Distances of 0, probabilities of 0 and embeddings of 0 have finite gradients. */
    @Test
    void zeros() {
        try (Pass pass = Pass.grad()) {
            Tensor same = pass.watch(Tensor.ones(2, 2, 3));
            pass.backward(Loss.contrastive(2).of(same, Tensor.zeros(2)));
            assertThat(pass.gradient(same).toArray()).containsOnly(0);
            Tensor none = pass.watch(Tensor.zeros(2, 2, 3));
            Tensor cos = Loss.cosineEmbedding(0).of(none, Tensor.ones(2));
            assertThat(cos.item()).isEqualTo(1);
            pass.backward(cos);
            assertThat(pass.gradient(none).toArray()).containsOnly(0);
            Tensor y = pass.watch(Tensor.ones(3));
            Tensor root = Loss.rmse().of(y, Tensor.ones(3));
            assertThat(root.item()).isZero();
            pass.backward(root);
            assertThat(pass.gradient(y).toArray()).containsOnly(0);
            // a class that cannot be, in an answer and in a target
            float[] logs = {(float) Math.log(0.5), (float) Math.log(0.5), Float.NEGATIVE_INFINITY};
            Tensor x = pass.watch(Tensor.of(logs, 1, 3));
            Tensor t = Tensor.of(new float[] {1, 0, 0}, 1, 3);
            Tensor sum = Loss.kl()
                    .of(x, t)
                    .add(Loss.nll().of(x, t))
                    .add(Loss.crossEntropy().focal(2).of(x, t));
            assertThat((double) sum.item()).isCloseTo(2.25 * Math.log(2), within(1e-6));
            pass.backward(sum);
            for (float g : pass.gradient(x).toArray()) {
                assertThat(g).isFinite();
            }
            Tensor p = pass.watch(Tensor.of(new float[] {0, 0.5f, 0.5f}, 1, 3));
            Tensor js = Loss.js().of(p, t);
            pass.backward(js);
            assertThat((double) js.item()).isCloseTo(Math.log(2), within(1e-6));
            for (float g : pass.gradient(p).toArray()) {
                assertThat(g).isFinite();
            }
        }
    }

    @Test
    void targetsOutsideAreRefused() {
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.of(new float[] {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f}, 2, 3);
            Tensor t = Tensor.of(new float[] {1, 1, 1, 1, 1, 0.5f}, 2, 3);
            Tensor labels = Tensor.ofInts(new int[] {2, 3}, 2);
            for (var c : java.util.Map.of(
                            "hinge",
                            Loss.hinge(),
                            "logistic",
                            Loss.logistic(),
                            "perceptron",
                            Loss.perceptron(),
                            "wasserstein",
                            Loss.wasserstein())
                    .entrySet()) {
                refuses(c.getValue(), y, t, c.getKey() + ": the target 0.5 at [1, 2] must be -1 or 1");
                refuses(
                        c.getValue(),
                        y,
                        labels,
                        c.getKey()
                                + ": output [2, 3] and target [2] differ; this loss takes a float for each output, so"
                                + " give the labels as floats [2, 3], or take a loss of class numbers, such as"
                                + " crossEntropy, and an output for each class");
            }
            refuses(
                    Loss.hinge(),
                    y,
                    Tensor.ofInts(new int[6], 2, 3),
                    "hinge: the target [2, 3] is I32 but must be F32, -1 or 1; give floats");
            refuses(
                    Loss.mse(),
                    y,
                    Tensor.ofInts(new int[6], 2, 3),
                    "mse: the target [2, 3] is I32 but must be F32, numbers; give floats");
            refuses(Loss.bceWithLogits(), y, t.mul(1.5f), "bceWithLogits: the target 1.5 at [0, 0] must be in [0, 1]");
            refuses(
                    Loss.bceWithLogits(),
                    y,
                    t.mul(Float.NaN),
                    "bceWithLogits: the target NaN at [0, 0] must be in [0, 1]");
            refuses(Loss.bce(), y, t.neg(), "bce: the target -1.0 at [0, 0] must be in [0, 1]");
            refuses(Loss.bce(), y.mul(2), t, "bce: the output 1.2 at [1, 2] must be in [0, 1]");
            assertThat(Loss.bce().of(y.mul(Float.NaN), t).item()).isNaN(); // a net that has diverged is found elsewhere
            refuses(
                    Loss.poissonNll(false),
                    y,
                    t.neg(),
                    "poissonNll: the target -1.0 at [0, 0] must be 0 or more and finite");
            refuses(
                    Loss.poissonNllOfRates(false),
                    y.neg(),
                    t,
                    "poissonNllOfRates: the rate -0.1 at [0, 0] must be 0 or more and finite");
            refuses(
                    Loss.gaussianNll(false),
                    y,
                    t,
                    "gaussianNll: output [2, 3] and target [2, 3] disagree; the output's last dimension "
                            + "must be twice that of the target, first the means and then the variances");
            refuses(
                    Loss.gaussianNll(false),
                    y.slice(1, 0, 2).neg(),
                    t.slice(1, 0, 1),
                    "gaussianNll: the variance -0.2 at [0, 0] must be 0 or more and finite");
            for (ReducedLoss loss : List.of(
                    Loss.crossEntropy(),
                    Loss.crossEntropy().focal(1),
                    Loss.nll(),
                    Loss.kl(),
                    Loss.js(),
                    Loss.squaredEarthMover())) {
                assertThatThrownBy(() -> loss.of(y, t.mul(0.25f)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(
                                ": the target's probabilities at [0] sum to 0.75 but must sum to 1 within 0.001");
                assertThatThrownBy(() -> loss.of(y, t.neg()))
                        .hasMessageContaining(": the target probability -1.0 at [0, 0] must be in [0, 1]");
            }
            for (ReducedLoss loss : List.of(
                    Loss.oneVsRest(),
                    Loss.multiMargin(1, 1),
                    Loss.crammerSinger(1),
                    Loss.squaredEarthMover(),
                    Loss.nll())) {
                assertThatThrownBy(() -> loss.of(y, labels)).hasMessageContaining("label 3 at row 1 is outside [0, 3)");
                assertThatThrownBy(() -> loss.of(y, Tensor.ofInts(new int[3], 3)))
                        .hasMessageContaining(
                                ": output [2, 3] and labels [3] disagree; give one class number for each row [..,"
                                        + " classes]");
            }
            refuses(
                    Loss.oneVsRest(),
                    y,
                    t,
                    "oneVsRest: the target [2, 3] is F32 but must be I32 class numbers; make them with Tensor.ofInts,"
                            + " or convert them with to(DType.I32)");
            CrossEntropy padded = Loss.crossEntropy().ignoreIndex(-1);
            refuses(
                    padded,
                    y,
                    Tensor.ofInts(new int[] {-1, -1}, 2),
                    "loss: the weights of all values [2] are 0, so they have no mean; "
                            + "let at least one example count");
            refuses(
                    Loss.crossEntropy().ignoreIndex(1),
                    y,
                    Tensor.ofInts(new int[] {1, 1}, 2),
                    "loss: the weights of all values [2] are 0, so they "
                            + "have no mean; let at least one example count");
            refuses(
                    padded,
                    y,
                    t,
                    "crossEntropy: ignoreIndex=-1 is for class numbers, but the target [2, 3] is F32; leave rows out"
                            + " with weights");
            refuses(
                    padded,
                    y,
                    Tensor.ofInts(new int[] {-2, 0}, 2),
                    "one_hot: label -2 at row 0 is outside [0, 3): labels are class numbers, "
                            + "one less than the logits' last dimension at most");
            refuses(
                    padded.classWeights(1, 2),
                    y,
                    Tensor.ofInts(new int[2], 2),
                    "crossEntropy: output [2, 3] has 3 classes but there are 2 weights; give one weight a class");
            refuses(
                    Loss.cosineEmbedding(0),
                    y,
                    t,
                    "cosineEmbedding: output [2, 3] and target [2, 3] disagree; give pairs of embeddings "
                            + "[.., 2, d], as Tensor.stack(-2, a, b) makes them, and a target [..]");
            refuses(Loss.cosineEmbedding(0), y, Tensor.zeros(), "cosineEmbedding: the target 0.0 must be -1 or 1");
            refuses(
                    Loss.infoNce(1),
                    Tensor.zeros(3),
                    Tensor.zeros(3),
                    "infoNce: queries and keys [3] must be [n, d]; reshape them");
        }
    }

    private static void refuses(Loss loss, Tensor y, Tensor t, String message) {
        assertThatThrownBy(() -> loss.of(y, t))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void weightsOutsideAreRefused() {
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.zeros(2, 3);
            ReducedLoss loss = Loss.mse();
            assertThatThrownBy(() -> loss.of(y, y, Tensor.ones(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "loss: weights are F32 [3] but the values are F32 [2, 3]; give F32 weights of that shape"
                                    + " or of its first dimensions");
            assertThatThrownBy(() -> loss.sum().of(y, y, Tensor.ofInts(new int[2], 2)))
                    .hasMessage(
                            "loss: weights are I32 [2] but the values are F32 [2, 3]; give F32 weights of that shape"
                                    + " or of its first dimensions");
            assertThatThrownBy(() -> loss.of(y, y, Tensor.of(new float[] {1, -1}, 2)))
                    .hasMessage("loss: the weight -1.0 at [1] must be 0 or more and finite");
            assertThatThrownBy(() -> loss.of(y, y, Tensor.zeros(2)))
                    .hasMessage("loss: the weights of all values [2, 3] are 0, so they have no mean; let at least one"
                            + " example count");
        }
    }

    @Test
    void settingsOutsideAreRefused() {
        assertThatThrownBy(() -> Loss.quantile(1)).hasMessage("quantile: level=1.0 must be in (0, 1)");
        assertThatThrownBy(() -> Loss.quantile(Float.NaN)).hasMessage("quantile: level=NaN must be in (0, 1)");
        assertThatThrownBy(() -> Loss.asymmetricHuber(1, 0, 1))
                .hasMessage("asymmetricHuber: over=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> Loss.multiMargin(3, 1)).hasMessage("multiMargin: power=3 must be 1 or 2");
        assertThatThrownBy(() -> Loss.multiMargin(1, 0))
                .hasMessage("multiMargin: margin=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> Loss.crammerSinger(Float.POSITIVE_INFINITY))
                .hasMessage("crammerSinger: margin=Infinity must be above 0 and finite");
        assertThatThrownBy(() -> Loss.cosineEmbedding(2)).hasMessage("cosineEmbedding: margin=2.0 must be in [-1, 1]");
        assertThatThrownBy(() -> Loss.contrastive(0)).hasMessage("contrastive: margin=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> Loss.triplet(-1)).hasMessage("triplet: margin=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> Loss.infoNce(0)).hasMessage("infoNce: temperature=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> Loss.distillation(-1))
                .hasMessage("distillation: temperature=-1.0 must be above 0 and finite");
        assertThatThrownBy(() -> Loss.crossEntropy().focal(-1))
                .hasMessage("crossEntropy: gamma=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> Loss.bceWithLogits().focal(Float.NaN))
                .hasMessage("bceWithLogits: gamma=NaN must be 0 or more and finite");
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
                        .hasMessage(name + ": output [2, 3] and target [2] differ; give each output its target");
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
            assertThatThrownBy(() -> Loss.crossEntropy().classWeights(1, 2).of(y, Tensor.full(y.shape(), 1f / 3)))
                    .hasMessage(
                            "cross_entropy: logits [2, 3] and weights [2] disagree: logits.dim(1)=3 but there are 2 "
                                    + "weights; give one weight a class");
            assertThatThrownBy(() -> Loss.crossEntropy().of(y, Tensor.zeros(3, 2)))
                    .hasMessage(
                            "cross_entropy: logits [2, 3] and probabilities [3, 2] must have one shape [.., classes],"
                                    + " and not an empty one; class numbers are I32: give Dataset.of an int[], or "
                                    + "use Tensor.ofInts");
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
