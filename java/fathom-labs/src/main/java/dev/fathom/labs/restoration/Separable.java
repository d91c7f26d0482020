package dev.fathom.labs.restoration;

import dev.fathom.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;

/**
 * A linear filter that treats rows and columns alike: y = A x A' for each channel of images x [n, side, side, c], which
 * gives [n, out, out, c]. Every row of A sums to 1. A position beyond an edge counts as the pixel at the edge.
 *
 * @param weights A [out, side], row after row
 * @param side the height and the width of the images
 */
record Separable(float[] weights, int side) {
    /** The bell curve of this deviation, in pixels. */
    static Separable gaussian(int side, double deviation) {
        int reach = (int) Math.ceil(3 * deviation);
        return of(side, side, reach, d -> Math.exp(-d * d / (2 * deviation * deviation)));
    }

    /** The mean of a pixel and its neighbors. */
    static Separable box(int side) {
        return of(side, side, 1, d -> Math.abs(d) < 1.5 ? 1 : 0);
    }

    /** The means of blocks of 2 x 2 pixels, which make images of half the side. */
    static Separable halved(int side) {
        return of(side, side / 2, 1, d -> Math.abs(d) < 1 ? 1 : 0);
    }

    /** Images of twice the side, in which every pixel is repeated. */
    static Separable repeated(int side) {
        return of(side, 2 * side, 0, d -> 1);
    }

    /** Linear interpolation at twice the side. */
    static Separable linear(int side) {
        return of(side, 2 * side, 1, d -> Math.max(0, 1 - Math.abs(d)));
    }

    /** Cubic interpolation at twice the side, with a = -1/2 (Keys 1981). */
    static Separable cubic(int side) {
        return of(side, 2 * side, 2, Separable::keys);
    }

    private static double keys(double distance) {
        double d = Math.abs(distance);
        if (d < 1) {
            return 1 - 2.5 * d * d + 1.5 * d * d * d;
        }
        return d < 2 ? 2 - 4 * d + 2.5 * d * d - 0.5 * d * d * d : 0;
    }

    /** Weights by the distance, in pixels, of a pixel's center from that of a result; the edges of both images meet. */
    private static Separable of(int side, int out, int reach, DoubleUnaryOperator weight) {
        float[] all = new float[out * side];
        for (int o = 0; o < out; o++) {
            double center = (o + 0.5) * side / out - 0.5;
            int nearest = (int) Math.rint(center);
            double[] row = new double[side];
            double sum = 0;
            for (int i = nearest - reach; i <= nearest + reach; i++) {
                double w = weight.applyAsDouble(i - center);
                row[Math.max(0, Math.min(side - 1, i))] += w;
                sum += w;
            }
            for (int i = 0; i < side; i++) {
                all[o * side + i] = (float) (row[i] / sum);
            }
        }
        return new Separable(all, side);
    }

    /** Filters images. */
    Tensor of(Tensor x) {
        Tensor a = Tensor.of(weights, weights.length / side, side);
        return Tensor.einsum("jw,nhwc->nhjc", a, Tensor.einsum("ih,nhwc->niwc", a, x));
    }
}
