package dev.fathom.linear;

import dev.fathom.features.SparseRows;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Logistic regression with an L1 penalty (the lasso), for one lambda after another: the intercept a, which is not
 * penalized, and the coefficients b that minimize
 *
 * <pre>
 * 1/n sum over i of (ln(1 + exp(f[i])) - y[i] f[i]) + lambda sum over j of |b[j]|,
 * f[i] = a + sum over j of x[i, j] b[j]
 * </pre>
 *
 * <p>The search for each lambda begins at the solution for the one before. Only columns that pass the sequential strong
 * rule take part (Tibshirani et al. 2012); the conditions of the optimum are then checked for the others. Newton's
 * quadratic approximation is minimized by coordinate descent (Friedman, Hastie and Tibshirani 2010), with a line search
 * along each step (Yuan, Ho and Lin 2012). Columns are not standardized. {@link LogisticRegression} has the L2 penalty.
 *
 * <pre>{@code
 * var lasso = new LogisticPath(rows, labels, 1e-3);
 * for (double lambda : LogisticPath.lambdas(lasso.largest(), 50, 1e-4)) {
 *     LogisticPath.Point point = lasso.at(lambda);
 * }
 * }</pre>
 */
public final class LogisticPath {
    private static final int MOST_STEPS = 200;
    private static final int MOST_CYCLES = 100;
    /** The part of the expected decrease that Armijo's rule asks of a step. */
    private static final double FALL = 0.01;
    /** The lower bound of a weight p (1 - p), as in glmnet. */
    private static final double SMALLEST_WEIGHT = 1e-5;

    private final SparseRows columns;
    private final int[] labels;
    private final double tolerance;
    private final int n;
    /** The current solution: coefficients b, intercept a, and f of each row. */
    private final double[] b;

    private double a;
    private final double[] f;
    private double before;
    // the state of one Newton step: p - y and p (1 - p) of each row, weight times the change of f, first and second
    // derivatives
    private final double[] residual;
    private final double[] weight;
    private final double[] change;
    private final double[] gradient;
    private final double[] curvature;
    /** The coefficients that minimize the approximation. */
    private final double[] to;

    /**
     * The solution for one lambda.
     *
     * @param violation the largest violation of the conditions of the optimum (Karush, Kuhn and Tucker), as a part of
     *     lambda: the gradient of the likelihood is -lambda sign(b[j]) where b[j] is not 0, within +-lambda elsewhere,
     *     and 0 for the intercept
     */
    public record Point(double lambda, double intercept, double[] coefficients, double violation) {
        /** Returns the number of coefficients that are not 0. */
        public int nonzero() {
            return (int) Arrays.stream(coefficients).filter(c -> c != 0).count();
        }

        /** Returns the linear predictor of each row: above 0 where class 1 is the more probable one. */
        public double[] predict(SparseRows x) {
            double[] f = x.times(coefficients, 1);
            Arrays.setAll(f, i -> f[i] + intercept);
            return f;
        }

        /** Returns the share of rows whose class is the more probable one. */
        public double accuracy(SparseRows x, int[] labels) {
            double[] f = predict(x);
            return IntStream.range(0, f.length)
                            .filter(i -> (f[i] > 0 ? 1 : 0) == labels[i])
                            .count()
                    / (double) f.length;
        }
    }

    /**
     * Begins where all coefficients are 0.
     *
     * @param labels 0 or 1 for each row
     * @param tolerance the violation at which a solution is taken, as a part of lambda
     * @throws IllegalArgumentException if there is another number of labels, one is neither 0 nor 1, or all are the
     *     same
     */
    public LogisticPath(SparseRows x, int[] labels, double tolerance) {
        n = x.rows();
        int ones = Arrays.stream(labels).sum();
        if (labels.length != n || Arrays.stream(labels).anyMatch(y -> y != 0 && y != 1) || ones == 0 || ones == n) {
            throw new IllegalArgumentException("logistic regression: there are " + n + " rows and " + labels.length
                    + " labels with the sum " + ones + "; give each row the label 0 or 1, and both to some rows");
        }
        columns = x.transposed();
        this.labels = labels.clone();
        this.tolerance = tolerance;
        b = new double[x.columns()];
        f = new double[n];
        a = Math.log((double) ones / (n - ones));
        Arrays.fill(f, a);
        residual = new double[n];
        weight = new double[n];
        change = new double[n];
        gradient = new double[b.length];
        curvature = new double[b.length];
        to = new double[b.length];
        before = largest();
    }

