package dev.fathom.tensor;

import dev.fathom.autograd.Leaf;
import dev.fathom.memory.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Makes tensors and passes that only the library may make. It is not for users, and an ArchUnit rule keeps it inside
 * the library.
 */
public final class TensorAccess {
    private TensorAccess() {}

    /** A tensor of the current pass whose values the caller writes at once. */
    public static Tensor create(Shape shape, DType dtype) {
        return Pass.current().create(shape, dtype);
    }

    /**
     * An F32 tensor over part of a block that outlives passes; {@code leaf} is the parameter or buffer of which these
     * are the numbers.
     */
    public static Tensor over(Block block, long offset, Shape shape, String title, @Nullable Leaf leaf) {
        return new Tensor(shape, DType.F32, block, offset, title, leaf);
    }

    /**
     * A pass that records every call that depends on its inputs without computing it: its results have shapes but no
     * memory, and reading them is refused. What depends on weights alone is computed, and kept until the close.
     */
    public static Pass trace() {
        return trace(false);
    }

    /** A pass as {@link #trace()} gives it, in training or in evaluation mode. */
    public static Pass trace(boolean training) {
        return Pass.trace(training, new Rng(0));
    }

    /** Whether a pass is open on this thread, and random and normalizing layers do not behave as in training there. */
    public static boolean evaluating() {
        return Pass.evaluating();
    }

    /** A pass as {@link #trace} gives it, for a plan: nothing random may happen in it. */
    public static Pass freeze() {
        return Pass.trace(false, null);
    }

    /** An input of a traced pass: a shape without values. */
    public static Tensor input(Pass trace, Shape shape, DType dtype) {
        return trace.input(shape, dtype);
    }
}
