package dev.fathom.optim;

import dev.fathom.tensor.Tensor;

/**
 * LAMB (You et al. 2020, algorithm 2), for large batches: m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; u
 * = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + weightDecay w; w -= lr |w| / |u| u. The ratio |w| / |u|
 * is that of each parameter; it is 1 where |w| or |u| is 0, so that a bias which begins at 0 can move. PyTorch has
 * none.
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root
 * @param weightDecay the factor of w that is added to the direction
 */
public record Lamb(float learningRate, float beta1, float beta2, float epsilon, float weightDecay)
        implements AdamVariant<Lamb> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or
     *     another factor negative
     */
    public Lamb {
        Rule.check("LAMB", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /** Uses the paper's numbers: betas 0.9 and 0.999, epsilon 1e-6, weight decay 0.01. */
    public Lamb(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-6f, 0.01f);
    }

    @Override
    public void step(Update update) {
        update.each(p -> {
            Tensor g = p.gradient();
            Tensor m = p.moment(0).mul(beta1).add(g.mul(1 - beta1));
            Tensor v = p.moment(1).mul(beta2).add(g.square().mul(1 - beta2));
            p.moment(0, m);
            p.moment(1, v);
            double correction1 = Rule.correction(beta1, p.step());
            double correction2 = Rule.correction(beta2, p.step());
            Tensor root = v.div((float) correction2).sqrt().add(epsilon);
            Tensor u = m.div((float) correction1).div(root).add(p.value().mul(p.weightDecay()));
            double weights = p.value().norm().item();
            double direction = u.norm().item();
            double ratio = weights > 0 && direction > 0 ? weights / direction : 1;
            p.value(p.value().sub(u.mul((float) (p.learningRate() * ratio))));
        });
    }
}
