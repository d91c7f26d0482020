package dev.fathom.features;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * y = the products of up to {@code degree} features of x [.., in]: for in = 2 and degree 2 they are x1, x2, x1^2, x1
 * x2, x2^2. A linear layer behind it is polynomial regression. The order is that of scikit-learn's PolynomialFeatures:
 * by degree, and within a degree by the features. There is no column of ones, because a linear layer has a bias.
 *
 * <p>Each degree is made from the one below by one more factor. Features should be standardized, since large ones
 * overflow at high degrees.
 *
 * @param degree the largest number of factors
 * @param terms which products are there
 */
public record Polynomial(int degree, Terms terms) implements StepwiseLayer {
    /** Which products of features there are. */
    public enum Terms {
        /** All of them, such as x1^2 x2. */
        ALL,
        /** Those of different features, such as x1 x2; scikit-learn calls this {@code interaction_only}. */
        INTERACTIONS,
        /** The powers of each feature, such as x1^2. */
        POWERS
    }

    /** The most columns. */
    private static final int MOST = 1 << 24;

    /**
     * Checks the degree.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Polynomial {
        Checks.atLeast("Polynomial", "degree", degree, 1);
    }

    /**
     * Makes a layer with all products of up to {@code degree} features.
     *
     * @throws IllegalArgumentException if the degree is below 1
     */
    public Polynomial(int degree) {
        this(degree, Terms.ALL);
    }

    /**
     * Returns how many columns the layer makes of {@code in} features.
     *
     * @throws IllegalArgumentException if {@code in} is below 1, or there are more than 2^24
     */
    public int columns(int in) {
        Checks.atLeast("Polynomial", "in", in, 1);
        long[] ending = new long[in]; // number of products of d factors, by their last one
        Arrays.fill(ending, 1);
        long sum = in;
        for (int d = 2; d <= degree && sum <= MOST; d++) {
            long[] next = new long[in];
            for (int last = 0; last < in; last++) {
                for (int j = from(last); j < to(last, in); j++) {
                    next[j] += ending[last];
                }
            }
            ending = next;
            sum += Arrays.stream(ending).sum();
        }
        if (sum > MOST) {
            throw new IllegalArgumentException(
                    "Polynomial" + Where.running() + ": in=" + in + " features have more than " + MOST
                            + " products of up to degree=" + degree + " factors; give a smaller degree");
        }
        return (int) sum;
    }

    /** The first feature that may follow feature {@code last} in a product. */
    private int from(int last) {
        return terms == Terms.INTERACTIONS ? last + 1 : last;
    }

    /** One more than the last feature that may follow feature {@code last}. */
    private int to(int last, int in) {
        return terms == Terms.POWERS ? last + 1 : in;
    }

    /** @throws IllegalArgumentException if x has no feature, or there are more than 2^24 products */
    @Override
    public Tensor forward(Tensor x) {
        if (x.shape().rank() == 0 || x.dim(-1) == 0) {
            throw new IllegalArgumentException("Polynomial" + Where.running() + ": x " + x.shape()
                    + " must be [.., in] with at least one feature");
        }
        int in = x.dim(-1);
        int[] products = new int[columns(in)]; // of each product without its last factor, the column
        int[] factors = new int[products.length]; // the last factor
        for (int i = 0; i < in; i++) {
            factors[i] = i;
        }
        Tensor[] blocks = new Tensor[degree];
        blocks[0] = x;
        int made = 1;
        int start = 0;
        int end = in;
        for (; made < degree && start < end; made++) {
            int n = end;
            for (int p = start; p < end; p++) {
                for (int j = from(factors[p]); j < to(factors[p], in); j++) {
                    products[n] = p - start;
                    factors[n++] = j;
                }
            }
            blocks[made] = taken(blocks[made - 1], products, end, n).mul(taken(x, factors, end, n));
            start = end;
            end = n;
        }
        return Tensor.concat(-1, Arrays.copyOf(blocks, made));
    }

    private static Tensor taken(Tensor x, int[] columns, int from, int to) {
        return x.take(-1, Tensor.ofInts(Arrays.copyOfRange(columns, from, to), to - from));
    }
}
