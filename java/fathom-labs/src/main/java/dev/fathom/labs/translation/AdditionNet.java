package dev.fathom.labs.translation;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;

/**
 * The network of Keras's addition_rnn: an LSTM reads the characters of a question one-hot, its last hidden state is repeated for each character of the
 * answer, and a second LSTM reads that and says the answer. There is no stop symbol: answers are filled up with blanks.
 */
record AdditionNet(Recurrent encoder, Recurrent decoder, Linear out) implements Layer {
    /** Of {@code hidden} cells a layer, which begin by remembering, as Keras's do. */
    AdditionNet(int hidden) {
        this(
                Recurrent.lstm(Sums.CHARACTERS, hidden).biases(1).forgetBias(1),
                Recurrent.lstm(hidden, hidden).biases(1).forgetBias(1),
                new Linear(hidden, Sums.CHARACTERS));
    }

    /** Questions [n, {@value Sums#QUESTION}] to logits [n, {@value Sums#ANSWER}, characters]. */
    @Override
    public Tensor forward(Tensor questions) {
        Tensor meaning = encoder.run(questions.oneHot(Sums.CHARACTERS)).last();
        int n = meaning.dim(0);
        int width = meaning.dim(1);
        return out.apply(decoder.apply(meaning.reshape(n, 1, width).expand(n, Sums.ANSWER, width)));
    }
}
