package dev.fathom.offheap;

import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.kernel.NativeRuntime;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.Spliterator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Maps and pools the memory off the heap, keeps to its limit, and knows who forgot to close what. */
public final class OffHeap {
    static final Cleaner CLEANER = Cleaner.create();

    private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
    private static final AtomicLong HELD = new AtomicLong();
    private static final AtomicLong OWNED = new AtomicLong();
    private static final AtomicLong BUFFERS = new AtomicLong();
    private static final AtomicLong FORGOTTEN = new AtomicLong();
    private static final ArrayDeque<Arena> POOL = new ArrayDeque<>();

    /**
     * How often {@link #reserve} looks again for memory that the collector gives back, first after 1 ms and then after
     * twice as long.
     */
    private static final int WAITS = 8;

    /** Bytes of a line of the cache. */
    private static final int LINE = 64;

    private static final String REMEDY =
            "close models, plans, data sets and passes that are no longer used, choose smaller sizes, ";
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB"};

    private static final Function<Stream<StackWalker.StackFrame>, StackWalker.@Nullable StackFrame> FIRST_OUTSIDE =
            FirstOutside::of;

    /** The packages of the library's other modules, whose jars are not this one. */
    private static final Set<String> OTHER_MODULES =
            Set.of(("anomaly assess attack attention decode derivative ensemble "
                            + "explain features files finetune image json linear nets onnx openblas pretrained "
                            + "retrieval search series serve serve.http sound table text tokenizer validation")
                    .split(" "));

