package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;

/**
 * y [a, size, b] = zeros, to which x [a, i.., b] is added at the places that the I32 index [i..] names, in its order.
 */
public record IndexAddOp(int axis, int size) implements Op {
    @Override
    public String label() {
        return "index_add";
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? DType.F32 : DType.I32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape index = c.shape(1);
        if (size < 0) {
            throw c.fail("size=" + size + " is how many places the result has; give 0 or more");
        }
        if (axis + index.rank() > x.rank()) {
            throw c.fail("x " + x + " has " + (x.rank() - axis) + " dimensions from " + axis + " on but index " + index
                    + " has " + index.rank() + "; give an index for those dimensions of x");
        }
        for (int i = 0; i < index.rank(); i++) {
            if (x.dim(axis + i) != index.dim(i)) {
                throw c.fail("x " + x + " and index " + index + " disagree: x.dim(" + (axis + i) + ")="
                        + x.dim(axis + i) + " but index.dim(" + i + ")=" + index.dim(i) + "; they must be equal");
            }
        }
        int[] dims = new int[x.rank() - index.rank() + 1];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < axis ? x.dim(i) : i == axis ? size : x.dim(i + index.rank() - 1);
        }
        return Shape.of(dims);
    }

    @Override
    public boolean readsInput(int i) {
        return i == 1;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        Shape y = c.outShape(0);
        c.begin(Kernel.FILL).at(c.out(0)).put(y.size()).put(0f).run();
        TakeOp.scatterAdd(
                c, c.in(0), c.in(1), c.out(0), y.size(0, axis), size, c.shape(1).size(), y.size(axis + 1, y.rank()));
    }

    @Override
    public void backward(Grad g) {
        Shape y = g.outShape(0);
        long index = g.in(1);
        long dy = g.dout(0);
        long dx = g.din(0);
        long n = g.shape(0).size();
        long to = g.adds() ? g.scratch(4 * n) : dx;
        TakeOp.gather(g, dy, index, to, y.size(0, axis), size, g.shape(1).size(), y.size(axis + 1, y.rank()));
        if (to != dx) {
            g.carry(to, dx, n);
        }
    }
}
