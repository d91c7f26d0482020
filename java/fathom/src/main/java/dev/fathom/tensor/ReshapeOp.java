package dev.fathom.tensor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The same elements in another shape: a view. */
record ReshapeOp(Shape to) implements Op {
    /** {@code dims} with a single -1 filled in. */
    static Shape resolve(Tensor x, int[] dims) {
        int[] result = dims.clone();
        int free = -1;
        long known = 1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1 && free < 0) {
                free = i;
            } else {
                known *= dims[i];
            }
        }
        if (free >= 0 && known > 0 && x.size() % known == 0) {
            result[free] = Math.toIntExact(x.size() / known);
            known *= result[free];
        }
        if (known != x.size() || free >= 0 && result[free] < 0) {
            throw new IllegalArgumentException("reshape" + Pass.where() + ": x " + x.shape() + " has " + x.size()
                    + " elements, which do not fill " + Arrays.toString(dims) + "; the products must agree");
        }
        return Shape.of(result);
    }

    @Override
    public String label() {
        return "reshape";
    }

    @Override
    public Shape shape(Call c, int output) {
        return to;
    }

    @Override
    public @Nullable DType takes(int i) {
        return null;
    }

    @Override
    public DType dtype(Call c, int output) {
        return c.dtype(0);
    }

    @Override
    public long view(Call c) {
        return 0;
    }

    @Override
    public boolean readsInput(int i) {
        return false;
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void forward(Call c) {}

    @Override
    public void backward(Grad g) {
        long dy = g.dout(0);
        long dx = g.dinReusing(0);
        if (dx != dy) {
            g.carry(dy, dx, to.size());
        }
    }
}
