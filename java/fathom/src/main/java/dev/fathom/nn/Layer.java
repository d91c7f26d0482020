package dev.fathom.nn;

import dev.fathom.autograd.Frame;
import dev.fathom.autograd.Frames;
import dev.fathom.data.Batch;
import dev.fathom.data.Role;
import dev.fathom.tensor.Tensor;

/**
 * A net of one input and one output. A layer defines {@link #forward}, and everyone calls {@link #apply}, which gives
 * the call its frame: its name in messages and profiles, and the early release of intermediates that nobody needs.
 */
@FunctionalInterface
public interface Layer extends Net {
    /** Computes the layer's formula. Only {@link #apply} calls it. */
    Tensor forward(Tensor x);

    /**
     * Returns how the layer treats the steps of sequences x [n, steps, ..], which decides whether it may see sequences
     * that are padded. It is {@link Steps#MIXED} where a layer does not say otherwise, except for a function of
     * elementwise ops and softmaxes over features, such as {@code Tensor::relu}, which computes each step alone. To
     * find that out, a function is run on a shape without values, once in each mode. The answer of a function that
     * captures nothing is kept.
     */
    default Steps stepReading() {
        return Steps.ofFunction(this);
    }

    /**
     * Computes the layer in a frame of its own.
     *
     * @throws IllegalStateException if no pass is open on this thread, or layers are nested deeper than its stack
     *     allows
     */
    default Tensor apply(Tensor x) {
        Frame frame = Frames.current().enter(this);
        Tensor y = null;
        try {
            y = forward(x);
            if (y == null) {
                throw new IllegalStateException(
                        "apply: forward of " + getClass().getSimpleName() + " returned null; return a tensor");
            }
            return y;
        } catch (StackOverflowError e) {
            throw frame.tooDeep(e);
        } finally {
            frame.leave(y);
        }
    }

    /**
     * Computes the layer for the input of a batch. If they are ragged, the layer is told their lengths, so that its
     * result does not depend on how long the other examples of the batch are.
     *
     * @throws IllegalArgumentException if the features are ragged and padding would change the result: steps reach a
     *     layer that takes no lengths and mixes them, as {@link #stepReading} says, or a layer expects padding on the
     *     other side
     */
    default Tensor apply(Batch batch) {
        String x = batch.name(Role.INPUT);
        if (!batch.ragged(x)) {
            return apply(batch.x());
        }
        boolean inFront = batch.paddedInFront(x);
        if (Steps.asked(this) == (inFront ? Steps.PADDED_BEHIND : Steps.PADDED_IN_FRONT)) {
            throw new IllegalArgumentException(x + " is padded " + (inFront ? "in front" : "behind") + ", but "
                    + getClass().getSimpleName() + " expects padding " + (inFront ? "behind" : "in front")
                    + "; change one of them with Dataset.padded or Recurrent.paddedInFront");
        }
        return SequenceLayer.apply(this, batch.x(), batch.lengths(x));
    }
}
