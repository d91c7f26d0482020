package dev.fathom.train;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;

/** The answers of a classifier to every example of a data set, in evaluation mode: the class of the largest logit, and its softmax probability. */
public final class Classification {
    private static final int BATCH = 500;

    private final int[] actual;
    private final int[] predicted;
    private final float[] probability;
    private final ConfusionMatrix confusion;

    private Classification(int[] actual, int[] predicted, float[] probability, ConfusionMatrix confusion) {
        this.actual = actual;
        this.predicted = predicted;
        this.probability = probability;
        this.confusion = confusion;
    }

    /**
     * Classifies every example.
     *
     * @throws IllegalArgumentException unless the model gives [n, classes] for n examples and the targets are labels [n]
     */
    public static Classification of(Model<? extends Layer> model, Dataset data) {
        int n = data.size();
        int[] actual = new int[n];
        int[] predicted = new int[n];
        float[] probability = new float[n];
        int classes = 0;
        int at = 0;
        Batches.Epoch batches = data.batches(Math.min(BATCH, n)).epoch(0);
        Rng rng = new Rng(0); // a model that samples is judged by the same numbers every time
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer(rng)) {
                var batch = batches.next();
                Tensor logits = model.net().apply(batch.x());
                if (logits.shape().rank() != 2
                        || logits.dim(0) != batch.size()
                        || batch.y().shape().rank() != 1) {
                    throw new IllegalArgumentException("classification: the model gives " + logits.shape()
                            + " and the targets are " + batch.y().shape()
                            + "; it must give [n, classes] for labels [n], so reshape what it gives");
                }
                Tensor p = logits.softmax(-1);
                classes = p.dim(-1);
                int[] best = p.argmax(-1).toIntArray();
                float[] largest = p.max(-1).toArray();
                int[] labels = batch.y().toIntArray();
                for (int i = 0; i < best.length; i++) {
                    actual[at] = labels[i];
                    predicted[at] = best[i];
                    probability[at++] = largest[i];
                }
            }
        }
        ConfusionMatrix confusion = new ConfusionMatrix(classes);
        for (int i = 0; i < n; i++) {
            confusion.add(actual[i], predicted[i]);
        }
        return new Classification(actual, predicted, probability, confusion);
    }

    /** Returns the counts of (actual, predicted). */
    public ConfusionMatrix confusion() {
        return confusion;
    }

    /** Returns the number of examples. */
    public int size() {
        return actual.length;
    }

    /** Returns the label of example {@code i}. */
    public int actual(int i) {
        return actual[i];
    }

    /** Returns the class predicted for example {@code i}. */
    public int predicted(int i) {
        return predicted[i];
    }

    /** Returns the probability that the classifier gives to the class predicted for example {@code i}. */
    public float probability(int i) {
        return probability[i];
    }

    /** Returns the numbers of the wrongly classified examples, the most confident first, and at most {@code limit} of them. */
    public int[] wrong(int limit) {
        return java.util.stream.IntStream.range(0, actual.length)
                .filter(i -> actual[i] != predicted[i])
                .boxed()
                .sorted((a, b) -> Float.compare(probability[b], probability[a]))
                .limit(limit)
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
