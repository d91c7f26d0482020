package dev.fathom.nn;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;

/**
 * Maps x [n, .., c] as rows y [n, c * everything between]: map after map, as PyTorch's, whose maps are [n, c, ..]; so a linear layer after it has
 * its columns in the order of PyTorch's files. Where that is the order of memory (one map, or maps of one pixel) y is a view, else a copy.
 *
 * <p>{@link Tensor#flatten} keeps the order of memory, [.., c]: for sequences [n, time, features], say, which PyTorch lays out the same.
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
