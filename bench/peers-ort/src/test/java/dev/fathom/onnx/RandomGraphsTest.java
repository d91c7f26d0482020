package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.fathom.bench.OnnxFolder.Array;
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
    /** The largest number of an output counts as at least this. */
    private static final double SMALL = 1e-2;

    @TempDir
    Path folder;

    @Test
    void theNumbersAreTheSame() throws IOException {
        String[] seeds = System.getProperty("fathom.onnx.seeds", "0-499").split("-");
        List<String> wrong = new ArrayList<>();
        Map<String, Integer> unfrozen = new TreeMap<>();
        int graphs = 0;
        int compared = 0;
        int frozen = 0;
        for (int seed = Integer.parseInt(seeds[0]); seed <= Integer.parseInt(seeds[1]); seed++) {
            graphs++;
            RandomGraph graph = RandomOperators.draw(seed);
            byte[] file = graph.file();
            List<Map<String, Array>> expected;
            try {
                expected = graph.expected(file);
            } catch (OrtException e) {
                continue; // ONNX Runtime infers other sizes than it computed node by node
            }
            compared++;
            try {
                String why = compare(graph, Files.write(folder.resolve("graph.onnx"), file), expected);
                frozen += why.isEmpty() ? 1 : 0;
                unfrozen.merge(why.replaceAll("[0-9]+", "#"), 1, Integer::sum);
            } catch (RuntimeException | AssertionError e) {
                wrong.add("seed " + seed + ": " + e + "\n" + graph);
            }
        }
        assertThat(String.join("\n\n", wrong)).isEmpty();
        assertThat(compared).isGreaterThan(graphs * 9 / 10);
        assertThat(frozen).as("of %s graphs, %s", compared, unfrozen).isGreaterThan(compared * 8 / 10);
    }

    /** Why the graph cannot be frozen, or "". */
    private static String compare(RandomGraph graph, Path file, List<Map<String, Array>> expected) {
        try (OnnxModel model = OnnxModel.read(file)) {
            for (int b = 0; b < 2; b++) {
                run(model, graph, b, expected.get(b));
            }
            try (Plan plan = model.plan()) {
                for (int b = 0; b < 2; b++) {
                    run(plan, graph, b, expected.get(b));
                }
                return "";
            } catch (IllegalArgumentException | IllegalStateException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }

    private static void run(OnnxModel model, RandomGraph graph, int b, Map<String, Array> expected) {
        try (Pass pass = Pass.infer()) {
            Tensor[] in =
                    graph.inputs().stream().map(v -> tensor(v.at().get(b))).toArray(Tensor[]::new);
            Map<String, Tensor> out = model.run(in);
            assertThat(out.keySet()).isEqualTo(expected.keySet());
            out.forEach((name, t) -> {
                ByteBuffer values = ByteBuffer.allocate(4 * (int) t.size()).order(ByteOrder.nativeOrder());
                if (t.dtype() == DType.F32) {
                    values.asFloatBuffer().put(t.toArray());
                } else {
                    values.asIntBuffer().put(t.toIntArray());
                }
                Array got = new Array(name, t.shape().toArray(), t.dtype() != DType.F32, values);
                same("a pass of batch " + graph.batches[b], expected.get(name), got);
            });
        }
    }

    private static Tensor tensor(Array a) {
        if (a.whole()) {
            int[] ints = new int[a.size()];
            Arrays.setAll(ints, i -> (int) a.at(i));
            return Tensor.ofInts(ints, a.dims());
        }
        float[] floats = new float[a.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) a.at(i);
        }
        return Tensor.of(floats, a.dims());
    }

    private static void run(Plan plan, RandomGraph graph, int b, Map<String, Array> expected) {
        try (Session session = plan.newSession(graph.batches[b])) {
            graph.inputs()
                    .forEach(v -> session.inputBytes(v.name()).put(v.at().get(b).bytes()));
            session.run();
            for (Spec out : plan.outputs()) {
                same("a plan at batch " + graph.batches[b], expected.get(out.name()), Array.of(session, out));
            }
        }
    }

    private static void same(String where, Array expected, Array got) {
        String what = got.name() + " in " + where;
        assertThat(got.dims()).as(what).isEqualTo(expected.dims());
        assertThat(got.whole()).as(what).isEqualTo(expected.whole());
        double most = SMALL;
        for (int i = 0; i < expected.size(); i++) {
            most = Math.max(most, Math.abs(expected.at(i)));
        }
        for (int i = 0; i < expected.size(); i++) {
            if (!(Math.abs(expected.at(i) - got.at(i)) <= (got.whole() ? 0 : WITHIN * most))) {
                throw new AssertionError(what + " at " + i + " is " + got.at(i) + " and not " + expected.at(i));
            }
        }
    }
}
