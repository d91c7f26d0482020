package dev.fathom.explain;

import dev.fathom.nn.Layer;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers [.., channels] of one example, copied out of their pass: a layer's result, or an explanation made from it.
 *
 * @param layer the path of the layer
 * @param shape the shape without the batch
 * @param values the numbers in row-major order
 */
public record Maps(String layer, Shape shape, float[] values) {
    /** Returns the numbers of a tensor [1, ..]. */
    static Maps of(String layer, Tensor y) {
        int[] dims = y.shape().toArray();
        return new Maps(layer, Shape.of(Arrays.copyOfRange(dims, 1, dims.length)), y.toArray());
    }

    /**
     * Returns the result of one layer for one example.
     *
     * @param x [1, ..]
     * @param layer its path, as in the model's summary; empty for the network's own result
     * @throws IllegalArgumentException if there is no such layer, or x is no single example
     */
    public static Maps of(Layer net, Tensor x, String layer) {
        LayerCalls.one(x);
        try (Pass pass = Pass.infer()) {
            return of(layer, LayerCalls.upTo(net, x, layer));
        }
    }

    /**
     * Returns the results of all layers for one example, in the order of the calls; a layer that calls others comes
     * after them. If a layer is called several times, the first call counts.
     *
     * @param x [1, ..]
     */
    public static List<Maps> all(Layer net, Tensor x) {
        LayerCalls.one(x);
        Map<String, Maps> all = new LinkedHashMap<>();
        try (Pass pass = Pass.infer()) {
            LayerCalls.run(net, x, (path, y) -> {
                if (y.shape().rank() > 1 && y.dim(0) == 1) {
                    all.putIfAbsent(path, of(path, y));
                }
            });
        }
        return new ArrayList<>(all.values());
    }

    /** Returns the number of channels. */
    public int channels() {
        return shape.dim(-1);
    }

    /** Returns the number of positions of each channel, which is 1 for vectors. */
    public int places() {
        return values.length / channels();
    }

    /** Returns one channel, position after position. */
    public float[] channel(int c) {
        float[] map = new float[places()];
        for (int i = 0; i < map.length; i++) {
            map[i] = values[i * channels() + c];
        }
        return map;
    }

    /** Returns the largest magnitude over the channels at each position, as one channel. */
    public Maps magnitude() {
        float[] most = new float[places()];
        for (int i = 0; i < values.length; i++) {
            most[i / channels()] = Math.max(most[i / channels()], Math.abs(values[i]));
        }
        return new Maps(layer, shape.with(-1, 1), most);
    }
}
