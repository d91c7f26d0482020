package dev.fathom.decode;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
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
 * <pre>{@code
 * Seq2Seq net = Seq2Seq.of(new Seq2Seq.Sizes(3000, 6000, 256, 256, 1), true, Init.normal(0, 1), Init.uniform(-r, r));
 * try (Model<Seq2Seq> model = Model.of(net, 1); Dataset data = Seq2Seq.dataset(sources, targets)) {
 *     Trainer.custom(model, new Adam(2e-3f), Seq2Seq::step).fit(data.shuffled(1).batches(32), 6);
 *     net.search(new BeamSearch(12, end, 50), sentence).get(0).get(0).toArray();
 * }
 * }</pre>
 *
 * <p>The vocabularies of both sides begin with {@link Reserved#STANDARD}: padding is 0.
 *
 * @param source the embedding of the tokens that are read
 */
public record Seq2Seq(
        Embedding source, Recurrent encoder, @Inline Writer writer) implements Net {
    private static final Reserved TOKENS = Reserved.STANDARD;

    /**
     * The sizes of a network.
     *
     * @param sources the number of tokens of the language that is read
     * @param targets the number of tokens of the language that is written
     * @param width of the embeddings
     * @param hidden the number of cells in a layer
     */
    public record Sizes(int sources, int targets, int width, int hidden, int layers) {
        /**
         * Checks them.
         *
         * @throws IllegalArgumentException if one is below 1
         */
        public Sizes {
            Checks.atLeast("Seq2Seq", "sources", sources, 1);
            Checks.atLeast("Seq2Seq", "targets", targets, 1);
            Checks.atLeast("Seq2Seq", "width", width, 1);
            Checks.atLeast("Seq2Seq", "hidden", hidden, 1);
            Checks.atLeast("Seq2Seq", "layers", layers, 1);
        }
    }

    /**
     * Makes a network.
     *
     * @param vectors initializes the embeddings
     * @param init initializes all other parameters except the biases of the logits, which start at 0
     */
    public static Seq2Seq of(Sizes s, boolean attention, Initializer vectors, Initializer init) {
        int h = s.hidden;
        return new Seq2Seq(
                new Embedding(s.sources, s.width, vectors).padding(TOKENS.padding()),
                Recurrent.lstm(s.width, h).biases(1).layers(s.layers).init("*", init),
                Writer.of(new Writer.Sizes(s.targets, s.width, h, s.layers, attention ? h : 0), vectors, init));
    }

    /** Pairs of sequences without start and stop symbols; a stop symbol is added at the end of each target. */
    public static Dataset dataset(int[][] sources, int[][] targets) {
        return Dataset.of(
                Field.ragged("x", sources).input(),
                Field.ragged("y", Writer.stopped(targets)).target());
    }

    /** The loss of {@link Writer#loss}, and the logits for metrics. */
    public Step.Result step(Batch batch) {
        Tensor scores = scores(batch.x(), batch.lengths("x"), batch.y());
        return new Step.Result(Writer.loss(scores, batch.y(), batch.lengths("y")), scores, batch.y());
    }

    /** The logits of the tokens of targets, each from the source and the tokens before it. */
    public Tensor scores(Tensor sources, Tensor lengths, Tensor targets) {
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
     *
     * @throws IllegalArgumentException if there are no sources
     */
    public List<List<Hypothesis>> search(BeamSearch search, int[]... sources) {
        return writer.search(search, () -> read(padded(sources), lengths(sources)));
    }

    /**
     * The attention weights [pairs, longest target + 1, longest source]: how much each token of a target, and last its
     * stop symbol, attends to each token of its source. Each row sums to 1 and is 0 on padding of the source.
     *
     * @throws IllegalArgumentException if there are no pairs
     * @throws IllegalStateException if the network has no attention
     */
    public float[][][] attentionWeights(int[][] sources, int[][] targets) {
        int[][] stopped =
                Arrays.stream(targets).map(t -> Arrays.copyOf(t, t.length + 1)).toArray(int[][]::new);
        try (Pass pass = Pass.infer()) {
            return writer.attentionWeights(padded(stopped), read(padded(sources), lengths(sources)));
        }
    }

    /**
     * The hidden state of the encoder's top layer at the end of each source [sources, hidden].
     *
     * @throws IllegalArgumentException if there are no sources
     */
    public float[][] encoderStates(int[]... sources) {
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
        int longest = Arrays.stream(rows)
                .mapToInt(row -> row.length)
                .max()
                .orElseThrow(() -> new IllegalArgumentException("Seq2Seq: there are no sequences; give at least one"));
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
