package dev.fathom.train;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A thread beside the one that trains, whose kernels may use the same threads of the pool. */
final class Beside implements AutoCloseable {
    private final ExecutorService executor;
    private volatile @Nullable Thread thread;

    Beside(String name) {
        executor = Executors.newSingleThreadExecutor(work -> {
            Thread made = Workers.thread(name, work);
            thread = made;
            return made;
        });
    }

    /**
     * Does one thing here and another beside it, waits for both, and returns what the other gives. The first failure is
     * thrown, that of the calling thread if there are two.
     *
     * @param stop lets the other end early; called if what is done here fails
     */
    <T> T run(Runnable here, Supplier<T> other, Runnable stop) {
        Future<T> result = executor.submit(other::get);
        boolean done = false;
        try {
            here.run();
            done = true;
        } finally {
            if (!done) {
                stop.run();
                try {
                    await(result);
                } catch (RuntimeException | Error second) {
                    // the first one is thrown
                }
            }
        }
        return await(result);
    }

    /** Waits for the end even if the calling thread is interrupted, which interrupts what it waits for. */
    private <T> T await(Future<T> result) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    Thread other = thread;
                    if (other != null) {
                        other.interrupt();
                    }
                }
            }
        } catch (ExecutionException e) {
            throw Workers.failure(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
