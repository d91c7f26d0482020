package dev.fathom.labs.characters;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.NextToken;
import dev.fathom.decode.Sampling;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.FirstNames;
import dev.fathom.experiments.data.NameParts;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Characters;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Networks as models of names letter by letter. */
final class NameModel {
    private NameModel() {}

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

    /** Trains a network by Adam, and keeps the epoch that is best on the validation names. */
    static void train(Lab lab, String name, Model<Layer> model, NameParts parts, float rate, int epochs) {
        try (Dataset training = dataset(parts.training());
                Dataset validation = dataset(parts.validation())) {
            var trainer = Trainer.custom(model, new Adam(rate), (net, batch) -> new Step.Result(loss(net, batch)))
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .keepBest();
            lab.train(name, "names", trainer, training, Math.min(64, training.size()), validation, epochs);
        }
    }

    /**
     * The logarithm of the probability of each letter of a name and of its end.
     *
     * @throws IllegalArgumentException if a letter is not from a to z
     */
    static float[][] logProbabilities(Layer net, List<String> names) {
        List<float[]> all = new ArrayList<>();
        try (Dataset data = dataset(names)) {
            data.forEach(batch -> {
                Tensor y = net.apply(batch.x()).logSoftmax(-1);
                float[] logs = y.toArray();
                int[] next = batch.y().toIntArray();
                for (int i = 0; i < batch.size(); i++) {
                    float[] name = new float[names.get(all.size()).length() + 1];
                    for (int t = 0; t < name.length; t++) {
                        int at = i * y.dim(1) + t;
                        name[t] = logs[at * y.dim(2) + next[at]];
                    }
                    all.add(name);
                }
            });
        }
        return all.toArray(float[][]::new);
    }

    /** The mean of -log P over all letters of these names and their ends, in nats. */
    static double logLoss(Layer net, List<String> names) {
        double sum = 0;
        long letters = 0;
        for (float[] name : logProbabilities(net, names)) {
            for (float logP : name) {
                sum -= logP;
            }
            letters += name.length;
        }
        return sum / letters;
    }

    /** Generates names at temperature 1. */
    static List<String> write(Layer net, int count, long seed) {
        int[][] prompts = new int[count][1]; // Names.END, whose number is 0
        return new Sampling(0, FirstNames.LONGEST)
                .after(new Reread(net, count), new Rng(seed), prompts).stream()
                        .map(h -> new Characters().text(FirstNames.LETTERS.tokens(h.toArray())))
                        .toList();
    }

    /**
     * Reads each name from its beginning for every letter, because names are too short for carried states to matter.
     */
    private static final class Reread implements NextToken {
        private final Layer net;
        private int[][] read;

        Reread(Layer net, int rows) {
            this.net = net;
            read = new int[rows][0];
        }

        @Override
        public FloatBuffer step(int... tokens) {
            int length = read[0].length + 1;
            int[] all = new int[tokens.length * length];
            for (int row = 0; row < tokens.length; row++) {
                read[row] = Arrays.copyOf(read[row], length);
                read[row][length - 1] = tokens[row];
                System.arraycopy(read[row], 0, all, row * length, length);
            }
            try (Pass pass = Pass.infer()) {
                Tensor y = net.apply(Tensor.ofInts(all, tokens.length, length));
                return FloatBuffer.wrap(y.slice(1, length - 1, length).toArray());
            }
        }

        @Override
        public void reorder(int[] parents) {
            read = Arrays.stream(parents).mapToObj(p -> read[p].clone()).toArray(int[][]::new);
        }
    }
}
