package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fathom.io.Bytes;
import dev.fathom.io.TensorFile;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.SettledMemory;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of ONNX: small ones that are made here, and published ones beside ONNX Runtime's numbers. */
class OnnxModelTest {
    @TempDir
    Path folder;

    private Path file(Message model) throws IOException {
        return Files.write(folder.resolve("net.onnx"), model.done());
    }

    /** y = relu(x W + b) with W [2, 3], for any number of rows. */
    private static Message linear() {
        return Message.model(new Message()
                .add(1, Message.node("MatMul", "x W", "3"), Message.node("Add", "3 b", "sum"))
                .add(1, Message.node("Relu", "sum", "y"))
                .add(5, Message.tensor("W", new int[] {2, 3}, 1, 2, 3, 4, 5, 6))
                .add(5, Message.tensor("b", new int[] {3}, 10, -20, 30))
                .add(11, Message.value("x", -1, 2))
                .add(12, Message.value("y", -1, 3)));
    }

    @Test
    void consumed() throws Exception {
        long before = SettledMemory.owned();
        OnnxModel model = OnnxModel.read(file(linear()));
        try (Plan plan = model.consume()) {
            assertThat(plan.predict(new float[] {1, 1})).containsExactly(15, 0, 39);
            assertThatThrownBy(model::plan).hasMessageStartingWith("model is closed");
        }
        Message image = new Message()
                .text(1, "x")
                .add(
                        2,
                        new Message()
                                .add(
                                        1,
                                        new Message()
                                                .number(1, 1)
                                                .add(
                                                        2,
                                                        new Message()
                                                                .add(
                                                                        1,
                                                                        new Message().text(2, "N"),
                                                                        new Message().text(2, "height"),
                                                                        new Message().text(2, "width")))));
        OnnxModel free = OnnxModel.read(file(Message.model(new Message()
                .add(1, Message.node("Mul", "x W", "y"))
                .add(5, Message.tensor("W", new int[] {2}, 1, 2))
                .add(11, image)
                .add(12, Message.value("y", -1)))));
        assertThatThrownBy(free::consume)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(" the dimensions [height, width] are free, of which one can be the length");
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    /** A number of inputs that no graph has must not be taken for the size of anything. */
    @Test
    void aScanOfMoreInputsThanItHas() throws IOException {
        Message body = new Message()
                .add(1, Message.node("Identity", "row", "same"))
                .add(11, Message.value("row", 2))
                .add(12, Message.value("same", 2));
        Message graph = new Message()
                .add(
                        1,
                        Message.node(
                                "Scan",
                                "x",
                                "y",
                                new Message().text(1, "body").add(6, body).number(20, 5),
                                new Message()
                                        .text(1, "num_scan_inputs")
                                        .number(3, Integer.MAX_VALUE)
                                        .number(20, 2)))
                .add(11, Message.value("x", -1, 2))
                .add(12, Message.value("y", -1, 2));
        try (OnnxModel onnx = OnnxModel.read(file(Message.model(graph)));
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> onnx.run(Tensor.zeros(3, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("it scans 2147483647 of its 1 inputs");
        }
    }

    /** A name may hold the character that stands for bytes of no character, but no such bytes. */
    @Test
    void namesAreTexts() throws IOException {
        String name = "H\u00f6he \ufffd \ud83d\ude00";
        try (OnnxModel onnx = OnnxModel.read(file(Message.model(new Message()
                        .add(1, Message.node("Neg", "x", name))
                        .add(11, Message.value("x", 2))
                        .add(12, Message.value(name, 2)))));
                Pass pass = Pass.infer()) {
            assertThat(onnx.run(Tensor.zeros(2))).containsOnlyKeys(name);
        }
        Message damaged = Message.model(new Message()
                .add(
                        1,
                        new Message()
                                .text(1, "x")
                                .bytes(2, new byte[] {'y', (byte) 0xff})
                                .text(4, "Neg"))
                .add(11, Message.value("x", 2))
                .add(12, Message.value("y", 2)));
        Path file = file(damaged);
        assertThatThrownBy(() -> OnnxModel.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("field 2 should be a text but is no UTF-8");
    }

    @Test
    void anOperatorOfOnesOwn() throws IOException {
        Message graph = new Message()
                .add(
                        1,
                        Message.node(
                                        "Scale",
                                        "x",
                                        "y",
                                        new Message()
                                                .text(1, "factor")
                                                .number(3, 3)
                                                .number(20, 2))
                                .text(7, "com.example"))
                .add(11, Message.value("x", -1, 2))
                .add(12, Message.value("y", -1, 2));
        Path file = file(Message.model(graph));
        assertThatThrownBy(() -> OnnxModel.read(file))
                .hasMessageEndingWith("its graph has operators that are not computed here: [com.example.Scale]");
        CustomOperator scale = (attributes, in) -> List.of(in.get(0).mul((Long) attributes.get("factor")));
        try (OnnxModel onnx = OnnxModel.read(file, Map.of("com.example.Scale", scale));
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(new float[] {1, 2})).containsExactly(3, 6);
        }
    }

    @Test
    void aSmallGraph() throws IOException {
        try (OnnxModel onnx = OnnxModel.read(file(linear()));
                Plan plan = onnx.plan()) {
            assertThat(onnx.inputs()).containsExactly("x float [N, 2]");
            assertThat(onnx.outputs()).containsExactly("y float [N, 3]");
            assertThat(plan.inputs()).hasToString("[x F32 [batch, 2]]");
            assertThat(plan.predict(new float[] {1, 1})).containsExactly(15, 0, 39);
            assertThat(plan.predict(new float[] {1, 0, 0, 1})).containsExactly(11, 0, 33, 14, 0, 36);
            try (Pass pass = Pass.infer()) {
                assertThat(onnx.run(Tensor.of(new float[] {1, 1}, 1, 2))
                                .get("y")
                                .toArray())
                        .containsExactly(15, 0, 39);
                assertThatThrownBy(onnx::run)
                        .hasMessageContaining("takes 1 inputs")
                        .hasMessageContaining("0 were given");
                assertThatThrownBy(() -> onnx.run(Tensor.zeros(1, 5))).hasMessageStartingWith("MatMul of 3: ");
            }
            assertThat(onnx.toString()).endsWith("net.onnx: [x float [N, 2]] to [y float [N, 3]], 9 parameters");
        }
    }

    /** Two numbers lie in each byte, of which the last has but one, and the product is rounded to a float of 8 bits. */
    @Test
    void weightsOfFourBits() throws IOException {
        int n = 9;
        long[] packed = new long[(n * n + 1) / 2];
        float[] want = new float[n];
        for (int i = 0; i < n * n; i++) {
            int value = i * 5 % 16 - 8;
            packed[i / 2] |= (long) (value & 15) << 4 * (i % 2);
            want[i % n] += 0.5f * value * (i / n);
        }
        Message w = new Message()
                .number(1, n, n)
                .number(2, ElementType.INT4.ordinal())
                .number(5, packed)
                .text(8, "W");
        Message to = new Message().text(1, "to").number(20, 2);
        Message graph = new Message()
                .add(1, Message.node("DequantizeLinear", "W half", "real"), Message.node("MatMul", "x real", "z"))
                .add(1, Message.node("Cast", "z", "y", to.number(3, ElementType.FLOAT8E4M3FN.ordinal())))
                .add(5, w, Message.tensor("half", new int[0], 0.5f))
                .add(11, Message.value("x", -1, n))
                .add(12, Message.value("z", -1, n), Message.value("y", -1, n));
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = i;
        }
        try (OnnxModel onnx = OnnxModel.read(file(Message.model(graph)));
                Plan plan = onnx.plan();
                Session session = plan.newSession(1);
                Pass pass = Pass.infer()) {
            Map<String, Tensor> eager = onnx.run(Tensor.of(x, 1, n));
            assertThat(eager.get("z").toArray()).containsExactly(want);
            session.set("x", x);
            session.run();
            float[] frozen = new float[n];
            session.output("y").get(0, frozen);
            assertThat(frozen).containsExactly(eager.get("y").toArray());
            assertThat(frozen).isNotEqualTo(want);
            for (int i = 0; i < n; i++) { // four bits are kept
                assertThat(frozen[i]).isCloseTo(want[i], within(Math.abs(want[i]) / 16));
            }
        }
    }

    /** Sums of other shapes than the product's, which its kernel cannot compute: by hand, of ones. */
    @Test
    void sumsThatAreBroadcast() throws IOException {
        Message image = Message.model(new Message()
                .add(1, Message.node("Conv", "x W", "c"), Message.node("Add", "x c", "y"))
                .add(5, Message.tensor("W", new int[] {1, 2, 1, 2}, 1, 2, 3, 4))
                .add(11, Message.value("x", -1, 2, 1, 2))
                .add(12, Message.value("y", -1, 2, 1, 2)));
        Message rows = Message.model(new Message()
                .add(1, Message.node("MatMul", "x W", "c"), Message.node("Add", "c b", "y"))
                .add(5, Message.tensor("W", new int[] {2, 1}, 1, 2))
                .add(5, Message.tensor("b", new int[] {3}, 10, 20, 30))
                .add(11, Message.value("x", -1, 2))
                .add(12, Message.value("y", -1, 3)));
        try (OnnxModel onnx = OnnxModel.read(file(image));
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(new float[] {1, 1, 1, 1})).containsExactly(11, 11, 11, 11);
        }
        try (OnnxModel onnx = OnnxModel.read(file(rows));
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(new float[] {1, 1})).containsExactly(13, 23, 33);
        }
    }

