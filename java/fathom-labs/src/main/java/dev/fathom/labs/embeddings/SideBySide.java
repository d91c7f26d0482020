package dev.fathom.labs.embeddings;

import dev.fathom.data.Batch;
import dev.fathom.pretrained.Pooling;
import dev.fathom.pretrained.TextBatch;
import dev.fathom.pretrained.TextEncoder;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/** The texts of a batch as encoders take them. */
final class SideBySide {
    private SideBySide() {}

    /** The texts of a ragged field without its padding, all of one type. */
    static TextBatch texts(Batch batch, String field) {
        Tensor ids = batch.unpadded(field, batch.get(field));
        int n = ids.dim(0);
        int[] lengths = batch.lengths(field).toIntArray();
        int[] places = new int[n];
        int[] owners = new int[n];
        int at = 0;
        for (int text = 0; text < lengths.length; text++) {
            Arrays.fill(owners, at, at + lengths[text], text);
            for (int t = 0; t < lengths[text]; t++) {
                places[at++] = t;
            }
        }
        return new TextBatch(
                ids.reshape(1, n),
                Tensor.ofInts(new int[n], 1, n),
                Tensor.ofInts(places, n),
                Tensor.ofInts(owners, n),
                batch.lengths(field));
    }

    /** The mean of the vectors of each text's tokens, scaled to the length 1: [texts, width]. */
    static Tensor directions(TextEncoder net, Batch batch, String field) {
        TextBatch texts = texts(batch, field);
        Tensor means = texts.pooled(net.encode(texts), Pooling.MEAN);
        return means.div(means.norm(1).unsqueeze(1));
    }
}
