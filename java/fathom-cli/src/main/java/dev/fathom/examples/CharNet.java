package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.op.DType;
import dev.fathom.plan.*;
import dev.fathom.recurrent.*;
import dev.fathom.tensor.*;

/**
 * Says which character may come next: a vector for each character, an LSTM over them, and logits of its hidden states.
 */
record CharNet(Embedding in, Recurrent lstm, Linear out) implements Net {
    static CharNet of(int characters, int hidden) {
        return new CharNet(new Embedding(characters, 64), Recurrent.lstm(64, hidden), new Linear(hidden, characters));
    }

    /** Reads characters [n, length] on from a state: logits of what follows each of them, and the LSTM's state. */
    Next step(Tensor characters, State state) {
        Output read = lstm.run(in.apply(characters), state);
        return new Next(out.apply(read.steps()), read.state());
    }

    /** Freezes a step, which reads one character of each row; the state goes on to the next step. */
    static Plan freeze(Model<CharNet> model) {
        return Plan.freeze(
                model,
                (net, in, state) -> net.step(in[0], state),
                net -> net.lstm.state(1),
                Spec.of("character", DType.I32, Dim.BATCH, 1));
    }
}
