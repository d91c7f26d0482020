package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.io.Stored;
import dev.fathom.io.TensorFile;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What exporters write in parts becomes one call of a plan, and computes what the parts say. */
class RewritingTest {
    private static final Path MODELS = Path.of(System.getProperty("fathom.root"), "test-data/onnx");
    private static final Pattern CALL = Pattern.compile("label=\"([a-z0-9_ ]+)[:\\\\\"]");

    @TempDir
    Path temp;

    /** The calls of a plan, in order. */
    private static List<String> calls(Plan plan) {
        List<String> calls = new ArrayList<>();
        Matcher m = CALL.matcher(plan.toDot());
        while (m.find()) {
            calls.add(m.group(1).strip());
        }
        return calls;
    }

    /** A file of one float input x [N, 4], one output y, and these nodes and constants of one element. */
    private Path file(Message graph) throws IOException {
        graph.add(11, Message.value("x", -1, 4)).add(12, Message.value("y", -1, 4));
        return Files.write(temp.resolve("model.onnx"), Message.model(graph).done());
    }

    private static Message number(String name, double value) {
        return Message.tensor(name, new int[0], (float) value);
    }

    /** Nodes as {@code Op a b > c}, separated by semicolons; what is written as a number is a constant. */
    private static Message graph(String nodes) {
        Message graph = new Message();
        Set<String> numbers = new HashSet<>();
        for (String node : nodes.split("; ")) {
            String[] sides = node.split(" > ");
            String[] words = sides[0].split(" ");
            graph.add(
                    1,
                    Message.node(words[0], String.join(" ", Arrays.asList(words).subList(1, words.length)), sides[1]));
            for (String word : words) {
                if (word.matches("[0-9.]+") && numbers.add(word)) {
                    graph.add(5, number(word, Double.parseDouble(word)));
                }
            }
        }
        return graph;
    }

    private static double erf(double x) { // Abramowitz and Stegun 7.1.26, within 1.5e-7
        double t = 1 / (1 + 0.3275911 * Math.abs(x));
        double p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return Math.signum(x) * (1 - p * Math.exp(-x * x));
    }

    private static double computed(String what, double x) {
        DoubleUnaryOperator f = switch (what) {
            case "gelu" -> v -> 0.5 * v * (1 + erf(v / Math.sqrt(2)));
            case "gelu_tanh" -> v -> 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
            case "silu" -> v -> v / (1 + Math.exp(-v));
            case "swish" -> v -> v / (1 + Math.exp(-1.702 * v));
            case "mish" -> v -> v * Math.tanh(Math.log1p(Math.exp(v)));
            case "hard_swish" -> v -> v * Math.max(0, Math.min(6, v + 3)) / 6;
            default -> v -> Math.max(0, Math.min(6, v + 3)) / 6;
        };
        return f.applyAsDouble(x);
    }

