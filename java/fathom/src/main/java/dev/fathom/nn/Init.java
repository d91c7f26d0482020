package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.util.Arrays;

/**
 * Initializers: how parameters begin. The fan-in of a weight [out, .., in] is {@code in} times the dimensions between
 * (a filter's taps), and its fan-out is {@code out} times them.
 */
public final class Init {
    /** How many vectors are made orthonormal one by one; those of more are freed of the blocks before by products. */
    private static final int ORTHONORMAL_BLOCK = 128;

    private Init() {}

    /** Sets every element to {@code value}. */
    public static Initializer constant(float value) {
        return (shape, rng) -> {
            float[] v = new float[Math.toIntExact(shape.size())];
            Arrays.fill(v, value);
            return v;
        };
    }

    /** Sets every element to 0. */
    public static Initializer zeros() {
        return constant(0);
    }

    /**
     * Draws uniformly from [lo, hi).
     *
     * @throws IllegalArgumentException if lo &gt; hi or one is NaN
     */
    public static Initializer uniform(float lo, float hi) {
        if (!(lo <= hi)) {
            throw new IllegalArgumentException("Init.uniform: lo=" + lo + " must not be above hi=" + hi);
        }
        return (shape, rng) -> rng.uniform(Math.toIntExact(shape.size()), lo, hi);
    }

