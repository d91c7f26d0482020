package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Blas;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.ops.BlockFormat;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plans whose matrices and tables are stored in fewer bytes. */
class QuantizeTest {
    private static final int IN = 37;
    private static final int[] BATCHES = IntStream.concat(IntStream.rangeClosed(1, 20), IntStream.of(64, 257))
            .toArray();

    @TempDir
    Path temp;

    // ---- numbers, rounded as Quantization says

    private static float[] bfloats(float[] w) {
        float[] rounded = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            int bits = Float.floatToRawIntBits(w[i]);
            rounded[i] = Float.intBitsToFloat(bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000);
        }
        return rounded;
    }

    /** The scale of each row of k numbers. */
    private static float[] scales(float[] w, int k) {
        float[] scales = new float[w.length / k];
        for (int i = 0; i < w.length; i++) {
            scales[i / k] = Math.max(scales[i / k], Math.abs(w[i]));
        }
        for (int row = 0; row < scales.length; row++) {
            scales[row] /= 127;
        }
        return scales;
    }

    /** Whole numbers, the nearest to w / scale. */
    private static float[] wholes(float[] w, int k) {
        float[] scales = scales(w, k);
        float[] wholes = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            wholes[i] = scales[i / k] == 0 ? 0 : (float) Math.rint((double) w[i] / scales[i / k]);
        }
        return wholes;
    }

    // ---- nets

    private static float[] weights(int out, int in) {
        float[] w = new Rng(1000L * out + in).normal(out * in, 0, 0.3f);
        Arrays.fill(w, in, Math.min(w.length, 2 * in), 0); // a row of zeros
        return w;
    }

    private static Parameter given(float[] values, int... dims) {
        return new Parameter(Shape.of(dims), (shape, rng) -> values);
    }

    private static Linear linear(
            UnaryOperator<float[]> rounded, int in, int out, boolean bias, @Nullable Activation a) {
        return new Linear(
                given(rounded.apply(weights(out, in)), out, in),
                bias ? given(new Rng(out).normal(out, 0, 1), out) : null,
                a);
    }

    /**
     * Layers whose sizes fill their panels and layers whose sizes do not, with an activation that is computed in
     * registers, one that is computed afterward, and none.
     */
    private static Sequential net(UnaryOperator<float[]> rounded) {
        return new Sequential(
                linear(rounded, IN, 130, true, Activation.RELU),
                new Residual(linear(rounded, 130, 130, true, null), Activation.RELU),
                linear(rounded, 130, 65, false, Activation.GELU),
                linear(rounded, 65, 1, true, null),
                linear(rounded, 1, 9, false, null));
    }

    private static float[] run(Plan plan, int batch, int threads, float[] x) {
        try (Session session = plan.newSession(batch).threads(threads)) {
            return PlanTest.frozen(session, x);
        }
    }

    private static float[] input(int batch) {
        return new Rng(batch).normal(batch * IN, 0, 1);
    }

    private static void assumeOwnProducts() {
        assumeTrue(
                NativeRuntime.get().blas() == Blas.NATIVE,
                "sums are not compared bit for bit: another backend makes those in F32");
    }

    // ---- bits

    /** A plan gives the expected bits at any batch and number of threads, which are not those of the plan before. */
    private static void assertBits(Plan small, Plan expected, Plan before) {
        for (int batch : BATCHES) {
            float[] x = input(batch);
            for (int threads = 1; threads <= 2; threads++) {
                assertThat(run(small, batch, threads, x))
                        .as("batch %d, %d threads", batch, threads)
                        .isEqualTo(run(expected, batch, 1, x))
                        .isNotEqualTo(run(before, batch, 1, x));
            }
        }
    }

    @Test
    void bfloatsGiveTheBitsOfRoundedWeights() {
        assumeOwnProducts();
        try (Model<Sequential> model = Model.of(net(w -> w), 1);
                Model<Sequential> rounded = Model.of(net(QuantizeTest::bfloats), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan expected = Plan.freeze(rounded, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.BF16)) {
            assertBits(small, expected, plan);
        }
    }

    /** A layer whose weights are whole numbers, its product with the scales, and then what follows. */
    private record Scaled(
            Linear whole,
            Parameter scale,
            @Nullable Parameter bias,
            @Nullable Activation end) implements Layer {
        static Scaled of(int in, int out, boolean bias, @Nullable Activation end) {
            float[] w = weights(out, in);
            return new Scaled(
                    new Linear(given(wholes(w, in), out, in), null, null),
                    given(scales(w, in), out),
                    bias ? given(new Rng(out).normal(out, 0, 1), out) : null,
                    end);
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = whole.apply(x).mul(scale.value());
            y = bias == null ? y : y.add(bias.value());
            return end == null ? y : Pass.apply(end, y);
        }
    }

    @Test
    void bytesGiveTheBitsOfWholeNumbersAndScales() {
        assumeOwnProducts();
        try (Model<Sequential> model = Model.of(net(w -> w), 1);
                Model<Sequential> whole = Model.of(
                        new Sequential(
                                Scaled.of(IN, 130, true, Activation.RELU),
                                new Residual(Scaled.of(130, 130, true, null), Activation.RELU),
                                Scaled.of(130, 65, false, Activation.GELU),
                                Scaled.of(65, 1, true, null),
                                Scaled.of(1, 9, false, null)),
                        1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan expected = Plan.freeze(whole, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.INT8_WEIGHTS)) {
            assertBits(small, expected, plan);
        }
    }

    /** A table that is also the matrix of the last layer. */
    private static Plan tied(float[] table, int rows) {
        Embedding embedding = new Embedding(rows, table.length / rows, (shape, rng) -> table);
        try (Model<Embedding> model = Model.of(embedding, 1)) {
            return Plan.freeze(
                    model,
                    (net, in) -> {
                        Tensor vectors = net.apply(in[0]);
                        return List.of(vectors, vectors.linear(net.weight(), null));
                    },
                    Spec.of("tokens", DType.I32, Dim.BATCH));
        }
    }

    @Test
    void tables() {
        assumeOwnProducts();
        int rows = 70;
        int dim = 21; // odd, so that the two forms of the table differ
        float[] table = new Rng(3).normal(rows * dim, 0, 1);
        int[] tokens = IntStream.range(0, 50).map(i -> i * i % rows).toArray();
        try (Plan plan = tied(table, rows);
                Plan rounded = tied(bfloats(table), rows);
                Plan bfloats = plan.quantize(Quantization.BF16);
                Plan bytes = plan.quantize(Quantization.INT8_WEIGHTS)) {
            List<float[]> expected = answers(rounded, tokens);
            List<float[]> found = answers(bfloats, tokens);
            assertThat(found.get(0)).isEqualTo(expected.get(0));
            assertThat(found.get(1)).isEqualTo(expected.get(1));
            float[] wholes = wholes(table, dim);
            float[] scales = scales(table, dim);
            float[] vectors = answers(bytes, tokens).get(0);
            for (int i = 0; i < vectors.length; i++) {
                int row = tokens[i / dim];
                assertThat(vectors[i]).isEqualTo(wholes[row * dim + i % dim] * scales[row]);
            }
            try (Session session = bytes.newSession(1)) {
                session.set("tokens", new int[] {rows});
                assertThatThrownBy(session::run)
                        .hasMessageContaining("embedding")
                        .hasMessageContaining("70");
            }
        }
    }

    private static List<float[]> answers(Plan plan, int[] tokens) {
        try (Session session = plan.newSession(tokens.length)) {
            session.set("tokens", tokens).run();
            List<float[]> all = new ArrayList<>();
            for (int o = 0; o < 2; o++) {
                float[] y = new float[session.output(o).capacity()];
                session.output(o).get(0, y);
                all.add(y);
            }
            return all;
        }
    }

    // ---- blocks

    private static float half(double x) {
        ByteBuffer two = ByteBuffer.allocate(2);
        DType.F16.put(two, 0, x);
        return (float) DType.F16.get(two, 0);
    }

    /** Rows of k numbers as Q8_0 has them. */
    private static float[] eightBits(float[] w, int k) {
        float[] rounded = new float[w.length];
        for (int row = 0; row < w.length; row += k) {
            for (int begin = row; begin < row + k; begin += 32) {
                int end = Math.min(begin + 32, row + k);
                float largest = 0;
                for (int i = begin; i < end; i++) {
                    largest = Math.max(largest, Math.abs(w[i]));
                }
                float d = half(largest / 127);
                for (int i = begin; i < end; i++) {
                    rounded[i] = d == 0 ? 0 : d * (int) Math.max(-127, Math.min(127, Math.rint((double) w[i] / d)));
                }
            }
        }
        return rounded;
    }

    /** Rows of k numbers of Q4_K, of random scales and minima, some of them 0, and random numbers of 4 bits. */
    private static float[] fourBits(int rows, int k) {
        Random random = new Random(1000L * rows + k);
        float[] w = new float[rows * k];
        float d = 0;
        float e = 0;
        int s = 0;
        int m = 0;
        int most = 0;
        for (int i = 0; i < w.length; i++) {
            if (i % k % 256 == 0) {
                d = half(0.001 * (0.5 + random.nextDouble()));
                e = half(random.nextInt(5) == 0 ? 0 : 0.01 * (0.5 + random.nextDouble()));
            }
            if (i % k % 32 == 0) {
                s = random.nextInt(8) == 0 ? 0 : random.nextInt(64);
                m = random.nextInt(64);
                most = random.nextInt(4) == 0 ? 1 + random.nextInt(15) : 16;
            }
            w[i] = s == 0 ? 0 - e * m : d * s * random.nextInt(most) - e * m;
        }
        return w;
    }

    private static Sequential layers(Function<int[], float[]> weights) {
        return new Sequential(
                new Linear(given(weights.apply(new int[] {135, IN}), 135, IN), null, Activation.RELU),
                new Linear(
                        given(weights.apply(new int[] {70, 135}), 70, 135),
                        given(new Rng(1).normal(70, 0, 1), 70),
                        null),
                new Linear(given(weights.apply(new int[] {40, 70}), 40, 70), null, Activation.GELU),
                new Linear(given(weights.apply(new int[] {300, 40}), 300, 40), null, null),
                new Linear(given(weights.apply(new int[] {5, 300}), 5, 300), null, null));
    }

    @Test
    void blocksOfEightBitsGiveTheBitsOfRoundedWeights() {
        assumeOwnProducts();
        try (Model<Sequential> model = Model.of(layers(s -> weights(s[0], s[1])), 1);
                Model<Sequential> rounded = Model.of(layers(s -> eightBits(weights(s[0], s[1]), s[1])), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan expected = Plan.freeze(rounded, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.Q8_0);
                Plan again = expected.quantize(Quantization.Q8_0)) {
            assertBits(small, expected, plan);
            assertBits(again, expected, plan);
        }
    }

    /** Weights that are multiples of a half stay as they are, such as those of Q4_0 and Q5_0. */
    @Test
    void multiplesOfAHalfStay() {
        assumeOwnProducts();
        Random random = new Random(1);
        for (int most : new int[] {1, 7, 8, 15, 16, 100, 127}) {
            float[] w = new float[20 * 96];
            float d = 0;
            for (int i = 0; i < w.length; i++) {
                d = i % 32 == 0 ? half(0.01 * (0.5 + random.nextDouble())) : d;
                w[i] = d * (random.nextInt(2 * most + 1) - most);
            }
            assertStored(Quantization.Q8_0, w, 96);
        }
    }

    private static float[] identity(int k) {
        float[] unit = new float[k * k];
        for (int i = 0; i < k; i++) {
            unit[i * k + i] = 1;
        }
        return unit;
    }

    /** A plan that stores a matrix gives each of its numbers again. */
    private static void assertStored(Quantization as, float[] w, int k) {
        try (Model<Linear> model = Model.of(new Linear(given(w, w.length / k, k), null, null), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, k));
                Plan small = plan.quantize(as)) {
            float[] unit = identity(k);
            assertThat(small.predict(unit)).isEqualTo(plan.predict(unit));
        }
    }

    @Test
    void blocksOfFourBitsStay() {
        assumeOwnProducts();
        try (Model<Sequential> model = Model.of(layers(s -> fourBits(s[0], s[1])), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.Q4_K)) {
            for (int batch : BATCHES) {
                assertThat(run(small, batch, 2, input(batch))).isEqualTo(run(plan, batch, 1, input(batch)));
            }
        }
        for (int k : new int[] {20, 31, 32, 256, 300, 520}) {
            assertStored(Quantization.Q4_K, fourBits(40, k), k);
        }
    }

    /**
     * Other weights are rounded to about a fifteenth of their range: of normal numbers, whose 32 span 4.1 in the mean,
     * evenly spread errors would have a mean square of (4.1 / 15)^2 / 12 = 0.079^2.
     */
    @Test
    void othersAreRoundedToFourBits() {
        float[] w = new Rng(1).normal(64 * 512, 0, 1);
        assertThat(error(Quantization.Q4_K, w, 512)).isBetween(0.05, 0.079);
        assertThat(error(Quantization.Q8_0, w, 512)).isBetween(0.003, 0.006);
        float[] positive = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            positive[i] = 10 + w[i]; // minima are not negative, so that steps begin at 0
        }
        assertThat(error(Quantization.Q4_K, positive, 512)).isBetween(0.1, 12 / 15.0 / Math.sqrt(12));
        for (int i = 0; i < w.length; i++) {
            positive[i] = 7;
        }
        assertThat(error(Quantization.Q4_K, positive, 512)).isLessThan(0.01);
    }

    /** The root of the mean square of the errors. */
    private static double error(Quantization as, float[] w, int k) {
        try (Model<Linear> model = Model.of(new Linear(given(w, w.length / k, k), null, null), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, k));
                Plan small = plan.quantize(as)) {
            float[] unit = identity(k);
            float[] wide = plan.predict(unit);
            float[] found = small.predict(unit);
            double squares = 0;
            for (int i = 0; i < wide.length; i++) {
                squares += ((double) wide[i] - found[i]) * ((double) wide[i] - found[i]);
            }
            return Math.sqrt(squares / wide.length);
        }
    }

    @Test
    void tablesInBlocks() {
        assumeOwnProducts();
        int rows = 70;
        int dim = 45;
        int[] tokens = IntStream.range(0, 50).map(i -> i * i % rows).toArray();
        float[] eight = eightBits(new Rng(3).normal(rows * dim, 0, 1), dim);
        for (Quantization as : List.of(Quantization.Q8_0, Quantization.Q4_K, Quantization.Q4_K_PRODUCTS)) {
            float[] table = as == Quantization.Q8_0 ? eight : fourBits(rows, dim);
            try (Plan plan = tied(table, rows);
                    Plan small = plan.quantize(as)) {
                List<float[]> expected = answers(plan, tokens);
                List<float[]> found = answers(small, tokens);
                assertThat(found.get(0)).isEqualTo(expected.get(0));
                assertThat(Arrays.equals(found.get(1), expected.get(1))).isEqualTo(!as.products);
                assertThat(small.weights())
                        .as("the table and the matrix are one")
                        .hasSize(1);
                try (Session session = small.newSession(1)) {
                    session.set("tokens", new int[] {rows});
                    assertThatThrownBy(session::run)
                            .hasMessageContaining("embedding")
                            .hasMessageContaining("70");
                }
            }
        }
    }

    /** What a layer reads is rounded in blocks as well; test_blocks.c has the bits. */
    @ParameterizedTest
    @EnumSource(names = {"Q8_0_PRODUCTS", "Q4_K_PRODUCTS"})
    void productsOfBlocks(Quantization as) {
        Quantization exact = Quantization.valueOf(as.name().replace("_PRODUCTS", ""));
        try (Model<Linear> model = Model.of(linear(a -> a, 300, 65, true, Activation.RELU), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 300));
                Plan weights = plan.quantize(exact);
                Plan small = plan.quantize(as)) {
            float[] x = new Rng(1).normal(7 * 300, 0, 1);
            float[] y = run(small, 7, 1, x);
            assertThat(run(small, 7, 2, x)).isEqualTo(y);
            assertThat(run(small, 1, 1, Arrays.copyOf(x, 300))).isEqualTo(Arrays.copyOf(y, 65));
            float[] close = run(weights, 7, 1, x);
            assertThat(y).isNotEqualTo(close);
            for (int i = 0; i < y.length; i++) {
                assertThat(y[i]).isCloseTo(close[i], within(0.15f)); // of sums of 300 products of 1 and 0.3
            }
            x[300] = Float.POSITIVE_INFINITY;
            float[] broken = run(small, 7, 1, x);
            assertThat(broken[65]).isNaN();
            assertThat(Arrays.copyOf(broken, 65)).isEqualTo(Arrays.copyOf(y, 65));
        }
    }

    @Test
    void scalesBeyondAHalf() {
        float[] w = new Rng(1).normal(8 * 64, 0, 1e8f);
        try (Model<Linear> model = Model.of(new Linear(given(w, 8, 64), null, null), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 64))) {
            for (Quantization as : List.of(Quantization.Q8_0, Quantization.Q4_K)) {
                assertThatThrownBy(() -> plan.quantize(as))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("weight holds numbers so large")
                        .hasMessageContaining("use INT8_WEIGHTS or BF16");
            }
        }
    }

    /** What a layer reads is rounded as its weights are, and sums are exact. */
    @Test
    void productsOfBytes() {
        float[] right = wholes(weights(65, IN), IN);
        float[] scales = scales(weights(65, IN), IN);
        float[] b = new Rng(65).normal(65, 0, 1);
        try (Model<Linear> model = Model.of(linear(a -> a, IN, 65, true, Activation.RELU), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.INT8)) {
            for (int batch : BATCHES) {
                float[] x = input(batch);
                float[] y = run(small, batch, 0, x);
                assertThat(y).isEqualTo(run(small, batch, 2, x)).isNotEqualTo(run(plan, batch, 0, x));
                float[] left = wholes(x, IN);
                float[] rowScales = scales(x, IN);
                for (int i = 0; i < y.length; i++) {
                    int row = i / 65;
                    int column = i % 65;
                    double sum = 0;
                    for (int k = 0; k < IN; k++) {
                        sum += left[row * IN + k] * right[column * IN + k];
                    }
                    double expected = sum * scales[column] * rowScales[row] + b[column];
                    assertThat((double) y[i]).isCloseTo(Math.max(0, expected), within(1e-5));
                }
            }
            float[] broken = input(3);
            broken[IN] = Float.NaN;
            float[] y = run(small, 3, 0, broken);
            float[] whole = run(small, 3, 0, input(3));
            assertThat(y[65]).isNaN();
            assertThat(Arrays.copyOf(y, 65)).isEqualTo(Arrays.copyOf(whole, 65));
            assertThat(Arrays.copyOfRange(y, 130, 195)).isEqualTo(Arrays.copyOfRange(whole, 130, 195));
        }
    }

    /** What a layer reads is rounded as its weights are, and each pair is added as one. */
    @Test
    void productsOfBfloats() {
        float[] right = bfloats(weights(65, IN));
        float[] b = new Rng(65).normal(65, 0, 1);
        try (Model<Linear> model = Model.of(linear(a -> a, IN, 65, true, Activation.RELU), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.BF16_PRODUCTS)) {
            assertThat(small.toString()).isEqualTo("linear_bf16  linear\n");
            for (int batch : BATCHES) {
                float[] x = input(batch);
                float[] left = bfloats(x);
                float[] expected = new float[batch * 65];
                for (int i = 0; i < expected.length; i++) {
                    int row = i / 65;
                    int column = i % 65;
                    float sum = 0;
                    for (int k = 0; k < IN; k += 2) {
                        float odd =
                                k + 1 < IN ? Math.fma(left[row * IN + k + 1], right[column * IN + k + 1], sum) : sum;
                        sum = Math.fma(left[row * IN + k], right[column * IN + k], odd);
                    }
                    expected[i] = Math.max(0, sum + b[column]);
                }
                for (int threads = 1; threads <= 2; threads++) {
                    assertThat(Arrays.equals(run(small, batch, threads, x), expected))
                            .as("batch %d, %d threads", batch, threads)
                            .isTrue();
                }
                assertThat(Arrays.equals(run(plan, batch, 0, x), expected)).isFalse();
            }
        }
    }

    /** Filters that a plan has in Winograd's form alone are those of a plan that has them as they are. */
    @Test
    void filtersOfWinogradsForm() {
        float[] filters = new float[64 * 9 * 64];
        Rng rng = new Rng(5);
        for (int i = 0; i < filters.length; i++) {
            filters[i] = Math.round(rng.normal(1, 0, 40)[0]) / 64f; // so that Winograd's sums round nothing
        }
        Conv conv = new Conv(given(filters, 64, 3, 3, 64), null, Window.of(3).pad(1), 1, PadMode.ZEROS, null);
        float[] x = new Rng(6).normal(8 * 8 * 64, 0, 1);
        try (Model<Conv> model = Model.of(conv, 1);
                Plan fixed = Plan.freeze(model, Shape.of(1, 8, 8, 64));
                Plan free =
                        Plan.freeze(model, (net, in) -> net.apply(in[0]), Spec.of("x", Dim.BATCH, Dim.LENGTH, 8, 64))) {
            assertThat(fixed.weights().stream().map(Slot.Content::packing)).containsExactly(Kernel.WINOGRAD_PACK);
            assertThat(free.weights().stream().map(Slot.Content::packing)).contains((Kernel) null);
            if (!multipliesBytes(Quantization.INT8)) {
                assertThatThrownBy(() -> fixed.quantize(Quantization.INT8))
                        .hasMessageContaining(
                                "no convolution that this processor (which lacks VNNI) would run in bytes");
                return;
            }
            try (Plan one = fixed.quantize(Quantization.INT8);
                    Plan other = free.quantize(Quantization.INT8)) {
                assertThat(Arrays.equals(one.predict(x), other.predict(x))).isTrue();
                assertThat(one.toString()).isEqualTo("conv_int8  conv\n");
            }
        }
    }

    // ---- plans

    /** What is neither a matrix of a linear layer nor a table stays as it is, and the first plan may be closed. */
    private static Plan images(Quantization as) {
        try (Model<Sequential> model = Model.of(
                        new Sequential(
                                new Conv(3, 40, Window.of(3).pad(1)),
                                new Conv(40, 33, Window.of(3).pad(1)),
                                new Flatten(),
                                new Linear(33 * 64, 10).act(Activation.TANH)),
                        1);
                Plan plan = Plan.freeze(model, Shape.of(2, 8, 8, 3))) {
            Plan small = plan.quantize(as);
            float[] x = new Rng(1).normal(3 * 192, 0, 1);
            float[] before = run(plan, 3, 0, x);
            float[] after = run(small, 3, 0, x);
            assertThat(after).isNotEqualTo(before);
            for (int i = 0; i < after.length; i++) {
                assertThat(after[i]).isCloseTo(before[i], within(as.blocks == BlockFormat.Q4_K ? 0.1f : 0.02f));
            }
            assertThat(small.defaultBatch()).isEqualTo(2);
            assertThat(small.outputs()).hasToString(plan.outputs().toString());
            return small;
        }
    }

    private static boolean multipliesBytes(Quantization as) {
        return as == Quantization.INT8 && Native.int8Native() != 0;
    }

    @ParameterizedTest
    @EnumSource
    void files(Quantization as) {
        Path file = temp.resolve("small.plan");
        try (Plan plan = images(as)) {
            String conv = multipliesBytes(as) ? "conv_int8" : "conv";
            String linear = switch (as) {
                case BF16, INT8_WEIGHTS -> "linear_narrow";
                case BF16_PRODUCTS -> "linear_bf16";
                case INT8 -> "linear_int8";
                case Q8_0, Q4_K -> "linear_blocks";
                case Q8_0_PRODUCTS, Q4_K_PRODUCTS -> "linear_blocks_int8";
            };
            assertThat(plan.toString())
                    .isEqualTo(conv + "  conv at 0\n" + conv + "  conv at 1\npermute  permute at 2\n" + linear
                            + "  linear at 3\n");
            plan.save(file);
            for (Function<Path, Plan> reading : List.<Function<Path, Plan>>of(Plan::load, Plan::open)) {
                try (Plan read = reading.apply(file)) {
                    for (int batch : new int[] {1, 2, 9}) {
                        float[] x = new Rng(batch).normal(batch * 192, 0, 1);
                        assertThat(run(read, batch, 0, x)).isEqualTo(run(plan, batch, 0, x));
                    }
                    assertThat(read.toString()).isEqualTo(plan.toString());
                }
            }
        }
    }

    /** A plan of a file is quantized as the one that was saved. */
    @Test
    void aPlanOfAFile() {
        Path file = temp.resolve("wide.plan");
        try (Model<Sequential> model = Model.of(net(w -> w), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN))) {
            plan.save(file);
            try (Plan opened = Plan.open(file);
                    Plan small = opened.quantize(Quantization.BF16);
                    Plan expected = plan.quantize(Quantization.BF16)) {
                assertThat(run(small, 5, 0, input(5))).isEqualTo(run(expected, 5, 0, input(5)));
            }
        }
    }

    /** Recurrent layers stay F32, and their state is carried. */
    @Test
    void steps() {
        try (Plan plan = PlanFileTest.steps()) {
            assertThatThrownBy(() -> plan.quantize(Quantization.BF16))
                    .hasMessageContaining("no matrix of a linear layer and no table");
        }
    }

    @Test
    void refusals() {
        try (Model<Sequential> model = Model.of(
                        new Sequential(linear(
                                w -> {
                                    w[3] = Float.POSITIVE_INFINITY;
                                    return w;
                                },
                                IN,
                                3,
                                true,
                                null)),
                        1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN));
                Plan small = plan.quantize(Quantization.BF16)) {
            assertThat(run(small, 1, 0, input(1))[0]).isIn(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY);
            assertThatThrownBy(() -> plan.quantize(Quantization.INT8_WEIGHTS))
                    .hasMessageContaining("0.weight holds a number that is not finite");
            assertThatThrownBy(() -> small.quantize(Quantization.BF16)).hasMessageContaining("quantized before");
            plan.close();
            assertThatThrownBy(() -> plan.quantize(Quantization.BF16)).hasMessageContaining("plan is closed");
        }
    }

    // ---- what was lost and won

    @ParameterizedTest
    @EnumSource
    void measured(Quantization as) {
        float[] x = input(40);
        try (Model<Sequential> model = Model.of(net(w -> w), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, IN))) {
            Quantized quantized = plan.quantize(as, x);
            try (Plan small = quantized.plan()) {
                float[] before = plan.predict(x);
                float[] after = small.predict(x);
                double sum = 0;
                float largest = 0;
                for (int i = 0; i < before.length; i++) {
                    sum += Math.abs(before[i] - after[i]);
                    largest = Math.max(largest, Math.abs(before[i] - after[i]));
                }
                assertThat(quantized.largestDifference()).isPositive().isCloseTo(largest, within(1e-6));
                assertThat(quantized.meanDifference()).isPositive().isCloseTo(sum / before.length, within(1e-6));
                assertThat(quantized.rows()).isEqualTo(40);
                assertThat(quantized.agreement()).isEqualTo(agreement(before, after, 40));
                if (as.blocks == null) {
                    assertThat((double) quantized.bytes() / quantized.bytesBefore())
                            .isBetween(as.type == DType.BF16 ? 0.5 : 0.25, as.type == DType.BF16 ? 0.53 : 0.30);
                } else {
                    long blocks = 0;
                    for (int[] sizes : new int[][] {{130, IN}, {130, 130}, {65, 130}, {1, 65}, {9, 1}}) {
                        blocks += as.blocks.bytes(sizes[0], sizes[1]);
                    }
                    assertThat(quantized.bytes()).isEqualTo(blocks + 4 * (130 + 130 + 1));
                }
                assertThat(small.memory()).isLessThan(plan.memory());
                assertThat(quantized.toString())
                        .startsWith(as + ": ")
                        .contains(" MB of weights instead of ", "on 40 rows");
            }
            assertThatThrownBy(() -> plan.quantize(as, new float[] {1}, x)).hasMessageContaining("2 arrays were given");
        }
    }

    /** Where the last dimension of an output follows the sizes, a row is as long as it is at those of the sample. */
    @Test
    void measuredRowsOfFreeLengths() {
        Spec batches = Spec.of("x", Dim.BATCH, IN);
        Spec lengths = Spec.of("x", Dim.BATCH, Dim.LENGTH, IN);
        assertRows(Dim.BATCH, batches, y -> y.transpose(0, 1));
        assertRows(Dim.LENGTH, lengths, y -> y.transpose(1, 2));
        assertRows(Dim.OPEN, lengths, y -> Tensor.concat(2, y.transpose(1, 2), y.transpose(1, 2)));
    }

    private static void assertRows(int last, Spec input, UnaryOperator<Tensor> end) {
        float[] x = input(40);
        try (Model<Linear> model = Model.of(linear(w -> w, IN, 9, true, null), 1);
                Plan plan = Plan.freeze(model, (net, in) -> end.apply(net.apply(in[0])), input)) {
            int[] dims = plan.outputs().get(0).dims();
            assertThat(dims[dims.length - 1]).isEqualTo(last);
            Quantized quantized = plan.quantize(Quantization.INT8_WEIGHTS, x);
            try (Plan small = quantized.plan()) {
                assertThat(quantized.rows()).isEqualTo(9);
                assertThat(quantized.agreement()).isEqualTo(agreement(plan.predict(x), small.predict(x), 9));
            }
        }
    }

    private static double agreement(float[] before, float[] after, int rows) {
        int width = before.length / rows;
        return IntStream.range(0, rows)
                        .filter(row -> best(before, row, width) == best(after, row, width))
                        .count()
                / (double) rows;
    }

    private static int best(float[] y, int row, int width) {
        int best = row * width;
        for (int i = best; i < (row + 1) * width; i++) {
            best = y[i] > y[best] ? i : best;
        }
        return best;
    }
}