    @ParameterizedTest
    @CsvSource({
        "gelu, Div x 1.41421354 > a; Erf a > b; Add b 1 > c; Mul x c > d; Mul d 0.5 > y",
        "gelu, Mul x 0.70710677 > a; Erf a > b; Add 1 b > c; Mul 0.5 x > d; Mul d c > y",
        "gelu, Div x 1.41421354 > a; Erf a > b; Add b 1 > c; Mul 0.5 c > d; Mul x d > y",
        "gelu_tanh, Pow x 3 > a; Mul a 0.044715 > b; Add x b > c; Mul c 0.7978846 > d; Tanh d > e; Add e 1 > f; Mul x"
                + " 0.5 > g; Mul g f > y",
        "gelu_tanh, Mul x x > a; Mul a x > b; Mul 0.044715 b > c; Add c x > d; Mul 0.7978846 d > e; Tanh e > f; Add 1"
                + " f > g; Mul x g > h; Mul h 0.5 > y",
        "gelu_tanh, Mul x x > a; Mul a 0.044715 > b; Add 1 b > c; Mul 0.7978846 x > d; Mul d c > e; Tanh e > f; Add 1"
                + " f > g; Mul 0.5 g > h; Mul x h > y",
        "silu, Sigmoid x > a; Mul x a > y",
        "swish, Mul x 1.702 > a; Sigmoid a > b; Mul x b > y",
        "mish, Softplus x > a; Tanh a > b; Mul x b > y",
        "hard_swish, Add x 3 > a; Clip a 0 6 > b; Div b 6 > c; Mul x c > y",
        "hard_swish, Add x 3 > a; Clip a 0 6 > b; Mul x b > c; Div c 6 > y",
        "hard_swish, Add 3 x > a; Clip a 0 6 > b; Mul b 0.16666667 > c; Mul c x > y",
        "hard_sigmoid, Add x 3 > a; Clip a 0 6 > b; Div b 6 > y",
    })
    void anActivationInParts(String what, String nodes) throws IOException {
        float[] x = {-7, -2.5f, -0.3f, 0, 0.6f, 1, 2.9f, 8};
        try (OnnxModel model = OnnxModel.read(file(graph(nodes)));
                Plan plan = model.plan()) {
            assertThat(calls(plan)).hasSize(1).first().isEqualTo(what);
            float[] y = plan.predict(x);
            for (int i = 0; i < x.length; i++) {
                assertThat(y[i]).isCloseTo((float) computed(what, x[i]), within(2e-6f));
            }
        }
    }

    /** Other constants are other functions, which stay as they are. */
    @ParameterizedTest
    @CsvSource({
        "Div x 1.5 > a; Erf a > b; Add b 1 > c; Mul x c > d; Mul d 0.5 > y",
        "Add x 2 > a; Clip a 0 6 > b; Div b 6 > c; Mul x c > y",
        "Add x 3 > a; Clip a 0 5 > b; Div b 6 > c; Mul x c > y",
        "Mul x 0.70710677 > a; Erf a > b; Add 1 b > c; Mul c c > y",
    })
    void anotherFunctionStays(String nodes) throws IOException {
        try (OnnxModel model = OnnxModel.read(file(graph(nodes)));
                Plan plan = model.plan()) {
            assertThat(calls(plan)).hasSizeGreaterThan(2);
        }
    }

    /** A constant of two dimensions gives the result two, which a GELU would not. */
    @Test
    void aConstantOfMoreDimensions() throws IOException {
        Message graph = graph("Div x r > a; Erf a > b; Add b 1 > c; Mul x c > d; Mul d 0.5 > e; Reshape e s > y")
                .add(5, Message.tensor("r", new int[] {1, 1, 1}, 1.41421354f))
                .add(5, Message.ints("s", -1, 4));
        try (OnnxModel model = OnnxModel.read(file(graph));
                Plan plan = model.plan()) {
            assertThat(calls(plan)).doesNotContain("gelu").contains("erf");
        }
    }

    /** Integers divide as integers do. */
    @Test
    void aFunctionOfIntegersStays() {
        Map<String, Initializer> constants = new LinkedHashMap<>();
        for (int n : new int[] {0, 3, 6}) {
            constants.put("" + n, integer("" + n, n));
        }
        List<Node> nodes = List.of(
                node("Add", "a", "x", "3"),
                node("Clip", "b", "a", "0", "6"),
                node("Div", "c", "b", "6"),
                node("Mul", "y", "x", "c"));
        assertThat(rewritten(nodes, constants)).isEqualTo(nodes);
    }

    /** The mean that a norm gives beside its result is not the result. */
    @Test
    void aSecondResultIsNoNorm() {
        Node norm = new Node(
                "", "LayerNormalization", "", "", 17, List.of("x", "w"), List.of("n", "m"), Map.of("axis", -1L));
        List<Node> nodes =
                List.of(norm, node("Add", "p", "n", "x"), node("Add", "y", "m", "b"), node("Mul", "z", "y", "p"));
        Map<String, Initializer> constants = Map.of("b", integer("b", 1, 2, 3));
        assertThat(rewritten(nodes, constants)).isEqualTo(nodes);
    }