    /**
     * Whether a class is one of the library's: loaded from where this class was, so that a program's own packages are
     * not, or in a package of another of its modules.
     */
    private static final ClassValue<Boolean> OF_LIBRARY = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            String root = "dev.fathom.";
            String name = type.getPackageName();
            return name.startsWith(root)
                    && (OTHER_MODULES.contains(name.substring(root.length()))
                            || Objects.equals(
                                    type.getProtectionDomain().getCodeSource(),
                                    OffHeap.class.getProtectionDomain().getCodeSource()));
        }
    };

    private OffHeap() {}

    /** What the process holds, in bytes, and how many owners it has forgotten. */
    public record Held(long owned, long passes, long pooled, long buffers, long forgotten) {}

    /** What the process holds now. */
    public static Held held() {
        synchronized (POOL) {
            long pooled = POOL.stream().mapToLong(Arena::mapped).sum();
            return new Held(OWNED.get(), Arena.mappedByAll() - pooled, pooled, BUFFERS.get(), FORGOTTEN.get());
        }
    }

    /** Gives pooled pages back to the system; open passes, models and plans keep theirs. */
    public static void trim() {
        synchronized (POOL) {
            POOL.forEach(Arena::unmap);
            POOL.clear();
        }
    }

    /** An arena from the pool, or a new one. */
    public static Arena borrow() {
        synchronized (POOL) {
            Arena arena = POOL.pollLast();
            return arena == null ? new Arena() : arena;
        }
    }

    /** Returns an arena; everything allocated from it is gone. */
    public static void giveBack(Arena arena) {
        arena.reset();
        synchronized (POOL) {
            POOL.addLast(arena);
        }
    }

    /** The first stack frame outside the library: cheap to keep, rendered only in messages. */
    public static @Nullable Object callSite() {
        return WALKER.walk(FIRST_OUTSIDE);
    }

    /** Whether a class belongs to this library. */
    static boolean ofLibrary(Class<?> type) {
        return OF_LIBRARY.get(type);
    }

    /**
     * Looks at frame after frame until one is outside; a stream's own iterator or filter would be one more object for
     * every pass.
     */
    private static final class FirstOutside implements Consumer<StackWalker.StackFrame> {
        private StackWalker.@Nullable StackFrame found;

        static StackWalker.@Nullable StackFrame of(Stream<StackWalker.StackFrame> frames) {
            FirstOutside first = new FirstOutside();
            Spliterator<StackWalker.StackFrame> all = frames.spliterator();
            while (first.found == null && all.tryAdvance(first)) {
                // the next one
            }
            return first.found;
        }

        @Override
        public void accept(StackWalker.StackFrame f) {
            if (!ofLibrary(f.getDeclaringClass())) {
                found = f;
            }
        }
    }

    /** A {@link #callSite} as {@code Foo.main(Foo.java:16)}. */
    public static String render(@Nullable Object site) {
        if (!(site instanceof StackWalker.StackFrame f)) {
            return "an unknown place";
        }
        String type = f.getClassName();
        return type.substring(type.lastIndexOf('.') + 1) + "." + f.getMethodName() + "(" + f.getFileName() + ":"
                + f.getLineNumber() + ")";
    }

    // ---- the limit

    /**
     * Maps zeroed pages.
     *
     * @throws NativeMemoryException if that would pass the limit, or the system refuses
     */
    static long map(long bytes, boolean huge, boolean touch) {
        reserve(bytes);
        long address = mapped(Native.map(bytes, huge, touch), bytes);
        if (address == 0) {
            throw new NativeMemoryException(
                    "the system refuses " + text(bytes) + " of native memory while this process holds "
                            + text(HELD.get()) + "; " + REMEDY + "or give the machine more memory");
        }
        return address;
    }

    /**
     * Maps zeroed pages; 0 if that would pass the limit, even where pooled pages go back for it, or the system refuses.
     */
    static long mapIfRoom(long bytes, boolean huge) {
        return takenWithoutPool(bytes, NativeRuntime.get().memoryLimit())
                ? mapped(Native.map(bytes, huge, false), bytes)
                : 0;
    }

    /** What was mapped; where that is 0, the bytes that were reserved for it are free again. */
    private static long mapped(long address, long bytes) {
        if (address == 0) {
            unmapped(bytes);
        }
        return address;
    }

    /**
     * The address of {@code n} zeros between fences, or 0 where there are none. {@link Fences#mapped} bytes are counted
     * for it until {@link #unmapped}.
     */
    static long map(@Nullable Fences fences, long n) {
        if (fences == null) {
            return 0;
        }
        long bytes = Fences.mapped(n);
        reserve(bytes);
        return mapped(fences.zeros(n), bytes);
    }

    /** Gives back what {@link #map} returned. */
    static void unmap(long address, long bytes) {
        Native.unmap(address, bytes);
        unmapped(bytes);
    }

    /** Tells that mapped bytes are gone. */
    static void unmapped(long bytes) {
        HELD.addAndGet(-bytes);
    }

    /**
     * A direct buffer of zeros in native byte order, which begins at a cache line, and which the collector takes when
     * nobody holds it or a view of it any more.
     *
     * @throws IllegalArgumentException if the size is negative or near 2^31
     * @throws NativeMemoryException if that would pass the limit, or that of the JVM for direct buffers
     */
    public static ByteBuffer buffer(int bytes) {
        if (bytes < 0 || bytes > Integer.MAX_VALUE - LINE) {
            throw new IllegalArgumentException(
                    "buffer: " + bytes + " bytes cannot be one buffer; give 0 to " + (Integer.MAX_VALUE - LINE));
        }
        Fences fences = Fences.ON ? new Fences() : null;
        long fenced = map(fences, bytes);
        long held = fenced == 0 ? (long) bytes + LINE : Fences.mapped(bytes);
        ByteBuffer all = fenced == 0 ? direct(bytes + LINE) : Native.view(fenced, bytes);
        BUFFERS.addAndGet(held);
        CLEANER.register(all, new Buffer(fences, held));
        int skip = fenced == 0 ? (int) (-Native.address(all) & LINE - 1) : 0;
        return all.slice(skip, bytes).order(ByteOrder.nativeOrder());
    }

    /** What a buffer holds until the collector takes it. */
    private record Buffer(@Nullable Fences fences, long held) implements Runnable {
        @Override
        public void run() {
            if (fences != null) {
                fences.run();
            }
            unmapped(held);
            BUFFERS.addAndGet(-held);
        }
    }

    private static ByteBuffer direct(int bytes) {
        reserve(bytes);
        try {
            return ByteBuffer.allocateDirect(bytes);
        } catch (OutOfMemoryError e) {
            unmapped(bytes);
            NativeMemoryException refusal = new NativeMemoryException("the JVM refuses a buffer of " + text(bytes)
                    + " (" + e.getMessage() + "); " + REMEDY + "or let it have more with -XX:MaxDirectMemorySize");
            refusal.initCause(e);
            throw refusal;
        }
    }

    /** Counts bytes that are about to be taken. */
    private static void reserve(long bytes) {
        long limit = NativeRuntime.get().memoryLimit();
        if (takenWithoutPool(bytes, limit)) {
            return;
        }
        if (bytes <= limit) { // then what was forgotten may help
            System.gc();
            boolean interrupted = false;
            for (int i = 0; i <= WAITS && !interrupted; i++) {
                if (taken(bytes, limit)) {
                    return;
                }
                try {
                    Thread.sleep(1L << i);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (!taken(bytes, limit)) {
            throw new NativeMemoryException("out of native memory: " + text(bytes) + " were asked for and "
                    + text(HELD.get()) + " are in use, but the limit is " + text(limit) + "; " + REMEDY
                    + "or raise the limit with -Dfathom.memory, such as -Dfathom.memory=" + suggested(bytes));
        }
    }

    /** Whether there was room, for which pooled pages go back if need be. */
    private static boolean takenWithoutPool(long bytes, long limit) {
        if (taken(bytes, limit)) {
            return true;
        }
        if (bytes > limit) {
            return false;
        }
        trim();
        return taken(bytes, limit);
    }

    private static boolean taken(long bytes, long limit) {
        for (long held = HELD.get(); bytes <= limit - held; held = HELD.get()) {
            if (HELD.compareAndSet(held, held + bytes)) {
                return true;
            }
        }
        return false;
    }

    private static String suggested(long bytes) {
        return (HELD.get() + bytes >> 30) + 1 + "g";
    }

    /** Bytes for people: {@code 1.5 GiB}. */
    public static String text(long bytes) {
        int unit = 0;
        double value = bytes;
        for (; value >= 1024 && unit < UNITS.length - 1; unit++) {
            value /= 1024;
        }
        return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    static void owned(long bytes) {
        OWNED.addAndGet(bytes);
    }

    static void forgotten(String owner, long bytes, @Nullable Object made) {
        warn("a " + owner + " of " + bytes + " bytes, made at " + render(made)
                + ", was never closed: close it, or use try-with-resources");
        FORGOTTEN.incrementAndGet(); // whoever sees the count finds the warning too
    }

    /** Reports what a program should mend. */
    public static void warn(String sentence) {
        Warnings.warn("dev.fathom.memory", sentence);
    }
}
