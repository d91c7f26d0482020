package dev.fathom.labs.memory;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;

/** A network that answers at every step of a sequence. */
interface Sequencer extends Net {
    /** The outputs [n, t, out] for inputs x [n, t, in]. */
    Tensor outputs(Tensor x);

    /**
     * A recurrent layer with a linear layer on its states.
     *
     * @param cell the recurrent layer
     * @param out the linear layer
     */
    record Plain(Recurrent cell, Linear out) implements Sequencer {
        @Override
        public Tensor outputs(Tensor x) {
            return out.apply(cell.run(x).steps());
        }
    }
}
