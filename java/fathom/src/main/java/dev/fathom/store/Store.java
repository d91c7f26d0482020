package dev.fathom.store;

import dev.fathom.autograd.Backward;
import dev.fathom.autograd.EvalModes;
import dev.fathom.autograd.Frame;
import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What holds a model's numbers: the flat block of its values, and a second block for gradients, of the parameters'
 * layout and mapped at the first backward. Each gradient has a fresh flag: whether it is of a backward since the last
 * step.
 *
 * <p>A replica has the values of the model it was made of and gradients of its own; its buffers are copies, so that its
 * thread writes nothing that another reads.
 */
public final class Store implements AutoCloseable, EvalModes.Owner {
    private final List<? extends StoreCell> cells;
    private final Weights weights;
    private final @Nullable Store original;
    /**
     * The buffers, in the layout that they have behind the parameters: of a replica in memory of its own, else the part
     * of the weights there.
     */
    private final Block buffers;

    private final int[] bufferVersions;
    private final boolean[] fresh;
    /** The number of the latest backward when the gradient was last used up or cleared. */
    private final long[] clearedAfter;
    /** How many gradients are fresh. */
    private int freshCount;
    /** The thread whose backward gave them, until the last is used up. */
    private volatile @Nullable Thread trainer;
    /** Of each parameter that was ever reached by rows alone. */
    private final @Nullable GradientRows[] rows;
    /** What one call sets to zero. */
    private @Nullable Segments segments;

    /**
     * Whether the gradient was last written as a whole: its rows say nothing then, and its place in the block holds
     * anything.
     */
    private final boolean[] whole;

    private @Nullable Block gradients;
    private @Nullable Commands commands;
    private volatile @Nullable String superseded;
    /** By identity; never changed once it is here, as passes of other threads read it. */
    private volatile Set<Object> evaluating = Set.of();

    /** Lays out parameters and then buffers; {@link #bind} makes this the store that holds them. */
    public Store(List<? extends StoreCell> cells, List<String> names) {
        this(cells, new Weights(cells, names), null);
    }

    /** A replica of {@code of} for other cells of the same shapes. */
    public Store(Store of, List<? extends StoreCell> cells) {
        this(cells, of.shared(), of.original == null ? of : of.original);
        try {
            takeBuffers();
        } catch (RuntimeException | Error e) {
            buffers.close();
            throw e;
        }
    }

    private Store(List<? extends StoreCell> cells, Weights weights, @Nullable Store original) {
        this.cells = List.copyOf(cells);
        this.weights = weights;
        this.original = original;
        long at = Float.BYTES * parameterFloats();
        long bytes = Float.BYTES * weights.offsets[cells.size()] - at;
        buffers = original != null
                ? new Block("replica", bytes)
                : bytes == 0 ? weights.block : weights.block.part(at, bytes);
        bufferVersions = new int[cells.size() - weights.parameters];
        fresh = new boolean[weights.parameters];
        clearedAfter = new long[weights.parameters];
        rows = new GradientRows[weights.parameters];
        whole = new boolean[weights.parameters];
    }

    private Weights shared() {
        check();
        return weights;
    }

    /** Tells every parameter and buffer that its numbers are here. */
    public void bind() {
        for (int i = 0; i < cells.size(); i++) {
            cells.get(i).bind(new Place(this, i));
        }
    }

    /** The store that holds a parameter or buffer. */
    public static Store of(StoreCell cell) {
        return cell.place().store();
    }

    /** The number of its segment there. */
    public static int index(StoreCell cell) {
        return cell.place().index();
    }

    /** Parameters and buffers, in the order of the block. */
    @SuppressWarnings("unchecked") // Variable is the only class of cells
    public <C extends StoreCell> List<C> cells() {
        return (List<C>) cells;
    }

    /** How many of them are parameters; they come first. */
    public int parameters() {
        return weights.parameters;
    }

    /** Whether these are the values of another model, which has its own thread. */
    public boolean isReplica() {
        return original != null;
    }

    private long parameterFloats() {
        return weights.offsets[weights.parameters];
    }

    /** The name of segment {@code i}. */
    public String name(int i) {
        return weights.names.get(i);
    }

    /** Where segment {@code i} begins in the block of values, in floats. */
    public long offset(int i) {
        return weights.offsets[i];
    }

