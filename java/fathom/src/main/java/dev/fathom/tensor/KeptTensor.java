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

    private KeptTensor(Shape shape, DType dtype, Block own) {
        super(shape, dtype, null, null, own.address(), 0, null, null);
        this.own = own;
        this.block = own;
    }

    static KeptTensor copy(Tensor of) {
        long from = of.readable();
        Block b = of.lease();
        try {
            KeptTensor t = new KeptTensor(of.shape(), of.dtype(), new Block("kept tensor", of.bytes()));
            Block.copy(from, t.own.address(), of.bytes());
            return t;
        } finally {
            release(b);
        }
    }

    @Override
    String name() {
        return "kept";
    }

    /** Frees the memory as soon as no pass reads it. A second call does nothing. */
    @Override
    public void close() {
        own.close();
    }
}
