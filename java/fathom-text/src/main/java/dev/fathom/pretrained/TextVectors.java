package dev.fathom.pretrained;

import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * How the files of a folder make one vector of a text, as {@link Embedder} does, for training: gradients flow through
 * the vectors into the encoder.
 *
 * <pre>{@code
 * try (Model<TextEncoder> model = Pretrained.encoder(folder)) {
 *     TextVectors vectors = TextVectors.read(folder, model.net());
 *     try (Pass pass = Pass.train(rng)) {
 *         Tensor queries = vectors.of(model.net(), List.of("reset password", "change the picture"));
 *         ...
 *     }
 * }
 * }</pre>
 *
 * <p>No prompt is set in front of a text: where the model knows prompts, give the texts with them.
 *
 * @param tokenizer cuts a text to what the model takes
 * @param normalized whether vectors have the length 1
 */
public record TextVectors(PretrainedTokenizer tokenizer, Pooling pooling, boolean normalized) {
    /** The length below which a vector counts as zeros, as in PyTorch's {@code normalize}. */
    private static final float SMALL = 1e-12f;

    /**
     * Reads the tokenizer and, where they are there, the files of sentence-transformers. Without a pooling there the
     * vector of a text is the mean of its tokens' vectors, and without {@code modules.json} it has the length 1.
     *
     * @param net the encoder that was read from the folder
     * @throws IllegalArgumentException if a module or a setting is not known, or a file is damaged or contradicts
     *     another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static TextVectors read(Path folder, TextEncoder net) {
        SentenceFolder settings = SentenceFolder.read(folder);
        if (settings.dense() != null) {
            throw new IllegalArgumentException(folder + ": its vectors pass a Dense module, which Embedder applies but"
                    + " training does not know; give a folder without it");
        }
        return of(Family.tokenizer(folder), folder, net, settings);
    }

    static TextVectors of(
            CompletableFuture<PretrainedTokenizer> reading, Path folder, TextEncoder net, SentenceFolder settings) {
        PretrainedTokenizer read = Family.tokenizer(reading, folder, net.vocabulary());
        PretrainedTokenizer tokenizer = Family.cutting(
                net instanceof StaticVectors ? read.withoutSpecialTokens() : read,
                Math.min(settings.longest(), net.context()),
                folder);
        if (settings.lowercased()
                && !Arrays.equals(
                        tokenizer.encode("A").ids(), tokenizer.encode("a").ids())) {
            throw new IllegalArgumentException(folder + ": \"do_lower_case\" of sentence-transformers is true but its"
                    + " tokenizer keeps capital letters; give it a tokenizer.json with a normalizer that lowercases");
        }
        return new TextVectors(tokenizer, settings.pooling(), settings.normalized());
    }

    /**
     * Returns the vectors of texts, [texts, width].
     *
     * @throws IllegalArgumentException if there are no texts, or none has a token
     */
    public Tensor of(TextEncoder net, List<String> texts) {
        return of(net, TextBatch.of(tokenizer.encode(texts)));
    }

    /** Returns the vectors of texts that lie side by side, [texts, width]. */
    public Tensor of(TextEncoder net, TextBatch texts) {
        Tensor vectors = texts.pooled(net.encode(texts), pooling);
        return normalized ? vectors.div(vectors.norm(1).unsqueeze(1).clamp(SMALL, Float.MAX_VALUE)) : vectors;
    }
}
