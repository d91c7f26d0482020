package dev.fathom.optim;

import dev.fathom.nn.Trainable;

/**
 * How to change parameters by their gradients: hyperparameters without state, to be bound to a model or a part of one. In the formulas of the
 * recipes g is the gradient after clipping, and lr the learning rate of the step, times the factor of the parameter's {@link Group}.
 */
public sealed interface Optimizer permits Sgd, Adam, AdamW, RmsProp {
    /** The learning rate that a schedule begins from. */
    float learningRate();

    /**
     * An optimizer for these parameters, with state of its own that begins at zero. A parameter belongs to the first group whose pattern matches
     * its name; the recipe's settings hold for the rest.
     *
     * @throws IllegalArgumentException if there are no parameters, or a group matches none of them
     */
    default BoundOptimizer on(Trainable parameters, Group... groups) {
        return new BoundOptimizer(this, parameters, groups);
    }

    /** How many moments of the parameters' size the method keeps. */
    int moments();

    /** Weight decay of the parameters. */
    float weightDecay();

    /** Runs one step, the {@code step}th from 1 on, over the segments of an optimizer bound to this recipe. */
    void step(BoundOptimizer bound, long step);
}
