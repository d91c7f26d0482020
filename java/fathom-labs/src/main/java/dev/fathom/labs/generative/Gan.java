package dev.fathom.labs.generative;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;

/**
 * A generator, which makes examples of noise, and a critic, which tells them from real ones. Where examples have
 * classes, both read the class as well: one-hot numbers beside the noise, and beside the channels of each pixel.
 *
 * @param latent how many numbers of noise the generator reads
 * @param classes how many classes there are; 0 where the nets do not know the class
 */
record Gan(Layer generator, Critic critic, int latent, int classes) implements Net {
    /** Features of an example, and one number from them: the logit that it is real, or a height. */
    record Critic(Layer features, Layer head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(features.apply(x));
        }
    }

    /** Makes an example of each row of noise [n, latent]. */
    Tensor generate(Tensor noise, Tensor labels) {
        return generator.apply(beside(noise, labels));
    }

    /** The examples with their classes beside them, as the critic reads them. */
    Tensor beside(Tensor x, Tensor labels) {
        return classes == 0 ? x : joined(x, labels.oneHot(classes));
    }

    /**
     * The numbers [n, k] as more numbers of x [n, width], or as more channels of every place of x [n, height, width,
     * channels].
     */
    static Tensor joined(Tensor x, Tensor condition) {
        int n = x.dim(0);
        int k = condition.dim(1);
        return x.shape().rank() == 2
                ? Tensor.concat(1, x, condition)
                : Tensor.concat(3, x, condition.reshape(n, 1, 1, k).expand(n, x.dim(1), x.dim(2), k));
    }

    /** The classes of {@code n} examples, which follow one another; 0 where the nets do not know the class. */
    int[] labels(int n) {
        return IntStream.range(0, n).map(i -> i % Math.max(1, classes)).toArray();
    }

    /** The numbers of {@code n} examples made of new noise. */
    float[] samples(int n, Rng rng) {
        return samples(rng.normal(n * latent, 0, 1), labels(n));
    }

    /** The numbers of the examples made of this noise, one row after another. */
    float[] samples(float[] noise, int... labels) {
        try (Pass pass = Pass.infer()) {
            int n = labels.length;
            return generate(Tensor.of(noise, n, latent), Tensor.ofInts(labels, n))
                    .toArray();
        }
    }
}
