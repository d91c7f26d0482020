package dev.fathom.decode;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.parameter.Initializer;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Metric;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The decoder that writes a sentence token by token until the stop symbol, from whatever an encoder made of a source:
 * its first state, and for attention a memory of several vectors, such as the hidden states of a sentence or the cells
 * of a feature map. In training it reads the true tokens, shifted by one step.
 *
 * <p>With attention, each hidden state s of the top layer also attends to the memory by the additive score of Bahdanau
 * et al. (2015): logits = W tanh(V [s; context(s)]). The context is read after the step, as in Luong et al. (2015), so
 * that all steps of a sentence are one call.
 *
 * <p>The vocabulary begins with {@link Reserved#STANDARD}: padding is 0.
 *
 * @param target the embedding of the tokens that are written
 * @param attention the score of a pair of states; null without attention
 * @param mix V, which maps [s; context(s)] to the width of s; null without attention
 * @param logits W
 */
public record Writer(
        Embedding target,
        Recurrent decoder,
        @Nullable AdditiveAttention attention,
        @Nullable Linear mix,
        Linear logits) implements Net {
    private static final Reserved TOKENS = Reserved.STANDARD;

    /** The first state of a decoder of one layer, hidden and cell, that a layer makes of a code [n, width]. */
    public static State first(Layer start, Tensor code) {
        Tensor both = start.apply(code).tanh();
        List<Tensor> parts = both.reshape(code.dim(0), 1, both.dim(1)).chunk(2, 2);
        return State.of("hidden", parts.get(0), "cell", parts.get(1));
    }

    /** Returns what an encoder gives to a decoder without attention: the decoder's first state. */
    public static State memory(State first) {
        return State.EMPTY.with("decoder", first);
    }

    /**
     * Returns what an encoder gives to a decoder with attention.
     *
     * @param first the first state of the decoder
     * @param cells [n, cells, width], what the decoder attends to
     */
    public static State memory(State first, Tensor cells) {
        return memory(first).with("cells", cells);
    }

    /**
     * Returns what an encoder gives to a decoder with attention.
     *
     * @param lengths I32 [n], the number of cells of each example that are no padding
     */
    public static State memory(State first, Tensor cells, Tensor lengths) {
        return memory(first, cells).with("lengths", lengths);
    }

    private static AttentionMask mask(State memory) {
        return memory.names().contains("lengths")
                ? AttentionMask.NONE.withLengths(memory.get("lengths"))
                : AttentionMask.NONE;
    }

    /**
     * The sizes of a decoder.
     *
     * @param width of the embeddings
     * @param hidden the number of LSTM cells in a layer
     * @param memory the width of a cell of the memory; 0 without attention
     */
    public record Sizes(int tokens, int width, int hidden, int layers, int memory) {
        /**
         * Checks them.
         *
         * @throws IllegalArgumentException if one is below 1, or the last below 0
         */
        public Sizes {
            Checks.atLeast("Writer", "tokens", tokens, 1);
            Checks.atLeast("Writer", "width", width, 1);
            Checks.atLeast("Writer", "hidden", hidden, 1);
            Checks.atLeast("Writer", "layers", layers, 1);
            Checks.atLeast("Writer", "memory", memory, 0);
        }
    }

    /**
     * Makes a decoder.
     *
     * @param vectors initializes the embeddings
     * @param init initializes all other parameters except the biases of the logits, which start at 0
     */
    public static Writer of(Sizes s, Initializer vectors, Initializer init) {
        int h = s.hidden;
        boolean attends = s.memory > 0;
        return new Writer(
                new Embedding(s.tokens, s.width, vectors).padding(TOKENS.padding()),
                Recurrent.lstm(s.width, h).biases(1).layers(s.layers).init("*", init),
                attends
                        ? new AdditiveAttention(matrix(h, h, init), matrix(s.memory, h, init), matrix(h, 1, init))
                        : null,
                attends ? matrix(h + s.memory, h, init) : null,
                new Linear(h, s.tokens, init).withBias(Init.zeros()));
    }

    /**
     * Returns this decoder with an LSTM that begins by remembering: the biases of its forget gates start at 1
     * (Jozefowicz et al. 2015).
     */
    public Writer remembering() {
        return new Writer(target, decoder.forgetBias(1), attention, mix, logits);
    }

    private static Linear matrix(int in, int out, Initializer init) {
        return new Linear(in, out, init).withoutBias();
    }

    // ---- training

    /** Targets as they are trained on: with the stop symbol behind each. */
    public static int[][] stopped(int[][] targets) {
        return Arrays.stream(targets)
                .map(target -> {
                    int[] longer = Arrays.copyOf(target, target.length + 1);
                    longer[target.length] = TOKENS.end();
                    return longer;
                })
                .toArray(int[][]::new);
    }

    /**
     * The logits [n, length, tokens] of each token of the targets y, I32 [n, length], after the true tokens before it.
     */
    public Tensor scores(Tensor y, State memory) {
        return write(ScheduledSampling.shifted(y, TOKENS.start()), memory).logits;
    }

    /**
     * The mean over the sentences of -log P(target), which is the sum over a target's tokens and its stop symbol: the
     * objective of Sutskever et al. (2014). Padding does not count.
     *
     * @param lengths I32 [n], of the targets
     */
    public static Tensor loss(Tensor scores, Tensor y, Tensor lengths) {
        float[] counts = new float[scores.dim(2)];
        Arrays.fill(counts, 1);
        counts[TOKENS.padding()] = 0;
        float tokens = Arrays.stream(lengths.toIntArray()).sum();
        return Loss.crossEntropy().classWeights(counts).of(scores, y).mul(tokens / y.dim(0));
    }

    /**
     * The share of sentences that are right as a whole. A decoder that reads the true tokens before each one has all of
     * them right exactly if it would also write the true sentence alone.
     *
     * @param padding a token that does not count, or -1
     */
    public static Metric exact(String name, int padding) {
        return Metric.higherIsBetter(
                name, (logits, truth) -> new Metric.Sum(right(logits.argmax(2), truth, padding), truth.dim(0)));
    }

    private static int right(Tensor sentences, Tensor truth, int padding) {
        int[] a = sentences.toIntArray();
        int[] b = truth.toIntArray();
        int width = truth.dim(1);
        int rows = 0;
        for (int i = 0; i < b.length; i += width) {
            int k = i;
            while (k < i + width && (a[k] == b[k] || b[k] == padding)) {
                k++;
            }
            rows += k == i + width ? 1 : 0;
        }
        return rows;
    }

    // ---- after training

    /** The output for the tokens so far, and the state behind them. */
    private record Writing(Tensor logits, Tensor steps, State state) {}

    private Writing write(Tensor tokens, State memory) {
        Output out = decoder.run(target.apply(tokens), memory.part("decoder"));
        Tensor top = out.steps();
        if (attention != null && mix != null) {
            Tensor context = attention.apply(top, memory.get("cells"), mask(memory));
            top = mix.apply(Tensor.concat(2, top, context)).tanh();
        }
        return new Writing(logits.apply(top), out.steps(), memory.with("decoder", out.state()));
    }

    /**
     * The beam of each example, the best hypothesis first. The tokens for padding, the start and unknown words are
     * never written.
     *
     * @param encoder gives the memory; it is called once, in a pass for inference
     */
    public List<List<Hypothesis>> search(BeamSearch search, Supplier<State> encoder) {
        Decoder model;
        int[] starts;
        try (Pass pass = Pass.infer()) {
            State memory = encoder.get();
            starts = new int[memory.get("decoder.hidden").dim(0)];
            model = new Decoder(this::next, memory);
        }
        Arrays.fill(starts, TOKENS.start());
        try (model) {
            return search.of(model, starts);
        }
    }

    private Next next(Tensor token, State state) {
        Writing one = write(token, state);
        float[] forbidden = new float[one.logits.dim(2)];
        forbidden[TOKENS.padding()] = Float.NEGATIVE_INFINITY;
        forbidden[TOKENS.unknown()] = Float.NEGATIVE_INFINITY;
        forbidden[TOKENS.start()] = Float.NEGATIVE_INFINITY;
        return new Next(one.logits.add(Tensor.of(forbidden, forbidden.length)), one.state);
    }

    /**
     * The attention weights [n, length, cells]: how much each token of the targets y, I32 [n, length], attends to each
     * cell of the memory. Each row sums to 1 and is 0 on padding.
     *
     * @throws IllegalStateException if the network has no attention
     */
    public float[][][] attentionWeights(Tensor y, State memory) {
        if (attention == null) {
            throw new IllegalStateException(
                    "Writer: a network without attention has no attention weights; make it with a"
                            + " memory of at least 1");
        }
        Tensor steps = write(ScheduledSampling.shifted(y, TOKENS.start()), memory).steps;
        Tensor weights = attention.weights(steps, memory.get("cells"), mask(memory));
        float[] all = weights.toArray();
        float[][][] rows = new float[weights.dim(0)][weights.dim(1)][weights.dim(2)];
        int from = 0;
        for (float[][] pair : rows) {
            for (float[] row : pair) {
                System.arraycopy(all, from, row, 0, row.length);
                from += row.length;
            }
        }
        return rows;
    }
}
