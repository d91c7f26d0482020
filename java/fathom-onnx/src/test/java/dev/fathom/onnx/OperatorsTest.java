package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

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
}
