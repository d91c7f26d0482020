package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Grad;
import dev.fathom.op.JavaCopy;
import dev.fathom.op.Shape;
import dev.fathom.optim.Group;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several processes that share the shards of a batch end with the bits of one. */
@Timeout(120)
class ExchangeTest {
    /** Process 0 adds up what the others send it, and sends them the sum. */
    record Star(int process, int processes, List<SocketChannel> links) implements Exchange, AutoCloseable {
        /** The one in the middle waits for the others. */
        static Star middle(ServerSocketChannel server, int processes) throws IOException {
            SocketChannel[] links = new SocketChannel[processes - 1];
            for (int i = 0; i < links.length; i++) {
                SocketChannel link = server.accept();
                ByteBuffer number = ByteBuffer.allocate(1);
                link.read(number);
                links[number.get(0) - 1] = link;
            }
            return new Star(0, processes, List.of(links));
        }

        static Star at(int process, int processes, int port) throws IOException {
            SocketChannel link = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            link.write(ByteBuffer.wrap(new byte[] {(byte) process}));
            return new Star(process, processes, List.of(link));
        }

        @Override
        public void sum(ShardTree tree, List<ByteBuffer> nodes) {
            sum(tree, nodes, (a, b) -> {
                ShardTree.add(a, b);
                return a;
            });
        }

        @Override
        public void sumNumbers(ShardTree tree, List<double[]> nodes) {
            List<ByteBuffer> bytes = new ArrayList<>();
            for (double[] node : nodes) {
                ByteBuffer b = room(Double.BYTES * node.length);
                b.asDoubleBuffer().put(node);
                bytes.add(b);
            }
            sum(tree, bytes, (a, b) -> {
                for (int i = 0; i < a.limit(); i += Double.BYTES) {
                    a.putDouble(i, a.getDouble(i) + b.getDouble(i));
                }
                return a;
            });
            bytes.get(0).asDoubleBuffer().get(nodes.get(0));
        }

        private void sum(ShardTree tree, List<ByteBuffer> nodes, BinaryOperator<ByteBuffer> add) {
            ByteBuffer first = nodes.get(0);
            if (process > 0) {
                nodes.forEach(n -> send(links.get(0), n));
                receive(links.get(0), first);
                return;
            }
            List<ByteBuffer> all = new ArrayList<>(nodes);
            for (int p = 1; p < processes; p++) {
                for (int n = tree.nodes(tree.share(p, processes)).size(); n > 0; n--) {
                    ByteBuffer other = room(first.remaining());
                    receive(links.get(p - 1), other);
                    all.add(other);
                }
            }
            assertThat(tree.sum(all, processes, add)).isSameAs(first);
            links.forEach(link -> send(link, first));
        }

        private static ByteBuffer room(int bytes) {
            return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }

