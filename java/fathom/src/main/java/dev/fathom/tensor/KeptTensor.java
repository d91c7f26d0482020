package dev.fathom.tensor;

import dev.fathom.memory.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * A tensor with memory of its own, which outlives passes and may be read by any thread. Close it after use; a forgotten one is reclaimed by the
 * collector and reported.
 */
public final class KeptTensor extends Tensor implements AutoCloseable {
    private final Block own;

    KeptTensor(Shape shape, DType dtype, Block own) {
        super(shape, dtype, own, 0, "kept", null);
        this.own = own;
    }

    /** Frees the memory as soon as no pass reads it. A second call does nothing. */
    @Override
    public void close() {
        own.close();
    }
}
