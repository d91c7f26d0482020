package dev.fathom.attention;

import dev.fathom.op.Where;
import dev.fathom.ops.PutRowsOp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * Keys and values [batch, tokens, kvHeads d] of one attention: of a memory that many queries read, or a cache for
 * generation, which has room for as many tokens as will ever be and holds those so far at its front.
 *
 * @param keys one for each token
 * @param values of the same shape
 */
public record KeyValue(Tensor keys, Tensor values) {
    /**
     * Checks that both have one shape.
     *
     * @throws IllegalArgumentException if they differ
     */
    public KeyValue {
        if (!keys.shape().equals(values.shape())) {
            throw new IllegalArgumentException("KeyValue" + Where.running() + ": keys " + keys.shape() + " and values "
                    + values.shape() + " disagree; they must be equal");
        }
    }

    /** Returns a cache of zeros for {@code capacity} tokens, in the current pass. */
    public static KeyValue empty(int batch, int capacity, int width) {
        return new KeyValue(Tensor.zeros(batch, capacity, width), Tensor.zeros(batch, capacity, width));
    }

    /**
     * Returns this cache with more tokens [batch, added, kvHeads d], written into row b from position past[b] on. No
     * gradient flows through the cache.
     *
     * <p>In a pass that does not record, a cache of this pass gives its memory to the result, so that a step costs the
     * same for a large cache as for a small one. This cache must then not be used any more, and using it is an
     * exception. To go on from one cache twice, {@code keep()} its tensors before.
     *
     * @throws IllegalArgumentException if the shapes disagree, or the cache has no room for them
     */
    public KeyValue with(Tensor moreKeys, Tensor moreValues, Tensor past) {
        return new KeyValue(
                Pass.apply(PutRowsOp.INSTANCE, keys, moreKeys, past),
                Pass.apply(PutRowsOp.INSTANCE, values, moreValues, past));
    }
}
