package dev.fathom.nn;

import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;

/** y [N, C], the average of each channel of x [N, .., C] (Lin et al. 2014). */
public record GlobalAvgPool() implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.mean(places("GlobalAvgPool", x));
    }

    /** The dimensions between the batch and the channels. */
    static int[] places(String layer, Tensor x) {
        int rank = x.shape().rank();
        if (rank < 3) {
            throw new IllegalArgumentException(layer + Where.running() + ": x " + x.shape()
                    + " has no places between the batch and the channels; give [N, L, C], [N, H, W, C] or "
                    + "[N, D, H, W, C]");
        }
        return IntStream.range(1, rank - 1).toArray();
    }
}
