package dev.fathom.nets;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y [n, out] = b + the sum of w W[id] over the ids of a row: a {@link Linear} whose x [n, in] is given by the numbers
 * of its columns that are not 0, and their values w. A bag of words goes in as its words and their counts, so that the
 * cost follows the words of a text and not the vocabulary, and so does that of the gradient, which is rows and values;
 * see {@link Embedding} about optimizers.
 *
 * <pre>{@code
 * var net = new SparseLinear(10_000, 16).padding(-1);
 * net.apply(Tensor.ofInts(new int[] {7, 301, 12, 9, -1, -1}, 2, 3));                    // every word counts as 1
 * net.apply(ids, batch.lengths("ids"), counts);                                         // a weight for each word
 * }</pre>
 *
 * <p>Files of a linear layer load as they are. Without a bias it computes what PyTorch's EmbeddingBag does in mode
 * "sum", and with weights of 1 / length what it does in mode "mean"; the files of an EmbeddingBag hold the transposed
 * weight and do not fit.
 *
 * @param weight W [in, out]; files hold it as [out, in], as a linear layer's
 * @param bias b [out], or null for none
 * @param padding what stands in ids for none at all, or null if all of them count
 */
public record SparseLinear(
        Parameter weight,
        @Nullable Parameter bias,
        @Nullable Integer padding) implements SequenceLayer {
    /**
     * Makes a layer with a bias. Weight and bias begin as a linear layer's, uniform in +-1/sqrt(in).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public SparseLinear(int in, int out) {
        this(in, out, uniform(sized(in, out).dim(0)));
    }

    /**
     * Makes a layer whose weight [in, out] begins as {@code init} says, and whose bias begins uniform in +-1/sqrt(in).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public SparseLinear(int in, int out, Initializer init) {
        this(new Parameter(sized(in, out), init, 1, 0), new Parameter(Shape.of(out), uniform(in)), null);
    }

    private static Initializer uniform(int in) {
        float bound = (float) (1 / Math.sqrt(in));
        return Init.uniform(-bound, bound);
    }

    private static Shape sized(int in, int out) {
        return Shape.of(Checks.atLeast("SparseLinear", "in", in, 1), Checks.atLeast("SparseLinear", "out", out, 1));
    }

    /** Returns this layer without a bias. */
    public SparseLinear withoutBias() {
        return Records.with(this, "bias", null);
    }

    /** Returns this layer with a padding id, which stands for no column and may lie outside [0, in). */
    public SparseLinear padding(int id) {
        return Records.with(this, "padding", id);
    }

    @Override
    public boolean keepsSteps() {
        return false;
    }

    /** Computes the layer for ids I32 [n, length] whose values are all 1. */
    @Override
    public Tensor forward(Tensor ids, @Nullable Tensor lengths) {
        return ids.embeddingBag(weight, bias, lengths, null, padding);
    }

    /**
     * Computes the layer in a frame of its own.
     *
     * @param ids I32 [n, length]
     * @param lengths how many ids of each row count, I32 [n], or null for all
     * @param values of the columns, [n, length], or null where all are 1
     * @throws IllegalArgumentException if shapes disagree, an id is outside [0, in), or a length outside [0, most]
     */
    public Tensor apply(Tensor ids, @Nullable Tensor lengths, @Nullable Tensor values) {
        return Pass.frame(this, () -> ids.embeddingBag(weight, bias, lengths, values, padding));
    }
}
