package dev.fathom.testing;

import dev.fathom.data.Batches;
import dev.fathom.tensor.Pass;
import java.lang.management.ManagementFactory;

/** What gathering takes of the Java heap. */
public final class HeapBytes {
    private HeapBytes() {}

    /** The fewest bytes of the Java heap that the first step of an epoch takes. */
    public static long ofFirstStep(Batches b) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            Batches.Epoch epoch = b.epoch(round);
            try (Pass pass = Pass.infer()) {
                long before = threads.getCurrentThreadAllocatedBytes();
                epoch.next();
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
        }
        return least;
    }
}
