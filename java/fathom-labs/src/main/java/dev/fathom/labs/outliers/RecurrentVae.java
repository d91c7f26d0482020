package dev.fathom.labs.outliers;

import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.nets.DiagonalGaussian;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;

/**
 * A recurrent variational auto-encoder: q(z|x) = N(m, diag(s^2)) of the last state of an LSTM, p(z) = N(0, I), and rows
 * with deviation 1 around what a recurrent decoder writes.
 *
 * @param coder reads windows, and writes them from z
 * @param both from the last state to m and log s^2 side by side
 */
record RecurrentVae(RecurrentAutoencoder coder, Linear both) implements Net {
    static RecurrentVae of(int columns, Rng rng) {
        int hidden = RecurrentAutoencoder.HIDDEN;
        return new RecurrentVae(RecurrentAutoencoder.of(columns, Cell.SPARSE, rng), new Linear(hidden, 2 * hidden));
    }

    private DiagonalGaussian posterior(Tensor x) {
        return DiagonalGaussian.of(both.apply(coder.code(x)));
    }

    /**
     * The negative evidence lower bound of a number of x, without its constant: (|x - again(z)|^2 / 2 + KL) / (t d).
     */
    Tensor loss(Tensor x) {
        DiagonalGaussian q = posterior(x);
        Tensor error =
                RecurrentEnsemble.error(coder.rows(q.draw(), x.dim(1)), x).mul(0.5f);
        return error.add(q.divergence().mean().mul(1f / (x.dim(1) * x.dim(2))));
    }

    /** Writes x again from the mean of its code. */
    Tensor again(Tensor x) {
        return coder.rows(posterior(x).mean(), x.dim(1));
    }
}
