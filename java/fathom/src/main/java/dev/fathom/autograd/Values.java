package dev.fathom.autograd;

import dev.fathom.command.Commands;
import dev.fathom.memory.Block;
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

    /** The command buffer of the current pass. */
    public static Commands commands() {
        return Scope.current().commands();
    }
}
