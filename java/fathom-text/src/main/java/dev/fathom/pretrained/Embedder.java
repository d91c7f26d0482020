package dev.fathom.pretrained;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Vectors of texts, by which similar meanings lie near each other, from a folder as sentence-transformers, transformers
 * or model2vec write it (Reimers and Gurevych 2019):
 *
 * <pre>{@code
 * try (var embedder = Embedder.load(Path.of("all-MiniLM-L6-v2"))) {
 *     float[][] vectors = embedder.embed(List.of("How do I reset my password?", "Passwort vergessen"));
 *     float similarity = Embedder.cosine(vectors[0], vectors[1]);
 * }
 * }</pre>
 *
 * <p>A text has the same bits alone, in any batch and with any number of threads. Tokens of several texts lie side by
 * side, so that no padding is computed. A text that is longer than the model takes is cut at its end. Any number of
 * threads may share an embedder; those that the methods return share its weights and are closed with it.
 */
public final class Embedder implements AutoCloseable {
    private final Shared shared;
    private final String prompt;
    private final int dimensions;
    private final boolean normalized;

    /** What embedders of one folder share. */
    private record Shared(int width, PretrainedTokenizer tokenizer, TextRuns runs, SentenceFolder folder) {}

    private Embedder(Shared shared, String prompt, int dimensions, boolean normalized) {
        this.shared = shared;
        this.prompt = prompt;
        this.dimensions = dimensions;
        this.normalized = normalized;
    }

    /**
     * Loads a folder: {@code config.json}, weights ({@code model.safetensors} or {@code pytorch_model.bin}, also in
     * several parts), a tokenizer, and where sentence-transformers wrote them {@code modules.json}, the pooling and the
     * prompts. Without a pooling the vector of a text is the mean of its tokens' vectors, and without
     * {@code modules.json} it has the length 1.
     *
     * @throws IllegalArgumentException if the family, a module or a setting is not known, which the message names with
     *     those that are, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Embedder load(Path folder) {
        SentenceFolder settings = SentenceFolder.read(folder);
        CompletableFuture<PretrainedTokenizer> reading = Family.tokenizer(folder);
        Path dense = settings.dense();
        if (dense != null) {
            Model<Headed> model = Family.read(folder, dense);
            int width = model.net().head().out().weight().shape().dim(0);
            return of(folder, settings, reading, model, model.net().encoder(), width, TextHead::ofOneVector);
        }
        Model<TextEncoder> model = Family.read(folder);
        TextEncoder net = model.net();
        return of(
                folder,
                settings,
                reading,
                model,
                net,
                net.width(),
                (encoder, texts, weights) -> texts.pooled(encoder.encode(texts), weights));
    }

    private static <N extends Net> Embedder of(
            Path folder,
            SentenceFolder settings,
            CompletableFuture<PretrainedTokenizer> reading,
            Model<N> model,
            TextEncoder encoder,
            int width,
            TextRuns.Function<N> function) {
        boolean done = false;
        try {
            TextVectors vectors = TextVectors.of(reading, folder, encoder, settings);
            TextRuns runs = new TextRuns(
                    model, longest(vectors.tokenizer()), TextRuns.TEXTS, TextRuns.weights(vectors.pooling()), function);
            Embedder result = new Embedder(
                    new Shared(width, vectors.tokenizer(), runs, settings),
                    settings.defaultPrompt(),
                    width,
                    vectors.normalized());
            done = true;
            return result;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /** Returns the length of the vectors. */
    public int dimensions() {
        return dimensions;
    }

    /** Returns how many tokens of a text are read, with those that the model adds itself. */
    public int longest() {
        return longest(shared.tokenizer);
    }

    private static int longest(PretrainedTokenizer tokenizer) {
        return tokenizer.truncation().orElseThrow().length();
    }

    /**
     * Returns the tokens of a text as this embedder reads it, with those of the prompt and those that the model adds
     * itself, for {@link #embedEncoded}.
     */
    public EncodedText encode(String text) {
        return shared.tokenizer.encode(prompt + text);
    }

