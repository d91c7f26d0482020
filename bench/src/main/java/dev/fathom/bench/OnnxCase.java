package dev.fathom.bench;

import dev.fathom.bench.OnnxFolder.Array;
import dev.fathom.files.Npz;
import dev.fathom.io.Npy;
import dev.fathom.onnx.OnnxGraph;
import dev.fathom.op.DType;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The work of a row {@code onnx-}: a model in a file of ONNX and what goes in.
 *
 * @param name of the model, and behind it the dimensions of its first input and the sizes of other free dimensions
 * @param file of the model, or null for the library's network of this name, which is written
 * @param goldens a file with its inputs, or null where they are drawn
 * @param below the bound of integers that are drawn
 * @param sizes of free dimensions by their names
 */
record OnnxCase(String name, @Nullable Path file, @Nullable Path goldens, int below, Map<String, Integer> sizes) {
    private static final Path PUBLISHED =
            Contender.BENCH.resolveSibling("test-data").resolve("onnx");
    /** Of models that have floats alone, and can be frozen. */
    private static final Pattern FROZEN = Pattern.compile("([a-z0-9-]+),.*,0\\.0001,pass,pass");

    /** A model of FATHOM_DATA. */
    private record Trained(String name, String file, int below, Map<String, Integer> sizes) {}

    private static final List<Trained> TRAINED = List.of(
            new Trained("mobilenetv2-trained", "pretrained-imagenet/mobilenet_v2_1.0_224.onnx", 0, Map.of("N", 1)),
            new Trained("squeezenet-trained", "pretrained-imagenet/squeezenet1_1.onnx", 0, Map.of("N", 1)),
            new Trained("fastestdet", "models/onnx-superres-fastestdet/FastestDet.onnx", 0, Map.of()),
            new Trained(
                    "superres",
                    "models/onnx-superres-fastestdet/pytorch_super_resolution.onnx",
                    0,
                    Map.of("batch_size", 1)),
            new Trained("ultraface-rfb", "models/ultraface-onnx/version-RFB-320.onnx", 0, Map.of()),
            new Trained("ultraface-slim", "models/ultraface-onnx/version-slim-320.onnx", 0, Map.of()),
            encoder("vespa", "dummy_transformer"),
            encoder("vespa-mlm", "dummy_transformer_mlm"),
            encoder("vespa-no-types", "dummy_transformer_without_type_ids"),
            new Trained(
                    "bilstm", "models/onnx-bilstm-sentence-split/model.onnx", 256, Map.of("batch", 1, "length", 100)),
            new Trained("dtln-1", "models/dtln-onnx-lstm/model_1.onnx", 0, Map.of()),
            new Trained("dtln-2", "models/dtln-onnx-lstm/model_2.onnx", 0, Map.of()),
            new Trained(
                    "tiny-gpt2",
                    "models/onnx-tiny-random-gpt2/past.onnx",
                    1000,
                    Map.of("batch_size", 1, "seq_len", 1, "total_seq_len", 33, "past_seq_len", 32)));

    /** The library's networks, with the dimensions of what goes in. */
    private static final Map<String, String> WRITTEN = new LinkedHashMap<>();

    static {
        for (String net :
                List.of("resnet18", "resnet50", "mobilenetv2", "squeezenet", "googlenet", "alexnet", "vgg16")) {
            WRITTEN.put(net, "1x3x224x224");
        }
        WRITTEN.put("bert-base", "1x128");
    }

    private static Trained encoder(String name, String file) {
        return new Trained(name, "models/vespa-onnx-encoders/" + file + ".onnx", 20, Map.of("batch", 1, "tokens", 16));
    }

    /** All cases that this machine has the files of, which are read once. */
    static List<OnnxCase> all() {
        return All.CASES;
    }

    private static final class All {
        static final List<OnnxCase> CASES = find();
    }

