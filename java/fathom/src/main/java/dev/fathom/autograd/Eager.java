package dev.fathom.autograd;

import dev.fathom.command.Commands;
import dev.fathom.kernel.Blas;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.KernelException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What an op sees while a scope runs it: its commands run at once. One object serves op after op and stays with its
 * arena.
 */
@SuppressWarnings("NullAway") // begin sets what end clears: one object serves call after call without allocating
final class Eager extends Grad {
    private final Arena arena;
    private final Commands commands;
    private Scope scope;
    private Op op;
    private Value[] in;
    private Value[] out;
    private @Nullable Node node;
    private @Nullable Backward backward;
    /** Results whose gradient is nothing but the zeros that {@link #dout} made. */
    private final BitSet zeros = new BitSet();

    /** The results for whose addresses forward has asked, by their bits. */
    private int asked;
    /** Whether backward has asked for the address of a gradient, or has written gradients without it. */
    private boolean wroteGradients;

    private boolean adds;
    /** The inputs whose gradients the next command writes. */
    private final List<Value> writes = new ArrayList<>();
    /** The inputs of a second gradient that one command writes, which lies {@link #apart} until the op is done. */
    private final List<Value> again = new ArrayList<>();

    private long[] apart = new long[4];
    private long[] scratch = new long[4];
    private int scratchCount;

    Eager(Arena arena) {
        this.arena = arena;
        commands = arena.commands();
    }

    /** Before forward; {@link #results} follows when they are there. */
    void begin(Scope scope, Op op, Value[] in) {
        this.scope = scope;
        this.op = op;
        this.in = in;
        asked = 0;
    }

    void results(Value[] out) {
        this.out = out;
    }

    /** Before the backward of a node. */
    void begin(Scope scope, Node node, Backward backward) {
        begin(scope, node.op, node.in);
        results(node.out);
        this.node = node;
        this.backward = backward;
        wroteGradients = false;
        zeros.clear();
        writes.clear();
        again.clear();
    }

    /** After the backward of a node: adds to the gradients what lies apart. */
    void gather() {
        for (int i = 0; i < again.size(); i++) {
            Value t = again.get(i);
            commands.begin(Kernel.ACCUMULATE)
                    .at(apart[i])
                    .at(t.leaf != null ? gradient(t.leaf) : t.gradient)
                    .put(t.shape.size())
                    .run();
        }
    }

    /** The backward under way. */
    Backward backward() {
        return backward;
    }

    Scope scope() {
        return scope;
    }

    /** Where the node was recorded. */
    @Nullable
    Frame frame() {
        return node.frame;
    }

    Value input(int i) {
        return in[i];
    }

    /** Which input {@code t} is, or -1. */
    int indexOf(Value t) {
        for (int i = 0; i < in.length; i++) {
            if (in[i] == t) {
                return i;
            }
        }
        return -1;
    }

    /** Gives scratch back and forgets all else, so that it may serve the next op, also of another scope. */
    void end() {
        for (int i = 0; i < scratchCount; i += 2) {
            arena.free(scratch[i], scratch[i + 1]);
        }
        scratchCount = 0;
        scope = null;
        op = null;
        in = null;
        out = null;
        node = null;
        backward = null;
        writes.clear();
        again.clear();
    }

    @Override
    public int inputs() {
        return in.length;
    }

    @Override
    public boolean has(int i) {
        return i < in.length && in[i] != null;
    }

    @Override
    public Shape shape(int i) {
        return in[i].shape;
    }

    @Override
    public DType dtype(int i) {
        return in[i].dtype;
    }

    @Override
    public Shape outShape(int o) {
        return out[o].shape;
    }

