package dev.fathom.op;

import dev.fathom.kernel.Kernel;

/**
 * y = f(x), a row of {@link Unary} with its parameters. It runs as an op of its own, or fused into a layer's epilogue.
 *
 * @param row the function
 * @param p0 its first parameter, 0 where it has none
 * @param p1 its second parameter, 0 where it has none
 */
public record Activation(Unary row, float p0, float p1) implements Op {
    /** max(x, 0). */
    public static final Activation RELU = Unary.RELU.op();
    /** min(max(x, 0), 6). */
    public static final Activation RELU6 = new Activation(Unary.CLAMP, 0, 6);
    /** 1 / (1 + exp(-x)). */
    public static final Activation SIGMOID = Unary.SIGMOID.op();
    /** Hyperbolic tangent. */
    public static final Activation TANH = Unary.TANH.op();
    /** x Phi(x). */
    public static final Activation GELU = Unary.GELU.op();
    /** x / (1 + exp(-x)). */
    public static final Activation SILU = Unary.SILU.op();
    /** log(1 + exp(x)). */
    public static final Activation SOFTPLUS = softplus(1);
    /** x min(max(x + 3, 0), 6) / 6. */
    public static final Activation HARD_SWISH = Unary.HARD_SWISH.op();
    /** min(max(x + 3, 0), 6) / 6. */
    public static final Activation HARD_SIGMOID = Unary.HARD_SIGMOID.op();
    /** x limited to [-1, 1]. */
    public static final Activation HARD_TANH = new Activation(Unary.CLAMP, -1, 1);
    /** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. */
    public static final Activation GELU_TANH = Unary.GELU_TANH.op();
    /** x / (1 + exp(-1.702 x)). */
    public static final Activation QUICK_GELU = swish(1.702f);
    /** x tanh(log(1 + exp(x))). */
    public static final Activation MISH = Unary.MISH.op();
    /** 1.0507 x for x &gt; 0, else 1.0507 times 1.67326 (exp(x) - 1). */
    public static final Activation SELU = Unary.SELU.op();
    /** x / (1 + |x|). */
    public static final Activation SOFTSIGN = Unary.SOFTSIGN.op();

    /**
     * Checks the row's parameters.
     *
     * @throws IllegalArgumentException if the row refuses them: a negative alpha of elu, a lo of clamp above its hi, a
     *     NaN
     */
    public Activation {
        String fault = row.fault(p0, p1);
        if (fault != null) {
            throw new IllegalArgumentException(row.rowName() + ": " + fault);
        }
    }

    /**
     * Returns x for x &gt; 0, else alpha (exp(x) - 1).
     *
     * @throws IllegalArgumentException if alpha is negative or NaN
     */
    public static Activation elu(float alpha) {
        return new Activation(Unary.ELU, alpha, 0);
    }

    /**
     * Returns x for x &gt; 0, else alpha (exp(x / alpha) - 1).
     *
     * @throws IllegalArgumentException if alpha is not positive and finite
     */
    public static Activation celu(float alpha) {
        return new Activation(Unary.CELU, alpha, 0);
    }

    /**
     * Returns x / (1 + exp(-beta x)).
     *
     * @throws IllegalArgumentException if beta is not positive and finite
     */
    public static Activation swish(float beta) {
        return new Activation(Unary.SWISH, beta, 0);
    }

    /**
     * Returns log(1 + exp(beta x)) / beta.
     *
     * @throws IllegalArgumentException if beta is not positive and finite
     */
    public static Activation softplus(float beta) {
        return new Activation(Unary.SOFTPLUS, beta, 0);
    }

    /**
     * Returns 1 for x &gt; 0, else 0, with the gradient of the identity where |x| is at most limit.
     *
     * @throws IllegalArgumentException if limit is not above 0
     */
    public static Activation straightThrough(float limit) {
        return new Activation(Unary.STRAIGHT_THROUGH, limit, 0);
    }

    /**
     * Returns x for x &gt; 0, else slope x.
     *
     * @throws IllegalArgumentException if slope is negative or NaN
     */
    public static Activation leakyRelu(float slope) {
        return new Activation(Unary.LEAKY_RELU, slope, 0);
    }

    @Override
    public String label() {
        return row.rowName();
    }

    @Override
    public Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    public boolean differentiable() {
        return row.differentiable();
    }

    @Override
    public boolean readsInput(int i) {
        return row.readsInput();
    }

    @Override
    public boolean readsOutput(int o) {
        return row.readsOutput();
    }

    @Override
    public void forward(Call c) {
        forward(c, c.in(0), c.out(0), c.shape(0).size());
    }

    /** y = f(x) of {@code n} elements; y may be x. */
    public void forward(Call c, long x, long y, long n) {
        c.begin(Kernel.UNARY).put(row.ordinal()).at(x, y).put(n).put(p0).put(p1).run();
    }

    @Override
    public void backward(Grad g) {
        long x = row.readsInput() ? g.in(0) : 0;
        long y = row.readsOutput() ? g.out(0) : 0;
        long dy = g.dout(0);
        long dx = g.dinReusing(0);
        grad(g, x, y, dy, dx, g.shape(0).size(), g.adds());
    }

    /** dx (+)= dy f'(x); max(dy, 0) where the pass rectifies and f is ReLU. */
    public void grad(Grad g, long x, long y, long dy, long dx, long n, boolean add) {
        g.begin(Kernel.UNARY_GRAD).put(row.ordinal()).at(x, row == Unary.RELU && g.rectifies() ? dy : y, dy, dx);
        g.put(n).put(p0).put(p1).put(add ? 1 : 0).run();
    }
}