    /** What is flattened stands in the order of the graph, also where a transposition waits. */
    @Test
    void flattenedTranspositions() throws IOException {
        Message graph = Message.model(new Message()
                .add(1, Message.node("Transpose", "x", "t"), Message.node("Flatten", "t", "y"))
                .add(11, Message.value("x", 2, 3))
                .add(12, Message.value("y", 3, 2)));
        try (OnnxModel onnx = OnnxModel.read(file(graph));
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(new float[] {1, 2, 3, 4, 5, 6})).containsExactly(1, 4, 2, 5, 3, 6);
        }
    }

    /** A batch of one is repeated by the calls that repeat larger ones. */
    @Test
    void repeatedBatches() throws IOException {
        Message tiles = Message.model(new Message()
                .add(1, Message.node("Tile", "x times", "y"))
                .add(5, Message.ints("times", 2, 2))
                .add(11, Message.value("x", -1, 2))
                .add(12, Message.value("y", -1, 4)));
        try (OnnxModel onnx = OnnxModel.read(file(tiles));
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(new float[] {1, 2})).containsExactly(1, 2, 1, 2, 1, 2, 1, 2);
            assertThat(plan.predict(new float[] {1, 2, 3, 4}))
                    .containsExactly(1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4);
        }
    }

    /** dy/dW is x in the columns of units that are positive. */
    @Test
    void gradientsReachTheWeights() throws IOException {
        try (OnnxModel onnx = OnnxModel.read(file(linear()))) {
            Model<?> model = onnx.model();
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor y = onnx.run(Tensor.of(new float[] {2, 5}, 1, 2)).get("y");
                pass.backward(y.sum(), model);
            }
            // stored as [out, in]
            assertThat(model.parameter("W").gradient().toArray()).containsExactly(2, 5, 2, 5, 2, 5);
            assertThat(model.parameter("b").gradient().toArray()).containsExactly(1, 1, 1);
        }
    }

    // ---- what is wrong with a file

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            MatMul x W y, Banana y | no node gives the output "z"
            Foo x y, Bar y q, Foo q z | operators that are not computed here: [Bar, Foo]
            Relu q z, Relu x q | the node Relu of z reads "q", which no node before it gives
            Relu x z, Relu x z | give "z"
            Relu z z | reads "z", which no node before it gives
            """)
    void graphsThatMakeNoSense(String nodes, String says) throws IOException {
        Message graph = new Message();
        for (String node : nodes.replace("Banana", "Relu").split(", ")) {
            List<String> words = List.of(node.split(" "));
            int last = words.size() - 1;
            String output = last == 1 ? "w" : words.get(last);
            graph.add(1, Message.node(words.get(0), String.join(" ", words.subList(1, Math.max(2, last))), output));
        }
        graph.add(5, Message.tensor("W", new int[] {2, 2}, 1, 2, 3, 4));
        graph.add(11, Message.value("x", -1, 2)).add(12, Message.value("z", -1, 2));
        Path file = file(Message.model(graph));
        assertThatThrownBy(() -> OnnxModel.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(says);
    }

    /** Attributes and inputs that are sound on their own, but not for their operator. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DepthToSpace x          | blocksize 0  | DepthToSpace of z: its inputs and attributes do not fit together
            Transpose x             | perm 7 8     | Transpose of z: [7, 8] is not an order of the 4 dimensions
            Range zero big zero     | axis 0       | Range of z: a constant of shape [2147483647]
            Div ints zero           | axis 0       | Div of z: its inputs and attributes do not fit together
            Conv x W                | group 0      | Conv of z: conv
            Softmax x               | axis 9       | Softmax of z: the axis 9 is not within 4 dimensions
            ConstantOfShape huge    | axis 0       | ConstantOfShape of z: a constant of shape [2000000000]
            """)
    void nodesThatMakeNoSense(String node, String attribute, String says) throws IOException {
        List<String> words = List.of(node.split(" "));
        String[] setting = attribute.split(" ");
        Message a = new Message().text(1, setting[0]);
        boolean several = setting.length > 2;
        for (int i = 1; i < setting.length; i++) {
            a.number(several ? 8 : 3, Long.parseLong(setting[i]));
        }
        a.number(20, several ? 7 : 2);
        Message n = Message.node(words.get(0), String.join(" ", words.subList(1, words.size())), "z", a);
        Message graph = new Message()
                .add(1, n)
                .add(5, Message.tensor("W", new int[] {2, 2, 1, 1}, 1, 2, 3, 4))
                .add(5, Message.ints("zero", 0), Message.ints("big", 100), Message.ints("ints", 1, 2))
                .add(5, Message.ints("huge", 2_000_000_000))
                .add(11, Message.value("x", 1, 2, 4, 4))
                .add(12, Message.value("z", 1));
        try (OnnxModel onnx = OnnxModel.read(file(Message.model(graph)));
                Pass pass = Pass.infer()) {
            assertThat(pass.training()).isFalse();
            assertThatThrownBy(() -> onnx.run(Tensor.zeros(1, 2, 4, 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(says);
        }
    }

    /** A node may ask for the shape of a product that waits for it, and then for the product. */
    @Test
    void whatWaitsIsComputedOnce() {
        AtomicInteger runs = new AtomicInteger();
        Node node = new Node("", "Transpose", "", "", 13, List.of("x"), List.of("y"), Map.of());
        try (Pass pass = Pass.infer()) {
            assertThat(pass.training()).isFalse();
            Pending waits =
                    new Pending(node, new int[] {2, 3}, false, false, null, null, (bias, residual, activation) -> {
                        runs.incrementAndGet();
                        return Tensor.zeros(2, 3);
                    });
            Step step = new Step(node, "", false, false, new Scope(Map.of(), Map.of()), waits);
            assertThat(step.dims(0)).containsExactly(2, 3);
            assertThat(step.tensor(0).shape()).isEqualTo(Shape.of(2, 3));
        }
        assertThat(runs).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../secret", "/etc/passwd", "", "a/../../b"})
    void dataOutsideTheFolder(String location) throws IOException {
        Message where = new Message().text(1, "location").text(2, location);
        Message tensor = new Message()
                .number(1, 2)
                .number(2, 1)
                .text(8, "W")
                .add(13, where)
                .number(14, 1);
        Path file = file(Message.model(new Message().add(5, tensor)));
        assertThatThrownBy(() -> OnnxModel.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not within the folder of the model");
    }

    @Test
    void dataBesideTheFile() throws IOException {
        Message graph = new Message()
                .add(1, Message.node("Add", "x W", "y"))
                .add(11, Message.value("x", -1, 2))
                .add(12, Message.value("y", -1, 2));
        Message tensor = new Message().number(1, 2).number(2, 1).text(8, "W").number(14, 1);
        tensor.add(13, new Message().text(1, "location").text(2, "net.bin"));
        tensor.add(13, new Message().text(1, "offset").text(2, "4"));
        Path file = file(Message.model(graph.add(5, tensor)));
        Path data = folder.resolve("net.bin");
        Files.write(data, new Message().bytes(0, new byte[0]).done());
        assertThatThrownBy(() -> OnnxModel.read(file)).hasMessageContaining("takes 8 bytes from 4 on of net.bin");
        Files.write(
                data,
                ByteBuffer.allocate(12)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putFloat(9)
                        .putFloat(1)
                        .putFloat(2)
                        .array());
        try (OnnxModel onnx = OnnxModel.read(file);
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(new float[] {10, 20})).containsExactly(11, 22);
        }
    }

    @Test
    void shapesThatNoMemoryHolds() throws IOException {
        Message tensor =
                new Message().number(1, 1L << 40, 1L << 40).number(2, 1).text(8, "W");
        Path file = file(Message.model(new Message().add(5, tensor)));
        assertThatThrownBy(() -> OnnxModel.read(file)).hasMessageContaining("which no memory holds");
        Message deep = new Message();
        for (int i = 0; i < 100; i++) { // an attribute with a graph with a node with an attribute ...
            deep = new Message().add(1, new Message().add(5, new Message().add(6, deep)));
        }
        Path nested = file(Message.model(deep));
        assertThatThrownBy(() -> OnnxModel.read(nested)).hasMessageContaining("deep within each other");
    }

    @Test
    void damage() throws IOException {
        damage(linear().done());
    }

    /** A file that ends early, or in which bytes are others, is refused in words, or is sound by chance. */
    static void damage(byte... all) throws IOException {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] some = Arrays.copyOf(all, i < all.length ? i : all.length);
            for (int j = 0; i >= all.length && j <= i % 3; j++) {
                some[random.nextInt(some.length)] = (byte) random.nextInt(256);
            }
            try (OnnxFile file = new OnnxFile(Bytes.of(ByteBuffer.wrap(some)), null)) {
                assertThat(new Program(file, Map.of()).inputs()).isNotNull();
            } catch (IllegalArgumentException e) {
                assertThat(e).message().isNotBlank();
            } catch (EOFException e) {
                assertThat(e).isNotNull();
            }
        }
    }

    // ---- published models

    private static Path published(String name) {
        String data = System.getenv("FATHOM_DATA");
        Path file = Path.of(data == null ? "nowhere" : data, name);
        assumeTrue(Files.exists(file), name + " is not read: FATHOM_DATA has no such file");
        return file;
    }

    /** The goldens are the logits of ONNX Runtime; they say that 1e-3 is to be allowed. */
    @ParameterizedTest
    @CsvSource({"mobilenet_v2_1.0_224, mobilenet_v2", "squeezenet1_1, squeezenet1_1"})
    void imagesOfImageNet(String name, String golden) throws IOException {
        Path file = published("pretrained-imagenet/" + name + ".onnx");
        float[] x = new float[4 * 3 * 224 * 224];
        float[] want = new float[4 * 1000];
        try (TensorFile check = TensorFile.open(published("pretrained-imagenet/check.npz"))) {
            IntBuffer pixels = IntBuffer.allocate(x.length);
            check.copy("images", pixels);
            check.copy(golden, FloatBuffer.wrap(want));
            double[] mean = {0.485, 0.456, 0.406};
            double[] deviation = {0.229, 0.224, 0.225};
            for (int i = 0; i < x.length; i++) {
                int c = i % 3;
                int place = (i / (3 * 224 * 224) * 3 + c) * 224 * 224 + i / 3 % (224 * 224);
                double v = pixels.get(i);
                x[place] = (float) (golden.startsWith("mobile") ? v / 127.5 - 1 : (v / 255 - mean[c]) / deviation[c]);
            }
        }
        try (OnnxModel onnx = OnnxModel.read(file);
                Plan plan = onnx.plan()) {
            assertThat(plan.predict(x)).containsExactly(want, within(1e-4f));
            assertThat(plan.toDot().lines().filter(line -> line.contains("permute")))
                    .as("only what goes in is turned")
                    .hasSize(1);
        }
    }

    /** Random encoders, whose vectors are the means over five tokens; beside ONNX Runtime. */
    @ParameterizedTest
    @ValueSource(strings = {"dummy_transformer", "dummy_transformer_without_type_ids"})
    void encodersOfTexts(String name) throws IOException {
        Path file = published("models/vespa-onnx-encoders/" + name + ".onnx");
        JsonObject expected = json(published("models/vespa-onnx-encoders/expected.json"));
        float[] want = floats(expected.getAsJsonArray(name + ".onnx"));
        try (OnnxModel onnx = OnnxModel.read(file);
                Plan plan = onnx.plan()) {
            assertThat(plan.inputs().get(0)).hasToString("input_ids I32 [batch, length]");
            try (Pass pass = Pass.infer()) {
                Tensor[] in = onnx.inputs().stream()
                        .map(i -> Tensor.ofInts(
                                i.startsWith("input_ids")
                                        ? new int[] {1, 2, 3, 4, 5}
                                        : i.startsWith("attention_mask") ? new int[] {1, 1, 1, 1, 1} : new int[5],
                                1,
                                5))
                        .toArray(Tensor[]::new);
                float[] mean = onnx.run(in).get("output_0").mean(1).toArray();
                assertThat(Arrays.copyOf(mean, want.length)).containsExactly(want, within(1e-5f));
            }
        }
    }

    /** Detectors, super-resolution and two LSTMs on numbers of a generator, beside ONNX Runtime 1.30. */
    @ParameterizedTest
    @CsvSource({
        "ultraface-onnx, version-RFB-320",
        "ultraface-onnx, version-slim-320",
        "onnx-superres-fastestdet, FastestDet",
        "onnx-superres-fastestdet, pytorch_super_resolution",
        "dtln-onnx-lstm, model_1",
        "dtln-onnx-lstm, model_2"
    })
    void asOnnxRuntime(String from, String name) throws IOException {
        Path file = published("models/" + from + "/" + name + ".onnx");
        JsonObject golden =
                json(published("models/" + from + "/expected-ort.json")).getAsJsonObject(name + ".onnx");
        Matcher how = Pattern.compile("\\*([-0-9.]+)\\+\\(([-0-9.]+)\\), shape \\[([0-9, ]+)], input ([^ ;]+)(;.*)?$")
                .matcher(golden.get("input").getAsString());
        assertThat(how.find()).isTrue();
        int[] dims = Arrays.stream(how.group(3).split(", "))
                .mapToInt(Integer::parseInt)
                .toArray();
        float[] x = generated(
                Arrays.stream(dims).reduce(1, (a, b) -> a * b),
                Double.parseDouble(how.group(1)),
                Double.parseDouble(how.group(2)));
        try (OnnxModel onnx = OnnxModel.read(file);
                Plan plan = onnx.plan(Map.of("batch_size", 1));
                Pass pass = Pass.infer()) {
            Tensor[] in = plan.inputs().stream()
                    .map(s -> s.name().equals(how.group(4)) ? Tensor.of(x, dims) : Tensor.zeros(s.dims()))
                    .toArray(Tensor[]::new);
            Map<String, Tensor> got = onnx.run(in);
            assertThat(got.keySet()).isEqualTo(golden.getAsJsonObject("outputs").keySet());
            got.forEach((output, tensor) -> {
                JsonObject want = golden.getAsJsonObject("outputs").getAsJsonObject(output);
                float[] y = tensor.toArray();
                float[] first = floats(want.getAsJsonArray("first16"));
                for (int i = 0; i < first.length; i++) {
                    assertThat(y[i])
                            .as(output + " " + i)
                            .isCloseTo(first[i], within(1e-4f * Math.max(1, Math.abs(first[i]))));
                }
                double squares = 0;
                for (float v : y) {
                    squares += (double) v * v;
                }
                double wanted = want.get("sum_sq").getAsDouble();
                assertThat(squares).as(output).isCloseTo(wanted, within(1e-4 * wanted));
            });
        }
    }

    private static float[] generated(int n, double times, double plus) {
        float[] all = new float[n];
        long state = 12345;
        for (int i = 0; i < n; i++) {
            state = (1103515245L * state + 12345) % (1L << 31);
            all[i] = (float) (state / (double) (1L << 31) * times + plus);
        }
        return all;
    }

    private static JsonObject json(Path file) throws IOException {
        return new Gson().fromJson(Files.readString(file), JsonObject.class);
    }

    private static float[] floats(JsonArray from) {
        float[] all = new float[from.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = from.get(i).getAsFloat();
        }
        return all;
    }
}
