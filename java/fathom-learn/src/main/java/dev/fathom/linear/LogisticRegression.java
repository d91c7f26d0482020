package dev.fathom.linear;

import dev.fathom.features.Examples;
import dev.fathom.features.FeatureRows;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Logistic regression with an L2 penalty. The probabilities are p[i] = softmax(f[i]) of the scores f[i, k] = a[k] +
 * b[k]'x[i], and the intercepts a and coefficients b minimize
 *
 * <pre>
 * 1/W sum over i of w[i] (-ln p[i, label[i]]) + penalty / 2 sum over k of |b[k]|^2,   W = sum over i of w[i]
 * </pre>
 *
 * <p>Of two classes the scores of the first are 0, so that there is one vector b (binomial regression); of more, each
 * has its own (multinomial), and the intercepts add up to 0. They are not penalized, and the features are not
 * standardized. scikit-learn's {@code LogisticRegression} is the same with C = 1 / (W penalty). {@link LogisticPath}
 * has the L1 penalty.
 *
 * <p>It is solved by Newton's method, whose steps come from conjugate gradients and are halved until the objective
 * falls (Lin, Weng and Keerthi 2008), in double precision.
 *
 * @param penalty what half the square of a coefficient costs, above 0, since classes that a plane parts have no finite
 *     solution without it
 * @param tolerance the search ends when no derivative of the objective is larger, 1e-8 by default
 */
public record LogisticRegression(double penalty, double tolerance) implements Learner {
    private static final int MOST_STEPS = 1000;
    /** The share of the loss below which rounding may hide what a step would gain. */
    private static final double HIDDEN = 1e-8;

    private static final double FALL = 1e-4;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one of them is not above 0 and finite
     */
    public LogisticRegression {
        above0("penalty", penalty);
        above0("tolerance", tolerance);
    }

