package dev.fathom.memory;

import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.Native;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The memory of an arena in a test mode, {@code -Dfathom.memory.fenced=true}: each piece has pages of its own, ends at one that nobody may touch, and begins
 * as NaN. A kernel that reads or writes behind a tensor, or a small one that was freed, ends the process at that very instruction, and one that takes fresh
 * memory for zeros gives NaN. Large pieces are used again, because the system takes long to zero new pages; what was freed among them is NaN.
 */
final class Fences implements Runnable {
    static final boolean ON = Boolean.getBoolean("fathom.memory.fenced");

    /** A process may have 65,530 mappings on Linux, and each piece is two. */
    private static final int MOST = 25_000;

    private static final long PAGE = 4096;

    /** From this size on, pieces are used again. */
    private static final long LARGE = 1 << 16;

    /** How much of them waits to be used again. */
    private static final long MOST_KEPT = 1L << 30;

    private static int pieces;

    /** Large pieces that were freed, by the bytes of their pages. */
    private static final Map<Long, Deque<Long>> KEPT = new HashMap<>();

    private static long kept;
    private static @Nullable Commands nan;

    /** The NaN whose every byte is 255, as in new pieces. */
    private static final float NAN = Float.intBitsToFloat(-1);

    private final Map<Long, Long> bytes = new HashMap<>();

    private static synchronized boolean count(int more) {
        if (pieces + more > MOST) {
            return false;
        }
        pieces += more;
        return true;
    }

    /** Bytes of the pages of a piece and its fence. */
    private static long mapped(long n) {
        return (Math.max(1, n) + PAGE - 1 & -PAGE) + PAGE;
    }

    /** Where a piece begins in its pages: it ends at the fence, but for less than four bytes. */
    private static long offset(long n) {
        return mapped(n) - PAGE - (n + 3 & -4L);
    }

    /** Memory of {@code n} bytes, or 0 where there are so many pieces that this one has to do without a fence. */
    long allocate(long n) {
        long pages = again(mapped(n));
        if (pages == 0) {
            if (!count(1)) {
                return 0;
            }
            pages = Native.mapFenced(mapped(n));
            if (pages == 0) {
                count(-1);
                return 0;
            }
        }
        bytes.put(pages + offset(n), n);
        return pages + offset(n);
    }

    /** Whether it was {@link #allocate}d here; it is gone then. */
    boolean free(long address) {
        Long n = bytes.remove(address);
        if (n != null) {
            drop(address, n);
        }
        return n != null;
    }

    private static void drop(long address, long n) {
        long pages = address - offset(n);
        if (!keep(pages, mapped(n))) {
            Native.unmap(pages, mapped(n));
            count(-1);
        }
    }

    private static synchronized boolean keep(long pages, long mapped) {
        if (mapped < LARGE || kept + mapped > MOST_KEPT) {
            return false;
        }
        if (nan == null) {
            nan = new Commands();
        }
        nan.begin(Kernel.FILL).at(pages).put((mapped - PAGE) / Float.BYTES).put(NAN);
        nan.run();
        KEPT.computeIfAbsent(mapped, m -> new ArrayDeque<>()).push(pages);
        kept += mapped;
        return true;
    }

    /** A kept piece of this size, or 0. */
    private static synchronized long again(long mapped) {
        Deque<Long> some = KEPT.get(mapped);
        if (some == null || some.isEmpty()) {
            return 0;
        }
        kept -= mapped;
        return some.pop();
    }

    /** Frees all that is left. */
    @Override
    public void run() {
        bytes.forEach(Fences::drop);
        bytes.clear();
    }
}
