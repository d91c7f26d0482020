package dev.fathom.labs.characters;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.NextToken;
import dev.fathom.decode.Sampling;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * A small GPT: a causal Transformer with learned positions. From characters [n, length] it computes the logits [n,
 * length, characters] of what follows each of them.
 */
record Gpt(Embedding in, LearnedPositions positions, TransformerEncoder encoder, Linear out) implements Layer {
    private static final int HEADS = 4;
    private static final int BATCH = 32;

    /**
     * Layers of four heads that normalize first, as GPT-2's.
     *
     * @param characters the size of the vocabulary
     * @param context the most characters that are read at once
     */
    static Gpt of(int characters, int context, int width, int layers, float dropout) {
        return new Gpt(
                new Embedding(characters, width, Init.normal(0, 0.02f)),
                new LearnedPositions(context, width),
                TransformerEncoder.of(
                        layers,
                        () -> new TransformerEncoderLayer(width, HEADS, 4 * width, Activation.GELU)
                                .normsFirst()
                                .dropout(dropout),
                        new LayerNorm(width)),
                new Linear(width, characters));
    }

    private int context() {
        return positions.weight().shape().dim(0);
    }

    @Override
    public Tensor forward(Tensor characters) {
        return out.apply(encoder.apply(positions.apply(in.apply(characters)), AttentionMask.CAUSAL));
    }

    /**
     * Windows of {@code length} characters of the text, one every {@code stride} characters, and the character after
     * each of theirs.
     */
    static Dataset windows(int[] text, int length, int stride) {
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

    /** Bits per character, where each is predicted from half a context to a whole one. */
    static double bits(Model<Gpt> model, int[] text) {
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

    /** Reads more characters [n, added]: logits of what follows each of them, and the state behind them. */
    private Next step(Tensor characters, State state) {
        Next top = encoder.step(positions.apply(in.apply(characters), state.get("past")), state);
        return new Next(out.apply(top.output()), top.state());
    }

    /** A step of one character, whose keys and values are carried on in caches. */
    private static Plan freeze(Model<Gpt> model) {
        return Plan.freeze(
                model,
                (net, x, state) -> net.step(x[0], state),
                net -> net.encoder.state(1, net.context()),
                Spec.of("character", DType.I32, Dim.BATCH, 1));
    }

    /** Continues a prompt. When the caches are full, they are filled again with the last half of a context. */
    static int[] write(Model<Gpt> model, int[] prompt, int length, float temperature, long seed) {
        int context = model.net().context();
        try (Plan plan = freeze(model);
                Session session = plan.newSession()) {
            int[] all = prompt;
            for (int turn = 0; all.length < prompt.length + length; turn++) {
                int[] read = Arrays.copyOfRange(all, Math.max(0, all.length - context / 2), all.length);
                int more = Math.min(context - read.length, prompt.length + length - all.length);
                session.reset();
                int[] written = new Sampling(-1, more)
                        .temperature(temperature)
                        .after(NextToken.of(session), new Rng(seed).split(turn), read)
                        .get(0)
                        .toArray();
                all = Arrays.copyOf(all, all.length + more);
                System.arraycopy(written, 0, all, all.length - more, more);
            }
            return Arrays.copyOfRange(all, prompt.length, all.length);
        }
    }
}