    /**
     * The block of values, which replicas share. The buffers of a replica lie elsewhere: {@link #view} and
     * {@link #copyTo} find them. A lease of this block is one of the parameters alone.
     */
    public Block values() {
        check();
        return weights.block;
    }

    /**
     * The numbers of segment {@code i}, those of a replica's buffers where this is one. The caller {@linkplain #lease
     * leases} them.
     */
    public ByteBuffer view(int i) {
        return block(i).view(offsetInBlock(i), Float.BYTES * cells.get(i).shape.size());
    }

    /** The numbers of segment {@code i} in a block of the layout of {@link #values}. */
    public ByteBuffer view(int i, Block of) {
        return of.view(Float.BYTES * offset(i), Float.BYTES * cells.get(i).shape.size());
    }

    /** Keeps the numbers mapped until {@link #release}, whoever closes the model meanwhile. */
    public void lease() {
        values().lease();
        try {
            buffers.lease();
        } catch (RuntimeException | Error e) {
            weights.block.release();
            throw e;
        }
    }

    /** Ends a lease. */
    public void release() {
        weights.block.release();
        buffers.release();
    }

    /**
     * Copies the values as this store has them, a replica's own buffers among them, into a block of the layout of
     * {@link #values}.
     */
    public void copyTo(Block to) {
        lease();
        try {
            for (int i = 0; i < cells.size(); i++) {
                view(i, to).put(view(i));
            }
        } finally {
            release();
        }
    }

    /** The block of gradients, of the layout of the parameters. */
    public Block gradients() {
        check();
        Block g = gradients;
        return g == null ? makeGradients() : g;
    }

    /** Under the lock of {@link #close}, so that what is made here is closed there. */
    private synchronized Block makeGradients() {
        check();
        Block g = gradients;
        if (g == null) {
            g = new Block("gradients", Float.BYTES * parameterFloats(), true);
            gradients = g;
        }
        return g;
    }

    /** The block of the buffers alone. */
    Block buffers() {
        return buffers;
    }

    /** The block in which segment {@code i} lies. */
    Block block(int i) {
        return i < parameters() ? weights.block : buffers;
    }

    /** Where segment {@code i} begins in its block, in bytes. */
    long offsetInBlock(int i) {
        return Float.BYTES * (offset(i) - (i < parameters() ? 0 : parameterFloats()));
    }

    /** Freezes or unfreezes parameter {@code i}, also in replicas. */
    public void trainable(int i, boolean on) {
        weights.trainable[i] = on;
    }

    /** Whether parameter {@code i} may be trained. */
    public boolean isTrainable(int i) {
        return weights.trainable[i];
    }

    /** How often values have changed since the model was made. */
    public long changes() {
        long changes = 0;
        for (int i = 0; i < cells.size(); i++) {
            changes += version(i);
        }
        return changes;
    }

    /** How often the values of segment {@code i} have changed. */
    int version(int i) {
        return i < parameters() ? weights.versions[i] : bufferVersions[i - parameters()];
    }

    /** Tells that the values of segment {@code i} have changed. */
    public void changed(int i) {
        if (i < parameters()) {
            weights.versions[i]++;
        } else {
            bufferVersions[i - parameters()]++;
        }
    }

    /**
     * Changes the values of segment {@code i}.
     *
     * @param what changes them, for messages
     * @throws IllegalStateException if another thread reads or changes them
     */
    public void change(String what, int i, Runnable write) {
        Block b = block(i);
        b.change(what, Values.leases(b));
        try {
            write.run();
            changed(i);
        } finally {
            b.changed();
        }
    }

    /**
     * Replaces the block of values, or a part of it, by a load or a copy.
     *
     * @param what replaces them, for messages
     * @throws IllegalStateException if another thread reads or changes them
     */
    public void replace(String what, Runnable write) {
        Block b = values();
        b.change(what, Values.leases(b));
        try {
            Block rest = (original == null ? this : original).buffers;
            rest.change(what, Values.leases(rest));
            try {
                write.run();
                replaced();
            } finally {
                rest.changed();
            }
        } finally {
            b.changed();
        }
    }

    private void replaced() {
        Store owner = original == null ? this : original;
        for (int i = 0; i < cells.size(); i++) {
            owner.changed(i);
        }
        takeBuffers();
    }

