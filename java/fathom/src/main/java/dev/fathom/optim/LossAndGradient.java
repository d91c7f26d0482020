package dev.fathom.optim;

/**
 * Computes a loss and leaves its gradients in the model: forward and backward in a pass of its own, of the same examples each time. What
 * {@link BoundOptimizer#step(LossAndGradient)} calls for optimizers that look at more than one place (SAM, L-BFGS).
 */
@FunctionalInterface
public interface LossAndGradient {
    /** Runs forward and backward once and returns the loss. */
    double compute();
}
