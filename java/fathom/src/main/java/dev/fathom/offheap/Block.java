package dev.fathom.offheap;

import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeMemoryException;
import java.lang.ref.Cleaner;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Zeroed pages that one object owns: the parameters of a model, the weights of a plan, a data set, a kept tensor.
 *
 * <p>Readers {@linkplain #lease lease} a block while they work on it, and the last lease gives the pages of a closed
 * block back, so memory never vanishes under a running kernel and closing never waits (nor deadlocks). A block whose
 * owner was forgotten is given back by the collector and reported with where it was made.
 */
public final class Block implements AutoCloseable {
    /** The most bytes that a view shows. */
    public static final int LARGEST_VIEW = 1 << 30;

    private static final int PAGE = 4096;
    /** From block to block; odd in units of 64 bytes, so that it comes by every line of a page. */
    private static final int STAGGER = 9 * 64;

    private static final long HUGE_PAGE = 2L << 20;
    /** From here on a hot block is worth a huge page. */
    private static final long HUGE = 256L << 10;

    /** Milliseconds that a change waits for others at most; they wait for half as long, so that one of two goes on. */
    private static final long PATIENCE = 10_000;

    /** Not null where changes wait. */
    private static final ThreadLocal<@Nullable Boolean> PATIENT = new ThreadLocal<>();

    private static final AtomicInteger MADE = new AtomicInteger();

    /** By which {@link Leases} find it. */
    final int number = MADE.getAndIncrement();

    private final long address;
    private final long bytes;
    private final Pages pages;
    private final Cleaner.Cleanable cleanable;
    /** The block that this is a part of, whose pages it has. */
    private final @Nullable Block whole;

    /**
     * Maps {@code bytes} of zeros for {@code owner}, a word for reports such as {@code dataset}.
     *
     * @throws NativeMemoryException if that would pass the limit of the process, or the system refuses
     */
    public Block(String owner, long bytes) {
        this(owner, bytes, false, null);
    }

    /**
     * Maps {@code bytes} of zeros for {@code owner}, within a quota.
     *
     * @throws NativeMemoryException if that would pass the quota, or as {@link #Block(String, long)}
     */
    public Block(String owner, long bytes, Quota quota) {
        this(owner, bytes, false, quota);
    }

    /**
     * Maps {@code bytes} of zeros for {@code owner}, on huge pages if they are {@code hot} and large. This suits memory
     * that is read at every step or request, because the first touch of huge pages is slow.
     */
    public Block(String owner, long bytes, boolean hot) {
        this(owner, bytes, hot, null);
    }

    private Block(String owner, long bytes, boolean hot, @Nullable Quota quota) {
        if (bytes < 0 || bytes > Arena.MOST) {
            throw new IllegalArgumentException(
                    "block: " + bytes + " bytes for a " + owner + " make no sense; the sizes are too large");
        }
        this.bytes = Math.max(64, bytes + 63 & -64L);
        if (quota != null) {
            quota.take(this.bytes);
        }
        Fences fences = Fences.ON ? new Fences() : null;
        boolean huge = hot && bytes >= HUGE;
        long fenced;
        long mapped;
        long pagesAt;
        try {
            fenced = OffHeap.map(fences, this.bytes);
            mapped = fenced != 0
                    ? Fences.mapped(this.bytes)
                    : huge ? this.bytes + PAGE + HUGE_PAGE - 1 & -HUGE_PAGE : this.bytes + PAGE;
            pagesAt = fenced != 0 ? 0 : OffHeap.map(mapped, huge, huge);
        } catch (NativeMemoryException e) {
            if (quota != null) {
                quota.give(this.bytes);
            }
            throw e;
        }
        // weights, gradients and moments at one offset of a page each would fight for the same lines of the first cache
        address = fenced != 0 ? fenced : pagesAt + (number * STAGGER & PAGE - 1);
        pages = new Pages(pagesAt, mapped, fences, owner, OffHeap.callSite());
        pages.quota = quota;
        pages.taken = this.bytes;
        cleanable = OffHeap.CLEANER.register(this, pages);
        whole = null;
        OffHeap.owned(mapped);
    }

    private Block(Block whole, long offset, long bytes) {
        address = whole.address + offset;
        this.bytes = bytes;
        pages = new Pages(address, bytes, null, whole.pages.owner, null);
        cleanable = () -> {};
        this.whole = whole;
    }

    /**
     * Returns a part of this block, which is read and changed by itself: a change of one needs no other thread to have
     * a lease of the other. It is closed with this block, and a lease of it keeps all pages mapped.
     */
    public Block part(long offset, long count) {
        return new Block(this, offset, count);
    }

    /** The first byte. */
    public long address() {
        return address;
    }

    /** The size, a multiple of 64. */
    public long bytes() {
        return bytes;
    }

    /**
     * The address of the {@code n} bytes at {@code offset}, for a caller that finds them by no other address. In fenced
     * memory these are NaN in pages of their own, which stay as long as the block; elsewhere they lie in the block.
     */
    public long piece(long offset, long n) {
        long fenced = pages.fences == null ? 0 : pages.fences.allocate(n);
        return fenced == 0 ? address + offset : fenced;
    }

    /** A view of part of it in native byte order; it must not outlive the block. */
    public ByteBuffer view(long offset, long count) {
        if (count > LARGEST_VIEW) {
            throw new IllegalArgumentException("view: count=" + count + " but a view shows at most " + LARGEST_VIEW
                    + " bytes; look at it in parts");
        }
        if (offset < 0 || count < 0 || offset > bytes - count) {
            throw new IllegalArgumentException(
                    "view: offset=" + offset + " count=" + count + " but the block has " + bytes + " bytes");
        }
        return at(address + offset, (int) count);
    }

    /** Views of all of it in order, as few as can show it; they must not outlive the block. */
    public List<ByteBuffer> views() {
        return views(0, bytes);
    }

    /** Views of {@code count} bytes from {@code offset} on, in the same way. */
    public List<ByteBuffer> views(long offset, long count) {
        List<ByteBuffer> all = new ArrayList<>();
        for (long at = 0; at < count; at += LARGEST_VIEW) {
            all.add(view(offset + at, Math.min(LARGEST_VIEW, count - at)));
        }
        return all;
    }

    /** Copies all of a block into another of the same size. */
    public static void copy(Block from, Block to) {
        if (from.bytes != to.bytes) {
            throw new IllegalArgumentException(
                    "copy: blocks of " + from.bytes + " and " + to.bytes + " bytes; they must be equal");
        }
        from.lease();
        try {
            to.lease();
            try {
                copy(from.address, to.address, from.bytes);
            } finally {
                to.release();
            }
        } finally {
            from.release();
        }
    }

    /** Copies {@code bytes} between addresses that the caller keeps alive. */
    public static void copy(long from, long to, long bytes) {
        for (long done = 0; done < bytes; done += LARGEST_VIEW) {
            int n = (int) Math.min(LARGEST_VIEW, bytes - done);
            at(to + done, n).put(at(from + done, n));
        }
    }

    /** Exchanges the bytes of two blocks of one size, which the caller keeps alive. */
    public static void swap(Block a, Block b) {
        byte[] one = new byte[PAGE];
        byte[] other = new byte[PAGE];
        for (long from = 0; from < a.bytes; from += PAGE) {
            int n = (int) Math.min(PAGE, a.bytes - from);
            ByteBuffer here = a.view(from, n);
            ByteBuffer there = b.view(from, n);
            here.get(0, one, 0, n);
            there.get(0, other, 0, n);
            here.put(0, other, 0, n);
            there.put(0, one, 0, n);
        }
    }

    /** A view of {@code count} bytes at an address that the caller keeps alive. */
    public static ByteBuffer at(long address, int count) {
        return Native.view(address, count).order(ByteOrder.nativeOrder());
    }

    /**
     * Fills the floats, ints, shorts or bytes between the position and the limit of a buffer, neither of which moves,
     * with those that begin at an address that the caller keeps alive.
     */
    public static void read(long address, Buffer to) {
        int width = width(to);
        for (int done = 0, n; done < to.remaining(); done += n) {
            n = Math.min(LARGEST_VIEW / width, to.remaining() - done);
            Buffer from = like(to, at(address + (long) width * done, width * n));
            put(from, 0, n, to, to.position() + done);
        }
    }

    /**
     * Copies the floats, ints, shorts or bytes between the position and the limit of a buffer, neither of which moves,
     * to an address that the caller keeps alive.
     */
    public static void write(long address, Buffer from) {
        int width = width(from);
        for (int done = 0, n; done < from.remaining(); done += n) {
            n = Math.min(LARGEST_VIEW / width, from.remaining() - done);
            put(from, from.position() + done, n, at(address + (long) width * done, width * n));
        }
    }

    /** Puts {@code n} elements of a buffer from index {@code first} on at the beginning of {@code to}, in its order. */
    public static void put(Buffer from, int first, int n, ByteBuffer to) {
        put(from, first, n, like(from, to), 0);
    }

    private static void put(Buffer from, int first, int n, Buffer to, int at) {
        if (from instanceof FloatBuffer f) {
            ((FloatBuffer) to).put(at, f, first, n);
        } else if (from instanceof IntBuffer i) {
            ((IntBuffer) to).put(at, i, first, n);
        } else if (from instanceof ShortBuffer s) {
            ((ShortBuffer) to).put(at, s, first, n);
        } else {
            ((ByteBuffer) to).put(at, (ByteBuffer) from, first, n);
        }
    }

    /** These bytes as elements of the kind that a buffer has. */
    private static Buffer like(Buffer b, ByteBuffer bytes) {
        int width = width(b);
        return width == 1
                ? bytes
                : width == 2
                        ? bytes.asShortBuffer()
                        : b instanceof FloatBuffer ? bytes.asFloatBuffer() : bytes.asIntBuffer();
    }

    private static int width(Buffer b) {
        return b instanceof ByteBuffer ? 1 : b instanceof ShortBuffer ? 2 : 4;
    }

    /**
     * Keeps the pages mapped until {@link #release}.
     *
     * @throws IllegalStateException if the block is closed, or another thread is changing it
     */
    public void lease() {
        hold();
        try {
            synchronized (pages) {
                refuse();
                pages.leases++;
            }
        } catch (RuntimeException | Error e) {
            drop();
            throw e;
        }
    }

    /** Keeps the pages of the block that this is a part of, without reading the rest of it. */
    private void hold() {
        if (whole != null) {
            synchronized (whole.pages) {
                whole.refuseClosed();
                whole.pages.leases++;
                whole.pages.holds++;
            }
        }
    }

    private void drop() {
        if (whole != null) {
            whole.release(1);
        }
    }

    private void refuseClosed() {
        if (pages.closing) {
            throw new IllegalStateException(pages.owner + " is closed: it was closed at "
                    + OffHeap.render(pages.closedAt) + "; use it before the close");
        }
    }

    /** Refuses a closed block, and one that another thread is changing. */
    private void refuse() {
        refuseClosed();
        Thread other = pages.changing;
        if (other != null && other != Thread.currentThread() && pages.patient) {
            pages.await(PATIENCE / 2, () -> pages.changing == null || pages.closing);
            refuseClosed();
            other = pages.changing;
        }
        if (other != null && other != Thread.currentThread()) {
            throw new IllegalStateException("thread " + other.getName() + " is changing this " + pages.owner
                    + ", by an optimizer's step, a load, a copy or a backward that updates running statistics, so that"
                    + " thread "
                    + Thread.currentThread().getName()
                    + " can neither read nor change it; let one wait for the other, or give this thread what stays as"
                    + " it is: a frozen Plan, or a model of its own");
        }
    }

    /**
     * Begins a change of the contents: a lease during which no other thread has one. {@link #changed} ends it. A change
     * may be part of another. In {@link #patiently} it waits some seconds for others to end theirs.
     *
     * @param what changes it, for messages
     * @param own number of leases that the calling thread holds already
     * @throws IllegalStateException if the block is closed, another thread has a lease, or another thread is changing
     *     it
     */
    public void change(String what, int own) {
        lease();
        synchronized (pages) {
            if (PATIENT.get() != null) {
                pages.await(PATIENCE, () -> pages.alone(own));
            }
            if (pages.alone(own)) {
                pages.changing = Thread.currentThread();
                pages.patient = PATIENT.get() != null;
                pages.changes++;
                return;
            }
        }
        release();
        throw new IllegalStateException(what + ": another thread reads this " + pages.owner
                + ", in a pass that is open or by a copy or a save under way; changes need it alone,"
                + " so close that pass first, or give the other thread what stays as it is: a frozen"
                + " Plan, or a model of its own");
    }

    /** Ends a change. */
    public void changed() {
        synchronized (pages) {
            if (--pages.changes == 0) {
                pages.changing = null;
                pages.notifyAll();
            }
        }
        release();
    }

    /**
     * Runs {@code body}, whose changes wait for leases of other threads to end, and leases of other threads for its
     * changes: a run that trains a model is not lost because somebody saves or asks that model meanwhile.
     */
    public static void patiently(Runnable body) {
        Boolean before = PATIENT.get();
        PATIENT.set(true);
        try {
            body.run();
        } finally {
            PATIENT.set(before);
        }
    }

    /** Leases another block for as long as the pages of this one are there. */
    public void keep(Block other) {
        other.lease();
        pages.kept = other;
    }

    /** Ends a lease. */
    public void release() {
        release(0);
        drop();
    }

    private void release(int holds) {
        boolean last;
        synchronized (pages) {
            pages.holds -= holds;
            last = --pages.leases == 0 && pages.closing;
            pages.notifyAll();
        }
        if (last) {
            unmap();
        }
    }

    private void unmap() {
        cleanable.clean();
        Fences.report();
    }

    /** Whether {@link #close} was called. */
    public boolean closed() {
        return whole != null
                ? whole.closed()
                : pages.closing; // at every run of every session: no lock that they would share
    }

    /** Where {@link #close} was called, for messages. */
    public String closedAt() {
        if (whole != null) {
            return whole.closedAt();
        }
        synchronized (pages) {
            return OffHeap.render(pages.closedAt);
        }
    }

    /**
     * Refuses new leases; the pages go back now or with the last lease. Closing twice does nothing, and neither does
     * closing a part.
     */
    @Override
    public void close() {
        synchronized (pages) {
            if (whole != null || pages.closing) {
                return;
            }
            pages.closedAt = OffHeap.callSite();
            pages.closing = true;
            if (pages.leases > 0) {
                return;
            }
        }
        unmap();
    }

    /** What outlives the block until its pages are gone. */
    private static final class Pages implements Runnable {
        private final long address;
        private final long bytes;
        private final @Nullable Fences fences;
        private final String owner;
        private final @Nullable Object made;
        private @Nullable Object closedAt;
        private volatile boolean closing;
        private int leases;
        /** Leases for a part, which does not read the rest. */
        private int holds;

        private @Nullable Thread changing;
        private int changes;
        /** Which is leased as long as these pages are there. */
        private @Nullable Block kept;
        /** Of which these pages have {@code taken} bytes. */
        private @Nullable Quota quota;

        private long taken;
        /** Whether the change is one that others wait for. */
        private boolean patient;

        /** Of the pages at {@code address}, which is 0 where they are those of fences. */
        Pages(long address, long bytes, @Nullable Fences fences, String owner, @Nullable Object made) {
            this.address = address;
            this.bytes = bytes;
            this.fences = fences;
            this.owner = owner;
            this.made = made;
        }

        /** Whether the caller of {@link Block#change}, with so many leases of its own, is the only one with leases. */
        private boolean alone(int own) {
            return leases - holds <= own + changes + 1;
        }

        /** Waits, with this lock, until {@code met} holds, at most so many milliseconds or until an interrupt. */
        private void await(long milliseconds, BooleanSupplier met) {
            long end = System.nanoTime() + 1_000_000 * milliseconds;
            try {
                for (long left = milliseconds; !met.getAsBoolean() && left > 0; ) {
                    wait(left);
                    left = (end - System.nanoTime()) / 1_000_000;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public synchronized void run() {
            boolean forgotten = !closing;
            closing = true;
            if (fences != null) {
                fences.run();
            }
            if (address == 0) {
                OffHeap.unmapped(bytes);
            } else {
                OffHeap.unmap(address, bytes);
            }
            OffHeap.owned(-bytes);
            if (quota != null) {
                quota.give(taken);
            }
            if (kept != null) {
                kept.release();
            }
            if (forgotten) {
                OffHeap.forgotten(owner, bytes, made);
            }
        }
    }
}
