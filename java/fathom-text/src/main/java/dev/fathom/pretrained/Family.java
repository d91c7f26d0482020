package dev.fathom.pretrained;

import dev.fathom.io.TensorFile;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tokenizer.PretrainedTokenizer;
import dev.fathom.tokenizer.TokenTruncation;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A family of encoders, known by the {@code model_type} of its {@code config.json}.
 *
 * @param name how the names of transformers' classes begin
 * @param prefix what stands in front of the encoder's names where a head stands on it
 * @param net makes a net as the settings say
 * @param layout the names of its files
 * @param heads what may stand on it
 */
record Family(String name, String prefix, Function<Config, TextEncoder> net, Layout layout, Heads heads) {
    private static final String STATIC = "model2vec";

    private static final Map<String, Family> KNOWN = new TreeMap<>(Map.of(
            "deberta-v2", new Family("DebertaV2", "deberta.", Deberta::of, Deberta.LAYOUT, Heads.DEBERTA),
            "bert", new Family("Bert", "bert.", c -> Bert.of(c, false), Bert.LAYOUT, Heads.BERT),
            "roberta", new Family("Roberta", "roberta.", c -> Bert.of(c, true), Bert.LAYOUT, Heads.ROBERTA),
            "xlm-roberta", new Family("XLMRoberta", "roberta.", c -> Bert.of(c, true), Bert.LAYOUT, Heads.ROBERTA),
            "camembert", new Family("Camembert", "roberta.", c -> Bert.of(c, true), Bert.LAYOUT, Heads.ROBERTA),
            "modernbert", new Family("ModernBert", "model.", ModernBert::of, ModernBert.LAYOUT, Heads.MODERN),
            "mpnet", new Family("MPNet", "mpnet.", Mpnet::of, Mpnet.LAYOUT, Heads.ROBERTA),
            "distilbert", new Family("DistilBert", "distilbert.", Bert::distilled, Bert.DISTILLED, Heads.DISTILLED),
            "nomic_bert", new Family("NomicBert", "nomic_bert.", NomicBert::of, NomicBert.LAYOUT, Heads.NOMIC)));

    /** NomicBERT in Nomic's own code, whose files have other names. */
    private static final Family OF_NOMIC =
            new Family("NomicBert", "bert.", NomicBert::of, NomicBert.LAYOUT, Heads.OF_NOMIC);

    /**
     * Makes the encoder in a folder, with its weights.
     *
     * @throws IllegalArgumentException if the family or one of its settings is not known, or the weights are not those
     *     of the settings
     */
    static Model<TextEncoder> read(Path folder) {
        Path settings = folder.resolve("config.json");
        if (!Files.exists(settings) && Files.exists(folder.resolve("config_sentence_transformers.json"))) {
            return staticVectors(folder); // a StaticEmbedding of sentence-transformers alone
        }
        Config c = Config.read(settings);
        if (STATIC.equals(c.text("model_type"))) {
            return staticVectors(folder);
        }
        Family family = of(c);
        return filled(family.net.apply(c), family.layout, folder, Names.exact());
    }

    /**
     * Makes the encoder in a folder with the layer {@code Dense} of sentence-transformers, with their weights.
     *
     * @param dense the folder of the layer
     * @throws IllegalArgumentException if the family or one of the settings is not known, or the weights are not those
     *     of the settings
     */
    static Model<Headed> read(Path folder, Path dense) {
        Config c = Config.read(folder.resolve("config.json"));
        Family family = of(c);
        TextEncoder encoder = family.net.apply(c);
        Headed net = new Headed(encoder, new Head(null, null, Heads.dense(encoder.width(), dense)));
        Layout behind = new Layout(List.of(), List.of(Layout.Row.of("head.out.*", "linear.*")));
        try (TensorFile file = family.layout.under("encoder.", List.of()).named(weights(folder));
                TensorFile more = behind.named(weights(dense))) {
            List<TensorFile.Entry> all = Stream.of(file, more)
                    .flatMap(f -> f.names().stream().map(f::entry))
                    .toList();
            try (TensorFile both = new TensorFile(file + " and " + more, all, file.metadata(), () -> {})) {
                return Model.of(net, 1, both, Names.exact().ignoreOthers());
            }
        }
    }

