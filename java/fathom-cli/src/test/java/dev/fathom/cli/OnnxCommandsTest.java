package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.files.Npz;
import dev.fathom.io.Npy;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.HtmlReport;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom run}, {@code compare} and {@code inspect} with models of ONNX. */
class OnnxCommandsTest {
    @TempDir
    Path temp;

    private Path linear;

    @BeforeEach
    void files() throws IOException {
        linear = OnnxFiles.linear(temp.resolve("linear.onnx"));
    }

    private Path floats(String name, Shape shape, float... values) {
        Path file = temp.resolve(name);
        Npy.write(file, shape, FloatBuffer.wrap(values));
        return file;
    }

    private static float[] read(Path file) {
        try (Pass pass = Pass.infer()) {
            return Npy.read(file).tensor().toArray();
        }
    }

    // ---- run

    /** By hand: [1, 1] gives 1 + 4 + 10, 2 + 5 - 20 and 3 + 6 + 30. */
    @Test
    void anArrayGoesInAndOneComesOut() {
        Path x = floats("a.npy", Shape.of(2, 2), 1, 1, 1, 0);
        Path out = temp.resolve("out");
        CommandLineRun run = CommandLineRun.of(
                "run", linear.toString(), "--input", x.toString(), "--out", out.toString(), "--runs", "3");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .doesNotContain("Random")
                .contains("y F32 [2, 3]\n  first 15, 0, 39, 11, 0, 33\n  min 0, mean 16.333, max 39\n")
                .containsPattern("By a frozen plan [0-9.,]+ µs per run, the median of 3; ");
        assertThat(read(out.resolve("y.npy"))).containsExactly(15, 0, 39, 11, 0, 33);
        assertThat(read(out.resolve("x.npy"))).containsExactly(1, 1, 1, 0);
    }

    @Test
    void inputsByTheirNames() throws IOException {
        Path x = floats("a.npy", Shape.of(1, 2), 0, 1);
        Path npz = temp.resolve("all.npz");
        try (Pass pass = Pass.infer()) {
            Npz.write(npz, Map.of("x", Tensor.of(new float[] {0, 1}, 1, 2), "other", Tensor.ones(3)));
        }
        for (String given : new String[] {x.toString(), "x=" + x, npz.toString()}) {
            assertThat(CommandLineRun.of("run", linear.toString(), "--input", given)
                            .out())
                    .as(given)
                    .contains("y F32 [1, 3]\n  first 14, 0, 36\n");
        }
        Path ids = temp.resolve("ids.npy");
        Npy.write(ids, Shape.of(1, 3), IntBuffer.wrap(new int[] {5, 6, 7}));
        Path cast = OnnxFiles.cast(temp.resolve("cast.onnx"));
        assertThat(CommandLineRun.of("run", cast.toString(), "--input", ids.toString())
                        .out())
                .contains("y F32 [1, 3]\n  first 5, 6, 7\n");
    }

    @Test
    void whatIsNotGivenIsRandomAndTheSameEachTime() {
        CommandLineRun run = CommandLineRun.of("run", linear.toString(), "--size", "N=4", "--runs", "1");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .startsWith("Random inputs: x float [4, 2] (floats from the normal distribution, integers 0 or 1, seed"
                        + " 1).\n")
                .contains("y F32 [4, 3]\n");
        String numbers = run.out().substring(0, run.out().indexOf("By a"));
        assertThat(CommandLineRun.of("run", linear.toString(), "--size", "N=4").out())
                .startsWith(numbers);
        assertThat(CommandLineRun.of("run", linear.toString(), "--size", "N=4", "--seed", "2")
                        .out())
                .doesNotContain(numbers.substring(numbers.indexOf("first")));
    }

