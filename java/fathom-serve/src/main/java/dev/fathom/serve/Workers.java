package dev.fathom.serve;

import dev.fathom.serve.MicroBatcher.Statistics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Threads that take groups from a queue and compute them, and what they have done. Of a group that fails, each ticket
 * is computed alone, so that one of them does not spoil the others.
 */
final class Workers {
    /** Computes some tickets of a group, which are of one bucket. */
    interface Computation {
        void compute(Ticket[] group, int first, int n);
    }

    private final Queue queue;
    private final int most;
    private final List<Thread> threads = new ArrayList<>();
    private final LongAdder requests = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder waited = new LongAdder();
    private final LongAdder ran = new LongAdder();

    /**
     * Makes workers of a queue, of which none has started.
     *
     * @param most tickets of a group
     */
    Workers(Queue queue, int most) {
        this.queue = queue;
        this.most = most;
    }

    /** Starts a thread that computes groups in this way. */
    void start(Computation computation) {
        Thread thread = new Thread(() -> work(computation), "fathom-batcher-" + threads.size());
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void work(Computation computation) {
        Ticket[] group = new Ticket[most];
        for (int n = queue.take(group); n > 0; n = queue.take(group)) {
            batches.increment();
            long now = System.nanoTime();
            for (int i = 0; i < n; i++) {
                waited.add(now - group[i].arrival);
            }
            Throwable why = attempt(computation, group, 0, n);
            if (why == null || n == 1) {
                end(group, 0, n, why);
            } else {
                for (int i = 0; i < n; i++) {
                    end(group, i, 1, attempt(computation, group, i, 1));
                }
            }
            Arrays.fill(group, 0, n, null);
        }
    }

    /** Computes some of a group, and returns what was thrown. */
    private @Nullable Throwable attempt(Computation computation, Ticket[] group, int first, int n) {
        long start = System.nanoTime();
        try {
            computation.compute(group, first, n);
            return null;
        } catch (RuntimeException | Error e) {
            return e;
        } finally {
            ran.add(System.nanoTime() - start);
        }
    }

    private void end(Ticket[] group, int first, int n, @Nullable Throwable why) {
        (why == null ? requests : failed).add(n); // first, since their owners may ask as soon as they know
        RuntimeException refusal = why == null || why instanceof RuntimeException
                ? (RuntimeException) why
                : new IllegalStateException("the run failed: " + why, why);
        for (int i = first; i < first + n; i++) {
            group[i].end(why == null ? Ticket.DONE : Ticket.FAILED, refusal);
        }
    }

    /**
     * Puts a ticket into the queue at once.
     *
     * @throws RejectedExecutionException if the queue is full
     */
    void submit(Ticket ticket, int bucket) {
        try {
            if (!queue.push(ticket, bucket, 0)) {
                rejected.increment();
                throw new RejectedExecutionException("submit: " + queue.capacity()
                        + " requests wait already; try again later, or send fewer at a time");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // nothing waits here
        }
    }

    /**
     * Computes tickets of one caller, in parts: at most two groups for each worker are in the queue at a time, and half
     * of it, so that there is room for others. Waits for all of them. If one fails, those that wait are canceled.
     *
     * @param bucket of a ticket
     * @param time until which all of them must have begun; zero for no limit
     * @throws RejectedExecutionException if the queue has no room even for the first; the later ones wait for room
     * @throws DeadlineException if one has not begun in time
     * @throws InterruptedException if the thread is interrupted while tickets wait
     */
    <T extends Ticket> void run(List<T> tickets, ToIntFunction<T> bucket, Duration time) throws InterruptedException {
        long end = System.nanoTime() + (time.isZero() ? Long.MAX_VALUE / 2 : time.toNanos());
        int share = (int) Math.max(1, Math.min(2L * most * threads.size(), queue.capacity() / 2));
        boolean done = false;
        try {
            for (int i = 0; i < tickets.size(); i++) {
                if (i >= share) {
                    tickets.get(i - share).await();
                }
                T ticket = tickets.get(i);
                long left = Math.max(1, end - System.nanoTime());
                ticket.limit(left);
                if (i == 0) {
                    submit(ticket, bucket.applyAsInt(ticket));
                } else if (!queue.push(ticket, bucket.applyAsInt(ticket), left)) {
                    throw new DeadlineException("the queue was full until the deadline; allow more time, or send fewer"
                            + " examples at a time");
                }
            }
            for (T ticket : tickets) {
                ticket.await();
            }
            done = true;
        } finally {
            if (!done) {
                tickets.forEach(Ticket::withdraw);
            }
        }
    }

    Statistics statistics() {
        return new Statistics(
                requests.sum(),
                batches.sum(),
                queue.size(),
                rejected.sum(),
                queue.late.sum(),
                queue.canceled.sum(),
                failed.sum(),
                Duration.ofNanos(waited.sum()),
                Duration.ofNanos(ran.sum()));
    }

    /**
     * Ends the threads, after what is in the queue.
     *
     * @throws IllegalStateException if one of them calls it
     */
    void close() {
        if (threads.contains(Thread.currentThread())) {
            throw new IllegalStateException("close: a worker cannot wait for itself; close the batcher on another"
                    + " thread, as CompletableFuture.thenRunAsync does");
        }
        queue.close();
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
