package dev.fathom.train;

import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs several trainings, or other jobs, side by side in this process. Each runs on one thread, which leaves the native
 * pool to others: many small networks train faster so than one after the other on all threads. Results come in the
 * order of the jobs, and since the number of threads changes no bit of a training, they do not depend on the number of
 * workers.
 *
 * <pre>{@code
 * List<Double> losses = Workers.all().run(10, seed -> trained(seed).loss());
 * }</pre>
 *
 * <p>The cap of one thread holds for the kernels of Fathom on the worker's thread, until a {@code Session} with a
 * number of threads of its own has run there. OpenBLAS ({@code fathom.blas=openblas}, {@code Pca}, {@code Lda}) keeps
 * threads of its own, which all workers share, and Java's parallel streams are not capped either.
 *
 * @param count how many jobs run at once
 */
public record Workers(int count) {
    private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);

    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count <= 256}
     */
    public Workers {
        if (count < 1 || count > NativeRuntime.MAX_THREADS) {
            throw new IllegalArgumentException(
                    "workers: count=" + count + " must be from 1 to " + NativeRuntime.MAX_THREADS);
        }
    }

    /**
     * Returns as many workers as the native pool has threads: one for each processor, unless {@code fathom.threads}
     * says otherwise.
     */
    public static Workers all() {
        return new Workers(NativeRuntime.get().threads());
    }

    /**
     * Runs the jobs of numbers 0 to {@code jobs - 1}, lower numbers first, and returns their results in this order. A
     * job that itself runs jobs runs them on its own thread, one after the other, so that there are never more threads
     * than workers.
     *
     * <p>If a job fails, those under way are finished, no others begin, and the exception of the failed job of the
     * lowest number is thrown.
     *
     * @throws CancellationException if the calling thread is interrupted; jobs under way are finished before
     */
    public <T> List<T> run(int jobs, IntFunction<T> job) {
        AtomicReferenceArray<Object> results = new AtomicReferenceArray<>(Math.max(jobs, 0));
        @Nullable Throwable[] failures = new @Nullable Throwable[Math.max(jobs, 0)];
        AtomicInteger next = new AtomicInteger();
        Runnable work = () -> {
            for (int i = next.getAndIncrement(); i < jobs; i = next.getAndIncrement()) {
                try {
                    results.set(i, job.apply(i));
                } catch (RuntimeException | Error e) {
                    failures[i] = e;
                    next.set(jobs);
                }
            }
        };
        boolean interrupted = false;
        if (INSIDE.get()) {
            work.run();
        } else {
            NativeRuntime.get(); // so that its failure is the caller's
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < Math.min(count, jobs); t++) {
                Thread thread = thread("fathom-worker-" + t, 1, work);
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                interrupted |= join(thread, next, jobs);
            }
        }
        for (@Nullable Throwable failure : failures) {
            if (failure != null) {
                throw failure(failure);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
            throw new CancellationException("workers: the thread that waits for " + jobs + " jobs was interrupted");
        }
        List<T> all = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            @SuppressWarnings("unchecked") // only what the job gave is in there
            T result = (T) results.get(i);
            all.add(result);
        }
        return all;
    }

    /**
     * Throws an error that has ended another thread, and returns any other failure, to be thrown: that of a user's
     * Scala or Kotlin may be a checked exception.
     */
    static RuntimeException failure(@Nullable Throwable why) {
        if (why instanceof Error e) {
            throw e;
        }
        return why instanceof RuntimeException e ? e : new CompletionException(why);
    }

    /** Whether this thread is one of some that share the pool, so that it starts no others. */
    static boolean inside() {
        return INSIDE.get();
    }

    /** How many threads of the pool the kernels of each of {@code n} threads may use: 0 for all. */
    static int threadsOf(int n) {
        return n == 1 ? 0 : Math.max(1, NativeRuntime.get().threads() / n);
    }

    /** Lets the kernels of the calling thread use so many, unless it is inside. */
    static void cap(int threads) {
        if (!INSIDE.get()) {
            Native.capThreads(threads);
        }
    }

    /** A thread whose kernels run on it alone where those of the calling thread do. */
    static Thread thread(String name, Runnable work) {
        return thread(name, INSIDE.get() ? 1 : 0, work);
    }

    /** A thread that is one of some whose kernels use so many of the pool; 0 for one by itself. */
    static Thread thread(String name, int threads, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    if (threads > 0) {
                        INSIDE.set(true);
                        Native.capThreads(threads);
                    }
                    work.run();
                },
                name);
        thread.setDaemon(true);
        return thread;
    }

    /** Waits for the end of a thread; once interrupted, lets no further job begin, and returns true. */
    private static boolean join(Thread thread, AtomicInteger next, int jobs) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                return interrupted;
            } catch (InterruptedException e) {
                next.set(jobs);
                interrupted = true;
            }
        }
    }
}
