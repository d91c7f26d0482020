package dev.fathom.labs.images;

import static dev.fathom.op.Activation.TANH;

import dev.fathom.nets.MeanField;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.PadMode;
import dev.fathom.parameter.Initializer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The networks of the labs depth and very-deep: plain ones in the form in which they learn fastest, and bodies to set
 * beside theirs.
 */
final class DeepNets {
    /** What {@link #bodies} gives. */
    static final List<String> BODIES = List.of("Delta", "Gauss", "Residual");

    private DeepNets() {}

    /** Bodies of delta-orthogonal and Gaussian weights on the critical line, and one with shortcuts. */
    static Map<String, Sequential> bodies(int width, int depth) {
        Map<String, Sequential> bodies = new LinkedHashMap<>();
        bodies.put("Delta", new PlainCnn(1, width, depth, 10).body());
        bodies.put(
                "Gauss", new PlainCnn(1, width, depth, 10, PlainCnn.field(depth).gaussian()).body());
        bodies.put("Residual", residual(width, depth));
        return bodies;
    }

    /**
     * y = x + tanh(the convolution of x), with Gaussian weights of variance 1 / (fan-in depth): the sum of all branches
     * stays of the size of x.
     */
    static Sequential residual(int width, int depth) {
        Initializer init = new MeanField(1.0 / depth, 0).gaussian();
        return repeated(depth, () -> new Residual(conv(width, init).act(TANH), null));
    }

    /** Convolutions without activation, whose product is an isometry at any depth when they begin delta-orthogonal. */
    static Sequential linear(int width, int depth) {
        return repeated(depth, () -> conv(width, Init.deltaOrthogonal(1)));
    }

    private static Conv conv(int width, Initializer init) {
        return new Conv(width, width, 3).pad(1).withWeight(init).withoutBias().edges(PadMode.CIRCULAR);
    }

    private static Sequential repeated(int depth, Supplier<Layer> layer) {
        return new Sequential(Stream.generate(layer).limit(depth).toList());
    }
}
