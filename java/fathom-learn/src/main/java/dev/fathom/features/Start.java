package dev.fathom.features;

import dev.fathom.tensor.Rng;

/** What the embeddings begin with. */
final class Start {
    private Start() {}

    /**
     * Returns the number of rows, which must be more than {@code neighbors}, finite, and at least as wide as the
     * places.
     */
    static int check(String op, float[][] x, int width, double neighbors) {
        int n = x.length;
        int columns = FeatureRows.check(op, x);
        if (n <= neighbors || columns < width) {
            throw new IllegalArgumentException(op + ": " + n + " rows of " + columns + " columns; give more than "
                    + (long) Math.ceil(neighbors) + " rows of at least " + width + " columns");
        }
        return n;
    }

    /**
     * The first principal components of the rows, place after place, of which the first has the deviation
     * {@code scale}, with a thousandth of noise.
     */
    static double[] components(float[][] x, int width, double scale, long seed) {
        int columns = x[0].length;
        float[] all = new float[x.length * columns];
        for (int i = 0; i < x.length; i++) {
            System.arraycopy(x[i], 0, all, i * columns, columns);
        }
        SparseRows rows = SparseRows.dense(all, columns);
        double[] y = Pca.of(rows, width, 1e-6, seed).scores(rows);
        double squares = 0;
        for (int i = 0; i < y.length; i += width) {
            squares += y[i] * y[i];
        }
        double deviation = Math.sqrt(squares / x.length);
        float[] noise = new Rng(seed).split("noise").normal(y.length, 0, 1e-3f);
        for (int i = 0; i < y.length; i++) {
            y[i] = scale * ((deviation == 0 ? 0 : y[i] / deviation) + noise[i]);
        }
        return y;
    }

    /** The places as rows. */
    static float[][] rows(double[] y, int width) {
        float[][] rows = new float[y.length / width][width];
        for (int i = 0; i < y.length; i++) {
            rows[i / width][i % width] = (float) y[i];
        }
        return rows;
    }
}
