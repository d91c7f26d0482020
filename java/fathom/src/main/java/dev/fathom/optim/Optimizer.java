package dev.fathom.optim;

import dev.fathom.nn.Trainable;

/**
 * How to change parameters by their gradients: hyperparameters without state, to be bound to a model or a part of one. In the formulas of the
 * recipes g is the gradient after clipping, and lr the learning rate of the step, times the factor of the parameter's {@link Group}.
 *
 * <p>A recipe of one's own is a record with a learning rate and a {@link #step}; {@link Update} has an example. Its {@code toString}, that of a record
 * by default, is saved with its state and compared when the state is loaded.
 */
public interface Optimizer {
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

    /** How many moments of the parameters' size the method keeps from step to step. */
    default int moments() {
        return 0;
    }

    /** Weight decay of the parameters. */
    default float weightDecay() {
        return 0;
    }

    /**
     * Whether a step calls {@link Update#again}. Values and moments are then copied before each step, so that one that fails in between changes
     * neither.
     */
    default boolean evaluatesAgain() {
        return false;
    }

    /** Takes one step. */
    void step(Update update);
}
