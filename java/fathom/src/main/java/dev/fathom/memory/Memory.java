package dev.fathom.memory;

import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Fences;
import dev.fathom.offheap.OffHeap;
import java.nio.ByteBuffer;

/** The off-heap memory of the process: what is live, what is pooled, and what was forgotten. */
public final class Memory {
    private Memory() {}

    /**
     * The bytes that the process holds.
     *
     * @param owned bytes mapped for models, plans, sessions, data sets and kept tensors
     * @param passes bytes mapped for passes that are open
     * @param pooled bytes mapped and ready for the next pass; {@link Memory#trim} gives them back
     * @param buffers bytes of the inputs and outputs of sessions, which the collector takes when nobody holds one of
     *     them any more
     * @param limit the most that these may come to together: {@code -Dfathom.memory}, see
     *     {@link dev.fathom.kernel.NativeRuntime#memoryLimit}
     * @param forgotten number of owners that were collected without a close since the process began
     */
    public record Stats(long owned, long passes, long pooled, long buffers, long limit, long forgotten) {}

    /** Returns what the process holds now. */
    public static Stats stats() {
        OffHeap.Held h = OffHeap.held();
        return new Stats(
                h.owned(),
                h.passes(),
                h.pooled(),
                h.buffers(),
                NativeRuntime.get().memoryLimit(),
                h.forgotten());
    }

    /**
     * Returns whether memory is fenced: the test mode {@code -Dfathom.memory.fenced=true}, which is slow. Each tensor
     * of a pass or a session has pages of its own then, each block does, such as all parameters of a model, and a
     * kernel that reads or writes behind one ends the process at once. What a kernel writes a little in front of one is
     * reported as an {@link AssertionError} when the memory is given back.
     */
    public static boolean fenced() {
        return Fences.ON;
    }

    /** Gives pooled pages back to the system; open passes, models and plans keep theirs. */
    public static void trim() {
        OffHeap.trim();
    }

    /**
     * Returns a direct buffer of zeros in native byte order, which begins at a cache line, and which the collector
     * takes when nobody holds it or a view of it any more.
     *
     * @throws IllegalArgumentException if the size is negative or near 2^31
     * @throws NativeMemoryException if that would pass the limit, or that of the JVM for direct buffers
     */
    public static ByteBuffer buffer(int bytes) {
        return OffHeap.buffer(bytes);
    }
}
