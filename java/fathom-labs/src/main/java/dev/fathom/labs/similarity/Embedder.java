package dev.fathom.labs.similarity;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;

/**
 * A network that gives each image [n, 28, 28, 1] an embedding [n, SIZE]. Its two copies in a siamese network share all
 * weights, so one network embeds both images of a pair.
 *
 * @param body from images to embeddings
 * @param head from embeddings to the logits of the classes that are learned; only a classifier needs it
 */
record Embedder(Layer body, Linear head) implements Net {
    /** The numbers of an embedding. */
    static final int SIZE = 32;

    Embedder(int classes) {
        this(
                new Sequential(
                        new Conv(1, 8, 3).act(RELU),
                        new MaxPool(2),
                        new Conv(8, 16, 3).act(RELU),
                        new MaxPool(2),
                        new Flatten(),
                        new Linear(400, SIZE)),
                new Linear(SIZE, classes));
    }

    /** The class is said by a linear layer on the embedding, and the embedding is a by-product. */
    Tensor classifier(Batch batch) {
        return Loss.crossEntropy().of(head.apply(body.apply(batch.x()).relu()), batch.y());
    }

    /**
     * Pairs of one class are drawn together, and others are pushed apart up to a margin (Hadsell, Chopra and LeCun
     * 2006).
     */
    Tensor contrastive(Batch batch) {
        int[] labels = batch.y().toIntArray();
        int[] pairs = new int[labels.length * (labels.length - 1)];
        float[] same = new float[pairs.length / 2];
        for (int a = 0, at = 0; a < labels.length; a++) {
            for (int b = a + 1; b < labels.length; b++, at++) {
                pairs[2 * at] = a;
                pairs[2 * at + 1] = b;
                same[at] = labels[a] == labels[b] ? 1 : 0;
            }
        }
        Tensor both = body.apply(batch.x()).take(0, Tensor.ofInts(pairs, same.length, 2));
        return Loss.contrastive(1).of(both, Tensor.of(same, same.length));
    }

    /** An image is to be nearer to one of its class than to one of another, by a margin (Schroff et al. 2015). */
    Tensor triplet(Batch batch) {
        return Loss.triplet(1).semiHard().of(body.apply(batch.x()), batch.y());
    }
}
