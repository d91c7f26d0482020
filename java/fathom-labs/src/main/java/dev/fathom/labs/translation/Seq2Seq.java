package dev.fathom.labs.translation;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Net;
import dev.fathom.parameter.Initializer;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Step;
import dev.fathom.tree.Inline;
import java.util.Arrays;
import java.util.List;

/**
 * A network that maps one sequence to another (Sutskever et al. 2014): an encoder reads the source, and its final
 * states are the initial states of a decoder, the {@link Writer}, which writes the target token by token until the stop
 * symbol. With attention, the decoder also attends to all steps of the encoder.
 *
 * <p>The vocabularies of both sides begin with {@link Reserved#STANDARD}: padding is 0.
 */
record Seq2Seq(Embedding source, Recurrent encoder, @Inline Writer writer) implements Net {
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
                Writer.of(new Writer.Sizes(s.targets, s.width, h, s.layers, attention ? h : 0), vectors, init));
    }

    /** Pairs of sequences without start and stop symbols; a stop symbol is added at the end of each target. */
    static Dataset dataset(int[][] sources, int[][] targets) {
        return Dataset.of(
                Field.ragged("x", sources).input(),
                Field.ragged("y", Writer.stopped(targets)).target());
    }

    /** The loss of {@link Writer#loss}, and the logits for metrics. */
    Step.Result step(Batch batch) {
        Tensor scores = scores(batch.x(), batch.lengths("x"), batch.y());
        return new Step.Result(Writer.loss(scores, batch.y(), batch.lengths("y")), scores, batch.y());
    }

    /** The logits of the tokens of targets, each from the source and the tokens before it. */
    Tensor scores(Tensor sources, Tensor lengths, Tensor targets) {
        return writer.scores(targets, read(sources, lengths));
    }

    /** The final states, and for attention the hidden states of all steps. */
    private State read(Tensor tokens, Tensor lengths) {
        Output out = encoder.run(source.apply(tokens), State.EMPTY, lengths);
        return writer.attention() == null
                ? Writer.memory(out.state())
                : Writer.memory(out.state(), out.steps(), lengths);
    }

    /**
     * The beam of each source, the best hypothesis first. The tokens for padding, the start and unknown words are never
     * written.
     */
    List<List<Hypothesis>> search(BeamSearch search, int[]... sources) {
        return writer.search(search, () -> read(padded(sources), lengths(sources)));
    }

    /**
     * The attention weights [pairs, longest target + 1, longest source]: how much each token of a target, and last its
     * stop symbol, attends to each token of its source. Each row sums to 1 and is 0 on padding of the source.
     */
    float[][][] attentionWeights(int[][] sources, int[][] targets) {
        int[][] stopped =
                Arrays.stream(targets).map(t -> Arrays.copyOf(t, t.length + 1)).toArray(int[][]::new);
        try (Pass pass = Pass.infer()) {
            return writer.attentionWeights(padded(stopped), read(padded(sources), lengths(sources)));
        }
    }

    /** The hidden state of the encoder's top layer at the end of each source [sources, hidden]. */
    float[][] encoderStates(int[]... sources) {
        try (Pass pass = Pass.infer()) {
            float[] last = encoder.run(source.apply(padded(sources)), State.EMPTY, lengths(sources))
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
