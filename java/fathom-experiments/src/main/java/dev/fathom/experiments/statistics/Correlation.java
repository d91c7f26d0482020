package dev.fathom.experiments.statistics;

/** Pearson's correlation, the covariance of two series over the product of their standard deviations. */
public final class Correlation {
    private Correlation() {}

    /**
     * The correlation of x and y from one place to before another; 0 where one of them is constant.
     *
     * @throws IllegalArgumentException if their lengths differ, or there are fewer than two places
     */
    public static double pearson(float[] x, float[] y, int from, int to) {
        if (x.length != y.length || from < 0 || to > x.length || to - from < 2) {
            throw new IllegalArgumentException("correlation: from " + from + " to " + to + " of " + x.length + " and "
                    + y.length + " numbers; give two series of one length and at least two places of them");
        }
        double meanX = mean(x, from, to);
        double meanY = mean(y, from, to);
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = from; i < to; i++) {
            double dx = x[i] - meanX;
            double dy = y[i] - meanY;
            xy += dx * dy;
            xx += dx * dx;
            yy += dy * dy;
        }
        return xx == 0 || yy == 0 ? 0 : xy / Math.sqrt(xx * yy);
    }

    /** Pearson's coefficient of two series of one length; NaN where one of them is constant. */
    public static double pearson(double[] x, double[] y) {
        double meanX = Averages.mean(x);
        double meanY = Averages.mean(y);
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.length; i++) {
            xx += (x[i] - meanX) * (x[i] - meanX);
            yy += (y[i] - meanY) * (y[i] - meanY);
            xy += (x[i] - meanX) * (y[i] - meanY);
        }
        return xy / Math.sqrt(xx * yy);
    }

    private static double mean(float[] x, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += x[i];
        }
        return sum / (to - from);
    }
}
