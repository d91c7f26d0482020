package dev.fathom.onnx;

import dev.fathom.tensor.Tensor;

/**
 * A type of floats of at most 16 bits (<a href="https://onnx.ai/onnx/technical/float8.html">those of ONNX</a>), which
 * are held as floats of 32: a sign, unless there is none, an exponent and a fraction.
 */
enum SmallFloat {
    E4M3FN(8, 3, 7, 448, Double.NaN),
    E4M3FNUZ(8, 3, 8, 240, Double.NaN),
    E5M2(8, 2, 15, 57344, Double.POSITIVE_INFINITY),
    E5M2FNUZ(8, 2, 16, 57344, Double.NaN),
    E2M1(4, 1, 1, 6, 6),
    E2M3(6, 3, 1, 7.5, 7.5),
    E3M2(6, 2, 3, 28, 28),
    /** Powers of two without a sign. */
    E8M0(8, 0, 127, 0x1p127, Double.NaN),
    HALF(16, 10, 15, 65504, Double.POSITIVE_INFINITY),
    BRAIN(16, 7, 127, 0x1.fep127, Double.POSITIVE_INFINITY);

    private static final int EXPONENT = 0x7f80_0000;

    /** Of sign, exponent and fraction together. */
    final int bits;
    /** Bits of the fraction. */
    private final int fraction;
    /** Of the exponent. */
    private final int bias;
    /** The largest finite number. */
    private final double most;
    /** What larger numbers become, unless they become the largest. */
    private final double beyond;

    SmallFloat(int bits, int fraction, int bias, double most, double beyond) {
        this.bits = bits;
        this.fraction = fraction;
        this.bias = bias;
        this.most = most;
        this.beyond = beyond;
    }

    /** The number of these bits. */
    float number(int code) {
        if (this == E8M0) {
            return code == 255 ? Float.NaN : (float) Math.scalb(1.0, code - bias);
        }
        int part = code & (1 << fraction) - 1;
        int exponent = (code & (1 << bits - 1) - 1) >> fraction;
        double size = exponent == 0
                ? Math.scalb((double) part, 1 - bias - fraction)
                : Math.scalb(1 + Math.scalb((double) part, -fraction), exponent - bias);
        boolean negative = code >> bits - 1 != 0;
        if (size > most) {
            size = part == 0 ? beyond : Double.NaN;
        } else if (negative && size == 0 && oneZero()) {
            size = Double.NaN;
        }
        return (float) (negative ? -size : size);
    }

    private boolean oneZero() {
        return this == E4M3FNUZ || this == E5M2FNUZ;
    }

    /**
     * The nearest of these numbers, the even one of two.
     *
     * @param saturate whether what is larger than the largest number becomes that number
     */
    Tensor nearest(Tensor x, boolean saturate) {
        double limit = saturate ? most : Math.min(2 * most, Float.MAX_VALUE);
        Tensor within = x.clamp(-limit, limit);
        Tensor power = power(within).clamp(Math.scalb(1.0, 1 - bias), Double.POSITIVE_INFINITY);
        double unit = Math.scalb(1.0, fraction);
        Tensor y = within.div(power).mul(unit).round().div(unit).mul(power);
        if (!saturate) {
            y = y.abs().gt(most).where(x.sign().mul(beyond), y);
        }
        y = beyond == most ? x.isNan().where(Tensor.scalar(0), y) : y;
        return oneZero() ? y.add(0) : y;
    }

    /**
     * The power of two that is above, below or nearest to a number that is not negative.
     *
     * @param mode {@code up}, {@code down} or {@code nearest}, which is the upper one of two
     * @param saturate whether what is out of range becomes the smallest or the largest power, and not NaN
     */
    static Tensor power(Tensor x, String mode, boolean saturate) {
        double least = 0x1p-127;
        double most = E8M0.most;
        Tensor within = x.clamp(least, most);
        Tensor below = power(within).clamp(least, most);
        Tensor up = switch (mode) {
            case "up" -> within.gt(below);
            case "down" -> within.gt(Double.POSITIVE_INFINITY);
            case "nearest" -> within.ge(below.mul(1.5));
            default -> throw new IllegalArgumentException("the round_mode " + mode + " is not known");
        };
        Tensor y = up.where(below.mul(2), below).clamp(least, most);
        y = x.isNan().where(x, y);
        return saturate ? y : x.ge(least).mul(x.le(most)).where(y, Tensor.scalar(Float.NaN));
    }

    /** The power of two at or below the magnitude, infinite for NaN. */
    private static Tensor power(Tensor x) {
        return BitsOp.real(BitsOp.whole(x).bitAnd(Tensor.ofInts(new int[] {EXPONENT})));
    }
}
