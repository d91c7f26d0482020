package dev.fathom.nn;

import dev.fathom.op.DType;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;

/** The layers of the library that take no lengths and whose result at one step depends on other steps, so that padding would leak into it. */
final class MixedSteps {
    private MixedSteps() {}

    /** Refuses such a layer where y still has the steps of x [n, steps, ..]. */
    static void refuse(Layer layer, Tensor x, Tensor y) {
        boolean steps =
                y.shape().rank() > (y.dtype() == DType.I32 ? 1 : 2) && y.dim(0) == x.dim(0) && y.dim(1) == x.dim(1);
        if (!steps) {
            return;
        }
        for (Structure.Named part : Structure.walk(layer)) {
            if (mixes(part.value())) {
                throw new IllegalArgumentException("Sequential" + Where.running() + ": "
                        + part.value().getClass().getSimpleName()
                        + " takes no lengths, and padding would change its result; let it follow a layer that gives"
                        + " one result for each sequence, or write a SequenceLayer that masks what is padding");
            }
        }
    }

    private static boolean mixes(Object layer) {
        if (layer instanceof Conv conv) {
            Window.Axis axis = conv.window().width();
            boolean causal = axis.after() == 0 && axis.stride() == 1 && axis.before() == axis.extent() - 1;
            return axis.kernel() > 1 && !causal;
        }
        return layer instanceof Windowed
                || layer instanceof AdaptiveAvgPool
                || layer instanceof BatchNorm
                || layer instanceof Flatten
                || layer instanceof GlobalAvgPool
                || layer instanceof GlobalMaxPool
                || layer instanceof GroupNorm
                || layer instanceof InstanceNorm
                || layer instanceof SqueezeExcite;
    }
}
