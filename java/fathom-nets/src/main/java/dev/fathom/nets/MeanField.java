package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.op.Checks;
import dev.fathom.parameter.Initializer;
import java.util.function.DoubleUnaryOperator;

/**
 * The theory of how signals change from layer to layer in a wide tanh network, when each weight begins with variance
 * sigma_w^2 / fan-in and each bias with variance sigma_b^2 (Poole et al. 2016; Schoenholz et al. 2017; for convolutions
 * Xiao et al. 2018). With z standard normal,
 *
 * <pre>
 * q' = sigma_w^2 E[tanh(sqrt(q) z)^2] + sigma_b^2     the variance of what goes into the next layer's tanh
 * chi(q) = sigma_w^2 E[tanh'(sqrt(q) z)^2]     by how much a layer stretches small differences, and gradients, squared
 * </pre>
 *
 * <p>Where chi is below 1 at the fixed point, differences and gradients die with depth; above 1 they explode; on the
 * critical line between, they pass a network of any depth:
 *
 * <pre>{@code
 * MeanField field = MeanField.critical(1.0 / depth);
 * var conv = new Conv(32, 32, 3).same().withWeight(Init.deltaOrthogonal(field.gain())).withBias(field.bias());
 * }</pre>
 *
 * @param weightVariance sigma_w^2
 * @param biasVariance sigma_b^2
 */
public record MeanField(double weightVariance, double biasVariance) {
    // the trapezoidal rule is exact to rounding for smooth functions under the normal density
    private static final double STEP = 0.05;
    private static final int REACH = 240;

    /** @throws IllegalArgumentException if a variance is negative, or their sum is not finite */
    public MeanField {
        Checks.notNegative("MeanField", "weightVariance", weightVariance);
        Checks.notNegative("MeanField", "biasVariance", biasVariance);
        if (Double.isInfinite(weightVariance + biasVariance)) {
            throw new IllegalArgumentException("MeanField: weightVariance=" + weightVariance + " and biasVariance="
                    + biasVariance + " have an infinite sum, which bounds the fixed point; give smaller variances");
        }
    }

    /**
     * Returns the point of the critical line, chi = 1, whose fixed point is {@code q}: sigma_w^2 = 1 / E[tanh'^2],
     * sigma_b^2 = q - sigma_w^2 E[tanh^2]. The smaller q is, the closer the network is to a linear one, and the deeper
     * it may be; q = 1 / depth is usual.
     *
     * @throws IllegalArgumentException if q is not above 0 and at most 100
     */
    public static MeanField critical(double q) {
        Checks.in("MeanField.critical", "q", q, "(0, 100]");
        double slope = mean(q, MeanField::slopeSquared);
        return new MeanField(1 / slope, Math.max(0, mean(q, x -> q * slopeSquared(x) - square(Math.tanh(x))) / slope));
    }

    /** Returns q', the variance in the layer after one of variance q. */
    public double next(double q) {
        return weightVariance * mean(q, x -> square(Math.tanh(x))) + biasVariance;
    }

    /** Returns the variance q* = next(q*) to which deep layers converge; where there is one above 0, it is that one. */
    public double fixedPoint() {
        double low = 0;
        double high = weightVariance + biasVariance; // tanh^2 < 1
        for (double q = high / 2; q > low && q < high; q = low + (high - low) / 2) {
            if (next(q) > q) {
                low = q;
            } else {
                high = q;
            }
        }
        return high < Double.MIN_NORMAL ? 0 : high;
    }

    /** Returns chi at variance q: above 1 small differences grow from layer to layer, below 1 they shrink. */
    public double chi(double q) {
        return weightVariance * mean(q, MeanField::slopeSquared);
    }

    /** Returns sigma_w, the gain for orthogonal weights. */
    public float gain() {
        return (float) Math.sqrt(weightVariance);
    }

    /** Returns the initializer of Gaussian weights, N(0, sigma_w^2 / fan-in). */
    public Initializer gaussian() {
        return Init.normalFanIn(weightVariance);
    }

    /** Returns the initializer of biases, N(0, sigma_b^2). */
    public Initializer bias() {
        return Init.normal(0, (float) Math.sqrt(biasVariance));
    }

    /** E[f(sqrt(q) z)]. */
    private static double mean(double q, DoubleUnaryOperator f) {
        double root = Math.sqrt(q);
        double sum = 0;
        for (int i = -REACH; i <= REACH; i++) {
            double z = STEP * i;
            sum += Math.exp(-z * z / 2) * f.applyAsDouble(root * z);
        }
        return sum * STEP / Math.sqrt(2 * Math.PI);
    }

    private static double slopeSquared(double x) {
        return square(1 - square(Math.tanh(x)));
    }

    private static double square(double x) {
        return x * x;
    }
}
