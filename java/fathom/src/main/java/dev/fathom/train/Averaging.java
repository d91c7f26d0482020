package dev.fathom.train;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Block;
import dev.fathom.op.Unary;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.store.Store;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * What processes that take steps of their own have in common every few steps: the means of their weights, buffers and
 * moments, and the sums of loss and metrics. After it, a run goes on in all of them from the same bits.
 */
final class Averaging {
    private final Exchange with;
    /** A shard for each process. */
    private final ShardTree tree;

    private final Store store;
    private final BoundOptimizer optimizer;
    private final Commands commands = new Commands();
    /** Since the last time: sums of loss and metrics, the place of the last batch, and what steps have reached. */
    private final double[] found;

    private final int place;
    private final int reached;

    Averaging(Exchange with, Store store, BoundOptimizer optimizer, Tally tally) {
        this.with = with;
        this.store = store;
        this.optimizer = optimizer;
        tree = new ShardTree(with.processes());
        place = tally.values().length;
        reached = place + 1;
        found = new double[place + 2];
    }

    /** Counts a batch of this process. */
    void add(double[] tally, long at) {
        for (int i = 0; i < place; i++) {
            found[i] += tally[i];
        }
        found[place] = at;
    }

    /** Notes which parameters a step is about to change, as a number that depends on all of them. */
    void reached() {
        for (int i = 0; i < store.parameters(); i++) {
            found[reached] = (31 * found[reached] + (store.fresh(i) ? 2 : 1)) % 1e9;
        }
    }

    /**
     * Averages, and adds the sums of all processes to a tally.
     *
     * @throws IllegalStateException if another process is elsewhere, or has changed other parameters
     */
    void average(Tally tally) {
        double[] sums = found.clone();
        with.sumNumbers(tree, List.of(sums));
        if (sums[place] != found[place] * with.processes()) {
            throw BatchExchange.elsewhere((long) found[place]);
        }
        if (sums[reached] != found[reached] * with.processes()) {
            throw new IllegalStateException("exchange: the steps of some processes have reached parameters that those"
                    + " of others have not, so their moments have no mean; train such a net without localSteps(..)");
        }
        tally.add(Arrays.copyOf(sums, place));
        Arrays.fill(found, 0);
        try (Block means = new Block("averaged weights", store.values().bytes())) {
            Block.copy(store.values(), means); // so that an exchange that fails leaves those of the last step
            means.views().forEach(this::average);
            for (int i = 0; i < store.parameters(); i++) {
                if (!store.isTrainable(i)) { // thirds of equal weights may round to others
                    store.view(i, means).put(store.view(i));
                }
            }
            store.replace("average", () -> Block.copy(means, store.values()));
        }
        optimizer.moments().forEach(this::average);
    }

    private void average(ByteBuffer floats) {
        with.sum(tree, List.of(floats));
        long at = Native.address(floats);
        commands.begin(Kernel.UNARY)
                .put(Unary.DIV_SCALAR.ordinal())
                .at(at)
                .at(at)
                .put(floats.remaining() / Float.BYTES)
                .put((float) with.processes())
                .put(0f)
                .run();
    }
}
