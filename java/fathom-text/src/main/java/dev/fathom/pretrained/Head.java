package dev.fathom.pretrained;

import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What is put on top of an encoder for a task, with the activation of the dense layer:
 *
 * <pre>
 * y = out(norm(act(dense(x))))
 * </pre>
 *
 * @param dense [width, width], or null for none
 * @param norm of the width, or null for none
 * @param out [outputs, width], whose weight may be that of the encoder's words (Press and Wolf 2017)
 */
public record Head(@Nullable Linear dense, @Nullable LayerNorm norm, Linear out) implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        Tensor y = dense == null ? x : dense.apply(x);
        return out.apply(norm == null ? y : norm.apply(y));
    }
}