    /** Whether the gradient of parameter {@code i} is of a backward since the last step. */
    public boolean fresh(int i) {
        return fresh[i];
    }

    /** Whether parameter {@code i} has a gradient, and none was used or cleared since the backward of this number. */
    boolean keepsGradientOf(int i, long backward) {
        return fresh[i] && clearedAfter[i] < backward;
    }

    /** Says that the gradient of parameter {@code i} is used up. */
    public void forget(int i) {
        fresh(i, false);
    }

    private synchronized void fresh(int i, boolean on) {
        if (fresh[i] != on) {
            fresh[i] = on;
            freshCount += on ? 1 : -1;
            if (!on) {
                clearedAfter[i] = Backward.latest();
            }
        }
        if (freshCount == 0) {
            trainer = null;
        }
    }

    /** Makes the calling thread the one whose gradients these are; one that has ended leaves them to others. */
    private void claim() {
        Thread me = Thread.currentThread();
        if (trainer != me) {
            synchronized (this) {
                Thread other = trainer;
                if (other != null && other != me && other.isAlive()) {
                    throw new IllegalStateException("backward: thread " + me.getName()
                            + " computes gradients of a model that has gradients of thread " + other.getName()
                            + ", which no step has used; clear them with zeroGrad(), train a model by one thread at a"
                            + " time, or give each thread a model.replica() and add them up with addGradients");
                }
                trainer = me;
            }
        }
    }

    // ---- gradients of some rows

    /**
     * Makes the gradient of parameter {@code i} ready to be written as a whole; returns whether it is to be added to.
     */
    boolean writeWhole(int i) {
        claim();
        boolean adds = fresh[i];
        fresh(i, true);
        whole[i] = true;
        return adds;
    }

    /** Says that the gradient of parameter {@code i}, which may have been rows alone, is now written as a whole. */
    public void wholeGradient(int i) {
        writeWhole(i);
    }

    /**
     * Makes the gradient of parameter {@code i} ready to be added to in these rows: where it is of an earlier backward,
     * it becomes zero, at the cost of its rows where it had no more than rows. The first {@code n} of {@code index} are
     * the rows.
     */
    void writeRows(Commands commands, int i, int[] index, int n) {
        claim();
        addToRows(commands, i, index, n);
    }

    private synchronized void addToRows(Commands commands, int i, int[] index, int n) {
        GradientRows mine = rows[i];
        if (mine == null) {
            mine = new GradientRows(cells.get(i).shape.dim(0));
            rows[i] = mine;
        }
        if (!fresh[i]) {
            Segments old = segments == null ? new Segments(64) : segments;
            segments = old;
            old.clear();
            if (whole[i]) {
                old.add(offset(i), row(i, cells.get(i).shape.dim(0)), i);
                whole[i] = false;
            } else {
                addRows(i, mine.rows(), old, i);
            }
            old.put(commands.begin(Kernel.ZERO).at(gradients().address())).run();
            mine.clear();
            fresh(i, true);
        }
        if (!whole[i]) {
            mine.add(index, n);
        }
    }

    /** Where row {@code row} of parameter {@code i} begins in the block, in floats. */
    public long row(int i, int row) {
        Shape shape = cells.get(i).shape;
        return offset(i) + row * shape.size(1, shape.rank());
    }

    /**
     * The rows outside of which the gradient of parameter {@code i} is zero, ascending; null where it is whole, or
     * there is none.
     */
    public int @Nullable [] gradientRows(int i) {
        GradientRows mine = rows[i];
        return mine == null || !fresh[i] || whole[i] ? null : mine.rows();
    }

    /**
     * Adds a segment for each row outside of which the gradient of parameter {@code i} is zero; false where it is
     * whole, or there is none.
     */
    public boolean addRows(int i, Segments to, int group) {
        int[] some = gradientRows(i);
        if (some != null) {
            addRows(i, some, to, group);
        }
        return some != null;
    }

    /** One row is one segment, even beside another: loops of one length are faster than longer ones of several. */
    private void addRows(int i, int[] some, Segments to, int group) {
        long begin = offset(i);
        long floats = row(i, 1) - begin;
        for (int row : some) {
            to.add(begin + row * floats, begin + (row + 1) * floats, group);
        }
    }

