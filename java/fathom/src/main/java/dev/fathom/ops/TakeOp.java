package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/** y [a, i.., b] = x [a, n, b] at the places of dimension n that the I32 index [i..] names. */
public record TakeOp(int axis) implements MoveOp {
    /** The kernel's kind for rows of four-byte elements. */
    public static final int WORDS = 1;

    @Override
    public String label() {
        return "take";
    }

    @Override
    public @Nullable DType takes(int i) {
        return i == 0 ? null : DType.I32;
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        Shape index = c.shape(1);
        MoveOp.words(c, 1);
        int rank = x.rank() - 1 + index.rank();
        if (rank > Shape.MAX_RANK) {
            throw c.fail("x " + x + " and index " + index + " make " + rank + " dimensions but " + Shape.MAX_RANK
                    + " are the most; flatten the index");
        }
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            int at = i - axis;
            dims[i] = at < 0 ? x.dim(i) : at < index.rank() ? index.dim(at) : x.dim(i - index.rank() + 1);
        }
        return Shape.of(dims);
    }

    @Override
    public boolean readsInput(int i) {
        return i == 1;
    }

    @Override
    public void forward(Call c) {
        Shape x = c.shape(0);
        gather(
                c,
                c.in(0),
                c.in(1),
                c.out(0),
                x.size(0, axis),
                x.dim(axis),
                c.shape(1).size(),
                x.size(axis + 1, x.rank()));
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long index = g.in(1);
        long dy = g.dout(0);
        long dx = axis == 0 ? g.dinRows(0, 1, -1, EmbeddingOp.NO_PADDING) : g.din(0);
        if (!g.adds()) {
            g.begin(Kernel.FILL).at(dx).put(x.size()).put(0f).run();
        }
        scatterAdd(g, dy, index, dx, x.size(0, axis), x.dim(axis), g.shape(1).size(), x.size(axis + 1, x.rank()));
    }

    /** y [outer, rows, cols] = x [outer, n, cols] at the index [rows]. */
    public static void gather(Call c, long x, long index, long y, long outer, long n, long rows, long cols) {
        c.begin(Kernel.GATHER)
                .put(WORDS)
                .at(x)
                .put(n)
                .at(index)
                .at(y)
                .put(outer)
                .put(rows)
                .put(cols)
                .at(0)
                .put(1)
                .run();
    }

    /** y [outer, n, cols] += x [outer, rows, cols] at the index [rows]. */
    public static void scatterAdd(Call c, long x, long index, long y, long outer, long n, long rows, long cols) {
        c.begin(Kernel.SCATTER_ADD)
                .at(x)
                .at(index)
                .at(0)
                .at(0)
                .at(y)
                .put(outer)
                .put(rows)
                .put(1)
                .put(cols)
                .put(n)
                .put(EmbeddingOp.NO_PADDING)
                .run();
    }
}
