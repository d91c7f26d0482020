package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.nn.Module;
import dev.fathom.tensor.Tensor;

/**
 * The loss of one batch, for training that is more than output against target.
 *
 * @param <M> the module's type
 */
@FunctionalInterface
public interface Step<M extends Module> {
    /** A single number to be made small; called inside a pass. */
    Tensor loss(M net, Batch batch);
}
