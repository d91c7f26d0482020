package dev.fathom.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.serve.MicroBatcher.Request;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.tensor.Rng;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests of many threads in one batch. */
@Timeout(120)
class MicroBatcherTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void close() {
        threads.shutdownNow();
    }

    private static float[] floats(Request request) {
        float[] y = new float[request.output().limit() / 4];
        request.output().asFloatBuffer().get(y);
        return y;
    }

    // ---- answers

    /** 64 threads, each with its own examples, get the answers of a session of their own, to the last bit. */
    @ParameterizedTest
    @CsvSource({"1, 0, 1", "32, 0, 1", "32, 300, 1", "7, 0, 3", "64, 1000, 2"})
    void theAnswersOfSessions(int examples, int micros, int workers) throws Exception {
        int callers = 64;
        List<float[]> x = new ArrayList<>();
        List<float[]> expected = new ArrayList<>();
        Plan plan = Nets.vectors(1);
        for (int i = 0; i < callers; i++) {
            x.add(new Rng(i).normal(Nets.IN, 0, 1));
            expected.add(Nets.alone(plan, x.get(i)));
        }
        Settings settings = Settings.of(examples)
                .delay(Duration.ofNanos(1000L * micros))
                .workers(workers)
                .threads(1);
        try (MicroBatcher batcher = new MicroBatcher(plan, settings)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                int n = i;
                all.add(threads.submit(() -> {
                    Request request = batcher.request();
                    for (int k = 0; k < 100; k++) {
                        int j = (n + k) % callers;
                        assertThat(floats(request.set(x.get(j)).run())).containsExactly(expected.get(j));
                    }
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
            MicroBatcher.Statistics done = batcher.statistics();
            assertThat(done.requests()).isEqualTo(callers * 100);
            assertThat(done.batches()).isBetween((long) callers * 100 / examples, (long) callers * 100);
            assertThat(done.waiting()).isZero();
            assertThat(done.waited().plus(done.ran())).isPositive();
            assertThat(done.failed() + done.late() + done.canceled() + done.rejected())
                    .isZero();
        }
    }

    /** What waits while a batch runs is one batch. */
    @Test
    void whatWaitsIsOneBatch() throws Exception {
        try (MicroBatcher batcher = new MicroBatcher(Nets.slow(), Settings.of(32))) {
            List<CompletableFuture<float[]>> all = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                all.add(batcher.submit(new float[Nets.IN]));
            }
            for (CompletableFuture<float[]> f : all) {
                assertThat(f.get()).hasSize(Nets.OUT);
            }
            assertThat(batcher.statistics().batches()).isLessThan(15);
        }
    }

    /** A delay is counted from the first request, and a batch that is full does not wait for it. */
    @Test
    void aFullBatchDoesNotWait() throws Exception {
        Settings settings = Settings.of(4).delay(Duration.ofSeconds(100));
        try (MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), settings)) {
            List<CompletableFuture<float[]>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(batcher.submit(new float[Nets.IN]));
            }
            for (CompletableFuture<float[]> f : all) {
                f.get();
            }
            assertThat(batcher.statistics().batches()).isEqualTo(2);
            batcher.submit(new float[Nets.IN]); // which the close computes
        }
        settings = Settings.of(4).delay(Duration.ofMillis(50));
        try (MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), settings)) {
            long begin = System.nanoTime();
            CompletableFuture<float[]> first = batcher.submit(new float[Nets.IN]);
            CompletableFuture<float[]> second = batcher.submit(new float[Nets.IN]);
            first.get();
            second.get();
            assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(50_000_000);
            assertThat(batcher.statistics().batches()).isEqualTo(1);
        }
    }

    // ---- lengths

    /** Sequences go into buckets of similar length, with at most so many tokens, and padding changes nothing. */
    @Test
    void bucketsOfLengths() throws Exception {
        Plan plan = Nets.tokens();
        List<int[]> tokens = new ArrayList<>();
        List<float[]> classes = new ArrayList<>();
        List<float[]> steps = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            int n = 1 + (int) (new Rng(i).normal(1, 0, 1)[0] * 1000) % 32 + 31;
            int[] all = new int[Math.max(1, Math.min(n, 48))];
            for (int t = 0; t < all.length; t++) {
                all[t] = (7 * i + t) % 20;
            }
            tokens.add(all);
            try (Session s = plan.newSession(1, all.length)) {
                s.set("tokens", all).run();
                float[] y = new float[2];
                s.output("classes").get(0, y);
                classes.add(y);
                float[] each = new float[2 * all.length];
                s.output("steps").get(0, each);
                steps.add(each);
            }
        }
        Settings settings = Settings.of(16).tokens(128).lengths(8, 16, 32, 48).delay(Duration.ofMillis(2));
        try (MicroBatcher batcher = new MicroBatcher(plan, settings)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 20; t++) {
                int first = t;
                all.add(threads.submit(() -> {
                    Request request = batcher.request(48);
                    for (int k = 0; k < 60; k++) {
                        int i = (first + k) % 60;
                        request.length(tokens.get(i).length)
                                .set("tokens", tokens.get(i))
                                .run();
                        float[] y = new float[2];
                        request.output("classes").asFloatBuffer().get(y);
                        assertThat(y).containsExactly(classes.get(i));
                        float[] each = new float[request.output("steps").limit() / 4];
                        request.output("steps").asFloatBuffer().get(each);
                        assertThat(each).containsExactly(steps.get(i));
                    }
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
            assertThat(batcher.statistics().batches()).isLessThan(20 * 60);
            assertThatThrownBy(() -> batcher.request(49))
                    .hasMessage("request: no bucket takes 49 steps; there are those of [8, 16, 32, 48] and less");
            assertThatThrownBy(() -> batcher.request()).hasMessageContaining("the plan has a length");
            assertThatThrownBy(() -> batcher.request(8).length(9)).hasMessageContaining("9 steps are not within");
            Request request = batcher.request(8);
            assertThatThrownBy(() -> request.set("lengths", new int[1]))
                    .hasMessageContaining("follows from the length");
            assertThatThrownBy(() -> request.set("tokens", new int[7])).hasMessageContaining("takes 8 values but 7");
        }
    }

    /** What came first runs first, whatever bucket it is in and however many wait in another. */
    @Test
    void theOldestRunsFirst() throws Exception {
        AtomicBoolean release = new AtomicBoolean();
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        Settings settings = Settings.of(4).lengths(2, 4, 8);
        try (MicroBatcher batcher = new MicroBatcher(Nets.tokens(), settings)) {
            Request blocking = batcher.request(2).set(new int[2]);
            blocking.onDone(
                    () -> { // on the worker
                        while (!release.get()) {
                            Thread.onSpinWait();
                        }
                    });
            blocking.submit();
            Nets.until(() -> batcher.statistics().batches() == 1);
            List<Request> all = new ArrayList<>();
            for (int length : new int[] {8, 2, 2, 4, 2, 2, 8}) {
                Request request = batcher.request(length).set(new int[length]);
                request.onDone(() -> order.add(length));
                all.add(request.submit());
            }
            release.set(true);
            for (Request request : all) {
                request.result();
            }
            assertThat(order).containsExactly(8, 8, 2, 2, 2, 2, 4);
        } finally {
            release.set(true);
        }
    }

    // ---- requests that fail

    /** A token out of range fails its own request, and no other of its batch. */
    @Test
    void oneFailsAlone() throws Exception {
        Settings settings = Settings.of(8).lengths(4).delay(Duration.ofSeconds(100));
        try (MicroBatcher batcher = new MicroBatcher(Nets.tokens(), settings)) {
            List<Request> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(batcher.request(4)
                        .set(new int[] {1, 2, 3, i == 5 ? 99 : i})
                        .submit());
            }
            for (int i = 0; i < 8; i++) {
                Request each = all.get(i);
                if (i == 5) {
                    assertThatThrownBy(each::result)
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("99");
                } else {
                    assertThat(each.result().output("classes").limit()).isEqualTo(4 * 2);
                }
            }
            assertThat(batcher.statistics().failed()).isEqualTo(1);
            assertThat(batcher.statistics().requests()).isEqualTo(7);
        }
    }

    /** NaN stays in its own row. */
    @Test
    void nanStaysInItsRow() throws Exception {
        Settings settings = Settings.of(2).delay(Duration.ofSeconds(100));
        try (MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), settings)) {
            float[] bad = new float[Nets.IN];
            Arrays.fill(bad, Float.NaN);
            CompletableFuture<float[]> first = batcher.submit(bad);
            CompletableFuture<float[]> second = batcher.submit(new float[Nets.IN]);
            assertThat(first.get()).containsOnly(Float.NaN);
            assertThat(second.get()).doesNotContain(Float.NaN);
        }
    }

    @Test
    void mistakesOfCallers() throws Exception {
        try (MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), Settings.of(4))) {
            Request request = batcher.request();
            assertThatThrownBy(request::run).hasMessageContaining("input input F32 [batch, 6] was never written");
            assertThatThrownBy(request::result).hasMessageContaining("was not submitted; submit it first");
            assertThatThrownBy(request::output).hasMessageContaining("has no result");
            assertThatThrownBy(() -> request.set(new float[5])).hasMessageContaining("takes 6 values but 5 were given");
            assertThatThrownBy(() -> request.set(new int[6])).hasMessageContaining("was given I32 values; give F32");
            assertThatThrownBy(() -> request.set("x", new float[6])).hasMessageContaining("no input is called x");
            assertThatThrownBy(() -> batcher.request(3)).hasMessageContaining("has no Dim.LENGTH");
            assertThatThrownBy(() -> batcher.run(List.of(request), Duration.ZERO))
                    .hasMessageContaining("was never written");
            try (MicroBatcher other = new MicroBatcher(Nets.vectors(1), Settings.of(4))) {
                assertThatThrownBy(() -> batcher.run(List.of(other.request()), Duration.ZERO))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("a request is of another batcher");
            }
            assertThatThrownBy(() -> batcher.predict(new float[6], new float[6]))
                    .hasMessageContaining("2 arrays");
        }
    }

    @Test
    void plansThatAreNotRows() {
        try (Plan stream = Nets.stream()) {
            assertThatThrownBy(() -> new MicroBatcher(stream, Settings.of(2))).hasMessageContaining("StreamPool");
        }
        try (var model = Model.of((Layer) x -> x.sum(), 1);
                Plan sum = Plan.freeze(model, Shape.of(1, 2))) {
            assertThatThrownBy(() -> new MicroBatcher(sum, Settings.of(2)))
                    .hasMessageContaining("output F32 [] must have the batch as its first dimension");
        }
        try (Plan tokens = Nets.tokens();
                Plan vectors = Nets.vectors(1)) {
            assertThatThrownBy(() -> new MicroBatcher(tokens, Settings.of(2)))
                    .hasMessageContaining("settings have none");
            assertThatThrownBy(() -> new MicroBatcher(tokens, Settings.of(2).lengths(65)))
                    .hasMessageContaining("length=65 is outside the lengths");
            assertThatThrownBy(() -> new MicroBatcher(vectors, Settings.of(2).lengths(3)))
                    .hasMessageContaining("no input of the plan has Dim.LENGTH");
        }
        assertThatThrownBy(() -> Settings.of(0)).hasMessageContaining("examples=0 must be at least 1");
        assertThatThrownBy(() -> Settings.of(1).lengths(4, 4)).hasMessageContaining("must ascend");
        assertThatThrownBy(() -> Settings.of(1).delay(Duration.ofMillis(-1))).hasMessageContaining("not be negative");
        try (var model = Model.of((Layer) x -> x.relu(), 1);
                Plan few = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0]),
                        Spec.of("x", Dim.BATCH, 2).batch(1, 4))) {
            assertThatThrownBy(() -> new MicroBatcher(few, Settings.of(8))).hasMessageContaining("batch=8 is outside");
        }
    }

    // ---- back-pressure, deadlines and cancellation

    /** A batcher whose worker is busy until the returned flag is set. */
    private MicroBatcher busy(AtomicBoolean release, Settings settings) throws Exception {
        MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), settings);
        Request request = batcher.request().set(new float[Nets.IN]);
        request.onDone(
                () -> { // on the worker
                    while (!release.get()) {
                        Thread.onSpinWait();
                    }
                });
        request.submit();
        Nets.until(() -> batcher.statistics().batches() == 1);
        return batcher;
    }

    @Test
    void aFullQueueRefusesOrWaits() throws Exception {
        AtomicBoolean release = new AtomicBoolean();
        try (MicroBatcher batcher = busy(release, Settings.of(4).capacity(2))) {
            batcher.submit(new float[Nets.IN]);
            batcher.submit(new float[Nets.IN]);
            assertThatThrownBy(() -> batcher.submit(new float[Nets.IN]))
                    .isInstanceOf(RejectedExecutionException.class)
                    .hasMessage("submit: 2 requests wait already; try again later, or send fewer at a time");
            assertThat(batcher.statistics().rejected()).isEqualTo(1);
            assertThat(batcher.statistics().waiting()).isEqualTo(2);
            Request late = batcher.request().deadline(Duration.ofMillis(5)).set(new float[Nets.IN]);
            assertThatThrownBy(late::run)
                    .isInstanceOf(DeadlineException.class)
                    .hasMessageContaining("the queue was full until the deadline");
            Future<float[]> waits = threads.submit(() -> batcher.predict(new float[Nets.IN]));
            Thread.sleep(20);
            assertThat(waits.isDone()).isFalse();
            release.set(true);
            assertThat(waits.get()).hasSize(Nets.OUT);
        } finally {
            release.set(true);
        }
    }

    @Test
    void deadlinesAndCancellation() throws Exception {
        AtomicBoolean release = new AtomicBoolean();
        float[] x = new Rng(1).normal(Nets.IN, 0, 1);
        try (MicroBatcher batcher = busy(release, Settings.of(4))) {
            Request late = batcher.request().deadline(Duration.ofMillis(5)).set(x);
            assertThatThrownBy(late::run)
                    .isInstanceOf(DeadlineException.class)
                    .hasMessageContaining("was not run before its deadline");
            Request canceled = batcher.request().set(x).submit();
            assertThat(canceled.cancel()).isTrue();
            assertThat(canceled.cancel()).isFalse();
            assertThatThrownBy(canceled::result).isInstanceOf(CancellationException.class);
            CompletableFuture<float[]> future = batcher.submit(x);
            future.cancel(false);
            Request twice = batcher.request().set(x).submit();
            assertThatThrownBy(twice::submit).hasMessageContaining("under way already");
            assertThatThrownBy(() -> twice.set(x)).hasMessageContaining("under way");
            Request again = batcher.request().set(x).submit();
            again.cancel();
            again.submit(); // in the place that it had
            AtomicReference<Exception> thrown = new AtomicReference<>();
            Thread waiting = new Thread(() -> {
                try {
                    batcher.predict(x);
                } catch (InterruptedException e) {
                    thrown.set(e);
                }
            });
            waiting.start();
            Nets.until(() -> batcher.statistics().waiting() == 6);
            waiting.interrupt();
            waiting.join();
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
            release.set(true);
            assertThat(floats(again.result())).containsExactly(floats(twice.result()));
            assertThat(floats(late.deadline(Duration.ofSeconds(50)).set(x).run()))
                    .hasSize(Nets.OUT);
            assertThat(floats(canceled.set(x).run())).hasSize(Nets.OUT);
            assertThat(batcher.statistics().late()).isEqualTo(1);
            assertThat(batcher.statistics().canceled()).isEqualTo(3);
        } finally {
            release.set(true);
        }
    }

    /** A future learns of a deadline, too. */
    @Test
    void aFutureIsLate() throws Exception {
        AtomicBoolean release = new AtomicBoolean();
        try (MicroBatcher batcher = busy(release, Settings.of(4))) {
            Request late = batcher.request()
                    .deadline(Duration.ofNanos(1))
                    .set(new float[Nets.IN])
                    .submit();
            release.set(true);
            assertThatThrownBy(late::result).isInstanceOf(DeadlineException.class);
        } finally {
            release.set(true);
        }
    }

    // ---- the whole

    /** What was submitted before the close is computed, and what comes later is refused. */
    @Test
    void closed() throws Exception {
        AtomicBoolean release = new AtomicBoolean();
        MicroBatcher batcher = busy(release, Settings.of(2).delay(Duration.ofMillis(1)));
        List<CompletableFuture<float[]>> all = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            all.add(batcher.submit(new float[Nets.IN]));
        }
        Future<?> closing = threads.submit(batcher::close);
        Nets.until(() -> {
            try {
                batcher.submit(new float[Nets.IN]);
                return false;
            } catch (IllegalStateException e) {
                return e.getMessage().contains("the batcher is closed");
            }
        });
        release.set(true);
        closing.get();
        for (CompletableFuture<float[]> f : all) {
            assertThat(f.get()).hasSize(Nets.OUT);
        }
        batcher.close();
        assertThatThrownBy(() -> batcher.predict(new float[Nets.IN])).hasMessageContaining("the batcher is closed");
        try (Plan next = Nets.vectors(2)) {
            assertThatThrownBy(() -> batcher.swap(next)).hasMessageContaining("the batcher is closed");
        }
    }

    /** A plan that takes fewer sizes is refused by all workers, and none of its sessions stays. */
    @Test
    void aSwapThatFailsChangesNothing() throws Exception {
        float[] x = new Rng(1).normal(Nets.IN, 0, 1);
        try (MicroBatcher batcher =
                        new MicroBatcher(Nets.vectors(0), Settings.of(4).workers(2));
                var model = Model.of(new Linear(Nets.IN, Nets.OUT), 1);
                Plan few = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0]),
                        Spec.of("input", Dim.BATCH, Nets.IN).batch(1, 2))) {
            float[] before = batcher.predict(x);
            long owned = Memory.stats().owned();
            assertThatThrownBy(() -> batcher.swap(few)).hasMessageContaining("batch=4 is outside");
            assertThat(Memory.stats().owned()).isLessThanOrEqualTo(owned);
            assertThat(batcher.predict(x)).containsExactly(before);
        }
    }

    @Test
    void aWorkerDoesNotCloseItsBatcher() throws Exception {
        AtomicReference<Exception> thrown = new AtomicReference<>();
        try (MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), Settings.of(2))) {
            Request request = batcher.request().set(new float[Nets.IN]);
            request.onDone(() -> {
                try {
                    batcher.close();
                } catch (IllegalStateException e) {
                    thrown.set(e);
                }
            });
            request.run();
            Nets.until(() -> thrown.get() != null);
        }
        assertThat(thrown.get()).hasMessageContaining("a worker cannot wait for itself");
    }

    @Test
    void aThousandSwapsUnderLoad() throws Exception {
        float[] x = new Rng(1).normal(Nets.IN, 0, 1);
        List<float[]> answers = Nets.answers(x);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicLong calls = new AtomicLong();
        try (MicroBatcher batcher =
                new MicroBatcher(Nets.vectors(0), Settings.of(4).workers(2).threads(1))) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 6; t++) {
                all.add(threads.submit(() -> {
                    Request request = batcher.request().set(x);
                    while (!ended.get()) {
                        float[] y = floats(request.run());
                        assertThat(answers).anyMatch(a -> Arrays.equals(a, y));
                        calls.incrementAndGet();
                    }
                    return null;
                }));
            }
            Nets.until(() -> calls.get() > 1000);
            long before = 0;
            for (int swap = 1; swap <= 1000; swap++) {
                batcher.swap(Nets.vectors(swap % 2));
                if (swap == 10) {
                    before = Memory.stats().owned();
                }
            }
            assertThat(Memory.stats().owned()).isLessThan(before + (1 << 20));
            assertThat(batcher.predict(x)).containsExactly(answers.get(0));
            ended.set(true);
            for (Future<?> f : all) {
                f.get();
            }
            assertThat(batcher.statistics().failed()).isZero();
        } finally {
            ended.set(true);
        }
    }

    /** A request that is used again takes nothing of the heap, neither where it is made nor where it is run. */
    @Test
    void allocatesNothing() throws Exception {
        var bean = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        float[] x = new float[Nets.IN];
        try (MicroBatcher batcher = new MicroBatcher(Nets.vectors(1), Settings.of(8))) {
            Request request = batcher.request();
            long worker = Arrays.stream(bean.getThreadInfo(bean.getAllThreadIds()))
                    .filter(t -> t != null && t.getThreadName().startsWith("fathom-batcher"))
                    .mapToLong(t -> t.getThreadId())
                    .max()
                    .orElseThrow();
            long mine = Long.MAX_VALUE;
            long theirs = Long.MAX_VALUE;
            for (int round = 0; round < 50 && (mine > 0 || theirs > 0); round++) {
                long before = bean.getCurrentThreadAllocatedBytes();
                long workerBefore = bean.getThreadAllocatedBytes(worker);
                long measuring = bean.getCurrentThreadAllocatedBytes() - before;
                for (int i = 0; i < 1000; i++) {
                    request.set(x).run();
                }
                mine = bean.getCurrentThreadAllocatedBytes() - before - measuring;
                theirs = bean.getThreadAllocatedBytes(worker) - workerBefore;
            }
            assertThat(mine).as("bytes of the caller").isZero();
            assertThat(theirs).as("bytes of the worker").isZero();
        }
    }

    /** Virtual threads, where the JDK has them. */
    @Test
    void virtualThreads() throws Exception {
        ExecutorService virtual;
        try {
            virtual = (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (NoSuchMethodException e) {
            System.out.println(
                    "SKIPPED virtual threads: JDK " + Runtime.version().feature() + " has none");
            return;
        }
        float[] x = new Rng(1).normal(Nets.IN, 0, 1);
        Plan plan = Nets.vectors(1);
        float[] expected = Nets.alone(plan, x);
        try (MicroBatcher batcher = new MicroBatcher(plan, Settings.of(32).capacity(64))) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 2000; t++) {
                all.add(virtual.submit(() -> {
                    assertThat(batcher.predict(x)).containsExactly(expected);
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } finally {
            virtual.shutdownNow();
        }
    }
}
