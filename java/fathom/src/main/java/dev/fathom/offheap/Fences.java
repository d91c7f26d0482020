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
 * two that nobody may touch, and ends where they end. A kernel that reads or writes behind a piece, or a small one that
 * was freed, ends the process at that very instruction. What its pages hold in front of a piece is NaN, and a write
 * there is reported when the piece is freed. Fresh pieces are NaN, too, unless zeros are asked for, so that a kernel
 * that takes fresh memory for zeros gives NaN. Large pieces are used again, because the system takes long to zero new
 * pages; what was freed among them is NaN.
 */
public final class Fences implements Runnable {
    public static final boolean ON = Boolean.getBoolean("fathom.memory.fenced");

    /** A process may have 65,530 mappings on Linux, and each piece is three where no fence joins that of a neighbor. */
    private static final int MOST = 20_000;

    private static final int PAGE = 4096;

    /** From this size on, pieces are used again. */
    private static final long LARGE = 1 << 16;

    /** How much of them waits to be used again. */
    private static final long MOST_KEPT = 1L << 30;

    /** The NaN whose every byte is 255, as in new pieces. */
    private static final float NAN = Float.intBitsToFloat(-1);

    /** What the pages of a piece hold beside it. */
    private static final ByteBuffer UNTOUCHED = untouched();

    private static int pieces;

    /** Large pieces that were freed, by the bytes of their pages. */
    private static final Map<Long, Deque<Long>> KEPT = new HashMap<>();

    private static long kept;
    private static @Nullable Commands nan;

    /** What was found beside a piece that was freed, until {@link #report}. */
    private static volatile @Nullable String fault;

    /** The pieces by their addresses. */
    private final Map<Long, Piece> mine = new HashMap<>();

    /**
     * A piece.
     *
     * @param bytes of it
     * @param again whether its pages may be used again
     */
    private record Piece(long bytes, boolean again) {}

    private static ByteBuffer untouched() {
        byte[] bytes = new byte[PAGE];
        Arrays.fill(bytes, (byte) -1);
        return ByteBuffer.wrap(bytes);
    }

    private static synchronized boolean count(int more) {
        if (pieces + more > MOST) {
            return false;
        }
        pieces += more;
        return true;
    }

    /** Bytes of the pages of a piece and of its two fences. */
    static long mapped(long n) {
        return (Math.max(1, n) + PAGE - 1 & -PAGE) + 2 * PAGE;
    }

    /** Where a piece begins in its pages: it ends at the second fence, but for less than four bytes. */
    private static long offset(long n) {
        return mapped(n) - PAGE - (n + 3 & -4L);
    }

    private static long map(long n, boolean fresh) {
        if (!count(1)) {
            return 0;
        }
        long pages = Native.mapFenced(mapped(n), fresh);
        if (pages == 0) {
            count(-1);
        }
        return pages;
    }

    /**
     * Memory of {@code n} bytes of NaN, or 0 where there are so many pieces that this one has to do without a fence.
     */
    long allocate(long n) {
        report();
        long again = again(mapped(n));
        long pages = again == 0 ? map(n, true) : again;
        return pages == 0 ? 0 : add(pages, n, true);
    }

    /** Memory of {@code n} zeros, or 0 as {@link #allocate}. */
    long zeros(long n) {
        report();
        long pages = map(n, false);
        if (pages == 0) {
            return 0;
        }
        long address = add(pages, n, false);
        Block.at(address - inFront(n), inFront(n)).put(0, UNTOUCHED, 0, inFront(n));
        Block.at(address + n, behind(n)).put(0, UNTOUCHED, 0, behind(n));
        return address;
    }

    private long add(long pages, long n, boolean again) {
        mine.put(pages + offset(n), new Piece(n, again));
        return pages + offset(n);
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
        Piece piece = mine.remove(address);
        if (piece != null) {
            drop(address, piece);
            report();
        }
        return piece != null;
    }

    private static void drop(long address, Piece piece) {
        long n = piece.bytes;
        int front = inFront(n);
        int at = Block.at(address - front, front).mismatch(UNTOUCHED.slice(0, front));
        if (at >= 0) {
            fault = "fenced memory: byte " + (at - front) + " in front of a piece of " + n + " bytes was written";
        }
        at = Block.at(address + n, behind(n)).mismatch(UNTOUCHED.slice(0, behind(n)));
        if (at >= 0) {
            fault = "fenced memory: byte " + at + " behind a piece of " + n + " bytes was written";
        }
        long pages = address - offset(n);
        if (!piece.again || !keep(pages, mapped(n))) {
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
        nan.begin(Kernel.FILL)
                .at(pages + PAGE)
                .put((mapped - 2 * PAGE) / Float.BYTES)
                .put(NAN);
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
