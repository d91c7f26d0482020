package dev.fathom.labs.generative;

import dev.fathom.tensor.Tensor;

/**
 * What the critic maximizes and the generator minimizes, from the critic's outputs for real and for generated examples.
 */
enum Game {
    /**
     * V = E log D(x) + E log(1 - D(G(z))), which the critic maximizes and the generator minimizes (Goodfellow et al.
     * 2014).
     */
    MINIMAX {
        @Override
        Tensor value(Tensor real, Tensor fake) {
            return real.neg().softplus().mean().add(fake.softplus().mean()).neg();
        }

        @Override
        Tensor generatorLoss(Tensor fake) {
            return fake.softplus().mean().neg();
        }
    },
    /**
     * The critic of {@link #MINIMAX} with a generator that maximizes E log D(G(z)), whose gradient does not vanish
     * where the critic is sure.
     */
    NON_SATURATING {
        @Override
        Tensor value(Tensor real, Tensor fake) {
            return MINIMAX.value(real, fake);
        }

        @Override
        Tensor generatorLoss(Tensor fake) {
            return fake.neg().softplus().mean();
        }
    },
    /**
     * The difference E f(x) - E f(G(z)), the Wasserstein distance if f is the best function of slope 1 (Arjovsky et al.
     * 2017).
     */
    WASSERSTEIN {
        @Override
        Tensor value(Tensor real, Tensor fake) {
            return real.mean().sub(fake.mean());
        }

        @Override
        Tensor generatorLoss(Tensor fake) {
            return fake.mean().neg();
        }
    };

    /** What the critic maximizes. */
    abstract Tensor value(Tensor real, Tensor fake);

    /** What the generator minimizes. */
    abstract Tensor generatorLoss(Tensor fake);
}
