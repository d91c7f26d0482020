package dev.fathom.experiments.statistics;

import dev.fathom.features.Pca;
import dev.fathom.train.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * A plane in the space of the weights of a network: the places origin + a u + b v, with u and v about at right angles.
 */
public record LossPlane(float[] origin, float[] u, float[] v) {
    /** The plane that is nearest to the places of which these are the first two principal components. */
    public static LossPlane principal(Pca pca) {
        float[] axes = Averages.floats(pca.components());
        int n = pca.mean().length;
        return new LossPlane(Averages.floats(pca.mean()), Arrays.copyOf(axes, n), Arrays.copyOfRange(axes, n, 2 * n));
    }

    /** A place. */
    public float[] at(double a, double b) {
        float[] place = new float[origin.length];
        for (int i = 0; i < place.length; i++) {
            place[i] = (float) (origin[i] + a * u[i] + b * v[i]);
        }
        return place;
    }

    /** The coordinates a and b of the places of the plane that are nearest to these. */
    public double[][] nearest(List<float[]> places) {
        return new double[][] {
            places.stream().mapToDouble(w -> along(w, u)).toArray(),
            places.stream().mapToDouble(w -> along(w, v)).toArray()
        };
    }

    private double along(float[] w, float[] axis) {
        double sum = 0;
        for (int i = 0; i < w.length; i++) {
            sum += (double) (w[i] - origin[i]) * axis[i];
        }
        return sum / Math.pow(Averages.norm(axis), 2);
    }

    /**
     * The losses over a window of the plane: {@code n} rows from low to high, with as many values from left to right.
     *
     * @param window left, right, low and high
     * @param check is called before each row, and may throw
     */
    public double[][] field(ToDoubleFunction<float[]> loss, double[] window, int n, Runnable check) {
        return Workers.all()
                .run(n, row -> {
                    check.run();
                    double b = window[2] + row * (window[3] - window[2]) / (n - 1);
                    return IntStream.range(0, n)
                            .mapToDouble(k -> window[0] + k * (window[1] - window[0]) / (n - 1))
                            .map(a -> loss.applyAsDouble(at(a, b)))
                            .toArray();
                })
                .toArray(new double[0][]);
    }
}