    /** A node without its inputs is refused where it is computed, and by no pattern before. */
    @ParameterizedTest
    @ValueSource(strings = {"Erf", "Tanh", "Sigmoid", "Clip", "HardSigmoid", "Mul", "Div", "Pow", "ReduceMean", "Sqrt"})
    void nodesWithoutInputs(String operator) {
        List<Node> nodes = List.of(
                node(operator, "a"),
                node("Mul", "b", "x", "a"),
                node("Div", "y", "b", "x"),
                node("MatMul", "z", "y", "b"));
        assertThat(rewritten(nodes, Map.of())).isEqualTo(nodes);
    }

    /**
     * A norm of groups as PyTorch writes it, of instances between two reshapes, takes over a weight and a bias of
     * channels, but neither one of columns nor what it would have to scale first.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 4x1x1, permute conv group_norm permute",
        "1, 1x4x1x1, permute conv group_norm permute",
        "1, 4, permute conv group_norm mul add permute",
        "2, 4x1x1, ''",
    })
    void aNormOfGroups(float scale, String dims, String expected) throws IOException {
        int[] shape = Arrays.stream(dims.split("x")).mapToInt(Integer::parseInt).toArray();
        float[] g = {0.5f, -1, 2, 3};
        float[] b = {1, 0, -1, 4};
        Message graph = graph("Conv x w > c; Shape c > s; Reshape c split > r; InstanceNormalization r ones zeros > i;"
                        + " Reshape i s > n; Mul n g > m; Add m b > y")
                .add(5, Message.tensor("w", new int[] {4, 4, 1, 1}, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))
                .add(5, Message.ints("split", 0, 2, -1))
                .add(5, Message.tensor("ones", new int[] {2}, scale, scale))
                .add(5, Message.tensor("zeros", new int[] {2}, 0, 0))
                .add(5, Message.tensor("g", shape, g))
                .add(5, Message.tensor("b", shape, b))
                .add(11, Message.value("x", -1, 4, 3, 4))
                .add(12, Message.value("y", -1, 4, 3, 4));
        float[] x = new Rng(1).normal(48, 1, 2);
        try (OnnxModel model = OnnxModel.read(Files.write(
                        temp.resolve("model.onnx"), Message.model(graph).done()));
                Plan plan = model.plan()) {
            if (!expected.isEmpty()) {
                assertThat(String.join(" ", calls(plan))).isEqualTo(expected);
            }
            float[] y = plan.predict(x);
            for (int i = 0; i < 48; i++) {
                int first = i / 24 * 24;
                double mean = 0;
                double square = 0;
                for (int k = first; k < first + 24; k++) {
                    mean += x[k] / 24;
                    square += x[k] * x[k] / 24;
                }
                double one = scale * (x[i] - mean) / Math.sqrt(square - mean * mean + 1e-5);
                int at = shape.length == 1 ? i % 4 : i / 12;
                assertThat(y[i]).isCloseTo((float) (one * g[at] + b[at]), within(1e-5f));
            }
        }
    }

    private static Node node(String operator, String output, String... inputs) {
        return new Node("", operator, "", "", 17, List.of(inputs), List.of(output), Map.of());
    }

    private static Initializer integer(String name, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        long[] dims = values.length == 1 ? new long[0] : new long[] {values.length};
        TensorFile.Entry entry = new TensorFile.Entry(
                name,
                "I32",
                Stored.I32,
                dims,
                bytes.capacity(),
                (at, to, n) -> System.arraycopy(bytes.array(), (int) at, to, 0, n));
        return new Initializer(ElementType.INT32, entry, List.of());
    }

    private static List<Node> rewritten(List<Node> nodes, Map<String, Initializer> constants) {
        try {
            return Rewriting.of(nodes, constants, Set.of("y", "z"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A part that something else reads is computed, too. */
    @Test
    void aPartThatIsAnOutput() throws IOException {
        Message graph = graph("Sigmoid x > a; Mul x a > y").add(12, Message.value("a", -1, 4));
        try (OnnxModel model = OnnxModel.read(file(graph));
                Plan plan = model.plan();
                Session session = plan.newSession(1)) {
            session.set("x", new float[] {1, 2, 3, 4});
            session.run();
            FloatBuffer a = session.output("a");
            FloatBuffer y = session.output("y");
            for (int i = 0; i < 4; i++) {
                assertThat(a.get(i)).isCloseTo((float) (1 / (1 + Math.exp(-1 - i))), within(1e-6f));
                assertThat(y.get(i)).isCloseTo((1 + i) * a.get(i), within(1e-6f));
            }
        }
    }

