package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;

/**
 * Sharpness-aware minimization (Foret et al. 2021) around any recipe, which steps from w with the gradient at w +
 * radius g / |g|, the worst place near w; |g| is the norm over all parameters of the step. The adaptive form (ASAM,
 * Kwon et al. 2021) goes to w + radius w^2 g / |w g|, which does not depend on the scale of the weights. Every step
 * evaluates the loss twice. Running statistics of batch norms follow both evaluations.
 *
 * <pre>{@code
 * Trainer.of(model, loss, new Sam(new Sgd(0.1f).momentum(0.9f)))
 * }</pre>
 *
 * @param inner the recipe that takes the steps
 * @param radius how far away the gradient is taken, rho in the papers
 * @param adaptive whether the distance is measured relative to the weights
 */
public record Sam(Optimizer inner, float radius, boolean adaptive) implements Around {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if the radius is negative or not finite, or the inner recipe evaluates the loss
     *     again itself
     */
    public Sam {
        Checks.notNegative("SAM", "radius", radius);
        Rule.evaluatesOnce("SAM", inner);
    }

    /** Uses the papers' usual radius, 0.05, in the form of Foret et al. */
    public Sam(Optimizer inner) {
        this(inner, 0.05f, false);
    }

    /**
     * Returns this recipe with another radius.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public Sam radius(float rho) {
        return Records.with(this, "radius", rho);
    }

    /** Returns this recipe in the adaptive form, for which the authors use a radius of 0.5 to 2. */
    public Sam withAdaptation() {
        return Records.with(this, "adaptive", true);
    }

    @Override
    public boolean evaluatesAgain() {
        return true;
    }

    @Override
    public void step(Update update) {
        double[] squares = {0};
        update.each(p -> squares[0] += Math.pow(scaled(p).norm().item(), 2));
        // where every gradient is 0, so is the step away
        float reach = (float) (radius / (Math.sqrt(squares[0]) + 1e-12));
        update.each(p -> {
            Tensor g = scaled(p).mul(reach);
            p.value(p.value().add(adaptive ? g.mul(p.value().abs()) : g));
        });
        update.again();
        update.each(p -> p.value(p.before()));
        inner.step(update);
    }

    private Tensor scaled(Update.Part p) {
        return adaptive ? p.gradient().mul(p.value().abs()) : p.gradient();
    }
}
