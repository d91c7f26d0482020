package dev.fathom.labs.outliers;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;

/**
 * An LSTM that reads a window x [n, t, columns], and one that writes it again from the last row to the first (Kieu et
 * al. 2019). What the first one remembers after the last row is the code.
 *
 * <p>The decoder reads nothing but its own state. In the paper it also reads the row that it wrote last, which is a
 * linear function of its state and so of what the recurrent weights can add by themselves.
 *
 * @param encoder from columns to hidden units
 * @param decoder from a constant to hidden units
 * @param out from hidden units to columns
 */
record RecurrentAutoencoder(Recurrent encoder, Recurrent decoder, Linear out) implements Net {
    /** The connections that skip steps. */
    enum Cell {
        /** Both connections at every step: (h[t - 1] + h[t - L]) / 2. */
        BOTH,
        /** One of h[t - 1], h[t - L] and their mean at each step, drawn once. */
        DRAWN;

        private Recurrent on(Recurrent net, int lag, long seed) {
            return this == BOTH ? net.skip(lag) : net.skip(lag, seed);
        }
    }

    /** The hidden units of the paper, and its longest skip. */
    static final int HIDDEN = 8;

    static final int MOST_LAG = 10;

    /** Makes a member with a skip length of its own, 1 to 10, and draws of its own. */
    static RecurrentAutoencoder of(int columns, Cell cell, Rng rng) {
        int lag = 1 + rng.split("lag").ints(1, MOST_LAG)[0];
        long draws = rng.split("draws").ints(1, Integer.MAX_VALUE)[0];
        return new RecurrentAutoencoder(
                cell.on(Recurrent.lstm(columns, HIDDEN), lag, draws),
                cell.on(Recurrent.lstm(1, HIDDEN), lag, draws + 1),
                new Linear(HIDDEN, columns));
    }

    /** Reads x [n, t, columns] and remembers it. */
    State code(Tensor x) {
        return encoder.run(x).state();
    }

    /** Writes t rows from a code: [n, t, columns], in the order of time. */
    Tensor rows(State code, int t) {
        Tensor nothing = Tensor.zeros(code.get("hidden").dim(0), t, 1);
        return out.apply(decoder.run(nothing, code).steps()).flip(1);
    }

    /** Writes x again. */
    Tensor again(Tensor x) {
        return rows(code(x), x.dim(1));
    }
}
