package dev.fathom.serve;

import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * A plan that is served by a pool of sessions, and that another may replace while it serves: calls under way finish on
 * the old plan, calls that begin later run on the new one, and the old plan is closed after its last call.
 *
 * <pre>{@code
 * try (Served served = new Served(Plan.open(file), 4, plan -> plan.newSession(1).threads(1))) {
 *     float score = served.with(session -> {             // any number of threads
 *         session.set(features).run();
 *         return session.output().get(0);
 *     });
 *     served.swap(Plan.open(newer));                     // nobody waits, and nothing is dropped
 * }
 * }</pre>
 */
public final class Served implements AutoCloseable {
    /** A plan with its pool, until it is replaced and its last user is gone. */
    private static final class Generation {
        private final Plan plan;
        private final SessionPool pool;
        /** Calls under way, and one for as long as it is the current generation. */
        private final AtomicInteger users = new AtomicInteger(1);

        Generation(Plan plan, int sessions, Function<Plan, Session> maker, SessionPool.Counts counts) {
            this.plan = plan;
            pool = new SessionPool(sessions, () -> maker.apply(plan), counts);
        }

        boolean enter() {
            int n;
            do {
                n = users.get();
                if (n == 0) {
                    return false;
                }
            } while (!users.compareAndSet(n, n + 1));
            return true;
        }

        void leave() {
            if (users.decrementAndGet() == 0) {
                pool.close();
                plan.close();
            }
        }
    }

    private final int sessions;
    private final Function<Plan, Session> maker;
    private final SessionPool.Counts counts = new SessionPool.Counts();
    private volatile Generation current;
    private boolean closed;

    /**
     * Serves a plan, which belongs to this from now on.
     *
     * @param sessions of a plan
     * @param maker makes one of them, such as {@code plan -> plan.newSession(1).threads(1)}
     * @throws IllegalArgumentException if there is to be none, or the plan refuses it
     */
    public Served(Plan plan, int sessions, Function<Plan, Session> maker) {
        this.sessions = sessions;
        this.maker = maker;
        current = new Generation(plan, sessions, maker, counts);
    }

    /**
     * Lends a session of the current plan to {@code use}, and takes it back however that ends. Waits until one is free.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException if this is closed
     */
    public <R> R with(Function<Session, R> use) throws InterruptedException {
        Generation generation = enter();
        try {
            return generation.pool.with(use);
        } finally {
            generation.leave();
        }
    }

    private Generation enter() {
        while (true) {
            Generation generation = current;
            if (generation.enter()) {
                return generation;
            }
            if (generation == current) { // not replaced, so closed
                throw new IllegalStateException("Served is closed; use it before the close");
            }
        }
    }

    /**
     * Replaces the plan, which belongs to this from now on. Returns when calls that begin run on the new one; the old
     * one is closed after its last call.
     *
     * @throws IllegalArgumentException if it has other inputs or outputs than the plan before, which then goes on
     * @throws IllegalStateException if this is closed
     */
    public synchronized void swap(Plan next) {
        checkOpen();
        checkAlike("swap", current.plan, next);
        Generation old = current;
        current = new Generation(next, sessions, maker, counts);
        old.leave();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Served is closed; use it before the close");
        }
    }

    /** Refuses a plan that callers of the other one would not know how to use. */
    static void checkAlike(String what, Plan before, Plan next) {
        String old = before.inputs() + " to " + before.outputs();
        String other = next.inputs() + " to " + next.outputs();
        if (!old.equals(other)) {
            throw new IllegalArgumentException(what + ": the plan goes from " + other
                    + " but the one in its place from " + old + "; give one with the same names, types and dimensions");
        }
    }

    /** Returns the sessions of the current plan, and how those of all plans have been used. */
    public SessionPool.Statistics statistics() {
        return current.pool.statistics();
    }

    /** Closes the plan after the last call under way. Closing twice does nothing. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            current.leave();
        }
    }
}
