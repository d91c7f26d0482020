package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.io.Safetensors;
import dev.fathom.io.TensorFile;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files whose names are not the model's: what is taken as it is, what takes a rule, and what the answer says. */
class NamesTest {
    @TempDir
    Path folder;

    /** Writes tensors of these names and shapes with random values, and gives the values. */
    private Map<String, float[]> file(Path file, Object... namesAndShapes) {
        Safetensors.Writer writer = new Safetensors.Writer();
        Map<String, float[]> values = new LinkedHashMap<>();
        for (int i = 0; i < namesAndShapes.length; i += 2) {
            String name = (String) namesAndShapes[i];
            Shape shape = (Shape) namesAndShapes[i + 1];
            float[] some = new Rng(7).split(name).normal((int) shape.size(), 0, 1);
            values.put(name, some);
            writer.add(name, shape, FloatBuffer.wrap(some));
        }
        writer.write(file);
        return values;
    }

    private Path path() {
        return folder.resolve("net.safetensors");
    }

    private static float[] values(Model<?> model, String name) {
        try (Pass pass = Pass.infer()) {
            return model.parameter(name).value().toArray();
        }
    }

    // ---- what is taken as it is

    @Test
    void wrappersOfPyTorchAreTakenAsTheyAre() {
        for (String prefix : List.of("module.", "_orig_mod.", "_orig_mod.module.")) {
            var given = file(path(), prefix + "0.weight", Shape.of(3, 2), prefix + "0.bias", Shape.of(3));
            try (var model = Model.of(new Sequential(new Linear(2, 3)), 1)) {
                Loaded loaded = model.load(path());
                assertThat(values(model, "0.weight")).isEqualTo(given.get(prefix + "0.weight"));
                assertThat(loaded.loaded()).containsExactly("0.weight", "0.bias");
                assertThat(loaded.unused()).isEmpty();
            }
        }
    }

