package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.op.Resize;
import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;

/**
 * Enlarges sequences [N, L, C], pictures [N, H, W, C] or volumes [N, D, H, W, C] by {@code factor} along each dimension
 * between the batch and the channels. For a given size use {@code x -> x.resize(mode, height, width)}.
 *
 * @param factor number of output positions for each input position
 * @param mode how values between positions are computed; AREA repeats values, as NEAREST does
 */
public record Upsample(int factor, Resize mode) implements Layer {
    /**
     * Checks the factor.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Upsample {
        Checks.atLeast("Upsample", "factor", factor, 1);
    }

    /**
     * Makes a layer that repeats each element, as PyTorch's Upsample does by default.
     *
     * @throws IllegalArgumentException if the factor is below 1
     */
    public Upsample(int factor) {
        this(factor, Resize.NEAREST);
    }

    @Override
    public Tensor forward(Tensor x) {
        int[] size = GlobalAvgPool.places("Upsample", x);
        for (int i = 0; i < size.length; i++) {
            long places = (long) factor * x.dim(size[i]);
            if (places > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("Upsample" + Where.running() + ": x " + x.shape() + " and factor="
                        + factor + " make dim(" + size[i] + ")=" + places
                        + ", more than an int counts; choose a smaller factor");
            }
            size[i] = (int) places;
        }
        return x.resize(mode, size);
    }
}
