package dev.fathom.train;

import dev.fathom.autograd.Backward;
import dev.fathom.autograd.Frames;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.jni.Native;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.store.ShardSum;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
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

    /** Handing the exchange to another thread costs more than this where the processor has other work, too. */
    private static final long WORTH_NANOS = 2_000_000;

    private final Trainer<M> trainer;
    private final Batches train;
    private final Rng rng;
    private final Store store;
    /** What gradients are exchanged by; null where they stay here. */
    private final @Nullable Exchange exchange;

    private final ShardTree tree;
    private final ShardTree.Span mine;
    private final List<Worker> workers = new ArrayList<>();
    /** Has the sums of nodes without an example. */
    private final Worker spare = new Worker(0, new ShardTree.Span(0, 0));

    private final int threads;
    private final @Nullable ExecutorService others;
    /** What the gradients are exchanged in. */
    private final List<BatchExchange.Part> parts;
    /** The thread that exchanges them beside backward where that is worth it. */
    private final Beside beside = new Beside("fathom-exchange");
    /**
     * For how many nanoseconds backward goes on when the exchange can begin. It falls at once and grows slowly: what
     * makes a single batch wait says nothing of the next.
     */
    private long ahead = 2 * WORTH_NANOS;

    private final Collection<Model<M>> models = new ConcurrentLinkedQueue<>();

    /** The shards of a trainer that has some; {@code rng} is the stream that those of all shards are split from. */
    Shards(Trainer<M> trainer, Batches train, Rng rng) {
        this.trainer = trainer;
        this.train = train;
        this.rng = rng;
        store = StoreRange.store(trainer.model.range());
        Exchange with = trainer.exchange;
        exchange = trainer.localSteps == 0 ? with : null;
        tree = new ShardTree(trainer.cut());
        mine = with == null ? tree.share(0, 1) : tree.share(with.process(), with.processes());
        int n = Workers.inside() ? 1 : Math.max(1, trainer.replicas); // no more threads than workers
        for (int i = 0; i < n; i++) {
            int each = mine.size() / n;
            workers.add(new Worker(i, new ShardTree.Span(mine.from() + i * each, mine.from() + (i + 1) * each)));
        }
        threads = Workers.threadsOf(n);
        others = n == 1 ? null : Executors.newFixedThreadPool(n - 1, r -> Workers.thread("fathom-replica", threads, r));
        parts = exchange == null ? List.of() : BatchExchange.parts(store);
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
     * Adds the gradient of a batch to those of the model. If a shard or the exchange fails, the model is as it was.
     *
     * @param began is called in the pass of the first shard here, before any other begins
     */
    Found add(Work work, Consumer<Pass> began) {
        ShardSum total = exchange == null ? sum(work, began) : exchanged(exchange, work, began);
        double[] own = Arrays.copyOfRange(total.numbers(), total.own(), total.numbers().length);
        total.addTo(store);
        workers.forEach(Worker::giveBack);
        spare.giveBack();
        return new Found(own[LOSS], own[WEIGHT], Arrays.copyOfRange(own, TALLY, own.length));
    }

    /** What the shards of this process give. */
    private ShardSum sum(Work work, Consumer<Pass> began) {
        compute(work, began, null);
        ShardTree.Sums<Node> all = new ShardTree.Sums<>(Node::plus);
        for (Worker w : workers) {
            w.sums.moveTo(all);
        }
        Node total = all.total();
        if (total == null) {
            throw new IllegalStateException("every batch has an example");
        }
        return total.sum;
    }

    /** What the shards of all processes give. */
    private ShardSum exchanged(Exchange with, Work work, Consumer<Pass> began) {
        BatchExchange batch = new BatchExchange(with, tree, parts, workers.size(), this::plan);
        Runnable shards = () -> {
            compute(work, began, batch);
            ahead = Math.min(batch.age(), ahead + ahead / 4 + WORTH_NANOS / 8);
        };
        BatchExchange.Plan plan;
        if (ahead > WORTH_NANOS) {
            plan = beside.run(shards, batch::gradients, batch::fail);
        } else {
            shards.run();
            plan = batch.gradients();
        }
        return batch.rest(plan, PLACE, work.place);
    }

    /** How the sums of whole shards, and the last shard of each thread, which is still under way, are to be added. */
    private BatchExchange.Plan plan() {
        List<BatchExchange.Addition> additions = new ArrayList<>();
        ShardTree.Sums<Node> all = new ShardTree.Sums<>((left, right) -> {
            additions.add(new BatchExchange.Addition(left.sum, right.sum));
            return left;
        });
        for (Worker w : workers) {
            w.sums.moveTo(all);
            for (int i = w.next; i < w.span.to(); i++) {
                all.add(new ShardTree.Span(i, i + 1), i == w.next ? w.last : null);
            }
        }
        List<ShardSum> nodes = new ArrayList<>();
        for (Node node : all.values()) {
            nodes.add((node == null ? spare.take() : node).sum);
        }
        return new BatchExchange.Plan(additions, nodes);
    }

    private void compute(Work work, Consumer<Pass> began, @Nullable BatchExchange exchanged) {
        List<CompletableFuture<?>> running = new ArrayList<>();
        Worker first = workers.get(0);
        try {
            Workers.cap(threads);
            first.compute(work, exchanged, pass -> {
                began.accept(pass);
                for (Worker w : workers.subList(1, workers.size())) {
                    running.add(CompletableFuture.runAsync(() -> w.compute(work, exchanged, null), others));
                }
            });
        } finally {
            running.forEach(r -> r.exceptionally(e -> null).join());
            Workers.cap(0);
            Native.settle(0, 0);
        }
        running.forEach(Shards::end);
    }

    /** Throws what one of the threads has thrown. */
    private static void end(CompletableFuture<?> running) {
        try {
            running.join();
        } catch (CompletionException e) {
            throw Workers.failure(e.getCause());
        }
    }

    /** Computes some of the shards, on one thread at a time. */
    private final class Worker {
        private final int number;
        private final ShardTree.Span span;
        private final ShardTree.Sums<Node> sums = new ShardTree.Sums<>(Node::plus);
        /**
         * Its first shard that is not in the sums, and what this gives: the last one, where gradients are exchanged.
         */
        private int next;

        private @Nullable Node last;
        /** Those of its own that nobody uses, and the others. */
        private final Deque<Node> free = new ArrayDeque<>();

        private final List<Node> used = new ArrayList<>();

        Worker(int number, ShardTree.Span span) {
            this.number = number;
            this.span = span;
        }

        void compute(Work work, @Nullable BatchExchange exchanged, @Nullable Consumer<Pass> began) {
            if (workers.size() > 1) {
                Native.settle(number, workers.size());
            }
            next = exchanged == null ? span.to() : last(work);
            for (int i = span.from(); i < next; i++) {
                sums.add(new ShardTree.Span(i, i + 1), shard(i, work, null, i == span.from() ? began : null));
            }
            if (exchanged != null) {
                shard(next, work, exchanged, next == span.from() ? began : null);
            }
            used.forEach(node -> node.sum.handOver());
        }

        /** Its last shard with an example in this batch, or its first where it has none. */
        private int last(Work work) {
            int i = span.to() - 1;
            while (i > span.from() && cut(i, work) == cut(i + 1, work)) {
                i--;
            }
            return i;
        }

        /** What a shard gives; null where the batch has no example for it. */
        private @Nullable Node shard(
                int i, Work work, @Nullable BatchExchange exchanged, @Nullable Consumer<Pass> began) {
            Rng stream = rng.split(work.place).split(i);
            try (Pass pass = Pass.train(stream)) {
                if (began != null) {
                    began.accept(pass);
                }
                int from = cut(i, work);
                int to = cut(i + 1, work);
                Node node = from == to ? null : take();
                if (exchanged != null) {
                    last = node;
                    if (node == null) {
                        exchanged.skip();
                    } else {
                        Backward.tell(pass, exchanged.last(node.sum));
                    }
                }
                if (node != null) {
                    node.compute(pass, work.epoch.batch(work.step, from, to), work);
                    node.sum.end(exchanged != null);
                }
                return node;
            }
        }

        /** Where shard i of a batch begins: the first has examples wherever there are any. */
        private int cut(int i, Work work) {
            return (int) (((long) i * train.size(work.step) + tree.shards() - 1) / tree.shards());
        }

        /** A sum of no shard yet. */
        private Node take() {
            Node node = free.poll();
            if (node != null && !node.fixed.equals(store.evaluating())) {
                // a callback has fixed nets in evaluation mode, or lets them train again
                models.remove(node.trainer.model);
                node.trainer.model.close();
                node = null;
            }
            node = node == null ? new Node(this) : node;
            used.add(node);
            node.sum.begin(store);
            return node;
        }

        private void giveBack() {
            used.forEach(free::push);
            used.clear();
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

        /** Adds another sum to this one, and lets its worker use it again. */
        Node plus(Node right) {
            sum.add(right.sum);
            right.home.used.remove(right);
            right.home.free.push(right);
            return this;
        }
    }

    @Override
    public void close() {
        if (others != null) {
            others.shutdown();
        }
        beside.close();
        models.forEach(Model::close);
    }
}
