package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Order;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The values of x in order along a dimension, all of them or the first k, and the I32 places that they had. Equal
 * values keep their order, and NaN is above all others. A gradient goes back to the places.
 *
 * @param k how many, or {@link #ALL}
 */
public record SortOp(int axis, int k, Order order) implements Op {
    /** As many as there are. */
    public static final int ALL = Integer.MAX_VALUE;

    @Override
    public String label() {
        return k == ALL ? "sort" : "topk";
    }

    @Override
    public int outputs() {
        return 2;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        MoveOp.words(c);
        if (k < 0 || k > x.dim(axis) && k != ALL) {
            throw c.fail("x " + x + " has x.dim(" + axis + ")=" + x.dim(axis) + " places but k=" + k
                    + " are asked for; choose 0 <= k <= dim(" + axis + ")");
        }
        return k == ALL ? x : x.with(axis, k);
    }

    @Override
    public @Nullable DType takes(int i) {
        return null;
    }

    @Override
    public DType dtype(Call c, int output) {
        return output == 0 ? c.dtype(0) : DType.I32;
    }

    @Override
    public boolean readsInput(int i) {
        return false;
    }

    @Override
    public boolean readsOutput(int o) {
        return o == 1;
    }

    @Override
    public void forward(Call c) {
        Shape x = c.shape(0);
        c.begin(Kernel.SORT).put(c.dtype(0) == DType.I32 ? 1 : 0).at(c.in(0), c.out(0), c.out(1));
        c.put(
                x.size(0, axis),
                x.dim(axis),
                x.size(axis + 1, x.rank()),
                c.outShape(0).dim(axis));
        c.put(order == Order.DESCENDING ? 1 : 0).run();
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long index = g.out(1);
        long dy = g.dout(0);
        g.through(
                0,
                dx -> g.begin(Kernel.UNPOOL)
                        .at(dy, index, dx)
                        .put(x.size(0, axis), g.outShape(0).dim(axis), x.dim(axis), x.size(axis + 1, x.rank()))
                        .run());
    }
}
