package dev.fathom.decode;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Activation;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A model of language that writes, as GPT-2 does (Radford et al. 2019): from tokens x[1] .. x[T], I32 [n, length], it
 * computes the logits [n, length, tokens] of what follows each of them,
 *
 * <pre>
 * h = E[x] + P,    h = the causal Transformer of h,    logits = W LayerNorm(h) + c
 * </pre>
 *
 * <p>where E are the vectors of tokens, P those of positions, which are learned, and each layer of the Transformer
 * normalizes before its attention and before its two linear layers, between which there is a GELU. A token sees itself
 * and those before it, so that one pass learns from all places of a window.
 *
 * <pre>{@code
 * Gpt net = Gpt.of(new Gpt.Sizes(vocabulary.size(), 128, 128, 4, 4), 0.1f);
 * try (Model<Gpt> model = Model.of(net, 1);
 *         Dataset windows = Gpt.windows(text, 128, 128)) {
 *     Trainer.of(model, Loss.crossEntropy(), new AdamW(2e-3f)).fit(windows.shuffled(1).batches(16), 5);
 *     int[] more = Gpt.write(model, prompt, 100, 0.7f, 1);
 * }
 * }</pre>
 *
 * @param in E
 * @param positions P
 * @param out W and c
 */
public record Gpt(Embedding in, LearnedPositions positions, TransformerEncoder encoder, Linear out)
        implements CausalNet {
    private static final int BATCH = 32;

    /**
     * The sizes of a network.
     *
     * @param tokens the size of the vocabulary
     * @param context the most tokens that are read at once
     * @param width of the vectors; the linear layers inside are four times as wide
     * @param heads of the attention of each layer, which divide the width
     */
    public record Sizes(int tokens, int context, int width, int heads, int layers) {
        /**
         * Checks them.
         *
         * @throws IllegalArgumentException if one is below 1, the context below 2, or the width no multiple of the
         *     heads
         */
        public Sizes {
            Checks.atLeast("Gpt", "tokens", tokens, 1);
            Checks.atLeast("Gpt", "context", context, 2);
            Checks.atLeast("Gpt", "width", width, 1);
            Checks.atLeast("Gpt", "heads", heads, 1);
            Checks.atLeast("Gpt", "layers", layers, 1);
            if (width % heads != 0) {
                throw new IllegalArgumentException("Gpt: a width of " + width + " cannot be divided among " + heads
                        + " heads; give a multiple of them");
            }
        }
    }

    /**
     * Makes a network.
     *
     * @param dropout the share of the numbers that each layer drops in training
     * @throws IllegalArgumentException if the dropout is not at least 0 and below 1
     */
    public static Gpt of(Sizes s, float dropout) {
        return new Gpt(
                new Embedding(s.tokens, s.width, Init.normal(0, 0.02f)),
                new LearnedPositions(s.context, s.width),
                TransformerEncoder.of(
                        s.layers,
                        () -> new TransformerEncoderLayer(s.width, s.heads, 4 * s.width, Activation.GELU)
                                .normsFirst()
                                .dropout(dropout),
                        new LayerNorm(s.width)),
                new Linear(s.width, s.tokens));
    }

    @Override
    public int context() {
        return positions.weight().shape().dim(0);
    }

    @Override
    public Tensor forward(Tensor tokens) {
        return out.apply(encoder.apply(positions.apply(in.apply(tokens)), AttentionMask.CAUSAL));
    }

    /**
     * Windows of {@code length} tokens of a text as the field {@code x}, one every {@code stride} tokens, and the token
     * after each of theirs as the field {@code y}.
     *
     * @throws IllegalArgumentException if the length or the stride is below 1, or the text has no token after a window
     */
    public static Dataset windows(int[] text, int length, int stride) {
        Checks.atLeast("Gpt.windows", "length", length, 1);
        Checks.atLeast("Gpt.windows", "stride", stride, 1);
        if (text.length <= length) {
            throw new IllegalArgumentException("Gpt.windows: a text of " + text.length + " tokens has none behind a"
                    + " window of " + length + "; give a longer text or a shorter window");
        }
        int n = (text.length - 1 - length) / stride + 1;
        int[] x = new int[n * length];
        int[] y = new int[n * length];
        for (int i = 0; i < n; i++) {
            System.arraycopy(text, i * stride, x, i * length, length);
            System.arraycopy(text, i * stride + 1, y, i * length, length);
        }
        return Dataset.of(
                Field.ints("x", Shape.of(length), x).input(),
                Field.ints("y", Shape.of(length), y).target());
    }

    /**
     * The mean of -log2 P(token) over a text, where each token is predicted from half a context to a whole one before
     * it.
     *
     * @throws IllegalArgumentException if the text is not longer than a context
     */
    public static double bits(Model<Gpt> model, int[] text) {
        int context = model.net().context();
        double sum = 0;
        try (Dataset data = windows(text, context, context / 2)) {
            Batches.Epoch batches = data.batches(Math.min(BATCH, data.size())).epoch(0);
            while (batches.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    Batch batch = batches.next();
                    Tensor logits = model.net().apply(batch.x()).slice(1, context / 2, context);
                    sum += batch.size()
                            * (double) logits.crossEntropy(batch.y().slice(1, context / 2, context))
                                    .item();
                }
            }
            return sum / data.size() / Math.log(2);
        }
    }

    @Override
    public Next read(Tensor tokens, State state) {
        return encoder.step(positions.apply(in.apply(tokens), state.get("past")), state);
    }

    @Override
    public Tensor logits(Tensor vectors) {
        return out.apply(vectors);
    }

    @Override
    public State state(int batch, int capacity) {
        return encoder.state(batch, capacity);
    }

    /**
     * Continues a prompt. Keys and values of what was read are kept; when there are a context of them, they are made
     * again of the last half of a context.
     *
     * @param length the number of tokens to write
     * @param temperature what logits are divided by; at 0 each token is the most probable one
     * @throws IllegalArgumentException if the prompt is empty, or the length or the temperature is below 0
     */
    public static int[] write(Model<Gpt> model, int[] prompt, int length, float temperature, long seed) {
        Checks.atLeast("Gpt.write", "length", length, 0);
        if (prompt.length == 0) {
            throw new IllegalArgumentException("Gpt.write: the prompt is empty; give at least one token to go on from");
        }
        int context = model.net().context();
        int[] all = prompt;
        try (CachedDecoder decoder = CachedDecoder.of(model);
                CachedDecoder.Sequences sequences = decoder.sequences()) {
            for (int turn = 0; all.length < prompt.length + length; turn++) {
                int[] read = Arrays.copyOfRange(all, Math.max(0, all.length - context / 2), all.length);
                int more = Math.min(context - read.length, prompt.length + length - all.length);
                sequences.reset();
                Hypothesis written = new Sampling(-1, more)
                        .temperature(temperature)
                        .after(sequences, new Rng(seed).split(turn), read)
                        .get(0);
                all = IntStream.concat(Arrays.stream(all), Arrays.stream(written.toArray()))
                        .toArray();
            }
        }
        return Arrays.copyOfRange(all, prompt.length, all.length);
    }
}
