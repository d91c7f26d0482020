package dev.fathom.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Rng;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Streams that go on from call to call. */
class StreamPoolTest {
    private final Plan plan = Nets.stream();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void close() {
        threads.shutdownNow();
        plan.close();
    }

    private static float step(Session session, int i) {
        session.set(new Rng(i).normal(2, 0, 1)).run();
        return session.output().get(0);
    }

    private static <K> float step(StreamPool<K> streams, K key, int i) throws InterruptedException {
        return streams.with(key, session -> step(session, i));
    }

    /** The numbers of one stream that nobody disturbs. */
    private List<Float> alone(int steps) {
        List<Float> all = new ArrayList<>();
        try (Session session = plan.newSession(1)) {
            for (int i = 0; i < steps; i++) {
                all.add(step(session, i));
            }
        }
        return all;
    }

    @Test
    void eachKeyHasItsOwnState() throws Exception {
        List<Float> expected = alone(5);
        try (StreamPool<String> streams = new StreamPool<>(3, () -> plan.newSession(1))) {
            for (int i = 0; i < 5; i++) {
                int n = i;
                for (String key : List.of("a", "b", "c")) {
                    assertThat(step(streams, key, n)).isEqualTo(expected.get(i));
                }
            }
            assertThat(streams.size()).isEqualTo(3);
            assertThat(streams.end("b")).isTrue();
            assertThat(streams.end("b")).isFalse();
            assertThat(step(streams, "b", 0)).isEqualTo(expected.get(0));
        }
    }

    /** The stream that was used the longest time ago makes room, and begins anew. */
    @Test
    void theOldestMakesRoom() throws Exception {
        List<Float> expected = alone(2);
        List<String> gone = new ArrayList<>();
        try (StreamPool<String> streams = new StreamPool<String>(2, () -> plan.newSession(1)).onEvict(gone::add)) {
            streams.with("a", session -> step(session, 0));
            streams.with("b", session -> step(session, 0));
            assertThat(step(streams, "a", 1)).isEqualTo(expected.get(1));
            assertThat(step(streams, "c", 0)).isEqualTo(expected.get(0));
            assertThat(gone).containsExactly("b");
            assertThat(step(streams, "b", 0)).isEqualTo(expected.get(0));
            assertThat(gone).containsExactly("b", "a");
            assertThat(streams.statistics()).isEqualTo(new StreamPool.Statistics(2, 2, 0, 4, 2));
            assertThat(streams.<Integer>with(
                            "c", session -> streams.statistics().inUse()))
                    .isEqualTo(1);
        }
    }

    @Test
    void oldStreamsExpire() throws Exception {
        List<String> gone = new ArrayList<>();
        try (StreamPool<String> streams = new StreamPool<String>(9, () -> plan.newSession(1))
                .onEvict(gone::add)
                .expireAfter(Duration.ofMillis(20))) {
            streams.with("a", session -> step(session, 0));
            Thread.sleep(40);
            streams.with("b", session -> step(session, 0));
            assertThat(gone).containsExactly("a");
            assertThat(streams.size()).isEqualTo(1);
            assertThatThrownBy(() -> streams.expireAfter(Duration.ZERO)).hasMessageContaining("expireAfter: PT0S");
        }
    }

    /** Many threads with few keys and fewer sessions: calls of one key come one after another. */
    @Test
    void manyThreads() throws Exception {
        try (StreamPool<Integer> streams = new StreamPool<>(4, () -> plan.newSession(1))) {
            int[] inside = new int[8];
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 32; t++) {
                int key = t % 8;
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 100; i++) {
                        int n = i;
                        streams.with(key, session -> {
                            assertThat(++inside[key]).isEqualTo(1);
                            float y = step(session, n);
                            inside[key]--;
                            return y;
                        });
                    }
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
            assertThat(streams.size()).isEqualTo(4);
        }
    }

    /** All sessions are in use: a new key waits, and ending one in use is refused. */
    @Test
    void allAreInUse() throws Exception {
        try (StreamPool<String> streams = new StreamPool<>(1, () -> plan.newSession(1))) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            Future<Float> first = threads.submit(() -> streams.with("a", session -> {
                inside.countDown();
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return step(session, 0);
            }));
            inside.await();
            assertThatThrownBy(() -> streams.end("a")).hasMessageContaining("the stream a is in use");
            Future<Float> second = threads.submit(() -> streams.with("b", session -> step(session, 0)));
            Thread.sleep(20);
            assertThat(second.isDone()).isFalse();
            leave.countDown();
            assertThat(second.get()).isEqualTo(first.get());
        }
    }

    @Test
    void closedAndFailing() throws Exception {
        long before = Memory.stats().owned();
        StreamPool<String> streams = new StreamPool<>(2, () -> plan.newSession(1));
        assertThatThrownBy(() -> streams.with("a", session -> {
                    throw new IllegalStateException("of the caller");
                }))
                .hasMessage("of the caller");
        streams.with("a", session -> step(session, 0));
        streams.close();
        streams.close();
        assertThatThrownBy(() -> streams.with("a", session -> 1)).hasMessageContaining("StreamPool is closed");
        assertThat(Memory.stats().owned()).isLessThanOrEqualTo(before + 4096);
        try (StreamPool<String> failing = new StreamPool<>(2, () -> plan.newSession(0))) {
            assertThatThrownBy(() -> failing.with("a", session -> 1)).hasMessageContaining("batch=0");
            assertThat(failing.size()).isZero();
        }
        assertThatThrownBy(() -> new StreamPool<String>(0, () -> plan.newSession(1)))
                .hasMessage("StreamPool: most=0 must be at least 1");
    }
}
