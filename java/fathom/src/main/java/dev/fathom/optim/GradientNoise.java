package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;

/**
 * Adds Gaussian noise to the gradients of any recipe, less and less of it (Neelakantan et al. 2015): g += n, where n is
 * normal with mean 0 and variance eta / t^gamma at step t = 1, 2, ... of a parameter. The noise is added after
 * clipping. It depends only on the seed, the parameter's name and the step, so a run that is resumed draws the numbers
 * it would have drawn.
 *
 * <p>The gradient of an embedding gets noise in every row, also where its group is {@linkplain Group#lazy lazy}.
 *
 * @param inner the recipe that takes the steps
 * @param eta the variance at the first step; the paper chooses among 0.01, 0.3 and 1
 * @param gamma how fast the variance falls, 0.55 in the paper
 * @param seed the seed of the noise
 */
public record GradientNoise(Optimizer inner, float eta, float gamma, long seed) implements Around {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if eta or gamma is negative or not finite, or the inner recipe evaluates the
     *     loss again, where the new gradients would be without noise
     */
    public GradientNoise {
        Checks.notNegative("GradientNoise", "eta", eta);
        Checks.notNegative("GradientNoise", "gamma", gamma);
        Rule.evaluatesOnce("GradientNoise", inner);
    }

    /** Uses the paper's gamma, 0.55, and seed 0. */
    public GradientNoise(Optimizer inner, float eta) {
        this(inner, eta, 0.55f, 0);
    }

    @Override
    public void step(Update update) {
        update.gradients(p -> {
            float deviation = (float) Math.sqrt(eta / Math.pow((double) p.step(), gamma));
            Tensor g = p.gradient();
            float[] noise =
                    new Rng(seed).split(p.name()).split(p.step()).normal(Math.toIntExact(g.size()), 0, deviation);
            return g.add(Tensor.of(noise, g.shape().toArray()));
        });
        inner.step(update);
    }
}
