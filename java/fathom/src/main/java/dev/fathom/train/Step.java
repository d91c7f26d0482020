package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.nn.Net;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Computes the forward pass and the loss of one batch, for training that compares more than one output with one target.
 *
 * <pre>{@code
 * Trainer.custom(model, new Adam(1e-3f), (net, batch) -> {
 *     Tensor output = net.at(batch.x());
 *     return new Step.Result(Loss.mse().of(output, batch.y()), output);
 * }).metrics(...)
 * }</pre>
 *
 * @param <M> the net's type
 */
@FunctionalInterface
public interface Step<M extends Net> {
    /** Runs one batch forward. The trainer calls it inside a pass. */
    Result run(M net, Batch batch);

    /**
     * A step that goes on from the state after the batch before, for truncated back-propagation through time:
     *
     * <pre>{@code
     * Trainer.custom(model, new Adam(1e-3f), (net, batch, state) -> {
     *     Next next = net.step(batch.x(), state);
     *     return new Step.Result(Loss.crossEntropy().of(next.output(), batch.y())).withState(next.state());
     * })
     * }</pre>
     *
     * @param <M> the net's type
     */
    @FunctionalInterface
    interface Carrying<M extends Net> {
        /**
         * Runs one batch forward. The state is a constant; in the first batch of an epoch it is {@link State#EMPTY}.
         * The result has the state for the next batch.
         */
        Result run(M net, Batch batch, State state);
    }

    /**
     * The result of a step.
     *
     * @param loss the scalar to minimize
     * @param output what metrics compare with the target; null where there are no metrics
     * @param target what metrics compare the output with; null for the field {@code y} of the batch, unless it is
     *     ragged
     * @param weight how much the loss counts beside that of other batches, which is what its mean was divided by, such
     *     as the number of tokens; null for the number of examples
     * @param state with which the next batch begins; {@link State#EMPTY} for none
     */
    record Result(
            Tensor loss,
            @Nullable Tensor output,
            @Nullable Tensor target,
            @Nullable Double weight,
            State state) {
        /**
         * Checks the weight.
         *
         * @throws IllegalArgumentException if the weight is negative or not finite
         */
        public Result {
            if (weight != null && !(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("step: the weight " + weight
                        + " of the loss must be 0 or more and finite; give what its mean was divided by");
            }
        }

        /**
         * Makes a result of a loss, which counts by its examples, and of an output that metrics compare with
         * {@code target}.
         */
        public Result(Tensor loss, @Nullable Tensor output, @Nullable Tensor target) {
            this(loss, output, target, null, State.EMPTY);
        }

        /** Makes a result of a loss alone, which a trainer with metrics refuses. */
        public Result(Tensor loss) {
            this(loss, null, null, null, State.EMPTY);
        }

        /** Makes a result of a loss, and of an output that metrics compare with the field {@code y} of the batch. */
        public Result(Tensor loss, Tensor output) {
            this(loss, output, null, null, State.EMPTY);
        }

        /**
         * Returns this result with what the mean of the loss was divided by, where this is not the number of examples:
         * the number of tokens that are no padding, for example.
         */
        public Result withWeight(double newWeight) {
            return new Result(loss, output, target, newWeight, state);
        }

        /** Returns this result with the state that the next batch begins with. */
        public Result withState(State newState) {
            return new Result(loss, output, target, weight, newState);
        }

        double weightOf(Batch batch) {
            return weight == null ? batch.size() : weight;
        }
    }
}