    /**
     * Draws from the normal distribution with this mean and standard deviation.
     *
     * @throws IllegalArgumentException if std is negative or NaN
     */
    public static Initializer normal(float mean, float std) {
        Checks.atLeast("Init.normal", "std", std, 0);
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), mean, std);
    }

    /** Draws uniformly with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010), which suits tanh and sigmoid. */
    public static Initializer xavierUniform() {
        return (shape, rng) -> {
            float a = (float) Math.sqrt(3 * xavierVariance(shape));
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /**
     * Draws from a normal distribution with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010), which suits tanh
     * and sigmoid.
     */
    public static Initializer xavierNormal() {
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), 0, (float) Math.sqrt(xavierVariance(shape)));
    }

    /** Draws uniformly with variance 2 / fan-in (He et al. 2015), which suits ReLU. */
    public static Initializer heUniform() {
        return (shape, rng) -> {
            float a = (float) Math.sqrt(3 * heVariance(shape));
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /** Draws from a normal distribution with variance 2 / fan-in (He et al. 2015), which suits ReLU. */
    public static Initializer heNormal() {
        return normalFanIn(2);
    }

    /**
     * Draws from a normal distribution with variance 2 / fan-out (He et al. 2015), which keeps the variance of
     * gradients. Residual networks begin so.
     */
    public static Initializer heNormalFanOut() {
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), 0, (float) Math.sqrt(2.0 / fanOut(shape)));
    }

    /** Draws uniformly with variance 2 / fan-out (He et al. 2015), which keeps the variance of gradients. */
    public static Initializer heUniformFanOut() {
        return (shape, rng) -> {
            float a = (float) Math.sqrt(3 * 2.0 / fanOut(shape));
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /** Draws a random orthogonal matrix: {@link #orthogonal(float)} with gain 1. */
    public static Initializer orthogonal() {
        return orthogonal(1);
    }

    /**
     * Draws a random orthogonal matrix and multiplies it by {@code gain} (Saxe et al. 2014). The rows of W [out,
     * fan-in] are orthogonal to each other and have norm {@code gain}. If out &gt; fan-in, this holds for the columns
     * instead, and |W x| = gain |x|. Every such matrix is equally likely: it is the Q of a QR decomposition of Gaussian
     * numbers where the diagonal of R is positive (Mezzadri 2007). A weight of rank above 2 is the matrix of its
     * filters.
     *
     * @throws IllegalArgumentException if gain is not finite
     */
    public static Initializer orthogonal(float gain) {
        checkGain("orthogonal", gain);
        return (shape, rng) -> {
            int columns = Math.toIntExact(fanIn(shape));
            int rows = Math.toIntExact(shape.size() / columns);
            boolean wide = rows <= columns;
            double[][] q = orthonormal(Math.min(rows, columns), Math.max(rows, columns), rng);
            float[] w = new float[rows * columns];
            for (int i = 0; i < w.length; i++) {
                int row = i / columns;
                int column = i % columns;
                w[i] = (float) (gain * (wide ? q[row][column] : q[column][row]));
            }
            return w;
        };
    }

    /**
     * Sets the weights of a convolution [out, taps.., in] in one group, with in &lt;= out, to 0 except for the tap in
     * the center, which is {@code gain} times a random matrix [out, in] with orthonormal columns (Xiao et al. 2018).
     * Under circular padding and stride 1 the convolution then keeps the norm of every image up to the gain: all
     * singular values of its matrix are the gain. Where a kernel's side is even, the center is the tap before the
     * middle.
     *
     * @throws IllegalArgumentException if gain is not finite, or at the start if in is above out
     */
    public static Initializer deltaOrthogonal(float gain) {
        checkGain("deltaOrthogonal", gain);
        return (shape, rng) -> {
            int out = Math.toIntExact(shape.size() / fanIn(shape));
            int in = shape.dim(shape.rank() - 1);
            if (in > out) {
                throw new IllegalArgumentException("Init.deltaOrthogonal: weight " + shape + " has " + in
                        + " channels in but only " + out + " out, so that norms cannot be kept; give out >= in");
            }
            int center = 0;
            for (int i = 1; i < shape.rank() - 1; i++) {
                center = center * shape.dim(i) + (shape.dim(i) - 1) / 2;
            }
            int taps = Math.toIntExact(fanIn(shape) / in);
            double[][] q = orthonormal(in, out, rng);
            float[] w = new float[Math.toIntExact(shape.size())];
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    w[(o * taps + center) * in + i] = (float) (gain * q[i][o]);
                }
            }
            return w;
        };
    }

    /**
     * {@code n} orthonormal vectors of m &gt;= n numbers: Gaussian ones, by blocks. A block is freed of its part along
     * the blocks before it by products in floats, and then each vector of its part along those before it in the block,
     * in doubles. Both are done twice for rounding's sake (Giraud, Langou and Rozloznik 2005). The first block needs no
     * products, so that small matrices are exact to a double.
     */
    private static double[][] orthonormal(int n, int m, Rng rng) {
        double[][] q = new double[n][m];
        float[] rows = rng.normal(Math.multiplyExact(n, m), 0, 1);
        for (int from = 0; from < n; from += ORTHONORMAL_BLOCK) {
            int to = Math.min(n, from + ORTHONORMAL_BLOCK);
            int rounds = from == 0 ? 1 : 2;
            for (int round = 0; round < rounds; round++) {
                if (from > 0) {
                    free(rows, from, to, m);
                }
                for (int i = from; i < to; i++) {
                    orthonormalize(q, from, i, rows, 2 / rounds);
                }
            }
        }
        return q;
    }

    /** Frees the rows [from, to) of their part along those before, which are orthonormal. */
    private static void free(float[] rows, int from, int to, int m) {
        try (Pass pass = Pass.infer()) {
            Tensor before = Tensor.of(Arrays.copyOf(rows, from * m), from, m);
            Tensor block = Tensor.of(Arrays.copyOfRange(rows, from * m, to * m), to - from, m);
            float[] free =
                    block.sub(block.matmulTransposed(before).matmul(before)).toArray();
            System.arraycopy(free, 0, rows, from * m, free.length);
        }
    }

    /**
     * Makes a unit vector of row i, freed of its part along the vectors [from, i), this many times, and puts it into q
     * and, rounded, back into the rows.
     */
    private static void orthonormalize(double[][] q, int from, int i, float[] rows, int times) {
        double[] v = q[i];
        int m = v.length;
        for (int k = 0; k < m; k++) {
            v[k] = rows[i * m + k];
        }
        int before = i - from;
        for (int j = 0; j < times * before; j++) {
            double[] u = q[from + j % before];
            double along = Vectors.dot(u, v);
            for (int k = 0; k < m; k++) {
                v[k] -= along * u[k];
            }
        }
        double norm = Math.sqrt(Vectors.dot(v, v));
        for (int k = 0; k < m; k++) {
            v[k] /= norm;
            rows[i * m + k] = (float) v[k];
        }
    }

    private static void checkGain(String what, float gain) {
        if (!Float.isFinite(gain)) {
            throw new IllegalArgumentException("Init." + what + ": gain=" + gain + " must be finite");
        }
    }

    /** Draws from a normal distribution with the variance {@code variance} / fan-in. */
    public static Initializer normalFanIn(double variance) {
        return (shape, rng) -> rng.normal(Math.toIntExact(shape.size()), 0, (float) Math.sqrt(variance / fanIn(shape)));
    }

    /** Draws uniformly from +-1/sqrt(fan-in), as PyTorch does for the weights of linear layers and convolutions. */
    public static Initializer torch() {
        return (shape, rng) -> {
            float a = torchBound(shape);
            return rng.uniform(Math.toIntExact(shape.size()), -a, a);
        };
    }

    /** Draws uniformly from +-1/sqrt(fan-in) of a weight of this shape, as PyTorch does for the bias beside it. */
    static Initializer torchBias(Shape weight) {
        return uniform(-torchBound(weight), torchBound(weight));
    }

    private static float torchBound(Shape weight) {
        return (float) (1 / Math.sqrt((double) fanIn(weight)));
    }

    /** Returns 2 / (fan-in + fan-out), the variance of Xavier's initialization. */
    public static double xavierVariance(Shape weight) {
        return 2.0 / (fanIn(weight) + fanOut(weight));
    }

    /** Returns 2 / fan-in, the variance of He's initialization. */
    public static double heVariance(Shape weight) {
        return 2.0 / fanIn(weight);
    }

    private static long fanIn(Shape s) {
        if (s.rank() < 2) {
            throw new IllegalArgumentException(
                    "Init: shape " + s + " has no fan-in; a weight has at least the two dimensions [out, in]");
        }
        return s.size(1, s.rank());
    }

    private static long fanOut(Shape s) {
        fanIn(s);
        return s.size(0, s.rank() - 1);
    }
}
