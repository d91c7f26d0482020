package dev.fathom.optim;

import dev.fathom.tree.Records;

/**
 * Adam (Kingma and Ba 2015), as PyTorch's: g += weightDecay w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2)
 * g^2; w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) at step t = 1, 2, ... Since the decay is added
 * to the gradient, it is divided by the root too; {@link AdamW} avoids that.
 *
 * <p>With AMSGrad (Reddi, Kale and Kumar 2018), the root is that of the largest second moment so far, so that no rare
 * gradient is forgotten. Its two forms are {@link AmsGrad#RAW} and {@link AmsGrad#CORRECTED}.
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root
 * @param weightDecay the L2 penalty's factor, added to the gradient
 * @param amsGrad of which second moments the largest counts
 */
public record Adam(float learningRate, float beta1, float beta2, float epsilon, float weightDecay, AmsGrad amsGrad)
        implements AdamVariant<Adam> {
    /** Which second moment the root of Adam is taken of. */
    public enum AmsGrad {
        /** The last one, v / (1 - beta2^t). */
        OFF,
        /** The largest v so far, divided by 1 - beta2^t afterwards, as PyTorch's. */
        RAW,
        /** The largest v / (1 - beta2^t) so far, as textbooks have it. */
        CORRECTED
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or
     *     another factor negative
     */
    public Adam {
        Rule.check("Adam", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /** Uses the usual numbers: betas 0.9 and 0.999, epsilon 1e-8, no weight decay. */
    public Adam(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-8f, 0, AmsGrad.OFF);
    }

    /**
     * Uses no AMSGrad.
     *
     * @throws IllegalArgumentException if a number is out of its range
     */
    public Adam(float learningRate, float beta1, float beta2, float epsilon, float weightDecay) {
        this(learningRate, beta1, beta2, epsilon, weightDecay, AmsGrad.OFF);
    }

    /** Returns this optimizer with PyTorch's form of AMSGrad. */
    public Adam withAmsGrad() {
        return amsGrad(AmsGrad.RAW);
    }

    /** Returns this optimizer with another form of AMSGrad, or none. */
    public Adam amsGrad(AmsGrad form) {
        return Records.with(this, "amsGrad", form);
    }

    @Override
    public int moments() {
        return amsGrad == AmsGrad.OFF ? 2 : 3;
    }

    @Override
    public void step(Update update) {
        step(update, beta1, beta2, epsilon, amsGrad, false);
    }

    static void step(Update update, float beta1, float beta2, float epsilon, AmsGrad amsGrad, boolean decoupled) {
        boolean corrected = amsGrad == AmsGrad.CORRECTED;
        Rule.ADAM.step(
                update,
                (to, step) -> {
                    double root = Math.sqrt(Rule.correction(beta2, step));
                    to.put(beta1)
                            .put(beta2)
                            .put(epsilon)
                            .put((float) (1 / Rule.correction(beta1, step)))
                            .put((float) (corrected ? 1 : 1 / root))
                            .put(Rule.flag(decoupled))
                            .put((float) (amsGrad == AmsGrad.OFF ? 0 : corrected ? 1 / (root * root) : 1));
                },
                0,
                1,
                amsGrad == AmsGrad.OFF ? Rule.NONE : 2);
    }
}
