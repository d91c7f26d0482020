package dev.fathom.nets;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * y [.., units] = the largest of each {@code pieces} neighboring channels of x [.., units pieces] (Goodfellow et al.
 * 2013). Behind a linear layer or a convolution a unit learns a convex function that is linear in {@code pieces}
 * pieces:
 *
 * <pre>{@code
 * new Sequential(new Linear(784, 240 * 5), new Maxout(5), new Linear(240, 10))
 * }</pre>
 *
 * <p>The gradient goes to the channel that was the largest. PyTorch has no such layer.
 *
 * @param pieces number of channels of which one is taken
 */
public record Maxout(int pieces) implements StepwiseLayer {
    /**
     * Checks pieces.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Maxout {
        Checks.atLeast("Maxout", "pieces", pieces, 1);
    }

    /**
     * @throws IllegalArgumentException if the number of channels of x is no multiple of pieces, or x has six dimensions
     */
    @Override
    public Tensor forward(Tensor x) {
        int rank = x.shape().rank();
        if (rank == 0 || x.dim(-1) % pieces != 0) {
            throw new IllegalArgumentException("Maxout" + Where.running() + ": x " + x.shape()
                    + " must have a multiple of pieces=" + pieces + " channels as its last dimension");
        }
        Checks.oneMoreDimension("Maxout", x.shape());
        int[] dims = Arrays.copyOf(x.shape().toArray(), rank + 1);
        dims[rank - 1] /= pieces;
        dims[rank] = pieces;
        return x.reshape(dims).max(-1);
    }
}
