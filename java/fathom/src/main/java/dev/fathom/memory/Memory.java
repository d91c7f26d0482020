package dev.fathom.memory;

import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Statistics of the memory that the process holds off the heap, and the way to give pooled memory back. */
public final class Memory {
    static final Cleaner CLEANER = Cleaner.create();

    private static final StackWalker WALKER = StackWalker.getInstance();
    private static final AtomicLong OWNED = new AtomicLong();
    private static final AtomicLong FORGOTTEN = new AtomicLong();
    private static final ArrayDeque<Arena> POOL = new ArrayDeque<>();

    private static final String[] LIBRARY = {
        "kernel.",
        "memory.",
        "tree.",
        "autograd.",
        "tensor.",
        "store.",
        "parameter.",
        "io.",
        "nn.",
        "recurrent.",
        "decode.",
        "attention.",
        "optim.",
        "data.",
        "text.",
        "series.",
        "sound.",
        "plan.",
        "train.",
        "features.",
        "ensemble.",
        "search."
    };
    private static final Function<Stream<StackWalker.StackFrame>, StackWalker.@Nullable StackFrame> FIRST_OUTSIDE =
            Memory::firstOutside;

    private Memory() {}

    /**
     * The bytes that the process holds.
     *
     * @param owned bytes mapped for models, plans, sessions, data sets and kept tensors
     * @param passes bytes mapped for passes that are open
     * @param pooled bytes mapped and ready for the next pass; {@link Memory#trim} gives them back
     * @param forgotten number of owners that were collected without a close since the process began
     */
    public record Stats(long owned, long passes, long pooled, long forgotten) {}

    /** Returns what the process holds now. */
    public static Stats stats() {
        synchronized (POOL) {
            long pooled = POOL.stream().mapToLong(Arena::mapped).sum();
            return new Stats(OWNED.get(), Arena.mappedByAll() - pooled, pooled, FORGOTTEN.get());
        }
    }

    /**
     * Returns whether each tensor of a pass has pages of its own: the test mode {@code -Dfathom.memory.fenced=true}, in which a kernel that reads or writes
     * behind a tensor ends the process at once. It is slow.
     */
    public static boolean fenced() {
        return Fences.ON;
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

    /** The first stack frame outside the library's packages: cheap to keep, rendered only in messages. */
    public static @Nullable Object callSite() {
        return WALKER.walk(FIRST_OUTSIDE);
    }

    private static StackWalker.@Nullable StackFrame firstOutside(Stream<StackWalker.StackFrame> frames) {
        for (Iterator<StackWalker.StackFrame> all = frames.iterator(); all.hasNext(); ) {
            StackWalker.StackFrame f = all.next();
            if (!ofLibrary(f.getClassName())) {
                return f;
            }
        }
        return null;
    }

    private static boolean ofLibrary(String type) {
        if (type.startsWith("dev.fathom.")) {
            for (String p : LIBRARY) {
                if (type.startsWith(p, 11)) {
                    return true;
                }
            }
        }
        return false;
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

    static void owned(long bytes) {
        OWNED.addAndGet(bytes);
    }

    static void forgotten(String owner, long bytes, @Nullable Object made) {
        Warnings.warn(
                "dev.fathom.memory",
                "a " + owner + " of " + bytes + " bytes, made at " + render(made)
                        + ", was never closed: close it, or use try-with-resources");
        FORGOTTEN.incrementAndGet(); // whoever sees the count finds the warning too
    }
}
