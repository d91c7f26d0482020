package dev.fathom.optim;

import dev.fathom.tree.Records;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch's: w -= lr weightDecay w, and then the step
 * of {@link Adam} without decay. The decay is not divided by the root of the second moment, so every weight shrinks by
 * the same factor.
 *
 * @param learningRate lr
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root
 * @param weightDecay the factor of w, times lr, that a step subtracts
 * @param amsGrad of which second moments the largest counts
 */
public record AdamW(
        float learningRate, float beta1, float beta2, float epsilon, float weightDecay, Adam.AmsGrad amsGrad)
        implements AdamVariant<AdamW> {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, a beta outside [0, 1), or
     *     another factor negative
     */
    public AdamW {
        Rule.check("AdamW", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /** Uses the usual numbers: betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01. */
    public AdamW(float learningRate) {
        this(learningRate, 0.9f, 0.999f, 1e-8f, 0.01f, Adam.AmsGrad.OFF);
    }

    /**
     * Uses no AMSGrad.
     *
     * @throws IllegalArgumentException if a number is out of its range
     */
    public AdamW(float learningRate, float beta1, float beta2, float epsilon, float weightDecay) {
        this(learningRate, beta1, beta2, epsilon, weightDecay, Adam.AmsGrad.OFF);
    }

    /** Returns this optimizer with PyTorch's form of AMSGrad. */
    public AdamW withAmsGrad() {
        return amsGrad(Adam.AmsGrad.RAW);
    }

    /** Returns this optimizer with another form of AMSGrad, or none. */
    public AdamW amsGrad(Adam.AmsGrad form) {
        return Records.with(this, "amsGrad", form);
    }

    @Override
    public int moments() {
        return amsGrad == Adam.AmsGrad.OFF ? 2 : 3;
    }

    @Override
    public void step(Update update) {
        Adam.step(update, beta1, beta2, epsilon, amsGrad, true);
    }
}