    /** Returns the prompts of the folder by their names, such as {@code query} and {@code passage}. */
    public Map<String, String> prompts() {
        return shared.folder.prompts();
    }

    /**
     * Returns an embedder that sets a prompt in front of each text, such as {@code prompts().get("query")} or
     * {@code "query: "}.
     */
    public Embedder prompt(String text) {
        return new Embedder(shared, text, dimensions, normalized);
    }

    /**
     * Returns an embedder that keeps the first numbers of each vector, for models that were trained so (Kusupati et al.
     * 2022, "Matryoshka representation learning").
     *
     * @throws IllegalArgumentException if there are not so many, or fewer than 1
     */
    public Embedder dimensions(int first) {
        int width = shared.width;
        if (first < 1 || first > width) {
            throw new IllegalArgumentException("Embedder: " + first + " dimensions of vectors of " + width
                    + " cannot be kept; give 1 to " + width);
        }
        return new Embedder(shared, prompt, first, normalized);
    }

    /** Returns an embedder whose vectors have the length 1, so that their products are cosines, or the model's own. */
    public Embedder normalized(boolean on) {
        return new Embedder(shared, prompt, dimensions, on);
    }

    /**
     * Returns the vector of a text.
     *
     * @throws IllegalStateException if the embedder was closed
     */
    public float[] embed(String text) {
        return embed(List.of(text))[0];
    }

    /**
     * Returns the vector of each text. One without a token has zeros.
     *
     * @throws IllegalStateException if the embedder was closed
     */
    public float[][] embed(List<String> texts) {
        long begin = System.nanoTime();
        return embed(begin, texts.stream().map(this::encode).toList());
    }

    /**
     * Returns the vector of each text that {@link #encode} has read, for callers that read texts in one thread and
     * compute them in another.
     *
     * @throws IllegalArgumentException if a text has more tokens than the model takes, or one that it does not know
     * @throws IllegalStateException if the embedder was closed
     */
    public float[][] embedEncoded(List<EncodedText> texts) {
        return embed(System.nanoTime(), texts);
    }

    private float[][] embed(long begin, List<EncodedText> texts) {
        float[][] vectors = new float[texts.size()][dimensions];
        int width = shared.width;
        shared.runs.run(begin, texts, (results, text, place, start) -> {
            results.get(place * width, vectors[text], 0, dimensions);
            if (normalized) {
                normalize(vectors[text]);
            }
        });
        return vectors;
    }

    /**
     * Limits each later run of all embedders that share the model to this many threads. With 0, which is the default, a
     * run may use all threads of the pool. A limit is for several callers at a time, each of which has processors of
     * its own.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public void threads(int limit) {
        shared.runs.threads(Checks.atLeast("Embedder", "threads", limit, 0));
    }

    /**
     * Returns how many tokens a second {@link #embed} has read so far, with all that it does, or 0 before the first.
     */
    public double tokensPerSecond() {
        return shared.runs.tokensPerSecond();
    }

    private static void normalize(float[] vector) {
        double sum = 0;
        for (float x : vector) {
            sum += (double) x * x;
        }
        if (sum > 0) {
            double factor = 1 / Math.sqrt(sum);
            for (int i = 0; i < vector.length; i++) {
                vector[i] = (float) (vector[i] * factor);
            }
        }
    }

    /**
     * Returns the cosine of the angle between two vectors, a . b / (|a| |b|), or 0 where one has the length 0.
     *
     * @throws IllegalArgumentException if one is longer than the other
     */
    public static float cosine(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(
                    "cosine: vectors of " + a.length + " and of " + b.length + " numbers; both must be of one model");
        }
        double product = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            first += (double) a[i] * a[i];
            second += (double) b[i] * b[i];
        }
        return first == 0 || second == 0 ? 0 : (float) (product / Math.sqrt(first * second));
    }

    /** Closes the model, for all embedders that share it. */
    @Override
    public void close() {
        shared.runs.close();
    }
}
