package dev.fathom.nets;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * For each example a distribution q = N(m, diag(s^2)) whose mean and variances a network computes, such as what the
 * encoder of a variational auto-encoder says of its code (Kingma and Welling 2014). Gradients pass through all of it:
 *
 * <pre>{@code
 * DiagonalGaussian q = DiagonalGaussian.of(encoder.apply(x)); // of [n, 2 d]
 * Tensor loss = Loss.mse().of(decoder.apply(q.draw()), x).add(q.divergence().mean());
 * }</pre>
 *
 * @param mean m [n, d]
 * @param logVariance log s^2 [n, d]
 */
public record DiagonalGaussian(Tensor mean, Tensor logVariance) {
    /**
     * Checks the shapes.
     *
     * @throws IllegalArgumentException if the two are not of one shape [n, d]
     */
    public DiagonalGaussian {
        if (mean.shape().rank() != 2 || !mean.shape().equals(logVariance.shape())) {
            throw new IllegalArgumentException("diagonal_gaussian: means " + mean.shape() + " and logarithms "
                    + logVariance.shape() + " of variances; give both as [n, d]");
        }
    }

    /**
     * Takes the first half of each row as the mean and the second half as the logarithm of the variance.
     *
     * @param both [n, 2 d]
     * @throws IllegalArgumentException if it is not [n, 2 d]
     */
    public static DiagonalGaussian of(Tensor both) {
        if (both.shape().rank() != 2 || both.dim(1) % 2 != 0) {
            throw new IllegalArgumentException("diagonal_gaussian: " + both.shape()
                    + " has no two halves; give means and logarithms of variances side by side, [n, 2 d]");
        }
        int d = both.dim(1) / 2;
        return new DiagonalGaussian(both.slice(1, 0, d), both.slice(1, d, 2 * d));
    }

    /**
     * Returns z = m + s e [n, d] with e from N(0, I), by the random numbers of the current pass: the draw of e does not
     * depend on the parameters, so gradients pass through m and s (reparameterization).
     */
    public Tensor draw() {
        Tensor noise = Pass.current().randn(mean.dim(0), mean.dim(1));
        return mean.add(logVariance.mul(0.5f).exp().mul(noise));
    }

    /** Returns KL(q || N(0, I)) [n] = the sum of (m^2 + s^2 - log s^2 - 1) / 2 over the d numbers, in nats. */
    public Tensor divergence() {
        Tensor squares = mean.square().add(logVariance.exp());
        return squares.sub(logVariance).sub(1).sum(1).mul(0.5f);
    }

    /**
     * Returns log q(z) [n], but for the constant -d/2 log 2π, which it shares with all Gaussians of d numbers: a ratio
     * of densities does not need it.
     *
     * @param z [n, d]
     */
    public Tensor unscaledLogDensity(Tensor z) {
        Tensor squares = z.sub(mean).square().mul(logVariance.neg().exp());
        return squares.add(logVariance).sum(1).mul(-0.5f);
    }
}
