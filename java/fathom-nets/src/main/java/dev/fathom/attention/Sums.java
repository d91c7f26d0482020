package dev.fathom.attention;

import dev.fathom.nn.Dropout;
import dev.fathom.nn.FusibleLayer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/** The sums of a Transformer's layers. */
final class Sums {
    private Sums() {}

    /** Whether it changes anything here; else the sum is made in a kernel. */
    static boolean drops(Dropout dropout) {
        return dropout.p() > 0 && Pass.current().training();
    }

    /** residual + dropout(layer(x)). */
    static Tensor add(FusibleLayer layer, Tensor x, Tensor residual, Dropout dropout) {
        return drops(dropout) ? residual.add(dropout.apply(layer.apply(x))) : layer.apply(x, residual, null);
    }
}
