package dev.fathom.offheap;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one owner in a test mode, {@code -Dfathom.memory.fenced=true}: each piece has pages of its own, between
 * two that nobody may touch, and ends where they end. A kernel that reads or writes behind a piece ends the process at
 * that very instruction. What its pages hold in front of a piece is NaN, and a write there is reported when the piece
 * is freed. Fresh pieces are NaN, too, unless zeros are asked for, so that a kernel that takes fresh memory for zeros
 * gives NaN. Pieces are used again, because the system takes long to map pages: what was freed is NaN, and a write
 * there is reported when it is used again.
 */
public final class Fences implements Runnable {
    public static final boolean ON = Boolean.getBoolean("fathom.memory.fenced");

    /** A process may have 65,530 mappings on Linux, and each piece is three where no fence joins that of a neighbor. */
    private static final int MOST = 20_000;

    private static final int PAGE = 4096;

    /** From this size on, a piece that was freed is used again at once, and else when some others were freed, too. */
    private static final long LARGE = 1 << 16;

    private static final int OTHERS = 16;

    /** How many pieces wait to be used again, and how much of them. */
    static final int MOST_KEPT = MOST / 2;

    private static final long MOST_BYTES_KEPT = 1L << 30;

    /** The NaN whose every byte is 255, as in new pieces. */
    private static final float NAN = Float.intBitsToFloat(-1);

    /** What the pages of a piece hold beside it. */
    private static final ByteBuffer UNTOUCHED = untouched();

    private static int pieces;

    /** Pieces that were freed, by the bytes of their pages. */
    private static final Map<Long, Deque<Long>> KEPT = new HashMap<>();

    private static int kept;
    private static long keptBytes;
    private static @Nullable Commands fill;

    /** What was found beside a piece that was freed, or in one, until {@link #report}. */
    private static volatile @Nullable String fault;

    /** The bytes of the pieces by their addresses. */
    private final Map<Long, Long> mine = new HashMap<>();

    private static ByteBuffer untouched() {
        byte[] bytes = new byte[PAGE];
        Arrays.fill(bytes, (byte) -1);
        return ByteBuffer.wrap(bytes);
    }

    /** Bytes of the pages of a piece and of its two fences. */
    static long mapped(long n) {
        return (Math.max(1, n) + PAGE - 1 & -PAGE) + 2 * PAGE;
    }

    /** Where a piece begins in its pages: it ends at the second fence, but for less than four bytes. */
    private static long offset(long n) {
        return mapped(n) - PAGE - (n + 3 & -4L);
    }

    /**
     * Memory of {@code n} bytes of NaN, or 0 where there are so many pieces that this one has to do without a fence.
     */
    long allocate(long n) {
        long pages = pages(mapped(n));
        report();
        if (pages == 0) {
            return 0;
        }
        mine.put(pages + offset(n), n);
        return pages + offset(n);
    }

    /** Memory of {@code n} zeros, or 0 as {@link #allocate}. */
    long zeros(long n) {
        long address = allocate(n);
        if (address != 0) {
            fill(address, n, 0);
            Block.at(address + (n & -4L), (int) n & 3).put(new byte[(int) n & 3]);
        }
        return address;
    }

    /** Pages of NaN between two fences, or 0. */
    private static synchronized long pages(long mapped) {
        Deque<Long> some = KEPT.get(mapped);
        if (some != null && some.size() > (mapped < LARGE ? OTHERS : 0)) {
            kept--;
            keptBytes -= mapped;
            long pages = some.remove();
            look(pages, mapped);
            return pages;
        }
        long pages = pieces < MOST ? Native.mapFenced(mapped) : 0;
        pieces += pages == 0 ? 0 : 1;
        return pages;
    }

    /** Whether a piece that was freed is still as it was left. */
    private static void look(long pages, long mapped) {
        for (long at = pages + PAGE; at < pages + mapped - PAGE; at += PAGE) {
            if (Block.at(at, PAGE).mismatch(UNTOUCHED) >= 0) {
                fault = "fenced memory: a piece was written after it was freed";
            }
        }
    }

    /** How many bytes lie between the first fence and a piece. */
    private static int inFront(long n) {
        return (int) (offset(n) - PAGE);
    }

    /** How many bytes lie between a piece and the second fence. */
    private static int behind(long n) {
        return (int) -n & 3;
    }

    /**
     * Whether it was allocated here; it is gone then.
     *
     * @throws AssertionError if somebody wrote in front of it
     */
    boolean free(long address) {
        Long bytes = mine.remove(address);
        if (bytes != null) {
            drop(address, bytes);
            report();
        }
        return bytes != null;
    }

    private static void drop(long address, long n) {
        int front = inFront(n);
        int at = Block.at(address - front, front).mismatch(UNTOUCHED.slice(0, front));
        if (at >= 0) {
            fault = "fenced memory: byte " + (at - front) + " in front of a piece of " + n + " bytes was written";
        }
        at = Block.at(address + n, behind(n)).mismatch(UNTOUCHED.slice(0, behind(n)));
        if (at >= 0) {
            fault = "fenced memory: byte " + at + " behind a piece of " + n + " bytes was written";
        }
        keep(address - offset(n), mapped(n));
    }

    private static synchronized void keep(long pages, long mapped) {
        if (mapped > MOST_BYTES_KEPT) {
            unmap(pages, mapped);
            return;
        }
        if (kept == MOST_KEPT || keptBytes + mapped > MOST_BYTES_KEPT) { // of sizes that nobody asks for any more
            KEPT.forEach((size, some) -> some.forEach(p -> {
                look(p, size);
                unmap(p, size);
            }));
            KEPT.clear();
            kept = 0;
            keptBytes = 0;
        }
        fill(pages + PAGE, mapped - 2 * PAGE, NAN);
        KEPT.computeIfAbsent(mapped, m -> new ArrayDeque<>()).add(pages);
        kept++;
        keptBytes += mapped;
    }

    private static synchronized void unmap(long pages, long mapped) {
        Native.unmap(pages, mapped);
        pieces--;
    }

    /** Small pieces are filled without a kernel, because tests count what kernels do. */
    private static synchronized void fill(long address, long bytes, float with) {
        if (bytes < LARGE) {
            ByteBuffer to = Block.at(address, (int) bytes);
            while (to.remaining() >= Float.BYTES) {
                to.putFloat(with);
            }
            return;
        }
        if (fill == null) {
            fill = new Commands();
        }
        fill.begin(Kernel.FILL).at(address).put(bytes / Float.BYTES).put(with);
        fill.run();
    }

    /** Frees all that is left; also called by the collector's thread, which can throw nothing at anybody. */
    @Override
    public void run() {
        mine.forEach(Fences::drop);
        mine.clear();
    }

    /**
     * Tells what was found beside a piece that was freed, be it by another owner.
     *
     * @throws AssertionError if there is something
     */
    static void report() {
        String found = fault;
        if (found != null) {
            fault = null;
            throw new AssertionError(found);
        }
    }
}
