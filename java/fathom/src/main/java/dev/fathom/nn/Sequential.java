package dev.fathom.nn;

import dev.fathom.autograd.Frames;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * y = layer n (... layer 1 (layer 0 (x))). The layers are called one after the other and not nested, so any number of them fits the stack. In
 * inference, each result is freed as soon as the next is computed.
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
     * Computes the layers in their order, and tells the lengths to each {@link SequenceLayer}. Of the others, those that look at one step at a time know
     * nothing of padding.
     *
     * @throws IllegalArgumentException if a layer that mixes steps and takes no lengths, such as a convolution that is not causal, gets padded steps
     */
    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        if (lengths == null) {
            return run(x, layers.size());
        }
        Frames frames = Frames.current();
        Tensor y = x;
        for (int i = 0; i < layers.size(); i++) {
            frames.nextChild(i);
            if (layers.get(i) instanceof SequenceLayer s && s.takesLengths()) {
                y = s.apply(y, lengths);
            } else {
                MixedSteps.refuse(layers.get(i), x, y);
                y = layers.get(i).apply(y);
            }
            frames.releaseAllBut(y, i);
        }
        return y;
    }

    @Override
    public boolean takesLengths() {
        return layers.stream().anyMatch(l -> l instanceof SequenceLayer s && s.takesLengths());
    }

    /**
     * Returns whether the layers that take lengths expect padding in front.
     *
     * @throws IllegalArgumentException if they disagree
     */
    @Override
    public boolean expectsPaddingInFront() {
        List<Boolean> sides = layers.stream()
                .filter(l -> l instanceof SequenceLayer s && s.takesLengths())
                .map(l -> ((SequenceLayer) l).expectsPaddingInFront())
                .distinct()
                .toList();
        if (sides.size() > 1) {
            throw new IllegalArgumentException(
                    "Sequential: some layers expect padding in front of a sequence and others behind it; build all of"
                            + " them for one side");
        }
        return sides.contains(true);
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
