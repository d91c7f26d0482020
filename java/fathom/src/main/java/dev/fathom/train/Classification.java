package dev.fathom.train;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/** What a classifier says of every example of a data set: the class of the largest logit and its softmax probability, in evaluation mode. */
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

    /** Classifies every example. */
    public static Classification of(Model<? extends Layer> model, Dataset data) {
        int n = data.size();
        int[] actual = new int[n];
        int[] predicted = new int[n];
        float[] probability = new float[n];
        ConfusionMatrix confusion = null;
        int at = 0;
        Batches.Epoch batches = data.batches(Math.min(BATCH, n)).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                var batch = batches.next();
                Tensor p = model.net().apply(batch.x()).softmax(-1);
                int[] best = p.argmax(-1).toIntArray();
                float[] largest = p.max(-1).toArray();
                int[] labels = batch.y().toIntArray();
                if (confusion == null) {
                    confusion = new ConfusionMatrix(p.dim(-1));
                }
                for (int i = 0; i < best.length; i++) {
                    actual[at] = labels[i];
                    predicted[at] = best[i];
                    probability[at++] = largest[i];
                    confusion.add(labels[i], best[i]);
                }
            }
        }
        return new Classification(
                actual, predicted, probability, confusion == null ? new ConfusionMatrix(1) : confusion);
    }

    /** Counts of (actual, predicted). */
    public ConfusionMatrix confusion() {
        return confusion;
    }

    /** How many examples. */
    public int size() {
        return actual.length;
    }

    /** The label of example {@code i}. */
    public int actual(int i) {
        return actual[i];
    }

    /** The class given to example {@code i}. */
    public int predicted(int i) {
        return predicted[i];
    }

    /** The probability given to that class. */
    public float probability(int i) {
        return probability[i];
    }

    /** The numbers of at most {@code most} wrong examples, the most confident first. */
    public int[] wrong(int most) {
        return java.util.stream.IntStream.range(0, actual.length)
                .filter(i -> actual[i] != predicted[i])
                .boxed()
                .sorted((a, b) -> Float.compare(probability[b], probability[a]))
                .limit(most)
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
