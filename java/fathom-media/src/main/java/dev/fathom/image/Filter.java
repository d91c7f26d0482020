package dev.fathom.image;

import java.util.function.DoubleUnaryOperator;

/**
 * A filter for resizing images. A pixel of the result is a weighted mean of the pixels around its position. Where the
 * image shrinks, the weights spread by the same factor, so that every pixel counts, as in Pillow's {@code resize} and
 * torchvision's {@code Resize}.
 */
public enum Filter {
    /** Takes the nearest pixel alone. */
    NEAREST(0, t -> 1),
    /** Uses weights that fall linearly to 0 a pixel away. */
    BILINEAR(1, t -> 1 - t),
    /** Uses the cubic of Keys (1981) with a = -1/2, which is sharper and may overshoot beside an edge. */
    BICUBIC(2, t -> t < 1 ? (1.5 * t - 2.5) * t * t + 1 : ((-0.5 * t + 2.5) * t - 4) * t + 2);

    private final double reach;
    private final DoubleUnaryOperator weight;

    /** A filter of the weights {@code weight(|t|)} for |t| < reach. */
    Filter(double reach, DoubleUnaryOperator weight) {
        this.reach = reach;
        this.weight = weight;
    }

    /**
     * Which pixels make pixel i of a line, and how much of each.
     *
     * @param first the first pixel for each i
     * @param weights of it and those behind it, their sum 1
     */
    record Taps(int[] first, float[][] weights) {}

    /**
     * Lines of {@code to} pixels out of the part of a line of n that begins at {@code from} and is {@code length} long,
     * in pixels.
     */
    Taps taps(int n, double from, double length, int to) {
        int[] first = new int[to];
        float[][] weights = new float[to][];
        double step = length / to;
        double spread = Math.max(1, step);
        for (int i = 0; i < to; i++) {
            double middle = from + (i + 0.5) * step;
            int low = (int) (this == NEAREST ? middle : middle - reach * spread + 0.5);
            int high = (int) (this == NEAREST ? middle : middle + reach * spread - 0.5);
            low = Math.max(0, Math.min(n - 1, low));
            high = Math.max(low, Math.min(n - 1, high));
            double[] w = new double[high - low + 1];
            double sum = 0;
            for (int k = 0; k < w.length; k++) {
                double t = Math.abs((low + k + 0.5 - middle) / spread);
                w[k] = this == NEAREST || t < reach ? weight.applyAsDouble(t) : 0;
                sum += w[k];
            }
            first[i] = low;
            weights[i] = new float[w.length];
            for (int k = 0; k < w.length; k++) {
                weights[i][k] = (float) (w[k] / sum);
            }
        }
        return new Taps(first, weights);
    }
}
