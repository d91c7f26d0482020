package dev.fathom.labs.characters;

import static dev.fathom.op.Activation.TANH;

import dev.fathom.decode.Gpt;
import dev.fathom.experiments.data.FirstNames;
import dev.fathom.experiments.statistics.NgramModel;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;

/**
 * Networks from the letters of names [n, length] to the logits of the letter after each of them [n, length, 27]. None
 * of them looks ahead.
 */
final class NameNets {
    private static final int LETTERS = FirstNames.LETTERS.size();

    private NameNets() {}

    /** The 2-gram model as a table: row a has the logarithms of the probabilities of the letters after a. */
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

    /** A hidden layer over the last three letters (Bengio et al. 2003); the letters before a name are ends of names. */
    record Mlp(Embedding in, Linear hidden, Linear out) implements Layer {
        Mlp() {
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

    /** Four layers, 64 wide. */
    static Layer transformer() {
        return Gpt.of(new Gpt.Sizes(LETTERS, FirstNames.LONGEST + 2, 64, 4, 4), 0);
    }
}
