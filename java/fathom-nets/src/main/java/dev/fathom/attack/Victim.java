package dev.fathom.attack;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Objects;

/**
 * A classifier under attack. Its images are numbers in row-major order, one image behind the other.
 *
 * @param net from images [n, ..] to logits [n, classes]
 * @param image the shape of one image
 * @param low the blackest that a pixel can be
 * @param high the whitest that a pixel can be
 */
public record Victim(Layer net, Shape image, float low, float high) {
    /**
     * Checks the shape and the pixels.
     *
     * @throws IllegalArgumentException if an image has no dimension, or low is not below high, or one is infinite
     */
    public Victim {
        Objects.requireNonNull(net, "victim: the net is null");
        if (image.rank() == 0) {
            throw new IllegalArgumentException("victim: an image " + image + " has no dimension; give one at least");
        }
        if (!(low < high && Float.isFinite(high - low))) {
            throw new IllegalArgumentException(
                    "victim: pixels from " + low + " to " + high + "; give finite numbers, the lower one first");
        }
    }

    /**
     * What the network says of images.
     *
     * @param classes the likeliest class of each
     * @param confidence the probability that the network gives it
     */
    public record Answers(int[] classes, float[] confidence) {}

    /**
     * Returns as many images as {@code x} holds, [n, ..], as a batch of the current pass.
     *
     * @throws IllegalArgumentException if {@code x} holds no image, or a part of one
     */
    public Tensor batch(float... x) {
        if (x.length == 0 || x.length % image.size() != 0) {
            throw new IllegalArgumentException("victim: " + x.length + " numbers are not images " + image + " of "
                    + image.size() + " numbers; give whole images, one at least");
        }
        int[] dims = new int[image.rank() + 1];
        System.arraycopy(image.toArray(), 0, dims, 1, image.rank());
        dims[0] = (int) (x.length / image.size());
        return Tensor.of(x, dims);
    }

    /**
     * Returns the gradient of the cross-entropy with respect to the pixels of each image. The cross-entropy is the mean
     * over the images.
     *
     * @throws IllegalArgumentException if {@code x} is not one image for each label, or a label is no class
     */
    public float[] gradient(float[] x, int... labels) {
        check(x, labels);
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(batch(x));
            pass.backward(Loss.crossEntropy().of(net.apply(in), Tensor.ofInts(labels, labels.length)), in);
            return Objects.requireNonNull(pass.gradient(in)).toArray();
        }
    }

    /**
     * Returns what the network says of each image.
     *
     * @throws IllegalArgumentException if {@code x} holds no image, or a part of one
     */
    public Answers answers(float... x) {
        try (Pass pass = Pass.infer()) {
            Tensor p = net.apply(batch(x)).softmax(-1);
            return new Answers(p.argmax(-1).toIntArray(), p.max(-1).toArray());
        }
    }

    /** Refuses images and labels of which there are not equally many. */
    void check(float[] x, int... labels) {
        if (labels.length == 0 || x.length != labels.length * image.size()) {
            throw new IllegalArgumentException("victim: " + x.length + " numbers and " + labels.length
                    + " labels; give one label, and " + image.size() + " numbers, for each image " + image);
        }
    }

    /** The value between black and white that is nearest. */
    float clamp(float pixel) {
        return Math.max(low, Math.min(high, pixel));
    }

    /** White where the gradient is above 0, else black. */
    float extreme(float gradient) {
        return gradient > 0 ? high : low;
    }
}
