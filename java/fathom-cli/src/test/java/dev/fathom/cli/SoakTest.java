package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.GcInfo;
import com.sun.management.UnixOperatingSystemMXBean;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.serve.DeadlineException;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Request;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.StreamPool;
import dev.fathom.serve.http.ServedModel;
import dev.fathom.serve.http.Service;
import dev.fathom.tensor.Next;
import dev.fathom.testing.SettledMemory;
import dev.fathom.view.Chart;
import dev.fathom.view.Plots;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service under load while plans are swapped, streams evicted, deadlines missed, and bad and huge requests come
 * between: for some seconds, or for as long as {@code -Dfathom.soak.minutes=30} says, which leaves {@code soak.csv} and
 * {@code soak.png} in the folder that {@code -Dfathom.pictures} names, or in {@code target}. {@code -Dfathom.soak.rate}
 * is the rate of the load.
 */
class SoakTest {
    private static final double MINUTES = Double.parseDouble(System.getProperty("fathom.soak.minutes", "0"));
    private static final double SECONDS = MINUTES > 0 ? 60 * MINUTES : 3;
    private static final double RATE = Double.parseDouble(System.getProperty("fathom.soak.rate", "300"));
    private static final int IN = 784;
    private static final String COLUMNS = "second,p50_ms,p99_ms,p99.9_ms,heap_mb,native_mb,resident_mb,threads,files";

    @TempDir
    Path temp;

    private final Map<String, AtomicLong> counts = Map.of(
            "swaps", new AtomicLong(),
            "evictions", new AtomicLong(),
            "late", new AtomicLong(),
            "bad", new AtomicLong(),
            "large", new AtomicLong());

    private volatile boolean ended;

    private void count(String what) {
        counts.get(what).incrementAndGet();
    }

    private static Plan mlp(int seed) {
        try (var model = Model.of(
                new Sequential(
                        new Linear(IN, 256).act(Activation.RELU),
                        new Linear(256, 128).act(Activation.RELU),
                        new Linear(128, 10)),
                seed)) {
            return Plan.freeze(model, Shape.of(1, IN));
        }
    }

    private static Plan stream() {
        try (var model = Model.of(Recurrent.lstm(2, 32), 1)) {
            return Plan.freeze(
                    model,
                    (net, in, state) -> {
                        Output out = net.run(in[0], state);
                        return new Next(out.steps(), out.state());
                    },
                    net -> net.state(2),
                    Spec.of("x", Dim.BATCH, 1, 2));
        }
    }

