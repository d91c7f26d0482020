package dev.fathom.explain;

import dev.fathom.autograd.Frames;
import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;

/** Reaching the layers of a network while it runs in the current pass. */
final class LayerCalls {
    /** Ends a forward where the rest of it is not needed. */
    private static final class Reached extends RuntimeException {
        private static final long serialVersionUID = 1;

        Reached() {
            super(null, null, false, false);
        }
    }

    private LayerCalls() {}

    /** y = net(x); tells of each layer's result as it returns, alive at that moment, by its path. */
    static Tensor run(Layer net, Tensor x, BiConsumer<String, Tensor> action) {
        Pass pass = Pass.current();
        Frames.of(pass).observe(call -> {
            if (call.result() instanceof Tensor y) {
                action.accept(call.path(), y);
            }
        });
        try {
            return net.apply(x);
        } finally {
            Frames.of(pass).observe(null);
        }
    }

    /**
     * The result of the first call of the layer of this path, alive; nothing after it runs. The empty path is the
     * network itself.
     */
    static Tensor upTo(Layer net, Tensor x, String layer) {
        Set<String> seen = new LinkedHashSet<>();
        Tensor[] result = new Tensor[1];
        try {
            run(net, x, (path, y) -> {
                seen.add(path);
                if (path.equals(layer)) {
                    result[0] = y;
                    throw new Reached();
                }
            });
        } catch (Reached e) {
            return result[0];
        }
        throw unknown(layer, seen);
    }

    /** The gradient of a watched tensor that backward has reached. */
    static Tensor gradient(Pass pass, Tensor watched) {
        return Objects.requireNonNull(pass.gradient(watched), "backward has reached it");
    }

    static IllegalArgumentException unknown(String layer, Set<String> seen) {
        seen.remove("");
        return new IllegalArgumentException("explain: no layer is called " + layer + "; there are "
                + String.join(", ", seen) + ", and '' for the network itself");
    }

    /** Refuses more or less than one example. */
    static void one(Tensor x) {
        if (x.shape().rank() < 2 || x.dim(0) != 1) {
            throw new IllegalArgumentException(
                    "explain: x " + x.shape() + " must be a batch of one example, [1, ..]; give them one by one");
        }
    }
}