    /** Returns the smallest lambda for which all coefficients are 0. */
    public double largest() {
        double mean = Arrays.stream(labels).average().orElseThrow();
        double largest = 0;
        for (int j = 0; j < b.length; j++) {
            double sum = 0;
            for (int k = columns.starts()[j]; k < columns.starts()[j + 1]; k++) {
                sum += columns.values()[k] * (mean - labels[columns.places()[k]]);
            }
            largest = Math.max(largest, Math.abs(sum) / n);
        }
        return largest;
    }

    /**
     * Returns {@code count} lambdas from {@code largest} down to {@code ratio} times it, at equal distances of their
     * logarithms.
     */
    public static double[] lambdas(double largest, int count, double ratio) {
        return IntStream.range(0, count)
                .mapToDouble(i -> largest * Math.pow(ratio, i / (double) Math.max(1, count - 1)))
                .toArray();
    }

    /** Returns the solution for a lambda, searched from the last one. */
    public Point at(double lambda) {
        return at(lambda, () -> false);
    }

    /**
     * Returns the solution for a lambda, searched from the last one.
     *
     * @param stopped is asked after each cycle over the columns; where it says true, the point reached is returned,
     *     whose {@link Point#violation} may be large
     */
    public Point at(double lambda, BooleanSupplier stopped) {
        slopes();
        int[] all = IntStream.range(0, b.length).toArray();
        gradients(all);
        boolean[] in = new boolean[b.length];
        for (int j : all) {
            in[j] = b[j] != 0 || Math.abs(gradient[j]) >= 2 * lambda - before;
        }
        before = lambda;
        while (true) {
            int[] set = Arrays.stream(all).filter(j -> in[j]).toArray();
            descend(set, lambda, stopped);
            gradients(all);
            boolean more = false;
            for (int j : all) {
                if (!in[j] && Math.abs(gradient[j]) > lambda * (1 + tolerance)) {
                    in[j] = true;
                    more = true;
                }
            }
            if (!more || stopped.getAsBoolean()) {
                return new Point(lambda, a, b.clone(), violation(all, lambda) / lambda);
            }
        }
    }

    /** Takes Newton steps on a set of columns. {@link #residual} is that of the solution at the end. */
    private void descend(int[] set, double lambda, BooleanSupplier stopped) {
        for (int step = 0; step < MOST_STEPS && !stopped.getAsBoolean(); step++) {
            slopes();
            gradients(set);
            double violation = violation(set, lambda);
            if (violation <= tolerance * lambda) {
                return;
            }
            curvatures(set);
            double a0 = approximate(set, lambda, Math.max(tolerance * lambda / 2, violation / 4), stopped);
            if (!follow(set, lambda, a0)) {
                return; // the objective is at its minimum in double precision
            }
        }
        slopes();
    }

    /** p - y of each row, and the weight p (1 - p). */
    private void slopes() {
        for (int i = 0; i < n; i++) {
            double p = 1 / (1 + Math.exp(-f[i]));
            residual[i] = p - labels[i];
            weight[i] = Math.max(SMALLEST_WEIGHT, p * (1 - p));
        }
    }

    private void gradients(int[] set) {
        for (int j : set) {
            gradient[j] = product(j, residual);
        }
    }

    private double product(int j, double[] rows) {
        int[] places = columns.places();
        float[] values = columns.values();
        double sum = 0;
        for (int k = columns.starts()[j], end = columns.starts()[j + 1]; k < end; k++) {
            sum += values[k] * rows[places[k]];
        }
        return sum / n;
    }

