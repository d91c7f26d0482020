package dev.fathom.optim;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.DType;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/**
 * One step of an optimizer, as its recipe sees it: the parameters that are trainable and have a gradient, one after
 * another. A recipe of your own is its formula on tensors:
 *
 * <pre>{@code
 * record SignDescent(float learningRate) implements Optimizer {
 *     public void step(Update update) {
 *         update.each(p -> p.value(p.value().sub(p.gradient().sign().mul(p.learningRate()))));
 *     }
 * }
 * }</pre>
 */
public final class Update {
    private final BoundOptimizer bound;

    Update(BoundOptimizer bound) {
        this.bound = bound;
    }

    /** Calls {@code action} for each parameter, inside a pass of its own, always in the same order. */
    public void each(Consumer<Part> action) {
        for (int i = 0; i < bound.count(); i++) {
            if (bound.inTable(i)) {
                try (Pass pass = Pass.infer()) {
                    action.accept(new Part(i));
                }
            }
        }
    }

    /**
     * Computes loss and gradients once more, of the same examples and with the same random numbers, for the values that
     * the parameters have now. {@link Part#gradient} then gives the new gradients. Buffers, such as the running
     * statistics of a batch norm, are updated again too.
     *
     * @return the loss, with the opposite sign where the optimizer {@linkplain BoundOptimizer#maximize maximizes}: what
     *     the step makes smaller
     * @throws IllegalStateException if the recipe's {@link Optimizer#evaluatesAgain} is false, or the step was given no
     *     function for it
     * @throws ArithmeticException if {@link BoundOptimizer#clipNorm} is set and the norm is not finite
     */
    public double again() {
        return bound.again();
    }

    /**
     * Replaces the gradients of all parameters by what {@code change} makes of them. Clipping has been done by then and
     * is not repeated, so the rest of the step sees exactly the new gradients, until {@link #again}.
     *
     * @throws IllegalArgumentException if a new gradient is not F32 or has another shape than its parameter
     */
    public void gradients(Function<Part, Tensor> change) {
        each(p -> p.gradient(change.apply(p)));
        bound.unclipped();
    }

    /**
     * Takes a step of another recipe for those parameters that {@code which} accepts, with that recipe's learning rate
     * (times the factors of the schedule and of the parameter's group) and weight decay. The two recipes use the same
     * moments, so each parameter must get one of them only.
     *
     * @throws IllegalArgumentException if the other recipe has more moments than this one, or evaluates the loss again
     */
    public void with(Optimizer recipe, Predicate<Part> which) {
        bound.with(recipe, this, i -> which.test(new Part(i)));
    }

    /**
     * Brings the parameters within the limits of their groups ({@link Group#maxNorm(float)},
     * {@link Group#clipWeights(float)}) at once. This happens at the end of every step; a recipe that keeps an average
     * of the weights calls it before it averages them.
     */
    public void constrain() {
        bound.constrain();
    }

    /** The number of the step, from 1 on, or 0 where parameters have taken unequally many. */
    long commonStep() {
        return bound.commonStep();
    }

    /** Calls {@code rule} with the number of the step, from 1 on, for parameters that have taken equally many. */
    void counted(LongConsumer rule) {
        bound.counted(rule);
    }

    /** Starts the command of a row of rules with the arguments that all of them take. */
    Commands begin(Kernel kernel, int row) {
        return bound.begin(kernel, row);
    }

    /** The address of moment {@code i} of the block's first parameter. */
    long moment(int i) {
        return bound.moment(i);
    }

    /** One parameter in a step. Its tensors belong to the pass in which {@link Update#each} gives it. */
    public final class Part {
        private final int i;

        private Part(int i) {
            this.i = i;
        }

        /** Returns the name of the parameter, such as {@code 0.weight}. */
        public String name() {
            return parameter().name();
        }

        /** Returns the number of this parameter's step, from 1 on. */
        public long step() {
            return bound.stepsOf(i) + 1;
        }

        /** Returns the learning rate of the step, times the factor of the parameter's {@link Group}. */
        public float learningRate() {
            return bound.rate(i);
        }

        /** Returns the weight decay of the parameter's {@link Group}, or the recipe's. */
        public float weightDecay() {
            return bound.decay(i);
        }

        /** Returns the current values. After {@link #value(Tensor)}, the same tensor shows the new ones. */
        public Tensor value() {
            return parameter().value();
        }

        /**
         * Replaces the values.
         *
         * @throws IllegalArgumentException if the tensor is not F32 or has another shape
         */
        public void value(Tensor values) {
            write("value", values, bound.valueAddress(i));
            bound.changed(i);
        }

        /** Returns the gradient, after clipping. */
        public Tensor gradient() {
            Tensor g = parameter().gradient();
            if (g == null) {
                throw new IllegalStateException("step: " + name() + " has no gradient; backward has not reached it");
            }
            if (bound.scale() != 1) {
                g = g.mul(bound.scale());
            }
            return bound.limit() == Float.POSITIVE_INFINITY ? g : g.clamp(-bound.limit(), bound.limit());
        }

        /**
         * Returns the values that the parameter had when the step began.
         *
         * @throws IllegalStateException if the recipe's {@link Optimizer#evaluatesAgain} is false, because its values
         *     are not copied then
         */
        public Tensor before() {
            return bound.before(i);
        }

        private void gradient(Tensor values) {
            write("gradient", values, bound.gradientAddress(i));
        }

        /**
         * Returns the current values of moment {@code m}, which are zeros before the first {@link #moment(int,
         * Tensor)}.
         *
         * @throws IllegalArgumentException if the recipe has no such moment
         */
        public Tensor moment(int m) {
            Tensor copy = Values.create(Tensor.class, parameter().shape(), DType.F32);
            bound.copy(momentAddress(m), Values.address(copy), copy.shape().size());
            return copy;
        }

        /**
         * Replaces moment {@code m}, which is kept until the next step and saved with the optimizer.
         *
         * @throws IllegalArgumentException if the recipe has no such moment, or the tensor is not F32 or has another
         *     shape
         */
        public void moment(int m, Tensor values) {
            write("moment", values, momentAddress(m));
        }

        private long momentAddress(int m) {
            int all = bound.recipe().moments();
            if (m < 0 || m >= all) {
                throw new IllegalArgumentException(
                        "step: moment " + m + " is outside [0, " + all + "); raise moments() of the recipe");
            }
            return bound.momentAddress(m, i);
        }

        private void write(String what, Tensor values, long to) {
            if (values.dtype() != DType.F32
                    || !values.shape().equals(parameter().shape())) {
                throw new IllegalArgumentException(
                        "step: the new " + what + " of " + name() + " is " + values.dtype() + " " + values.shape()
                                + " but the parameter is F32 " + parameter().shape() + "; give one of its shape");
            }
            bound.copy(Values.address(values), to, values.shape().size());
        }

        private Parameter parameter() {
            return bound.parameter(i);
        }
    }
}
