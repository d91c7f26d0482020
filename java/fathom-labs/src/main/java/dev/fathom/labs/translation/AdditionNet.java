package dev.fathom.labs.translation;

import dev.fathom.experiments.data.Additions;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;

/**
 * The network of Keras's addition_rnn: an LSTM reads the characters of a question one-hot, its last hidden state is
 * repeated for each character of the answer, and a second LSTM reads these copies and writes the answer. There is no
 * stop symbol: answers are padded with blanks.
 */
record AdditionNet(Recurrent encoder, Recurrent decoder, Linear out) implements Layer {
    /** A network of {@code hidden} cells a layer, whose forget gates start with a bias of 1, as in Keras. */
    AdditionNet(int hidden) {
        this(
                Recurrent.lstm(Additions.CHARACTERS, hidden).biases(1).forgetBias(1),
                Recurrent.lstm(hidden, hidden).biases(1).forgetBias(1),
                new Linear(hidden, Additions.CHARACTERS));
    }

    /** Questions [n, {@value Additions#QUESTION}] to logits [n, {@value Additions#ANSWER}, characters]. */
    @Override
    public Tensor forward(Tensor questions) {
        Tensor state = encoder.run(questions.oneHot(Additions.CHARACTERS)).last();
        int n = state.dim(0);
        int width = state.dim(1);
        return out.apply(decoder.apply(state.reshape(n, 1, width).expand(n, Additions.ANSWER, width)));
    }
}
