package dev.fathom.pretrained;

import dev.fathom.op.DType;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Texts whose tokens lie side by side in one row: no padding is computed, however different their lengths are. Behind
 * the last text there may be further tokens, whose results mean nothing.
 *
 * @param ids I32 [1, tokens]
 * @param types I32 [1, tokens], 0 for the first text of a pair and 1 for the second
 * @param places I32 [tokens], the place of each token in its own text
 * @param owners I32 [tokens], the number of the text to which each token belongs
 * @param lengths I32 [texts], the number of tokens of each text
 */
public record TextBatch(Tensor ids, Tensor types, Tensor places, Tensor owners, Tensor lengths) {
    /**
     * Lays texts side by side, as tensors of the current pass.
     *
     * @throws IllegalArgumentException if there are none, or none has a token
     */
    public static TextBatch of(List<EncodedText> texts) {
        return of(
                texts.stream().map(EncodedText::ids).toList(),
                texts.stream().map(EncodedText::typeIds).toList());
    }

    /** Lays the tokens of texts side by side. */
    static TextBatch of(List<int[]> texts, List<int[]> kinds) {
        int tokens = texts.stream().mapToInt(text -> text.length).sum();
        if (tokens == 0) {
            throw new IllegalArgumentException("TextBatch: the " + texts.size() + " texts have no tokens; give some");
        }
        int[] ids = new int[tokens];
        int[] types = new int[tokens];
        int[] places = new int[tokens];
        int[] owners = new int[tokens];
        int[] lengths = new int[texts.size()];
        int at = 0;
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = texts.get(i).length;
            System.arraycopy(texts.get(i), 0, ids, at, lengths[i]);
            System.arraycopy(kinds.get(i), 0, types, at, lengths[i]);
            for (int t = 0; t < lengths[i]; t++, at++) {
                places[at] = t;
                owners[at] = i;
            }
        }
        return new TextBatch(
                Tensor.ofInts(ids, 1, tokens),
                Tensor.ofInts(types, 1, tokens),
                Tensor.ofInts(places, tokens),
                Tensor.ofInts(owners, tokens),
                Tensor.ofInts(lengths, lengths.length));
    }

    /** Returns the mask by which each token sees the tokens of its own text. */
    public AttentionMask mask() {
        return AttentionMask.sideBySide(lengths, places);
    }

    /** Returns the number of each token in the row, I32 [tokens], from 0 on; behind the last text it means nothing. */
    Tensor numbers() {
        Tensor ends = lengths.to(DType.F32).cumsum(0); // whole numbers, exact in float
        return ends.to(DType.I32).sub(lengths).take(0, owners).add(places);
    }

    /** Returns for each text one vector, made of those of its tokens x [1, tokens, width]: [texts, width]. */
    public Tensor pooled(Tensor x, Pooling pooling) {
        FloatBuffer weights = FloatBuffer.allocate(owners.dim(0));
        int at = 0;
        for (int length : lengths.toIntArray()) {
            pooling.weights(length, weights, at);
            at += length;
        }
        return pooled(x, Tensor.of(weights, owners.dim(0)));
    }

    /**
     * Returns for each text the sum of its tokens' vectors x [1, tokens, width], each times its weight: [texts, width].
     *
     * @param weights F32 [tokens], as of {@link Pooling}; 0 behind the last text
     */
    public Tensor pooled(Tensor x, Tensor weights) {
        Tensor rows = x.reshape(x.dim(1), x.dim(2)).mul(weights.unsqueeze(1));
        return rows.indexAdd(0, owners, lengths.dim(0));
    }
}
