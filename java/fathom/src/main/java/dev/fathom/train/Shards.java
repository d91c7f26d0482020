package dev.fathom.train;

import dev.fathom.autograd.Frames;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.store.ShardSum;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Batches cut into shards. Each is computed by itself, in a pass of its own on a replica of the model, by one of the
 * threads that share the shards of this process, and what they give is added in the order of a {@link ShardTree}.
 */
final class Shards<M extends Net> implements AutoCloseable {
    /** What a sum has beside what a model holds: the part of the objective, the weight of the examples, the place. */
    private static final int LOSS = 0;

    private static final int WEIGHT = 1;
    private static final int PLACE = 2;
    private static final int TALLY = 3;

    private final Trainer<M> trainer;
    private final Batches train;
    private final Rng rng;
    private final Store store;
    private final @Nullable Exchange exchange;
    private final ShardTree tree;
    private final ShardTree.Span mine;
    private final List<Worker> workers = new ArrayList<>();
    private final int threads;
    private final @Nullable ExecutorService others;
    private final Collection<Model<M>> models = new ConcurrentLinkedQueue<>();

    /** The shards of a trainer that has some; {@code rng} is the stream that those of all shards are split from. */
    Shards(Trainer<M> trainer, Batches train, Rng rng) {
        this.trainer = trainer;
        this.train = train;
        this.rng = rng;
        store = StoreRange.store(trainer.model.range());
        exchange = trainer.exchange;
        tree = new ShardTree(trainer.cut());
        mine = exchange == null ? tree.share(0, 1) : tree.share(exchange.process(), exchange.processes());
        int n = Workers.inside() ? 1 : Math.max(1, trainer.replicas); // no more threads than workers
        for (int i = 0; i < n; i++) {
            int each = mine.size() / n;
            workers.add(new Worker(new ShardTree.Span(mine.from() + i * each, mine.from() + (i + 1) * each)));
        }
        threads = Workers.threadsOf(n);
        others = n == 1 ? null : Executors.newFixedThreadPool(n - 1, r -> Workers.thread("fathom-replica", threads, r));
    }

    /**
     * A batch to compute.
     *
     * @param step its number in the epoch
     * @param place its number in the run
     * @param examples those of the optimizer's step, of which each counts by this part
     */
    record Work(Batches.Epoch epoch, int step, long place, long examples) {}

    /**
     * What a batch came to.
     *
     * @param loss its part of the objective, if all examples of the step weigh 1
     * @param weight what its examples weigh
     * @param tally sums of loss and metrics
     */
    record Found(double loss, double weight, double[] tally) {}

    /** A loss that is not finite, and where it came from. */
    static final class Diverged extends RuntimeException {
        private static final long serialVersionUID = 1;

        final String why;

        Diverged(String what, String why) {
            super(what);
            this.why = why;
        }
    }

    /**
     * Adds the gradient of a batch to those of the model. If a shard fails, the model is as it was.
     *
     * @param began is called in the pass of the first shard here, before any other begins
     */
    Found add(Work work, Consumer<Pass> began) {
        List<CompletableFuture<?>> running = new ArrayList<>();
        Worker first = workers.get(0);
        try {
            Workers.cap(threads);
            first.compute(work, pass -> {
                began.accept(pass);
                for (Worker w : workers.subList(1, workers.size())) {
                    running.add(CompletableFuture.runAsync(() -> w.compute(work, null), others));
                }
            });
        } finally {
            running.forEach(r -> r.exceptionally(e -> null).join());
            Workers.cap(0);
        }
        running.forEach(Shards::end);
        ShardTree.Sums<Node> all = new ShardTree.Sums<>(this::plus);
        workers.forEach(w -> w.sums.moveTo(all));
        Node total = exchange == null || trainer.localSteps > 0 ? all.total() : exchanged(exchange, all.values(), work);
        if (total == null) {
            throw new IllegalStateException("every batch has an example");
        }
        double[] own = Arrays.copyOfRange(total.sum.numbers(), total.sum.own(), total.sum.numbers().length);
        total.sum.addTo(store);
        total.giveBack();
        return new Found(own[LOSS], own[WEIGHT], Arrays.copyOfRange(own, TALLY, own.length));
    }

