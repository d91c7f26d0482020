package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the cases of {@link NodeCasesTest} do not have: large sums, and versions of operators after 17. */
class OperatorsTest {
    private static Tensor computed(
            String operator, long version, Map<String, Object> attributes, @Nullable Object... in) {
        List<String> names =
                IntStream.range(0, in.length).mapToObj(i -> "x" + i).toList();
        Node node = new Node("", operator, "", "", version, names, List.of("y"), attributes);
        Step step = new Step(node, "y", false, false, new Scope(Map.of(), Map.of()), in);
        return Step.held(requireNonNull(requireNonNull(Operators.of(node)).of(step)[0]))
                .channelsFirst();
    }

    /** Sums of products of bytes are far beyond what a float counts one by one. */
    @Test
    void sumsOfBytesAreExact() {
        Random random = new Random(1);
        for (int terms : new int[] {100, 258, 3000, 5000, 20_000}) {
            int[] a = random.ints(terms, 0, 256).toArray();
            int[] b = random.ints(terms, 1, 128).toArray();
            int sum = IntStream.range(0, terms).map(i -> (a[i] - 3) * b[i]).sum();
            try (Pass pass = Pass.infer()) {
                Tensor y = computed(
                        "MatMulInteger",
                        10,
                        Map.of(),
                        Held.of(Tensor.ofInts(a, 1, terms), ElementType.UINT8),
                        Held.of(Tensor.ofInts(b, terms, 1), ElementType.INT8),
                        Array.of(ElementType.UINT8, new int[0], 3));
                assertThat(y.toIntArray()).as("%s terms", terms).containsExactly(sum);
            }
        }
    }

    /** Of each type how many codes are no finite numbers, and two sums of the others, by ml_dtypes 0.5. */
    @ParameterizedTest
    @CsvSource({
        "E4M3FN, 2, 10815.75, 1364.66015625",
        "E4M3FNUZ, 1, 5887.875, 202.330078125",
        "E5M2, 8, 720895.9995117188, -273883.7165374756",
        "E5M2FNUZ, 1, 720895.9997558594, 18706.141731262207",
        "E2M1, 0, 36.0, 10.0",
        "E2M3, 0, 168.0, -21.0",
        "E3M2, 0, 350.0, -70.0",
        "E8M0, 1, 3.402823669209385e+38, 6.403739031031834e+38"
    })
    void floatsOfFewBits(SmallFloat type, int without, double magnitudes, double weighted) {
        float[] all = new float[1 << type.bits];
        int others = 0;
        double sum = 0;
        double weights = 0;
        for (int code = 0; code < all.length; code++) {
            all[code] = type.number(code);
            boolean finite = Float.isFinite(all[code]);
            others += finite ? 0 : 1;
            sum += finite ? Math.abs((double) all[code]) : 0;
            weights += finite ? (double) all[code] * (code % 7) : 0;
        }
        assertThat(others).isEqualTo(without);
        assertThat(sum).isEqualTo(magnitudes);
        assertThat(weights).isEqualTo(weighted);
        if (type == SmallFloat.E8M0) {
            return;
        }
        // every number is its own nearest, and the even one of two is that of what lies between
        for (int code = 0; code + 1 < all.length / 2 && Float.isFinite(all[code + 1]); code++) {
            float low = all[code];
            float high = all[code + 1];
            float middle = (low + high) / 2;
            float even = code % 2 == 0 ? low : high;
            try (Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(
                        new float[] {low, Math.nextDown(middle), middle, Math.nextUp(middle), -middle, Float.NaN}, 6);
                float[] y = type.nearest(x, true).toArray();
                assertThat(y).as("%s to %s", low, high).startsWith(low, low, even, high);
                assertThat(-y[4] == even).as("minus %s", middle).isTrue();
                assertThat(Float.isNaN(y[5])).isEqualTo(without > 0);
            }
        }
    }

    /** Expected numbers from the cases of ONNX 1.23, resize_downsample_scales_(linear|cubic)_antialias. */
    @Test
    void smallerImagesWithoutAliases() {
        float[] x = new float[16];
        for (int i = 0; i < 16; i++) {
            x[i] = i + 1;
        }
        try (Pass pass = Pass.infer()) {
            for (Map.Entry<String, float[]> e : Map.of(
                            "linear", new float[] {2.875f, 4.5f, 9.375f, 11},
                            "cubic", new float[] {2.518072f, 4.285886f, 9.589329f, 11.357142f})
                    .entrySet()) {
                Tensor y = computed(
                        "Resize",
                        18,
                        Map.of("mode", e.getKey(), "antialias", 1L),
                        Held.of(Tensor.of(x, 1, 1, 4, 4), ElementType.FLOAT),
                        null,
                        Array.ofReals(ElementType.FLOAT, new int[] {4}, 1, 1, 0.6, 0.6));
                assertThat(y.toArray()).as(e.getKey()).containsExactly(e.getValue(), within(1e-4f));
            }
        }
    }

    /** A window that reaches beyond the padding has fewer taps: 1 to 6 by two taps that are two apart. */
    @Test
    void lastWindows() {
        try (Pass pass = Pass.infer()) {
            Held x = Held.of(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 1, 1, 6), ElementType.FLOAT);
            long[] two = {2};
            Map<String, Object> window = Map.of("kernel_shape", two, "strides", two, "dilations", two, "ceil_mode", 1L);
            for (long counted : new long[] {0, 1}) {
                Map<String, Object> average = new HashMap<>(window);
                average.put("count_include_pad", counted);
                assertThat(computed("AveragePool", 19, average, x).toArray()).containsExactly(2, 4, 5);
            }
            Map<String, Object> sum = new HashMap<>(window);
            sum.put("p", 1L);
            assertThat(computed("LpPool", 18, sum, x).toArray()).containsExactly(4, 8, 5);
        }
    }

    /** A single value is its own mean, and what is left is the bias. */
    @Test
    void normsOfSingleValues() {
        try (Pass pass = Pass.infer()) {
            Held x = Held.of(Tensor.of(new float[] {5, -3}, 1, 2, 1), ElementType.FLOAT);
            Held scale = Held.of(Tensor.of(new float[] {2, 2}, 2), ElementType.FLOAT);
            Held bias = Held.of(Tensor.of(new float[] {0.5f, -1}, 2), ElementType.FLOAT);
            assertThat(computed("InstanceNormalization", 6, Map.of(), x, scale, bias)
                            .toArray())
                    .containsExactly(0.5f, -1);
            assertThat(computed("GroupNormalization", 21, Map.of("num_groups", 2L), x, scale, bias)
                            .toArray())
                    .containsExactly(0.5f, -1);
        }
    }

    /** The specification: a single place lies at 0. */
    @Test
    void aSizeOfOne() {
        Map<String, Object> attributes =
                Map.of("mode", "cubic", "coordinate_transformation_mode", "pytorch_half_pixel");
        try (Pass pass = Pass.infer()) {
            Held x = Held.of(Tensor.of(new float[] {1, 2, 4, 8}, 1, 1, 4), ElementType.FLOAT);
            Array scales = Array.ofReals(ElementType.FLOAT, new int[] {3}, 1, 1, 0.25);
            assertThat(computed("Resize", 19, attributes, x, null, scales).toArray())
                    .containsExactly(1);
        }
    }
}
