package dev.fathom.features;

import dev.fathom.openblas.Lapack;
import java.util.Arrays;

/**
 * Linear discriminant analysis (Fisher 1936; Rao 1948): the directions w in which the means of K classes lie farthest
 * apart, measured by the spread within the classes, and the Gaussian classifier with one covariance for all classes.
 * For the covariance within the classes W = sum (x - m_k)(x - m_k)' / (n - K) and that of their means B = sum n_k (m_k
 * - m)(m_k - m)' / n they maximize w'Bw / w'Ww, and w'Ww = 1. {@link #transform} gives z = A (x - m), where the rows of
 * A are these directions; {@link #inverse} gives the row nearest to m that has these z. The score of class k is its
 * probability given the row, the softmax of ln p_k - |z - A (m_k - m)|^2 / 2 with the share p_k of the examples. Each
 * example counts by its weight in the means, the spreads and the shares.
 *
 * <p>Directions in which no class varies, such as those of pixels that are always 0, are left out, with the tolerance
 * of scikit-learn. The sign of a direction makes its largest number positive.
 *
 * @param mean of each column
 * @param directions [width, columns], row after row, the one that separates most first; there are at most K - 1
 * @param shares of the variance between the classes that each direction explains
 * @param centers [K][width], the mean of each class along the directions
 * @param logPriors [K], the logarithm of each class's share of the examples, -infinity for one without examples
 */
