package dev.fathom.tensor;

/** The elementwise functions of one input, row for row as {@code native/src/unary.def}. A test compares the two tables. */
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
    CLAMP(2, Reads.INPUT);

    private final int parameters;
    private final int reads;
    private @org.jspecify.annotations.Nullable Activation plain;

    Unary(int parameters, int reads) {
        this.parameters = parameters;
        this.reads = reads;
    }

    /** How many float parameters a row takes: 0, 1 or 2. */
    public int parameters() {
        return parameters;
    }

    /** The row without parameters, as an op or as the activation of a fused layer. */
    public Activation op() {
        Activation a = plain;
        if (a == null) {
            a = new Activation(this, 0, 0);
            plain = a;
        }
        return a;
    }

    boolean readsInput() {
        return (reads & Reads.INPUT) != 0;
    }

    boolean readsOutput() {
        return (reads & Reads.OUTPUT) != 0;
    }

    /** The name in the native table, and in messages. */
    public String rowName() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** This row as the native table writes it: {@code name:parameters:reads}. */
    public String row() {
        return rowName() + ":" + parameters + ":" + (readsInput() ? "INPUT" : readsOutput() ? "OUTPUT" : "NONE");
    }
}
