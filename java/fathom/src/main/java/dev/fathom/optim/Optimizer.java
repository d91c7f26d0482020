package dev.fathom.optim;

import dev.fathom.nn.Trainable;

/** How to change parameters by their gradients: hyperparameters without state, to be bound to a model or a part of one. */
public sealed interface Optimizer permits Sgd, Adam {
    /** The learning rate that a schedule begins from. */
    float learningRate();

    /** An optimizer for these parameters, with state of its own that begins at zero. */
    default BoundOptimizer on(Trainable parameters) {
        return new BoundOptimizer(this, parameters);
    }

    /** How many moments of the parameters' size the method keeps. */
    int moments();

    /** Weight decay of the parameters. */
    float weightDecay();

    /** Runs one step, the {@code step}th from 1 on, over the segments of an optimizer bound to this recipe. */
    void step(BoundOptimizer bound, long step);
}
