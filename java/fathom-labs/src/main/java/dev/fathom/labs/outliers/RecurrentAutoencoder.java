package dev.fathom.labs.outliers;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.recurrent.Recurrent.Skip;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * An LSTM that reads a window x [n, t, columns], and one that writes it again from the last row to the first (Kieu et
 * al. 2019). The hidden state after the last row is the code. The decoder begins with it; at each step it reads the row
 * that it wrote last.
 *
 * @param encoder from columns to hidden units, with connections that skip steps
 * @param decoder from columns to hidden units, one step at a time
 * @param skip the decoder's connections that skip steps
 * @param out from hidden units to columns
 */
record RecurrentAutoencoder(Recurrent encoder, Recurrent decoder, Skip skip, Linear out) implements Net {
    /** The connections that skip steps, of which what goes into a step is (w1 h[t - 1] + w2 h[t - L]) / (w1 + w2). */
    enum Cell {
        /** Recurrent skip connections: w1 = w2 = 1 at every step. */
        RSCN("RSCN"),
        /** Sparse connections: one of (1, 0), (0, 1) and (1, 1) at each step, drawn once. */
        SPARSE("S-RNN");

        private final String label;

        Cell(String label) {
            this.label = label;
        }

        /** The name of it in the paper. */
        String label() {
            return label;
        }

        private Skip skip(int lag, long seed) {
            return new Skip(lag, this == RSCN ? null : seed);
        }
    }

    /** The hidden units of the paper, and its longest skip. */
    static final int HIDDEN = 8;

    static final int MOST_LAG = 10;

    /** Makes a member with a skip length of its own, 1 to 10, and draws of its own. */
    static RecurrentAutoencoder of(int columns, Cell cell, Rng rng) {
        int lag = 1 + rng.split("lag").ints(1, MOST_LAG)[0];
        long draws = rng.split("draws").ints(1, Integer.MAX_VALUE)[0];
        Recurrent encoder = Recurrent.lstm(columns, HIDDEN);
        return new RecurrentAutoencoder(
                cell == Cell.RSCN ? encoder.skip(lag) : encoder.skip(lag, draws),
                Recurrent.lstm(columns, HIDDEN),
                cell.skip(lag, draws + 1),
                new Linear(HIDDEN, columns));
    }

    /** Reads x [n, t, columns]: the code [n, hidden]. */
    Tensor code(Tensor x) {
        return encoder.run(x).last();
    }

    /** Writes t rows from a code [n, hidden]: [n, t, columns], in the order of time. */
    Tensor rows(Tensor code, int t) {
        float[] draws = skip.seed() == null ? new float[0] : new Rng(skip.seed()).uniform(t, 0, 3);
        List<Tensor> hidden = new ArrayList<>(List.of(code.unsqueeze(1)));
        Tensor cell = Tensor.zeros(hidden.get(0).shape());
        Tensor row = out.apply(hidden.get(0));
        Tensor[] rows = new Tensor[t];
        for (int s = 0; s < t; s++) {
            Tensor last = hidden.get(s);
            Tensor past = hidden.get(Math.max(0, s + 1 - skip.lag())); // before the first step there is the code
            Tensor state = draws.length == 0 || draws[s] >= 2 ? last.add(past).mul(0.5f) : draws[s] < 1 ? last : past;
            Output step = decoder.run(row, State.of("hidden", state, "cell", cell));
            hidden.add(step.state().get("hidden"));
            cell = step.state().get("cell");
            row = out.apply(step.steps());
            rows[t - 1 - s] = row;
        }
        return Tensor.concat(1, rows);
    }

    /** Writes x again. */
    Tensor again(Tensor x) {
        return rows(code(x), x.dim(1));
    }
}
