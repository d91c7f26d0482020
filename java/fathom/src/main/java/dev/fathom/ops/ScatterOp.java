package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Scatter;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * y = x [a, n, b], to which updates are joined at the places of dimension n that the I32 index names, in its order; -1
 * is the last. Inputs: x, the index, and the updates. Updates [a, i.., b] have an index [i..], and elements of their
 * own an index of their shape.
 */
public record ScatterOp(int axis, Scatter how, boolean elements) implements IndexedOp {
    @Override
    public String label() {
        return elements ? "scatter_elements" : "scatter";
    }

    @Override
    public boolean differentiable() {
        return how == Scatter.SET || how == Scatter.ADD;
    }

    @Override
    public @Nullable DType takes(int i) {
        return i == 1 ? DType.I32 : null;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape index = c.shape(1);
        Shape updates = c.shape(2);
        MoveOp.words(c);
        if (c.dtype(2) != c.dtype(0)) {
            throw c.fail("x " + x + " is " + c.dtype(0) + " but updates " + updates + " are " + c.dtype(2)
                    + "; both must be F32 or both I32, so convert them with to(DType)");
        }
        if (elements) {
            checkElements(c, x, index, axis);
            if (!updates.equals(index)) {
                throw c.fail("updates " + updates + " and index " + index
                        + " must have the same shape; give a place for each update");
            }
            return x;
        }
        int rank = x.rank() - 1 + index.rank();
        boolean fits = updates.rank() == rank;
        for (int i = 0; i < rank && fits; i++) {
            int at = i - axis;
            fits = updates.dim(i)
                    == (at < 0 ? x.dim(i) : at < index.rank() ? index.dim(at) : x.dim(i - index.rank() + 1));
        }
        if (!fits) {
            throw c.fail("updates " + updates + " must have the shape of x " + x + " with the dimensions of index "
                    + index + " in the place of dimension " + axis + ", as take gives it");
        }
        return x;
    }

    /** An index of elements has the dimensions of x, and no more than x has but for the axis. */
    static void checkElements(Call c, Shape x, Shape index, int axis) {
        boolean fits = index.rank() == x.rank() && axis >= 0;
        for (int i = 0; i < x.rank() && fits; i++) {
            fits = i == axis || index.dim(i) <= x.dim(i);
        }
        if (!fits) {
            throw c.fail("index " + index + " must have " + x.rank() + " dimensions like x " + x
                    + ", none larger but dimension " + axis + "; expand or slice it");
        }
    }

    /** The command for the numbers [i..] of {@code index}, or one for each element, which pairs x with places of y. */
    static void run(Call c, int kind, long x, long index, long y, Shape table, Shape numbers, int axis, boolean each) {
        c.begin(Kernel.SCATTER).put(kind, c.dtype(0) == DType.I32 ? 1 : 0).at(x, index, y);
        long inner = table.size(axis + 1, table.rank());
        long bound = table.dim(axis);
        if (!each) {
            c.put(1, 1, 1, table.size(0, axis), numbers.size(), inner);
            c.put(0, 0, 0, 0, 1, 0);
            c.put(0, 0, 0, bound * inner, 0, 1);
            c.put(4, inner, bound).run();
            return;
        }
        int pad = Shape.MAX_RANK - table.rank();
        long[] dims = new long[Shape.MAX_RANK];
        long[] from = new long[Shape.MAX_RANK];
        long[] to = new long[Shape.MAX_RANK];
        for (int i = 0; i < Shape.MAX_RANK; i++) {
            int d = i - pad;
            dims[i] = d < 0 ? 1 : numbers.dim(d);
            from[i] = d < 0 ? 0 : numbers.size(d + 1, numbers.rank());
            to[i] = d < 0 || d == axis ? 0 : table.size(d + 1, table.rank());
        }
        c.put(dims).put(from).put(to).put(axis + pad, inner, bound).run();
    }

    private void run(Call c, int kind, long x, long y) {
        run(c, kind, x, c.in(1), y, c.shape(0), c.shape(1), axis, elements);
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.COPY)
                .at(c.in(0), c.out(0))
                .put(Float.BYTES * c.shape(0).size())
                .run();
        run(c, how.ordinal(), c.in(2), c.out(0));
    }

    @Override
    public void backward(Grad g) {
        if (how == Scatter.ADD) {
            long dy = g.dout(0);
            if (g.wants(0)) {
                g.carry(dy, g.din(0), g.shape(0).size());
            }
            if (g.wants(2)) {
                g.through(2, to -> run(g, Kernel.JOIN_READ, to, dy));
            }
            return;
        }
        // what is taken for the last update of a place leaves 0 to the others and to x
        long n = Float.BYTES * g.shape(0).size();
        long left = g.scratch(n);
        g.begin(Kernel.COPY).at(g.dout(0), left).put(n).run();
        long unwanted = g.wants(2) ? 0 : g.scratch(Float.BYTES * g.shape(2).size());
        if (g.wants(2)) {
            g.through(2, to -> run(g, Kernel.JOIN_TAKE, to, left));
        } else {
            run(g, Kernel.JOIN_TAKE, unwanted, left);
        }
        if (g.wants(0)) {
            g.carry(left, g.din(0), g.shape(0).size());
        }
    }

    @Override
    public String refusal(KernelException e) {
        return IndexedOp.outside(e);
    }
}
