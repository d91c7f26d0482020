package dev.fathom.labs.translation;

import java.util.Arrays;

/**
 * The plane in which few points of many dimensions differ most: their first two principal components, by power iteration on the products of all pairs of
 * points, which are few where the points are.
 */
final class Plane {
    private static final int ROUNDS = 500;

    private Plane() {}

    /** The place of each point in the plane, about their mean. */
    static double[][] of(float[]... points) {
        double[][] products = products(points);
        double[][] places = new double[points.length][2];
        for (int axis = 0; axis < 2; axis++) {
            double[] v = new double[points.length];
            Arrays.setAll(v, i -> 1.0 / (i + 1));
            double size = 0;
            for (int round = 0; round < ROUNDS; round++) {
                double[] w = new double[v.length];
                for (int i = 0; i < v.length; i++) {
                    w[i] = dot(products[i], v);
                }
                size = Math.sqrt(dot(w, w));
                for (int i = 0; i < v.length && size > 0; i++) {
                    v[i] = w[i] / size;
                }
            }
            for (int i = 0; i < v.length; i++) {
                places[i][axis] = Math.sqrt(size) * v[i];
                for (int k = 0; k < v.length; k++) {
                    products[i][k] -= size * v[i] * v[k];
                }
            }
        }
        return places;
    }

    /** Of the points about their mean. */
    private static double[][] products(float[]... points) {
        int n = points.length;
        double[][] centered = new double[n][points[0].length];
        for (int j = 0; j < centered[0].length; j++) {
            double mean = 0;
            for (float[] p : points) {
                mean += p[j] / n;
            }
            for (int i = 0; i < n; i++) {
                centered[i][j] = points[i][j] - mean;
            }
        }
        double[][] products = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < n; k++) {
                products[i][k] = dot(centered[i], centered[k]);
            }
        }
        return products;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
