package dev.fathom.features;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;

/**
 * y = the values of K basis functions at each feature of x [.., in], as [.., in K], feature by feature. The functions
 * span the natural cubic splines with K knots: cubic polynomials between neighboring knots, with continuous first and
 * second derivatives at the knots, and straight lines beyond the first and the last one (Hastie et al., The Elements of
 * Statistical Learning, 5.2.1). A linear layer behind it fits such a curve to each feature:
 *
 * <pre>{@code
 * new Sequential(new NaturalSpline(-5, -2, 0, 2, 5), new Linear(5, 1))
 * }</pre>
 *
 * <p>The constant function is in the span, so that the linear layer needs no bias. A spline with the values v and the
 * second derivatives m at the knots is, on an interval of length h and at a share t of it, v0 + t (v1 - v0) + h^2 / 6
 * (((1 - t)^3 - (1 - t)) m0 + (t^3 - t) m1). The layer computes every basis in this form, which loses no digits in
 * float32.
 *
 * @param basis which functions span the splines
 * @param knots at least two, in ascending order; the first and the last are the boundary knots of R
 */
public record NaturalSpline(Basis basis, double... knots) implements StepwiseLayer {
    /**
     * Functions that span the same splines. Fits by least squares agree; penalties on their weights, and solutions of
     * least norm, do not.
     */
    public enum Basis {
        /**
         * Orthonormal combinations of the K + 2 cubic B-splines for which the second derivative is 0 at the boundary.
         * They are those of R's {@code ns} with {@code intercept = TRUE}, apart from signs.
         */
        B_SPLINES,
        /**
         * 1, x, and d[k] - d[K - 1] for k = 1 to K - 2, where d[k] = (max(x - knot k, 0)^3 - max(x - knot K, 0)^3) /
         * (knot K - knot k): the basis of The Elements of Statistical Learning, 5.4 and 5.5. Its values grow with the
         * square of the range of the knots.
         */
        TRUNCATED_POWERS,
        /**
         * For each knot the spline that is 1 there and 0 at all others, so that the weights of a linear layer are the
         * values of its curve at the knots.
         */
        CARDINAL
    }

    /**
     * Checks the knots, and keeps its own copy of them.
     *
     * @throws IllegalArgumentException if there are fewer than two, one is not finite, or they do not ascend
     */
    public NaturalSpline {
        if (knots.length < 2) {
            throw new IllegalArgumentException(
                    "NaturalSpline: knots=" + Arrays.toString(knots) + " must be at least two");
        }
        for (int k = 0; k < knots.length; k++) {
            if (!Double.isFinite(knots[k]) || k > 0 && knots[k] <= knots[k - 1]) {
                throw new IllegalArgumentException("NaturalSpline: knot " + k + " is " + knots[k]
                        + (k > 0 ? " after " + knots[k - 1] : "") + "; knots must be finite and ascend");
            }
        }
        knots = knots.clone();
    }

    /**
     * Makes a layer with the basis of R's {@code ns}, {@link Basis#B_SPLINES}.
     *
     * @throws IllegalArgumentException if there are fewer than two knots, one is not finite, or they do not ascend
     */
    public NaturalSpline(double... knots) {
        this(Basis.B_SPLINES, knots);
    }

    /** @throws IllegalArgumentException if x is a scalar or has six dimensions */
    @Override
    public Tensor forward(Tensor x) {
        int rank = x.shape().rank();
        if (rank == 0) {
            throw new IllegalArgumentException(
                    "NaturalSpline" + Where.running() + ": x is a scalar; give [.., in] with the features last");
        }
        Checks.oneMoreDimension("NaturalSpline", x.shape());
        int n = knots.length - 1;
        float[] from = new float[n];
        float[] length = new float[n];
        for (int i = 0; i < n; i++) {
            from[i] = (float) knots[i];
            length[i] = (float) (knots[i + 1] - knots[i]);
        }
        Tensor each = x.unsqueeze(-1);
        Tensor t = each.sub(Tensor.of(from, n)).div(Tensor.of(length, n)).clamp(0, 1);
        Tensor rest = t.rsub(1);
        Tensor left = each.sub((float) knots[0]).clamp(Float.NEGATIVE_INFINITY, 0);
        Tensor right = each.sub((float) knots[n]).relu();
        Tensor pieces = Tensor.concat(
                -1, t, rest.square().sub(1).mul(rest), t.square().sub(1).mul(t), left, right);
        double[][] table = table();
        float[] weights = new float[table.length * (table[0].length - 1)];
        float[] first = new float[table.length];
        int w = 0;
        for (int j = 0; j < table.length; j++) {
            for (int i = 0; i < table[j].length - 1; i++) {
                weights[w++] = (float) table[j][i];
            }
            first[j] = (float) table[j][table[j].length - 1];
        }
        Tensor y = pieces.linear(Tensor.of(weights, n + 1, 3 * n + 2), Tensor.of(first, n + 1));
        return y.reshape(x.shape().with(rank - 1, x.dim(-1) * (n + 1)));
    }

