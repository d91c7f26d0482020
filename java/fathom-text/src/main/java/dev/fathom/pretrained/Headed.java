package dev.fathom.pretrained;

import dev.fathom.nn.Net;
import dev.fathom.tensor.Tensor;

/**
 * An encoder with the head of a task. A head that says something of whole texts reads one vector for each of them,
 * which {@link TextBatch#pooled} gives; others read the vectors of all tokens.
 */
public record Headed(TextEncoder encoder, Head head) implements Net {
    /** Returns the outputs [texts, outputs] of a head of texts. */
    public Tensor texts(TextBatch texts, Pooling pooling) {
        return head.apply(texts.pooled(encoder.encode(texts), pooling));
    }

    /** Returns the outputs [tokens, outputs] of a head of tokens. */
    public Tensor tokens(TextBatch texts) {
        return head.apply(rows(texts));
    }

    /**
     * Returns the outputs [places, outputs] of a head of tokens for some of them, since outputs as many as there are
     * words take long to compute.
     *
     * @param places I32 [places], which count the tokens of all texts
     */
    public Tensor tokens(TextBatch texts, Tensor places) {
        return head.apply(rows(texts).take(0, places));
    }

    private Tensor rows(TextBatch texts) {
        Tensor x = encoder.encode(texts);
        return x.reshape(x.dim(1), x.dim(2));
    }
}
