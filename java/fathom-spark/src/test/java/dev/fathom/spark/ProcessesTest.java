package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import dev.fathom.train.Scaling;
import dev.fathom.train.Scaling.Sum;
import dev.fathom.train.ShardTree;
import dev.fathom.train.Trainer;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What {@link Scaling} says of 2 and 4 workers beside processes of this machine, each of one thread, that exchange by
 * its loopback. These share caches, memory and cores with each other and with what sends, so it shows whether the
 * formula counts about the right bytes and messages, and nothing of a network. It counts a latency for each message,
 * which do not wait for each other, so that less may be measured. {@code ./fathom spark-test} runs it.
 */
@EnabledIfSystemProperty(named = "fathom.spark.cluster", matches = "true")
@Timeout(600)
class ProcessesTest {
    private static final int SHARDS = 4;
    private static final int WIDTH = 1024;

    /** What a process has measured, in seconds and bytes a second; latency and bandwidth are NaN of one alone. */
    private record Measured(double step, double latency, double bandwidth) {
        static Measured median(List<Measured> all) {
            return new Measured(
                    median(all.stream().mapToDouble(Measured::step)),
                    median(all.stream().mapToDouble(Measured::latency)),
                    median(all.stream().mapToDouble(Measured::bandwidth)));
        }

        static double median(DoubleStream values) {
            double[] sorted = values.sorted().toArray();
            return sorted[sorted.length / 2];
        }
    }

    @Test
    void theFormulaBesideProcesses() throws IOException {
        int parameters = 64 * WIDTH + WIDTH + WIDTH * WIDTH + WIDTH + WIDTH * 10 + 10;
        Measured one = Measured.median(run(1));
        Measured two = Measured.median(run(2));
        int cores = Runtime.getRuntime().availableProcessors();
        System.out.printf(
                Locale.ROOT,
                "%,d parameters, a step of %.4f s in one process; between two, a latency of %.0f µs and %.2f GB/s%n",
                parameters,
                one.step,
                two.latency * 1e6,
                two.bandwidth / 1e9);
        Scaling scaling = new Scaling(one.step, 0, 4.0 * parameters, 1, SHARDS, two.latency, two.bandwidth);
        for (int n : new int[] {2, 4}) {
            double measured = n == 2 ? two.step : Measured.median(run(n)).step;
            double exchange = scaling.exchange(Sum.MESH, n);
            double waiting = scaling.waiting(Sum.MESH, n);
            double computed = one.step / Math.min(n, cores) + waiting;
            System.out.printf(
                    Locale.ROOT,
                    "%d processes: computed %.4f s, of which %.4f s wait for an exchange of %.4f s; measured %.4f s%n",
                    n,
                    computed,
                    waiting,
                    exchange,
                    measured);
            assertThat(measured).isPositive();
        }
    }

    /** Starts so many processes, which find each other by the ports that they print. */
    private static List<Measured> run(int n) throws IOException {
        List<Process> jvms = new ArrayList<>();
        try {
            List<String> ports = new ArrayList<>();
            List<BufferedReader> printed = new ArrayList<>();
            for (int p = 0; p < n; p++) {
                List<String> command = new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dfathom.threads=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Worker.class.getName(),
                        "" + p,
                        "" + n));
                command.addAll(ports);
                Process jvm = new ProcessBuilder(command)
                        .redirectError(Redirect.INHERIT)
                        .start();
                jvms.add(jvm);
                printed.add(jvm.inputReader());
                ports.add(printed.get(p).readLine());
            }
            List<Measured> all = new ArrayList<>();
            for (BufferedReader lines : printed) {
                double[] numbers = Arrays.stream(lines.readLine().split(" "))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
                all.add(new Measured(numbers[0], numbers[1], numbers[2]));
            }
            return all;
        } finally {
            jvms.forEach(Process::destroyForcibly);
        }
    }

    /** One of the processes: its number, how many there are, and the ports of those before it. */
    static final class Worker {
        private Worker() {}

        public static void main(String[] args) {
            int process = Integer.parseInt(args[0]);
            int processes = Integer.parseInt(args[1]);
            try (AllReduce with =
                    new AllReduce(new Party("a", process, processes, SHARDS, ""), Duration.ofMinutes(2))) {
                System.out.println(with.port());
                with.connect(Arrays.stream(args)
                        .skip(2)
                        .map(port -> new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)))
                        .toList());
                double latency = processes == 1 ? Double.NaN : latency(with);
                double bandwidth = processes == 1 ? Double.NaN : bandwidth(with);
                System.out.println(step(with) + " " + latency + " " + bandwidth);
            }
        }

        /** Half of the time in which two add up one number: there and back, each has sent two messages. */
        private static double latency(AllReduce with) {
            ShardTree tree = new ShardTree(with.processes());
            return Measured.median(IntStream.range(0, 1000).mapToDouble(i -> {
                        long start = System.nanoTime();
                        with.sumNumbers(tree, List.of(new double[1]));
                        return (System.nanoTime() - start) / 1e9;
                    }))
                    / 2;
        }

        /** The bytes that each of two sends in a sum, which are those that it has, in a second. */
        private static double bandwidth(AllReduce with) {
            ShardTree tree = new ShardTree(with.processes());
            ByteBuffer bytes = ByteBuffer.allocateDirect(1 << 24).order(ByteOrder.nativeOrder());
            return bytes.capacity()
                    / Measured.median(IntStream.range(0, 20).mapToDouble(i -> {
                        long start = System.nanoTime();
                        with.sum(tree, List.of(bytes));
                        return (System.nanoTime() - start) / 1e9;
                    }));
        }

        private static double step(AllReduce with) {
            var net = new Sequential(
                    new Linear(64, WIDTH), Tensor::relu, new Linear(WIDTH, WIDTH), Tensor::relu, new Linear(WIDTH, 10));
            List<Double> seconds = new ArrayList<>();
            try (var model = Model.of(net, 1);
                    Dataset data = Dataset.of(new Rng(1).normal(64 * 512, 0, 1), Shape.of(64), new int[512])) {
                Trainer.of(model, Loss.crossEntropy(), new Adam(1e-4f))
                        .shards(SHARDS)
                        .exchange(with)
                        .callbacks(new Callback() {
                            private long before;

                            @Override
                            public void onStepEnd(Run run) {
                                long now = System.nanoTime();
                                if (run.progress().updates() > 100) {
                                    seconds.add((now - before) / 1e9);
                                }
                                before = now;
                            }
                        })
                        .fit(data.batches(256), 150);
            }
            return Measured.median(seconds.stream().mapToDouble(Double::doubleValue));
        }
    }
}
