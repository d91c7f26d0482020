package dev.fathom.tensor;

/** Sums over plain arrays in double precision, each in ascending order, for what no tensor is needed for. */
public final class Vectors {
    private Vectors() {}

    /** Returns the inner product a'b, the sum of a[i] b[i]. */
    public static double dot(double[] a, double[] b) {
        same("dot", a.length, b.length);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** Returns the inner product a'b, the sum of a[i] b[i]. */
    public static double dot(double[] a, float[] b) {
        same("dot", a.length, b.length);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** Returns the squared Euclidean distance |a - b|^2, the sum of (a[i] - b[i])^2. */
    public static double squaredDistance(float[] a, float[] b) {
        same("squaredDistance", a.length, b.length);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double apart = (double) a[i] - b[i];
            sum += apart * apart;
        }
        return sum;
    }

    private static void same(String op, int a, int b) {
        if (a != b) {
            throw new IllegalArgumentException(
                    op + ": vectors of " + a + " and " + b + " numbers; give two of the same length");
        }
    }
}
