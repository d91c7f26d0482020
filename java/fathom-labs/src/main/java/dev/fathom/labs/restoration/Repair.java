package dev.fathom.labs.restoration;

import dev.fathom.image.SeparableFilter;
import dev.fathom.op.PadMode;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * A way to repair damaged images that learns nothing but its setting.
 *
 * @param kind what it is called, the same for all settings
 * @param setting its setting in words; empty where it has none
 * @param of from damaged images [n, side, side, c] to images of the same shape
 */
record Repair(String kind, String setting, UnaryOperator<Tensor> of) {
    /** What brings hidden pixels in from the edge of a hole: twice the side of a hole. */
    private static final int ROUNDS = 16;
    /** How often hidden pixels then become the means of their neighbors. */
    private static final int SMOOTHED = 40;

    String name() {
        return setting.isEmpty() ? kind : kind + ", " + setting;
    }

    static Repair gaussian(double deviation) {
        return new Repair(
                "Gaussian filter",
                "deviation " + deviation,
                y -> SeparableFilter.gaussian(y.dim(1), deviation).apply(y));
    }

    /** The middle value of a window. */
    static Repair median(int size) {
        return new Repair("median filter", size + " x " + size, y -> {
            int taps = size * size;
            Tensor around = y.pad(PadMode.REPLICATE, size / 2)
                    .patches(Window.of(size))
                    .reshape(y.dim(0), y.dim(1), y.dim(2), taps, y.dim(3));
            return around.sort(3).values().slice(3, taps / 2, taps / 2 + 1).reshape(y.shape());
        });
    }

    /** y + amount (y - blurred y), which lifts what a blur of this deviation takes away. */
    static Repair unsharp(double deviation, float amount) {
        return new Repair(
                "unsharp mask",
                "amount " + amount,
                y -> y.add(y.sub(SeparableFilter.gaussian(y.dim(1), deviation).apply(y))
                        .mul(amount)));
    }

    /**
     * x becomes x B'(y / B x) in each round, where B is the blur, which is known (Richardson 1972, Lucy 1974). The blur
     * is its own transpose but at edges.
     */
    static Repair richardsonLucy(double deviation, int rounds) {
        return new Repair("Richardson-Lucy", rounds + " rounds", y -> {
            SeparableFilter blur = SeparableFilter.gaussian(y.dim(1), deviation);
            Tensor seen = y.clamp(1e-3f, 1);
            Tensor x = seen;
            for (int i = 0; i < rounds; i++) {
                x = x.mul(blur.apply(seen.div(blur.apply(x).clamp(1e-3f, 1))));
            }
            return x;
        });
    }

    /** Linear interpolation of the small image from which the pixels of y are repeated. */
    static Tensor bilinear(Tensor y) {
        return SeparableFilter.linear(y.dim(1) / 2)
                .apply(SeparableFilter.halved(y.dim(1)).apply(y));
    }

    /** Hidden pixels become the mean of those that are seen, in each channel of an image. */
    static Tensor meanFilled(Tensor y) {
        Tensor seen = y.ge(0);
        Tensor mean = y.mul(seen).sum(1, 2).div(seen.sum(1, 2));
        return seen.where(y, mean.unsqueeze(1, 2).expand(y.shape().toArray()));
    }

    /** Hidden pixels become {@link #filled}, and then means of all neighbors, again and again. */
    static Tensor neighborFilled(Tensor y) {
        SeparableFilter box = SeparableFilter.box(y.dim(1));
        Tensor seen = y.ge(0);
        Tensor x = filled(y, ROUNDS);
        for (int i = 0; i < SMOOTHED; i++) {
            x = seen.where(y, box.apply(x));
        }
        return x;
    }

    /**
     * Hidden pixels become means of neighbors that are known, one row further from the edge of a hole in each round.
     */
    static Tensor filled(Tensor y, int rounds) {
        SeparableFilter box = SeparableFilter.box(y.dim(1));
        Tensor known = y.ge(0);
        Tensor x = y.mul(known);
        for (int i = 0; i < rounds; i++) {
            Tensor weight = box.apply(known);
            x = known.where(x, box.apply(x).div(weight.clamp(1e-6f, 1)));
            known = weight.gt(0);
        }
        return x;
    }

    /** Cubic interpolation of the small image from which the pixels of y are repeated. */
    static Tensor bicubic(Tensor y) {
        return SeparableFilter.cubic(y.dim(1) / 2)
                .apply(SeparableFilter.halved(y.dim(1)).apply(y));
    }
}
