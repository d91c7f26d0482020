package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.ShardTree;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that add up what they have, which here are threads as a rule. */
@Timeout(60)
class AllReduceTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final int SHARDS = 12;

    @TempDir
    Path files;

    private static AllReduce process(int process, int processes, Duration patience) {
        return new AllReduce(new Party("a", process, processes, SHARDS, "1.0"), patience);
    }

    private static List<InetSocketAddress> addresses(List<AllReduce> all) {
        return all.stream()
                .map(a -> new InetSocketAddress(InetAddress.getLoopbackAddress(), a.port()))
                .toList();
    }

    /** Connects them and runs something in each, on threads of their own; what it throws is its result. */
    private static List<Object> run(List<AllReduce> all, Function<AllReduce, Object> body) {
        List<InetSocketAddress> addresses = addresses(all);
        List<CompletableFuture<Object>> running = all.stream()
                .map(each -> CompletableFuture.supplyAsync(
                                () -> {
                                    try (each) {
                                        return body.apply(each.connect(addresses));
                                    }
                                },
                                r -> new Thread(r, "process " + each.process()).start())
                        .exceptionally(e -> e.getCause()))
                .toList();
        return running.stream().map(CompletableFuture::join).toList();
    }

    private static List<Object> run(int processes, Duration patience, Function<AllReduce, Object> body) {
        return run(
                IntStream.range(0, processes)
                        .mapToObj(p -> process(p, processes, patience))
                        .toList(),
                body);
    }

    private static List<String> sentences(List<Object> thrown) {
        assertThat(thrown).allMatch(each -> each instanceof IllegalStateException);
        return thrown.stream().map(each -> ((Throwable) each).getMessage()).toList();
    }

    // ---- sums

    private static ByteBuffer floats(int seed, int size) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder());
        Rng rng = new Rng(seed);
        float[] values = rng.normal(size, 0, 1);
        for (int i = 0; i < size; i++) { // of magnitudes that make the order matter
            values[i] *= (float) Math.pow(10, seed % 7 - 3);
        }
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    private static double[] numbers(int seed, int size) {
        return new Rng(seed).doubles(size);
    }

    /** What each process has for its nodes: of seeds that no other node has. */
    private static <T> List<T> nodes(ShardTree tree, int process, int processes, Function<Integer, T> node) {
        return tree.nodes(tree.share(process, processes)).stream()
                .map(span -> node.apply(100 * span.from() + span.to()))
                .toList();
    }

    private static <T> List<T> all(ShardTree tree, int processes, Function<Integer, T> node) {
        return IntStream.range(0, processes)
                .boxed()
                .flatMap(p -> nodes(tree, p, processes, node).stream())
                .toList();
    }

    private static ByteBuffer add(ByteBuffer left, ByteBuffer right) {
        ShardTree.add(left, right);
        return left;
    }

    private static double[] add(double[] left, double[] right) {
        for (int i = 0; i < left.length; i++) {
            left[i] += right[i];
        }
        return left;
    }

    /** In turn sums of floats and of numbers; 786,433 floats take several rounds. */
    @ParameterizedTest
    @CsvSource({"1, 12", "2, 12", "3, 12", "4, 12", "2, 16", "4, 16", "3, 33", "4, 1000"})
    void everyProcessHasTheBitsOfTheTree(int processes, int shards) {
        ShardTree tree = new ShardTree(shards);
        int[] sizes = {1, 2, 3, 7, 1009, 786_433, 5};
        List<AllReduce> all = IntStream.range(0, processes)
                .mapToObj(p -> new AllReduce(new Party("a", p, processes, shards, ""), LONG))
                .toList();
        List<Object> results = run(all, with -> {
            List<Object> found = new ArrayList<>();
            for (int size : sizes) {
                int seed = size;
                List<ByteBuffer> mine = nodes(tree, with.process(), processes, n -> floats(n + seed, size));
                with.sum(tree, mine);
                found.add(mine.get(0));
                List<double[]> numbers = nodes(tree, with.process(), processes, n -> numbers(n, Math.min(size, 9999)));
                with.sumNumbers(tree, numbers);
                found.add(numbers.get(0));
            }
            return found;
        });
        List<Object> expected = new ArrayList<>();
        for (int size : sizes) {
            expected.add(tree.sum(all(tree, processes, n -> floats(n + size, size)), processes, AllReduceTest::add));
            expected.add(tree.sum(
                    all(tree, processes, n -> numbers(n, Math.min(size, 9999))), processes, AllReduceTest::add));
        }
        for (Object result : results) {
            List<?> found = (List<?>) result;
            for (int i = 0; i < expected.size(); i++) {
                assertThat(found.get(i)).isEqualTo(expected.get(i));
            }
        }
    }

    // ---- sums of rounded gradients

    private static float rounded(float x) {
        ByteBuffer two = ByteBuffer.allocate(2);
        DType.BF16.put(two, 0, x);
        return (float) DType.BF16.get(two, 0);
    }

    /**
     * Of two processes with a node each, one rounds its own and the other one the sum of both, or the other way round.
     */
    @Test
    void gradientsAreRoundedOnTheirWay() {
        ShardTree tree = new ShardTree(2);
        float[] special = {
            Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE, -0f, 0, 1, -1, 0x1.01p0f, 0x1.03p0f, -0x1.010002p0f
        };
        for (int size : new int[] {1, 7, special.length, 786_433}) {
            List<AllReduce> two = IntStream.range(0, 2)
                    .mapToObj(p -> new AllReduce(new Party("a", p, 2, 2, ""), LONG).gradients(DType.BF16))
                    .toList();
            List<ByteBuffer> ours = List.of(floats(1, size), floats(2, size));
            if (size == special.length) {
                ours.forEach(each -> each.asFloatBuffer().put(special));
            }
            List<Object> sums = run(two, with -> {
                ByteBuffer mine = ByteBuffer.allocateDirect(4 * size)
                        .order(ByteOrder.nativeOrder())
                        .put(ours.get(with.process()).duplicate())
                        .flip();
                with.sumGradients(tree, List.of(mine));
                return mine;
            });
            assertThat(sums.get(1)).isEqualTo(sums.get(0));
            int wrong = 0;
            for (int i = 0; i < size; i++) {
                float a = ours.get(0).getFloat(4 * i);
                float b = ours.get(1).getFloat(4 * i);
                float sum = ((ByteBuffer) sums.get(0)).getFloat(4 * i);
                boolean right = Float.compare(sum, rounded(rounded(a) + b)) == 0
                        || Float.compare(sum, rounded(a + rounded(b))) == 0;
                wrong += right ? 0 : 1;
            }
            assertThat(wrong).isZero();
        }
    }

    /** Passes on what a process sends to another one and back, and counts it. */
    private static final class Relay implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final AtomicLong bytes = new AtomicLong();

        Relay(int port) throws IOException {
            new Thread(
                            () -> {
                                try (Socket caller = server.accept();
                                        Socket called = new Socket(InetAddress.getLoopbackAddress(), port)) {
                                    Thread back = new Thread(() -> pass(called, caller), "relay back");
                                    back.start();
                                    pass(caller, called);
                                    back.join();
                                } catch (IOException | InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                            },
                            "relay")
                    .start();
        }

        private void pass(Socket from, Socket to) {
            byte[] some = new byte[1 << 16];
            try {
                for (int n = from.getInputStream().read(some);
                        n >= 0;
                        n = from.getInputStream().read(some)) {
                    bytes.addAndGet(n);
                    to.getOutputStream().write(some, 0, n);
                }
                to.shutdownOutput();
            } catch (IOException e) {
                // one of them is gone
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    /** How many bytes two processes send each other to add up 100,000 gradients, and all around it. */
    private static long sent(DType gradients) throws IOException {
        try (AllReduce first = process(0, 2, LONG).gradients(gradients);
                AllReduce second = process(1, 2, LONG).gradients(gradients);
                Relay relay = new Relay(first.port())) {
            List<InetSocketAddress> addresses =
                    List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), relay.server.getLocalPort()));
            ShardTree tree = new ShardTree(2);
            List<CompletableFuture<Void>> both = List.of(first, second).stream()
                    .map(with -> CompletableFuture.runAsync(
                            () -> {
                                with.connect(addresses).sumGradients(tree, List.of(floats(with.process(), 100_000)));
                                with.sumNumbers(tree, List.of(new double[1])); // nobody leaves sooner
                            },
                            r -> new Thread(r).start()))
                    .toList();
            both.forEach(CompletableFuture::join);
            return relay.bytes.get();
        }
    }

    @Test
    void roundedGradientsTakeHalfTheBytes() throws IOException {
        long whole = sent(DType.F32);
        assertThat(whole).isBetween(800_000L, 801_000L);
        assertThat(whole - sent(DType.BF16)).isEqualTo(400_000);
    }

    @Test
    void aTrainingOfRoundedGradientsComesNearTheExactOne() {
        double exact = train(null, files.resolve("exact"));
        List<byte[]> weights = new ArrayList<>();
        for (int again = 0; again < 2; again++) {
            List<Object> losses =
                    run(2, LONG, with -> train(with.gradients(DType.BF16), files.resolve("process" + with.process())));
            assertThat(losses.get(0)).isEqualTo(losses.get(1));
            assertThat((double) losses.get(0))
                    .isCloseTo(exact, within(0.01 * exact))
                    .isNotEqualTo(exact);
            weights.add(bytes(files.resolve("process0")));
            weights.add(bytes(files.resolve("process1")));
        }
        assertThat(weights).allMatch(each -> Arrays.equals(each, weights.get(0)));
        assertThat(weights.get(0)).isNotEqualTo(bytes(files.resolve("exact")));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- processes that do not fit

    @Test
    void onesOfAnotherVersionAreRefused() {
        List<Object> thrown = run(
                List.of(process(0, 2, LONG), new AllReduce(new Party("a", 1, 2, SHARDS, "1.1"), LONG)), with -> "ran");
        assertThat(sentences(thrown))
                .containsOnly("exchange: process 1 of 2 with 12 shards and Fathom 1.1 does not fit process 0 of 2 with"
                        + " 12 shards and Fathom 1.0; start all with one program and one version");
    }

    @Test
    void onesWithOtherNumbersAreRefused() {
        List<Object> thrown =
                run(List.of(process(0, 3, LONG), process(1, 3, LONG), process(2, 4, LONG)), with -> "ran");
        assertThat(sentences(thrown).get(2)) // by the one that it reaches first
                .matches("exchange: process 2 of 4 with 12 shards and Fathom 1.0 does not fit process [01] of 3 .*");
        thrown = run(List.of(process(0, 2, LONG), process(1, 3, LONG)), with -> "ran");
        assertThat(sentences(thrown).get(0)).contains("does not fit process 0 of 2");
        thrown = run(List.of(process(0, 3, LONG), process(1, 3, LONG), process(1, 3, LONG)), with -> "ran");
        assertThat(sentences(thrown).get(0)).contains("two processes say that they are process 1");
    }

    @Test
    void aCallerOfAnotherRunIsSentAwayWithoutHarm() {
        try (AllReduce first = process(0, 2, LONG);
                AllReduce second = process(1, 2, LONG);
                AllReduce other = new AllReduce(new Party("b", 1, 2, SHARDS, "1.0"), LONG)) {
            List<InetSocketAddress> addresses = addresses(List.of(first, other));
            assertThatThrownBy(() -> other.connect(addresses))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "exchange: process 1 of the run b called process 0 of 2 with 12 shards and Fathom 1.0 of"
                                    + " another run; give each process the addresses of its own run");
            assertThat(run(List.of(first, second), AllReduceTest::summed)).containsExactly(3f, 3f);
        }
    }

    /** Adds 1 of the first process and 2 of the second. */
    private static Object summed(AllReduce with) {
        ByteBuffer one = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
        List<ByteBuffer> nodes = new ArrayList<>(List.of(one.putFloat(0, with.process() + 1)));
        ShardTree tree = new ShardTree(SHARDS);
        while (nodes.size()
                < tree.nodes(tree.share(with.process(), with.processes())).size()) {
            nodes.add(ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()));
        }
        with.sum(tree, nodes);
        return one.getFloat(0);
    }

    @Test
    void garbageIsSentAwayWithoutHarm() throws IOException {
        try (AllReduce first = process(0, 2, LONG);
                AllReduce second = process(1, 2, LONG);
                Socket silent = new Socket(InetAddress.getLoopbackAddress(), first.port())) {
            ByteBuffer huge =
                    ByteBuffer.allocate(12).putLong(0x666174686f6d3031L).putInt(Integer.MAX_VALUE);
            ByteBuffer words = ByteBuffer.allocate(17)
                    .putLong(0x666174686f6d3031L)
                    .putInt(5)
                    .put("hello".getBytes(StandardCharsets.UTF_8));
            for (byte[] bytes : List.of(
                    "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8),
                    huge.array(),
                    words.array(),
                    new byte[70_000])) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), first.port())) {
                    socket.setSoTimeout(10_000);
                    socket.getOutputStream().write(bytes);
                    assertThat(ends(socket)).isTrue();
                }
            }
            assertThat(run(List.of(first, second), AllReduceTest::summed)).containsExactly(3f, 3f);
            silent.setSoTimeout(10_000);
            assertThat(ends(silent)).isTrue();
        }
    }

    /** While process 0 waits for another one. */
    @ParameterizedTest
    @ValueSource(ints = {1 << 20, Integer.MAX_VALUE, -1})
    void oneThatPromisesMoreThanItSendsIsNamed(int bytes) throws IOException {
        byte[] party = new Party("a", 1, 3, SHARDS, "1.0").text().getBytes(StandardCharsets.UTF_8);
        try (AllReduce first = process(0, 3, LONG)) {
            try (Socket second = new Socket(InetAddress.getLoopbackAddress(), first.port())) {
                second.getOutputStream()
                        .write(ByteBuffer.allocate(12 + party.length + Frame.SIZE)
                                .putLong(0x666174686f6d3031L)
                                .putInt(party.length)
                                .put(party)
                                .put(Frame.of(Frame.Kind.NODES_OF_FLOATS, bytes).head())
                                .array());
                second.shutdownOutput();
                assertThatThrownBy(() -> first.connect(List.of()))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageMatching("exchange: process 1 at .* is gone, so process 0 cannot go on");
            }
        }
    }

    private static boolean ends(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException e) {
            return e.getMessage().contains("reset");
        }
    }

    @Test
    void oneThatDoesNotComeIsNamed() throws IOException {
        try (AllReduce first = process(0, 3, SHORT);
                Socket stranger = new Socket(InetAddress.getLoopbackAddress(), first.port())) {
            stranger.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(() -> first.connect(List.of()))
                    .hasMessageMatching("exchange: process 1 is not there after 2.0 s, which is as long as the patience"
                            + " of process 0 of 3 with 12 shards and Fathom 1.0; a stranger called from /127.0.0.1:\\d+"
                            + " and was sent away");
            assertThatThrownBy(() -> summed(first)).hasMessageContaining("process 1 is not there");
        }
        AllReduce gone = process(0, 2, LONG);
        List<InetSocketAddress> addresses = addresses(List.of(gone, gone));
        gone.close();
        gone.close();
        try (AllReduce second = process(1, 2, LONG)) {
            // a close waits for nothing, so that the system may still take a call
            assertThatThrownBy(() -> second.connect(addresses))
                    .hasMessageMatching("(?s)exchange: process (1 cannot reach process 0: .*"
                            + "|0 at .* has closed the connection that process 1 made)");
        }
    }

    // ---- processes that fail

    /** Lets process 1 do something else before its third sum, and returns the sentences of the others. */
    private static List<String> others(int processes, Duration patience, Consumer<AllReduce> other) {
        List<Object> results = new ArrayList<>(run(processes, patience, with -> {
            summed(with);
            summed(with);
            if (with.process() == 1) {
                other.accept(with);
                return "left";
            }
            return summed(with);
        }));
        results.remove(1);
        return sentences(results);
    }

    @Test
    void oneThatIsGoneIsNamedByAll() {
        assertThat(others(4, LONG, AllReduce::close))
                .hasSize(3)
                .allMatch(each ->
                        each.matches("exchange: process 1 at .*127.0.0.1:\\d+ is gone, so process [023] cannot go on"));
    }

    @Test
    void oneThatIsSilentIsNamedByAll() {
        assertThat(others(4, SHORT, with -> pause(2 * SHORT.toMillis())))
                .hasSize(3)
                .allMatch(each -> each.matches(
                        "exchange: process 1 at .*127.0.0.1:\\d+ was silent for 2.0 s while process [023] waited for it,"
                                + " which is as long as its patience"));
    }

    @Test
    void oneThatFailsOrEndsTheRunSaysWhy() {
        assertThat(others(4, LONG, with -> with.fail(new IOException("the disk is full"))))
                .containsExactly(
                        "exchange: process 1 has failed: java.io.IOException: the disk is full",
                        "exchange: process 1 has failed: java.io.IOException: the disk is full",
                        "exchange: process 1 has failed: java.io.IOException: the disk is full");
        List<Object> ended = run(4, LONG, with -> {
            summed(with);
            if (with.process() == 1) {
                with.end("the loss is NaN");
            }
            return summed(with);
        });
        ended = List.of(ended.get(0), ended.get(2), ended.get(3));
        assertThat(ended).allMatch(each -> each instanceof AllReduce.End);
        assertThat(sentences(ended)).containsOnly("the loss is NaN");
    }

    /** Process 0 waits longer than its patience for process 2, which tells it that it waits itself. */
    @Test
    void oneThatWaitsIsNotSilent() {
        assertThat(run(3, SHORT, with -> {
                    pause(new int[] {0, 2800, 1400}[with.process()]);
                    return summed(with);
                }))
                .containsExactly(6f, 6f, 6f);
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void oneAtAnotherCallIsNamedByAll() {
        ShardTree tree = new ShardTree(SHARDS);
        List<Consumer<AllReduce>> differences = List.of(
                with -> {
                    List<double[]> numbers = nodes(tree, 1, with.processes(), n -> new double[7]);
                    with.sumNumbers(tree, numbers);
                },
                with -> with.sum(tree, nodes(tree, 1, with.processes(), n -> floats(n, 100))));
        for (Consumer<AllReduce> difference : differences) {
            List<Object> thrown = run(3, LONG, with -> {
                summed(with);
                if (with.process() == 1) {
                    difference.accept(with);
                } else {
                    with.sum(tree, nodes(tree, with.process(), 3, n -> floats(n, 99)));
                }
                return "summed";
            });
            assertThat(sentences(thrown))
                    .allMatch(each -> each.matches(
                            "exchange: process \\d at .* sent \\d+ bytes of nodes of (floats|numbers) from \\d+ of \\d+ on in call"
                                    + " 1 where process \\d expected .*; let all processes compute the same steps of the same"
                                    + " model"));
        }
    }

    @Test
    void oneThatIsInterruptedEndsTheOthers() {
        List<Object> thrown = run(2, LONG, with -> {
            summed(with);
            if (with.process() == 0) {
                Thread.currentThread().interrupt();
            }
            summed(with);
            return summed(with);
        });
        assertThat(sentences(thrown)).containsOnly("exchange: process 0 was interrupted");
    }

    @Test
    void anotherNumberOfShardsIsRefused() {
        List<Object> thrown = run(1, LONG, with -> {
            with.sum(new ShardTree(5), List.of(floats(1, 1)));
            return "summed";
        });
        assertThat(thrown.get(0)).isInstanceOf(IllegalArgumentException.class);
        try (AllReduce alone = process(0, 1, LONG)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> alone.sum(new ShardTree(5), List.of(floats(1, 1))))
                    .withMessage("exchange: 1 nodes of ShardTree[shards=5] do not fit process 0 of 1 with 12 shards and"
                            + " Fathom 1.0; give the trainer as many shards");
        }
    }

    // ---- trainings

    /** Trains, and returns the loss of the last epoch. */
    private static double train(@Nullable AllReduce with, Path file, Callback... callbacks) {
        float[] x = new Rng(1).normal(8 * 96, 0, 1);
        int[] labels = IntStream.range(0, 96).map(i -> x[8 * i] > 0 ? 1 : 0).toArray();
        var net = new Sequential(
                new Linear(8, 16), new BatchNorm(16), Tensor::relu, new Dropout(0.2f), new Linear(16, 2));
        try (var model = Model.of(net, 1);
                Dataset data = Dataset.of(x, Shape.of(8), labels)) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(0.01f))
                    .metrics(Metric.accuracy())
                    .shards(SHARDS)
                    .callbacks(callbacks);
            Run run = (with == null ? trainer : trainer.exchange(with))
                    .fit(data.shuffled(3).batches(24), data, 2);
            model.save(file);
            return run.epochs().get(1).value("loss");
        }
    }

    /** Another process, which listens, and trains when it has read where this one does. */
    private Process jvm(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dfathom.isa=" + System.getProperty("fathom.isa", ""),
                "-cp",
                System.getProperty("java.class.path"),
                Other.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(files.resolve("printed.txt").toFile())
                .start();
    }

    /** Trains as process 0, while a JVM is process 1. */
    private void withJvm(BiFunction<AllReduce, Process, Void> body, String... more) throws Exception {
        try (AllReduce first = process(0, 2, LONG)) {
            List<String> arguments = new ArrayList<>(
                    List.of("" + first.port(), files.resolve("other").toString()));
            arguments.addAll(List.of(more));
            Process jvm = jvm(arguments.toArray(String[]::new));
            try {
                body.apply(first.connect(List.of()), jvm);
            } finally {
                jvm.destroyForcibly();
            }
        }
    }

    @Test
    void twoJvmsEndWithTheBitsOfOne() throws Exception {
        withJvm((first, jvm) -> {
            train(first, files.resolve("first"));
            try {
                assertThat(jvm.waitFor(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return null;
        });
        assertThat(files.resolve("printed.txt")).hasContent("");
        train(null, files.resolve("alone"));
        assertThat(files.resolve("first")).hasSameBinaryContentAs(files.resolve("alone"));
        assertThat(files.resolve("other")).hasSameBinaryContentAs(files.resolve("alone"));
    }

    @Test
    void oneThatIsKilledInTheMiddleEndsTheOther() throws Exception {
        withJvm(
                (first, jvm) -> {
                    assertThatThrownBy(() -> train(first, files.resolve("first")))
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageMatching("exchange: process 1 at .* is gone.*, so process 0 cannot go on");
                    return null;
                },
                "dies");
        assertThat(files.resolve("first")).doesNotExist();
        assertThat(Files.readString(files.resolve("printed.txt"))).isEmpty();
    }

    /** Process 1, which dies in its second epoch if it is told to. */
    static final class Other {
        private Other() {}

        public static void main(String[] args) {
            try (AllReduce with = process(1, 2, LONG)) {
                with.connect(
                        List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]))));
                train(with, Path.of(args[1]), new Callback() {
                    @Override
                    public void onStepEnd(Run run) {
                        if (args.length > 2 && run.progress().updates() == 7) {
                            Runtime.getRuntime().halt(1);
                        }
                    }
                });
            }
        }
    }
}
