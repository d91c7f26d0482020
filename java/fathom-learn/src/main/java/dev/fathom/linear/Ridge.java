package dev.fathom.linear;

import dev.fathom.features.Examples;
import dev.fathom.features.FeatureRows;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import java.util.Arrays;

/**
 * Ridge regression (Hoerl and Kennard 1970): the intercepts a [m] and the coefficients B [k, m] that minimize
 *
 * <pre>
 * sum over i of w[i] |y[i] - a - B'x[i]|^2 + penalty |B|^2
 * </pre>
 *
 * <p>over the examples with weights w, for any number m of targets. The intercepts are not penalized, so the features
 * are centered about their weighted means; they are not standardized, so a feature of small numbers pays more. These
 * are scikit-learn's {@code Ridge}, and with the penalty 0 its {@code LinearRegression}: least squares, of which the
 * coefficients of least norm are taken where many are as good ({@link MinimumNorm}). Of classes it learns the zeros and
 * ones, so that its predictions are scores.
 *
 * @param penalty what the square of a coefficient costs, 0 or more
 */
public record Ridge(double penalty) implements Learner {
    /**
     * Checks the penalty.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public Ridge {
        if (!(penalty >= 0 && penalty < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("ridge: penalty=" + penalty + " must be 0 or more and finite, e.g. 1");
        }
    }

    /**
     * The fit.
     *
     * @param intercepts a [m]
     * @param coefficients B [k][m], a row for each feature
     * @param kind numbers, or scores where the targets are classes
     */
    public record Fit(double[] intercepts, double[][] coefficients, Prediction kind) implements Predictor {
        @Override
        public float[][] predict(float[][] x) {
            FeatureRows.fits("ridge", x, coefficients.length);
            float[][] predictions = new float[x.length][intercepts.length];
            for (int i = 0; i < x.length; i++) {
                double[] sums = intercepts.clone();
                for (int j = 0; j < x[i].length; j++) {
                    for (int c = 0; c < sums.length; c++) {
                        sums[c] += coefficients[j][c] * x[i][j];
                    }
                }
                for (int c = 0; c < sums.length; c++) {
                    predictions[i][c] = (float) sums[c];
                }
            }
            return predictions;
        }
    }

    /** Fits the coefficients; nothing is random. */
    @Override
    public Fit fit(Examples data, long seed) {
        int n = data.size();
        double[] xMeans = Design.means(data.x(), data.weights());
        double[] yMeans = Design.means(data.y(), data.weights());
        double[][] x = new double[n][];
        double[][] y = new double[n][];
        for (int i = 0; i < n; i++) {
            double root = Math.sqrt(data.weights()[i]);
            x[i] = centered(data.x()[i], xMeans, root);
            y[i] = centered(data.y()[i], yMeans, root);
        }
        double[] penalties = new double[data.columns()];
        Arrays.fill(penalties, penalty);
        double[][] b = penalty == 0 ? MinimumNorm.solve(x, y) : MinimumNorm.ridge(x, y, penalties);
        double[] a = yMeans.clone();
        for (int j = 0; j < b.length; j++) {
            for (int c = 0; c < a.length; c++) {
                a[c] -= b[j][c] * xMeans[j];
            }
        }
        return new Fit(a, b, Prediction.ofTargets(data));
    }

    private static double[] centered(float[] row, double[] means, double factor) {
        double[] centered = new double[row.length];
        for (int j = 0; j < row.length; j++) {
            centered[j] = factor * (row[j] - means[j]);
        }
        return centered;
    }
}
