package dev.fathom.op;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The elementwise functions of one input. The rows are those of {@code native/src/unary.def}; a test compares the two
 * tables.
 */
public enum Unary {
    /** max(x, 0); the derivative at 0 is 0 (a textbook may take 1). */
    RELU(0, Reads.OUTPUT),
    /** 1 / (1 + exp(-x)). */
    SIGMOID(0, Reads.OUTPUT),
    /** Hyperbolic tangent. */
    TANH(0, Reads.OUTPUT),
    /** e to the x. */
    EXP(0, Reads.OUTPUT),
    /** Natural logarithm. */
    LOG(0, Reads.INPUT),
    /** x x. */
    SQUARE(0, Reads.INPUT),
    /** Square root. */
    SQRT(0, Reads.OUTPUT),
    /** -x. */
    NEG(0, Reads.NONE),
    /** x Phi(x), the exact form by the error function (Hendrycks and Gimpel 2016). */
    GELU(0, Reads.INPUT),
    /** x for x &gt; 0, else alpha (exp(x) - 1) (Clevert et al. 2015). */
    ELU(1, Reads.OUTPUT),
    /** x limited to [lo, hi]. */
    CLAMP(2, Reads.INPUT),
    /** |x|; the derivative at 0 is 0. */
    ABS(0, Reads.INPUT),
    /** 1 / sqrt(x). */
    RSQRT(0, Reads.OUTPUT),
    /** 1 / x. */
    RECIPROCAL(0, Reads.OUTPUT),
    /** log(1 + x), accurate near 0. */
    LOG1P(0, Reads.INPUT),
    /** exp(x) - 1, accurate near 0. */
    EXPM1(0, Reads.OUTPUT),
    /** log(1 + exp(beta x)) / beta (Dugas et al. 2000). */
    SOFTPLUS(1, Reads.OUTPUT),
    /** x / (1 + exp(-x)), also called swish (Hendrycks and Gimpel 2016; Ramachandran et al. 2017). */
    SILU(0, Reads.INPUT),
    /**
     * x / (1 + exp(-beta x)) (Ramachandran et al. 2017); with beta 1.702 it is the quick form of GELU (Hendrycks and
     * Gimpel 2016).
     */
    SWISH(1, Reads.INPUT),
    /**
     * x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, the approximation of GELU by the hyperbolic tangent (Hendrycks
     * and Gimpel 2016).
     */
    GELU_TANH(0, Reads.INPUT),
    /** x tanh(log(1 + exp(x))) (Misra 2019). */
    MISH(0, Reads.INPUT),
    /**
     * 1.0507 x for x &gt; 0, else 1.0507 times 1.67326 (exp(x) - 1), which keeps mean 0 and variance 1 (Klambauer et
     * al. 2017).
     */
    SELU(0, Reads.OUTPUT),
    /** x for x &gt; 0, else alpha (exp(x / alpha) - 1), whose slope is continuous (Barron 2017). */
    CELU(1, Reads.OUTPUT),
    /** min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
    HARD_SIGMOID(0, Reads.INPUT),
    /** x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
    HARD_SWISH(0, Reads.INPUT),
    /** x / (1 + |x|) (Bergstra et al. 2009). */
    SOFTSIGN(0, Reads.INPUT),
    /** 1 for x &gt; 0, else 0, as the perceptron has it; no gradient. */
    STEP(0, Reads.FLAT),
    /** 1 for x &gt; 0, else 0, whose gradient passes unchanged where |x| is at most limit (Bengio et al. 2013). */
    STRAIGHT_THROUGH(1, Reads.INPUT),
    /** x for x &gt; 0, else slope x (Maas et al. 2013). */
    LEAKY_RELU(1, Reads.OUTPUT),
    /** Sine of radians. */
    SIN(0, Reads.INPUT),
    /** Cosine of radians. */
    COS(0, Reads.INPUT),
    /** The error function. */
    ERF(0, Reads.INPUT),
    /** 1, 0 or -1; no gradient. */
    SIGN(0, Reads.FLAT),
    /** The largest integer not above x; no gradient. */
    FLOOR(0, Reads.FLAT),
    /** The nearest integer, the even one of two; no gradient. */
    ROUND(0, Reads.FLAT),
    /** x + c. */
    ADD_SCALAR(1, Reads.NONE),
    /** c x. */
    MUL_SCALAR(1, Reads.NONE),
    /** x / c. */
    DIV_SCALAR(1, Reads.NONE),
    /** c - x. */
    RSUB_SCALAR(1, Reads.NONE),
    /** x^2 / 2 for |x| up to delta, else delta (|x| - delta / 2) (Huber 1964). */
    HUBER(1, Reads.INPUT),
    /** log((exp(x) + exp(-x)) / 2), accurate near 0 and without overflow. */
    LOG_COSH(0, Reads.INPUT),
    /** The smallest integer not below x; no gradient. */
    CEIL(0, Reads.FLAT),
    /** Tangent of radians. */
    TAN(0, Reads.OUTPUT),
    /** The angle in [-pi / 2, pi / 2] whose sine is x. */
    ASIN(0, Reads.INPUT),
    /** The angle in [0, pi] whose cosine is x. */
    ACOS(0, Reads.INPUT),
    /** The angle in [-pi / 2, pi / 2] whose tangent is x. */
    ATAN(0, Reads.INPUT),
    /** Hyperbolic sine. */
    SINH(0, Reads.INPUT),
    /** Hyperbolic cosine. */
    COSH(0, Reads.INPUT),
    /** The inverse of the hyperbolic sine. */
    ASINH(0, Reads.INPUT),
    /** The number from 0 on whose hyperbolic cosine is x. */
    ACOSH(0, Reads.INPUT),
    /** The inverse of the hyperbolic tangent. */
    ATANH(0, Reads.INPUT);

