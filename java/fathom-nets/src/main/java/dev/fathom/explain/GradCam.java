package dev.fathom.explain;

import dev.fathom.nn.Layer;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * max(sum over channels c of a_c A_c, 0), where A are a layer's maps and a_c is the mean over all positions of d score
 * / d A_c. It shows which positions of the layer speak for a class (Selvaraju et al. 2017). It is coarse and specific
 * to the class, while {@link Saliency} is fine and scattered.
 */
public final class GradCam {
    private GradCam() {}

    /**
     * Returns the map [.., 1], one number for each position of the layer.
     *
     * @param x one example [1, ..]
     * @param layer the path of a layer that makes maps, usually the last one before pooling
     * @param output the number of the result of the network to explain
     * @throws IllegalArgumentException if there is no such layer or output, the layer makes no maps, or x is not a
     *     single example
     * @throws IllegalStateException if the score does not depend on the layer
     */
    public static Maps of(Layer net, Tensor x, String layer, int output) {
        LayerCalls.one(x);
        try (Pass pass = Pass.grad()) {
            Set<String> seen = new LinkedHashSet<>();
            Tensor[] watched = new Tensor[1];
            Maps[] maps = new Maps[1];
            Tensor y = LayerCalls.run(net, pass.watch(x), (path, a) -> {
                if (seen.add(path) && path.equals(layer)) {
                    watched[0] = pass.watch(a);
                    maps[0] = Maps.of(layer, a);
                }
            });
            if (watched[0] == null) {
                throw LayerCalls.unknown(layer, seen);
            }
            if (maps[0].shape().rank() < 2) {
                throw new IllegalArgumentException("explain: layer " + layer + " makes " + maps[0].shape()
                        + " of an example and no maps; choose one before the places are joined");
            }
            pass.backward(Unit.output(output).value(y), watched[0]);
            return weighted(maps[0], Maps.of(layer, LayerCalls.gradient(pass, watched[0])));
        }
    }

    private static Maps weighted(Maps a, Maps gradient) {
        int channels = a.channels();
        double[] weights = new double[channels];
        for (int i = 0; i < gradient.values().length; i++) {
            weights[i % channels] += gradient.values()[i] / (double) a.places();
        }
        float[] map = new float[a.places()];
        for (int p = 0; p < map.length; p++) {
            double sum = 0;
            for (int c = 0; c < channels; c++) {
                sum += weights[c] * a.values()[p * channels + c];
            }
            map[p] = (float) Math.max(sum, 0);
        }
        Shape shape = a.shape().with(-1, 1);
        return new Maps(a.layer(), shape, map);
    }
}