public record Lda(double[] mean, double[] directions, double[] shares, double[][] centers, double[] logPriors)
        implements Projection, Predictor {
    /**
     * scikit-learn's: directions whose deviation within the classes is less than this part of that of all columns carry
     * nothing.
     */
    private static final double TOLERANCE = 1e-4;

    /**
     * Finds all directions that separate the classes.
     *
     * @throws IllegalArgumentException if the examples have no labels or are all of one class, or there are no more
     *     examples than classes, or no column varies within the classes, or the means of the classes are the same
     */
    public static Lda fit(Examples data) {
        int[] labels = data.classes("lda");
        int classes = data.outputs();
        int n = data.size();
        int columns = data.columns();
        double[] weights = weights(data);
        double[] counts = new double[classes];
        double[] mean = new double[columns];
        double[][] means = new double[classes][columns];
        for (int i = 0; i < n; i++) {
            counts[labels[i]] += weights[i];
            for (int j = 0; j < columns; j++) {
                mean[j] += weights[i] * data.x()[i][j];
                means[labels[i]][j] += weights[i] * data.x()[i][j];
            }
        }
        for (int j = 0; j < columns; j++) {
            mean[j] /= n;
        }
        int present = 0;
        for (int k = 0; k < classes; k++) {
            present += counts[k] > 0 ? 1 : 0;
            for (int j = 0; j < columns && counts[k] > 0; j++) {
                means[k][j] /= counts[k];
            }
        }
        if (n <= present) {
            throw new IllegalArgumentException("lda: " + n + " examples of " + present
                    + " classes do not show how they vary; give more examples than classes");
        }
        double[] whitening = whitening(data, labels, weights, means, n - present);
        int inner = whitening.length / columns;
        double[] between = new double[classes * inner];
        for (int k = 0; k < classes; k++) {
            for (int c = 0; c < inner && counts[k] > 0; c++) {
                between[k * inner + c] = Math.sqrt(counts[k] / (present - 1)) * along(whitening, c, means[k], mean);
            }
        }
        double[] axes = new double[inner * inner];
        Lapack.addProduct(between, inner, between, inner, axes);
        double[] values = Lapack.eigenvectors(axes, inner);
        double sum = 0;
        for (double v : values) {
            sum += Math.max(0, v);
        }
        int width = 0;
        while (width < Math.min(inner, present - 1)
                && values[inner - 1 - width] > TOLERANCE * TOLERANCE * values[inner - 1]) {
            width++;
        }
        if (width == 0) {
            throw new IllegalArgumentException(
                    "lda: the means of all " + present + " classes are the same; give features that differ by class");
        }
        double[] shares = new double[width];
        double[] directions = new double[width * columns];
        for (int d = 0; d < width; d++) {
            shares[d] = values[inner - 1 - d] / sum;
            for (int c = 0; c < inner; c++) {
                for (int j = 0; j < columns; j++) {
                    directions[d * columns + j] += axes[(inner - 1 - d) * inner + c] * whitening[c * columns + j];
                }
            }
        }
        Pca.makeLargestPositive(directions, columns);
        double[][] centers = new double[classes][width];
        double[] logPriors = new double[classes];
        for (int k = 0; k < classes; k++) {
            logPriors[k] = Math.log(counts[k] / n);
            for (int d = 0; d < width && counts[k] > 0; d++) {
                centers[k][d] = along(directions, d, means[k], mean);
            }
        }
        return new Lda(mean, directions, shares, centers, logPriors);
    }

    /** With the mean 1. */
    private static double[] weights(Examples data) {
        double factor = data.size() / Arrays.stream(data.weights()).sum();
        return Arrays.stream(data.weights()).map(w -> w * factor).toArray();
    }

    /** Returns the learner, which needs no seed. */
    public static Learner learner() {
        return (data, seed) -> fit(data);
    }

    /** Directions [inner, columns] along which the rows vary by 1 within the classes, and not together. */
    private static double[] whitening(Examples data, int[] labels, double[] weights, double[][] means, int degrees) {
        int n = data.size();
        int columns = data.columns();
        double[] deviations = new double[columns];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < columns; j++) {
                double d = data.x()[i][j] - means[labels[i]][j];
                deviations[j] += weights[i] * d * d;
            }
        }
        for (int j = 0; j < columns; j++) {
            deviations[j] = deviations[j] == 0 ? 1 : Math.sqrt(deviations[j] / n);
        }
        double[] axes = new double[columns * columns];
        for (int from = 0; from < n; from += FeatureRows.BLOCK) {
            int to = Math.min(n, from + FeatureRows.BLOCK);
            double[] block = new double[(to - from) * columns];
            for (int i = from; i < to; i++) {
                double root = Math.sqrt(weights[i]);
                for (int j = 0; j < columns; j++) {
                    block[(i - from) * columns + j] = root * (data.x()[i][j] - means[labels[i]][j]) / deviations[j];
                }
            }
            Lapack.addProduct(block, columns, block, columns, axes);
        }
        double[] values = Lapack.eigenvectors(axes, columns);
        int first = 0;
        while (first < columns && !(values[first] / degrees > TOLERANCE * TOLERANCE)) {
            first++;
        }
        if (first == columns) {
            throw new IllegalArgumentException(
                    "lda: no column varies within the classes; give features with some variation");
        }
        double[] whitening = new double[(columns - first) * columns];
        for (int c = first; c < columns; c++) {
            double scale = Math.sqrt(degrees / values[c]);
            for (int j = 0; j < columns; j++) {
                whitening[(c - first) * columns + j] = axes[c * columns + j] * scale / deviations[j];
            }
        }
        return whitening;
    }

    /** Row c of W times (x - m). */
    private static double along(double[] w, int c, double[] x, double[] mean) {
        double sum = 0;
        for (int j = 0; j < mean.length; j++) {
            sum += w[c * mean.length + j] * (x[j] - mean[j]);
        }
        return sum;
    }

    /** Returns how many directions there are. */
    public int width() {
        return shares.length;
    }

    /** {@inheritDoc} Here z = A (x - m). */
    @Override
    public float[][] transform(float[][] x) {
        return FeatureRows.transform("transform", x, mean, directions);
    }

    /** {@inheritDoc} Here it is m + A'(A A')^-1 z, the nearest to m of the rows that {@link #transform} maps to z. */
    @Override
    public float[][] inverse(float[][] z) {
        int columns = mean.length;
        int width = width();
        double[] turned = FeatureRows.transposed(directions, columns);
        double[] axes = new double[width * width];
        Lapack.addProduct(turned, width, turned, width, axes);
        double[] values = Lapack.eigenvectors(axes, width);
        double[] back = new double[width * columns]; // (A A')^-1 A
        for (int e = 0; e < width; e++) {
            double[] projected = new double[columns];
            for (int d = 0; d < width; d++) {
                for (int j = 0; j < columns; j++) {
                    projected[j] += axes[e * width + d] * directions[d * columns + j] / values[e];
                }
            }
            for (int d = 0; d < width; d++) {
                for (int j = 0; j < columns; j++) {
                    back[d * columns + j] += axes[e * width + d] * projected[j];
                }
            }
        }
        return FeatureRows.inverse(z, mean, back);
    }

    @Override
    public Prediction kind() {
        return Prediction.PROBABILITIES;
    }

    /** {@inheritDoc} The probability of a class without examples is 0. */
    @Override
    public float[][] predict(float[][] x) {
        float[][] z = transform(x);
        float[][] scores = new float[x.length][centers.length];
        double[] logs = new double[centers.length];
        for (int i = 0; i < x.length; i++) {
            for (int k = 0; k < centers.length; k++) {
                double far = 0;
                for (int d = 0; d < width(); d++) {
                    far += (z[i][d] - centers[k][d]) * (z[i][d] - centers[k][d]);
                }
                logs[k] = logPriors[k] - far / 2;
            }
            double most = Arrays.stream(logs).max().orElse(0);
            double all = Arrays.stream(logs).map(l -> Math.exp(l - most)).sum();
            for (int k = 0; k < logs.length; k++) {
                scores[i][k] = (float) (Math.exp(logs[k] - most) / all);
            }
        }
        return scores;
    }
}
