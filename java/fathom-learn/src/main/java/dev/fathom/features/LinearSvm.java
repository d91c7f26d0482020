package dev.fathom.features;

import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Vectors;

/**
 * A linear support vector machine: of two classes y = -1 and 1 it finds the weights w and the intercept b that minimize
 * |w|^2 / 2 + (b / s)^2 / 2 + C sum l(y (w'x + b)), where l(m) = max(0, 1 - m)^2, or max(0, 1 - m) with {@link #hinge}.
 * It is solved by dual coordinate descent (Hsieh et al. 2008), as in liblinear and scikit-learn's {@code LinearSVC}. Of
 * K classes each is told from the rest ({@link OneVsRest}). The weight of an example multiplies its C.
 *
 * <p>The intercept is the weight of a feature that is always s, and so is kept small like the others; a larger
 * {@link #interceptScale} keeps it less small. Scale the features to a deviation of about 1 before, or the descent
 * takes many rounds.
 *
 * @param cost C, 1 by default: a larger one fits the examples more closely
 * @param squared whether the hinge loss is squared, as it is by default
 * @param interceptScale s, 1 by default; 0 for no intercept
 * @param tolerance the descent ends when the projected gradient of no multiplier is further from another's, 1e-4 by
 *     default
 * @param mostRounds or after so many rounds over the examples, 1000 by default; {@link Machine#violation} tells which
 */
public record LinearSvm(double cost, boolean squared, double interceptScale, double tolerance, int mostRounds)
        implements Learner {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if cost or tolerance is not above 0 and finite, the scale of the intercept is
     *     negative, or there are no rounds
     */
    public LinearSvm {
        if (!(cost > 0 && cost < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("linear SVM: cost=" + cost + " must be above 0 and finite, e.g. 1");
        }
        if (!(interceptScale >= 0 && interceptScale < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "linear SVM: interceptScale=" + interceptScale + " must be 0 or more and finite");
        }
        if (!(tolerance > 0 && tolerance < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "linear SVM: tolerance=" + tolerance + " must be above 0 and finite, e.g. 1e-4");
        }
        if (mostRounds < 1) {
            throw new IllegalArgumentException("linear SVM: mostRounds=" + mostRounds + " must be at least 1");
        }
    }

    /** Makes a machine with the squared hinge loss. */
    public LinearSvm(double cost) {
        this(cost, true, 1, 1e-4, 1000);
    }

    /** Returns this machine with the hinge loss, whose solutions depend on fewer examples. */
    public LinearSvm hinge() {
        return new LinearSvm(cost, false, interceptScale, tolerance, mostRounds);
    }

    /** Returns this machine with another scale of the intercept's feature. */
    public LinearSvm interceptScale(double scale) {
        return new LinearSvm(cost, squared, scale, tolerance, mostRounds);
    }

    /** Returns this machine with another tolerance, and so many rounds at most. */
    public LinearSvm until(double smallest, int rounds) {
        return new LinearSvm(cost, squared, interceptScale, smallest, rounds);
    }

    /**
     * Two classes told apart by the sign of w'x + b. The scores are -(w'x + b) and w'x + b.
     *
     * @param weights w
     * @param intercept b
     * @param violation how far the descent was from the solution when it ended; it converged if this is at most the
     *     tolerance
     */
    public record Machine(double[] weights, double intercept, double violation) implements Predictor {
        @Override
        public Prediction kind() {
            return Prediction.SCORES;
        }

        @Override
        public float[][] predict(float[][] x) {
            FeatureRows.fits("linear SVM", x, weights.length);
            float[][] scores = new float[x.length][2];
            for (int i = 0; i < x.length; i++) {
                scores[i][1] = (float) (Vectors.dot(weights, x[i]) + intercept);
                scores[i][0] = -scores[i][1];
            }
            return scores;
        }
    }

    /**
     * Finds the weights: a {@link Machine} of two classes, a {@link OneVsRest.Members} of more.
     *
     * @throws IllegalArgumentException if the examples have no labels, or are all of one class
     */
    @Override
    public Predictor fit(Examples data, long seed) {
        int[] labels = data.classes("linear SVM");
        return data.outputs() > 2 ? new OneVsRest(this).fit(data, seed) : descend(data, labels, new Rng(seed));
    }

    private Machine descend(Examples data, int[] labels, Rng rng) {
        int n = data.size();
        float[][] x = data.x();
        double[] w = new double[data.columns()];
        double intercept = 0; // of the feature that is always s
        double[] alpha = new double[n];
        double[] diagonal = new double[n];
        for (int i = 0; i < n; i++) {
            for (float v : x[i]) {
                diagonal[i] += (double) v * v;
            }
            diagonal[i] += interceptScale * interceptScale;
        }
        double violation = Double.POSITIVE_INFINITY;
        for (int round = 0; round < mostRounds && violation > tolerance; round++) {
            double most = 0;
            double least = 0;
            for (int i : rng.permutation(n)) {
                double c = cost * data.weights()[i];
                double ridge = squared ? 0.5 / c : 0;
                if (c == 0 || diagonal[i] + ridge == 0) {
                    continue; // it does not count, or no weight can change its score
                }
                double limit = squared ? Double.POSITIVE_INFINITY : c;
                int y = labels[i] == 1 ? 1 : -1;
                double gradient = y * (Vectors.dot(w, x[i]) + intercept * interceptScale) - 1 + ridge * alpha[i];
                double projected =
                        alpha[i] == 0 ? Math.min(gradient, 0) : alpha[i] == limit ? Math.max(gradient, 0) : gradient;
                most = Math.max(most, projected);
                least = Math.min(least, projected);
                if (projected != 0) {
                    double next = Math.min(Math.max(alpha[i] - gradient / (diagonal[i] + ridge), 0), limit);
                    double step = (next - alpha[i]) * y;
                    alpha[i] = next;
                    for (int j = 0; j < w.length; j++) {
                        w[j] += step * x[i][j];
                    }
                    intercept += step * interceptScale;
                }
            }
            violation = most - least;
        }
        return new Machine(w, intercept * interceptScale, violation);
    }
}
