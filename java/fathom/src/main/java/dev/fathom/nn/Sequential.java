package dev.fathom.nn;

import dev.fathom.autograd.Frames;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * y = layer n (... layer 1 (layer 0 (x))). The layers are called one after the other and not nested, so any number of
 * them fits the stack. In inference, each result is freed as soon as the next is computed.
 *
 * @param layers in the order of their calls; their index is their name
 */
public record Sequential(@Inline List<Layer> layers) implements FusibleLayer, SequenceLayer {
    /** Keeps its own copy of the list. */
    public Sequential {
        layers = List.copyOf(layers);
    }

    /** Chains these layers in this order. Method references such as {@code Tensor::relu} are layers too. */
    public Sequential(Layer... layers) {
        this(List.of(layers));
    }

    @Override
    public Tensor forward(Tensor x) {
        return run(x, layers.size());
    }

    /**
     * Computes the layers in their order, and tells the lengths to each {@link SequenceLayer} up to the first that
     * makes one result of each sequence.
     *
     * @throws IllegalArgumentException if padded steps reach a layer that takes no lengths and mixes them, such as a
     *     convolution that is not causal, or layers expect padding on different sides
     */
    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        if (lengths == null) {
            return run(x, layers.size());
        }
        Frames frames = Frames.current();
        Tensor y = x;
        boolean steps = true;
        Steps all = Steps.EACH;
        for (int i = 0; i < layers.size(); i++) {
            if (steps) {
                all = all.and(Steps.asked(layers.get(i))); // refuses layers that expect padding on different sides
            }
            frames.nextChild(i);
            y = SequenceLayer.apply(layers.get(i), y, steps ? lengths : null);
            steps &= Steps.kept(layers.get(i));
            frames.releaseAllBut(y, i);
        }
        return y;
    }

    /**
     * Returns how the layers treat steps, one after another, up to the first that makes one result of each sequence.
     *
     * @throws IllegalArgumentException if they expect padding on different sides
     */
    @Override
    public Steps stepReading() {
        Steps all = Steps.EACH;
        for (Layer layer : layers) {
            all = all.and(Steps.asked(layer));
            if (!Steps.kept(layer)) {
                break;
            }
        }
        return all;
    }

    @Override
    public boolean keepsSteps() {
        return layers.stream().allMatch(Steps::kept);
    }

    /** Returns whether the last layer can still take a residual and an activation. */
    @Override
    public boolean fusible() {
        return !layers.isEmpty() && layers.get(layers.size() - 1) instanceof FusibleLayer last && last.fusible();
    }

    @Override
    public Tensor fused(Tensor x, @Nullable Tensor residual, @Nullable Activation activation) {
        int last = layers.size() - 1;
        Tensor y = run(x, last);
        Frames.current().nextChild(last);
        return ((FusibleLayer) layers.get(last)).apply(y, residual, activation);
    }

    private Tensor run(Tensor x, int count) {
        Frames frames = Frames.current();
        Tensor y = x;
        for (int i = 0; i < count; i++) {
            frames.nextChild(i);
            y = layers.get(i).apply(y);
            frames.releaseAllBut(y, i);
        }
        return y;
    }
}