    @Test
    void soak() throws Exception {
        Path first = temp.resolve("first.plan");
        Path second = temp.resolve("second.plan");
        try (Plan a = mlp(1);
                Plan b = mlp(2)) {
            a.save(first);
            b.save(second);
        }
        List<double[]> rows = new ArrayList<>();
        long before = SettledMemory.owned();
        ExecutorService threads = Executors.newCachedThreadPool();
        try (Service service = Service.on(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .model(new ServedModel("net", Plan.open(first), Settings.of(32)))
                        .start();
                Plan recurrent = stream();
                StreamPool<Integer> streams = new StreamPool<>(8, () -> recurrent.newSession(1))) {
            streams.onEvict(key -> count("evictions"));
            MicroBatcher batcher = service.models().get("net").batcher();
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
            Load load = new Load(address, post(address, 1), RATE, 0, SECONDS, 16);
            List<Future<?>> others = List.of(
                    every(threads, 500, () -> {
                        batcher.swap(counts.get("swaps").get() % 2 == 0 ? Plan.load(second) : Plan.open(first));
                        count("swaps");
                        return null;
                    }),
                    every(
                            threads,
                            10,
                            () -> streams.with(
                                    (int) (System.nanoTime() / 1000 % 12),
                                    session -> session.set(new float[2]).batch())),
                    every(threads, 20, () -> {
                        late(batcher);
                        return null;
                    }),
                    every(threads, 50, () -> {
                        bad(address);
                        return null;
                    }),
                    every(threads, 1000, () -> {
                        Load.Result large = new Load(address, post(address, 2000), 1, 0, 1, 1).run(() -> {});
                        assertThat(large.statuses()).containsOnlyKeys(200);
                        count("large");
                        return null;
                    }));
            long begin = System.nanoTime();
            Load.Result result = load.run(() -> {
                double seconds = (System.nanoTime() - begin) * 1e-9;
                if (seconds >= rows.size() + 1 && seconds < SECONDS) {
                    rows.add(row(rows.size() + 1, load.interval()));
                }
            });
            ended = true;
            for (Future<?> each : others) {
                each.get();
            }
            assertThat(result.statuses()).containsOnlyKeys(200);
        } finally {
            ended = true;
            threads.shutdown();
        }
        assertThat(counts).allSatisfy((what, n) -> assertThat(n.get()).as(what).isPositive());
        assertThat(Memory.stats().owned()).isEqualTo(before);
        assertThat(rows.size()).isGreaterThan((int) (SECONDS * 0.5));
        write(rows);
        if (MINUTES >= 1) {
            for (int column = 4; column < rows.get(0).length; column++) { // after the JVM has grown
                assertThat(median(rows, column, 2))
                        .as(COLUMNS.split(",")[column])
                        .isLessThan(1.1 * median(rows, column, 1) + 8);
            }
        }
    }

    private static byte[] post(InetSocketAddress address, int examples) {
        String text = Arrays.toString(new float[IN * examples]);
        return Load.request(address, "/predict", "application/json", text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Does something again and again on a thread of its own, until the soak ends. */
    private Future<?> every(ExecutorService threads, int millis, Callable<?> action) {
        return threads.submit(() -> {
            while (!ended) {
                action.call();
                Thread.sleep(millis);
            }
            return null;
        });
    }

    /** A request that the worker has no time to begin. */
    private void late(MicroBatcher batcher) throws InterruptedException {
        Request request = batcher.request().set(new float[IN]).deadline(Duration.ofNanos(1));
        try {
            request.run();
        } catch (DeadlineException e) {
            count("late");
        }
    }

    private void bad(InetSocketAddress address) throws IOException {
        String[] requests = {
            "nonsense\r\n\r\n",
            "POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n[1, 2, 3",
            "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[1,",
            "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        };
        String request = requests[(int) (counts.get("bad").get() % requests.length)];
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(answer).doesNotContain(" 200 ", " 500 ");
        }
        count("bad");
    }

    // ---- what is seen

    private static double[] row(int second, Histogram times) {
        long heap = 0;
        GcInfo last = null;
        for (GarbageCollectorMXBean gc : ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class)) {
            GcInfo info = gc.getLastGcInfo();
            last = info != null && (last == null || info.getEndTime() > last.getEndTime()) ? info : last;
        }
        if (last != null) {
            for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
                if (pool.getType() == MemoryType.HEAP) {
                    heap += last.getMemoryUsageAfterGc().get(pool.getName()).getUsed();
                }
            }
        }
        long files = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? system.getOpenFileDescriptorCount()
                : 0;
        return new double[] {
            second,
            times.getValueAtPercentile(50) * 1e-6,
            times.getValueAtPercentile(99) * 1e-6,
            times.getValueAtPercentile(99.9) * 1e-6,
            heap / 1e6,
            Memory.stats().owned() / 1e6,
            resident() / 1e6,
            ManagementFactory.getThreadMXBean().getThreadCount(),
            files
        };
    }

    /** Bytes of memory of this process, or 0 where the system does not say. */
    private static long resident() {
        try {
            Path pages = Path.of("/proc/self/statm");
            return Files.exists(pages)
                    ? 4096 * Long.parseLong(Files.readString(pages).split(" ")[1])
                    : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /** The median of a column in the first, second or last third. */
    private static double median(List<double[]> rows, int column, int third) {
        int n = rows.size() / 3;
        double[] sorted = rows.subList(third * n, (third + 1) * n).stream()
                .mapToDouble(row -> row[column])
                .sorted()
                .toArray();
        return sorted[n / 2];
    }

    private void write(List<double[]> rows) throws IOException {
        Path folder = Path.of(System.getProperty("fathom.pictures", "target"));
        StringBuilder csv = new StringBuilder(COLUMNS + "\n");
        for (double[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                csv.append(i > 0 ? "," : "")
                        .append(String.format(Locale.ROOT, i > 0 && i < 7 ? "%.3f" : "%.0f", row[i]));
            }
            csv.append('\n');
        }
        Files.writeString(folder.resolve("soak.csv"), csv);
        double[] minutes = rows.stream().mapToDouble(row -> row[0] / 60).toArray();
        Chart times = new Chart("Time of an answer, ms", "minutes").logarithmic(false, true);
        Chart memory = new Chart("Memory, MB", "minutes").logarithmic(false, true);
        Chart things = new Chart("Threads and open files", "minutes");
        String[] names = {"p50", "p99", "p99.9", "heap after collection", "native", "process", "threads", "files"};
        for (int i = 0; i < names.length; i++) {
            int column = i + 1;
            (i < 3 ? times : i < 6 ? memory : things)
                    .line(
                            names[i],
                            minutes,
                            rows.stream().mapToDouble(row -> row[column]).toArray());
        }
        Plots.write(Chart.panels(1, List.of(times, memory, things)), folder.resolve("soak.png"));
        System.out.println(counts + ", " + folder.resolve("soak.png").toAbsolutePath());
    }
}