        private static void send(SocketChannel link, ByteBuffer bytes) {
            try {
                for (ByteBuffer b = bytes.duplicate(); b.hasRemaining(); ) {
                    link.write(b);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("exchange: another process is gone", e);
            }
        }

        private static void receive(SocketChannel link, ByteBuffer to) {
            try {
                for (ByteBuffer b = to.duplicate(); b.hasRemaining(); ) {
                    if (link.read(b) < 0) {
                        throw new EOFException("end of the stream");
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("exchange: another process is gone", e);
            }
        }

        @Override
        public void close() {
            for (SocketChannel link : links) {
                try {
                    link.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** Runs a training in each of some processes, which here are threads with models of their own. */
    static <T> List<T> processes(int n, Function<Exchange, T> training) throws IOException {
        try (ServerSocketChannel server = server()) {
            int port = port(server);
            List<CompletableFuture<T>> others = new ArrayList<>();
            for (int i = 1; i < n; i++) {
                int process = i;
                others.add(CompletableFuture.supplyAsync(
                        () -> {
                            try (Star star = Star.at(process, n, port)) {
                                return training.apply(star);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        r -> new Thread(r, "process " + process).start()));
            }
            List<T> all = new ArrayList<>();
            try (Star star = Star.middle(server, n)) {
                all.add(training.apply(star));
            } finally {
                others.forEach(o -> o.exceptionally(e -> null).join());
            }
            others.forEach(o -> all.add(o.join()));
            return all;
        }
    }

    private static ServerSocketChannel server() throws IOException {
        return ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private static int port(ServerSocketChannel server) throws IOException {
        return ((InetSocketAddress) server.getLocalAddress()).getPort();
    }

    // ---- bits

    private static ShardsTest.Left pictures(UnaryOperator<Trainer<Sequential>> settings) {
        try (var model = Model.of(ShardsTest.convnet(), 1);
                Dataset data = ShardsTest.pictures()) {
            return ShardsTest.left(
                    model,
                    settings.apply(ShardsTest.pictureTrainer(model))
                            .fit(data.shuffled(3).batches(24).scaleLast(), data, 2));
        }
    }

    private static ShardsTest.Left sentences(UnaryOperator<Trainer<Sequential>> settings) {
        try (var model = Model.of(ShardsTest.tagger(), 1);
                Dataset data = ShardsTest.sentences()) {
            Sam sam = new Sam(new Sgd(0.5f));
            return ShardsTest.left(
                    model,
                    settings.apply(Trainer.of(model, ShardsTest.someLabels(), sam)
                                    .metrics(Metric.accuracy())
                                    .penalties(Penalty.l2(0.01f)))
                            .fit(data.shuffled(3).batches(17), 2));
        }
    }

    /** The last batch has 6 sentences, so that some processes have no example of it. */
    @Test
    void processesEndWithTheBitsOfOne() throws IOException {
        ShardsTest.Left pictures = pictures(t -> t.shards(16));
        ShardsTest.Left sentences = sentences(t -> t.shards(16).accumulate(2));
        ShardsTest.Left twelve = pictures(t -> t.shards(12));
        for (int n : new int[] {1, 2, 4, 16}) {
            processes(n, with -> pictures(t -> t.exchange(with))).forEach(left -> left.mustBe(pictures));
            processes(n, with -> sentences(t -> t.exchange(with).accumulate(2)))
                    .forEach(left -> left.mustBe(sentences));
        }
        ShardsTest.Left nodes = sentences(t -> t.shards(12));
        processes(2, with -> sentences(t -> t.exchange(with).shards(12))).forEach(left -> left.mustBe(nodes));
        for (int n : new int[] {2, 3}) {
            processes(n, with -> pictures(t -> t.exchange(with).shards(12).replicas(2)))
                    .forEach(left -> left.mustBe(twelve));
        }
    }

    /** As after an executor is lost. */
    @Test
    void aRunResumesWithAnotherNumberOfProcesses() throws IOException {
        ShardsTest.Left whole = pictures(t -> t.shards(16));
        Path folder = files.resolve("run");
        processes(
                2,
                with -> pictures(t -> {
                    Trainer<Sequential> stopped = t.exchange(with).callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            if (run.progress().updates() == 4) {
                                run.stopNow("lost");
                            }
                        }
                    });
                    return with.process() == 0 ? stopped.checkpoints(Checkpoints.in(folder)) : stopped;
                }));
        processes(4, with -> pictures(t -> t.exchange(with).resume(folder))).forEach(left -> left.mustBe(whole));
    }

    record Pieces(Parameter some, Parameter all, Buffer seen) implements Net {}

    /**
     * Where a shard does not reach a parameter or a buffer, one process leaves it out and an exchange adds zeros, which
     * would give another sign to a sum of -0.
     */
    @Test
    void whatSomeShardsDoNotReachHasOneSignOfZero() throws IOException {
        List<List<String>> all = new ArrayList<>();
        Function<UnaryOperator<Trainer<Pieces>>, List<String>> training = settings -> {
            List<String> gradients = new ArrayList<>();
            Pieces net = new Pieces(
                    new Parameter(Shape.of(3), (shape, rng) -> new float[] {1, 2, 3}),
                    new Parameter(Shape.of(3), (shape, rng) -> new float[] {1, 2, 3}),
                    new Buffer(Shape.of(2), (shape, rng) -> new float[] {5, 7}));
            try (var model = Model.of(net, 1);
                    Dataset data = Dataset.of(new float[] {0, 0, 1, 1, 0, 0, 0, 0}, Shape.of(1), new int[8])) {
                settings.apply(Trainer.custom(model, new Sgd(0.1f), ExchangeTest::halfway))
                        .callbacks(new Callback() {
                            @Override
                            public void onBackwardEnd(Run run, Model<?> trained) {
                                trained.parameters()
                                        .forEach(p -> gradients.add(
                                                p.gradient() == null
                                                        ? "none"
                                                        : Arrays.toString(
                                                                p.gradient().toArray())));
                            }
                        })
                        .fit(data.batches(4), 1);
                gradients.add(Arrays.toString(net.seen().value().toArray()));
            }
            return gradients;
        };
        all.add(training.apply(t -> t.shards(4)));
        for (int n : new int[] {2, 4}) {
            all.addAll(processes(n, with -> training.apply(t -> t.exchange(with).shards(4))));
        }
        assertThat(all)
                .containsOnly(
                        List.of("[0.0, 0.0, 0.0]", "[0.25, 0.25, 0.25]", "none", "[0.5, 0.5, 0.5]", "[0.0, 2.0]"));
    }

    /** Reaches one parameter and the buffer where x is 1, with a gradient of -0. */
    private static Step.Result halfway(Pieces net, Batch batch) {
        Tensor loss = net.all().value().sum().mul(0.5f);
        if (batch.x().max().item() == 1) {
            net.seen().update(Tensor.of(new float[] {-0f, 2}, 2));
            loss = net.some()
                    .value()
                    .mul(Tensor.of(new float[] {-0f, -0f, -0f}, 3))
                    .sum();
        }
        return new Step.Result(loss);
    }

    // ---- exchanged beside backward

    /** Two layers of more than 2 MiB each, whose gradients are exchanged by themselves. */
    private static Sequential wideNet(Layer between) {
        return new Sequential(
                new Conv(1, 4, 3),
                new BatchNorm(4),
                new Flatten(),
                new Recompute(new Sequential(new Linear(64, 9000), new Dropout(0.25f))),
                between,
                new Linear(9000, 60),
                new Linear(60, 3));
    }

    private static ShardsTest.Left wide(UnaryOperator<Trainer<Sequential>> settings) {
        try (var model = Model.of(wideNet(new Passing(ExchangeTest::pause)), 1);
                Dataset data = ShardsTest.pictures()) {
            model.freeze("0.bias");
            return ShardsTest.left(
                    model,
                    settings.apply(ShardsTest.pictureTrainer(model))
                            .fit(data.shuffled(3).batches(27), 2));
        }
    }

    /** Long enough that the exchange is not left to the thread that trains. */
    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Rows of an embedding, of which a batch has few. */
    private static ShardsTest.Left words(UnaryOperator<Trainer<Sequential>> settings) {
        Sequential net = new Sequential(new Embedding(45_000, 12), new Linear(12, 44_000), new Linear(44_000, 3));
        try (var model = Model.of(net, 1);
                Dataset data = ShardsTest.sentences()) {
            return ShardsTest.left(
                    model,
                    settings.apply(Trainer.of(model, ShardsTest.someLabels(), new Sgd(0.5f)))
                            .fit(data.shuffled(3).batches(17), 1));
        }
    }

    /** The last batch has 6 examples, which is none for some threads and none for some processes. */
    @Test
    void partsOfTheGradientsHaveTheBitsOfOneProcess() throws IOException {
        ShardsTest.Left wide = wide(t -> t.shards(16));
        ShardsTest.Left words = words(t -> t.shards(16));
        wide(t -> t.shards(16).replicas(4)).mustBe(wide);
        for (int n : new int[] {1, 2, 8}) {
            for (int replicas : new int[] {1, 2}) {
                processes(n, with -> wide(t -> t.exchange(with).replicas(replicas)))
                        .forEach(left -> left.mustBe(wide));
            }
        }
        processes(4, with -> words(t -> t.exchange(with).replicas(2))).forEach(left -> left.mustBe(words));
        ShardsTest.Left twelve = wide(t -> t.shards(12));
        processes(2, with -> wide(t -> t.exchange(with).shards(12).replicas(3))).forEach(left -> left.mustBe(twelve));
    }

    /** An exchange of one process. */
    private static class Alone implements Exchange {
        @Override
        public int process() {
            return 0;
        }

        @Override
        public int processes() {
            return 1;
        }

        @Override
        public void sum(ShardTree tree, List<ByteBuffer> nodes) {
            assertThat(nodes).hasSize(1);
        }

        @Override
        public void sumNumbers(ShardTree tree, List<double[]> nodes) {}
    }

    /** y = x, and backward calls something. */
    private record Passing(Runnable inBackward) implements JavaCopy, Layer {
        @Override
        public Tensor forward(Tensor x) {
            return Pass.apply(this, x);
        }

        @Override
        public void backward(Grad g) {
            inBackward.run();
            g.writeGradient(0, g.readGradient(0));
        }
    }

    private static Run trainWide(
            Runnable inBackward, UnaryOperator<Trainer<Sequential>> settings, Consumer<Model<?>> left) {
        try (var model = Model.of(wideNet(new Passing(inBackward)), 1);
                Dataset data = ShardsTest.pictures()) {
            try {
                return settings.apply(Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)))
                        .fit(data.batches(20), 1);
            } finally {
                left.accept(model);
            }
        }
    }

    /** The last shard goes on only when the gradients of the layers behind are on their way. */
    @Test
    void gradientsAreExchangedBeforeBackwardHasEnded() {
        AtomicInteger shards = new AtomicInteger();
        Semaphore exchanged = new Semaphore(0);
        List<Boolean> early = new ArrayList<>();
        trainWide(
                () -> {
                    int shard = shards.getAndIncrement() % 4;
                    if (shard == 0) {
                        exchanged.drainPermits();
                    } else if (shard == 3) {
                        try {
                            early.add(exchanged.tryAcquire(20, TimeUnit.SECONDS));
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        pause();
                    }
                },
                t -> t.shards(4).exchange(new Alone() {
                    @Override
                    public void sumGradients(ShardTree tree, List<ByteBuffer> nodes) {
                        exchanged.release();
                    }
                }),
                model -> {});
        assertThat(early).containsExactly(true, true, true);
        assertThat(exchanged.availablePermits()).isEqualTo(2); // the layers in front, after it
    }

    private static float[] weights(Model<?> model) {
        return model.parameters().get(0).value().toArray();
    }

    /** Process 1 fails when the others have its gradients of the last layers. */
    @Test
    void aShardThatFailsInBackwardEndsAllAndChangesNothing() {
        List<float[]> weights = Collections.synchronizedList(new ArrayList<>());
        assertThatThrownBy(() -> processes(
                        2,
                        with -> trainWide(
                                () -> {
                                    if (with.process() == 1
                                            && Thread.currentThread().getName().equals("process 1")) {
                                        throw new IllegalStateException("a shard fails");
                                    }
                                },
                                t -> t.shards(2).exchange(with),
                                model -> weights.add(weights(model)))))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("exchange: another process is gone");
        try (var model = Model.of(wideNet(x -> x), 1)) {
            assertThat(weights).hasSize(2).containsOnly(weights(model));
        }
    }

    /** Whoever stops a training interrupts the thread that trains. */
    @Test
    void anInterruptReachesAnExchangeThatWaits() throws InterruptedException {
        CountDownLatch waits = new CountDownLatch(1);
        List<Throwable> ends = new ArrayList<>();
        Thread training = new Thread(() -> {
            try {
                trainWide(
                        () -> {},
                        t -> t.shards(4).exchange(new Alone() {
                            @Override
                            public void sumGradients(ShardTree tree, List<ByteBuffer> nodes) {
                                waits.countDown();
                                try {
                                    new CountDownLatch(1).await();
                                } catch (InterruptedException e) {
                                    throw new IllegalStateException("exchange: interrupted", e);
                                }
                            }
                        }),
                        model -> {});
            } catch (RuntimeException e) {
                ends.add(e);
                ends.add(new Throwable(Boolean.toString(Thread.currentThread().isInterrupted())));
            }
        });
        training.start();
        waits.await();
        training.interrupt();
        training.join();
        assertThat(ends).extracting(Throwable::getMessage).containsExactly("exchange: interrupted", "true");
    }

    // ---- life

    @Test
    void aProcessThatIsGoneEndsTheOthers() {
        List<Float> weights = new ArrayList<>();
        assertThatThrownBy(() -> processes(2, with -> {
                    try (var model = Model.of(new Sequential(new Linear(1, 1)), 1);
                            Dataset data = Dataset.of(new float[32], Shape.of(1), new float[32], Shape.of(1))) {
                        Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f))
                                .exchange(with)
                                .callbacks(new Callback() {
                                    @Override
                                    public void onStepEnd(Run run) {
                                        if (with.process() == 0) {
                                            weights.add(model.parameters()
                                                    .get(1)
                                                    .value()
                                                    .item());
                                        } else if (run.progress().step() == 2) {
                                            throw new IllegalStateException("process 1 fails");
                                        }
                                    }
                                });
                        try {
                            return trainer.fit(data.batches(8), 1);
                        } finally {
                            if (with.process() == 0) {
                                weights.add(model.parameters().get(1).value().item());
                            }
                        }
                    }
                }))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("exchange: another process is gone");
        assertThat(weights).hasSize(3);
        assertThat(weights.get(2)).isEqualTo(weights.get(1));
    }

    /** One has taken a step more, as after a checkpoint that the others do not have. */
    @Test
    void processesAtDifferentBatchesAreRefused() {
        assertThatThrownBy(() -> processes(2, with -> {
                    try (var model = Model.of(new Sequential(new Linear(1, 1)), 1);
                            Dataset data = Dataset.of(new float[32], Shape.of(1), new float[32], Shape.of(1))) {
                        Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f));
                        if (with.process() == 1) {
                            Path folder = Files.createTempDirectory(files, "other");
                            trainer.checkpoints(Checkpoints.in(folder))
                                    .shards(16)
                                    .fit(data.batches(8), 1);
                            trainer = trainer.resume(folder);
                        }
                        return trainer.exchange(with).fit(data.batches(8), 2);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("exchange: this process is at batch 0 of the run, and others are at another one; let all"
                        + " begin alike, or resume from one checkpoint");
    }

    @Test
    void whatAnExchangeCannotDoIsRefused() {
        Star three = new Star(0, 3, List.of());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(t -> t.exchange(three).replicas(2)))
                .withMessage(
                        "fit: 16 shards cannot be divided among 2 replicas in each of 3 processes; give a number of"
                                + " replicas that divides them, or another number with shards(n)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sentences(
                        t -> t.exchange(three).shards(3).groups(Group.of("0.*").lazy())))
                .withMessage("fit: a lazy group steps the rows that a batch has used, which an exchange does not tell;"
                        + " train it without lazy() or without exchange(..)");
        ByteBuffer two = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        ByteBuffer one = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
        for (ByteBuffer other :
                List.of(one, ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()), ByteBuffer.allocateDirect(8))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ShardTree.add(two, other))
                    .withMessageEndingWith(" are not two direct buffers of equally many floats in native byte order");
        }
    }

    // ---- two JVMs

    @TempDir
    Path files;

    /** Two plain processes, each with its own model and data, leave the same bits as one. */
    @Test
    void twoJvmsEndWithTheBitsOfOne() throws Exception {
        List<Process> jvms = new ArrayList<>();
        try (ServerSocketChannel server = server()) {
            jvms.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                            "-Dfathom.isa=" + System.getProperty("fathom.isa", ""),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Other.class.getName(),
                            Integer.toString(port(server)),
                            files.resolve("other.safetensors").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(files.resolve("printed.txt").toFile())
                    .start());
            try (var model = Model.of(ShardsTest.convnet(), 1);
                    Dataset data = ShardsTest.pictures();
                    Star star = Star.middle(server, 2)) {
                ShardsTest.pictureTrainer(model)
                        .exchange(star)
                        .fit(data.shuffled(3).batches(24), 2);
                model.save(files.resolve("middle.safetensors"));
            }
            assertThat(jvms.get(0).waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            jvms.forEach(Process::destroyForcibly);
        }
        assertThat(files.resolve("printed.txt")).hasContent("");
        try (var model = Model.of(ShardsTest.convnet(), 1);
                Dataset data = ShardsTest.pictures()) {
            ShardsTest.pictureTrainer(model).shards(16).fit(data.shuffled(3).batches(24), 2);
            model.save(files.resolve("alone.safetensors"));
        }
        for (String name : List.of("middle", "other")) {
            assertThat(files.resolve(name + ".safetensors")).hasSameBinaryContentAs(files.resolve("alone.safetensors"));
        }
    }

    /** The other process. */
    static final class Other {
        private Other() {}

        public static void main(String[] args) throws IOException {
            try (var model = Model.of(ShardsTest.convnet(), 1);
                    Dataset data = ShardsTest.pictures();
                    Star star = Star.at(1, 2, Integer.parseInt(args[0]))) {
                ShardsTest.pictureTrainer(model)
                        .exchange(star)
                        .fit(data.shuffled(3).batches(24), 2);
                model.save(Path.of(args[1]));
            }
        }
    }
}