    // ---- models

    /** How many calls of each kind the plan of a model has: none of the parts, and one to turn a given image. */
    @ParameterizedTest
    @CsvSource({
        "minilm, attention=2 layer_norm=5 softmax=0 erf=0 permute=0 matmul=0",
        "bert-classifier, attention=2 layer_norm=5 softmax=0 erf=0 permute=0 matmul=0",
        "albert, attention=3 softmax=0 tanh=0 permute=0 matmul=0",
        "vit, attention=2 softmax=0 erf=0 matmul=0",
        "whisper-encoder, attention=2 softmax=0 erf=0",
        "llama-dynamo, attention=2 rms_norm=5 softmax=0 sigmoid=0",
        "t5-encoder, attention=2 rms_norm=5 softmax=0",
        "convnext, erf=0 sqrt=0 permute=1",
        "resnet18, permute=1 batch_norm=0 relu=0",
        "mobilenetv3, permute=1 hard_swish=0",
        "efficientnet-b0, permute=1 sigmoid=0",
        "yolov8, sigmoid=1",
        "style, group_norm=4 mul=0 add=0",
    })
    void aModelWithoutParts(String name, String expected) {
        try (OnnxModel model = OnnxModel.read(MODELS.resolve(name + ".onnx"));
                Plan plan = model.plan()) {
            List<String> calls = calls(plan);
            for (String one : expected.split(" ")) {
                String call = one.substring(0, one.indexOf('='));
                assertThat(calls.stream().filter(c -> c.equals(call)).count())
                        .as("%s of %s in %s", call, name, calls)
                        .isEqualTo(Integer.parseInt(one.substring(one.indexOf('=') + 1)));
            }
        }
    }

    /** A row keeps its bits, whatever padding a longer one beside it gives it. */
    @ParameterizedTest
    @CsvSource({"minilm, sentence_embedding", "bert-classifier, logits"})
    void aPaddedRowKeepsItsBits(String name, String output) {
        int[] ids = {5, 9, 21, 33, 7};
        int length = 29;
        int[] two = new int[2 * length];
        int[] mask = new int[2 * length];
        int[] types = new int[2 * length];
        for (int i = 0; i < length; i++) {
            two[i] = i < ids.length ? ids[i] : 0;
            mask[i] = i < ids.length ? 1 : 0;
            two[length + i] = 3 + i;
            mask[length + i] = 1;
        }
        try (OnnxModel model = OnnxModel.read(MODELS.resolve(name + ".onnx"));
                Plan plan = model.plan();
                Session alone = plan.newSession(1, ids.length);
                Session padded = plan.newSession(2, length)) {
            alone.set("input_ids", ids);
            alone.set("attention_mask", new int[] {1, 1, 1, 1, 1});
            alone.set("token_type_ids", new int[ids.length]);
            padded.set("input_ids", two);
            padded.set("attention_mask", mask);
            padded.set("token_type_ids", types);
            alone.run();
            padded.run();
            FloatBuffer a = alone.output(0);
            FloatBuffer b = padded.output(0);
            for (int i = 0; i < a.limit(); i++) {
                assertThat(b.get(i)).as("%s at %s", output, i).isEqualTo(a.get(i));
            }
        }
    }
}
