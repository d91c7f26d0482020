package dev.fathom.nets;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.BiConsumer;

/**
 * A denoising diffusion model (Ho, Jain and Abbeel 2020) with the cosine schedule of Nichol and Dhariwal (2021). Data
 * become noise in T steps, x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e with e from N(0, I), and a net that predicts e from
 * x_t and t leads the way back.
 *
 * <pre>{@code
 * Diffusion diffusion = Diffusion.cosine(100);
 * Trainer.custom(model, new Adam(2e-3f), (net, batch) -> new Step.Result(diffusion.loss(net::noise, batch.x())));
 * float[] images = diffusion.sample(model.net()::noise, 1, new Rng(1), (t, x) -> {}, 64, 28, 28, 1);
 * }</pre>
 *
 * @param kept a_t for t = 0 to T - 1: the share of the variance of x_t that is the data's
 */
public record Diffusion(double[] kept) {
    private static final double OFFSET = 0.008;
    private static final double MOST = 0.999;

    /**
     * Checks and copies the shares.
     *
     * @throws IllegalArgumentException if there are none, or each is not above 0 and below the one before, the first
     *     below 1
     */
    public Diffusion {
        kept = kept.clone();
        double before = 1;
        for (double share : kept) {
            if (!(share > 0 && share < before)) {
                throw new IllegalArgumentException("diffusion: the share " + share + " comes after " + before
                        + "; give shares between 0 and 1, each below the one before");
            }
            before = share;
        }
        if (kept.length == 0) {
            throw new IllegalArgumentException("diffusion: no steps; give at least one");
        }
    }

    /** What predicts the noise. */
    @FunctionalInterface
    public interface Predictor {
        /** Returns the noise in x [n, ..], where t [n] counts steps from 0. */
        Tensor noise(Tensor x, Tensor t);
    }

    /**
     * Returns the cosine schedule with this many steps.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Diffusion cosine(int steps) {
        Checks.atLeast("diffusion", "steps", steps, 1);
        double[] kept = new double[steps];
        double product = 1;
        for (int t = 0; t < steps; t++) {
            double beta = Math.min(MOST, 1 - angle(t + 1.0, steps) / angle(t, steps));
            product *= 1 - beta;
            kept[t] = product;
        }
        return new Diffusion(kept);
    }

    private static double angle(double t, int steps) {
        double c = Math.cos((t / steps + OFFSET) / (1 + OFFSET) * Math.PI / 2);
        return c * c;
    }

    /** Returns T. */
    public int steps() {
        return kept.length;
    }

    /**
     * Returns the mean squared error of the predicted noise at a random step for each example, all by the random
     * numbers of the current pass.
     *
     * @param x [n, ..]
     * @throws IllegalArgumentException if x has no dimension
     */
    public Tensor loss(Predictor net, Tensor x) {
        if (x.shape().rank() == 0) {
            throw new IllegalArgumentException("diffusion: x " + x.shape() + " is no batch; give examples [n, ..]");
        }
        int n = x.dim(0);
        int[] each = new int[x.shape().rank()];
        Arrays.fill(each, 1);
        each[0] = n;
        float[] data = new float[n];
        float[] rest = new float[n];
        int[] t = Pass.current().rng().ints(n, steps());
        for (int i = 0; i < n; i++) {
            data[i] = (float) Math.sqrt(kept[t[i]]);
            rest[i] = (float) Math.sqrt(1 - kept[t[i]]);
        }
        Tensor noise = Pass.current().randn(x.shape().toArray());
        Tensor noisy = x.mul(Tensor.of(data, each)).add(noise.mul(Tensor.of(rest, each)));
        return net.noise(noisy, Tensor.ofInts(t, n)).sub(noise).square().mean();
    }

    /**
     * Makes examples of noise: from x_T = N(0, I), each step guesses x_0, limited to [-limit, limit], and draws x_(t-1)
     * given both.
     *
     * @param limit the largest magnitude of numbers of the data, such as 1 for images from -1 to 1
     * @param seen receives the step that was taken, from T - 1 to 0, and the numbers after it
     * @param dims [n, ..]
     * @throws IllegalArgumentException if the limit is not above 0, or there are no dimensions
     */
    public float[] sample(Predictor net, float limit, Rng rng, BiConsumer<Integer, float[]> seen, int... dims) {
        Checks.above0("diffusion", "limit", limit);
        if (dims.length == 0) {
            throw new IllegalArgumentException("diffusion: no dimensions; give those of the examples, [n, ..]");
        }
        int size = Arrays.stream(dims).reduce(1, (a, b) -> a * b);
        float[] x = rng.normal(size, 0, 1);
        int[] step = new int[dims[0]];
        for (int t = steps() - 1; t >= 0; t--) {
            double a = kept[t];
            double before = t == 0 ? 1 : kept[t - 1];
            double beta = 1 - a / before;
            float ofGuess = (float) (Math.sqrt(before) * beta / (1 - a));
            float ofNow = (float) (Math.sqrt(1 - beta) * (1 - before) / (1 - a));
            float deviation = (float) Math.sqrt(beta * (1 - before) / (1 - a));
            Arrays.fill(step, t);
            try (Pass pass = Pass.infer(rng)) {
                Tensor now = Tensor.of(x, dims);
                Tensor noise = net.noise(now, Tensor.ofInts(step, dims[0]));
                Tensor data = now.sub(noise.mul((float) Math.sqrt(1 - a))).div((float) Math.sqrt(a));
                Tensor guess = data.clamp(-limit, limit);
                Tensor mean = guess.mul(ofGuess).add(now.mul(ofNow));
                x = mean.add(pass.randn(dims).mul(deviation)).toArray();
            }
            seen.accept(t, x);
        }
        return x;
    }
}
