package dev.fathom.tensor;

import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * A tensor with memory of its own, which outlives passes and may be read by any thread. Close it after use; a forgotten
 * one is reclaimed by the collector and reported.
 */
public final class KeptTensor extends Tensor implements AutoCloseable {
    private final Block own;

    KeptTensor(Shape shape, DType dtype, Block own) {
        super(shape, dtype, own, 0, "kept", null);
        this.own = own;
    }

    /**
     * Lets the next result that can be computed in this memory be computed there, as a cache to which a row is added.
     */
    void offerMemory() {
        offer();
    }

    /** Ends the offer. */
    void withdrawMemory() {
        withdraw();
    }

    /** This memory as the tensor that was computed in it, or as this one itself; null for any other tensor. */
    @Nullable
    KeptTensor successor(Tensor next) {
        if (next == this) {
            readable(); // an op may have taken the memory
            return this;
        }
        return leftTo(next) ? new KeptTensor(next.shape(), next.dtype(), own) : null;
    }

    boolean sharesMemory(KeptTensor other) {
        return own == other.own;
    }

    /** Frees the memory as soon as no pass reads it. A second call does nothing. */
    @Override
    public void close() {
        own.close();
    }
}
