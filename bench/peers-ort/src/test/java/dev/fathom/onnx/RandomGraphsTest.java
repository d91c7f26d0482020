package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.fathom.bench.OnnxFolder.Array;
import dev.fathom.onnx.RandomGraph.Value;
import dev.fathom.op.DType;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Graphs that are drawn at random compute in a pass and in a plan what ONNX Runtime computes, at two batches:
 * {@code mvn -Ppeers package -pl bench/peers-ort -am -Dtest=RandomGraphsTest}. Others than the usual ones are drawn
 * with {@code -Dfathom.onnx.seeds=1000-3000}.
 */
class RandomGraphsTest {
    private static final double WITHIN = 1e-4;
    /** What is less than this is compared as it is. */
    private static final double SMALL = 1e-2;

    @TempDir
    Path folder;

    @Test
    void theNumbersAreTheSame() throws Exception {
        String[] seeds = System.getProperty("fathom.onnx.seeds", "0-399").split("-");
        int first = Integer.parseInt(seeds[0]);
        int last = Integer.parseInt(seeds[1]);
        List<String> wrong = new ArrayList<>();
        Map<String, Integer> unfrozen = new TreeMap<>();
        int frozen = 0;
        int refused = 0;
        for (int seed = first; seed <= last; seed++) {
            RandomGraph graph = RandomOperators.draw(seed);
            byte[] file = graph.file();
            List<Map<String, Array>> expected;
            try {
                expected = graph.expected(file);
            } catch (OrtException e) {
                refused++; // whose shapes it infers otherwise than it computes them
                continue;
            }
            try {
                String why = compare(graph, file, expected);
                frozen += why.isEmpty() ? 1 : 0;
                unfrozen.merge(why.replaceAll("[0-9]+", "#"), 1, Integer::sum);
                if (Boolean.getBoolean("tell2") && why.length() > 0)
                    System.out.println("UNFROZEN seed " + seed + ": " + why + "\n" + graph + "\n");
            } catch (Exception | AssertionError e) {
                wrong.add("seed " + seed + ": " + e + "\n" + graph);
            }
        }
        if (Boolean.getBoolean("tell2")) System.out.println("REFUSED " + refused);
        if (Boolean.getBoolean("fathom.onnx.tell")) {
            unfrozen.forEach((why, n) -> System.out.println(n + " " + why));
        }
        assertThat(String.join("\n\n", wrong)).isEmpty();
        assertThat(frozen).as("of %s graphs", last - first + 1).isGreaterThan((last - first + 1) / 2);
    }

    /** Why the graph cannot be frozen, or "". */
    private String compare(RandomGraph graph, byte[] bytes, List<Map<String, Array>> expected) throws IOException {
        Path file = Files.write(folder.resolve("graph.onnx"), bytes);
        try (OnnxModel model = OnnxModel.read(file)) {
            for (int b = 0; b < 2; b++) {
                run(model, graph, b, expected.get(b));
            }
            try (Plan plan = model.plan()) {
                for (int b = 0; b < 2; b++) {
                    run(plan, graph, b, expected.get(b));
                }
                return "";
            } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }

    private static void run(OnnxModel model, RandomGraph graph, int b, Map<String, Array> expected) {
        try (Pass pass = Pass.infer()) {
            Tensor[] in = graph.inputs().stream()
                    .map(v -> v.at().get(b))
                    .map(a -> a.whole() ? Tensor.ofInts(ints(a), a.dims()) : Tensor.of(floats(a), a.dims()))
                    .toArray(Tensor[]::new);
            Map<String, Tensor> out = model.run(in);
            assertThat(out.keySet()).isEqualTo(expected.keySet());
            out.forEach((name, t) -> {
                ByteBuffer values = ByteBuffer.allocate(4 * (int) t.size()).order(ByteOrder.nativeOrder());
                if (t.dtype() == DType.F32) {
                    values.asFloatBuffer().put(t.toArray());
                } else {
                    values.asIntBuffer().put(t.toIntArray());
                }
                same(
                        "run",
                        graph.batches[b],
                        expected.get(name),
                        new Array(name, t.shape().toArray(), t.dtype() != DType.F32, values));
            });
        }
    }

    private static void run(Plan plan, RandomGraph graph, int b, Map<String, Array> expected) {
        try (Session session = plan.newSession(graph.batches[b])) {
            for (Value v : graph.inputs()) {
                Array a = v.at().get(b);
                session.inputBytes(v.name()).put(a.bytes());
            }
            session.run();
            for (Spec out : plan.outputs()) {
                ByteBuffer from = session.outputBytes(out.name());
                ByteBuffer values = ByteBuffer.allocate(from.remaining())
                        .order(ByteOrder.nativeOrder())
                        .put(from);
                Array got = new Array(
                        out.name(), session.outputShape(out.name()).toArray(), out.dtype() != DType.F32, values);
                same("plan", graph.batches[b], expected.get(out.name()), got);
            }
        }
    }

    private static int[] ints(Array a) {
        int[] all = new int[a.size()];
        Arrays.setAll(all, i -> (int) a.at(i));
        return all;
    }

    private static float[] floats(Array a) {
        float[] all = new float[a.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) a.at(i);
        }
        return all;
    }

    private static void same(String how, int batch, Array expected, Array got) {
        String what = how + " at batch " + batch + ", " + got.name();
        assertThat(got.dims()).as(what).isEqualTo(expected.dims());
        assertThat(got.whole()).as(what).isEqualTo(expected.whole());
        double most = SMALL;
        for (int i = 0; i < expected.size(); i++) {
            most = Math.max(most, Math.abs(expected.at(i)));
        }
        for (int i = 0; i < expected.size(); i++) {
            double off = Math.abs(expected.at(i) - got.at(i));
            if (!(off <= (got.whole() ? 0 : WITHIN * most))) {
                throw new AssertionError(what + " at " + i + " is " + got.at(i) + " and not " + expected.at(i));
            }
        }
    }
}
