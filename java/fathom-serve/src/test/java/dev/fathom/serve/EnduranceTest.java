package dev.fathom.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.memory.Memory;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a service does for months, for some seconds here, or for as long as {@code -Dfathom.soak.minutes=1} says. */
class EnduranceTest {
    private static final double MINUTES = Double.parseDouble(System.getProperty("fathom.soak.minutes", "0"));
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    private static long until(int seconds) {
        return System.nanoTime() + (MINUTES > 0 ? (long) (MINUTES * 60 * SECOND) : seconds * SECOND);
    }

    /** 64 threads ask one plan in every way that there is, and get the same bits. */
    @Test
    void manyThreadsOnOnePlan() throws Exception {
        int callers = 64;
        Plan plan = Nets.vectors(1);
        List<float[]> x = new ArrayList<>();
        List<float[]> expected = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            x.add(new Rng(i).normal(Nets.IN, 0, 1));
            expected.add(Nets.alone(plan, x.get(i)));
        }
        AtomicLong answers = new AtomicLong();
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        try (MicroBatcher batcher = new MicroBatcher(plan, Settings.of(16).workers(2));
                SessionPool pool = new SessionPool(4, () -> plan.newSession(1))) {
            long end = until(2);
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < callers; t++) {
                int first = t;
                all.add(threads.submit(() -> {
                    try (Session mine = plan.newSession(1)) {
                        for (int i = first; System.nanoTime() < end; i++) {
                            float[] in = x.get(i % callers);
                            float[] out = switch (i % 4) {
                                case 0 -> plan.predict(in);
                                case 1 -> batcher.predict(in);
                                case 2 -> pool.with(session -> Nets.answer(session, in));
                                default -> Nets.answer(mine, in);
                            };
                            assertThat(out).containsExactly(expected.get(i % callers));
                            answers.incrementAndGet();
                        }
                        return null;
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(answers.get()).isGreaterThan(callers);
        System.out.printf("64 threads: %,d answers%n", answers.get());
    }

    /** Sessions, plans, pools, streams and batchers that come and go leave no memory and no thread behind. */
    @Test
    void comingAndGoing() throws Exception {
        float[] x = new Rng(1).normal(Nets.IN, 0, 1);
        try (Plan plan = Nets.vectors(1);
                Plan stream = Nets.stream()) {
            Path file = folder.resolve("net.plan");
            plan.save(file);
            float[] expected = Nets.alone(plan, x);
            long end = MINUTES > 0 ? Long.MAX_VALUE : until(3);
            int most = 100_000;
            long[] warm = {};
            int cycles = 0;
            for (; cycles < most && System.nanoTime() < end; cycles++) {
                if (cycles == (MINUTES > 0 ? most / 10 : 10)) {
                    warm = memory();
                }
                cycle(cycles % 5, file, plan, stream, expected, x);
            }
            long[] now = memory();
            System.out.printf(
                    "%,d cycles: native %,d to %,d bytes, heap %,d to %,d, the rest %,d to %,d, threads %d to %d%n",
                    cycles, warm[0], now[0], warm[1], now[1], warm[2], now[2], warm[3], now[3]);
            assertThat(cycles).isGreaterThan(50);
            assertThat(now[0]).isEqualTo(warm[0]);
            assertThat(now[1]).isLessThan(warm[1] + (4 << 20));
            assertThat(now[3]).isLessThan(warm[3] + 4); // of the JVM, such as a compiler's
            if (MINUTES > 0) { // a collector has some 150 MB more or less; 3 KB of each cycle would be more
                assertThat(now[2]).isLessThan(warm[2] + (256 << 20));
            }
        }
    }

    private static void cycle(int kind, Path file, Plan plan, Plan stream, float[] expected, float... x)
            throws Exception {
        switch (kind) {
            case 0 -> {
                try (Session session = plan.newSession(1)) {
                    assertThat(Nets.answer(session, x)).containsExactly(expected);
                }
            }
            case 1 -> {
                try (Plan mine = Plan.open(file)) {
                    assertThat(mine.predict(x)).containsExactly(expected);
                }
            }
            case 2 -> {
                try (SessionPool pool = new SessionPool(2, () -> plan.newSession(1))) {
                    float[] y = pool.with(session -> Nets.answer(session, x));
                    assertThat(y).containsExactly(expected);
                }
            }
            case 3 -> {
                try (StreamPool<Integer> streams = new StreamPool<>(2, () -> stream.newSession(1))) {
                    for (int key = 0; key < 3; key++) { // the third evicts the first
                        streams.with(key, session -> session.set(new float[2]).batch());
                    }
                }
            }
            default -> {
                try (MicroBatcher batcher = new MicroBatcher(Plan.load(file), Settings.of(2))) {
                    assertThat(batcher.predict(x)).containsExactly(expected);
                    batcher.swap(Plan.open(file));
                    assertThat(batcher.predict(x)).containsExactly(expected);
                }
            }
        }
    }

    /** Bytes of native memory, of the heap and of the process beside its heap, and threads. */
    private static long[] memory() throws IOException {
        System.gc();
        Path status = Path.of("/proc/self/statm");
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        return new long[] {
            Memory.stats().owned(),
            heap.getUsed(),
            Files.exists(status)
                    ? 4096 * Long.parseLong(Files.readString(status).split(" ")[1]) - heap.getCommitted()
                    : 0,
            ManagementFactory.getThreadMXBean().getThreadCount()
        };
    }
}
