package dev.fathom.labs.generative;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nets.DiagonalGaussian;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;

/**
 * A variational auto-encoder (Kingma and Welling 2014): q(z|x) = N(m(x), diag(s(x)^2)), p(z) = N(0, I), and p(x|z) with
 * independent pixels, which are on with the probabilities sigmoid(decoder(z)).
 *
 * @param encoder from x [n, pixels] to m and log s^2 side by side [n, 2 latent]
 * @param decoder from z [n, latent] to logits [n, pixels]
 */
record Vae(Layer encoder, Layer decoder, int latent) implements Net {
    /** The nets of one hidden layer each. */
    Vae(int pixels, int hidden, int latent) {
        this(
                new Sequential(new Linear(pixels, hidden).act(RELU), new Linear(hidden, 2 * latent)),
                new Sequential(new Linear(latent, hidden).act(RELU), new Linear(hidden, pixels)),
                latent);
    }

    /** Training that raises the bound, with its two parts as metrics. */
    static Trainer<Vae> trainer(Model<Vae> model) {
        return Trainer.custom(model, new Adam(1e-3f), (vae, batch) -> {
                    Tensor parts = vae.bound(batch.x());
                    Tensor means = parts.mean(0);
                    Tensor loss = means.slice(0, 1, 2).sub(means.slice(0, 0, 1)).sum();
                    return new Step.Result(loss, parts);
                })
                .metrics(
                        Metric.higherIsBetter("reconstruction", (parts, y) -> Metric.Sum.of(parts.slice(1, 0, 1))),
                        Metric.lowerIsBetter("kl", (parts, y) -> Metric.Sum.of(parts.slice(1, 1, 2))));
    }

    /** The probabilities of the pixels for codes one after another. */
    float[] decoded(float[] codes) {
        try (Pass pass = Pass.infer()) {
            return decoder.apply(Tensor.of(codes, codes.length / latent, latent))
                    .sigmoid()
                    .toArray();
        }
    }

    /** The probabilities of the pixels for draws of N(0, I). */
    float[] samples(int n, Rng rng) {
        return decoded(rng.normal(n * latent, 0, 1));
    }

    /** What the encoder says of images. */
    DiagonalGaussian encode(Tensor x) {
        return DiagonalGaussian.of(encoder.apply(x));
    }

    /** log p(x|z) [n]. */
    Tensor logLikelihood(Tensor x, Tensor z) {
        return Loss.bceWithLogits().each(decoder.apply(z), x).sum(1).neg();
    }

    /**
     * The evidence lower bound in its two parts, [n, 2]: log p(x|z) for one draw of z, and the divergence, of which the
     * first less the second is the bound.
     */
    Tensor bound(Tensor x) {
        DiagonalGaussian q = encode(x);
        return Tensor.stack(1, logLikelihood(x, q.draw()), q.divergence());
    }

    /**
     * log p(x) [n], estimated from below by the mean of p(x, z) / q(z|x) over draws of z from q (Burda et al. 2016).
     */
    Tensor importance(Tensor x, int draws) {
        DiagonalGaussian q = encode(x);
        Tensor[] weights = new Tensor[draws];
        for (int i = 0; i < draws; i++) {
            Tensor z = q.draw();
            Tensor prior = z.square().sum(1).mul(-0.5f);
            weights[i] = logLikelihood(x, z).add(prior).sub(q.unscaledLogDensity(z));
        }
        return Tensor.stack(1, weights).logSumExp(1).sub((float) Math.log(draws));
    }
}
