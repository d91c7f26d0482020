package dev.fathom.explain;

import dev.fathom.nn.Layer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.util.Arrays;

/**
 * Searches the input to which a unit responds most. It begins with a little noise and repeats x = (1 - decay) (x + rate
 * g / |g|), where g is d value / d x and |g| the root of its mean square (Erhan et al. 2009; Simonyan et al. 2014).
 * Every few steps pictures are blurred with [1, 2, 1] / 4 along both sides; otherwise networks prefer patterns that no
 * photograph has (Yosinski et al. 2015).
 *
 * @param steps number of steps
 * @param rate the length of each step, in the units of the input
 * @param decay the share of x that each step subtracts, an L2 penalty
 * @param blurEvery number of steps after which x is blurred; 0 for never
 */
public record Maximization(int steps, float rate, float decay, int blurEvery) {
    /**
     * The usual settings for inputs of deviation 1: 100 steps of 0.1, a decay of 4 %, and a blur at every fourth step.
     */
    public static final Maximization USUAL = new Maximization(100, 0.1f, 0.04f, 4);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if steps is below 1, rate is not above 0, decay is not in [0, 1), or blurEvery
     *     is negative
     */
    public Maximization {
        Checks.atLeast("maximization", "steps", steps, 1);
        Checks.above0("maximization", "rate", rate);
        Checks.in("maximization", "decay", decay, "[0, 1)");
        Checks.atLeast("maximization", "blurEvery", blurEvery, 0);
    }

    /**
     * Returns this search with {@code n} steps.
     *
     * @throws IllegalArgumentException if there are fewer than 1
     */
    public Maximization steps(int n) {
        return Records.with(this, "steps", n);
    }

    /**
     * Returns this search with steps of this size.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public Maximization rate(float size) {
        return Records.with(this, "rate", size);
    }

    /**
     * Returns this search with another share of x taken away at each step.
     *
     * @throws IllegalArgumentException if it is not in [0, 1)
     */
    public Maximization decay(float share) {
        return Records.with(this, "decay", share);
    }

    /**
     * Returns this search with a blur after every {@code n} steps; 0 for none.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Maximization blurEvery(int n) {
        return Records.with(this, "blurEvery", n);
    }

    /**
     * An input that was found, and the unit's value for it.
     *
     * @param input the input
     * @param before the value of the noise that it began with
     * @param value the value of the input
     */
    public record Found(Maps input, float before, float value) {}

    /**
     * Searches an input.
     *
     * @param input the shape of one example [1, ..]
     * @param seed the seed of the noise
     * @throws IllegalArgumentException if there is no such unit, or the shape is not that of one example
     */
    public Found of(Layer net, Shape input, Unit unit, long seed) {
        float[] x = new Rng(seed).normal((int) input.size(), 0, 0.1f);
        float before = value(net, x, input, unit);
        for (int step = 1; step <= steps; step++) {
            float[] g;
            try (Pass pass = Pass.infer()) {
                g = Saliency.of(net, Tensor.of(x, input.toArray()), unit).values();
            }
            double squares = 0;
            for (float v : g) {
                squares += (double) v * v;
            }
            double root = Math.sqrt(squares / g.length);
            float scale = root == 0 ? 0 : (float) (rate / root);
            for (int i = 0; i < x.length; i++) {
                x[i] = (1 - decay) * (x[i] + scale * g[i]);
            }
            if (blurEvery > 0 && step % blurEvery == 0 && step < steps && input.rank() == 4) {
                blur(x, input.dim(1), input.dim(2) * input.dim(3));
                blur(x, input.dim(2), input.dim(3));
            }
        }
        int[] dims = input.toArray();
        int[] one = Arrays.copyOfRange(dims, 1, dims.length);
        return new Found(new Maps("", Shape.of(one), x), before, value(net, x, input, unit));
    }

    private static float value(Layer net, float[] x, Shape input, Unit unit) {
        try (Pass pass = Pass.infer()) {
            Tensor in = Tensor.of(x, input.toArray());
            LayerCalls.one(in);
            return unit.value(LayerCalls.upTo(net, in, unit.layer())).item();
        }
    }

    /**
     * Along lines of n places that lie {@code stride} apart; the first and the last place have themselves beyond the
     * edge.
     */
    private static void blur(float[] x, int n, int stride) {
        for (int from = 0; from < x.length; from += n * stride) {
            for (int i = from; i < from + stride; i++) {
                float before = x[i];
                for (int k = 0; k < n; k++) {
                    int at = i + k * stride;
                    float own = x[at];
                    float next = k + 1 < n ? x[at + stride] : own;
                    x[at] = (before + 2 * own + next) / 4;
                    before = own;
                }
            }
        }
    }
}
