package dev.fathom.finetune;

import dev.fathom.nn.Loss;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;

/**
 * The loss of pairs of texts that belong together, such as questions and their answers, in which the partners of all
 * other pairs of a batch serve as wrong answers (Henderson et al. 2017): of the vectors a of n anchors, p of their n
 * positives and of further negatives it is
 *
 * <pre>
 * mean over i of -log(exp(s cos(a[i], p[i])) / sum over j of exp(s cos(a[i], c[j]))),    c = p and then the negatives
 * </pre>
 *
 * <p>It is MultipleNegativesRankingLoss of sentence-transformers, and with {@link #bothWays} its
 * MultipleNegativesSymmetricRankingLoss. A text that comes twice in a batch is taken for a wrong answer of itself, so
 * leave duplicates out. A batch of one pair without negatives leaves nothing to choose, and its loss is 0.
 *
 * @param scale s, by which cosines are multiplied
 * @param symmetric whether positives look for their anchors too: the loss is then the mean of the one above and of the
 *     one in which anchors and positives have changed places, without negatives
 */
public record MultipleNegatives(float scale, boolean symmetric) implements Loss {
    /**
     * Checks the scale.
     *
     * @throws IllegalArgumentException if it is not above 0 and finite
     */
    public MultipleNegatives {
        Checks.positive("MultipleNegatives", "scale", scale);
    }

    /** Makes the loss in which anchors look for positives, with the scale 20 of sentence-transformers. */
    public MultipleNegatives() {
        this(20, false);
    }

    /** Returns this loss with positives that look for their anchors too. */
    public MultipleNegatives bothWays() {
        return new MultipleNegatives(scale, true);
    }

    /**
     * Computes the loss of n pairs.
     *
     * @param anchors [n, d]
     * @param positives [n, d], row by row the partners of the anchors
     * @throws IllegalArgumentException if the shapes are others
     */
    @Override
    public Tensor of(Tensor anchors, Tensor positives) {
        CosineSimilarity.mustBePairs("MultipleNegatives: anchors", anchors, positives);
        return among(anchors, CosineSimilarity.unit(positives));
    }

    /**
     * Computes the loss of n pairs and of hard negatives, each of which is a wrong answer to every anchor.
     *
     * @param anchors [n, d]
     * @param positives [n, d], row by row the partners of the anchors
     * @param negatives [m, d] in any order, such as k for each anchor
     * @throws IllegalArgumentException if the shapes are others
     */
    public Tensor of(Tensor anchors, Tensor positives, Tensor negatives) {
        CosineSimilarity.mustBePairs("MultipleNegatives: anchors", anchors, positives);
        if (negatives.shape().rank() != 2 || negatives.dim(1) != anchors.dim(1)) {
            throw new IllegalArgumentException("MultipleNegatives: negatives " + negatives.shape() + " must be [m, "
                    + anchors.dim(1) + "] beside anchors " + anchors.shape() + "; give vectors of one encoder");
        }
        return among(anchors, CosineSimilarity.unit(Tensor.concat(0, positives, negatives)));
    }

    /** The loss in which each anchor looks for its positive among the first rows of these candidates of length 1. */
    private Tensor among(Tensor anchors, Tensor candidates) {
        int n = anchors.dim(0);
        Tensor own = Tensor.arange(n);
        Tensor scores = CosineSimilarity.unit(anchors).mul(scale).matmulTransposed(candidates);
        Tensor forth = scores.crossEntropy(own);
        return symmetric
                ? scores.slice(1, 0, n)
                        .transpose(0, 1)
                        .crossEntropy(own)
                        .add(forth)
                        .div(2)
                : forth;
    }
}