    /**
     * Makes the encoder in a folder with the head of a task, with their weights.
     *
     * @throws IllegalArgumentException if the family or one of its settings is not known, or the weights are not those
     *     of the settings
     */
    static Model<Headed> read(Path folder, Config c, Task task) {
        Family family = with(c, task);
        return filled(
                family.heads.on(family.net.apply(c), c, task),
                family.layout.under("encoder.", family.heads.of(task)),
                folder,
                Names.exact());
    }

    /**
     * Makes the encoder in a folder with the head of a task, in which what the weights lack begins anew.
     *
     * @param keeps whether the last layer of the head is read too
     */
    static Model<Headed> readForTuning(Path folder, Config c, Task task, boolean keeps) {
        Family family = with(c, task);
        List<Layout.Row> rows = family.heads.of(task).stream()
                .filter(row -> keeps || !row.inNet().get(0).startsWith("head.out."))
                .toList();
        Headed net = family.heads.on(family.net.apply(c), c, task);
        String[] mayLack = Stream.of("dense", "norm", "out")
                .filter(part -> rows.size() < family.heads.of(task).size() || task == Task.WORDS)
                .map(part -> "head." + part + ".*")
                .toArray(String[]::new);
        return filled(
                net,
                family.layout.under("encoder.", rows),
                folder,
                Names.exact().optional(mayLack));
    }

    /** The family of these settings, of which a head of this task is known. */
    private static Family with(Config c, Task task) {
        Family family = of(c);
        if (family.heads.of(task).isEmpty()) {
            throw c.wrong("no head of the family \"" + c.text("model_type") + "\""
                    + (family.equals(OF_NOMIC) ? " in Nomic's own code" : "") + " is known for " + task.readers()
                    + "; those are of "
                    + KNOWN.entrySet().stream()
                            .filter(e -> !e.getValue().heads.of(task).isEmpty())
                            .map(Map.Entry::getKey)
                            .toList());
        }
        return family;
    }

    /** The name of transformers' class for a head on the encoder of these settings. */
    static String architecture(Config c, Task task) {
        return of(c).name + task.ending();
    }

    /** Writes an encoder with the head of a task to a folder with these settings. */
    static void save(Model<Headed> model, Config c, Task task, Path from, Path to) {
        Family family = of(c);
        List<Layout.Row> rows = family.heads.of(task);
        Layout whole = family.layout.under("encoder.", rows);
        // transformers takes the pooler for a part of the encoder, but for DeBERTa's, and heads stand beside it
        Layout named = whole.written(row -> row.inNet().get(0).startsWith("encoder.")
                        || row.inFile().get(0).startsWith("pooler.") && !family.prefix.equals("deberta.")
                ? family.prefix
                : "");
        SavedFolder.write(model, named, List.of(), c, from, to);
    }

    private static Family of(Config c) {
        String type = c.text("model_type");
        Family family = type == null ? null : KNOWN.get(type);
        if (family == null) {
            throw c.wrong("the family \"" + type + "\" is not known; those are "
                    + Stream.concat(KNOWN.keySet().stream(), Stream.of(STATIC)).toList());
        }
        return "nomic_bert".equals(type) && NomicBert.ofNomic(c) ? OF_NOMIC : family;
    }

    /** A model of this net with the weights in a folder, of which there may be more. */
    static <N extends Net> Model<N> filled(N net, Layout layout, Path folder, Names names) {
        try (TensorFile file = layout.named(weights(folder))) {
            return Model.of(net, 1, file, names.ignoreOthers());
        }
    }

    /** The names of the files of the family in a folder. */
    static Layout layout(Path folder) {
        Path settings = folder.resolve("config.json");
        String type = Files.exists(settings) ? Config.read(settings).text("model_type") : null;
        Family family = type == null ? null : KNOWN.get(type);
        return family != null
                ? family.layout
                : StaticVectors.layout(STATIC.equals(type) ? "embeddings" : "embedding.weight");
    }

    /** Begins to read the tokenizer in a folder, by a thread of its own while the caller reads the weights. */
    static CompletableFuture<PretrainedTokenizer> tokenizer(Path folder) {
        return CompletableFuture.supplyAsync(
                () -> PretrainedTokenizer.read(folder).withoutPadding(),
                task -> new Thread(task, "fathom tokenizer").start());
    }

