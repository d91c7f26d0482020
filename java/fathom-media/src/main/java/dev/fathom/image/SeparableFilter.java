package dev.fathom.image;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;

/**
 * A linear filter that treats rows and columns alike: y = A x A' for each channel of images x [n, side, side, c], which
 * gives [n, out, out, c]. Every row of A sums to 1. A position beyond an edge counts as the pixel at the edge.
 *
 * <pre>{@code
 * Tensor blurred = SeparableFilter.gaussian(28, 1.5).apply(images);
 * Tensor doubled = SeparableFilter.cubic(28).apply(images);
 * }</pre>
 *
 * <p>It is a product of matrices, so gradients pass through it; {@link Filter} resizes pictures while they are read.
 *
 * @param weights A [out, side], row after row
 * @param side the height and the width of the images
 */
public record SeparableFilter(float[] weights, int side) {
    /**
     * Checks and copies the weights.
     *
     * @throws IllegalArgumentException if the side is below 1, or the weights are not whole rows of it
     */
    public SeparableFilter {
        if (side < 1 || weights.length == 0 || weights.length % side != 0) {
            throw new IllegalArgumentException("separable_filter: " + weights.length + " weights for images of side "
                    + side + "; give a row of as many weights as the side for each row of the result");
        }
        weights = weights.clone();
    }

    /**
     * Returns a blur by the bell curve exp(-d^2 / (2 deviation^2)) of the distance d in pixels, cut off at three
     * deviations.
     *
     * @throws IllegalArgumentException if the side is below 1, or the deviation not above 0 and finite
     */
    public static SeparableFilter gaussian(int side, double deviation) {
        Checks.positive("separable_filter", "deviation", deviation);
        int reach = (int) Math.ceil(3 * deviation);
        return of(side, side, reach, d -> Math.exp(-d * d / (2 * deviation * deviation)));
    }

    /**
     * Returns the mean of a pixel and its eight neighbors.
     *
     * @throws IllegalArgumentException if the side is below 1
     */
    public static SeparableFilter box(int side) {
        return of(side, side, 1, d -> Math.abs(d) < 1.5 ? 1 : 0);
    }

    /**
     * Returns the means of blocks of 2 x 2 pixels, which make images of half the side.
     *
     * @throws IllegalArgumentException if the side is odd or below 2
     */
    public static SeparableFilter halved(int side) {
        if (side < 2 || side % 2 != 0) {
            throw new IllegalArgumentException(
                    "separable_filter: side " + side + " has no half; give an even one of at least 2");
        }
        return of(side, side / 2, 1, d -> Math.abs(d) < 1 ? 1 : 0);
    }

    /**
     * Returns a filter to images of twice the side, in which every pixel is repeated.
     *
     * @throws IllegalArgumentException if the side is below 1
     */
    public static SeparableFilter repeated(int side) {
        return of(side, 2 * side, 0, d -> 1);
    }

    /**
     * Returns linear interpolation at twice the side.
     *
     * @throws IllegalArgumentException if the side is below 1
     */
    public static SeparableFilter linear(int side) {
        return of(side, 2 * side, 1, d -> Math.max(0, 1 - Math.abs(d)));
    }

    /**
     * Returns cubic interpolation at twice the side, with a = -1/2 (Keys 1981).
     *
     * @throws IllegalArgumentException if the side is below 1
     */
    public static SeparableFilter cubic(int side) {
        return of(side, 2 * side, 2, SeparableFilter::keys);
    }

    private static double keys(double distance) {
        double d = Math.abs(distance);
        if (d < 1) {
            return 1 - 2.5 * d * d + 1.5 * d * d * d;
        }
        return d < 2 ? 2 - 4 * d + 2.5 * d * d - 0.5 * d * d * d : 0;
    }

    /** Weights by the distance, in pixels, of a pixel's center from that of a result; the edges of both images meet. */
    private static SeparableFilter of(int side, int out, int reach, DoubleUnaryOperator weight) {
        Checks.atLeast("separable_filter", "side", side, 1);
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
        return new SeparableFilter(all, side);
    }

    /**
     * Returns A x A' [n, out, out, c] of images x [n, side, side, c].
     *
     * @throws IllegalArgumentException if they are not [n, side, side, c]
     */
    public Tensor apply(Tensor x) {
        if (x.shape().rank() != 4 || x.dim(1) != side || x.dim(2) != side) {
            throw new IllegalArgumentException(
                    "separable_filter: images of " + x.shape() + "; give [n, " + side + ", " + side + ", channels]");
        }
        Tensor a = Tensor.of(weights, weights.length / side, side);
        return Tensor.einsum("jw,nhwc->nhjc", a, Tensor.einsum("ih,nhwc->niwc", a, x));
    }
}
