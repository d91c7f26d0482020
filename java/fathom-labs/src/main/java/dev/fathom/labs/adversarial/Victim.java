package dev.fathom.labs.adversarial;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Objects;

/**
 * A classifier under attack. Images are in row-major order, one behind the other.
 *
 * @param image the shape of one image
 * @param low the blackest that a pixel can be
 * @param high the whitest that a pixel can be
 */
public record Victim(Layer net, Shape image, float low, float high) {
    /** What the network says of images: the class, and how sure it is. */
    public record Answers(int[] classes, float[] confidence) {}

    /** As many images as {@code x} holds, as a batch of the current pass. */
    Tensor batch(float... x) {
        int[] dims = new int[image.rank() + 1];
        System.arraycopy(image.toArray(), 0, dims, 1, image.rank());
        dims[0] = (int) (x.length / image.size());
        return Tensor.of(x, dims);
    }

    /** The gradient of the cross-entropy by the pixels of each image, which is the mean over the images. */
    float[] gradient(float[] x, int... labels) {
        try (Pass pass = Pass.grad()) {
            Tensor in = pass.watch(batch(x));
            pass.backward(Loss.crossEntropy().of(net.apply(in), Tensor.ofInts(labels, labels.length)), in);
            return Objects.requireNonNull(pass.gradient(in)).toArray();
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

    /** What the network says of each image. */
    public Answers answers(float... x) {
        try (Pass pass = Pass.infer()) {
            Tensor p = net.apply(batch(x)).softmax(-1);
            return new Answers(p.argmax(-1).toIntArray(), p.max(-1).toArray());
        }
    }
}
