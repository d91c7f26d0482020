package dev.fathom.serve;

import dev.fathom.op.Checks;
import dev.fathom.plan.Session;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of sessions that any number of threads, platform or virtual, share. Each is lent to one thread at a
 * time, and waiting threads get them in the order in which they asked. Lending one that is free allocates nothing.
 *
 * <pre>{@code
 * try (SessionPool pool = new SessionPool(4, () -> plan.newSession(1).threads(1))) {
 *     float score = pool.with(session -> {
 *         session.set(features).run();
 *         return session.output().get(0);
 *     });
 * }
 * }</pre>
 *
 * <p>A session that comes back is {@linkplain Session#clear cleared}, so that nobody sees what another has written or
 * computed, or goes on from another's state.
 */
public final class SessionPool implements AutoCloseable {
    private static final int FREE = 0;
    private static final int LENT = 1;
    private static final int CLOSED = 2;

    private final Session[] sessions;
    private final AtomicIntegerArray states;
    private final Semaphore free;
    private final Counts counts;
    private volatile boolean closed;

    /** What pools that follow one another count together. */
    static final class Counts {
        private final LongAdder lent = new LongAdder();
        private final LongAdder waits = new LongAdder();
        private final LongAdder refusals = new LongAdder();
    }

    /**
     * How a pool has been used.
     *
     * @param sessions that it has
     * @param inUse that are lent now
     * @param lent how often one was lent
     * @param waits how often a thread had to wait for one
     * @param refusals how often {@code poll} found none
     */
    public record Statistics(int sessions, int inUse, long lent, long waits, long refusals) {}

    /**
     * Makes the sessions.
     *
     * @param maker makes one of them, such as {@code () -> plan.newSession(1).threads(1)}
     * @throws IllegalArgumentException if there is to be none
     */
    public SessionPool(int sessions, Supplier<Session> maker) {
        this(sessions, maker, new Counts());
    }

    SessionPool(int sessions, Supplier<Session> maker, Counts counts) {
        Checks.atLeast("SessionPool", "sessions", sessions, 1);
        this.counts = counts;
        this.sessions = new Session[sessions];
        states = new AtomicIntegerArray(sessions);
        free = new Semaphore(sessions, true);
        try {
            for (int i = 0; i < sessions; i++) {
                this.sessions[i] = maker.get();
            }
        } catch (RuntimeException | Error e) {
            for (Session made : this.sessions) {
                if (made != null) {
                    made.close();
                }
            }
            throw e;
        }
    }

    /**
     * Lends a session to {@code use}, and takes it back however that ends. Waits until one is free.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException if the pool is closed
     */
    public <R> R with(Function<Session, R> use) throws InterruptedException {
        Session session = take();
        try {
            return use.apply(session);
        } finally {
            give(session);
        }
    }

    /**
     * Lends a session until {@link #give}. Waits until one is free.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException if the pool is closed
     */
    public Session take() throws InterruptedException {
        if (!free.tryAcquire()) {
            counts.waits.increment();
            free.acquire();
        }
        return find();
    }

    /**
     * Lends a session until {@link #give}, or returns null if none is free.
     *
     * @throws IllegalStateException if the pool is closed
     */
    public @Nullable Session poll() {
        if (free.tryAcquire()) {
            return find();
        }
        counts.refusals.increment();
        return null;
    }

    /**
     * Lends a session until {@link #give}, or returns null if none becomes free in this time.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException if the pool is closed
     */
    public @Nullable Session poll(long timeout, TimeUnit unit) throws InterruptedException {
        if (!free.tryAcquire()) {
            counts.waits.increment();
            if (!free.tryAcquire(timeout, unit)) {
                counts.refusals.increment();
                return null;
            }
        }
        return find();
    }

    /** One that is free, of which there is at least one. The first ones are taken most often, and so are in caches. */
    private Session find() {
        while (!closed) {
            for (int i = 0; i < sessions.length; i++) {
                if (states.compareAndSet(i, FREE, LENT)) {
                    counts.lent.increment();
                    return sessions[i];
                }
            }
        }
        free.release(); // for the next one who waits
        throw new IllegalStateException("SessionPool is closed; take sessions before the close");
    }

    /**
     * Takes back a session that this pool has lent.
     *
     * @throws IllegalArgumentException if it is of another pool
     * @throws IllegalStateException if it is not lent
     */
    public void give(Session session) {
        for (int i = 0; i < sessions.length; i++) {
            if (sessions[i] == session) {
                give(i);
                return;
            }
        }
        throw new IllegalArgumentException(
                "give: the session is of another pool or of none; give back what this pool has lent");
    }

    private void give(int i) {
        if (states.get(i) != LENT) {
            throw new IllegalStateException("give: the session is not lent; give each back once");
        }
        if (!closed) {
            sessions[i].clear();
        }
        if (!states.compareAndSet(i, LENT, FREE)) {
            throw new IllegalStateException("give: two threads gave one session back; give each back once");
        }
        free.release();
        if (closed) {
            closeFree();
        }
    }

    /** Returns how this pool has been used. */
    public Statistics statistics() {
        int inUse = 0;
        for (int i = 0; i < sessions.length; i++) {
            inUse += states.get(i) == LENT ? 1 : 0;
        }
        return new Statistics(sessions.length, inUse, counts.lent.sum(), counts.waits.sum(), counts.refusals.sum());
    }

    /**
     * Closes the sessions that are free, and those that are lent when they come back. Threads that wait get an
     * {@link IllegalStateException}. Closing twice does nothing.
     */
    @Override
    public void close() {
        closed = true;
        closeFree();
        free.release(); // and each who gets it passes it on
    }

    private void closeFree() {
        for (int i = 0; i < sessions.length; i++) {
            if (states.compareAndSet(i, FREE, CLOSED)) {
                sessions[i].close();
            }
        }
    }
}
