package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.plan.*;
import dev.fathom.recurrent.*;
import dev.fathom.tensor.Tensor;

/**
 * Says which character may come next: a vector for each character, an LSTM over them, and logits of its hidden states.
 */
record CharNet(Embedding in, Recurrent lstm, Linear out) implements Net {
    /** Logits of what follows each character, and the LSTM's hidden and cell state. */
    record Next(Tensor logits, Tensor h, Tensor c) {
        State state() {
            return new State(h, c);
        }
    }

    static CharNet of(int characters, int hidden) {
        return new CharNet(new Embedding(characters, 64), Recurrent.lstm(64, hidden), new Linear(hidden, characters));
    }

    /** Reads characters [n, length] on from this state, or from the beginning if it is null. */
    Next read(Tensor characters, State state) {
        Output read = lstm.run(in.apply(characters), state, null);
        return new Next(
                out.apply(read.steps()), read.state().hidden(), read.state().cell());
    }

    /** Freezes a step, which reads one character of each row; what is called h and c is carried to the next step. */
    static Plan freeze(Model<CharNet> model) {
        int hidden = model.net().lstm.settings().hidden();
        return Plan.freeze(
                model,
                (net, in) -> net.read(in[0], new State(in[1], in[2])),
                Spec.of("character", DType.I32, Dim.BATCH, 1),
                Spec.of("h", Dim.BATCH, 1, hidden).carried(),
                Spec.of("c", Dim.BATCH, 1, hidden).carried());
    }
}