    /** The gradient of parameter {@code i} as a tensor; null where there is none since the last step. */
    public @Nullable Tensor gradient(int i) {
        return fresh[i]
                ? Values.over(
                        Tensor.class,
                        gradients(),
                        Float.BYTES * offset(i),
                        cells.get(i).shape,
                        "gradient of " + name(i),
                        null)
                : null;
    }

    /**
     * Where parameter {@code i} lies as {@code packing} of a matrix [n, k] makes it, as it is now; the arena keeps it
     * there.
     */
    long packed(Arena arena, int i, Kernel packing, long n, long k) {
        check();
        return weights.packed(arena, i, packing, n, k);
    }

    // ---- evaluation mode

    /** Fixes nets of the model's tree in evaluation mode, in addition to those that are already fixed. */
    public synchronized void evaluate(Collection<?> nets) {
        check();
        Set<Object> all = Collections.newSetFromMap(new IdentityHashMap<>());
        all.addAll(evaluating);
        all.addAll(nets);
        evaluating = all;
        EvalModes.add(this);
    }

    /** Lets every net of the model follow its pass again. */
    public synchronized void followPass() {
        EvalModes.remove(this);
        evaluating = Set.of();
    }

    /** The nets that are fixed in evaluation mode. */
    public Set<Object> evaluating() {
        return Collections.unmodifiableSet(evaluating);
    }

    @Override
    public boolean fixes(Object net, @Nullable Frame parent) {
        if (!evaluating.contains(net)) {
            return false;
        }
        Store runs = running(net, parent);
        return runs == null || runs == this;
    }

    /**
     * The store of the model that runs a net, as the values of the net, or of the nearest one around it that has any,
     * tell: two models may share a net without values, such as a dropout. Null where no net has values.
     */
    private static @Nullable Store running(Object net, @Nullable Frame parent) {
        Object at = net;
        for (Frame f = parent; ; f = f.parent()) {
            for (Structure.Named n : Structure.walk(at)) {
                if (n.value() instanceof StoreCell c && c.bound()) {
                    return of(c);
                }
            }
            if (f == null) {
                return null;
            }
            at = f.net();
        }
    }

    /** Multiplies the gradients of all backwards since the last step by a factor. */
    public void scaleGradients(float factor) {
        if (factor != 1) {
            change(Unary.MUL_SCALAR, factor);
        }
    }

    /**
     * Makes 0 of each -0 in the gradients. A sum of gradients has one where all terms are -0, and so where terms are
     * left out, but not where these are zeros.
     */
    public void unsignZeros() {
        change(Unary.ADD_SCALAR, 0);
    }

    private synchronized void change(Unary row, float by) {
        Commands c = commands();
        Block all = gradients();
        all.lease();
        try {
            for (int i = 0; i < parameters(); i++) {
                int[] some = gradientRows(i);
                if (some != null) {
                    for (int k : some) {
                        change(c, row, all.address() + Float.BYTES * row(i, k), row(i, k + 1) - row(i, k), by);
                    }
                } else if (fresh(i)) {
                    change(
                            c,
                            row,
                            all.address() + Float.BYTES * offset(i),
                            cells.get(i).shape.size(),
                            by);
                }
            }
        } finally {
            all.release();
        }
    }

    private static void change(Commands c, Unary row, long at, long floats, float by) {
        c.begin(Kernel.UNARY)
                .put(row.ordinal())
                .at(at)
                .at(at)
                .put(floats)
                .put(by)
                .put(0f)
                .run();
    }

    private Commands commands() {
        Commands c = commands;
        if (c == null) {
            c = new Commands();
            commands = c;
        }
        return c;
    }

    // ---- replicas

    /**
     * Adds the gradients of a replica to these and uses them up, and gives it these buffers.
     *
     * @throws IllegalArgumentException if the two do not share their values
     */
    public void addGradients(Store replica) {
        if (replica == this || replica.weights != weights) {
            throw new IllegalArgumentException(
                    "addGradients: the other is no replica of this model; make it with model.replica()");
        }
        claim();
        addGradients(replica, 0, parameters());
        replica.takeBuffers();
    }

