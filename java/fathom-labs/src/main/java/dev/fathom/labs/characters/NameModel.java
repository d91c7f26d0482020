package dev.fathom.labs.characters;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.NextToken;
import dev.fathom.decode.Sampling;
import dev.fathom.labs.data.Names;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Characters;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * A net that reads names, asked and made to write.
 *
 * @param name for people
 * @param epochs that it was trained; 0 for one that was counted
 */
record NameModel(String name, Model<Layer> model, int epochs) implements AutoCloseable {
    private static final int BATCH = 500;

    /** The letters of names, each followed by the next one; both fields are ragged. */
    static Dataset dataset(List<String> names) {
        int[][] x = new int[names.size()][];
        int[][] y = new int[names.size()][];
        for (int i = 0; i < x.length; i++) {
            int[] ids = Names.ids(names.get(i));
            x[i] = Arrays.copyOf(ids, ids.length - 1);
            y[i] = Arrays.copyOfRange(ids, 1, ids.length);
        }
        return Dataset.of(Field.ragged("x", x), Field.ragged("y", y));
    }

    /** The mean of -log P(letter) over the letters of a batch and the ends of its names, without its padding. */
    static Tensor loss(Layer net, Batch batch) {
        Tensor logits = net.apply(batch.x());
        int length = logits.dim(1);
        int[] lengths = batch.lengths("x").toIntArray();
        int[] letters = new int[Arrays.stream(lengths).sum()];
        for (int row = 0, to = 0; row < lengths.length; row++) {
            for (int i = 0; i < lengths[row]; i++) {
                letters[to++] = row * length + i;
            }
        }
        Tensor at = Tensor.ofInts(letters, letters.length);
        return logits.reshape(-1, logits.dim(2))
                .take(0, at)
                .crossEntropy(batch.y().reshape(-1).take(0, at));
    }

    /**
     * The logarithm of the probability of each letter of a name and of its end.
     *
     * @throws IllegalArgumentException if one of the letters is none from a to z
     */
    float[][] logProbabilities(List<String> names) {
        float[][] all = new float[names.size()][];
        int row = 0;
        try (Dataset data = dataset(names)) {
            Batches.Epoch batches = data.batches(Math.min(BATCH, names.size())).epoch(0);
            while (batches.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    Batch batch = batches.next();
                    Tensor y = model.net().apply(batch.x()).logSoftmax(-1);
                    float[] of = y.toArray();
                    int[] next = batch.y().toIntArray();
                    for (int i = 0; i < batch.size(); i++, row++) {
                        all[row] = new float[names.get(row).length() + 1];
                        for (int t = 0; t < all[row].length; t++) {
                            int at = i * y.dim(1) + t;
                            all[row][t] = of[at * y.dim(2) + next[at]];
                        }
                    }
                }
            }
        }
        return all;
    }

    /** The mean of -log P of all letters of these names and of their ends, in nats. */
    double logLoss(List<String> names) {
        double sum = 0;
        long letters = 0;
        for (float[] name : logProbabilities(names)) {
            for (float logP : name) {
                sum -= logP;
            }
            letters += name.length;
        }
        return sum / letters;
    }

    /**
     * Writes names that go on from {@code beginning}, which may be empty.
     *
     * @throws IllegalArgumentException if the beginning has a letter that is none from a to z
     */
    List<String> write(int count, String beginning, long seed) {
        Characters letters = new Characters();
        int[] prompt = Names.LETTERS.ids(letters.tokens(Names.END + beginning));
        var sampling = new Sampling(0, Names.LONGEST - beginning.length());
        return sampling
                .after(
                        new Reread(count),
                        new Rng(seed),
                        Collections.nCopies(count, prompt).toArray(new int[0][]))
                .stream()
                .map(h -> beginning + letters.text(Names.LETTERS.tokens(h.toArray())))
                .toList();
    }

    /** The net as a writer without a state: a name is so short that it is read from its beginning for each letter. */
    private final class Reread implements NextToken {
        private int[][] read;

        Reread(int rows) {
            read = new int[rows][0];
        }

        @Override
        public Tensor logits(int[] tokens) {
            int length = read[0].length + 1;
            int[] all = new int[tokens.length * length];
            for (int row = 0; row < tokens.length; row++) {
                read[row] = Arrays.copyOf(read[row], length);
                read[row][length - 1] = tokens[row];
                System.arraycopy(read[row], 0, all, row * length, length);
            }
            Tensor y = model.net().apply(Tensor.ofInts(all, tokens.length, length));
            return y.slice(1, length - 1, length).reshape(tokens.length, y.dim(2));
        }

        @Override
        public void reorder(int[] parents) {
            read = Arrays.stream(parents).mapToObj(p -> read[p].clone()).toArray(int[][]::new);
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