    private static void above0(String what, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "logistic regression: " + what + "=" + value + " must be above 0 and finite, e.g. 1e-3");
        }
    }

    /** Makes the method with the tolerance 1e-8. */
    public LogisticRegression(double penalty) {
        this(penalty, 1e-8);
    }

    /**
     * The fit for one penalty.
     *
     * @param penalty it was fitted with
     * @param intercepts [classes]
     * @param coefficients [classes][columns]
     * @param known whether there were examples of a class; one without has the probability 0
     */
    public record Fit(double penalty, double[] intercepts, double[][] coefficients, boolean[] known)
            implements Predictor {
        /** {@inheritDoc} They are {@link Prediction#PROBABILITIES}. */
        @Override
        public Prediction kind() {
            return Prediction.PROBABILITIES;
        }

        @Override
        public float[][] predict(float[][] x) {
            FeatureRows.fits("logistic regression", x, coefficients[0].length);
            float[][] p = new float[x.length][known.length];
            double[] f = new double[known.length];
            for (int i = 0; i < x.length; i++) {
                for (int k = 0; k < f.length; k++) {
                    f[k] = known[k] ? intercepts[k] + Vectors.dot(coefficients[k], x[i]) : Double.NEGATIVE_INFINITY;
                }
                softmax(f);
                for (int k = 0; k < f.length; k++) {
                    p[i][k] = (float) f[k];
                }
            }
            return p;
        }
    }

    /**
     * Fits the coefficients; nothing is random.
     *
     * @throws IllegalArgumentException if the examples have no labels or are all of one class
     * @throws IllegalStateException if the search does not end, because features are too large
     */
    @Override
    public Fit fit(Examples data, long seed) {
        return path(data, tolerance, penalty).get(0);
    }

    /**
     * Fits the examples with each penalty in turn, each search starting from the solution before, so that penalties
     * from the largest to the smallest are found fastest.
     *
     * @throws IllegalArgumentException if the examples have no labels or are all of one class, or a penalty or the
     *     tolerance is not above 0 and finite
     * @throws IllegalStateException if the search does not end, because features are too large
     */
    public static List<Fit> path(Examples data, double tolerance, double... penalties) {
        Problem problem = new Problem(data);
        double[] at = new double[problem.free * (data.columns() + 1)];
        return Arrays.stream(penalties)
                .mapToObj(penalty -> {
                    above0("penalty", penalty);
                    above0("tolerance", tolerance);
                    problem.minimize(at, penalty, tolerance);
                    return problem.fit(at, penalty);
                })
                .toList();
    }

    /** Replaces scores by their softmax, and returns ln of the sum of exp. */
    private static double softmax(double[] f) {
        double most = Arrays.stream(f).max().orElseThrow();
        double sum = 0;
        for (int k = 0; k < f.length; k++) {
            f[k] = Math.exp(f[k] - most);
            sum += f[k];
        }
        for (int k = 0; k < f.length; k++) {
            f[k] /= sum;
        }
        return most + Math.log(sum);
    }

    /** The objective over the classes that have examples, at places [free][columns + 1] whose last column is a. */
    private static final class Problem {
        final int free;
        private final float[][] x;
        private final double[] share;
        private final int classes;
        private final int[] known;
        /** The place of each label among the known classes. */
        private final int[] label;

        private final double[][] p;

        Problem(Examples data) {
            int[] labels = data.labels();
            double[] weights = data.weights();
            known = IntStream.range(0, labels.length)
                    .filter(i -> weights[i] > 0)
                    .map(i -> labels[i])
                    .sorted()
                    .distinct()
                    .toArray();
            if (known.length < 2) {
                throw new IllegalArgumentException("logistic regression: all " + labels.length
                        + " examples are of class " + known[0] + "; give examples of at least two classes");
            }
            classes = data.outputs();
            free = known.length == 2 ? 1 : known.length;
            int[] counted = IntStream.range(0, labels.length)
                    .filter(i -> weights[i] > 0)
                    .toArray();
            double all = Arrays.stream(weights).sum();
            x = Arrays.stream(counted).mapToObj(i -> data.x()[i]).toArray(float[][]::new);
            share = Arrays.stream(counted).mapToDouble(i -> weights[i] / all).toArray();
            label = Arrays.stream(counted)
                    .map(i -> Arrays.binarySearch(known, labels[i]))
                    .toArray();
            p = new double[x.length][known.length];
        }

        private int columns() {
            return x[0].length;
        }

        /** The scores of row i, those of the first of two classes 0. */
        private void scores(double[] at, int i, double[] f) {
            int width = columns() + 1;
            int fixed = known.length - free;
            Arrays.fill(f, 0);
            for (int c = 0; c < free; c++) {
                double sum = at[c * width + width - 1];
                for (int j = 0; j < width - 1; j++) {
                    sum += at[c * width + j] * x[i][j];
                }
                f[fixed + c] = sum;
            }
        }

        /** The objective; {@link #p} is then that of the place. */
        private double objective(double[] at, double penalty) {
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                scores(at, i, p[i]);
                double own = p[i][label[i]];
                sum += share[i] * (softmax(p[i]) - own);
            }
            return sum + penalty / 2 * penalized(at, at);
        }

        /** The inner product of the coefficients without the intercepts. */
        private double penalized(double[] a, double[] b) {
            double sum = 0;
            int width = columns() + 1;
            for (int k = 0; k < a.length; k++) {
                sum += k % width == width - 1 ? 0 : a[k] * b[k];
            }
            return sum;
        }

        /** Adds share r x to the place of each free class, for what {@code r} holds of the row. */
        private void add(double[] r, int i, double[] to) {
            int width = columns() + 1;
            int fixed = known.length - free;
            for (int c = 0; c < free; c++) {
                double factor = share[i] * r[fixed + c];
                for (int j = 0; j < width - 1; j++) {
                    to[c * width + j] += factor * x[i][j];
                }
                to[c * width + width - 1] += factor;
            }
        }

        private double[] penaltyOf(double[] at, double penalty) {
            int width = columns() + 1;
            double[] scaled = new double[at.length];
            Arrays.setAll(scaled, k -> k % width == width - 1 ? 0 : penalty * at[k]);
            return scaled;
        }

        private double[] gradient(double[] at, double penalty) {
            double[] gradient = penaltyOf(at, penalty);
            double[] r = new double[known.length];
            for (int i = 0; i < x.length; i++) {
                for (int k = 0; k < r.length; k++) {
                    r[k] = p[i][k] - (label[i] == k ? 1 : 0);
                }
                add(r, i, gradient);
            }
            return gradient;
        }

        /** The product of the Hessian at the place of {@link #p} with v. */
        private double[] curvature(double[] v, double penalty) {
            double[] product = penaltyOf(v, penalty);
            double[] u = new double[known.length];
            for (int i = 0; i < x.length; i++) {
                scores(v, i, u);
                double mean = Vectors.dot(p[i], u);
                for (int k = 0; k < u.length; k++) {
                    u[k] = p[i][k] * (u[k] - mean);
                }
                add(u, i, product);
            }
            return product;
        }

        void minimize(double[] at, double penalty, double tolerance) {
            double now = objective(at, penalty);
            for (int step = 0; step < MOST_STEPS; step++) {
                double[] gradient = gradient(at, penalty);
                if (Arrays.stream(gradient).map(Math::abs).max().orElse(0) <= tolerance) {
                    return;
                }
                double[] direction = direction(gradient, penalty);
                double slope = Vectors.dot(direction, gradient);
                double[] next = new double[at.length];
                double part = 1;
                double then;
                do {
                    double some = part;
                    Arrays.setAll(next, k -> at[k] + some * direction[k]);
                    then = objective(next, penalty);
                    part /= 2;
                } while (then > now + FALL * 2 * part * slope && part > 1e-12);
                if (!(then < now)) {
                    if (!(slope < 0) || -slope > HIDDEN * Math.max(1, now)) {
                        throw new IllegalStateException("logistic regression: no step lowers the loss, though a"
                                + " derivative is above " + tolerance + "; scale the features, whose size hides it");
                    }
                    objective(at, penalty); // rounding hides what is left to gain
                    return;
                }
                System.arraycopy(next, 0, at, 0, at.length);
                now = then;
            }
            throw new IllegalStateException("logistic regression: after " + MOST_STEPS
                    + " steps a derivative is still above " + tolerance + "; scale the features, or raise the penalty");
        }

        /**
         * Newton's direction -H^-1 g, as exactly as it is worth by conjugate gradients, in units in which the Hessian
         * has ones on its diagonal, so that those of the features do not matter.
         */
        private double[] direction(double[] gradient, double penalty) {
            double[] unit = diagonal(penalty);
            double[] d = new double[gradient.length];
            double[] r = Arrays.stream(gradient).map(g -> -g).toArray();
            double[] z = new double[r.length];
            Arrays.setAll(z, k -> r[k] / unit[k]);
            double[] v = z.clone();
            double squares = Vectors.dot(r, z);
            double enough = squares * Math.min(0.25, Math.sqrt(squares)) * 0.01;
            for (int i = 0; i < 10 * d.length && squares > enough; i++) {
                double[] hv = curvature(v, penalty);
                double bend = Vectors.dot(v, hv);
                if (bend <= 0) {
                    break;
                }
                double far = squares / bend;
                for (int k = 0; k < d.length; k++) {
                    d[k] += far * v[k];
                    r[k] -= far * hv[k];
                    z[k] = r[k] / unit[k];
                }
                double before = squares;
                squares = Vectors.dot(r, z);
                for (int k = 0; k < d.length; k++) {
                    v[k] = z[k] + squares / before * v[k];
                }
            }
            return d;
        }

        /** The diagonal of the Hessian at the place of {@link #p}; 1 where it is 0. */
        private double[] diagonal(double penalty) {
            int width = columns() + 1;
            double[] diagonal = new double[free * width];
            for (int k = 0; k < diagonal.length; k++) {
                int j = k % width;
                int of = k / width + known.length - free;
                double sum = j == width - 1 ? 0 : penalty;
                for (int i = 0; i < x.length; i++) {
                    double value = j == width - 1 ? 1 : x[i][j];
                    sum += share[i] * p[i][of] * (1 - p[i][of]) * value * value;
                }
                diagonal[k] = sum > 0 ? sum : 1;
            }
            return diagonal;
        }

        Fit fit(double[] at, double penalty) {
            int width = columns() + 1;
            double[] intercepts = new double[classes];
            double[][] coefficients = new double[classes][width - 1];
            boolean[] seen = new boolean[classes];
            double mean = 0; // of several classes, intercepts that are all moved alike say the same: their sum is 0
            for (int c = 0; c < free && free == known.length; c++) {
                mean += at[c * width + width - 1] / free;
            }
            for (int k = 0; k < known.length; k++) {
                seen[known[k]] = true;
                int c = k - (known.length - free);
                if (c >= 0) {
                    coefficients[known[k]] = Arrays.copyOfRange(at, c * width, c * width + width - 1);
                    intercepts[known[k]] = at[c * width + width - 1] - mean;
                }
            }
            return new Fit(penalty, intercepts, coefficients, seen);
        }
    }
}
