package dev.fathom.autograd;

import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;

/**
 * A parameter or buffer as backward sees it: the numbers behind a {@link Value}, with a version, and for a parameter a
 * gradient beside them.
 */
public interface Leaf {
    /** Its name in its model, such as {@code 0.weight}. */
    String name();

    /** {@code parameter 0.weight}, for messages. */
    String label();

    /**
     * Refuses a closed or superseded model.
     *
     * @throws IllegalStateException naming where it was closed, or who took its parameters
     */
    void check();

    /** Whether it is a parameter and not a buffer. */
    boolean isParameter();

    /** Whether it is a parameter that an optimizer may change now. */
    boolean trainable();

    /** How often its values have changed. */
    int version();

    /** Tells that they have changed. */
    void changed();

    /**
     * Where the parameter lies as {@code packing} of a matrix [n, k] makes it, as it is now; the arena keeps it there.
     */
    long packed(Arena arena, Kernel packing, long n, long k);

    /** The block in which the parameter's gradient lies. */
    Block gradients();

    /** Where it lies there, in bytes. */
    long gradientOffset();

    /** Makes the gradient ready to be written as a whole; returns whether it is to be added to. */
    boolean writeWhole();

    /** Makes the gradient ready to be added to in the first {@code n} of these rows. */
    void writeRows(Commands commands, int[] rows, int n);

    /**
     * Whether it has a gradient, and none was used or cleared since the backward of this {@linkplain Backward#number
     * number}.
     */
    boolean keepsGradientOf(long backward);

    /** Forgets the gradient. */
    void forgetGradient();
}
