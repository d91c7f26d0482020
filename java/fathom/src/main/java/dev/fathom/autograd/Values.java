package dev.fathom.autograd;

import dev.fathom.command.Commands;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the library does with the memory of tensors and users must not. */
public final class Values {
    private Values() {}

    /** Where the elements lie, if they are alive and of this thread's pass. */
    public static long address(Value v) {
        return v.address();
    }

    /** Whether the memory of a result of an open pass has not been given back. */
    public static boolean alive(Value v) {
        return v.alive();
    }

    /**
     * Keeps the block under a parameter, a buffer or a kept tensor mapped until its release; null for other tensors.
     */
    public static @Nullable Block lease(Value v) {
        return v.lease();
    }

    /** How many open passes of this thread keep a block mapped. */
    public static int leases(Block b) {
        return Scope.leasesOf(b);
    }

    /** Whether it depends on the input of a traced pass, so that it has a shape and no numbers. */
    public static boolean traced(Value v) {
        return v.traced;
    }

    /** What a tensor is called in messages. */
    public static String name(Value v) {
        return v.name();
    }

    /** The parameter or buffer whose numbers these are, or null. */
    public static @Nullable Leaf leaf(Value v) {
        return v.leaf;
    }

    /** Makes what lies over a block that outlives passes; the class of tensors gives one when it is loaded. */
    @FunctionalInterface
    public interface Maker {
        Value over(Shape shape, Block block, long offset, String title, @Nullable Leaf leaf);
    }

    private static @Nullable Maker maker;

    /** Takes what makes values over blocks. */
    public static void by(Maker over) {
        maker = over;
    }

    /**
     * F32 values over part of a block that outlives passes; {@code leaf} is the parameter or buffer of which these are
     * the numbers.
     */
    public static <V extends Value> V over(
            Class<V> type, Block block, long offset, Shape shape, String title, @Nullable Leaf leaf) {
        if (maker == null) {
            try {
                Class.forName(type.getName(), true, type.getClassLoader()); // which gives one
            } catch (ClassNotFoundException e) {
                throw new AssertionError(e);
            }
        }
        return type.cast(Objects.requireNonNull(maker).over(shape, block, offset, title, leaf));
    }

    /** Values of the current pass that the caller writes at once. */
    public static <V extends Value> V create(Class<V> type, Shape shape, DType dtype) {
        return type.cast(Scope.current().create(shape, dtype, null));
    }

    /** The command buffer of the current pass. */
    public static Commands commands() {
        return Scope.current().commands();
    }
}
