package dev.fathom.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Rng;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sessions that threads share. */
class SessionPoolTest {
    private final Plan plan = Nets.vectors(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void close() {
        threads.shutdownNow();
        plan.close();
    }

    @Test
    void manyThreadsShareFewSessions() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        try (SessionPool pool = new SessionPool(3, () -> plan.newSession(1).threads(1))) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 64; t++) {
                float[] x = new Rng(t).normal(Nets.IN, 0, 1);
                float[] expected = Nets.alone(plan, x);
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 200; i++) {
                        float[] y = pool.with(session -> {
                            most.accumulateAndGet(now.incrementAndGet(), Math::max);
                            session.set(x).run();
                            float[] result = new float[Nets.OUT];
                            session.output().get(0, result);
                            now.decrementAndGet();
                            return result;
                        });
                        assertThat(y).containsExactly(expected);
                    }
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
            assertThat(most.get()).isBetween(1, 3);
            assertThat(pool.statistics().lent()).isEqualTo(64 * 200);
            assertThat(pool.statistics().inUse()).isZero();
        }
    }

    @Test
    void noneIsFree() throws Exception {
        try (SessionPool pool = new SessionPool(1, () -> plan.newSession(1))) {
            Session only = pool.take();
            assertThat(pool.poll()).isNull();
            assertThat(pool.poll(5, TimeUnit.MILLISECONDS)).isNull();
            assertThat(pool.statistics()).isEqualTo(new SessionPool.Statistics(1, 1, 1, 1, 2));
            Future<Session> waiting = threads.submit(pool::take);
            Nets.until(() -> pool.statistics().waits() == 2);
            pool.give(only);
            assertThat(waiting.get()).isSameAs(only);
            pool.give(only);
            assertThat(pool.poll(1, TimeUnit.SECONDS)).isSameAs(only);
        }
    }

    /** The next one sees nothing of what was there. */
    @Test
    void aSessionComesBackCleared() throws Exception {
        try (SessionPool pool = new SessionPool(1, () -> plan.newSession(1))) {
            pool.with(session -> {
                session.set(new float[Nets.IN]).run();
                return null;
            });
            Session session = pool.take();
            assertThatThrownBy(session::run).hasMessageContaining("was never written");
            assertThatThrownBy(session::output).hasMessageContaining("is not computed");
        }
        try (Plan stream = Nets.stream();
                SessionPool pool = new SessionPool(1, () -> stream.newSession(1))) {
            List<Float> first = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                first.add(pool.with(session -> {
                    session.set(new float[] {1, 2}).run();
                    return session.output().get(0);
                }));
            }
            assertThat(first.get(1)).isEqualTo(first.get(0)).isNotZero();
        }
    }

    @Test
    void aFailureGivesTheSessionBack() throws Exception {
        try (SessionPool pool = new SessionPool(1, () -> plan.newSession(1))) {
            assertThatThrownBy(() -> pool.with(session -> {
                        throw new IllegalStateException("of the caller");
                    }))
                    .hasMessage("of the caller");
            assertThat(pool.statistics().inUse()).isZero();
            assertThat(pool.poll()).isNotNull();
        }
    }

    @Test
    void whatIsNotLentIsNotTaken() throws Exception {
        try (SessionPool pool = new SessionPool(2, () -> plan.newSession(1));
                Session other = plan.newSession(1)) {
            Session one = pool.take();
            pool.give(one);
            assertThatThrownBy(() -> pool.give(one)).hasMessageContaining("is not lent; give each back once");
            assertThatThrownBy(() -> pool.give(other)).hasMessageContaining("is of another pool or of none");
            assertThatThrownBy(() -> new SessionPool(0, () -> plan.newSession(1)))
                    .hasMessage("SessionPool: sessions=0 must be at least 1");
            assertThatThrownBy(() -> new SessionPool(2, () -> plan.newSession(0)))
                    .hasMessageContaining("batch=0 must be at least 1");
        }
    }

    @Test
    void closedWhileThreadsWait() throws Exception {
        SessionPool pool = new SessionPool(1, () -> plan.newSession(1));
        Session lent = pool.take();
        List<Future<Session>> waiting = List.of(threads.submit(pool::take), threads.submit(pool::take));
        Nets.until(() -> pool.statistics().waits() == 2);
        pool.close();
        pool.close();
        for (Future<Session> each : waiting) {
            assertThatThrownBy(each::get).hasMessageContaining("SessionPool is closed");
        }
        lent.set(new float[Nets.IN]).run(); // what is lent stays until it comes back
        pool.give(lent);
        assertThatThrownBy(lent::run).hasMessageContaining("session is closed");
        assertThatThrownBy(pool::poll).hasMessageContaining("SessionPool is closed");
    }

    @Test
    void aWaitIsInterrupted() throws Exception {
        try (SessionPool pool = new SessionPool(1, () -> plan.newSession(1))) {
            Session only = pool.take();
            AtomicReference<Exception> thrown = new AtomicReference<>();
            Thread thread = new Thread(() -> {
                try {
                    pool.take();
                } catch (InterruptedException e) {
                    thrown.set(e);
                }
            });
            thread.start();
            Nets.until(() -> pool.statistics().waits() == 1);
            thread.interrupt();
            thread.join();
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
            pool.give(only);
            assertThat(pool.poll()).isNotNull();
        }
    }

    /** Lending, running and giving back take nothing of the heap, with or without lengths that are written anew. */
    @Test
    void allocatesNothing() throws Exception {
        float[] x = new float[Nets.IN];
        assertThat(bytes(() -> plan.newSession(1).threads(1), session -> session.set(x)))
                .isZero();
        int[] tokens = new int[2 * 5];
        try (Plan sequences = Nets.tokens()) {
            assertThat(bytes(() -> sequences.newSession(2, 5).threads(1), session -> session.set(tokens)))
                    .isZero();
        }
    }

    private static long bytes(Supplier<Session> maker, Consumer<Session> set) throws Exception {
        var bean = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = Long.MAX_VALUE;
        try (SessionPool pool = new SessionPool(4, maker)) {
            for (int round = 0; round < 50 && bytes > 0; round++) {
                long before = bean.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1000; i++) {
                    Session session = pool.take();
                    set.accept(session);
                    session.run();
                    pool.give(session);
                }
                bytes = bean.getCurrentThreadAllocatedBytes() - before;
            }
        }
        return bytes;
    }
}
