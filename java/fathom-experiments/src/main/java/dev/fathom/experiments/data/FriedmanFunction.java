package dev.fathom.experiments.data;

import dev.fathom.features.Examples;
import dev.fathom.tensor.Rng;
import java.util.Arrays;

/**
 * Friedman's first function (1991): y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 of ten columns between 0 and
 * 1, five of which say nothing.
 */
public final class FriedmanFunction {
    /** The number of columns. */
    public static final int COLUMNS = 10;

    private FriedmanFunction() {}

    /** Draws {@code n} rows of ten numbers between 0 and 1, with the function and noise of deviation 1. */
    public static Examples draw(int n, Rng rng) {
        float[] drawn = rng.split("x").uniform(n * COLUMNS, 0, 1);
        float[] noise = rng.split("noise").normal(n, 0, 1);
        float[][] x = new float[n][];
        float[][] y = new float[n][1];
        for (int i = 0; i < n; i++) {
            x[i] = Arrays.copyOfRange(drawn, i * COLUMNS, (i + 1) * COLUMNS);
            y[i][0] = (float) (truth(x[i]) + noise[i]);
        }
        return Examples.of(x, y);
    }

    /** Its value without noise. */
    public static double truth(float... x) {
        return 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * Math.pow(x[2] - 0.5, 2) + 10.0 * x[3] + 5.0 * x[4];
    }
}
