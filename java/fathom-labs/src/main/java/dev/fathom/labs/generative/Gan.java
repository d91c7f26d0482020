package dev.fathom.labs.generative;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A generator, which makes examples of noise, and a critic, which tells them from real ones. Where examples have
 * classes, both read the class as well: one-hot numbers beside the noise, and beside the channels of each pixel.
 *
 * @param latent how many numbers of noise the generator reads
 * @param classes how many classes there are; 0 where the nets do not know the class
 */
record Gan(Layer generator, Critic critic, int latent, int classes) implements Net {
    private static final int CHUNK = 250;

    /** Features of an example, and one number from them: the logit that it is real, or a height. */
    record Critic(Layer features, Layer head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(features.apply(x));
        }
    }

    /** Makes an example of each row of noise [n, latent]. */
    Tensor generate(Tensor noise, @Nullable Tensor labels) {
        return generator.apply(beside(noise, labels));
    }

    /** The examples with their classes beside them, as the critic reads them. */
    Tensor beside(Tensor x, @Nullable Tensor labels) {
        return classes == 0 || labels == null ? x : joined(x, labels.oneHot(classes));
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

    /** The numbers of {@code n} examples made of new noise; the classes follow one another. */
    static float[] samples(Model<Gan> model, int n, Rng rng) {
        Gan net = model.net();
        return samples(
                net,
                rng.normal(n * net.latent(), 0, 1),
                IntStream.range(0, n)
                        .map(i -> net.classes() == 0 ? 0 : i % net.classes())
                        .toArray());
    }

    /** The numbers of the examples made of this noise, one row after another. */
    static float[] samples(Gan net, float[] noise, int[] labels) {
        float[] all = {};
        for (int from = 0; from < labels.length; from += CHUNK) {
            int n = Math.min(CHUNK, labels.length - from);
            try (Pass pass = Pass.infer()) {
                float[] rows = new float[n * net.latent()];
                System.arraycopy(noise, from * net.latent(), rows, 0, rows.length);
                int[] classes = new int[n];
                System.arraycopy(labels, from, classes, 0, n);
                float[] made = net.generate(Tensor.of(rows, n, net.latent()), Tensor.ofInts(classes, n))
                        .toArray();
                if (from == 0) {
                    all = new float[made.length / n * labels.length];
                }
                System.arraycopy(made, 0, all, made.length / n * from, made.length);
            }
        }
        return all;
    }
}
