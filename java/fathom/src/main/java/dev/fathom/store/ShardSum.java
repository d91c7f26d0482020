package dev.fathom.store;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Block;
import dev.fathom.op.Unary;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * What some shards of a batch have given, added up: gradients, and buffers as the shards left them, both in a replica
 * of the model, and numbers beside them. The first numbers count, for each parameter and then each buffer, the shards
 * that have reached it; the rest are the caller's.
 *
 * <p>Where no shard has reached one, what lies in its place is not a part of the sum.
 */
public final class ShardSum {
    private final Store store;
    private final int[] versions;
    private final double[] numbers;
    private final Commands commands = new Commands();

    /** Of no shard yet, in a replica, with room for {@code more} numbers of the caller. */
    public ShardSum(Store replica, int more) {
        store = replica;
        versions = new int[store.cells().size()];
        numbers = new double[versions.length + more];
    }

    /** The counts, and from {@link #own} on the numbers of the caller. */
    public double[] numbers() {
        return numbers;
    }

    /** The place of the first number of the caller. */
    public int own() {
        return versions.length;
    }

    // ---- one shard

    /** Begins a shard, whose buffers are those of the model that is trained. */
    public void begin(Store model) {
        Arrays.fill(numbers, 0);
        if (versions.length > store.parameters()) {
            Block.copy(model.buffers(), store.buffers());
        }
        for (int i = store.parameters(); i < versions.length; i++) {
            store.changed(i);
            versions[i] = store.version(i);
        }
    }

    /**
     * Ends it: the replica has its gradients.
     *
     * @param told whether {@link #endGradient} was called for each of them
     */
    public void end(boolean told) {
        if (!told) {
            for (int i = 0; i < store.parameters(); i++) {
                endGradient(i);
            }
        }
        for (int i = store.parameters(); i < versions.length; i++) {
            numbers[i] = store.version(i) != versions[i] ? 1 : 0;
        }
    }

    /** Ends it for one parameter, of which the replica has the gradient. */
    public void endGradient(int i) {
        numbers[i] = store.fresh(i) ? 1 : 0;
    }

    // ---- several

    /** Adds another sum, and uses it up. */
    public void add(ShardSum other) {
        addBuffersAndNumbers(other);
        store.addGradients(other.store);
    }

    /**
     * Adds the gradients of the parameters from {@code from} to {@code to}, and uses them up, while other threads may
     * still compute those of others. {@link #addBuffersAndNumbers} completes the sum.
     */
    public void addGradients(ShardSum other, int from, int to) {
        store.addGradients(other.store, from, to);
    }

    /** Adds everything but the gradients of another sum. */
    public void addBuffersAndNumbers(ShardSum other) {
        for (int i = store.parameters(); i < versions.length; i++) {
            if (other.numbers[i] > 0) {
                boolean adds = numbers[i] > 0;
                commands.begin(adds ? Kernel.ACCUMULATE : Kernel.COPY)
                        .at(other.address(i))
                        .at(address(i))
                        .put(adds ? size(i) : Float.BYTES * size(i))
                        .run();
            }
        }
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] += other.numbers[i];
        }
    }

    /** Lets another thread go on with it. */
    public void handOver() {
        store.handOver();
    }

    /** Adds the gradients to a model's, whose buffers become the means of those here, and uses the sum up. */
    public void addTo(Store model) {
        if (Arrays.stream(numbers, store.parameters(), versions.length).anyMatch(n -> n > 0)) {
            Block buffers = model.buffers();
            buffers.change("training", Values.leases(buffers));
            try {
                takeMeans(model);
            } finally {
                buffers.changed();
            }
        }
        model.addGradients(store);
    }

    private void takeMeans(Store model) {
        for (int i = store.parameters(); i < versions.length; i++) {
            if (numbers[i] > 0) {
                long to = model.block(i).address() + model.offsetInBlock(i);
                unary(Unary.DIV_SCALAR, address(i), to, i, (float) numbers[i]);
                unary(Unary.ADD_SCALAR, to, to, i, 0); // no -0, as in gradients
                model.changed(i);
            }
        }
    }

    private void unary(Unary row, long from, long to, int i, float by) {
        commands.begin(Kernel.UNARY)
                .put(row.ordinal())
                .at(from)
                .at(to)
                .put(size(i))
                .put(by)
                .put(0f)
                .run();
    }

    private Block block(int i) {
        return i < store.parameters() ? store.gradients() : store.block(i);
    }

    /** Where the gradient of a parameter lies, or the value of a buffer. */
    private long address(int i) {
        return block(i).address() + (i < store.parameters() ? Float.BYTES * store.offset(i) : store.offsetInBlock(i));
    }

    private long size(int i) {
        return store.<StoreCell>cells().get(i).shape.size();
    }

    // ---- with other processes

    /**
     * The gradients of the parameters from {@code from} to {@code to}, in pieces that are of equal sizes in every
     * process; those that no shard has reached are zero.
     */
    public List<ByteBuffer> gradients(int from, int to) {
        for (int i = from; i < to; i++) {
            if (!store.fresh(i)) {
                clear(i);
            }
        }
        long first = Float.BYTES * store.offset(from);
        return store.gradients().views(first, Float.BYTES * store.offset(to) - first);
    }

    /** The buffers of the sum, in the same way. */
    public List<ByteBuffer> buffers() {
        for (int i = store.parameters(); i < versions.length; i++) {
            if (numbers[i] == 0) {
                clear(i);
            }
        }
        return store.parameters() < versions.length ? store.buffers().views() : List.of();
    }

    private void clear(int i) {
        commands.begin(Kernel.FILL).at(address(i)).put(size(i)).put(0f).run();
    }

    /** Takes floats and numbers as the sum that an exchange has written there. */
    public void changed() {
        for (int i = 0; i < store.parameters(); i++) {
            store.wholeGradient(i);
            if (numbers[i] == 0) {
                store.forget(i);
            }
        }
    }

    /** Uses the sum up, in whose place anything may be. */
    public void forget() {
        for (int i = 0; i < store.parameters(); i++) {
            store.wholeGradient(i);
            store.forget(i);
        }
    }
}
