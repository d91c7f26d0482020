package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Call;
import dev.fathom.op.Cell;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * A recurrent layer over whole sequences x [n, t, in], in one kernel. Results: the hidden states y [n, t, h], the last
 * one of each sequence [n, h], for an LSTM the last cell state [n, h], and what backward reads. Inputs that may be left
 * out are the biases, the peepholes, the initial states (zeros), the lengths I32 [n] (all t), the shares of skip
 * connections ({@link #SKIP}), and {@link #MASK} [n, h], which multiplies the state before its product with U. What
 * lies beyond a sequence's length costs nothing and is zero in y.
 *
 * @param reverse whether sequences run from their last step to their first
 * @param updateGatesCandidate whether a GRU's update gate weighs the candidate, as in textbooks, and not the state
 * @param paddedInFront whether a sequence shorter than t is aligned to the end of its row
 * @param lag how many steps the connections skip whose shares [t, 2] are the input {@link #SKIP}; 1 where there are
 *     none
 */
public record RecurrentOp(Cell cell, boolean reverse, boolean updateGatesCandidate, boolean paddedInFront, int lag)
        implements Op {
    public static final int WEIGHT = 1;
    public static final int RECURRENT_WEIGHT = 2;
    public static final int BIAS = 3;
    public static final int RECURRENT_BIAS = 4;
    public static final int PEEPHOLE = 5;
    public static final int HIDDEN = 6;
    public static final int CELL = 7;
    public static final int LENGTHS = 8;
    public static final int SKIP = 9;
    public static final int MASK = 10;
    private static final int INPUTS = 11;

    /** From so many sequences on, each thread has enough of its own: FEW_SEQUENCES of recurrent.h. */
    private static final int MANY_SEQUENCES = 16;
    /** From so many recurrent weights on, many threads share a step well: SHARED_FLOATS of recurrent.h. */
    private static final int MANY_WEIGHTS = 1 << 15;

    @Override
    public String label() {
        return cell.label();
    }

    /** The first of the results for backward: gates, inputs, states, and what else the cell keeps. */
    private int saved() {
        return cell.hasCellState() ? 3 : 2;
    }

    @Override
    public int outputs() {
        return saved() + (cell.keepsMore() ? 4 : 3);
    }

    @Override
    public boolean onlyForBackward(int output) {
        return output >= saved();
    }

    @Override
    public boolean readsOutput(int o) {
        return o >= saved();
    }

    @Override
    public boolean readsInput(int i) {
        return i == WEIGHT || i == RECURRENT_WEIGHT || i == PEEPHOLE || i == LENGTHS || i == SKIP || i == MASK;
    }

    @Override
    public boolean optional(int i) {
        return i >= BIAS;
    }

    @Override
    public @Nullable DType takes(int i) {
        return i == LENGTHS ? DType.I32 : DType.F32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (output == 0) {
            check(c, x);
        }
        int n = x.dim(0);
        int t = x.dim(1);
        int h = c.shape(RECURRENT_WEIGHT).dim(1);
        if (output < saved()) {
            return output == 0 ? Shape.of(n, t, h) : Shape.of(n, h);
        }
        int width = output == saved() ? Math.multiplyExact(cell.gates(), h) : output == saved() + 1 ? x.dim(2) : h;
        return Shape.of(n, t, width);
    }

    private void check(Call c, Shape x) {
        if (x.rank() != 3) {
            throw c.fail("x " + x + " must be [batch, steps, features]; reshape it");
        }
        if (x.dim(1) == 0) {
            throw c.fail("x " + x + " has no steps, x.dim(1)=0; give at least one");
        }
        Shape w = c.shape(WEIGHT);
        Shape u = c.shape(RECURRENT_WEIGHT);
        int gates = cell.gates();
        if (u.rank() != 2 || u.dim(0) != (long) gates * u.dim(1) || u.dim(1) == 0) {
            throw c.fail(c.inName(RECURRENT_WEIGHT) + " " + u + " must be [" + (gates == 1 ? "" : gates + " ")
                    + "hidden, hidden]");
        }
        int h = u.dim(1);
        if (w.rank() != 2 || w.dim(0) != u.dim(0)) {
            throw c.fail(c.inName(WEIGHT) + " " + w + " and " + c.inName(RECURRENT_WEIGHT) + " " + u
                    + " disagree: both need the same number of rows");
        }
        if (w.dim(1) == 0) {
            throw c.fail(c.inName(WEIGHT) + " " + w + " reads no features, " + c.inName(WEIGHT)
                    + ".dim(1)=0; give at least one");
        }
        if (x.dim(2) != w.dim(1)) {
            throw c.fail("x " + x + " and " + c.inName(WEIGHT) + " " + w + " disagree: x.dim(2)=" + x.dim(2) + " but "
                    + c.inName(WEIGHT) + ".dim(1)=" + w.dim(1));
        }
        Shape gate = Shape.of(u.dim(0));
        Shape state = Shape.of(x.dim(0), h);
        expect(c, BIAS, null, gate);
        expect(c, RECURRENT_BIAS, null, gate);
        expect(c, PEEPHOLE, null, Shape.of(3 * h));
        expect(c, HIDDEN, "the initial hidden state", state);
        expect(c, CELL, "the initial cell state", state);
        expect(c, LENGTHS, "lengths", Shape.of(x.dim(0)));
        expect(c, SKIP, "the shares of skipping connections", Shape.of(x.dim(1), 2));
        expect(c, MASK, "the mask of the states", state);
        if (!cell.hasCellState() && (c.has(PEEPHOLE) || c.has(CELL))) {
            throw c.fail("only an LSTM has peepholes and a cell state; leave them out");
        }
    }

    private static void expect(Call c, int i, @Nullable String role, Shape shape) {
        if (c.has(i) && !c.shape(i).equals(shape)) {
            String name = role == null ? c.inName(i) : role;
            throw c.fail(
                    "x " + c.shape(0) + " and " + name + " " + c.shape(i) + " disagree: " + name + " must be " + shape);
        }
    }

    private Call sizes(Call c) {
        Shape x = c.shape(0);
        int flags = (reverse ? 1 : 0) + (updateGatesCandidate ? 2 : 0) + (paddedInFront ? 4 : 0);
        return c.put(x.dim(0), x.dim(1), x.dim(2), c.shape(RECURRENT_WEIGHT).dim(1), lag, flags);
    }

    @Override
    public boolean runsBeside(Call c) {
        return c.shape(0).dim(0) < MANY_SEQUENCES
                && (c.shape(RECURRENT_WEIGHT).size() < MANY_WEIGHTS
                        || NativeRuntime.get().threads() < 4);
    }

    @Override
    public void forward(Call c) {
        Shape w = c.shape(WEIGHT);
        Shape u = c.shape(RECURRENT_WEIGHT);
        long packedW = c.packed(WEIGHT, Kernel.LINEAR_PACK, w.dim(0), w.dim(1));
        boolean packsItself = cell == Cell.GRU_RESET_FIRST;
        long packedU = packsItself ? 0 : c.packed(RECURRENT_WEIGHT, Kernel.LINEAR_PACK, u.dim(0), u.dim(1));
        // the kernel writes the last cell state even where nobody asked for it
        long last = !cell.hasCellState()
                ? 0
                : c.out(2) != 0 ? c.out(2) : c.scratch(4 * c.outShape(2).size());
        c.begin(Kernel.RECURRENT).put(cell.ordinal());
        c.at(c.in(0), packedW == 0 ? c.in(WEIGHT) : 0, packedW, packedU == 0 ? c.in(RECURRENT_WEIGHT) : 0, packedU);
        for (int i = BIAS; i < INPUTS; i++) {
            c.at(c.in(i));
        }
        c.at(c.out(0), c.out(1), last);
        saved(c);
        sizes(c).run();
    }

    /**
     * Writes where what backward reads lies. A plan keeps none of it, and a file may not claim that it keeps a part.
     */
    private void saved(Call c) {
        int kept = 0;
        for (int i = 0; i < 4; i++) {
            long at = saved() + i < outputs() ? c.out(saved() + i) : 0;
            kept += at == 0 ? 0 : 1;
            c.at(at);
        }
        if (kept != 0 && kept != outputs() - saved()) {
            throw c.fail("of " + (outputs() - saved()) + " results for backward " + kept
                    + " are kept; keep all of them or none");
        }
    }

    @Override
    public void backward(Grad g) {
        long[] to = new long[8];
        long add = g.dins(new int[] {0, WEIGHT, RECURRENT_WEIGHT, BIAS, RECURRENT_BIAS, PEEPHOLE, HIDDEN, CELL}, to);
        g.begin(Kernel.RECURRENT_GRAD).put(cell.ordinal());
        g.at(g.in(WEIGHT), g.in(RECURRENT_WEIGHT), g.in(PEEPHOLE), g.in(LENGTHS), g.in(SKIP), g.in(MASK));
        saved(g);
        for (int o = 0; o < 3; o++) {
            g.at(o < saved() && g.received(o) ? g.dout(o) : 0);
        }
        sizes(g.at(to).put(add)).run();
    }

    @Override
    public long multiplyAdds(Shape... in) {
        Shape x = in[0];
        Shape u = in[RECURRENT_WEIGHT];
        return (long) x.dim(0) * x.dim(1) * u.dim(0) * (x.dim(2) + u.dim(1));
    }
}