    /** Throws what one of the threads has thrown. */
    private static void end(CompletableFuture<?> running) {
        try {
            running.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    private Node plus(Node left, Node right) {
        left.sum.add(right.sum);
        right.giveBack();
        return left;
    }

    /** The sum of all processes. */
    private Node exchanged(Exchange with, List<@Nullable Node> parts, Work work) {
        List<Node> nodes = new ArrayList<>();
        List<double[]> numbers = new ArrayList<>();
        List<List<ByteBuffer>> gradients = new ArrayList<>();
        List<List<ByteBuffer>> buffers = new ArrayList<>();
        for (Node part : parts) {
            Node node = part;
            if (node == null) { // none of its shards has an example
                node = workers.get(0).take();
                node.sum.begin(store);
            }
            nodes.add(node);
            numbers.add(node.sum.numbers());
            gradients.add(node.sum.gradients());
            buffers.add(node.sum.buffers());
        }
        Node total = nodes.get(0);
        int place = total.sum.own() + PLACE;
        numbers.get(0)[place] = work.place;
        with.sumNumbers(tree, numbers);
        if (numbers.get(0)[place] != (double) work.place * with.processes()) {
            throw elsewhere(work.place);
        }
        exchange(gradients, with::sumGradients);
        exchange(buffers, with::sum);
        total.sum.changed();
        for (Node other : nodes.subList(1, nodes.size())) {
            other.sum.clear();
            other.giveBack();
        }
        return total;
    }

    private void exchange(List<List<ByteBuffer>> pieces, BiConsumer<ShardTree, List<ByteBuffer>> sum) {
        for (int i = 0; i < pieces.get(0).size(); i++) {
            int at = i;
            sum.accept(tree, pieces.stream().map(p -> p.get(at)).toList());
        }
    }

    static IllegalStateException elsewhere(long place) {
        return new IllegalStateException("exchange: this process is at batch " + place
                + " of the run, and others are at another one; let all begin alike, or resume from one checkpoint");
    }

    /** Computes some of the shards, on one thread at a time. */
    private final class Worker {
        private final ShardTree.Span span;
        private final ShardTree.Sums<Node> sums = new ShardTree.Sums<>(Shards.this::plus);
        /** Those of its own that nobody uses. */
        private final Deque<Node> free = new ArrayDeque<>();

        Worker(ShardTree.Span span) {
            this.span = span;
        }

        void compute(Work work, @Nullable Consumer<Pass> began) {
            for (int i = span.from(); i < span.to(); i++) {
                sums.add(new ShardTree.Span(i, i + 1), shard(i, work, i == span.from() ? began : null));
            }
            for (Node node : sums.values()) {
                if (node != null) {
                    node.sum.handOver();
                }
            }
        }

        /** What a shard gives; null where the batch has no example for it. */
        private @Nullable Node shard(int i, Work work, @Nullable Consumer<Pass> began) {
            Rng stream = rng.split(work.place).split(i);
            try (Pass pass = Pass.train(stream)) {
                if (began != null) {
                    began.accept(pass);
                }
                int size = train.size(work.step);
                int from = cut(i, size);
                int to = cut(i + 1, size);
                if (from == to) {
                    return null;
                }
                Node node = take();
                node.sum.begin(store);
                node.compute(pass, work.epoch.batch(work.step, from, to), work);
                node.sum.end();
                return node;
            }
        }

        /** Where shard i of a batch begins: the first has examples wherever there are any. */
        private int cut(int i, int size) {
            return (int) (((long) i * size + tree.shards() - 1) / tree.shards());
        }

        private Node take() {
            Node node = free.poll();
            if (node != null && node.fixed.equals(store.evaluating())) {
                return node;
            }
            if (node != null) { // a callback has fixed nets in evaluation mode, or lets them train again
                models.remove(node.trainer.model);
                node.trainer.model.close();
            }
            return new Node(this);
        }
    }

    /** A replica of the model with the sum of some shards, or with none at the moment. */
    private final class Node {
        private final Worker home;
        private final Trainer<M> trainer;
        /** The nets in evaluation mode when the replica was made. */
        private final Set<Object> fixed;

        private final ShardSum sum;

        Node(Worker home) {
            this.home = home;
            Model<M> replica = Shards.this.trainer.model.replica();
            models.add(replica);
            trainer = Shards.this.trainer.model(replica);
            fixed = store.evaluating();
            sum = new ShardSum(
                    StoreRange.store(replica.range()), TALLY + trainer.tally().values().length);
        }

        void compute(Pass pass, Batch batch, Work work) {
            Step.Result result = trainer.run(batch, State.EMPTY);
            float loss = result.loss().item();
            if (!Float.isFinite(loss)) {
                Rng again = new Rng(pass.rng().seed());
                throw new Diverged("loss is " + loss, Divergence.explain(trainer, batch, State.EMPTY, again));
            }
            Frames.of(pass).observe(null); // a recomputed layer runs again in backward
            double weight = result.weightOf(batch);
            float share = trainer.sums() ? 1 : (float) (weight / work.examples);
            pass.backward(share == 1 ? result.loss() : result.loss().mul(share), trainer.model);
            Tally tally = trainer.tally();
            tally.add(result, loss, batch);
            double[] numbers = sum.numbers();
            numbers[sum.own() + LOSS] = (double) share * loss;
            numbers[sum.own() + WEIGHT] = weight;
            System.arraycopy(tally.values(), 0, numbers, sum.own() + TALLY, tally.values().length);
        }

        void giveBack() {
            home.free.push(this);
        }
    }

    @Override
    public void close() {
        if (others != null) {
            others.shutdown();
        }
        models.forEach(Model::close);
    }
}
