package dev.fathom.explain;

import dev.fathom.nn.Layer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The responses of a layer to many images, which may differ in size: for each image and channel the largest value with
 * its position, and the mean over all positions. The largest values show what a channel responds to (Zeiler and Fergus
 * 2014, figure 2). The means are the features of an image, by which its nearest neighbors are found.
 */
public final class Responses {
    private final String layer;
    private final List<float[]> peaks = new ArrayList<>();
    private final List<int[]> places = new ArrayList<>();
    private final List<float[]> means = new ArrayList<>();
    /** How many positions a row of each image's maps has. */
    private final List<Integer> widths = new ArrayList<>();

    private Responses(String layer) {
        this.layer = layer;
    }

    /**
     * A channel's largest response to an image.
     *
     * @param image the number of the image
     * @param row the row of the position; 0 for vectors
     * @param column the column of the position; 0 for vectors
     * @param value the value at the position
     */
    public record Peak(int image, int row, int column, float value) {}

    /**
     * An image, and the distance of its features from those asked for.
     *
     * @param image the number of the image
     * @param distance the Euclidean distance
     */
    public record Neighbor(int image, double distance) {}

    /**
     * Runs all images through the network once.
     *
     * @param images the number of images
     * @param image makes image number i in the current pass, [1, ..]
     * @param layers the paths of the layers to look at; the empty path is the network's own result
     * @return the responses of each layer, in the order of {@code layers}
     * @throws IllegalArgumentException if there is no such layer, or there are no images
     */
    public static List<Responses> of(Layer net, int images, IntFunction<Tensor> image, List<String> layers) {
        if (images < 1) {
            throw new IllegalArgumentException("responses: there is no image; give at least one");
        }
        Map<String, Responses> all = new LinkedHashMap<>();
        layers.forEach(l -> all.put(l, new Responses(l)));
        for (int i = 0; i < images; i++) {
            int n = i;
            Map<String, Boolean> seen = new LinkedHashMap<>();
            try (Pass pass = Pass.infer()) {
                Tensor x = image.apply(i);
                LayerCalls.one(x);
                LayerCalls.run(net, x, (path, y) -> {
                    Responses r = all.get(path);
                    if (seen.put(path, true) == null && r != null) {
                        r.add(Maps.of(path, y), y.shape().rank() == 4 ? y.dim(2) : Integer.MAX_VALUE);
                    }
                });
            }
            all.forEach((layer, responses) -> {
                if (responses.size() != n + 1) {
                    throw LayerCalls.unknown(layer, seen.keySet());
                }
            });
        }
        return layers.stream().map(all::get).toList();
    }

    private void add(Maps maps, int across) {
        int channels = maps.channels();
        float[] peak = new float[channels];
        int[] place = new int[channels];
        double[] sum = new double[channels];
        Arrays.fill(peak, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < maps.values().length; i++) {
            int c = i % channels;
            float v = maps.values()[i];
            sum[c] += v;
            if (v > peak[c]) {
                peak[c] = v;
                place[c] = i / channels;
            }
        }
        float[] mean = new float[channels];
        for (int c = 0; c < channels; c++) {
            mean[c] = (float) (sum[c] / maps.places());
        }
        widths.add(across);
        peaks.add(peak);
        places.add(place);
        means.add(mean);
    }

    /** Returns the path of the layer. */
    public String layer() {
        return layer;
    }

    /** Returns the number of images. */
    public int size() {
        return peaks.size();
    }

    /** Returns the number of channels of the layer. */
    public int channels() {
        return peaks.get(0).length;
    }

    /** Returns the images to which a channel responds most, the largest response first, each with its position. */
    public List<Peak> top(int channel, int count) {
        return IntStream.range(0, size())
                .mapToObj(i -> new Peak(
                        i,
                        places.get(i)[channel] / widths.get(i),
                        places.get(i)[channel] % widths.get(i),
                        peaks.get(i)[channel]))
                .sorted(Comparator.comparingDouble(p -> -p.value))
                .limit(count)
                .toList();
    }

    /**
     * Returns the channels whose largest responses vary most from image to image, measured by their standard deviation:
     * they distinguish images best.
     */
    public List<Integer> mostActive(int count) {
        double[] deviation = new double[channels()];
        for (int c = 0; c < deviation.length; c++) {
            double mean = 0;
            for (float[] p : peaks) {
                mean += p[c] / (double) size();
            }
            for (float[] p : peaks) {
                deviation[c] += (p[c] - mean) * (p[c] - mean);
            }
        }
        return IntStream.range(0, deviation.length)
                .boxed()
                .sorted(Comparator.comparingDouble(c -> -deviation[c]))
                .limit(count)
                .toList();
    }

    /** Returns the features of an image, which are the means of the channels. */
    public float[] features(int image) {
        return means.get(image).clone();
    }

    /**
     * Returns the images whose features are nearest, the nearest first.
     *
     * @param features one number for each channel, such as {@link #features} of one of these or of another set
     * @throws IllegalArgumentException if the number of features is not that of the channels
     */
    public List<Neighbor> nearest(float[] features, int count) {
        if (features.length != channels()) {
            throw new IllegalArgumentException("responses: " + features.length + " features for layer " + layer + " of "
                    + channels() + " channels; give one for each");
        }
        return IntStream.range(0, size())
                .mapToObj(i -> new Neighbor(i, Math.sqrt(Vectors.squaredDistance(features, means.get(i)))))
                .sorted(Comparator.comparingDouble(Neighbor::distance))
                .limit(count)
                .toList();
    }
}
