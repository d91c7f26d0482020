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
    MINIMAX,
    /**
     * The critic of {@link #MINIMAX} with a generator that maximizes E log D(G(z)), whose gradient does not vanish
     * where the critic is sure.
     */
    NON_SATURATING,
    /**
     * The difference E f(x) - E f(G(z)), the Wasserstein distance if f is the best function of slope 1 (Arjovsky et al.
     * 2017).
     */
    WASSERSTEIN;

    /** What the critic maximizes. */
    Tensor value(Tensor real, Tensor fake) {
        return this == WASSERSTEIN
                ? real.mean().sub(fake.mean())
                : real.neg().softplus().mean().add(fake.softplus().mean()).neg();
    }

    /** What the generator minimizes. */
    Tensor generatorLoss(Tensor fake) {
        return switch (this) {
            case MINIMAX -> fake.softplus().mean().neg();
            case NON_SATURATING -> fake.neg().softplus().mean();
            case WASSERSTEIN -> fake.mean().neg();
        };
    }
}