    /**
     * Returns the values of the K basis functions at each x in double precision, [x.length][K]: the design matrix of a
     * fit by least squares.
     */
    public double[][] design(double... x) {
        int n = knots.length - 1;
        double[][] values = values();
        double[][] curvatures =
                Arrays.stream(values).map(this::secondDerivatives).toArray(double[][]::new);
        double[][] rows = new double[x.length][n + 1];
        for (int row = 0; row < x.length; row++) {
            int place = Arrays.binarySearch(knots, x[row]);
            int i = Math.max(0, Math.min(n - 1, place < 0 ? -place - 2 : place));
            double h = knots[i + 1] - knots[i];
            double t = Math.max(0, Math.min(1, (x[row] - knots[i]) / h));
            double left = h * h / 6 * (1 - t) * ((1 - t) * (1 - t) - 1);
            double right = h * h / 6 * t * (t * t - 1);
            double beyond = x[row] - Math.max(knots[0], Math.min(knots[n], x[row]));
            for (int j = 0; j <= n; j++) {
                double[] v = values[j];
                double[] m = curvatures[j];
                double slope = (v[i + 1] - v[i]) / h + h / 6 * (m[i] - m[i + 1]); // at the boundary, where one m is 0
                rows[row][j] = (1 - t) * v[i] + t * v[i + 1] + left * m[i] + right * m[i + 1] + beyond * slope;
            }
        }
        return rows;
    }

    /**
     * For each basis function, what the pieces are multiplied by: the share t of each interval, (1 - t)^3 - (1 - t) and
     * t^3 - t of each, the distances beyond the first and the last knot, and 1.
     */
    private double[][] table() {
        int n = knots.length - 1;
        double[][] values = values();
        double[][] table = new double[n + 1][3 * n + 3];
        for (int j = 0; j <= n; j++) {
            double[] v = values[j];
            double[] m = secondDerivatives(v);
            for (int i = 0; i < n; i++) {
                double h = knots[i + 1] - knots[i];
                table[j][i] = v[i + 1] - v[i];
                table[j][n + i] = h * h / 6 * m[i];
                table[j][2 * n + i] = h * h / 6 * m[i + 1];
            }
            double first = knots[1] - knots[0];
            double last = knots[n] - knots[n - 1];
            table[j][3 * n] = (v[1] - v[0]) / first - first / 6 * m[1];
            table[j][3 * n + 1] = (v[n] - v[n - 1]) / last + last / 6 * m[n - 1];
            table[j][3 * n + 2] = v[0];
        }
        return table;
    }

    /**
     * The second derivatives at the knots of the natural spline with these values there: a tridiagonal system, 0 at
     * both ends.
     */
    private double[] secondDerivatives(double[] v) {
        int n = knots.length - 1;
        double[] m = new double[n + 1];
        double[] upper = new double[n + 1];
        for (int i = 1; i < n; i++) {
            double before = knots[i] - knots[i - 1];
            double after = knots[i + 1] - knots[i];
            double pivot = 2 * (before + after) - before * upper[i - 1];
            upper[i] = after / pivot;
            m[i] = (6 * ((v[i + 1] - v[i]) / after - (v[i] - v[i - 1]) / before) - before * m[i - 1]) / pivot;
        }
        for (int i = n - 1; i > 0; i--) {
            m[i] -= upper[i] * m[i + 1];
        }
        return m;
    }

