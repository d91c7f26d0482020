package dev.fathom.memory;

import dev.fathom.kernel.Native;
import java.util.HashMap;
import java.util.Map;

/**
 * The memory of an arena in a test mode, {@code -Dfathom.memory.fenced=true}: each piece has pages of its own, ends at one that nobody may touch, and begins
 * as NaN. A kernel that reads or writes behind a tensor, or one that was freed, ends the process at that very instruction, and one that takes fresh memory
 * for zeros gives NaN.
 */
final class Fences implements Runnable {
    static final boolean ON = Boolean.getBoolean("fathom.memory.fenced");

    /** A process may have 65,530 mappings on Linux, and each piece is two. */
    private static final int MOST = 25_000;

    private static final long PAGE = 4096;

    private static int pieces;

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
        if (!count(1)) {
            return 0;
        }
        long pages = Native.mapFenced(mapped(n));
        if (pages == 0) {
            count(-1);
            return 0;
        }
        bytes.put(pages + offset(n), n);
        return pages + offset(n);
    }

    /** Whether it was {@link #allocate}d here; it is gone then. */
    boolean free(long address) {
        Long n = bytes.remove(address);
        if (n != null) {
            unmap(address, n);
            count(-1);
        }
        return n != null;
    }

    private static void unmap(long address, long n) {
        Native.unmap(address - offset(n), mapped(n));
    }

    /** Frees all that is left. */
    @Override
    public void run() {
        bytes.forEach(Fences::unmap);
        count(-bytes.size());
        bytes.clear();
    }
}