    /**
     * Adds the gradients of the parameters from {@code first} to {@code end}, and uses them up. Other threads may still
     * compute those of others, here and in the replica.
     */
    synchronized void addGradients(Store replica, int first, int end) {
        Block to = gradients();
        Block from = replica.gradients();
        to.lease();
        try {
            from.lease();
            try {
                addRows(replica, first, end, from.address(), to.address());
                addWhole(replica, first, end, from.address(), to.address());
            } finally {
                from.release();
            }
        } finally {
            to.release();
        }
    }

    private void addRows(Store replica, int first, int last, long from, long to) {
        Commands commands = commands();
        for (int i = first; i < last; i++) {
            int[] theirs = replica.gradientRows(i);
            if (theirs != null) {
                addToRows(commands, i, theirs, theirs.length);
                for (int k = 0, end; k < theirs.length; k = end) {
                    end = k + 1;
                    while (end < theirs.length && theirs[end] == theirs[end - 1] + 1) {
                        end++; // neighboring rows are one call
                    }
                    long at = row(i, theirs[k]);
                    commands.begin(Kernel.ACCUMULATE)
                            .at(from + Float.BYTES * at)
                            .at(to + Float.BYTES * at)
                            .put(row(i, theirs[end - 1] + 1) - at)
                            .run();
                }
                replica.forget(i);
            }
        }
    }

    private void addWhole(Store replica, int first, int last, long from, long to) {
        Commands commands = commands();
        boolean[] given = replica.fresh;
        for (int i = first, end; i < last; i = end) {
            end = i + 1;
            while (end < last && given[end] == given[i] && fresh[end] == fresh[i]) {
                end++; // neighbors of one kind are one call
            }
            long at = Float.BYTES * offset(i);
            long floats = offset(end) - offset(i);
            if (given[i] && fresh[i]) {
                commands.begin(Kernel.ACCUMULATE)
                        .at(from + at)
                        .at(to + at)
                        .put(floats)
                        .run();
            } else if (given[i]) {
                commands.begin(Kernel.COPY)
                        .at(from + at)
                        .at(to + at)
                        .put(Float.BYTES * floats)
                        .run();
            }
            for (int j = i; j < end; j++) {
                fresh(j, fresh[j] || given[j]);
                whole[j] |= given[j];
                replica.forget(j);
            }
        }
    }

    /** Lets another thread go on with these gradients, which the thread that computed them does not use any more. */
    public void handOver() {
        trainer = null;
    }

    /** Gives a replica the buffers of its model; the model itself has them. */
    private void takeBuffers() {
        if (original == null || cells.size() == parameters()) {
            return;
        }
        original.check();
        Block.copy(original.buffers, buffers);
        for (int i = parameters(); i < cells.size(); i++) {
            changed(i);
        }
    }

    // ---- life

    /** Says that another model has taken the values over; everything but {@link #close} now refuses with {@code by}. */
    public void supersede(String by) {
        superseded = by;
        followPass();
    }

    /**
     * Refuses a closed or superseded model, and its replicas.
     *
     * @throws IllegalStateException naming where it was closed, or who took its parameters
     */
    public void check() {
        String end = ended();
        if (end != null) {
            throw new IllegalStateException((isReplica() && superseded == null && closed() ? "replica" : "model")
                    + " is " + end + (end.startsWith("superseded") ? "; use that model" : "; use it before the close"));
        }
    }

    /**
     * Why nobody can use the values any more, such as {@code closed: it was closed at ...}; null while they are there.
     */
    public @Nullable String ended() {
        if (superseded != null) {
            return "superseded: " + superseded;
        }
        if (closed()) {
            return "closed: it was closed at " + closedAt();
        }
        return original == null ? null : original.ended();
    }

    /** Whether {@link #close} was called. */
    private boolean closed() {
        return buffers.closed();
    }

    /** Where it was called, for messages. */
    private String closedAt() {
        return buffers.closedAt();
    }

    /**
     * Gives gradients and values back, those of a replica not the values that it shares; all of it as soon as no pass
     * reads it.
     */
    @Override
    public void close() {
        followPass();
        buffers.close();
        if (original == null) {
            weights.close();
        }
        synchronized (this) {
            if (gradients != null) {
                gradients.close();
            }
            if (segments != null) {
                segments.close();
            }
        }
    }
}
