package dev.fathom.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.io.Safetensors;
import dev.fathom.io.Stored;
import dev.fathom.io.TensorFile;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Quantization;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that PyTorch, NumPy, llama.cpp's package and llama2.c wrote hold what these programs say of them; the scripts
 * beside the files made both.
 */
class FilesOfOthersTest {
    private static final Path FOLDER = Path.of(System.getProperty("fathom.root"), "test-data", "files");

    @TempDir
    Path temp;

    /** A tensor as the other program has it; {@code values} may be only the first ones. */
    private record Expected(String name, String type, String shape, List<Double> values) {}

    private static Map<String, List<Expected>> expected() {
        Map<String, List<Expected>> all = new LinkedHashMap<>();
        for (String list : List.of("expected.tsv", "expected-gguf.tsv", "expected-llama2c.tsv")) {
            for (String line : lines(FOLDER.resolve(list))) {
                String[] f = line.split("\t", -1);
                List<Double> values = Stream.of(f[4].split(" "))
                        .filter(v -> !v.isEmpty())
                        .map(v -> Double.valueOf(v.replace("inf", "Infinity")))
                        .toList();
                all.computeIfAbsent(f[0], x -> new ArrayList<>()).add(new Expected(f[1], f[2], f[3], values));
            }
        }
        return all;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<String> files() {
        return expected().keySet().stream().filter(f -> !f.equals("net"));
    }

    @ParameterizedTest
    @MethodSource("files")
    void hold(String name) {
        check(FOLDER.resolve(name), expected().get(name));
    }

    private static void check(Path path, List<Expected> tensors) {
        try (TensorFile file = TensorFile.open(path)) {
            assertThat(new TreeSet<>(file.names()))
                    .isEqualTo(
                            new TreeSet<>(tensors.stream().map(Expected::name).toList()));
            for (Expected e : tensors) {
                TensorFile.Entry entry = file.entry(e.name);
                assertThat(Stream.of(entry.dims())
                                .flatMapToLong(Arrays::stream)
                                .boxed()
                                .toList())
                        .as(e.name)
                        .hasToString("[" + e.shape.replace(",", ", ") + "]");
                if (!path.toString().endsWith(".json")) { // whose parts have names of their own for the types
                    assertThat(entry.type()).as(e.name).isEqualTo(e.type);
                }
                if (entry.stored() == null) {
                    assertThat(e.values).as(e.name).isEmpty();
                    continue;
                }
                FloatBuffer got = FloatBuffer.allocate((int) file.shape(e.name).size());
                file.copy(e.name, got);
                assertThat(got.capacity()).isGreaterThanOrEqualTo(e.values.size());
                assertThat(e.values.isEmpty()).as(e.name).isEqualTo(got.capacity() == 0);
                for (int i = 0; i < e.values.size(); i++) {
                    // float64 is rounded, and llama.cpp's package multiplies in another order
                    float value = e.values.get(i).floatValue();
                    if (entry.type().endsWith("_K")) {
                        assertThat(got.get(i))
                                .as(e.name)
                                .isCloseTo(value, within(2e-7f * Math.max(1, Math.abs(value))));
                    } else {
                        assertThat(got.get(i)).as(e.name + " " + i).isEqualTo(value);
                    }
                }
            }
        }
    }

    /** What a tensor keeps of the type of the file, in every format that has it. */
    @ParameterizedTest
    @ValueSource(strings = {"types.pt", "types.gguf", "big.gguf"})
    void typesStayWhereThatIsAskedFor(String name) {
        Map<String, DType> kept = Map.of(
                "float16",
                DType.F16,
                "F16",
                DType.F16,
                "bfloat16",
                DType.BF16,
                "BF16",
                DType.BF16,
                "int8",
                DType.I8,
                "I8",
                DType.I8,
                "uint8",
                DType.U8);
        int found = 0;
        try (TensorFile file = TensorFile.open(FOLDER.resolve(name));
                Pass pass = Pass.infer()) {
            for (String tensor : file.names()) {
                DType type = kept.get(file.entry(tensor).type());
                if (type != null) {
                    Tensor t = file.tensorAsStored(tensor);
                    assertThat(t.dtype()).as(tensor).isEqualTo(type);
                    assertThat(t.to(DType.F32).toArray())
                            .isEqualTo(file.tensor(tensor).to(DType.F32).toArray());
                    found++;
                }
            }
        }
        assertThat(found).isGreaterThan(1);
    }

    private record Mlp(Linear fc1, Linear fc2) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return fc2.apply(fc1.apply(x).relu());
        }
    }

    /** PyTorch's own output for two rows from -1 to 1. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "state.safetensors",
                "state.pt",
                "module.pt",
                "legacy.pt",
                "protocol1.pt",
                "protocol4.pt",
                "script.pt",
                "model.safetensors.index.json",
                "pytorch_model.bin.index.json"
            })
    void aNetGivesWhatPyTorchGives(String name) {
        float[] x = new float[8];
        for (int i = 0; i < x.length; i++) {
            x[i] = -1 + 2f * i / 7;
        }
        List<Double> outputs = expected().get("net").get(0).values;
        try (var model = Model.of(new Mlp(new Linear(4, 3), new Linear(3, 2)), 1)) {
            model.load(FOLDER.resolve(name));
            try (Pass pass = Pass.infer()) {
                float[] y = model.net().apply(Tensor.of(x, 2, 4)).toArray();
                for (int i = 0; i < y.length; i++) {
                    assertThat(y[i]).isCloseTo(outputs.get(i).floatValue(), within(1e-6f));
                }
            }
        }
    }

    /** What llama.cpp's package rounded is stored in fewer bytes again without another rounding. */
    @ParameterizedTest
    @CsvSource({"Q8_0, Q8_0", "Q5_0, Q8_0", "Q4_0, Q8_0", "Q4_K, Q4_K"})
    void blocksStayAsTheyAre(String name, Quantization as) {
        List<Double> values = values(name);
        float[] stored = stored(name, as);
        for (int i = 0; i < stored.length; i++) {
            assertThat(stored[i] + 0.0).isEqualTo(values.get(i) + 0.0); // -0 is 0
        }
    }

    /** What is in blocks of another type than Q4_K keeps eight bits: the steps of four would be 17 times as large. */
    @ParameterizedTest
    @ValueSource(strings = {"Q4_0", "Q5_0", "Q5_1", "Q5_K", "Q6_K", "Q8_0"})
    void othersOfAFileAreNotRoundedToFourBits(String name) {
        List<Double> values = values(name);
        float[] stored = stored(name, Quantization.Q4_K);
        double largest = values.stream().mapToDouble(Math::abs).max().orElseThrow();
        for (int i = 0; i < stored.length; i++) {
            assertThat((double) stored[i]).isCloseTo(values.get(i), within(largest / 253));
        }
    }

    private static List<Double> values(String name) {
        return expected().get("types.gguf").stream()
                .filter(e -> e.name.equals(name))
                .findFirst()
                .orElseThrow()
                .values;
    }

    /** A tensor as a matrix of two rows, as a plan that was quantized like this computes with it. */
    private static float[] stored(String name, Quantization as) {
        int k = values(name).size() / 2;
        try (Model<Linear> model = Model.of(new Linear(k, 2).withoutBias(), 1)) {
            model.load(
                    FOLDER.resolve("types.gguf"),
                    Names.exact().rename(name, "weight").ignoreOthers());
            float[] unit = new float[k * k];
            for (int i = 0; i < k; i++) {
                unit[i * k + i] = 1;
            }
            try (Plan plan = Plan.freeze(model, Shape.of(1, k));
                    Plan small = plan.quantize(as)) {
                float[] y = small.predict(unit);
                float[] stored = new float[y.length];
                for (int i = 0; i < y.length; i++) {
                    stored[i % 2 * k + i / 2] = y[i];
                }
                return stored;
            }
        }
    }

    @Test
    void whatACheckpointHasBesideItsTensorsIsMetadata() {
        try (TensorFile file = TensorFile.open(FOLDER.resolve("checkpoint.pt"))) {
            assertThat(file.metadata())
                    .containsEntry("epoch", "3")
                    .containsEntry("best", "0.25")
                    .containsEntry("loss", "[0.5, 0.25]")
                    .containsEntry("name", "näme")
                    .containsEntry("args.lr", "0.1")
                    .containsEntry("args.layers", "[1, 2]")
                    .containsEntry("device", "cuda:1")
                    .containsEntry("dtype", "torch.float16")
                    .containsEntry("size", "[2, 3]")
                    .containsEntry("big", "1180591620717411303424")
                    .containsEntry("pair.1", "2")
                    .containsEntry("optimizer.param_groups.0.betas", "[0.9, 0.999]")
                    .doesNotContainKey("none");
        }
        try (var model = Model.of(new Linear(2, 2), 1)) {
            assertThatThrownBy(() -> model.load(FOLDER.resolve("checkpoint.pt")))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Names.exact().part(\"state_dict.\")");
            assertThat(model.load(FOLDER.resolve("checkpoint.pt"), Names.exact().part("state_dict."))
                            .loaded())
                    .containsExactlyInAnyOrder("weight", "bias");
        }
    }

    @Test
    void theSettingsOfGguf() {
        for (String name : List.of("types.gguf", "big.gguf")) {
            Map<String, Object> values = Gguf.read(FOLDER.resolve(name)).values();
            assertThat(values)
                    .containsEntry("t.u8", 200L)
                    .containsEntry("t.i8", -3L)
                    .containsEntry("t.u16", 60000L)
                    .containsEntry("t.i16", -300L)
                    .containsEntry("t.u32", 4000000000L)
                    .containsEntry("t.i32", -70000L)
                    .containsEntry("t.u64", 1L << 40)
                    .containsEntry("t.i64", -(1L << 40))
                    .containsEntry("t.f32", 0.5f)
                    .containsEntry("t.f64", 0.1)
                    .containsEntry("t.bool", true)
                    .containsEntry("t.text", "näme")
                    .containsEntry("t.words", List.of("a", "bä", ""));
            try (TensorFile file = TensorFile.open(FOLDER.resolve(name))) {
                assertThat(file.metadata())
                        .containsEntry("general.architecture", "llama")
                        .containsEntry("t.words", "[a, bä, ]")
                        .containsEntry("t.numbers", "[0, 1, 2, 3, 4, 5, 6, 7, ... 20 values]");
            }
        }
    }

    /** Version 2 differs from 3 by nothing here; version 1 had counts and lengths of four bytes. */
    @Test
    void olderVersionsOfGguf() throws IOException {
        byte[] whole = Files.readAllBytes(FOLDER.resolve("types.gguf"));
        whole[4] = 2;
        Path second = Files.write(temp.resolve("second.gguf"), whole);
        check(second, expected().get("types.gguf"));
        var first = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        first.put("GGUF".getBytes()).putInt(1).putInt(1).putInt(1);
        first.putInt(3).put("key".getBytes()).putInt(8).putInt(4).put("text".getBytes());
        first.putInt(1)
                .put("w".getBytes())
                .putInt(2)
                .putInt(2)
                .putInt(3)
                .putInt(0)
                .putLong(0);
        first.position((first.position() + 31) / 32 * 32);
        for (int i = 0; i < 6; i++) {
            first.putFloat(i);
        }
        Path file = Files.write(temp.resolve("first.gguf"), Arrays.copyOf(first.array(), first.position()));
        check(file, List.of(new Expected("w", "F32", "3,2", List.of(0., 1., 2., 3., 4., 5.))));
        try (TensorFile open = TensorFile.open(file)) {
            assertThat(open.metadata()).containsExactly(Map.entry("key", "text"));
        }
    }

    @Test
    void theSizesOfLlama2c() {
        try (TensorFile file = TensorFile.open(FOLDER.resolve("llama-v2.bin"))) {
            assertThat(file.metadata())
                    .containsEntry("version", "2")
                    .containsEntry("dim", "8")
                    .containsEntry("n_layers", "2")
                    .containsEntry("n_heads", "4")
                    .containsEntry("n_kv_heads", "2")
                    .containsEntry("vocab_size", "10")
                    .containsEntry("max_seq_len", "5")
                    .containsEntry("shared_classifier", "false")
                    .containsEntry("group_size", "8");
            assertThat(file.entry("output.weight").stored()).isEqualTo(Stored.F32);
        }
    }

    /** More entries than the fields of an archive hold, which therefore has those of ZIP64 too. */
    @Test
    void anArchiveOfManyEntries() throws IOException {
        Path many = temp.resolve("many.pt");
        try (ZipFile old = new ZipFile(FOLDER.resolve("state.pt").toFile());
                ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(many))) {
            for (int i = 0; i < 66_000; i++) {
                zip.putNextEntry(new ZipEntry("state/other/" + i));
            }
            for (ZipEntry entry : Collections.list(old.entries())) {
                zip.putNextEntry(new ZipEntry(entry.getName()));
                zip.write(old.getInputStream(entry).readAllBytes());
            }
        }
        check(many, expected().get("state.pt"));
    }

    /** A file inside a jar is held in memory. */
    @Test
    void aFileInsideAnArchive() throws IOException {
        Path jar = temp.resolve("all.jar");
        try (FileSystem zip = FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), Map.of("create", "true"))) {
            for (String name : List.of("views.pt", "arrays-deflated.npz", "types.gguf", "llama-v1.bin")) {
                Files.copy(FOLDER.resolve(name), zip.getPath("/" + name));
                check(zip.getPath("/" + name), expected().get(name));
            }
        }
    }

    /** Transposed, larger than any chunk, stored and deflated. */
    @Test
    void aLargeViewIsGathered() throws IOException {
        Path npy = temp.resolve("large.npz");
        int rows = 500;
        int columns = 300;
        String header = "{'descr': '<f4', 'fortran_order': True, 'shape': (" + rows + ", " + columns + "), }";
        var bytes = ByteBuffer.allocate(128 + 4 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
        bytes.put((header + " ".repeat(117 - header.length()) + "\n").getBytes());
        for (int i = 0; i < rows * columns; i++) {
            bytes.putFloat(i);
        }
        for (int method : List.of(ZipEntry.STORED, ZipEntry.DEFLATED)) {
            try (var zip = new ZipOutputStream(Files.newOutputStream(npy))) {
                var entry = new ZipEntry("x.npy");
                entry.setMethod(method);
                entry.setSize(bytes.capacity());
                var crc = new CRC32();
                crc.update(bytes.array());
                entry.setCrc(crc.getValue());
                zip.putNextEntry(entry);
                zip.write(bytes.array());
            }
            try (TensorFile file = TensorFile.open(npy)) {
                for (int again = 0; again < 2; again++) {
                    FloatBuffer x = FloatBuffer.allocate(rows * columns);
                    file.copy("x", x);
                    for (int i = 0; i < rows * columns; i++) {
                        assertThat(x.get(i)).isEqualTo(i % columns * rows + i / columns);
                    }
                }
            }
        }
    }

    @Test
    void anIndexIsHeldToItsFolderAndItsParts() throws IOException {
        for (String part : List.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")) {
            Files.copy(FOLDER.resolve(part), temp.resolve(part));
        }
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put("\"fc1.bias\": \"../secret.safetensors\"", "which is no file of tensors in its folder");
        wrong.put("\"fc1.bias\": \"/etc/passwd\"", "which is no file of tensors in its folder");
        wrong.put("\"fc1.bias\": \"model.safetensors.index.json\"", "which is no file of tensors in its folder");
        wrong.put("\"fc1.bias\": \".\"", "which is no file of tensors in its folder");
        wrong.put("\"fc1.bias\": \"model-00003.safetensors\"", "which does not lie beside it; fetch all of the parts");
        wrong.put("\"fc1.bias\": \"model-00002-of-00002.safetensors\"", "which has no such tensor");
        wrong.put("\"a\": \"model-00002-of-00002.safetensors\", \"a\": \"x\"", "it names \"a\" twice");
        wrong.put("\"a\": \"\\u0000\"", "which no file can be called");
        wrong.put("\"a\" \"b\"", "it is not the JSON of an index");
        Path index = temp.resolve("model.safetensors.index.json");
        for (Map.Entry<String, String> w : wrong.entrySet()) {
            Files.writeString(index, "{\"weight_map\": {" + w.getKey() + "}}");
            assertThatThrownBy(() -> TensorFile.open(index))
                    .as(w.getKey())
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(index + ": ")
                    .hasMessageContaining(w.getValue());
        }
        Files.writeString(index, "{\"metadata\": {}}");
        assertThatThrownBy(() -> TensorFile.open(index)).hasMessageContaining("it has no weight_map");
    }

    @Test
    void safetensorsRemainSafetensors() {
        try (TensorFile file = TensorFile.open(FOLDER.resolve("state.safetensors"))) {
            assertThat(file).isExactlyInstanceOf(Safetensors.class);
        }
    }

    /** Vocabularies of llama.cpp, a Llama with its weights, and archives of other programs. */
    @Test
    void filesThatPeopleUse() throws IOException {
        String data = System.getenv("FATHOM_DATA");
        Path models = Path.of(data == null ? "none" : data, "models");
        Assumptions.assumeTrue(
                Files.isDirectory(models), "files that people use are not read: FATHOM_DATA has no folder models");
        List<Path> all;
        try (Stream<Path> some = Files.walk(models)) {
            all = some.filter(f -> f.toString().matches(".*\\.(gguf|npz|pt|pth|bin)"))
                    .toList();
        }
        assertThat(all).hasSizeGreaterThan(12);
        for (Path path : all) {
            try (TensorFile file = TensorFile.open(path)) {
                for (String name : file.names()) {
                    if (file.entry(name).stored() != null) {
                        file.copy(name, FloatBuffer.allocate((int)
                                file.shape(name).size()));
                    }
                }
            }
        }
        // as llama.cpp's package gguf 0.19 reads it
        try (TensorFile llama = TensorFile.open(models.resolve("llama-stories260k-gguf/tinyllm.gguf"))) {
            assertThat(llama.names()).hasSize(48).startsWith("token_embd.weight", "output_norm.weight");
            assertThat(llama.shape("blk.0.attn_k.weight").toArray()).containsExactly(32, 64);
            FloatBuffer q = FloatBuffer.allocate(64 * 64);
            llama.copy("blk.0.attn_q.weight", q);
            assertThat(q.get(0)).isCloseTo(0.04439279f, within(1e-8f));
            assertThat(q.get(1)).isCloseTo(0.07974771f, within(1e-8f));
            assertThat(q.get(2)).isCloseTo(-0.00892535f, within(1e-8f));
        }
    }
}
