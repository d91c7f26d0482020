package dev.fathom.nn;

import dev.fathom.op.PadMode;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.util.Arrays;

/**
 * Pads sequences [N, L, C], pictures [N, H, W, C] or volumes [N, D, H, W, C] at their edges, as PyTorch's ConstantPad,
 * ReplicationPad, ReflectionPad and CircularPad do.
 *
 * @param mode how the padding is filled
 * @param value the value of the padding where the mode is ZEROS
 * @param sides the widths of the padding: one number for all sides, or left and right, for pictures then top and
 *     bottom, for volumes then front and back
 */
public record Pad(PadMode mode, float value, int... sides) implements Layer {
    /** Keeps its own copy of the sides. */
    public Pad {
        sides = sides.clone();
    }

    /** Pads with zeros or by mirroring, repeating or wrapping, as the mode says. */
    public Pad(PadMode mode, int... sides) {
        this(mode, 0, sides);
    }

    /** Pads with zeros: {@code new Pad(1)} adds one on every side, as PyTorch's ZeroPad2d. */
    public Pad(int... sides) {
        this(PadMode.ZEROS, sides);
    }

    /**
     * Returns this layer with this value in place of zeros.
     *
     * @throws IllegalStateException if the mode takes its values from x
     */
    public Pad value(float v) {
        if (mode != PadMode.ZEROS) {
            throw new IllegalStateException(
                    "Pad: value=" + v + " is for PadMode.ZEROS but the mode is " + mode + ", which copies values of x");
        }
        return Records.with(this, "value", v);
    }

    @Override
    public Steps stepReading() {
        return sides.length > 2
                        && Arrays.stream(sides, sides.length - 2, sides.length).allMatch(s -> s == 0)
                ? Steps.EACH
                : Steps.MIXED;
    }

    @Override
    public Tensor forward(Tensor x) {
        return mode == PadMode.ZEROS ? x.padWithValue(value, sides) : x.pad(mode, sides);
    }
}