    private static List<OnnxCase> find() {
        List<OnnxCase> all = new ArrayList<>();
        try (Stream<String> lines = Files.lines(PUBLISHED.resolve("models.csv"))) {
            lines.map(FROZEN::matcher).filter(Matcher::matches).forEach(m -> all.add(published(m.group(1))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (missing() == null) {
            TRAINED.forEach(t -> all.add(trained(t)));
        }
        WRITTEN.forEach((net, dims) -> all.add(
                new OnnxCase(net + "-" + dims, null, null, EncoderCase.VOCABULARY, Map.of("batch", 1, "length", 128))));
        return all;
    }

    /** The case of this name. */
    static OnnxCase of(String name) {
        return all().stream().filter(c -> c.name.equals(name)).findFirst().orElseThrow();
    }

    /** Why there are no models that others trained, or null. */
    static @Nullable String missing() {
        return Data.missing("models", TRAINED.stream().map(Trained::file).toList());
    }

    private static OnnxCase published(String model) {
        Path file = PUBLISHED.resolve(model + ".onnx");
        Path goldens = PUBLISHED.resolve(model + ".npz");
        OnnxGraph graph = OnnxGraph.read(file);
        Map<String, Npy> arrays = Npz.read(goldens);
        Map<String, Integer> sizes = new HashMap<>();
        for (OnnxGraph.Port port : graph.inputs()) {
            int[] dims = golden(arrays, port).shape().toArray();
            for (int d = 0; d < dims.length; d++) {
                OnnxGraph.Dimension dim = dimensions(port).get(d);
                if (dim.free()) {
                    sizes.put(dim.name(), dims[d]);
                }
            }
        }
        return new OnnxCase(model + "-" + sizes(graph, sizes), file, goldens, 0, sizes);
    }

    private static OnnxCase trained(Trained t) {
        Path file = Data.file(t.file);
        return new OnnxCase(t.name + "-" + sizes(OnnxGraph.read(file), t.sizes), file, null, t.below, t.sizes);
    }

    /** The dimensions of the first input, and behind them the sizes that others have. */
    private static String sizes(OnnxGraph graph, Map<String, Integer> sizes) {
        OnnxGraph.Port first = graph.inputs().get(0);
        String dims =
                Arrays.stream(dims(first, sizes)).mapToObj(Integer::toString).collect(Collectors.joining("x"));
        return graph.inputs().stream()
                .flatMap(port -> dimensions(port).stream())
                .filter(d -> d.free() && !dimensions(first).contains(d))
                .distinct()
                .map(d -> "-" + sizes.get(d.name()))
                .collect(Collectors.joining("", dims, ""));
    }

    private static List<OnnxGraph.Dimension> dimensions(OnnxGraph.Port port) {
        return Objects.requireNonNull(port.dims(), port.name());
    }

    private static int[] dims(OnnxGraph.Port port, Map<String, Integer> sizes) {
        return dimensions(port).stream()
                .mapToInt(d -> d.free() ? sizes.get(d.name()) : d.size())
                .toArray();
    }

    /** Whether it is one of the library's networks of more than some megabytes. */
    boolean large() {
        return file == null && !name.startsWith("squeezenet-") && !name.startsWith("mobilenetv2-");
    }

    // ---- what a contender does with it

    /** Leaves the file and the inputs in the folder of the model, where they are not yet. */
    OnnxFolder prepared() throws IOException {
        OnnxFolder folder = OnnxFolder.of(name);
        if (!Files.exists(folder.model())) {
            Files.createDirectories(folder.path());
            if (file == null) {
                FathomOnnx.write(name.substring(0, name.lastIndexOf('-')), folder.model());
            } else {
                Files.copy(file, folder.model());
            }
            folder.inputs(inputs(OnnxGraph.read(folder.model())), sizes);
        }
        return folder;
    }

    /** The sizes that a plan needs: where more dimensions are free than the batch and one length. */
    Map<String, Integer> fixed(Path model) {
        Map<String, Integer> fixed = new HashMap<>();
        for (OnnxGraph.Port port : OnnxGraph.read(model).inputs()) {
            dimensions(port).stream()
                    .skip(1)
                    .filter(OnnxGraph.Dimension::free)
                    .forEach(d -> fixed.put(d.name(), sizes.get(d.name())));
        }
        return fixed.size() > 1 ? fixed : Map.of();
    }

    private List<Array> inputs(OnnxGraph graph) {
        if (goldens == null) {
            return graph.inputs().stream().map(this::drawn).toList();
        }
        Map<String, Npy> arrays = Npz.read(goldens);
        try (Pass pass = Pass.infer()) {
            return graph.inputs().stream()
                    .map(port -> {
                        Tensor t = golden(arrays, port).tensor();
                        int[] dims = t.shape().toArray();
                        return t.dtype() == DType.F32
                                ? Array.of(port.name(), dims, t.toArray())
                                : Array.of(port.name(), dims, t.toIntArray());
                    })
                    .toList();
        }
    }

    /** Of the first case. */
    private static Npy golden(Map<String, Npy> arrays, OnnxGraph.Port port) {
        return Objects.requireNonNull(arrays.get("0.in." + port.name()), port.name());
    }

    /** Normal numbers, and integers that are any below the bound, unless the name says what they are. */
    private Array drawn(OnnxGraph.Port port) {
        String input = port.name();
        int[] dims = dims(port, sizes);
        int n = Arrays.stream(dims).reduce(1, Math::multiplyExact);
        if (!port.whole()) {
            return Array.of(input, dims, Work.normal(input.hashCode(), n, 0, 1));
        }
        IntStream values = input.contains("mask")
                ? IntStream.generate(() -> 1).limit(n)
                : input.contains("type") || input.contains("position")
                        ? IntStream.generate(() -> 0).limit(n)
                        : Arrays.stream(Work.labels(input.hashCode(), n, below));
        return Array.of(input, dims, values.toArray());
    }
}
