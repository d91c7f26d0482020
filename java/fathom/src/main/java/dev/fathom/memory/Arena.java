package dev.fathom.memory;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Native;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one pass: chunks of pages cut into size classes (eight to a doubling, 64-byte aligned) with a free list each. What is
 * freed is handed out again within the pass; pages stay mapped between passes. Confined to one thread.
 */
public final class Arena {
    private static final long FIRST_CHUNK = 2L << 20;
    private static final long LARGEST_CHUNK = 256L << 20;
    private static final AtomicLong MAPPED = new AtomicLong();

    private final Commands commands = new Commands();
    private final long[][] free = new long[512][];
    private final int[] freeCount = new int[512];
    private long[] chunks = new long[8];
    private long[] chunkBytes = new long[8];
    private int chunkCount;
    private int chunk;
    private long next;
    private long live;
    private long peak;
    private long mapped;
    private @Nullable Object attachment;

    /** What the arena's users left with it to be reused, or null. */
    public <T> @Nullable T attachment(Class<T> type) {
        return type.cast(attachment);
    }

    /** Leaves {@code o} with the arena for the next pass. */
    public void attach(Object o) {
        attachment = o;
    }

    /** The command buffer that travels with this arena. */
    public Commands commands() {
        return commands;
    }

    /** {@code bytes} rounded up to its size class. */
    public static long rounded(long bytes) {
        return bytesOf(classOf(bytes));
    }

    /** Memory of at least {@code bytes}, not zeroed. */
    public long allocate(long bytes) {
        int c = classOf(bytes);
        long size = bytesOf(c);
        long address = freeCount[c] > 0 ? free[c][--freeCount[c]] : cut(size);
        live += size;
        peak = Math.max(peak, live);
        return address;
    }

    private long cut(long size) {
        while (chunk < chunkCount && next + size > chunks[chunk] + chunkBytes[chunk]) {
            chunk++;
            next = chunk < chunkCount ? chunks[chunk] : 0;
        }
        if (chunk == chunkCount) {
            map(size);
        }
        long address = next;
        next += size;
        return address;
    }

    /** Gives back what {@link #allocate} returned for {@code bytes}. */
    public void free(long address, long bytes) {
        int c = classOf(bytes);
        live -= bytesOf(c);
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
        return mapped;
    }

    static long mappedByAll() {
        return MAPPED.get();
    }

    void reset() {
        Arrays.fill(freeCount, 0);
        chunk = 0;
        next = chunkCount > 0 ? chunks[0] : 0;
        live = 0;
        peak = 0;
    }

    void unmap() {
        for (int i = 0; i < chunkCount; i++) {
            Native.unmap(chunks[i], chunkBytes[i]);
        }
        MAPPED.addAndGet(-mapped);
        chunkCount = 0;
        mapped = 0;
        reset();
    }

    private void map(long size) {
        long bytes = Math.max(Math.min(Math.max(FIRST_CHUNK, mapped), LARGEST_CHUNK), (size + (2L << 20) - 1) & -(2L << 20));
        if (chunkCount == chunks.length) {
            chunks = Arrays.copyOf(chunks, 2 * chunkCount);
            chunkBytes = Arrays.copyOf(chunkBytes, 2 * chunkCount);
        }
        // the first chunk on small pages, which are there sooner; large tensors gain from huge ones
        chunks[chunkCount] = Native.map(bytes, chunkCount > 0, false);
        chunkBytes[chunkCount] = bytes;
        next = chunks[chunkCount++];
        mapped += bytes;
        MAPPED.addAndGet(bytes);
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
