package dev.fathom.derivative;

import dev.fathom.autograd.Node;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What the gradient of one input of a recorded call is made of: backward runs with that input alone wanted, and each
 * value that it asks for is noted. No kernel runs.
 */
class BackwardTrace extends Grad {
    private final Op op;
    private final @Nullable Tensor[] in;
    private final @Nullable Tensor[] out;
    private final String where;
    private int wanted = -1;
    private final BitSet inputs = new BitSet();
    private final BitSet results = new BitSet();
    private boolean reached;
    private boolean written;
    private long addresses;

    BackwardTrace(Node call) {
        op = call.op();
        in = (@Nullable Tensor[]) call.inputs();
        out = (@Nullable Tensor[]) call.outputs();
        where = call.where();
    }

    /** Traces the gradient of input {@code i}. */
    BackwardTrace of(int i) {
        wanted = i;
        op.backward(this);
        return this;
    }

    /** Whether any gradient flows from the results to the input. */
    boolean flows() {
        return reached && written;
    }

    /** Whether the gradient depends on the value of input {@code j}. */
    boolean readsInput(int j) {
        return inputs.get(j);
    }

    /** A result whose value the gradient depends on, or -1. */
    int firstResult() {
        return results.nextSetBit(0);
    }

    /** An address that no kernel sees: all differ, and none is 0. */
    private long address() {
        return addresses += 1L << 32;
    }

    private Tensor input(int i) {
        Tensor x = in[i];
        if (x == null) {
            throw fail("backward reads input " + i + ", which was left out");
        }
        return x;
    }

    private Tensor result(int o) {
        Tensor y = out[o];
        if (y == null) {
            throw fail("backward reads result " + o + ", which was not computed");
        }
        return y;
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
        return input(i).shape();
    }

    @Override
    public DType dtype(int i) {
        return input(i).dtype();
    }

    @Override
    public Shape outShape(int o) {
        return result(o).shape();
    }

    @Override
    public String inName(int i) {
        return "input " + i;
    }

    @Override
    public long in(int i) {
        inputs.set(i);
        return has(i) ? address() : 0;
    }

    @Override
    public long out(int o) {
        results.set(o);
        return out[o] == null ? 0 : address();
    }

    @Override
    public long scratch(long bytes) {
        return address();
    }

    @Override
    public long packed(int i, Kernel packing, long n, long k) {
        return 0;
    }

    @Override
    public Call begin(Kernel kernel) {
        return this;
    }

    @Override
    public Call put(long word) {
        return this;
    }

    @Override
    public Call put(float value) {
        return this;
    }

    @Override
    public Call at(long address) {
        return this;
    }

    @Override
    public void run() {}

    @Override
    public float[] read(int i) {
        inputs.set(i);
        return input(i).toArray();
    }

    @Override
    public void write(int o, float[] values) {}

    @Override
    public IllegalArgumentException fail(String message) {
        return new IllegalArgumentException(where + ": " + message);
    }

    @Override
    public boolean received(int o) {
        Tensor y = out[o];
        return y != null && y.dtype() == DType.F32 && !op.onlyForBackward(o);
    }

    @Override
    public long dout(int o) {
        reached = true;
        return address();
    }

    @Override
    public long doutOwned(int o) {
        return dout(o);
    }

    @Override
    public boolean wants(int i) {
        return i == wanted;
    }

    @Override
    public long din(int i) {
        written |= i == wanted;
        return address();
    }

    @Override
    public long dinRows(int i, int index, int lengths, long padding) {
        return din(i);
    }

    @Override
    public long dinReusing(int i) {
        return din(i);
    }

    @Override
    public boolean adds() {
        return false;
    }

    @Override
    public boolean rectifies() {
        return false;
    }

    @Override
    public float[] readGradient(int o) {
        reached = true;
        float[] ones = new float[Math.toIntExact(outShape(o).size())];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Override
    public void writeGradient(int i, float[] values) {
        written |= i == wanted;
    }
}
