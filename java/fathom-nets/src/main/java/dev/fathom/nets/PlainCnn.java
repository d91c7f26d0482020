package dev.fathom.nets;

import static dev.fathom.op.Activation.TANH;

import dev.fathom.nn.AvgPool;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Checks;
import dev.fathom.op.PadMode;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.util.ArrayList;
import java.util.List;

/**
 * The convolutional network of Xiao et al. 2018 (Dynamical isometry and a mean field theory of CNNs) for images [n, h,
 * w, c]: no normalization and no shortcut, tanh after every convolution, and trained at a depth of 10,000 by its
 * initialization alone. Padding is circular. The sizes are those of the demonstration beside the paper
 * (brain-research/mean-field-cnns).
 *
 * @param stem convolutions to {@code width} maps, of which two halve the image
 * @param body {@code depth} convolutions of 3 x 3, in about sqrt(depth) stages of as many each
 * @param linear classes from the mean of each map
 */
public record PlainCnn(Sequential stem, Sequential body, Linear linear) implements Layer {
    private static final int MOST = 100_000;

    /**
     * Makes a network with delta-orthogonal weights, at the critical point whose variance is 1 / depth.
     *
     * @throws IllegalArgumentException if a size is below 1, the depth is above 100,000, or there are more channels
     *     than maps
     */
    public PlainCnn(int channels, int width, int depth, int classes) {
        this(channels, width, depth, classes, Init.deltaOrthogonal(field(depth).gain()));
    }

    /**
     * Makes a network whose body has weights that begin as {@code init} says. Those of the stem are Gaussian, and all
     * biases begin as at the critical point.
     */
    public PlainCnn(int channels, int width, int depth, int classes, Initializer init) {
        this(stem(channels, width, depth), body(width, depth, init), linear(width, classes));
    }

    /** Returns the critical point of {@code depth} layers, whose variance is 1 / depth. */
    public static MeanField field(int depth) {
        if (depth < 1 || depth > MOST) {
            throw new IllegalArgumentException("PlainCnn: depth=" + depth + " must be in 1 to " + MOST);
        }
        return MeanField.critical(1.0 / depth);
    }

    private static Sequential stem(int channels, int width, int depth) {
        if (channels > width) {
            throw new IllegalArgumentException("PlainCnn: " + channels + " channels do not fit into " + width
                    + " maps without loss; give width >= channels");
        }
        MeanField field = field(depth);
        return new Sequential( //                                        28 x 28
                conv(channels, width, 1, field, field.gaussian()),
                conv(width, width, 2, field, field.gaussian()), //       14 x 14
                conv(width, width, 2, field, field.gaussian())); //       7 x 7
    }

    private static Sequential body(int width, int depth, Initializer init) {
        MeanField field = field(depth);
        int size = (int) Math.ceil(Math.sqrt(depth));
        List<Layer> stages = new ArrayList<>();
        for (int from = 0; from < depth; from += size) {
            Layer[] stage = new Layer[Math.min(size, depth - from)];
            for (int i = 0; i < stage.length; i++) {
                stage[i] = conv(width, width, 1, field, init);
            }
            stages.add(new Sequential(stage));
        }
        return new Sequential(stages);
    }

    private static Conv conv(int in, int out, int stride, MeanField field, Initializer init) {
        return new Conv(in, out, 3)
                .stride(stride)
                .pad(1)
                .withWeight(init)
                .withBias(field.bias())
                .edges(PadMode.CIRCULAR)
                .act(TANH);
    }

    private static Linear linear(int width, int classes) {
        return new Linear(width, classes, Init.normal(0, (float) Math.sqrt(1.0 / width))).withBias(Init.zeros());
    }

    /**
     * Returns this network with a body that keeps only the results of its stages for backward and computes the layers
     * inside them again. This takes memory for 2 sqrt(depth) layers instead of depth, and a third more work.
     * Parameters, their names and the gradients are the same.
     */
    public PlainCnn recomputed() {
        List<Layer> stages = body.layers().stream()
                .<Layer>map(stage -> stage instanceof Recompute ? stage : new Recompute(stage))
                .toList();
        return Records.with(this, "body", new Sequential(stages));
    }

    /**
     * Returns the form of this network in which one of {@code depth} layers learns fastest. Signals have variance 1 /
     * depth, and the weights of the last layer make up for it. The biases of the body are left out: they have next to
     * no variance at this depth, but act in every layer. The network sees images of 1 / factor of the height and width.
     *
     * @throws IllegalArgumentException if the depth or the factor is below 1
     */
    public PlainCnn deep(int depth, int factor) {
        int width = linear.weight().shape().dim(1);
        int classes = linear.weight().shape().dim(0);
        Checks.positive("PlainCnn.deep", "depth", depth);
        Initializer init = Init.normal(0, (float) Math.sqrt((double) depth / width));
        return new PlainCnn(
                new Sequential(new AvgPool(factor), stem),
                unbiased(body),
                new Linear(width, classes, init).withBias(Init.zeros()));
    }

    private static Sequential unbiased(Sequential layers) {
        return new Sequential(layers.layers().stream()
                .map(layer -> layer instanceof Sequential stage
                        ? unbiased(stage)
                        : layer instanceof Conv conv ? conv.withoutBias() : layer)
                .toList());
    }

    @Override
    public Tensor forward(Tensor x) {
        return linear.apply(body.apply(stem.apply(x)).mean(1, 2));
    }
}
