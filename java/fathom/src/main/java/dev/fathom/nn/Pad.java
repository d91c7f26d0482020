package dev.fathom.nn;

import dev.fathom.op.PadMode;
import dev.fathom.tensor.Tensor;

/**
 * Places beside the edges of sequences [N, L, C], pictures [N, H, W, C] or volumes [N, D, H, W, C]: PyTorch's ConstantPad, ReplicationPad,
 * ReflectionPad and CircularPad.
 *
 * @param mode what they hold
 * @param value what they hold where the mode is ZEROS
 * @param sides how many: left, right, of pictures also top, bottom, of volumes also front, back
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

    /** One value all around. */
    public Pad(float value, int... sides) {
        this(PadMode.ZEROS, value, sides);
    }

    @Override
    public Tensor forward(Tensor x) {
        return mode == PadMode.ZEROS ? x.padWithValue(value, sides) : x.pad(mode, sides);
    }
}
