package dev.fathom.ops;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.util.Arrays;

/** y = x in another shape, as a view. */
public record ReshapeOp(Shape to) implements MoveOp {
    /** {@code dims} with a single -1 filled in. */
    public static Shape resolve(Shape x, int[] dims) {
        int[] result = dims.clone();
        long open = Arrays.stream(dims).filter(d -> d == -1).count();
        if (open > 1) {
            throw new IllegalArgumentException("reshape" + Where.running() + ": " + open + " sizes of "
                    + Arrays.toString(dims) + " are -1, which stands for what is left, but at most one may be; give the"
                    + " others as numbers");
        }
        int free = -1;
        long known = 1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1) {
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
            throw new IllegalArgumentException("reshape" + Where.running() + ": x " + x + " has " + x.size()
                    + " elements, which do not fill " + Arrays.toString(dims) + "; the products must agree");
        }
        return Shape.of(result);
    }

    /** The shape of {@code x} with a dimension of 1 where the result has each of these. */
    public static Shape unsqueezed(Shape x, int[] added) {
        int rank = x.rank() + added.length;
        int mask = 0;
        for (int dim : added) {
            int at = dim < 0 ? dim + rank : dim;
            if (at < 0 || at >= rank || (mask & 1 << at) != 0) {
                throw new IllegalArgumentException("unsqueeze" + Where.running() + ": x " + x
                        + " gets the new dimensions " + Arrays.toString(added) + ", but the result has rank " + rank
                        + "; choose different ones from " + -rank + " to " + (rank - 1));
            }
            mask |= 1 << at;
        }
        int[] dims = new int[rank];
        for (int i = 0, from = 0; i < rank; i++) {
            dims[i] = (mask & 1 << i) != 0 ? 1 : x.dim(from++);
        }
        return Shape.of(dims);
    }

    /** The shape of {@code x} without dimension {@code dim}, which is 1. */
    public static Shape squeezed(Shape x, int dim) {
        int at = x.axis("squeeze", dim);
        if (x.dim(at) != 1) {
            throw new IllegalArgumentException("squeeze" + Where.running() + ": x " + x + " has dim(" + at + ")="
                    + x.dim(at) + "; only a dimension of 1 can go");
        }
        return ReduceOp.kept(x, 1 << at);
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (to.size() != x.size()) {
            throw c.fail(
                    "x " + x + " has " + x.size() + " elements, which do not fill " + to + "; the products must agree");
        }
        return to;
    }

    @Override
    public long view(Call c) {
        return 0;
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
