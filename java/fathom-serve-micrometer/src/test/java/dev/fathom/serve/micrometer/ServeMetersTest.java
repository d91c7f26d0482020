package dev.fathom.serve.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.serve.DeadlineException;
import dev.fathom.serve.FunctionBatcher;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Request;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.Served;
import dev.fathom.serve.SessionPool;
import dev.fathom.serve.StreamPool;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a registry is told of pools, batchers and native memory. */
@Timeout(120)
class ServeMetersTest {
    private static final int THREADS = 8;
    private static final float[] X = {1, 2, 3};

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private static Plan plan(int seed) {
        try (var model = Model.of(new Linear(3, 2), seed)) {
            return Plan.freeze(model, Shape.of(1, 3));
        }
    }

    private static float run(Session session) {
        session.set(X).run();
        return session.output().get(0);
    }

    /** Calls it 100 times on each of some threads. */
    private static void load(Callable<?> call) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 100; i++) {
                        call.call();
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private double gauge(String meter) {
        return registry.get(meter).tag("name", "it").gauge().value();
    }

    private double counter(String meter) {
        return registry.get(meter).tag("name", "it").functionCounter().count();
    }

    private double outcome(String outcome) {
        return registry.get("fathom.serve.batcher.requests")
                .tag("name", "it")
                .tag("outcome", outcome)
                .functionCounter()
                .count();
    }

    @Test
    void aPoolUnderLoadAndAfterItsClose() throws Exception {
        try (Plan plan = plan(1)) {
            SessionPool pool = new SessionPool(2, () -> plan.newSession(1));
            ServeMeters.of("it", pool).bindTo(registry);
            load(() -> pool.with(ServeMetersTest::run));
            assertThat(counter("fathom.serve.pool.lent")).isEqualTo(100 * THREADS);
            assertThat(counter("fathom.serve.pool.waits"))
                    .isEqualTo(pool.statistics().waits());
            Session one = pool.take();
            Session other = pool.take();
            assertThat(pool.poll()).isNull();
            assertThat(gauge("fathom.serve.pool.sessions")).isEqualTo(2);
            assertThat(gauge("fathom.serve.pool.active")).isEqualTo(2);
            assertThat(counter("fathom.serve.pool.refusals")).isEqualTo(1);
            pool.give(one);
            pool.give(other);
            pool.close();
            assertThat(gauge("fathom.serve.pool.active")).isZero();
            assertThat(counter("fathom.serve.pool.lent")).isEqualTo(100 * THREADS + 2);
        }
    }

    /** Counters never go back, whatever plan is served. */
    @Test
    void countersGoOnOverSwaps() throws Exception {
        try (Served served = new Served(plan(0), 2, plan -> plan.newSession(1))) {
            ServeMeters.of("it", served).bindTo(registry);
            double before = 0;
            for (int swap = 1; swap <= 5; swap++) {
                load(() -> served.with(ServeMetersTest::run));
                served.swap(plan(swap));
                assertThat(counter("fathom.serve.pool.lent")).isEqualTo(100 * THREADS * swap);
                assertThat(counter("fathom.serve.pool.waits")).isGreaterThanOrEqualTo(before);
                before = counter("fathom.serve.pool.waits");
                assertThat(gauge("fathom.serve.pool.sessions")).isEqualTo(2);
            }
        }
    }

    @Test
    void streams() throws Exception {
        try (Plan plan = plan(1);
                StreamPool<Integer> streams = new StreamPool<>(3, () -> plan.newSession(1))) {
            ServeMeters.of("it", streams).bindTo(registry);
            for (int key = 0; key < 5; key++) {
                streams.with(key, ServeMetersTest::run);
            }
            double active = streams.with(4, session -> gauge("fathom.serve.streams.active"));
            assertThat(active).isEqualTo(1);
            assertThat(gauge("fathom.serve.streams.active")).isZero();
            assertThat(gauge("fathom.serve.streams.max")).isEqualTo(3);
            assertThat(gauge("fathom.serve.streams.size")).isEqualTo(3);
            assertThat(counter("fathom.serve.streams.started")).isEqualTo(5);
            assertThat(counter("fathom.serve.streams.evicted")).isEqualTo(2);
        }
    }

    @Test
    void aBatcherUnderLoadAfterASwapAndAfterItsClose() throws Exception {
        MicroBatcher batcher = new MicroBatcher(plan(1), Settings.of(4));
        ServeMeters.of("it", batcher).bindTo(registry);
        load(() -> batcher.predict(X));
        batcher.swap(plan(2));
        load(() -> batcher.predict(X));
        batcher.close();
        assertThat(outcome("computed")).isEqualTo(200 * THREADS);
        assertThat(outcome("failed")).isZero();
        assertThat(gauge("fathom.serve.batcher.queued")).isZero();
        var run = registry.get("fathom.serve.batcher.run").tag("name", "it").functionTimer();
        var wait = registry.get("fathom.serve.batcher.wait").tag("name", "it").functionTimer();
        assertThat(run.count()).isEqualTo(batcher.statistics().batches()).isLessThanOrEqualTo(200 * THREADS);
        assertThat(run.totalTime(TimeUnit.NANOSECONDS)).isPositive();
        assertThat(wait.count()).isEqualTo(200 * THREADS);
        assertThat(wait.totalTime(TimeUnit.NANOSECONDS)).isPositive();
    }

    /** A request is counted once, by what became of it, and the first one of a batch waits for the delay. */
    @Test
    void outcomesAndTimes() throws Exception {
        Duration delay = Duration.ofMillis(200);
        try (MicroBatcher batcher =
                new MicroBatcher(plan(1), Settings.of(4).delay(delay).capacity(3))) {
            ServeMeters.of("it", batcher).bindTo(registry);
            Request first = written(batcher).submit();
            Request late = written(batcher).deadline(Duration.ofNanos(1)).submit();
            Request canceled = written(batcher).submit();
            assertThat(gauge("fathom.serve.batcher.queued")).isEqualTo(3);
            assertThatThrownBy(() -> written(batcher).submit()).isInstanceOf(RejectedExecutionException.class);
            assertThat(canceled.cancel()).isTrue();
            first.result();
            assertThatThrownBy(late::result).isInstanceOf(DeadlineException.class);
            for (String outcome : List.of("computed", "rejected", "late", "canceled")) {
                assertThat(outcome(outcome)).as(outcome).isEqualTo(1);
            }
            assertThat(registry.get("fathom.serve.batcher.wait").functionTimer().mean(TimeUnit.MILLISECONDS))
                    .isGreaterThanOrEqualTo(delay.toMillis());
        }
    }

    private static Request written(MicroBatcher batcher) {
        return batcher.request().set(X);
    }

    @Test
    void aBatcherOfAFunction() throws Exception {
        try (var batcher = new FunctionBatcher<Integer, Integer>(
                all -> all.stream().map(n -> 12 / n).toList(), Settings.of(4))) {
            ServeMeters.of("it", batcher).bindTo(registry);
            assertThat(batcher.apply(3)).isEqualTo(4);
            assertThatThrownBy(() -> batcher.apply(0)).isInstanceOf(RuntimeException.class);
            assertThat(outcome("computed")).isEqualTo(1);
            assertThat(outcome("failed")).isEqualTo(1);
        }
    }

    @Test
    void nativeMemory() {
        ServeMeters.memory().bindTo(registry);
        var owned = registry.get("fathom.memory.used").tag("area", "owned").gauge();
        double before = owned.value();
        try (var model = Model.of(new Linear(1000, 1000), 1)) {
            assertThat(owned.value()).isGreaterThanOrEqualTo(before + 4e6);
        }
        assertThat(owned.value()).isEqualTo(before);
        assertThat(registry.get("fathom.memory.max").gauge().value())
                .isEqualTo(Memory.stats().limit());
        assertThat(registry.get("fathom.memory.forgotten").functionCounter().count())
                .isEqualTo(Memory.stats().forgotten());
    }

    /** A registry holds no pool that nobody else holds. */
    @Test
    void aForgottenPoolGoes() throws Exception {
        try (Plan plan = plan(1)) {
            SessionPool pool = new SessionPool(2, () -> plan.newSession(1));
            ServeMeters.of("it", pool).bindTo(registry);
            pool.close();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Double.isNaN(gauge("fathom.serve.pool.sessions")) && System.nanoTime() < end) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(gauge("fathom.serve.pool.sessions")).isNaN();
    }

    @Test
    void asPrometheusReadsThem() throws Exception {
        var prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ServeMeters.memory().bindTo(prometheus);
        try (MicroBatcher a = new MicroBatcher(plan(1), Settings.of(4));
                MicroBatcher b = new MicroBatcher(plan(2), Settings.of(4))) {
            ServeMeters.of("a", a).bindTo(prometheus);
            ServeMeters.of("b", b).bindTo(prometheus);
            a.predict(X);
            assertThat(prometheus.scrape())
                    .contains("fathom_serve_batcher_requests_total{name=\"a\",outcome=\"computed\"} 1.0\n")
                    .contains("fathom_serve_batcher_requests_total{name=\"b\",outcome=\"computed\"} 0.0\n")
                    .contains("fathom_serve_batcher_run_seconds_count{name=\"a\"} 1\n")
                    .contains("fathom_serve_batcher_queued{name=\"a\"} 0.0\n")
                    .containsPattern("fathom_memory_used_bytes\\{area=\"owned\"} \\d")
                    .containsPattern("fathom_memory_max_bytes \\d");
        } finally {
            prometheus.close();
        }
    }
}
