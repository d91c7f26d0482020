package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;

/**
 * Lookahead (Zhang et al. 2019) around any recipe: slow weights s begin at the first weights; after every {@code every}
 * steps of the inner recipe, s += alpha (w - s) and w = s. The inner recipe keeps its moments. Steps are counted for
 * each parameter.
 *
 * <pre>{@code
 * Trainer.of(model, loss, new Lookahead(new Adam(1e-3f)))
 * }</pre>
 *
 * @param inner the recipe that takes the steps
 * @param every number of steps between two moves of the slow weights, k in the paper
 * @param alpha the part of the way that the slow weights go, in (0, 1]
 */
public record Lookahead(Optimizer inner, int every, float alpha) implements Around {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if {@code every} is less than 1 or alpha outside (0, 1]
     */
    public Lookahead {
        Checks.atLeast("Lookahead", "every", every, 1);
        Checks.in("Lookahead", "alpha", alpha, "(0, 1]");
    }

    /** Uses the paper's numbers: every 5 steps, alpha 0.5. */
    public Lookahead(Optimizer inner) {
        this(inner, 5, 0.5f);
    }

    @Override
    public int moments() {
        return inner.moments() + 1;
    }

    @Override
    public void step(Update update) {
        int slow = inner.moments();
        update.each(p -> {
            if (p.step() == 1) {
                p.moment(slow, p.value());
            }
        });
        inner.step(update);
        update.constrain();
        update.each(p -> {
            if (p.step() % every == 0) {
                Tensor s = p.moment(slow);
                p.value(s.add(p.value().sub(s).mul(alpha)));
            }
        });
        update.constrain();
        update.each(p -> {
            if (p.step() % every == 0) {
                p.moment(slow, p.value());
            }
        });
    }
}
