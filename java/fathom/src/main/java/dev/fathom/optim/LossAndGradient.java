package dev.fathom.optim;

/**
 * Computes a loss and leaves its gradients in the model: forward and backward in a pass of its own, of the same
 * examples each time. {@link BoundOptimizer#step(LossAndGradient)} calls it for optimizers that evaluate the loss more
 * than once in a step (SAM, L-BFGS).
 */
@FunctionalInterface
public interface LossAndGradient {
    /** Runs forward and backward once and returns the loss. */
    double compute();
}