    @Override
    public String inName(int i) {
        Leaf leaf = in[i].leaf;
        if (leaf == null) {
            return in.length == 1 || i == 0 ? "x" : "input " + i;
        }
        String name = leaf.name();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    @Override
    public long in(int i) {
        if (!has(i)) {
            return 0;
        }
        if (node != null) {
            checkRead(i);
        }
        return in[i].address();
    }

    private void checkRead(int i) {
        if (!op.readsInput(i)) {
            throw new IllegalStateException(
                    op.label() + ": backward reads input " + i + " but readsInput(" + i + ") is false");
        }
        node.checkUnchanged(i, "backward");
    }

    @Override
    public long out(int o) {
        if (node != null && !op.readsOutput(o)) {
            throw new IllegalStateException(
                    op.label() + ": backward reads output " + o + " but readsOutput(" + o + ") is false");
        }
        if (node == null) {
            asked |= 1 << o;
        }
        return out[o] == null ? 0 : out[o].address();
    }

    /** Refuses an op whose forward cannot have written a result, which would be what was in this memory before. */
    void mustHaveWritten(int o) {
        if ((asked & 1 << o) == 0 && out[o].shape.size() > 0) {
            throw fail("forward wrote nothing to result " + o + " " + out[o].shape + "; write all of it, by out(" + o
                    + ") or write(" + o + ", values)");
        }
    }

    /** Takes the gradients as written. */
    void wroteGradients() {
        wroteGradients = true;
    }

    /** Refuses an op whose backward wrote no gradient, so that nothing below it would learn. */
    void mustHaveWrittenGradients() {
        for (int i = 0; !wroteGradients && i < in.length; i++) {
            if (wants(i) && in[i].shape.size() > 0) {
                throw fail("backward wrote no gradient of input " + i + " " + in[i].shape
                        + "; write one by din(" + i + ") or writeGradient(" + i
                        + ", values), zeros where nothing depends on it, or let differentiable() say false");
            }
        }
    }

    @Override
    public long scratch(long bytes) {
        if (bytes == 0) {
            return 0;
        }
        long address = arena.allocate(bytes);
        if (scratchCount == scratch.length) {
            scratch = Arrays.copyOf(scratch, 2 * scratchCount);
        }
        scratch[scratchCount++] = address;
        scratch[scratchCount++] = bytes;
        return address;
    }

    @Override
    public long packed(int i, Kernel packing, long n, long k) {
        Leaf leaf = in[i].leaf;
        if (scope.recording || NativeRuntime.get().blas() == Blas.OPENBLAS || leaf == null || !leaf.isParameter()) {
            return 0;
        }
        return leaf.packed(arena, packing, n, k);
    }

    @Override
    public Call begin(Kernel kernel) {
        commands.begin(kernel);
        return this;
    }

    @Override
    public Call put(long word) {
        commands.put(word);
        return this;
    }

    @Override
    public Call put(float value) {
        commands.put(value);
        return this;
    }

    @Override
    public Call at(long address) {
        assert typed(address);
        commands.at(address);
        return this;
    }

    /**
     * Refuses the address of an input or a result whose type the word does not take; in backward inputs may have been
     * given back.
     */
    private boolean typed(long address) {
        if (node == null) {
            checkTypes(address, in);
            checkTypes(address, out);
        }
        return true;
    }

    private void checkTypes(long address, Value[] values) {
        for (Value t : values) {
            if (t != null && t.bytes() > 0 && t.address() == address) {
                checkType(commands.kernel(), commands.count(), t.dtype);
            }
        }
    }

    @Override
    public void run() {
        try {
            long bytes = commands.scratchBytes();
            if (bytes < 0) {
                throw fail(tooLarge());
            }
            commands.run(scratch(bytes));
            writes.clear();
        } catch (KernelException e) {
            RuntimeException named = fail(op.refusal(e));
            named.initCause(e); // a trainer looks up which example it was
            throw named;
        }
    }

    private String tooLarge() {
        StringJoiner s = new StringJoiner(", ");
        for (int i = 0; i < in.length; i++) {
            if (has(i)) {
                s.add(inName(i) + " " + shape(i));
            }
        }
        return s + " would need more than 1 TiB of scratch memory; choose smaller sizes";
    }

    @Override
    public float[] read(int i) {
        in(i);
        return in[i].floats("toArray");
    }

    @Override
    public void write(int o, float[] values) {
        if (out[o].dtype != DType.F32) {
            throw fail("result " + o + " is " + out[o].dtype
                    + " but the op wrote floats; make it F32, or write it by kernels");
        }
        store(out(o), outShape(o).size(), values, false);
    }

    @Override
    public boolean received(int o) {
        return out[o] != null && out[o].gradient != 0 && !zeros.get(o);
    }

    @Override
    public long dout(int o) {
        Value t = out[o];
        if (t.gradient == 0) {
            if (t.dtype != DType.F32) {
                throw fail("result " + o + " is " + t.dtype + " and has no gradient");
            }
            t.gradient = arena.allocate(t.bytes());
            zeros.set(o);
            commands.begin(Kernel.FILL)
                    .at(t.gradient)
                    .put(t.shape.size())
                    .put(0f)
                    .run();
        }
        return t.gradient;
    }

    @Override
    public long doutOwned(int o) {
        long dy = dout(o);
        if (!out[o].watched) {
            return dy;
        }
        long copy = scratch(out[o].bytes());
        commands.begin(Kernel.COPY).at(dy).at(copy).put(out[o].bytes()).run();
        return copy;
    }

    @Override
    public boolean wants(int i) {
        return has(i) && backward.wanted(in[i]);
    }

    @Override
    public long din(int i) {
        wroteGradients();
        Value t = in[i];
        if (!backward.wanted(t)) { // an op that did not ask: nothing may stay behind in what outlives this pass
            adds = false;
            return scratch(t.bytes());
        }
        if (isWritten(t)) { // a command that writes two gradients wants memory of its own for each
            adds = false;
            int n = again.size();
            if (n == apart.length) {
                apart = Arrays.copyOf(apart, 2 * n);
            }
            again.add(t);
            apart[n] = scratch(t.bytes());
            return apart[n];
        }
        writes.add(t);
        if (t.leaf != null) {
            adds = t.leaf.writeWhole();
            return gradient(t.leaf);
        }
        adds = t.gradient != 0;
        if (!adds) {
            t.gradient = arena.allocate(t.bytes());
        }
        return t.gradient;
    }

    /** Whether the next command writes the gradient of {@code t} already. */
    private boolean isWritten(Value t) {
        for (int i = 0; i < writes.size(); i++) {
            Value w = writes.get(i);
            if (w == t || t.leaf != null && w.leaf == t.leaf) {
                return true;
            }
        }
        return false;
    }

    private long gradient(Leaf parameter) {
        Block gradients = parameter.gradients();
        scope.lease(gradients);
        return gradients.address() + parameter.gradientOffset();
    }

    @Override
    public long dinRows(int i, int index, int lengths, long padding) {
        wroteGradients();
        Value t = in[i];
        if (t.leaf == null || !backward.wanted(t) || shape(index).size() >= t.shape.dim(0)) {
            return din(i);
        }
        in(index);
        int[] rows = in[index].ints("toIntArray");
        int[] valid = lengths >= 0 && has(lengths) ? in[lengths].ints("toIntArray") : null;
        int most = valid == null || valid.length == 0 ? 1 : rows.length / valid.length;
        int n = 0;
        for (int k = 0; k < rows.length; k++) {
            int row = rows[k] < 0 && rows[k] != padding ? rows[k] + t.shape.dim(0) : rows[k];
            if (row >= 0 && row < t.shape.dim(0) && row != padding && (valid == null || k % most < valid[k / most])) {
                rows[n++] = row;
            }
        }
        long gradient = gradient(t.leaf);
        t.leaf.writeRows(commands, rows, n);
        adds = true;
        return gradient;
    }

    @Override
    public long dinReusing(int i) {
        wroteGradients();
        Value t = in[i];
        Value o = out[0];
        if (t.leaf == null && wants(i) && t.gradient == 0 && o.gradient != 0 && !o.watched && o.bytes() == t.bytes()) {
            t.gradient = o.gradient;
            o.gradient = 0;
            adds = false;
            writes.add(t);
            return t.gradient;
        }
        return din(i);
    }

    @Override
    public boolean rectifies() {
        return scope.rectifies;
    }

    @Override
    public boolean adds() {
        return adds;
    }

    @Override
    public float[] readGradient(int o) {
        float[] values = new float[Math.toIntExact(out[o].shape.size())];
        Block.read(dout(o), FloatBuffer.wrap(values));
        return values;
    }

    @Override
    public void writeGradient(int i, float[] values) {
        if (!wants(i)) {
            return;
        }
        long dx = din(i);
        store(dx, in[i].shape.size(), values, adds);
    }

    private void store(long address, long n, float[] values, boolean add) {
        if (values.length != n) {
            throw fail("the op wrote " + values.length + " values where " + n + " belong; write one for each element");
        }
        if (!add) {
            Block.write(address, FloatBuffer.wrap(values));
            return;
        }
        float[] sum = new float[values.length];
        Block.read(address, FloatBuffer.wrap(sum));
        for (int i = 0; i < n; i++) {
            sum[i] += values[i];
        }
        Block.write(address, FloatBuffer.wrap(sum));
    }

    @Override
    public IllegalArgumentException fail(String message) {
        Frame f = node == null ? scope.frame() : node.frame;
        String path = f == null ? "" : f.path();
        return new IllegalArgumentException(op.label() + (path.isEmpty() ? "" : " at " + path) + ": " + message);
    }
}
