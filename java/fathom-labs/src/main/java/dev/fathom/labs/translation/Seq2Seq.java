package dev.fathom.labs.translation;

import dev.fathom.attention.AdditiveAttention;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Decoder;
import dev.fathom.decode.Hypothesis;
import dev.fathom.decode.ScheduledSampling;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.parameter.Initializer;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.recurrent.State;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A network that maps one sequence to another (Sutskever et al. 2014): an encoder reads the source, and its final states are the initial states of a decoder,
 * which writes the target token by token until the stop symbol. In training the decoder reads the true tokens, shifted by one step.
 *
 * <p>With attention, each hidden state s of the decoder's top layer also attends to all steps of the encoder by the additive score of Bahdanau et al. (2015):
 * logits = W tanh(V [s; context(s)]). The context is read after the decoder's step, as in Luong et al. (2015), so that all steps of a sentence are one call.
 *
 * <p>The vocabularies of both sides begin with {@link Reserved#STANDARD}: padding is 0.
 *
 * @param mix V, which maps [s; context(s)] to the width of s; null without attention
 */
record Seq2Seq(
        Embedding source,
        Recurrent encoder,
        Embedding target,
        Recurrent decoder,
        @Nullable AdditiveAttention attention,
        @Nullable Linear mix,
        Linear logits)
        implements Net {
    private static final Reserved TOKENS = Reserved.STANDARD;

    /**
     * The sizes of a network.
     *
     * @param sources the number of tokens of the language that is read
     * @param targets the number of tokens of the language that is written
     * @param width of the embeddings
     * @param hidden the number of cells in a layer
     */
    record Sizes(int sources, int targets, int width, int hidden, int layers) {}

    /**
     * Makes a network.
     *
     * @param vectors initializes the embeddings
     * @param init initializes all other parameters except the biases of the logits, which start at 0
     */
    static Seq2Seq of(Sizes s, boolean attention, Initializer vectors, Initializer init) {
        int h = s.hidden;
        return new Seq2Seq(
                new Embedding(s.sources, s.width, vectors).padding(TOKENS.padding()),
                Recurrent.lstm(s.width, h).biases(1).layers(s.layers).init("*", init),
                new Embedding(s.targets, s.width, vectors).padding(TOKENS.padding()),
                Recurrent.lstm(s.width, h).biases(1).layers(s.layers).init("*", init),
                attention ? new AdditiveAttention(matrix(h, h, init), matrix(h, h, init), matrix(h, 1, init)) : null,
                attention ? matrix(2 * h, h, init) : null,
                new Linear(h, s.targets, init).withBias(Init.zeros()));
    }

    private static Linear matrix(int in, int out, Initializer init) {
        return new Linear(in, out, init).withoutBias();
    }

    // ---- training

    /** Pairs of sequences without start and stop symbols; a stop symbol is added at the end of each target. */
    static Dataset dataset(int[][] sources, int[][] targets) {
        int[][] stopped = Arrays.stream(targets)
                .map(t -> {
                    int[] longer = Arrays.copyOf(t, t.length + 1);
                    longer[t.length] = TOKENS.end();
                    return longer;
                })
                .toArray(int[][]::new);
        return Dataset.of(Field.ragged("x", sources), Field.ragged("y", stopped));
    }

    /**
     * The mean over the sentences of -log P(target | source), which is the sum over a target's tokens and its stop symbol: the objective of Sutskever et
     * al. Padding does not count.
     */
    Step.Result step(Batch batch) {
        Tensor y = batch.y();
        Reading reading = read(batch.x(), batch.lengths("x"));
        Tensor scores =
                write(ScheduledSampling.shifted(y, TOKENS.start()), reading).logits();
        float[] counts = new float[scores.dim(2)];
        Arrays.fill(counts, 1);
        counts[TOKENS.padding()] = 0;
        float tokens = Arrays.stream(batch.lengths("y").toIntArray()).sum();
        Tensor loss = Loss.crossEntropy().classWeights(counts).of(scores, y).mul(tokens / batch.size());
        return new Step.Result(loss, scores);
    }

    /** The encoder's output: the final states, and for attention the hidden states of all steps and the lengths of the sources. */
    private record Reading(State state, Tensor steps, Tensor lengths) {}

    /** The decoder's output for the tokens so far. */
    private record Writing(Tensor logits, Tensor steps, State state) {}

    private Reading read(Tensor tokens, Tensor lengths) {
        Output out = encoder.run(source.apply(tokens), null, lengths);
        return new Reading(out.state(), out.steps(), lengths);
    }

    private Writing write(Tensor tokens, Reading reading) {
        Output out = decoder.run(target.apply(tokens), reading.state, null);
        Tensor top = out.steps();
        if (attention != null && mix != null) {
            Tensor context = attention.apply(top, reading.steps, AttentionMask.NONE.withLengths(reading.lengths));
            top = mix.apply(Tensor.concat(2, top, context)).tanh();
        }
        return new Writing(logits.apply(top), out.steps(), out.state());
    }

    // ---- after training

    /** The beam of each source, the best hypothesis first. The tokens for padding, the start and unknown words are never written. */
    List<List<Hypothesis>> search(BeamSearch search, int[]... sources) {
        Decoder model;
        try (Pass pass = Pass.infer()) {
            Reading reading = read(padded(sources), lengths(sources));
            Tensor c = Objects.requireNonNull(reading.state.cell());
            model = new Decoder(
                    (token, s) -> next(token, new Reading(new State(s[0], s[1]), s[2], s[3])),
                    reading.state.hidden(),
                    c,
                    reading.steps,
                    reading.lengths);
        }
        int[] starts = new int[sources.length];
        Arrays.fill(starts, TOKENS.start());
        try (model) {
            return search.of(model, starts);
        }
    }

    private Decoder.Step next(Tensor token, Reading reading) {
        Writing one = write(token.reshape(token.dim(0), 1), reading);
        float[] forbidden = new float[one.logits.dim(2)];
        forbidden[TOKENS.padding()] = Float.NEGATIVE_INFINITY;
        forbidden[TOKENS.unknown()] = Float.NEGATIVE_INFINITY;
        forbidden[TOKENS.start()] = Float.NEGATIVE_INFINITY;
        Tensor scores = one.logits.reshape(token.dim(0), forbidden.length).add(Tensor.of(forbidden, forbidden.length));
        Tensor c = Objects.requireNonNull(one.state.cell());
        return new Decoder.Step(scores, one.state.hidden(), c, reading.steps, reading.lengths);
    }

    /**
     * The attention weights [pairs, longest target + 1, longest source]: how much each token of a target, and last its stop symbol, attends to each token of
     * its source. Each row sums to 1 and is 0 on padding of the source.
     */
    float[][][] attentionWeights(int[][] sources, int[][] targets) {
        int[][] stopped =
                Arrays.stream(targets).map(t -> Arrays.copyOf(t, t.length + 1)).toArray(int[][]::new);
        try (Pass pass = Pass.infer()) {
            Reading reading = read(padded(sources), lengths(sources));
            Tensor steps = write(ScheduledSampling.shifted(padded(stopped), TOKENS.start()), reading).steps;
            Tensor weights = Objects.requireNonNull(attention, "a network without attention has no attention weights")
                    .weights(steps, reading.steps, AttentionMask.NONE.withLengths(reading.lengths));
            float[] all = weights.toArray();
            float[][][] rows = new float[sources.length][weights.dim(1)][weights.dim(2)];
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

    /** The hidden state of the encoder's top layer at the end of each source [sources, hidden]. */
    float[][] encoderStates(int[]... sources) {
        try (Pass pass = Pass.infer()) {
            float[] last = encoder.run(source.apply(padded(sources)), null, lengths(sources))
                    .last()
                    .toArray();
            int width = last.length / sources.length;
            float[][] rows = new float[sources.length][];
            Arrays.setAll(rows, i -> Arrays.copyOfRange(last, i * width, (i + 1) * width));
            return rows;
        }
    }

    private static Tensor padded(int[]... rows) {
        int longest = Arrays.stream(rows).mapToInt(row -> row.length).max().orElseThrow();
        int[] all = new int[rows.length * longest];
        Arrays.fill(all, TOKENS.padding());
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * longest, rows[i].length);
        }
        return Tensor.ofInts(all, rows.length, longest);
    }

    private static Tensor lengths(int[]... rows) {
        return Tensor.ofInts(Arrays.stream(rows).mapToInt(row -> row.length).toArray(), rows.length);
    }
}
