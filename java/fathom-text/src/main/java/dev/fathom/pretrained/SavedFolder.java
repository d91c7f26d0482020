package dev.fathom.pretrained;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes a model that was read from a folder to another one, under the names of the family's files. */
final class SavedFolder {
    /** The weights of the first folder, whose place those of the model take. */
    private static final Pattern WEIGHTS = Pattern.compile(
            "(model|pytorch_model).*\\.(safetensors|bin)(\\.index\\.json)?|.*\\.(h5|msgpack|onnx|gguf|ot|pt|pth)");

    /** A module of sentence-transformers behind the encoder, which keeps its weights. */
    private static final Pattern MODULE = Pattern.compile("\\d+_\\w+");

    private SavedFolder() {}

    /** Whether a file of the first folder, by its path there, is copied. */
    private static boolean kept(Path file) {
        return file.getNameCount() > 1
                        && MODULE.matcher(file.getName(0).toString()).matches()
                || !WEIGHTS.matcher(file.getFileName().toString()).matches();
    }

    /**
     * Copies the settings, the tokenizer and all other files that are no weights, and writes {@code model.safetensors}
     * in F32.
     *
     * @param transposed the tensors, by the names of the net, that the family's files have turned
     * @param config the settings to write, or null for those of the first folder
     * @throws IllegalArgumentException if both folders are one, or a parameter has no name in the family's files
     * @throws UncheckedIOException if a file cannot be read or written
     */
    static void write(
            Model<? extends Net> model,
            Layout layout,
            List<String> transposed,
            @Nullable Config config,
            Path from,
            Path to) {
        Map<String, Layout.Values> inNet = new LinkedHashMap<>();
        try (Pass pass = Pass.infer()) {
            for (Parameter p : model.parameters()) {
                Layout.Values values = new Layout.Values(p.shape(), p.value().toArray());
                boolean turned = transposed.stream().anyMatch(t -> Layout.Row.stars(t, p.name()) != null);
                inNet.put(p.name(), turned ? values.transposed() : values);
            }
        }
        Safetensors.Writer writer = new Safetensors.Writer().metadata("format", "pt"); // which transformers asks for
        layout.inFile(inNet).forEach((name, v) -> writer.add(name, v.shape(), FloatBuffer.wrap(v.numbers())));
        try {
            Files.createDirectories(to);
            if (Files.isSameFile(from, to)) {
                throw new IllegalArgumentException("save: " + to
                        + " is the folder from which the model was read, and is" + " kept as it is; give another one");
            }
            List<Path> files;
            try (Stream<Path> all = Files.walk(from, 2)) { // 1_Pooling has a config.json
                files = all.filter(Files::isRegularFile)
                        .filter(f -> kept(from.relativize(f)))
                        .toList();
            }
            for (Path file : files) {
                Path target = to.resolve(from.relativize(file).toString());
                byte[] bytes = Files.readAllBytes(file);
                AtomicFile.write(target, out -> out.write(bytes));
            }
            if (config != null) {
                byte[] settings = config.json().getBytes(StandardCharsets.UTF_8);
                AtomicFile.write(to.resolve("config.json"), out -> out.write(settings));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot save to " + to + ": " + AtomicFile.reason(e), e);
        }
        writer.write(to.resolve("model.safetensors"));
    }
}
