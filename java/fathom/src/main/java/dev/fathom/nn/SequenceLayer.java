package dev.fathom.nn;

import dev.fathom.autograd.Frame;
import dev.fathom.autograd.Frames;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer that is told which steps of its sequences are padding, and whose result does not depend on them. A trainer and an assessment hand such a layer the
 * lengths of a ragged field {@code x}; {@link Sequential} hands them on.
 *
 * <pre>{@code
 * record MeanOfWords(Embedding words, Linear out) implements SequenceLayer {
 *     public Tensor forward(Tensor x, @Nullable Tensor lengths) { ... }
 * }
 * }</pre>
 */
public interface SequenceLayer extends Layer {
    /**
     * Computes the layer's formula. Only {@code apply} calls it.
     *
     * @param x sequences [n, steps, ..]
     * @param lengths how many steps of each sequence are no padding, I32 [n], or null for all
     */
    Tensor forward(Tensor x, @Nullable Tensor lengths);

    @Override
    default Tensor forward(Tensor x) {
        return forward(x, null);
    }

    /**
     * Computes the layer in a frame of its own.
     *
     * @param lengths how many steps of each sequence are no padding, I32 [n], or null for all
     */
    default Tensor apply(Tensor x, @Nullable Tensor lengths) {
        Frame frame = Frames.current().enter(this);
        Tensor y = null;
        try {
            y = forward(x, lengths);
            return y;
        } catch (StackOverflowError e) {
            throw frame.tooDeep(e);
        } finally {
            frame.leave(y);
        }
    }

    /** Returns whether the layer heeds lengths. A chain of layers does if one of them does. */
    default boolean takesLengths() {
        return true;
    }

    /** Returns whether padding lies in front of each sequence, and not behind it. */
    default boolean expectsPaddingInFront() {
        return false;
    }
}
