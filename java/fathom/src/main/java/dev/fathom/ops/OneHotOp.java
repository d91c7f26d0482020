package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.Arrays;

/** y [.., classes] from I32 labels [..]: 1 at each row's label, else 0. No gradient flows. */
public record OneHotOp(int classes) implements Op {
    @Override
    public Shape shape(Call c, int output) {
        if (classes < 1) {
            throw c.fail("classes=" + classes + "; give at least one class");
        }
        Shape labels = c.shape(0);
        int[] dims = Arrays.copyOf(labels.toArray(), labels.rank() + 1);
        dims[labels.rank()] = classes;
        return Shape.of(dims);
    }

    @Override
    public DType takes(int i) {
        return DType.I32;
    }

    @Override
    public boolean differentiable() {
        return false;
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.ONE_HOT)
                .at(c.in(0), c.out(0))
                .put(c.shape(0).size(), classes)
                .run();
    }
}
