package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * Resilient backpropagation (Riedmiller and Braun 1993), as PyTorch's, which uses the signs of gradients only. Each
 * weight has a step of its own, at first lr. Where the gradient has the sign that it had, the step grows by the factor
 * {@code grow}; where the sign turned, it shrinks by {@code shrink}, the weight stays and the gradient is forgotten;
 * then w -= sign(g) step. It is for gradients of all examples: signs of small batches change by chance. A change of the
 * learning rate after the first step changes nothing.
 *
 * @param learningRate the first size of all steps
 * @param shrink the factor of a step where the sign turned, in (0, 1)
 * @param grow the factor of a step where the sign is that of before, above 1
 * @param least the smallest size of a step
 * @param most the largest size of a step
 */
public record Rprop(float learningRate, float shrink, float grow, float least, float most) implements Optimizer {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, shrink outside (0, 1), grow not
     *     above 1, or least not in [0, most]
     */
    public Rprop {
        Checks.learningRate("Rprop", learningRate);
        Checks.in("Rprop", "shrink", shrink, "(0, 1)");
        Checks.in("Rprop", "grow", grow, "(1, Infinity)");
        if (!(least >= 0 && least <= most)) {
            throw new IllegalArgumentException(
                    "Rprop: least=" + least + " must be 0 or more and not above most=" + most);
        }
    }

    /** Uses the usual numbers: factors 0.5 and 1.2, steps from 1e-6 to 50. */
    public Rprop(float learningRate) {
        this(learningRate, 0.5f, 1.2f, 1e-6f, 50);
    }

    /**
     * Returns this optimizer with other factors of a step.
     *
     * @throws IllegalArgumentException if shrink is outside (0, 1) or grow not above 1
     */
    public Rprop factors(float shrink, float grow) {
        return Records.with(this, "shrink", shrink, "grow", grow);
    }

    /**
     * Returns this optimizer with other limits of a step.
     *
     * @throws IllegalArgumentException if least is negative or above most
     */
    public Rprop limits(float least, float most) {
        return Records.with(this, "least", least, "most", most);
    }

    @Override
    public int moments() {
        return 2;
    }

    @Override
    public void step(Update update) {
        Rule.RPROP.step(
                update,
                (to, step) -> to.put(shrink).put(grow).put(least).put(most).put(Rule.flag(step == 1)),
                0,
                1);
    }
}
