package dev.fathom.labs.generative;

/** The exact Wasserstein distance of a few points in the plane, for which all ways to pair them can be tried. */
final class ExactWasserstein {
    private final double[][] distance;
    private final boolean[] taken;
    private double best = Double.POSITIVE_INFINITY;

    private ExactWasserstein(double[][] distance) {
        this.distance = distance;
        taken = new boolean[distance.length];
    }

    /**
     * The least mean distance between points of {@code a} and {@code b} that are paired, which is the Wasserstein
     * distance of first order if all points have the same weight.
     *
     * @param a points [n, 2], one after another
     */
    static double distance(float[] a, float[] b) {
        int n = a.length / 2;
        double[][] distance = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                distance[i][j] = Math.hypot(a[2 * i] - b[2 * j], a[2 * i + 1] - b[2 * j + 1]);
            }
        }
        ExactWasserstein search = new ExactWasserstein(distance);
        search.pair(0, 0);
        return search.best / n;
    }

    private void pair(int i, double sum) {
        if (sum >= best) {
            return;
        }
        if (i == distance.length) {
            best = sum;
            return;
        }
        for (int j = 0; j < taken.length; j++) {
            if (!taken[j]) {
                taken[j] = true;
                pair(i + 1, sum + distance[i][j]);
                taken[j] = false;
            }
        }
    }
}