    /**
     * Waits for the tokenizer in a folder, whose encoder has vectors for so many tokens.
     *
     * @throws IllegalArgumentException if the tokenizer is damaged, or there are fewer vectors than tokens
     */
    static PretrainedTokenizer tokenizer(CompletableFuture<PretrainedTokenizer> reading, Path folder, int vocabulary) {
        PretrainedTokenizer tokenizer;
        try {
            tokenizer = reading.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException reason ? reason : e;
        }
        if (tokenizer.size() > vocabulary) {
            throw new IllegalArgumentException(folder + ": its tokenizer has " + tokenizer.size()
                    + " tokens but its weights have vectors for " + vocabulary
                    + "; the files belong to two models, fetch both again");
        }
        return tokenizer;
    }

    /**
     * Returns the tokenizer of a folder so that it cuts texts to so many tokens.
     *
     * @throws IllegalArgumentException if that leaves no room for a token of the text
     */
    static PretrainedTokenizer cutting(PretrainedTokenizer tokenizer, int longest, Path folder) {
        PretrainedTokenizer cutting = tokenizer.truncation(TokenTruncation.to(longest));
        int around = cutting.encode("").size();
        if (around >= longest) {
            throw new IllegalArgumentException(
                    folder + ": its tokenizer sets " + around + " tokens around a text, which"
                            + " may have " + longest + " in all, so that nothing of the text would be read; raise"
                            + " \"max_seq_length\" or \"model_max_length\"");
        }
        return cutting;
    }

    /** The most tokens of a text that the settings of the tokenizer allow. */
    static int longest(Path folder) {
        Config settings = Config.readIfThere(folder.resolve("tokenizer_config.json"));
        double longest = settings.number(Integer.MAX_VALUE, "model_max_length"); // 1e30 where nothing limits them
        if (!(longest >= 1)) {
            throw settings.wrong("\"model_max_length\" is " + longest + " but must be at least 1");
        }
        return (int) Math.min(longest, Integer.MAX_VALUE);
    }

    static TensorFile weights(Path folder) {
        List<String> names = List.of(
                "model.safetensors",
                "model.safetensors.index.json",
                "pytorch_model.bin",
                "pytorch_model.bin.index.json");
        return TensorFile.open(names.stream()
                .map(folder::resolve)
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        folder + " has none of " + names + "; fetch the weights of the model into it")));
    }

    /** Vectors of tokens, or of clusters of tokens with a factor for each token, which become one table. */
    private static Model<TextEncoder> staticVectors(Path folder) {
        try (TensorFile file = weights(folder)) {
            String name = file.names().contains("embedding.weight") ? "embedding.weight" : "embeddings";
            Shape shape = file.shape(name);
            if (shape.rank() != 2) {
                throw new IllegalArgumentException(file + ": \"" + name + "\" " + shape
                        + " must be [tokens, width], a vector for each token; fetch it again");
            }
            int width = shape.dim(1);
            float[] table = floats(file, name);
            int tokens = shape.dim(0);
            if (file.names().contains("mapping")) {
                int[] rows = new int[Math.toIntExact(file.shape("mapping").size())];
                file.copy("mapping", IntBuffer.wrap(rows));
                float[] clusters = table;
                table = new float[Math.multiplyExact(rows.length, width)];
                for (int i = 0; i < rows.length; i++) {
                    if (rows[i] < 0 || rows[i] >= tokens) {
                        throw new IllegalArgumentException(file + ": token " + i + " has the vector " + rows[i]
                                + " but there are " + tokens + "; fetch it again");
                    }
                    System.arraycopy(clusters, rows[i] * width, table, i * width, width);
                }
                tokens = rows.length;
            }
            if (file.names().contains("weights")) {
                float[] factors = floats(file, "weights");
                if (factors.length != tokens) {
                    throw new IllegalArgumentException(file + ": there are " + factors.length + " weights for " + tokens
                            + " tokens; fetch it again");
                }
                for (int i = 0; i < table.length; i++) {
                    table[i] *= factors[i / width];
                }
            }
            return Model.of((TextEncoder) new StaticVectors(Embedding.of(table, tokens, width)), 1);
        }
    }

    private static float[] floats(TensorFile file, String name) {
        float[] values = new float[Math.toIntExact(file.shape(name).size())];
        if (file.dtype(name) == DType.F32) {
            file.copy(name, FloatBuffer.wrap(values));
            return values;
        }
        int[] whole = new int[values.length];
        file.copy(name, IntBuffer.wrap(whole));
        for (int i = 0; i < whole.length; i++) {
            values[i] = whole[i];
        }
        return values;
    }
}
