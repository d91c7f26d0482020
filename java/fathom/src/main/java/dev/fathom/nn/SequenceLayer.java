package dev.fathom.nn;

import dev.fathom.autograd.Frame;
import dev.fathom.autograd.Frames;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer that is told which steps of its sequences are padding, and whose result does not depend on them. A trainer
 * and an assessment hand such a layer the lengths of a ragged field {@code x}; {@link Sequential}, {@link Residual} and
 * {@link Recompute} hand them on, as a layer of your own does by {@link #apply(Layer, Tensor, Tensor)}.
 *
 * <pre>{@code
 * record MeanOfWords(Embedding words, Linear out) implements SequenceLayer {
 *     public Tensor forward(Tensor x, @Nullable Tensor lengths) { ... }
 *     public boolean keepsSteps() { return false; }
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

    /**
     * Computes any layer in a frame of its own. A SequenceLayer is told the lengths, and another layer is refused if
     * padding would change its result.
     *
     * @param lengths how many steps of each sequence are no padding, I32 [n], or null for all
     * @throws IllegalArgumentException if there are lengths, and the layer takes none and says by
     *     {@link Layer#stepReading} that it mixes steps
     */
    static Tensor apply(Layer layer, Tensor x, @Nullable Tensor lengths) {
        if (layer instanceof SequenceLayer sequences) {
            return sequences.apply(x, lengths);
        }
        if (lengths != null) {
            Steps.check(layer, x);
        }
        return layer.apply(x);
    }

    /** Returns on which side of a sequence its padding lies, which is behind it unless a layer says otherwise. */
    @Override
    default Steps stepReading() {
        return Steps.PADDED_BEHIND;
    }

    /**
     * Returns whether the result has the steps of x, [n, steps, ..], and not one result for each sequence. A layer that
     * follows is told lengths only if it does.
     */
    default boolean keepsSteps() {
        return true;
    }
}
