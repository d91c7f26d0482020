package dev.fathom.finetune;

import dev.fathom.tensor.Tensor;

/**
 * The loss of pairs of texts whose similarity was judged, such as by people from 0 to 5 divided by 5: of their vectors
 * a and b and the judgments y it is the mean of (cos(a, b) - y)^2 (Reimers and Gurevych 2019). It is
 * CosineSimilarityLoss of sentence-transformers.
 */
public record CosineSimilarity() {
    /** The length below which a vector counts as zeros, as in PyTorch's {@code cosine_similarity}. */
    private static final float SMALL = 1e-8f;

    /**
     * Computes the loss.
     *
     * @param a [n, d]
     * @param b [n, d], row by row the partners of a
     * @param labels y, F32 [n], in [-1, 1]
     * @throws IllegalArgumentException if the shapes are others, or a label is outside of [-1, 1]
     */
    public Tensor of(Tensor a, Tensor b, Tensor labels) {
        Tensor cosines = each(a, b);
        if (!labels.shape().equals(cosines.shape())) {
            throw new IllegalArgumentException("CosineSimilarity: labels " + labels.shape() + " must be "
                    + cosines.shape() + ", one for each pair; reshape them");
        }
        for (float y : labels.toArray()) {
            if (!(y >= -1 && y <= 1)) {
                throw new IllegalArgumentException("CosineSimilarity: the label " + y
                        + " is no cosine, which is from -1 to 1; divide the labels by the largest");
            }
        }
        return cosines.sub(labels).square().mean();
    }

    /**
     * Computes the cosines [n] of the angles between a [n, d] and b [n, d], row by row; 0 where one has the length 0.
     *
     * @throws IllegalArgumentException if the shapes differ
     */
    public Tensor each(Tensor a, Tensor b) {
        mustBePairs("CosineSimilarity: first vectors", a, b);
        return unit(a).mul(unit(b)).sum(1);
    }

    static Tensor unit(Tensor rows) {
        return rows.div(rows.norm(1).unsqueeze(1).clamp(SMALL, Float.MAX_VALUE));
    }

    static void mustBePairs(String what, Tensor a, Tensor b) {
        if (a.shape().rank() != 2 || !a.shape().equals(b.shape())) {
            throw new IllegalArgumentException(what + " " + a.shape() + " and their partners " + b.shape()
                    + " must both be [n, d], a row for each pair; give vectors of one encoder");
        }
    }
}
