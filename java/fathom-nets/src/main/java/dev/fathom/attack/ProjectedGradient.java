package dev.fathom.attack;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;

/**
 * x' = x + clamp(x' - x + step sign(dloss/dx'), -ε, ε), again and again (projected gradient descent, Madry et al.
 * 2018), where every x' also stays between black and white. One step of ε from the image itself is the fast gradient
 * sign method (Goodfellow, Shlens and Szegedy 2015).
 *
 * @param epsilon by how much a pixel may change
 * @param step by how much it changes in an iteration; below 0 for steps toward the labels instead of away from them
 * @param iterations how often it changes
 * @param randomly whether to begin at a random place within ε, drawn from the random numbers of the current pass
 */
public record ProjectedGradient(float epsilon, float step, int iterations, boolean randomly) implements Attack {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if epsilon is negative, it or the step is infinite or NaN, or there is no
     *     iteration
     */
    public ProjectedGradient {
        Checks.atLeast("projected_gradient", "iterations", iterations, 1);
        Checks.notNegative("projected_gradient", "epsilon", epsilon);
        Checks.finite("projected_gradient", "step", step);
    }

    /**
     * Returns the fast gradient sign method.
     *
     * @throws IllegalArgumentException if epsilon is negative, infinite or NaN
     */
    public static ProjectedGradient fast(float epsilon) {
        return new ProjectedGradient(epsilon, epsilon, 1, false);
    }

    /**
     * Returns an attack of iterations from a random place, which together can go two and a half times as far as ε
     * (Madry et al. 2018).
     *
     * @throws IllegalArgumentException if epsilon is negative, infinite or NaN, or there is no iteration
     */
    public static ProjectedGradient of(float epsilon, int iterations) {
        return new ProjectedGradient(epsilon, 2.5f * epsilon / iterations, iterations, true);
    }

    /** Returns this attack with steps toward the given labels. */
    public ProjectedGradient toward() {
        return new ProjectedGradient(epsilon, -step, iterations, randomly);
    }

    /**
     * Returns images that have gone up the gradient.
     *
     * @throws IllegalStateException if it begins at a random place, and no pass with random numbers is open
     */
    @Override
    public float[] of(Victim victim, float[] x, int... labels) {
        victim.check(x, labels);
        float[] at = x.clone();
        if (randomly) {
            float[] noise = Pass.current().rng().uniform(x.length, -epsilon, epsilon);
            for (int i = 0; i < x.length; i++) {
                at[i] = victim.clamp(x[i] + noise[i]);
            }
        }
        for (int k = 0; k < iterations; k++) {
            float[] gradient = victim.gradient(at, labels);
            for (int i = 0; i < x.length; i++) {
                float moved = victim.clamp(at[i] + step * Math.signum(gradient[i]));
                at[i] = Math.max(x[i] - epsilon, Math.min(x[i] + epsilon, moved));
            }
        }
        return at;
    }
}
