package dev.fathom.labs.characters;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.NextToken;
import dev.fathom.decode.Sampling;
import dev.fathom.labs.data.FirstNames;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Characters;
import java.util.Arrays;
import java.util.List;

/**
 * A model of names letter by letter.
 *
 * @param name as pages show it
 * @param epochs of its training; 0 for counts
 */
record NameModel(String name, Model<Layer> model, int epochs) implements AutoCloseable {
    private static final int BATCH = 500;

    /** The letters of names as x and the letters after them as y; both fields are ragged. */
    static Dataset dataset(List<String> names) {
        int[][] x = new int[names.size()][];
        int[][] y = new int[names.size()][];
        for (int i = 0; i < x.length; i++) {
            int[] ids = FirstNames.ids(names.get(i));
            x[i] = Arrays.copyOf(ids, ids.length - 1);
            y[i] = Arrays.copyOfRange(ids, 1, ids.length);
        }
        return Dataset.of(Field.ragged("x", x).input(), Field.ragged("y", y).target());
    }

    /** The mean of -log P(letter) over the letters of a batch and the ends of its names, without the padding. */
    static Tensor loss(Layer net, Batch batch) {
        Tensor logits = net.apply(batch.x());
        return batch.unpadded("y", logits).crossEntropy(batch.unpadded("y", batch.y()));
    }

    /**
     * The logarithm of the probability of each letter of a name and of its end.
     *
     * @throws IllegalArgumentException if a letter is not from a to z
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
                    float[] logs = y.toArray();
                    int[] next = batch.y().toIntArray();
                    for (int i = 0; i < batch.size(); i++, row++) {
                        all[row] = new float[names.get(row).length() + 1];
                        for (int t = 0; t < all[row].length; t++) {
                            int at = i * y.dim(1) + t;
                            all[row][t] = logs[at * y.dim(2) + next[at]];
                        }
                    }
                }
            }
        }
        return all;
    }

    /** The mean of -log P over all letters of these names and their ends, in nats. */
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

    /** Generates names at temperature 1. */
    List<String> write(int count, long seed) {
        int[][] prompts = new int[count][1]; // Names.END, whose number is 0
        return new Sampling(0, FirstNames.LONGEST)
                .after(new Reread(count), new Rng(seed), prompts).stream()
                        .map(h -> new Characters().text(FirstNames.LETTERS.tokens(h.toArray())))
                        .toList();
    }

    /**
     * Reads each name from its beginning for every letter, because names are too short for carried states to matter.
     */
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
