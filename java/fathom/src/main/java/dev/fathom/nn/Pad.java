package dev.fathom.nn;

import dev.fathom.tensor.PadMode;
import dev.fathom.tensor.Tensor;

/**
 * Places beside the edges of sequences [N, L, C], pictures [N, H, W, C] or volumes [N, D, H, W, C]: PyTorch's ConstantPad, ReplicationPad,
 * ReflectionPad and CircularPad.
 *
 * @param mode what they hold
 * @param value what they hold where the mode is ZEROS
 * @param sides how many: one number for all sides; or left, right, of pictures also top, bottom, of volumes also front, back
 */
public record Pad(PadMode mode, float value, int... sides) implements Layer {
    /** Keeps its own copy of the sides. */
    public Pad {
        sides = sides.clone();
    }

    /** Zeros, or what the mode says. */
    public Pad(PadMode mode, int... sides) {
        this(mode, 0, sides);
    }

    /** Zeros: {@code new Pad(1)} adds one on every side, as PyTorch's ZeroPad2d. */
    public Pad(int... sides) {
        this(PadMode.ZEROS, sides);
    }

    /**
     * A copy of this layer with this value in place of zeros.
     *
     * @throws IllegalStateException if the mode takes the values from x
     */
    public Pad value(float v) {
        if (mode != PadMode.ZEROS) {
            throw new IllegalStateException(
                    "Pad: value=" + v + " is for PadMode.ZEROS but the mode is " + mode + ", which copies values of x");
        }
        return new Pad(mode, v, sides);
    }

    @Override
    public Tensor forward(Tensor x) {
        return mode == PadMode.ZEROS ? x.padWithValue(value, sides) : x.pad(mode, sides);
    }
}
