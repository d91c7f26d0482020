package dev.fathom.autograd;

import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.lang.ref.Reference;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What lies below a tensor: where its elements are, who may read them, which call made it, and its gradient.
 * {@code Tensor}, the only direct subclass, adds the methods that users call. What changes in a tensor's life is
 * visible in this package alone.
 */
public abstract class Value {
    protected final Shape shape;
    protected final DType dtype;
    final @Nullable Scope scope;
    final @Nullable Value base;
    private final @Nullable Op op;
    private final @Nullable Frame frame;
    final int ordinal;
    /** The address of a root, 0 once its memory is given back; the offset into its base of any other. */
    private long at;

    private @Nullable Frame releasedBy;

    /** The pages of a value that no scope owns, leased by every scope that reads it. */
    final @Nullable Block block;

    private final @Nullable String title;
    /** The parameter or buffer whose numbers these are. */
    final @Nullable Leaf leaf;

    /** The recorded call that made it. */
    @Nullable
    Node node;

    private boolean needsGradient;
    boolean watched;
    /** Where the gradient lies during backward (and after it in a watched input); 0 without one. */
    long gradient;
    /** Where a watched result's gradient lies after backward, the sum over several; 0 without one. */
    long total;
    /** How many records of the tape read this memory. */
    int pins;
    /** Being returned from the frame that ends. */
    boolean kept;
    /** Views of this memory were made, so that others may read it. */
    boolean viewed;
    /** A view that took the memory over from its base, so that it alone may read and change it. */
    boolean heir;
    /** A result was computed in its memory, which is that result's from then on. */
    private boolean gone;
    /** Whether memory that outlives scopes may be taken over too: its owner asks for that. */
    private boolean offered;
    /** Depends on the input of a traced pass: it has a shape and no memory. */
    boolean traced;

    /**
     * Elements from byte {@code at} of {@code base} on, or without one at this address, in a scope's memory; {@code op}
     * makes them.
     */
    protected Value(Shape shape, DType dtype, Scope scope, @Nullable Value base, long at, @Nullable Op op) {
        this.shape = shape;
        this.dtype = dtype;
        this.scope = scope;
        this.base = base;
        this.at = at;
        this.op = op;
        frame = scope.frame();
        ordinal = scope.nextOrdinal();
        block = null;
        title = null;
        leaf = null;
    }

    /** Elements at {@code offset} bytes into a block that outlives scopes. */
    protected Value(Shape shape, DType dtype, Block block, long offset, String title, @Nullable Leaf leaf) {
        this.shape = shape;
        this.dtype = dtype;
        this.block = block;
        this.title = title;
        this.leaf = leaf;
        at = block.address() + offset;
        scope = null;
        base = null;
        op = null;
        frame = null;
        ordinal = 0;
    }

    Value root() {
        return base == null ? this : base;
    }

    /** Where the elements begin in those of the base. */
    long offset() {
        return base == null ? 0 : at;
    }

    /** How many bytes the elements take. */
    protected final long bytes() {
        return shape.size() * dtype.bytes();
    }

    // ---- names, for messages

    /** The op that made it and where, such as {@code linear[0.fc1]}, or its title. */
    String name() {
        if (title != null) {
            return title;
        }
        String path = frame == null ? "" : frame.path();
        return (op == null ? "value" : op.label()) + "[" + (path.isEmpty() ? "#" + ordinal : path) + "]";
    }

    /** {@code tensor linear[0] [2, 10]}. */
    protected final String label() {
        return "tensor " + name() + " " + shape;
    }

    String leafName() {
        return title != null ? title : watched ? "watched" : "constant";
    }

    // ---- memory

    /** Where the elements lie, after the checks that they still do. */
    protected final long address() {
        checkAlive();
        Value root = root();
        if (root.traced) {
            throw unknown();
        }
        return root.at + offset();
    }

    /** The address for reading in Java; refused while a plan is traced. */
    protected final long readable() {
        if (traced && scope != null && scope.tracing()) {
            throw unknown();
        }
        return address();
    }

    private IllegalStateException unknown() {
        return new IllegalStateException("freeze: value of " + name() + " read at " + OffHeap.render(OffHeap.callSite())
                + "; a plan cannot depend on data, so choose by ops, such as where, or freeze a plan for each case");
    }

    boolean alive() {
        return root().at != 0 || root().traced;
    }

    /** Refuses elements whose memory is gone, or is another thread's. */
    void checkAlive() {
        Value root = root();
        if (gone) {
            throw new IllegalStateException(
                    label() + " has given its memory to the result that was computed in its place" + Where.running()
                            + "; use that result, or keep() this one before to go on from it twice");
        }
        if (!alive()) {
            throw dead(root);
        }
        Scope s = root.scope;
        if (s != null && (s.closed() || !s.ownedBy(Thread.currentThread()))) {
            throw dead(root);
        }
        Block b = root.block;
        if (b != null && b.closed()) {
            throw new IllegalStateException((leaf != null ? leaf.label() : label())
                    + " is gone: its memory was closed at " + b.closedAt() + "; use it before the close");
        }
    }

