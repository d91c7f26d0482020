package dev.fathom.pretrained;

import dev.fathom.decode.CausalNet;
import dev.fathom.io.TensorFile;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.nn.Net;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A family of decoders, known by the {@code model_type} of its {@code config.json}.
 *
 * @param net makes a net as the settings say
 * @param layout the names of its files
 * @param transposed the tensors, by the names of the net, that its files have turned
 */
record DecoderFamily(Function<Config, CausalNet> net, Layout layout, List<String> transposed) {
    private static final Map<String, DecoderFamily> KNOWN = new TreeMap<>(Map.of(
            "gpt2", new DecoderFamily(Gpt2::of, Gpt2.LAYOUT, Gpt2.TRANSPOSED),
            "llama", new DecoderFamily(Llama::of, Llama.LAYOUT, List.of())));

    /**
     * Makes the decoder in a folder, or of a file of llama.cpp, with its weights.
     *
     * @throws IllegalArgumentException if the family or one of its settings is not known, or the weights are not those
     *     of the settings
     */
    static Model<CausalNet> read(Path folder) {
        if (Files.isRegularFile(folder)) {
            try (TensorFile file = Llama.GGUF.named(TensorFile.open(folder))) {
                return Model.of(
                        (CausalNet) Llama.of(Config.ofGguf(folder), file),
                        1,
                        file,
                        Names.exact().ignore(Rope.FACTORS));
            }
        }
        Config c = Config.read(folder.resolve("config.json"));
        DecoderFamily family = of(c);
        Names names = Names.exact();
        return Family.filled(
                family.net.apply(c),
                family.layout,
                folder,
                family.transposed.isEmpty() ? names : names.transpose(family.transposed.toArray(String[]::new)));
    }

    private static DecoderFamily of(Config c) {
        String type = c.text("model_type");
        DecoderFamily family = type == null ? null : KNOWN.get(type);
        if (family == null) {
            throw c.wrong("the family \"" + type + "\" is not known as one that writes; those are " + KNOWN.keySet());
        }
        return family;
    }

    /** Writes a decoder to a folder. */
    static void save(Model<? extends Net> model, Path from, Path to) {
        if (Files.isRegularFile(from)) {
            throw new IllegalArgumentException("save: " + from + " is a file of llama.cpp, which has no config.json and"
                    + " no tokenizer to copy; give the folder of the model as transformers writes it");
        }
        DecoderFamily family = of(Config.read(from.resolve("config.json")));
        String prefix = family.layout.prefixes().get(0);
        Layout named = family.layout.written(row -> row.inFile().get(0).startsWith("lm_head.") ? "" : prefix);
        SavedFolder.write(model, named, family.transposed, null, from, to);
    }
}
