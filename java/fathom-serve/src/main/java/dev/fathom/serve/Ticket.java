package dev.fathom.serve;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What waits in a {@link Queue} to be computed with others, and the thread that waits for it. */
abstract class Ticket {
    /** Nobody has submitted it since it was done. */
    static final int IDLE = 0;
    /** It is in the queue. */
    static final int QUEUED = 1;
    /** It is in the queue, from which nobody but a submit takes it back to life. */
    static final int CANCELED_IN_QUEUE = 2;

    static final int LATE_IN_QUEUE = 3;
    /** It is being computed. */
    static final int RUNNING = 4;

    static final int DONE = 5;
    static final int FAILED = 6;
    static final int CANCELED = 7;
    static final int LATE = 8;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Ticket.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int state;
    private volatile @Nullable Thread waiter;
    private @Nullable RuntimeException failure;
    /** Called when it is done, in whatever way; null where a thread waits. */
    private @Nullable Runnable listener;

    // what the queue writes: behind it, when it came, and whom it goes with
    @Nullable
    Ticket next;

    long arrival;
    int bucket;

    private long deadline;
    private boolean hasDeadline;

    final int state() {
        return state;
    }

    final boolean change(int from, int to) {
        return STATE.compareAndSet(this, from, to);
    }

    /** Begins a wait of at most so many nanoseconds from now on until it is run; 0 for no limit. */
    final void limit(long nanos) {
        hasDeadline = nanos > 0;
        deadline = System.nanoTime() + nanos;
    }

    final boolean isLate(long now) {
        return hasDeadline && now - deadline >= 0;
    }

    final void onDone(Runnable action) {
        listener = action;
    }

    /** Ends it, and wakes who waits. */
    final void end(int how, @Nullable RuntimeException why) {
        failure = why;
        state = how;
        wake();
    }

    final void wake() {
        Runnable told = listener;
        if (told != null) {
            told.run();
        }
        Thread thread = waiter;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Takes it out of the queue's hands if it has not begun to run. */
    final boolean withdraw() {
        boolean canceled = change(QUEUED, CANCELED_IN_QUEUE);
        if (canceled) {
            wake();
        }
        return canceled;
    }

    /**
     * Waits until it is done.
     *
     * @throws InterruptedException if the thread is interrupted while it is in the queue, where it is canceled
     * @throws CancellationException if it was canceled
     * @throws DeadlineException if it was not run in time
     */
    final void await() throws InterruptedException {
        boolean interrupted = false;
        waiter = Thread.currentThread();
        try {
            while (true) {
                int now = state;
                if (now > RUNNING) {
                    check(now);
                    return;
                }
                if (now == CANCELED_IN_QUEUE || now == LATE_IN_QUEUE) {
                    check(now);
                }
                if (now == IDLE) {
                    throw new IllegalStateException("await: the request was not submitted; submit it first");
                }
                if (Thread.interrupted()) {
                    if (withdraw()) {
                        throw new InterruptedException();
                    }
                    interrupted = true; // it runs, and soon is done
                }
                if (now == QUEUED && hasDeadline) {
                    long left = deadline - System.nanoTime();
                    if (left <= 0) {
                        change(QUEUED, LATE_IN_QUEUE);
                        continue;
                    }
                    LockSupport.parkNanos(this, left);
                } else {
                    LockSupport.park(this);
                }
            }
        } finally {
            waiter = null;
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Throws what became of it, unless it is done. */
    final void check(int how) {
        switch (how) {
            case DONE -> {}
            case FAILED -> throw refused();
            case CANCELED, CANCELED_IN_QUEUE ->
                throw new CancellationException("the request was canceled before it was run");
            case LATE, LATE_IN_QUEUE ->
                throw new DeadlineException(
                        "the request was not run before its deadline; allow more time, or more" + " workers");
            default ->
                throw new IllegalStateException(
                        "the request has no result: it was not submitted, or is not done; wait" + " for it by await()");
        }
    }

    private RuntimeException refused() {
        RuntimeException why = failure;
        if (why instanceof IllegalArgumentException) {
            return new IllegalArgumentException(why.getMessage(), why); // with the stack of who waits
        }
        return new IllegalStateException(why == null ? "the run failed" : why.getMessage(), why);
    }
}