    private record Wrapped(Layer module) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return module.apply(x);
        }
    }

    @Test
    void aNetThatIsCalledModuleKeepsItsName() {
        var given = file(path(), "module.weight", Shape.of(3, 2), "module.bias", Shape.of(3));
        try (var model = Model.of(new Wrapped(new Linear(2, 3)), 1)) {
            model.load(path());
            assertThat(values(model, "module.weight")).isEqualTo(given.get("module.weight"));
        }
    }

    /** torch.nn.LSTMCell, GRUCell and RNNCell name their parameters without the layer. */
    @Test
    void cellsOfPyTorchAreTakenAsTheyAre() {
        Map<Recurrent, Integer> nets = new LinkedHashMap<>();
        nets.put(Recurrent.lstm(2, 3), 4);
        nets.put(Recurrent.gru(2, 3), 3);
        nets.put(Recurrent.rnn(2, 3), 1);
        nets.forEach((net, gates) -> {
            var given = file(
                    path(),
                    "cell.weight_ih",
                    Shape.of(3 * gates, 2),
                    "cell.weight_hh",
                    Shape.of(3 * gates, 3),
                    "cell.bias_ih",
                    Shape.of(3 * gates),
                    "cell.bias_hh",
                    Shape.of(3 * gates));
            try (var model = Model.of(new Encoder(net), 1);
                    Pass pass = Pass.infer()) {
                model.load(path());
                given.forEach((name, values) ->
                        assertThat(values(model, name + "_l0")).as(name).isEqualTo(values));
                float[] x = {0.5f, -1};
                assertThat(model.net().cell.apply(Tensor.of(x, 1, 1, 2)).toArray())
                        .containsExactly(step(given, gates, x), within(1e-6f));
            }
        });
    }

    private record Encoder(Recurrent cell) implements Net {}

    /** One step from a state of 0, by the formulas in the documentation of torch.nn.LSTMCell, GRUCell and RNNCell. */
    private static float[] step(Map<String, float[]> p, int gates, float[] x) {
        double[] in = new double[3 * gates];
        double[] state = new double[3 * gates];
        for (int i = 0; i < in.length; i++) {
            in[i] = p.get("cell.bias_ih")[i]
                    + p.get("cell.weight_ih")[2 * i] * x[0]
                    + p.get("cell.weight_ih")[2 * i + 1] * x[1];
            state[i] = p.get("cell.bias_hh")[i];
        }
        float[] h = new float[3];
        for (int i = 0; i < 3; i++) {
            if (gates == 4) { // i, f, g, o
                double c = sigmoid(in[i] + state[i]) * Math.tanh(in[6 + i] + state[6 + i]);
                h[i] = (float) (sigmoid(in[9 + i] + state[9 + i]) * Math.tanh(c));
            } else if (gates == 3) { // r, z, n
                double n = Math.tanh(in[6 + i] + sigmoid(in[i] + state[i]) * state[6 + i]);
                h[i] = (float) ((1 - sigmoid(in[3 + i] + state[3 + i])) * n);
            } else {
                h[i] = (float) Math.tanh(in[i] + state[i]);
            }
        }
        return h;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** The names in the documentation of torch.nn.LSTM. */
    @Test
    void layersOfPyTorchHaveItsNames() {
        file(
                path(),
                "weight_ih_l0",
                Shape.of(12, 2),
                "weight_hh_l0",
                Shape.of(12, 3),
                "bias_ih_l0",
                Shape.of(12),
                "bias_hh_l0",
                Shape.of(12),
                "weight_ih_l0_reverse",
                Shape.of(12, 2),
                "weight_hh_l0_reverse",
                Shape.of(12, 3),
                "bias_ih_l0_reverse",
                Shape.of(12),
                "bias_hh_l0_reverse",
                Shape.of(12),
                "weight_ih_l1",
                Shape.of(12, 6),
                "weight_hh_l1",
                Shape.of(12, 3),
                "bias_ih_l1",
                Shape.of(12),
                "bias_hh_l1",
                Shape.of(12),
                "weight_ih_l1_reverse",
                Shape.of(12, 6),
                "weight_hh_l1_reverse",
                Shape.of(12, 3),
                "bias_ih_l1_reverse",
                Shape.of(12),
                "bias_hh_l1_reverse",
                Shape.of(12));
        try (var model = Model.of(Recurrent.lstm(2, 3).layers(2).bidirectional(), 1)) {
            assertThat(model.load(path()).loaded()).hasSize(16);
        }
    }

    private record Tied(Embedding tokens, Linear body, Head head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(body.apply(tokens.apply(x)));
        }
    }

    private record Head(Linear projection) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return projection.apply(x);
        }
    }

    private static Tied tied() {
        Embedding tokens = new Embedding(5, 4);
        return new Tied(tokens, new Linear(4, 4), new Head(new Linear(tokens.weight(), null, null)));
    }

    @Test
    void tiedWeightsLieInAFileOnceOrTwice() {
        Shape w = Shape.of(5, 4);
        float[] values = new Rng(3).normal(20, 0, 1);
        float[] other = values.clone();
        other[7] = 0;
        try (var model = Model.of(tied(), 1)) {
            for (List<String> names : List.of(
                    List.of("tokens.weight"),
                    List.of("head.projection.weight"),
                    List.of("head.projection.weight", "tokens.weight"),
                    List.of("module.head.projection.weight", "module.tokens.weight"))) {
                Safetensors.Writer writer = writer();
                names.forEach(n -> writer.add(n, w, FloatBuffer.wrap(values)));
                writer.write(path());
                assertThat(model.load(path()).loaded()).containsExactly("tokens.weight", "body.weight", "body.bias");
                assertThat(values(model, "tokens.weight")).isEqualTo(values);
            }
            writer().add("tokens.weight", w, FloatBuffer.wrap(other))
                    .add("head.projection.weight", w, FloatBuffer.wrap(values))
                    .write(path());
            assertThatThrownBy(() -> model.load(path()))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "load: " + path() + ": \"tokens.weight\" and \"head.projection.weight\" differ, but the"
                                    + " net or the names tie them to one parameter, tokens.weight; do not tie them, or leave one out by Names.exact().ignore(\"head.projection.weight\")");
            assertThat(values(model, "tokens.weight")).isEqualTo(values);
            Loaded loaded = model.load(path(), Names.exact().ignore("head.*"));
            assertThat(values(model, "tokens.weight")).isEqualTo(other);
            assertThat(loaded.unused()).containsExactly("head.projection.weight");
        }
    }

    private static Safetensors.Writer writer() {
        return new Safetensors.Writer()
                .add("body.weight", Shape.of(4, 4), FloatBuffer.allocate(16))
                .add("body.bias", Shape.of(4), FloatBuffer.allocate(4));
    }

    // ---- rules

    @Test
    void namesAreRenamed() {
        var given = file(path(), "enc.layer.0.dense.w", Shape.of(3, 2), "enc.layer.0.dense.b", Shape.of(3));
        try (var model = Model.of(new Sequential(new Linear(2, 3)), 1)) {
            Names names = Names.exact()
                    .withoutPrefix("enc.")
                    .rename("layer.*.dense.*", "*.*")
                    .rename("*.w", "*.weight")
                    .rename("*.b", "*.bias");
            assertThat(model.load(path(), names).loaded()).containsExactly("0.weight", "0.bias");
            assertThat(values(model, "0.weight")).isEqualTo(given.get("enc.layer.0.dense.w"));
        }
    }

    @Test
    void aPartIsTakenAndAPartIsFilled() {
        var given = file(
                path(),
                "encoder.0.weight",
                Shape.of(3, 2),
                "encoder.0.bias",
                Shape.of(3),
                "decoder.0.weight",
                Shape.of(2, 3));
        try (var model = Model.of(new Sequential(new Linear(2, 3)), 1)) {
            Loaded loaded = model.load(path(), Names.exact().part("encoder."));
            assertThat(values(model, "0.bias")).isEqualTo(given.get("encoder.0.bias"));
            assertThat(loaded.unused()).containsExactly("decoder.0.weight");
        }
        var part = file(path(), "weight", Shape.of(3, 2), "bias", Shape.of(3));
        try (var model = Model.of(new Sequential(new Linear(2, 3), new Linear(3, 4)), 1)) {
            float[] head = values(model, "1.weight");
            Loaded loaded = model.load(path(), Names.exact().withPrefix("0.").optional("1.*"));
            assertThat(values(model, "0.weight")).isEqualTo(part.get("weight"));
            assertThat(values(model, "1.weight")).isEqualTo(head);
            assertThat(loaded.loaded()).containsExactly("0.weight", "0.bias");
            assertThat(loaded.missing()).containsExactly("1.weight", "1.bias");
        }
    }

    @Test
    void aModelOfAFileDrawsOnlyWhatTheFileLacks() {
        var part = file(path(), "weight", Shape.of(3, 2), "bias", Shape.of(3));
        Names names = Names.exact().withPrefix("0.").optional("1.*");
        try (TensorFile file = TensorFile.open(path());
                var model = Model.of(new Sequential(new Linear(2, 3), new Linear(3, 4)), 7, file, names);
                var drawn = Model.of(new Sequential(new Linear(2, 3), new Linear(3, 4)), 7)) {
            assertThat(values(model, "0.weight")).isEqualTo(part.get("weight"));
            assertThat(values(model, "0.bias")).isEqualTo(part.get("bias"));
            assertThat(values(model, "1.weight")).isEqualTo(values(drawn, "1.weight"));
            assertThat(values(model, "1.bias")).isEqualTo(values(drawn, "1.bias"));
            assertThatThrownBy(() -> Model.of(new Linear(2, 4), 1, file, Names.exact()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("weight");
        }
    }

    @Test
    void aHeadOfAnotherSizeIsLeftOut() {
        var given = file(
                path(),
                "0.weight",
                Shape.of(3, 2),
                "0.bias",
                Shape.of(3),
                "1.weight",
                Shape.of(1000, 3),
                "1.bias",
                Shape.of(1000),
                "position_ids",
                Shape.of(1, 1, 1, 1, 1, 1));
        try (var model = Model.of(new Sequential(new Linear(2, 3), new Linear(3, 4)), 1)) {
            Loaded loaded = model.load(
                    path(), Names.exact().ignore("1.*").optional("1.*").ignoreOthers());
            assertThat(values(model, "0.weight")).isEqualTo(given.get("0.weight"));
            assertThat(loaded.missing()).containsExactly("1.weight", "1.bias");
            assertThat(loaded.unused()).containsExactly("1.weight", "1.bias", "position_ids");
        }
    }

    /** Keras and GPT-2's Conv1D hold [in, out]; Keras's filters are [height, width, in, out]. */
    @Test
    void dimensionsAreBroughtInPyTorchsOrder() {
        var given = file(path(), "dense/kernel", Shape.of(2, 3), "dense/bias", Shape.of(3));
        try (var model = Model.of(new Linear(2, 3), 1);
                Pass pass = Pass.infer()) {
            model.load(
                    path(),
                    Names.exact()
                            .withoutPrefix("dense/")
                            .rename("kernel", "weight")
                            .transpose("*kernel"));
            assertThat(values(model, "weight"))
                    .isEqualTo(Tensor.of(given.get("dense/kernel"), 2, 3)
                            .permute(1, 0)
                            .toArray());
            assertThatThrownBy(() -> model.load(
                            path(),
                            Names.exact()
                                    .withoutPrefix("dense/")
                                    .rename("kernel", "weight")
                                    .transpose("*")))
                    .hasMessage("load: " + path() + ": dense/bias [3] has 1 dimensions but the names say the order"
                            + " [1, 0]; give an order of its dimensions, or choose another pattern");
        }
        var filters = file(path(), "kernel", Shape.of(5, 4, 2, 3), "bias", Shape.of(3));
        try (var model = Model.of(new Conv(2, 3, dev.fathom.op.Window.of(5, 4)), 1);
                Pass pass = Pass.infer()) {
            model.load(path(), Names.exact().rename("kernel", "weight").permute("kernel", 3, 2, 0, 1));
            Tensor weight = model.parameter("weight").value(); // [out, height, width, in]
            assertThat(weight.permute(1, 2, 3, 0).toArray()).isEqualTo(filters.get("kernel"));
        }
    }

    /** A square matrix fits both ways round, so that a rule which is not obeyed would not show. */
    @Test
    void anOrderThatIsForNoTensorOrOneOfTwoIsRefused() {
        file(path(), "kernel", Shape.of(3, 3), "bias", Shape.of(3));
        Names names = Names.exact().rename("kernel", "weight");
        try (var model = Model.of(new Linear(3, 3), 1)) {
            float[] before = values(model, "weight");
            assertThatThrownBy(() -> model.load(path(), names.transpose("kernel", "weight")))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: " + path() + ": the patterns [weight] of transpose and permute fit none of its"
                            + " tensors, [kernel, bias]; write them for the names in the file, as they are before any"
                            + " rename");
            assertThatThrownBy(() -> model.load(path(), names.transpose("ker*").permute("*el", 0, 1)))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("names: the patterns [ker*, *el] all give kernel an order of its dimensions; choose"
                            + " patterns of which only one fits it");
            assertThat(values(model, "weight")).isEqualTo(before);
        }
        assertThatThrownBy(() -> names.transpose("kernel").permute("kernel", 0, 1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("names: the pattern \"kernel\" has an order of dimensions already; give it one by a single"
                        + " transpose or permute");
    }

    // ---- what the answer says

    private void refused(Model<?> model, String message) {
        assertThatThrownBy(() -> model.load(path()))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("load: " + path() + " does not fit the model: " + message);
    }

    @Test
    void theAnswerNamesTheRuleThatHelps() {
        String fit = "; load it into a model of the same structure, or say what differs by Names.exact().";
        try (var model = Model.of(new Sequential(new Linear(2, 3)), 1)) {
            file(path(), "bert.0.weight", Shape.of(3, 2), "bert.0.bias", Shape.of(3));
            refused(
                    model,
                    "it lacks [0.weight, 0.bias], the model has no place for [bert.0.weight, bert.0.bias]" + fit
                            + "withoutPrefix(\"bert.\")");
            model.load(path(), Names.exact().withoutPrefix("bert."));
            file(path(), "bert.0.weight", Shape.of(3, 2), "bert.0.bias", Shape.of(3), "head.bias", Shape.of(3));
            refused(
                    model,
                    "it lacks [0.weight, 0.bias], the model has no place for [bert.0.weight, bert.0.bias, head.bias]"
                            + fit + "part(\"bert.\")");
            file(path(), "weight", Shape.of(3, 2), "bias", Shape.of(3));
            refused(
                    model,
                    "it lacks [0.weight, 0.bias], the model has no place for [weight, bias]" + fit
                            + "withPrefix(\"0.\")");
            file(path(), "w", Shape.of(3, 2), "b", Shape.of(3));
            refused(
                    model,
                    "it lacks [0.weight, 0.bias], the model has no place for [w, b]" + fit
                            + "rename(\"old.*\", \"new.*\")");
            file(path(), "0.weight", Shape.of(3, 2));
            refused(model, "it lacks [0.bias]" + fit + "optional(\"0.bias\")");
            file(path(), "0.weight", Shape.of(3, 2), "0.bias", Shape.of(3), "1.bias", Shape.of(3));
            refused(model, "the model has no place for [1.bias]" + fit + "ignore(\"1.bias\")");
            file(path(), "x", Shape.of(3, 2));
            assertThatThrownBy(
                            () -> model.load(path(), Names.exact().optional("*").ignoreOthers()))
                    .hasMessage("load: the model has no place for any of the tensors of " + path()
                            + ", [x], under these names; its own are called [0.weight, 0.bias]: rename them");
        }
    }

    @Test
    void rulesAreChecked() {
        assertThatThrownBy(() -> Names.exact().rename("a.*.b.*", "c.*"))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("names: rename(\"a.*.b.*\", \"c.*\") has not as many * in both; each * of the new name is"
                        + " what the * in the same place of the old one stands for");
        assertThatThrownBy(() -> Names.exact().part("encoder.*"))
                .hasMessage("names: the prefix \"encoder.*\" must not be empty and has no *; use rename for a pattern");
        assertThatThrownBy(() -> Names.exact().withPrefix(""))
                .hasMessage("names: the prefix \"\" must not be empty and has no *; use rename for a pattern");
        assertThatThrownBy(() -> Names.exact().permute("kernel", 0, 2))
                .hasMessage("names: [0, 2] is not an order of 2 dimensions; name each once, from 0");
    }

    @Test
    void aTensorThatNoModelCanHoldIsRefusedOnlyIfItIsWanted() throws IOException {
        byte[] header = ("{\"weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
                        + "\"bias\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[8,12]}}")
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Files.write(
                path(),
                ByteBuffer.allocate(8 + header.length + 12)
                        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .put(header)
                        .array());
        try (var model = Model.of(new Linear(2, 1), 1);
                var bare = Model.of(new Linear(2, 1).withoutBias(), 1)) {
            assertThat(bare.load(path(), Names.exact().ignoreOthers()).unused()).containsExactly("bias");
            assertThatThrownBy(() -> model.load(path()))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(path() + ": tensor \"bias\" [1, 1, 1, 1, 1, 1, 1] has 7 dimensions");
        }
    }

    // ---- where files lie

    @Test
    void aModelIsLoadedFromAJarAStreamAndABuffer() throws IOException {
        try (var model = Model.of(new Linear(2, 3), 1)) {
            model.save(path(), Map.of("encoding", "{\"columns\": 2}"));
            float[] weight = values(model, "weight");
            byte[] bytes = Files.readAllBytes(path());
            Path jar = folder.resolve("app.jar");
            try (var out = new ZipOutputStream(Files.newOutputStream(jar))) {
                out.putNextEntry(new ZipEntry("net.safetensors"));
                out.write(bytes);
            }
            List<Safetensors> files = new ArrayList<>();
            try (var archive = FileSystems.newFileSystem(jar);
                    var other = Model.of(new Linear(2, 3), 2)) {
                Path inside = archive.getPath("net.safetensors");
                Loaded loaded = other.load(inside);
                assertThat(values(other, "weight")).isEqualTo(weight);
                assertThat(loaded.metadata()).containsExactly(Map.entry("encoding", "{\"columns\": 2}"));
                Path copy = archive.getPath("copy.safetensors");
                other.save(copy);
                files.add(Safetensors.read(copy));
            }
            files.add(Safetensors.read(new ByteArrayInputStream(bytes), "the request"));
            files.add(Safetensors.read(ByteBuffer.wrap(bytes), "the buffer"));
            for (Safetensors file : files) {
                try (file;
                        var other = Model.of(new Linear(2, 3), 2)) {
                    assertThat(other.load(file, Names.exact()).loaded()).containsExactly("weight", "bias");
                    assertThat(values(other, "weight")).isEqualTo(weight);
                }
            }
        }
    }

    /** Values that the file lacks stay, and those that it has come in one step: what fails leaves all as it was. */
    @Test
    void whatFailsChangesNothing() {
        file(path(), "0.weight", Shape.of(3, 2), "0.bias", Shape.of(4));
        try (var model = Model.of(new Sequential(new Linear(2, 3)), 1)) {
            float[] weight = values(model, "0.weight");
            assertThatThrownBy(() -> model.load(path(), Names.exact().ignoreOthers()))
                    .hasMessage("load: " + path()
                            + " does not fit the model: it has shapes [0.bias [4] for [3]]; load it into a model of the"
                            + " same structure");
            assertThat(values(model, "0.weight")).isEqualTo(weight);
            assertThat(model.parameters().stream().map(Variable::version)).containsOnly(0);
        }
    }
}
