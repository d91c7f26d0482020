package dev.fathom.offheap;

import dev.fathom.command.Commands;
import dev.fathom.kernel.NativeMemoryException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one pass: chunks of pages cut into size classes (eight to a doubling, 64-byte aligned) with a free list
 * each. What is freed is handed out again within the pass; pages stay mapped between passes. Confined to one thread.
 */
public final class Arena {
    private static final long FIRST_CHUNK = 2L << 20;
    private static final long LARGEST_CHUNK = 256L << 20;
    /** More than any machine has, and far from where sums of sizes overflow. */
    static final long MOST = 1L << 60;

    private static final AtomicLong MAPPED = new AtomicLong();

    private final Commands commands = new Commands();
    private final long[][] free = new long[512][];
    private final int[] freeCount = new int[512];
    private final Held held = new Held();
    /** So many chunks, the first ones, were cut from since the pass began, the last of them from here on. */
    private int used;

    private long next;
    private long end;
    private long live;
    private long peak;
    private @Nullable Object attachment;
    private final @Nullable Fences fences = Fences.ON ? new Fences() : null;

    Arena() {
        if (fences != null) {
            OffHeap.CLEANER.register(this, fences);
        }
        OffHeap.CLEANER.register(this, held);
    }

    /**
     * The pages and leases of a pass, which outlive one that was forgotten: the collector found it, and nobody had
     * closed it.
     */
    private static final class Held implements Runnable {
        private final Leases leases = new Leases();
        private @Nullable Object opened;
        private boolean open;
        private long[] at = new long[8];
        private long[] bytes = new long[8];
        private int count;
        private long mapped;

        void add(long address, long size) {
            if (count == at.length) {
                at = Arrays.copyOf(at, 2 * count);
                bytes = Arrays.copyOf(bytes, 2 * count);
            }
            at[count] = address;
            bytes[count++] = size;
            mapped += size;
            MAPPED.addAndGet(size);
        }

        void swap(int i, int j) {
            long address = at[i];
            long size = bytes[i];
            at[i] = at[j];
            bytes[i] = bytes[j];
            at[j] = address;
            bytes[j] = size;
        }

        /** Gives all chunks from this one on back. */
        void unmap(int from) {
            while (count > from) {
                count--;
                OffHeap.unmap(at[count], bytes[count]);
                MAPPED.addAndGet(-bytes[count]);
                mapped -= bytes[count];
            }
        }

        /**
         * The cleaner's thread comes here, and perhaps before it the thread of the pass; the second finds nothing to
         * do.
         */
        @Override
        public void run() {
            long lost;
            boolean forgotten;
            synchronized (this) {
                lost = mapped;
                forgotten = open;
                open = false;
                leases.release();
                unmap(0);
            }
            if (forgotten) {
                OffHeap.forgotten("pass", lost, opened);
            }
        }
    }

    /** What the arena's users left with it to be reused, or null. */
    public <T> @Nullable T attachment(Class<T> type) {
        return type.cast(attachment);
    }

    /** Leaves {@code o} with the arena for the next pass. */
    public void attach(Object o) {
        attachment = o;
    }

    /** Tells where a pass was opened that uses this arena from here on, for the report if it is never closed. */
    public void open(@Nullable Object callSite) {
        held.opened = callSite;
        held.open = true;
    }

    /** Keeps a block mapped until the pass ends, whoever closes it meanwhile. */
    public void lease(Block block) {
        held.leases.add(block);
    }

    /** Whether it does. */
    public boolean leases(Block block) {
        return held.leases.contains(block);
    }

    /**
     * Ends the leases and gives the pages back of an arena that nobody can reach any more; it does not hold the arena.
     * A second run does nothing.
     */
    public Runnable leftovers() {
        return held;
    }

    /** The command buffer that travels with this arena. */
    public Commands commands() {
        return commands;
    }

    /** {@code bytes} rounded up to its size class. */
    public static long rounded(long bytes) {
        return bytesOf(classOf(bytes));
    }

    /**
     * Memory of at least {@code bytes}, not zeroed.
     *
     * @throws NativeMemoryException if there is not so much
     */
    public long allocate(long bytes) {
        if (bytes < 0 || bytes > MOST) {
            throw new IllegalArgumentException("allocate: " + bytes + " bytes make no sense; the sizes are too large");
        }
        int c = classOf(bytes);
        long size = bytesOf(c);
        long fenced = fences == null ? 0 : fences.allocate(bytes);
        long address = fenced != 0 ? fenced : freeCount[c] > 0 ? free[c][--freeCount[c]] : cut(size);
        live += size;
        peak = Math.max(peak, live);
        return address;
    }

    private long cut(long size) {
        if (next + size > end) {
            enter(size);
        }
        long address = next;
        next += size;
        return address;
    }

    /** Goes on in a chunk with room for this size that the pass has not used, or in a new one. */
    private void enter(long size) {
        int c = used;
        while (c < held.count && held.bytes[c] < size) {
            c++;
        }
        if (c == held.count) {
            map(size);
            c = held.count - 1;
        }
        held.swap(used, c);
        next = held.at[used];
        end = next + held.bytes[used++];
    }

    /** Gives back what {@link #allocate} returned for {@code bytes}. */
    public void free(long address, long bytes) {
        int c = classOf(bytes);
        live -= bytesOf(c);
        if (fences != null && fences.free(address)) {
            return;
        }
        long[] list = free[c];
        if (list == null) {
            list = free[c] = new long[8];
        } else if (freeCount[c] == list.length) {
            list = free[c] = Arrays.copyOf(list, 2 * list.length);
        }
        list[freeCount[c]++] = address;
    }

    /** Bytes handed out and not given back. */
    public long live() {
        return live;
    }

    /** The most bytes that were live at once since the pass began. */
    public long peak() {
        return peak;
    }

    /** Pages held, in bytes. */
    public long mapped() {
        return held.mapped;
    }

    static long mappedByAll() {
        return MAPPED.get();
    }

    void reset() {
        held.leases.release();
        held.open = false;
        held.opened = null;
        Arrays.fill(freeCount, 0);
        used = 0;
        next = 0;
        end = 0;
        live = 0;
        peak = 0;
        if (fences != null) {
            fences.run();
            Fences.report();
        }
    }

    void unmap() {
        held.unmap(0);
        reset();
    }

    /**
     * Maps a chunk as large as all others together, or where there is no room for that, one of this size in place of
     * those that are too small for it.
     */
    private void map(long size) {
        long least = size + (2L << 20) - 1 & -(2L << 20);
        long bytes = Math.max(Math.min(Math.max(FIRST_CHUNK, held.mapped), LARGEST_CHUNK), least);
        // the first chunk on small pages, which are there sooner; large tensors gain from huge ones
        boolean huge = held.count > 0;
        long address = OffHeap.mapIfRoom(bytes, huge);
        if (address == 0) {
            held.unmap(used);
            bytes = least;
            address = OffHeap.map(bytes, huge, false);
        }
        held.add(address, bytes);
    }

    /** Class of a size in units of 64 bytes: exact up to 8 units, then eight classes to a doubling. */
    private static int classOf(long bytes) {
        long units = Math.max(1, bytes + 63 >> 6);
        if (units <= 8) {
            return (int) units;
        }
        int shift = 60 - Long.numberOfLeadingZeros(units - 1);
        return (shift << 3) + (int) ((units - 1 >> shift) + 1);
    }

    private static long bytesOf(int c) {
        if (c <= 8) {
            return (long) c << 6;
        }
        int shift = (c - 9 >> 3);
        return (long) (c - (shift << 3)) << shift + 6;
    }
}