    private final int parameters;
    private final int reads;
    private @Nullable Activation plain;

    Unary(int parameters, int reads) {
        this.parameters = parameters;
        this.reads = reads;
    }

    private static boolean positive(float x) {
        return x > 0 && x < Float.POSITIVE_INFINITY;
    }

    /** Returns how many float parameters the row takes: 0, 1 or 2. */
    public int parameters() {
        return parameters;
    }

    /**
     * Returns this row, which has no parameters, as an op or as the activation of a fused layer.
     *
     * @throws IllegalStateException if the row has parameters; use {@code new Activation(row, p0, p1)} to give them
     */
    public Activation op() {
        if (parameters > 0) {
            throw new IllegalStateException(
                    rowName() + " has " + parameters + (parameters == 1 ? " parameter" : " parameters")
                            + "; give them with new Activation(row, p0, p1)");
        }
        Activation a = plain;
        if (a == null) {
            a = new Activation(this, 0, 0);
            plain = a;
        }
        return a;
    }

    /** What is wrong with these parameters, or null. */
    @Nullable
    public String fault(float p0, float p1) {
        return switch (this) {
            case ELU -> p0 >= 0 ? null : "alpha=" + p0 + "; alpha must be a number and not negative";
            case CLAMP -> p0 <= p1 ? null : "lo=" + p0 + " and hi=" + p1 + "; lo must not be above hi";
            case SOFTPLUS, SWISH -> positive(p0) ? null : "beta=" + p0 + "; beta must be above 0 and finite";
            case CELU -> positive(p0) ? null : "alpha=" + p0 + "; alpha must be above 0 and finite";
            case STRAIGHT_THROUGH -> p0 > 0 ? null : "limit=" + p0 + "; limit must be above 0, or infinite";
            case LEAKY_RELU -> p0 >= 0 ? null : "slope=" + p0 + "; slope must be a number and not negative";
            case HUBER -> p0 > 0 ? null : "delta=" + p0 + "; delta must be above 0";
            default -> null;
        };
    }

    /** Whether backward reads x. */
    public boolean readsInput() {
        return (reads & Reads.INPUT) != 0;
    }

    /** Whether backward reads the result. */
    public boolean readsOutput() {
        return (reads & Reads.OUTPUT) != 0;
    }

    /** Whether a gradient flows. */
    public boolean differentiable() {
        return reads != Reads.FLAT;
    }

    /** The name in the native table, and in messages. */
    public String rowName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** This row as the native table writes it: {@code name:parameters:reads}. */
    public String row() {
        return rowName() + ":" + parameters + ":" + Reads.text(reads, "INPUT");
    }
}
