package dev.fathom.labs.outliers;

/** Squared Euclidean distances. */
final class Distances {
    private Distances() {}

    static double squared(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double d = (double) a[i] - b[i];
            sum += d * d;
        }
        return sum;
    }
}
