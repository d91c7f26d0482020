package dev.fathom.optim;

import dev.fathom.kernel.Commands;
import dev.fathom.memory.Block;
import dev.fathom.nn.Trainable;
import dev.fathom.tensor.Store;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A recipe bound to parameters, with its moments in blocks of the parameters' layout. A step passes over a table of segments (runs of
 * neighbouring parameters that are trainable and have a gradient of this step) in one kernel call; parameters without a gradient since the last
 * step are left alone, as PyTorch leaves those whose grad is None.
 */
public final class BoundOptimizer implements AutoCloseable {
    private static final int ROW = 24;

    private final Optimizer recipe;
    private final Trainable parameters;
    private final Store store;
    private final Commands commands = new Commands();
    private final Block[] blocks;
    private final long[] moments;
    private final Block table;
    private final ByteBuffer rows;
    private final boolean[] inTable;
    private final long[] stepsOf;
    private int segmentCount;
    private float learningRate;
    private long steps;

    BoundOptimizer(Optimizer recipe, Trainable parameters) {
        this.recipe = recipe;
        this.parameters = parameters;
        store = parameters.store();
        learningRate = recipe.learningRate();
        int n = parameters.to() - parameters.from();
        if (n == 0) {
            throw new IllegalArgumentException("optimizer: the model has no parameters; give it a layer that has");
        }
        blocks = new Block[recipe.moments()];
        moments = new long[blocks.length];
        long base = store.offset(parameters.from());
        long floats = store.offset(parameters.to()) - base;
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new Block("optimizer state", 4 * floats, true);
            // the kernel counts from the block of values, so a part's moments begin that much before their own block
            moments[i] = blocks[i].address() - 4 * base;
        }
        table = new Block("optimizer table", 64L + (long) ROW * n);
        rows = table.view(0, 64L + (long) ROW * n);
        inTable = new boolean[n];
        stepsOf = new long[n];
    }

    /** What was bound. */
    public Optimizer recipe() {
        return recipe;
    }

    /** The learning rate of the next step. */
    public float learningRate() {
        return learningRate;
    }

    /**
     * Changes it. At 0, where a warm-up begins, a step changes the moments alone.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public void learningRate(float rate) {
        Checks.notNegative("optimizer", "learningRate", rate);
        learningRate = rate;
    }

    /** Steps taken. */
    public long steps() {
        return steps;
    }

    /**
     * Changes the parameters by the gradients of the backward passes since the last step, which are used up by it.
     *
     * @throws IllegalStateException if no backward has reached these parameters since, or the model is closed
     */
    public synchronized void step() {
        store.check();
        if (table.closed()) {
            throw new IllegalStateException(
                    "step: this optimizer was closed at " + table.closedAt() + "; make another with on(model)");
        }
        boolean any = false;
        boolean same = true;
        int from = parameters.from();
        for (int i = 0; i < inTable.length; i++) {
            boolean in = store.fresh(from + i) && store.isTrainable(from + i);
            any |= in;
            same &= in == inTable[i];
            inTable[i] = in;
        }
        if (!any) {
            throw new IllegalStateException(
                    "step: no backward has given these parameters a gradient since the last step; call pass.backward(loss) first, and unfreeze something");
        }
        // parameters that joined late or paused have counts of their own, which the bias corrections need
        long least = Long.MAX_VALUE;
        long most = 0;
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i]) {
                least = Math.min(least, stepsOf[i]);
                most = Math.max(most, stepsOf[i]);
            }
        }
        rows.putFloat(0, learningRate).putFloat(4, recipe.weightDecay());
        if (least == most) {
            if (!same || segmentCount == 0) {
                segmentCount = segments(least);
            }
            run(least + 1);
        } else {
            long[] counts = Arrays.stream(stepsOf).distinct().sorted().toArray();
            for (long count : counts) {
                segmentCount = segments(count);
                if (segmentCount > 0) {
                    run(count + 1);
                }
            }
            segmentCount = 0;
        }
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i]) {
                stepsOf[i]++;
                store.changed(from + i);
            }
            // of the frozen too: what they were given before they were frozen must not come back when they thaw
            store.fresh(from + i, false);
        }
        steps++;
    }

    private void run(long step) {
        Block values = store.values();
        Block gradients = store.gradients();
        values.lease();
        gradients.lease();
        try {
            recipe.step(this, step);
        } finally {
            gradients.release();
            values.release();
        }
    }

    // ---- what a recipe's step works on

    Commands commands() {
        return commands;
    }

    long weights() {
        return store.values().address();
    }

    long gradients() {
        return store.gradients().address();
    }

    long moment(int i) {
        return moments[i];
    }

    /** Rows of (offset, count, group). */
    long segments() {
        return table.address() + 64;
    }

    int segmentCount() {
        return segmentCount;
    }

    /** Rows of (learning rate, weight decay). */
    long groups() {
        return table.address();
    }

    /** Writes a segment for each parameter that has taken {@code count} steps; returns how many. */
    private int segments(long count) {
        int n = 0;
        int from = parameters.from();
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i] && stepsOf[i] == count) {
                long offset = store.offset(from + i);
                int at = 64 + ROW * n++;
                rows.putLong(at, offset)
                        .putLong(at + 8, store.offset(from + i + 1) - offset)
                        .putLong(at + 16, 0);
            }
        }
        return n;
    }

    /** Gives the state's memory back. */
    @Override
    public synchronized void close() {
        if (table.closed()) {
            throw new IllegalStateException(
                    "close: this optimizer was already closed at " + table.closedAt() + "; close it once");
        }
        for (Block b : blocks) {
            b.close();
        }
        table.close();
    }
}
