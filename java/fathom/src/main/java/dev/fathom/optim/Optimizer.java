package dev.fathom.optim;

import dev.fathom.nn.Trainable;

/**
 * A recipe for changing parameters by their gradients: hyperparameters without state, which {@link #on} binds to a
 * model or a part of one. In the formulas of the recipes, g is the gradient after clipping, and lr is the learning rate
 * of the step times the factor of the parameter's {@link Group}.
 *
 * <p>A recipe of your own is a record with a learning rate and a {@link #step}; {@link Update} has an example. Its
 * {@code toString}, that of a record by default, is saved with its state and compared when the state is loaded.
 */
public interface Optimizer {
    /** Returns the learning rate that a schedule multiplies. */
    float learningRate();

    /**
     * Makes an optimizer for these parameters, with state of its own that begins at zero. A parameter belongs to the
     * first group whose pattern matches its name; the recipe's settings hold for the rest.
     *
     * @throws IllegalArgumentException if there are no parameters, a group matches none of them, or a group other than
     *     that of {@code *} matches only those of earlier groups
     */
    default BoundOptimizer on(Trainable parameters, Group... groups) {
        return new BoundOptimizer(this, parameters, groups);
    }

    /** Returns how many moments of the parameters' size the method keeps from step to step. */
    default int moments() {
        return 0;
    }

    /** Returns the weight decay of the parameters. */
    default float weightDecay() {
        return 0;
    }

    /**
     * Returns whether a step calls {@link Update#again}. If so, values and moments are copied before each step, so that
     * a step that fails halfway changes neither.
     */
    default boolean evaluatesAgain() {
        return false;
    }

    /**
     * Returns which moment holds an average of the weights for parameters that have taken {@code steps} steps, or -1
     * for none. {@link BoundOptimizer#swapAverages} exchanges it with the weights.
     */
    default int average(long steps) {
        return -1;
    }

    /** Takes one step. */
    void step(Update update);
}
