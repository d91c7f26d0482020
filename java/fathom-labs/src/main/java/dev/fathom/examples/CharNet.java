package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.nn.Net;
import dev.fathom.recurrent.*;
import dev.fathom.tensor.Tensor;

/** Says which character may come next: a vector for each character, an LSTM over them, and logits of its hidden states. */
record CharNet(Embedding in, Recurrent lstm, Linear out) implements Net {
    static CharNet of(int characters, int hidden) {
        return new CharNet(new Embedding(characters, 64), Recurrent.lstm(64, hidden), new Linear(hidden, characters));
    }

    /** Reads characters [n, length] on from this state, or from the beginning if it is null. */
    Output run(Tensor characters, State state) {
        return lstm.run(in.apply(characters), state, null);
    }

    Tensor logits(Tensor hidden) {
        return out.apply(hidden);
    }
}