    private IllegalStateException dead(Value root) {
        if (root.at == 0 && root.releasedBy != null) {
            return new IllegalStateException(label() + " was released when " + root.releasedBy.returned()
                    + " returned; return it, or keep() it");
        }
        Scope s = root.scope;
        if (s != null && !s.closed()) {
            return new IllegalStateException(
                    label() + " belongs to a pass of thread " + s.thread().getName() + " but thread "
                            + Thread.currentThread().getName() + " used it; keep() it to share it");
        }
        return new IllegalStateException(label() + " is dead: its pass"
                + (s == null ? "" : ", opened at " + s.openedAt() + ",")
                + " was closed; read it before the close, or keep() it");
    }

    /**
     * Whether a result of {@code s} may be computed in this memory: nobody but the caller of the op could read it, and
     * only through this value.
     */
    boolean yieldsTo(Scope s) {
        Value root = root();
        return root.pins == 0 && !root.viewed && (scope == s && (base == null || heir) || base == null && offered);
    }

    /** Leaves the memory to {@code heir}. */
    void yieldTo(Value heir) {
        heir.heir = true;
        gone = true;
    }

    /** Offers memory of a block to the next result that can be computed in it, whatever became of an earlier offer. */
    protected final void offer() {
        offered = true;
        gone = false;
    }

    /** Ends an offer. */
    protected final void withdraw() {
        offered = false;
    }

    /** Whether {@code v} has taken this memory over and nothing else can read it. */
    protected final boolean leftTo(Value v) {
        return v.base == this && v.heir && !v.gone && !viewed;
    }

    /** Gives the memory up; returns where it was. */
    long release(Frame by) {
        long was = at;
        at = 0;
        releasedBy = by;
        return was;
    }

    /**
     * Keeps a block that outlives scopes mapped while Java reads it: another thread may close it meanwhile, and the
     * collector takes what nobody will use again, even during the read. A scope keeps its own memory, and then there is
     * none to lease.
     */
    protected final @Nullable Block lease() {
        Block b = root().block;
        if (b != null) {
            b.lease();
        }
        return b;
    }

    /** Ends a lease. Until here the value, and with it its scope, is in use, even if nobody else holds either. */
    protected final void release(@Nullable Block b) {
        if (b != null) {
            b.release();
        }
        Reference.reachabilityFence(this);
    }

    /** Fills a buffer with the elements that lie at {@code address}. */
    protected final void read(long address, Buffer to) {
        Block b = lease();
        try {
            Block.read(address, to);
        } finally {
            release(b);
        }
    }

    /** The element at an address, read without a copy: losses are asked for at each step. */
    protected final double element(long address) {
        Block b = lease();
        try {
            return dtype.get(Block.at(address, dtype.bytes()), 0);
        } finally {
            release(b);
        }
    }

    /** A copy of {@code n} elements from an address on, in native order. */
    protected final ByteBuffer elements(long address, int n) {
        ByteBuffer elements = ByteBuffer.allocate(n * dtype.bytes()).order(ByteOrder.nativeOrder());
        read(address, elements);
        return elements;
    }

    /** The elements as floats, for {@code method}. */
    protected final float[] floats(String method) {
        long a = floatsAt(method);
        float[] values = new float[Math.toIntExact(shape.size())];
        read(a, FloatBuffer.wrap(values));
        return values;
    }

    /** Where the elements lie for {@code method}, which reads floats. */
    protected final long floatsAt(String method) {
        if (dtype != DType.F32) {
            throw new IllegalArgumentException(method + ": " + label() + " is " + dtype + "; use "
                    + (dtype.isWhole() ? "toIntArray()" : "to(DType.F32), or toShortArray() for the bits"));
        }
        return readable();
    }

    /** The elements as integers, for {@code method}. */
    protected final int[] ints(String method) {
        if (!dtype.isWhole()) {
            throw new IllegalArgumentException(method + ": " + label() + " is " + dtype + "; use "
                    + (dtype == DType.F32 ? "toArray()" : "toShortArray(), or to(DType.F32) before toArray()"));
        }
        int[] values = new int[Math.toIntExact(shape.size())];
        long a = readable();
        if (dtype == DType.I32) {
            read(a, IntBuffer.wrap(values));
            return values;
        }
        ByteBuffer bytes = elements(a, values.length);
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) dtype.get(bytes, i);
        }
        return values;
    }

    // ---- gradients

    /** Whether backward would reach something through it. */
    protected boolean needsGradient() {
        return needsGradient || leaf != null && leaf.trainable();
    }

    /** Where the gradient of a watched value lies after backward; 0 without one. */
    long sumOfGradients() {
        return node == null ? gradient : total;
    }

    /** Tells that a recorded call made it. */
    void made(Node node) {
        this.node = node;
        needsGradient = dtype == DType.F32 && node.op.differentiable() && scope != null && scope.recording;
    }

    /** Asks for its gradient. */
    void watch() {
        watched = true;
        needsGradient = true;
    }

    /** Whether the elements are known only when a plan runs. */
    protected final boolean traced() {
        return traced;
    }
}
