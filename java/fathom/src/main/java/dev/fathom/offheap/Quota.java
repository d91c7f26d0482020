package dev.fathom.offheap;

import dev.fathom.kernel.NativeMemoryException;
import java.util.concurrent.atomic.AtomicLong;

/** The native memory that some blocks have together, and how much they may have. */
public final class Quota {
    private final String owner;
    private final AtomicLong held = new AtomicLong();
    private volatile long most = Long.MAX_VALUE;

    /** Without a limit, of blocks that belong to {@code owner}, a word for messages such as {@code plan}. */
    public Quota(String owner) {
        this.owner = owner;
    }

    /** Refuses blocks with which there would be more than so many bytes; those that are there stay. */
    public void limit(long bytes) {
        most = bytes;
    }

    /** The bytes of all blocks that are there. */
    public long held() {
        return held.get();
    }

    void take(long bytes) {
        long all = held.addAndGet(bytes);
        if (all > most) {
            give(bytes);
            throw new NativeMemoryException("out of the memory of this " + owner + ": it may hold " + OffHeap.text(most)
                    + " and holds " + OffHeap.text(all - bytes) + ", so that " + OffHeap.text(bytes)
                    + " find no room; close what it has made, choose smaller sizes, or raise its limit");
        }
    }

    void give(long bytes) {
        held.addAndGet(-bytes);
    }
}