    @Test
    void mistakesOfARun() throws IOException {
        Path wide = floats("wide.npy", Shape.of(1, 3), 1, 2, 3);
        Path ints = temp.resolve("ints.npy");
        Npy.write(ints, Shape.of(1, 2), IntBuffer.wrap(new int[] {1, 2}));
        assertMistake("the input x float [N, 2] does not take [1, 3]", "--input", wide.toString());
        assertMistake("takes floats but integers were given; save them as float32", "--input", ints.toString());
        assertMistake("--size M: no free dimension of [x float [N, 2]] is called so", "--size", "M=3");
        assertMistake("--size N=0: choose at least 1", "--size", "N=0");
        assertMistake("--runs 0", "--runs", "0");
        assertThat(CommandLineRun.of("run", temp.resolve("none.onnx").toString())
                        .err())
                .startsWith("fathom run: ")
                .hasLineCount(1);
        CommandLineRun unknown = CommandLineRun.of(
                "run", OnnxFiles.unknown(temp.resolve("unknown.onnx")).toString());
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.err()).contains("not computed here: [Bend, Spin]").hasLineCount(1);
    }

    private void assertMistake(String says, String... options) {
        String[] all = new String[options.length + 2];
        all[0] = "run";
        all[1] = linear.toString();
        System.arraycopy(options, 0, all, 2, options.length);
        CommandLineRun run = CommandLineRun.of(all);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains(says).hasLineCount(1);
    }

    // ---- compare

    @Test
    void besideStoredOutputs() {
        Path golden = temp.resolve("golden");
        CommandLineRun.of("run", linear.toString(), "--size", "N=2", "--out", golden.toString());
        CommandLineRun same = CommandLineRun.of("compare", linear.toString(), "--golden", golden.toString());
        assertThat(same.code()).as(same.err()).isZero();
        assertThat(same.out().replaceAll(" +", " ")).contains("\ny [2, 3] 0.00 0.00\n");
        // a number of 40 that is 4 away from 36 there: a tenth of the largest
        Npy.write(golden.resolve("x.npy"), Shape.of(1, 2), FloatBuffer.wrap(new float[] {0, 1}));
        Npy.write(golden.resolve("y.npy"), Shape.of(1, 3), FloatBuffer.wrap(new float[] {14, 0, 40}));
        CommandLineRun other = CommandLineRun.of("compare", linear.toString(), "--golden", golden.toString());
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.out().replaceAll(" +", " ")).contains("\ny [1, 3] 4.00 0.100 more than 0.001\n");
        assertThat(CommandLineRun.of("compare", linear.toString(), "--golden", golden.toString(), "--tolerance", "0.2")
                        .code())
                .isZero();
        Npy.write(golden.resolve("y.npy"), Shape.of(3), FloatBuffer.wrap(new float[] {14, 0, 36}));
        CommandLineRun shape = CommandLineRun.of("compare", linear.toString(), "--golden", golden.toString());
        assertThat(shape.code()).isEqualTo(1);
        assertThat(shape.out()).contains("but [3] there");
    }

    @Test
    void outputsThatAreNoNumbersDiffer() {
        Path golden = temp.resolve("golden");
        CommandLineRun.of("run", linear.toString(), "--out", golden.toString());
        Npy.write(golden.resolve("y.npy"), Shape.of(1, 3), FloatBuffer.wrap(new float[] {Float.NaN, 0, 40}));
        assertThat(CommandLineRun.of("compare", linear.toString(), "--golden", golden.toString())
                        .code())
                .isEqualTo(1);
    }

    @Test
    void mistakesOfAComparison() throws IOException {
        Path golden = Files.createDirectories(temp.resolve("golden"));
        Npy.write(golden.resolve("y.npy"), Shape.of(1, 3), FloatBuffer.wrap(new float[3]));
        CommandLineRun noInput = CommandLineRun.of("compare", linear.toString(), "--golden", golden.toString());
        assertThat(noInput.code()).isEqualTo(2);
        assertThat(noInput.err()).contains("has no [x float [1, 2]]; give these inputs by --input");
        CommandLineRun notBuilt = CommandLineRun.in(temp, "compare", linear.toString());
        assertThat(notBuilt.code()).isEqualTo(1);
        assertThat(notBuilt.err())
                .startsWith("fathom compare: ONNX Runtime is not built here; mvn -q -DskipTests -Ppeers package -pl"
                        + " bench/peers-ort -am in ")
                .hasLineCount(1);
    }

    /** Where the benchmarks of ONNX Runtime have been built. */
    @Test
    void besideOnnxRuntime() {
        Path peers = Path.of(System.getProperty("fathom.root"), "bench/peers-ort/target");
        assumeTrue(
                Files.exists(peers.resolve("classes/dev/fathom/bench/ort/OrtCompare.class"))
                        && Files.exists(peers.resolve("classpath")),
                "ONNX Runtime is not built in " + peers);
        CommandLineRun run = CommandLineRun.of("compare", linear.toString(), "--size", "N=3", "--threads", "1");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().replaceAll(" +", " "))
                .contains("Beside ONNX Runtime 1.")
                .containsPattern("\ny \\[3, 3] \\S+ \\S+\n")
                .contains("\nµs of a run ", "\nbytes of heap of a run ", " 1 threads each.");
    }

    // ---- inspect

    @Test
    void aGraphIsInspected() throws Exception {
        Path dot = temp.resolve("graph.dot");
        Path page = temp.resolve("graph.html");
        CommandLineRun run =
                CommandLineRun.of("inspect", linear.toString(), "--dot", dot.toString(), "--page", page.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains(": ONNX\n")
                .contains("2 tensors, 9 numbers, 36 bytes")
                .contains("producer = by hand\n", "opset = 13\n")
                .contains("\ninput x float [N, 2]\noutput y float [N, 3]\n3 nodes: 1 Add, 1 MatMul, 1 Relu\n"
                        + "Fathom computes all of these operators.\n");
        assertThat(Files.readString(dot)).isEqualTo("""
                digraph onnx {
                  node [shape=box, fontname="sans-serif"];
                  in0 [label="x float [N, 2]", shape=ellipse];
                  n0 [label="MatMul"];
                  n1 [label="Add"];
                  n2 [label="Relu"];
                  out0 [label="y float [N, 3]", shape=ellipse];
                  in0 -> n0;
                  n0 -> n1;
                  n1 -> n2;
                  n2 -> out0;
                }
                """);
        assertThat(Files.readString(page)).contains("The graph linear.onnx", "How the nodes are joined");
        assertThat(HtmlReport.pictures(page)).hasSize(1);
        assertThat(CommandLineRun.of("inspect", dot.toString(), "--dot", dot.toString())
                        .err())
                .contains("--dot and --page draw the graph of ONNX")
                .hasLineCount(1);
    }

    @Test
    void operatorsThatAreNotComputedAreNamedAllAtOnce() throws Exception {
        Path unknown = OnnxFiles.unknown(temp.resolve("unknown.onnx"));
        assertThat(CommandLineRun.of("inspect", unknown.toString()).out())
                .contains("\nFathom does not compute [Bend, Spin].\n");
        JsonObject json = new Gson()
                .fromJson(
                        CommandLineRun.of("inspect", "--json", unknown.toString())
                                .out(),
                        JsonObject.class);
        assertThat(json.get("missing")).hasToString("[\"Bend\",\"Spin\"]");
        assertThat(json.get("operators")).hasToString("{\"Bend\":1,\"Relu\":1,\"Spin\":1}");
        assertThat(json.get("inputs")).hasToString("[{\"name\":\"x\",\"type\":\"float\",\"shape\":[\"N\",2]}]");
    }
}
