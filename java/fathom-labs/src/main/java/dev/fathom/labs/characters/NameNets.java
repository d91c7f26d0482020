package dev.fathom.labs.characters;

import static dev.fathom.op.Activation.GELU;
import static dev.fathom.op.Activation.TANH;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.labs.data.Names;
import dev.fathom.labs.statistics.NgramModel;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Tensor;

/** Nets from the letters of names [n, length] to the logits of what follows each of them [n, length, 27], of which none looks ahead. */
final class NameNets {
    private static final int LETTERS = Names.LETTERS.size();

    private NameNets() {}

    /** Pairs that were counted, as a table: row a has the logarithms of the probabilities of what follows a. */
    static Layer counted(NgramModel pairs) {
        float[] table = new float[LETTERS * LETTERS];
        for (int letter = 0; letter < LETTERS; letter++) {
            double[] next = pairs.next(new int[] {letter}, 1);
            for (int i = 0; i < LETTERS; i++) {
                table[letter * LETTERS + i] = (float) Math.log(next[i]);
            }
        }
        return Embedding.of(table, LETTERS, LETTERS);
    }

    /** A hidden layer over the last three letters (Bengio et al. 2003); in front of a name there are ends of names. */
    record Window(Embedding in, Linear hidden, Linear out) implements Layer {
        Window() {
            this(new Embedding(LETTERS, 10), new Linear(30, 200).act(TANH), new Linear(200, LETTERS));
        }

        @Override
        public Tensor forward(Tensor letters) {
            int n = letters.dim(0);
            int length = letters.dim(1);
            Tensor all = in.apply(Tensor.concat(1, Tensor.ofInts(new int[2 * n], n, 2), letters));
            Tensor three =
                    Tensor.concat(2, all.slice(1, 0, length), all.slice(1, 1, length + 1), all.slice(1, 2, length + 2));
            return out.apply(hidden.apply(three));
        }
    }

    static Layer gru() {
        return new Sequential(new Embedding(LETTERS, 32), Recurrent.gru(32, 128), new Linear(128, LETTERS));
    }

    /** Four layers of four heads with their norms in front, as GPT-2's. */
    record Transformer(Embedding in, LearnedPositions positions, TransformerEncoder encoder, Linear out)
            implements Layer {
        Transformer() {
            this(
                    new Embedding(LETTERS, 64),
                    new LearnedPositions(Names.LONGEST + 2, 64),
                    TransformerEncoder.of(
                            4, () -> new TransformerEncoderLayer(64, 4, 256, GELU).normsFirst(), new LayerNorm(64)),
                    new Linear(64, LETTERS));
        }

        @Override
        public Tensor forward(Tensor letters) {
            return out.apply(encoder.apply(positions.apply(in.apply(letters)), AttentionMask.CAUSAL));
        }
    }
}
