package dev.fathom.serve;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tickets of many threads, which workers take in groups of one bucket. A group is taken when it is full, or when its
 * first ticket has waited for the delay; of several such, the one whose first ticket came first. Neither side allocates
 * where nobody has to wait for room.
 *
 * <p>Threads push to a stack, which the worker that forms a group empties into the buckets' own lists.
 */
final class Queue {
    private final int[] most;
    private final int capacity;
    private final long delay;
    private final Ticket[] first;
    private final Ticket[] last;
    private final int[] counts;

    private final AtomicReference<@Nullable Ticket> pushed = new AtomicReference<>();
    private final Semaphore room;
    /** One worker at a time forms a group. */
    private final ReentrantLock forming = new ReentrantLock(true);
    /** Tickets in the stack and in the lists. */
    private final AtomicInteger size = new AtomicInteger();

    private volatile @Nullable Thread sleeper;
    /** How many tickets wake the worker that sleeps. */
    private volatile int wanted = 1;

    private volatile boolean closed;
    final LongAdder late = new LongAdder();
    final LongAdder canceled = new LongAdder();

    /**
     * @param most tickets of a group, for each bucket
     * @param capacity tickets that wait, at most
     * @param delay in nanoseconds
     */
    Queue(int[] most, int capacity, long delay) {
        this.most = most;
        this.capacity = capacity;
        this.delay = delay;
        first = new Ticket[most.length];
        last = new Ticket[most.length];
        counts = new int[most.length];
        room = new Semaphore(capacity, true);
    }

    // ---- for callers

    /**
     * Puts a ticket into the queue, unless it is full for so many nanoseconds. Returns whether it is there.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException if the queue is closed, or the ticket is in it already
     */
    boolean push(Ticket ticket, int bucket, long patience) throws InterruptedException {
        if (closed) {
            throw closedNow();
        }
        int state = ticket.state();
        if (state == Ticket.QUEUED || state == Ticket.RUNNING) {
            throw new IllegalStateException("submit: the request is under way already; wait for it, or make another");
        }
        while (state == Ticket.CANCELED_IN_QUEUE || state == Ticket.LATE_IN_QUEUE) {
            if (ticket.bucket == bucket && ticket.change(state, Ticket.QUEUED)) { // it has a place still
                return true;
            }
            Thread.onSpinWait(); // a worker soon takes it out
            state = ticket.state();
            wake();
        }
        if (!room.tryAcquire() && (patience <= 0 || !room.tryAcquire(patience, TimeUnit.NANOSECONDS))) {
            return false;
        }
        ticket.bucket = bucket;
        ticket.arrival = System.nanoTime();
        ticket.change(ticket.state(), Ticket.QUEUED);
        Ticket top;
        do {
            top = pushed.get();
            ticket.next = top;
        } while (!pushed.compareAndSet(top, ticket));
        if (size.incrementAndGet() >= wanted) {
            wake();
        }
        if (closed && ticket.withdraw()) { // perhaps behind the last worker
            throw closedNow();
        }
        return true;
    }

    private static IllegalStateException closedNow() {
        return new IllegalStateException("submit: the batcher is closed; submit before the close");
    }

    private void wake() {
        Thread asleep = sleeper;
        if (asleep != null) {
            LockSupport.unpark(asleep);
        }
    }

    int size() {
        return size.get();
    }

    int capacity() {
        return capacity;
    }

    boolean closed() {
        return closed;
    }

    /** Lets workers take what is there, and then nothing more. */
    void close() {
        closed = true;
        wake();
    }

    // ---- for workers

    /**
     * Takes a group of one bucket, whose tickets are then running. Waits for one.
     *
     * @return how many there are; 0 if the queue is closed and empty
     */
    int take(Ticket[] group) {
        forming.lock();
        try {
            while (true) {
                empty();
                long now = System.nanoTime();
                int ready = ready(now);
                if (ready >= 0) {
                    int n = take(ready, group, now);
                    if (n > 0) {
                        return n;
                    }
                    continue; // all of them were canceled
                }
                int oldest = oldest();
                if (oldest < 0 && closed && pushed.get() == null) {
                    return 0;
                }
                sleep(oldest, now);
            }
        } finally {
            forming.unlock();
        }
    }

    private void sleep(int oldest, long now) {
        wanted = size.get() + missing();
        sleeper = Thread.currentThread();
        if (pushed.get() == null && !(closed && size.get() == 0)) {
            if (oldest < 0) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, first[oldest].arrival + delay - now);
            }
        }
        sleeper = null;
        wanted = 1;
    }

    /** How many more tickets can make a group full, at least; one where none is there, which then begins to wait. */
    private int missing() {
        int missing = Integer.MAX_VALUE;
        boolean none = true;
        for (int b = 0; b < most.length; b++) {
            missing = Math.min(missing, most[b] - counts[b]);
            none &= counts[b] == 0;
        }
        return none ? 1 : missing;
    }

    /** Moves what was pushed into the buckets, in the order in which it came. */
    private void empty() {
        Ticket top = pushed.getAndSet(null);
        Ticket reversed = null;
        while (top != null) {
            Ticket below = top.next;
            top.next = reversed;
            reversed = top;
            top = below;
        }
        while (reversed != null) {
            Ticket each = reversed;
            reversed = each.next;
            each.next = null;
            int b = each.bucket;
            if (counts[b]++ == 0) {
                first[b] = each;
            } else {
                last[b].next = each;
            }
            last[b] = each;
        }
    }

    /** The bucket with the first ticket of all, or -1. */
    private int oldest() {
        int oldest = -1;
        for (int b = 0; b < counts.length; b++) {
            if (counts[b] > 0 && (oldest < 0 || first[b].arrival - first[oldest].arrival < 0)) {
                oldest = b;
            }
        }
        return oldest;
    }

    /** Of the buckets of which a group may be taken, the one with the first ticket; or -1. */
    private int ready(long now) {
        int ready = -1;
        for (int b = 0; b < counts.length; b++) {
            boolean may = counts[b] >= most[b] || counts[b] > 0 && (closed || now - first[b].arrival >= delay);
            if (may && (ready < 0 || first[b].arrival - first[ready].arrival < 0)) {
                ready = b;
            }
        }
        return ready;
    }

    private int take(int b, Ticket[] group, long now) {
        int n = 0;
        while (n < most[b] && counts[b] > 0) {
            Ticket ticket = first[b];
            first[b] = ticket.next;
            ticket.next = null;
            counts[b]--;
            size.decrementAndGet();
            room.release();
            if (leave(ticket, now) == Ticket.RUNNING) {
                group[n++] = ticket;
            }
        }
        return n;
    }

    /**
     * What becomes of a ticket that was taken out of its list. Its owner may cancel it, or submit it again, meanwhile.
     */
    private int leave(Ticket ticket, long now) {
        while (true) {
            int state = ticket.state();
            int then = switch (state) {
                case Ticket.CANCELED_IN_QUEUE -> Ticket.CANCELED;
                case Ticket.LATE_IN_QUEUE -> Ticket.LATE;
                default -> ticket.isLate(now) ? Ticket.LATE : Ticket.RUNNING;
            };
            if (ticket.change(state, then)) {
                if (then == Ticket.CANCELED) {
                    canceled.increment();
                } else if (then == Ticket.LATE) {
                    late.increment();
                    ticket.wake();
                }
                return then;
            }
        }
    }
}
