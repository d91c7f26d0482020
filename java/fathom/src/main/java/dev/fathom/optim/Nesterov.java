package dev.fathom.optim;

import dev.fathom.op.Checks;

/**
 * Nesterov's momentum with the gradient at the place ahead, the textbook's form (Nesterov 1983; Sutskever et al. 2013):
 * v = momentum v + lr grad(w - momentum v); w -= v. It evaluates the loss again, at w - momentum v, in every step, and
 * the gradient that was there before the step is not used. {@code new Sgd(lr).momentum(m).withNesterov()} is PyTorch's
 * form, which evaluates once: its weights are the places ahead.
 *
 * @param learningRate lr
 * @param momentum the factor of the velocity v, in [0, 1)
 */
public record Nesterov(float learningRate, float momentum) implements Optimizer {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, or the momentum outside [0, 1)
     */
    public Nesterov {
        Checks.learningRate("Nesterov", learningRate);
        Checks.in("Nesterov", "momentum", momentum, "[0, 1)");
    }

    @Override
    public int moments() {
        return 1;
    }

    @Override
    public boolean evaluatesAgain() {
        return true;
    }

    @Override
    public void step(Update update) {
        update.each(p -> p.value(p.value().sub(p.moment(0).mul(momentum))));
        update.again();
        update.each(p -> {
            p.moment(0, p.moment(0).mul(momentum).add(p.gradient().mul(p.learningRate())));
            p.value(p.before().sub(p.moment(0)));
        });
    }
}
