package dev.fathom.labs.pairs;

import dev.fathom.data.Batch;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Scene;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.tree.Inline;

/** Makes a code of {@value #CODE} numbers of an example: of its picture, or of its English caption. */
sealed interface PairEncoder extends Net {
    /** The width of a code. */
    int CODE = 64;

    /** The codes [n, {@value #CODE}] of a batch. */
    Tensor code(Batch batch);

    /** Reads the picture by layers. */
    record OfPicture(@Inline Layer layers) implements PairEncoder {
        @Override
        public Tensor code(Batch batch) {
            return layers.apply(batch.get("picture"));
        }
    }

    /** Reads the caption by an LSTM, whose last state is the code. */
    record OfSentence(Embedding words, Recurrent lstm) implements PairEncoder {
        @Override
        public Tensor code(Batch batch) {
            return lstm.run(words.apply(batch.get("caption")), State.EMPTY, batch.lengths("caption"))
                    .last();
        }
    }

    /** The mean of the vectors of the caption's words, in whatever order they are. */
    record OfWords(Embedding words) implements PairEncoder {
        @Override
        public Tensor code(Batch batch) {
            Tensor sum = words.apply(batch.get("caption")).sum(1); // the vector of the padding is 0
            return sum.div(batch.lengths("caption").to(sum.dtype()).unsqueeze(1));
        }
    }

    /** The mean of the vectors of the stored pictures that are nearest to the picture. */
    record OfNeighbors(Embedding stored) implements PairEncoder {
        @Override
        public Tensor code(Batch batch) {
            return stored.apply(batch.get("neighbors")).mean(1);
        }
    }

    /** A convolutional network on the picture. */
    static PairEncoder cnn() {
        return new OfPicture(new Sequential(
                Cells.convolution(3, 16, 2),
                Cells.convolution(16, 24, 2),
                Cells.convolution(24, 32, 2),
                new Flatten(),
                new Linear(4 * 4 * 32, CODE)));
    }

    /** A multilayer perceptron on the pixels. */
    static PairEncoder mlp() {
        int pixels = 3 * Scene.SIDE * Scene.SIDE;
        return new OfPicture(new Sequential(
                new Flatten(),
                new Linear(pixels, 128).withoutBias(),
                new BatchNorm(128).act(Activation.RELU),
                new Linear(128, CODE)));
    }

    /** An LSTM on the caption. */
    static PairEncoder rnn() {
        return new OfSentence(words(32), Recurrent.lstm(32, CODE).biases(1).forgetBias(1));
    }

    /** Word embeddings of the caption. */
    static PairEncoder embeddings() {
        return new OfWords(words(CODE));
    }

    /** Nearest neighbors among a number of stored pictures. */
    static PairEncoder neighbors(int stored) {
        return new OfNeighbors(new Embedding(stored, CODE, Init.normal(0, 1)));
    }

    private static Embedding words(int width) {
        return new Embedding(CaptionedShapes.ENGLISH.size(), width, Init.normal(0, 1))
                .padding(Reserved.STANDARD.padding());
    }
}
