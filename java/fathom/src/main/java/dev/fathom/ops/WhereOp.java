package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/**
 * y = mask is not 0 ? a : b, broadcast. Inputs: mask, and a and b, both F32 or both I32. The gradient goes where the
 * value came from; the mask has none.
 */
public record WhereOp() implements Op {
    public static final WhereOp INSTANCE = new WhereOp();
    private static final String[] NAMES = {"mask", "a", "b"};

    @Override
    public @Nullable DType takes(int i) {
        return i == 0 ? DType.F32 : null;
    }

    @Override
    public DType dtype(Call c, int output) {
        return c.dtype(1);
    }

    @Override
    public Shape shape(Call c, int output) {
        if (c.dtype(1) == c.dtype(2) && !c.dtype(1).computes()) {
            throw c.fail("a " + c.shape(1) + " and b " + c.shape(2) + " are " + c.dtype(1)
                    + " but must be F32 or I32; convert them with to(DType.F32)");
        }
        if (c.dtype(1) != c.dtype(2)) {
            throw c.fail("a " + c.shape(1) + " is " + c.dtype(1) + " but b " + c.shape(2) + " is " + c.dtype(2)
                    + "; both must be F32 or both I32, so convert them with to(DType)");
        }
        return Broadcast.shape(c, NAMES, c.shape(0), c.shape(1), c.shape(2));
    }

    @Override
    public boolean readsInput(int i) {
        return i == 0;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.WHERE).at(c.in(0), c.in(1), c.in(2), c.out(0));
        Broadcast.put(c, c.outShape(0), c.shape(0), c.shape(1), c.shape(2));
        c.put(0).run();
    }

    @Override
    public void backward(Grad g) {
        if (g.wants(0)) {
            g.clear(0, g.din(0));
        }
        for (int which = 1; which < 3; which++) {
            if (!g.wants(which)) {
                continue;
            }
            long mask = g.in(0);
            long dy = g.dout(0);
            if (g.shape(which).size() == g.outShape(0).size()) {
                long dx = g.din(which);
                select(g, mask, which, dy, dx, g.adds());
            } else {
                long full = g.scratch(4 * g.outShape(0).size());
                select(g, mask, which, dy, full, false);
                long dx = g.din(which);
                Broadcast.sum(g, full, g.outShape(0), dx, g.shape(which), g.adds());
            }
        }
    }

    /** to (+)= dy where operand {@code which} was selected, else 0. */
    private static void select(Grad g, long mask, int which, long dy, long to, boolean add) {
        Shape y = g.outShape(0);
        g.begin(Kernel.WHERE).at(mask, which == 1 ? dy : 0, which == 2 ? dy : 0, to);
        Broadcast.put(g, y, g.shape(0), y, y);
        g.put(add ? 1 : 0).run();
    }
}