    private void curvatures(int[] set) {
        int[] places = columns.places();
        float[] values = columns.values();
        for (int j : set) {
            double sum = 0;
            for (int k = columns.starts()[j], end = columns.starts()[j + 1]; k < end; k++) {
                sum += (double) values[k] * values[k] * weight[places[k]];
            }
            curvature[j] = sum / n;
        }
    }

    private double violation(int[] set, double lambda) {
        double most = Math.abs(Arrays.stream(residual).sum() / n);
        for (int j : set) {
            double missed =
                    b[j] == 0 ? Math.abs(gradient[j]) - lambda : Math.abs(gradient[j] + lambda * Math.signum(b[j]));
            most = Math.max(most, missed);
        }
        return most;
    }

    /**
     * Minimizes the quadratic approximation over the coefficients {@link #to}; {@link #change} is then weight times the
     * change of f.
     *
     * @param enough ends the cycles when no step changes its coordinate's gradient by more
     * @return the change of the intercept
     */
    private double approximate(int[] set, double lambda, double enough, BooleanSupplier stopped) {
        Arrays.fill(change, 0);
        for (int j : set) {
            to[j] = b[j];
        }
        double slope = Arrays.stream(residual).sum();
        double weights = Arrays.stream(weight).sum();
        double a0 = 0;
        int[] active = set;
        for (int cycle = 0; cycle < MOST_CYCLES && !stopped.getAsBoolean(); cycle++) {
            double step = -(slope + Arrays.stream(change).sum()) / weights;
            a0 += step;
            for (int i = 0; i < n; i++) {
                change[i] += step * weight[i];
            }
            double moved = Math.abs(step) * weights / n;
            for (int j : active) {
                moved = Math.max(moved, coordinate(j, lambda));
            }
            if (moved <= enough) {
                if (active == set) {
                    break;
                }
                active = set; // coefficients at 0 take part again
            } else {
                active = Arrays.stream(set).filter(j -> to[j] != 0).toArray();
            }
        }
        return a0;
    }

    /** Sets one coefficient to its optimum, and returns the absolute change of its gradient. */
    private double coordinate(int j, double lambda) {
        double h = curvature[j];
        if (h == 0) {
            return 0; // the column is empty
        }
        double at = to[j];
        double free = at - (gradient[j] + product(j, change)) / h;
        to[j] = Math.signum(free) * Math.max(0, Math.abs(free) - lambda / h);
        double step = to[j] - at;
        if (step == 0) {
            return 0;
        }
        int[] places = columns.places();
        float[] values = columns.values();
        for (int k = columns.starts()[j], end = columns.starts()[j + 1]; k < end; k++) {
            change[places[k]] += step * values[k] * weight[places[k]];
        }
        return h * Math.abs(step);
    }

    /**
     * Follows the step, halving it until the objective falls as Armijo's rule asks; false if it does not fall any more.
     */
    private boolean follow(int[] set, double lambda, double a0) {
        double expected = a0 * Arrays.stream(residual).sum() / n;
        for (int j : set) {
            expected += gradient[j] * (to[j] - b[j]) + lambda * (Math.abs(to[j]) - Math.abs(b[j]));
        }
        double now = loss(0) + lambda * norm(set, 0);
        for (double part = 1; part > 1e-10; part /= 2) {
            if (loss(part) + lambda * norm(set, part) <= now + FALL * part * expected) {
                a += part * a0;
                for (int j : set) {
                    b[j] = between(j, part);
                }
                for (int i = 0; i < n; i++) {
                    f[i] += part * change[i] / weight[i];
                }
                return true;
            }
        }
        return false;
    }

    private double loss(double part) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double x = f[i] + part * change[i] / weight[i];
            sum += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - labels[i] * x;
        }
        return sum / n;
    }

    private double norm(int[] set, double part) {
        double sum = 0;
        for (int j : set) {
            sum += Math.abs(between(j, part));
        }
        return sum;
    }

    private double between(int j, double part) {
        return part == 1 ? to[j] : b[j] + part * (to[j] - b[j]);
    }
}