    /** The values of each basis function at the knots. */
    private double[][] values() {
        return switch (basis) {
            case B_SPLINES -> {
                double[][] weights = orthonormalComplement();
                double[][] b = Arrays.stream(knots).mapToObj(this::bSplines).toArray(double[][]::new);
                yield matrix((j, k) -> {
                    double sum = 0; // only the B-splines around a knot are not 0 there
                    for (int i = Math.max(0, k - 1); i < Math.min(b[k].length, k + 4); i++) {
                        sum += weights[j][i] * b[k][i];
                    }
                    return sum;
                });
            }
            case TRUNCATED_POWERS ->
                matrix((j, k) -> j == 0 ? 1 : j == 1 ? knots[k] : cubes(j - 2, k) - cubes(knots.length - 2, k));
            case CARDINAL -> matrix((j, k) -> j == k ? 1 : 0);
        };
    }

    private interface Entry {
        double at(int function, int knot);
    }

    private double[][] matrix(Entry entry) {
        double[][] m = new double[knots.length][knots.length];
        for (int j = 0; j < m.length; j++) {
            for (int k = 0; k < m.length; k++) {
                m[j][k] = entry.at(j, k);
            }
        }
        return m;
    }

    /** The textbook's d[j] at knot k. */
    private double cubes(int j, int k) {
        return Math.pow(Math.max(0, knots[k] - knots[j]), 3) / (knots[knots.length - 1] - knots[j]);
    }

    /** The K + 2 cubic B-splines at a knot (de Boor 1978), where the boundary knots count four times. */
    private double[] bSplines(double x) {
        int n = knots.length - 1;
        double[] t = new double[n + 7];
        for (int i = 0; i < t.length; i++) {
            t[i] = knots[Math.max(0, Math.min(n, i - 3))];
        }
        double[] b = new double[n + 6];
        int interval = 3;
        while (interval < n + 2 && x >= t[interval + 1]) {
            interval++;
        }
        b[interval] = 1;
        for (int degree = 1; degree <= 3; degree++) {
            for (int i = 0; i + degree + 1 < t.length; i++) {
                double rise = t[i + degree] > t[i] ? (x - t[i]) / (t[i + degree] - t[i]) * b[i] : 0;
                double next = i + 1 < b.length ? b[i + 1] : 0;
                double fall = t[i + degree + 1] > t[i + 1]
                        ? (t[i + degree + 1] - x) / (t[i + degree + 1] - t[i + 1]) * next
                        : 0;
                b[i] = rise + fall;
            }
        }
        return Arrays.copyOf(b, n + 3);
    }

    /**
     * K orthonormal vectors of weights of the B-splines for which the second derivatives at both ends are 0: what
     * remains of the Householder reflections of the two conditions, as in R.
     */
    private double[][] orthonormalComplement() {
        int n = knots.length - 1;
        int size = n + 3;
        double[] low = new double[size];
        double[] high = new double[size];
        double first = knots[1] - knots[0];
        double second = knots[Math.min(2, n)] - knots[0];
        double last = knots[n] - knots[n - 1];
        double beforeLast = knots[n] - knots[Math.max(0, n - 2)];
        low[0] = 1 / first;
        low[1] = -(1 / first + 1 / second);
        low[2] = 1 / second;
        high[size - 1] = 1 / last;
        high[size - 2] = -(1 / last + 1 / beforeLast);
        high[size - 3] = 1 / beforeLast;
        double[] a = reflector(low, 0);
        reflect(a, high);
        double[] b = reflector(high, 1);
        double[][] complement = new double[n + 1][size];
        for (int j = 0; j <= n; j++) {
            complement[j][j + 2] = 1;
            reflect(b, complement[j]);
            reflect(a, complement[j]);
        }
        return complement;
    }

    /** The unit vector whose reflection makes elements {@code from} + 1 and on of x 0. */
    private static double[] reflector(double[] x, int from) {
        double[] v = x.clone();
        Arrays.fill(v, 0, from, 0);
        v[from] += Math.copySign(Math.sqrt(Vectors.dot(v, v)), v[from]);
        double norm = Math.sqrt(Vectors.dot(v, v));
        return Arrays.stream(v).map(e -> e / norm).toArray();
    }

    private static void reflect(double[] v, double[] x) {
        double along = 2 * Vectors.dot(v, x);
        for (int i = 0; i < x.length; i++) {
            x[i] -= along * v[i];
        }
    }
}
