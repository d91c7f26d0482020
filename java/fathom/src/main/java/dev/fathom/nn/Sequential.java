package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Inline;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * y = layer n (... layer 1 (layer 0 (x))). Layers are called one after the other, not nested, so any number fits the stack; in inference each
 * result is given back as soon as the next is there.
 *
 * @param layers in the order of their calls; their index is their name
 */
public record Sequential(@Inline List<Layer> layers) implements FusibleLayer {
    /** Keeps its own copy of the list. */
    public Sequential {
        layers = List.copyOf(layers);
    }

    /** These layers, in this order; method references such as {@code Tensor::relu} are layers. */
    public Sequential(Layer... layers) {
        this(List.of(layers));
    }

    @Override
    public Tensor forward(Tensor x) {
        return run(x, layers.size());
    }

    /** Whether its last layer is. */
    @Override
    public boolean open() {
        return !layers.isEmpty() && layers.get(layers.size() - 1) instanceof FusibleLayer last && last.open();
    }

    @Override
    public Tensor end(Tensor x, @Nullable Tensor residual, @Nullable Activation activation) {
        int last = layers.size() - 1;
        Tensor y = run(x, last);
        Access.nextChild(last);
        return ((FusibleLayer) layers.get(last)).apply(y, residual, activation);
    }

    private Tensor run(Tensor x, int count) {
        Tensor y = x;
        for (int i = 0; i < count; i++) {
            Access.nextChild(i);
            y = layers.get(i).apply(y);
            Access.releaseAllBut(y, i);
        }
        return y;
    }
}
