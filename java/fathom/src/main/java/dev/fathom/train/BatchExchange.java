package dev.fathom.train;

import dev.fathom.autograd.Completion;
import dev.fathom.autograd.Leaf;
import dev.fathom.store.Place;
import dev.fathom.store.ShardSum;
import dev.fathom.store.Store;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * The exchange of what one batch gives, which begins while backward still goes on. Backward comes to the last
 * parameters first, so their gradients are exchanged first, some megabytes at a time: as soon as the last shard of
 * every thread has those of a part, they are added up here and in the other processes. Buffers and numbers follow at
 * the end.
 *
 * <p>All processes exchange the same parts in the same order, also where one has no example and is ready at once.
 */
final class BatchExchange {
    /** Less is not worth a message of its own. */
    private static final long LEAST_BYTES = 2 << 20;

    /** Neighbors of a store that are exchanged at once: the parameters from {@code from} to {@code to}. */
    record Part(int from, int to) {}

    /** A sum that is added to another, and used up. */
    record Addition(ShardSum to, ShardSum from) {}

    /**
     * What there is to add up.
     *
     * @param additions of sums of whole shards, and of the last shard of each thread, in order
     * @param nodes where they lead to: a sum for each node of the tree that this process has
     */
    record Plan(List<Addition> additions, List<ShardSum> nodes) {}

    private final Exchange with;
    private final ShardTree tree;
    private final List<Part> parts;
    private final Supplier<Plan> plan;
    /** For each part, how many threads do not have its gradients yet. */
    private final int[] missing;

    private boolean failed;
    /** When all of them had the gradients of the first part. */
    private long began;

    /**
     * Of a batch.
     *
     * @param threads how many compute it
     * @param plan is called when all of them are at their last shard
     */
    BatchExchange(Exchange with, ShardTree tree, List<Part> parts, int threads, Supplier<Plan> plan) {
        this.with = with;
        this.tree = tree;
        this.parts = parts;
        this.plan = plan;
        missing = new int[parts.size()];
        Arrays.fill(missing, threads);
    }

    /** Cuts the parameters of a store into the parts that are exchanged, one at least, the last parameters first. */
    static List<Part> parts(Store store) {
        List<Part> parts = new ArrayList<>();
        int to = store.parameters();
        for (int from = to - 1; from > 0; from--) {
            if (Float.BYTES * (store.offset(to) - store.offset(from)) >= LEAST_BYTES) {
                parts.add(new Part(from, to));
                to = from;
            }
        }
        parts.add(new Part(0, to));
        return parts;
    }

    // ---- what the threads tell

    /** Returns what the backward of a thread's last shard tells of its gradients. */
    Completion last(ShardSum sum) {
        int[] open = new int[parts.size()];
        return new Completion() {
            @Override
            public void begin(List<Leaf> leaves) {
                leaves.forEach(leaf -> open[part(leaf)]++);
                for (int i = 0; i < open.length; i++) {
                    if (open[i] == 0) {
                        hasPart(i);
                    }
                }
            }

            @Override
            public void complete(Leaf leaf) {
                sum.endGradient(index(leaf));
                int i = part(leaf);
                open[i]--;
                if (open[i] == 0) {
                    hasPart(i);
                }
            }
        };
    }

    private static int index(Leaf parameter) {
        return ((Place) parameter).index();
    }

    private int part(Leaf parameter) {
        int i = 0;
        while (index(parameter) < parts.get(i).from) {
            i++;
        }
        return i;
    }

    /** Tells that a thread has no example of the batch. */
    void skip() {
        for (int i = 0; i < missing.length; i++) {
            hasPart(i);
        }
    }

    private synchronized void hasPart(int part) {
        missing[part]--;
        if (part == 0 && missing[part] == 0) {
            began = System.nanoTime();
        }
        notifyAll();
    }

    /** How long ago it could begin, in nanoseconds. */
    synchronized long age() {
        return System.nanoTime() - began;
    }

    /** Tells that a shard has failed, so that its gradients will never be complete. */
    synchronized void fail() {
        failed = true;
        notifyAll();
    }

    // ---- the sums

    /**
     * Adds up the gradients of all processes.
     *
     * @throws IllegalStateException if a shard has failed, or the calling thread is interrupted
     */
    Plan gradients() {
        await(0);
        Plan all = plan.get();
        for (int i = 0; i < parts.size(); i++) {
            await(i);
            Part part = parts.get(i);
            all.additions.forEach(a -> a.to.addGradients(a.from, part.from, part.to));
            sum(
                    all.nodes.stream()
                            .map(node -> node.gradients(part.from, part.to))
                            .toList(),
                    with::sumGradients);
        }
        return all;
    }

    private synchronized void await(int part) {
        while (missing[part] > 0 && !failed) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("exchange: interrupted while it waited for gradients", e);
            }
        }
        if (failed) {
            throw new IllegalStateException("exchange: a shard has failed");
        }
    }

    /**
     * Adds up the rest, once all shards have ended, and returns the sum of all processes.
     *
     * @param place which of the caller's numbers shows that processes are at the same batch
     * @param at what this process has there
     */
    ShardSum rest(Plan all, int place, long at) {
        all.additions.forEach(a -> a.to.addBuffersAndNumbers(a.from));
        ShardSum total = all.nodes.get(0);
        List<List<ByteBuffer>> buffers =
                all.nodes.stream().map(ShardSum::buffers).toList(); // before the numbers count other processes
        total.numbers()[total.own() + place] = at;
        with.sumNumbers(tree, all.nodes.stream().map(ShardSum::numbers).toList());
        if (total.numbers()[total.own() + place] != (double) at * with.processes()) {
            throw elsewhere(at);
        }
        sum(buffers, with::sum);
        total.changed();
        all.nodes.subList(1, all.nodes.size()).forEach(ShardSum::forget);
        return total;
    }

    static IllegalStateException elsewhere(long at) {
        return new IllegalStateException("exchange: this process is at batch " + at
                + " of the run, and others are at another one; let all begin alike, or resume from one checkpoint");
    }

    /** Sums up what is given of each node in pieces. */
    private void sum(List<List<ByteBuffer>> nodes, BiConsumer<ShardTree, List<ByteBuffer>> sum) {
        for (int i = 0; i < nodes.get(0).size(); i++) {
            int at = i;
            sum.accept(tree, nodes.stream().map(pieces -> pieces.get(at)).toList());
        }
    }
}
