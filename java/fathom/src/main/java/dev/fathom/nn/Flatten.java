package dev.fathom.nn;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;

/**
 * Turns maps x [n, .., c] into rows y [n, c * everything between], map after map as in PyTorch, whose maps are [n, c,
 * ..]. The columns of a linear layer behind it therefore have the order of PyTorch's files. y is a view where that is
 * the order of memory (one map, or maps of one pixel), and a copy otherwise.
 *
 * <p>{@link Tensor#flatten} keeps the order of memory, [.., c], which is what sequences [n, time, features] need:
 * PyTorch lays them out in that order too.
 */
public record Flatten() implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        Shape shape = x.shape();
        int rank = shape.rank();
        if (rank < 3 || shape.dim(rank - 1) == 1 || shape.size() == (long) shape.dim(0) * shape.dim(rank - 1)) {
            return x.flatten(1);
        }
        int[] order = new int[rank];
        order[1] = rank - 1;
        for (int i = 2; i < rank; i++) {
            order[i] = i - 1;
        }
        return x.permute(order).flatten(1);
    }
}
