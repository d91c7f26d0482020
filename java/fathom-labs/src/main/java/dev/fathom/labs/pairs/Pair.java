package dev.fathom.labs.pairs;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Window;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.train.Step;
import dev.fathom.tree.Inline;

/** An encoder of an example and a decoder that answers from its code of {@value #CODE} numbers. */
record Pair(Encoder encoder, Decoder decoder) implements Net {
    static final int CODE = 64;

    Step.Result step(Batch batch) {
        return decoder.step(encoder.code(batch), batch);
    }

    /** Makes the codes [n, {@value #CODE}] of a batch. */
    interface Encoder extends Net {
        Tensor code(Batch batch);
    }

    /** Reads the picture by layers. */
    record OfPicture(@Inline Layer layers) implements Encoder {
        @Override
        public Tensor code(Batch batch) {
            return layers.apply(batch.get("picture"));
        }

        static OfPicture cnn(int numbers) {
            return new OfPicture(new Sequential(
                    Cells.convolution(3, 16, 2),
                    Cells.convolution(16, 24, 2),
                    Cells.convolution(24, 32, 2),
                    new Flatten(),
                    new Linear(4 * 4 * 32, numbers)));
        }

        static OfPicture mlp() {
            return new OfPicture(new Sequential(
                    new Flatten(),
                    new Linear(3 * Scene.SIDE * Scene.SIDE, 128).withoutBias(),
                    new BatchNorm(128).act(RELU),
                    new Linear(128, CODE)));
        }
    }

    /** Reads the caption by an LSTM, whose last state is the code. */
    record OfSentence(Embedding words, Recurrent lstm) implements Encoder {
        OfSentence() {
            this(vectors(32), Recurrent.lstm(32, CODE).biases(1).forgetBias(1));
        }

        @Override
        public Tensor code(Batch batch) {
            return lstm.run(words.apply(batch.get("caption")), State.EMPTY, batch.lengths("caption"))
                    .last();
        }
    }

    /** The mean of the vectors of the caption's words, in whatever order they are. */
    record OfWords(Embedding words) implements Encoder {
        OfWords() {
            this(vectors(CODE));
        }

        @Override
        public Tensor code(Batch batch) {
            Tensor sum = words.apply(batch.get("caption")).sum(1); // the vector of the padding is 0
            return sum.div(batch.lengths("caption").to(sum.dtype()).unsqueeze(1));
        }
    }

    /** The mean of the vectors of the stored pictures that are nearest to the picture. */
    record OfNeighbors(Embedding stored) implements Encoder {
        OfNeighbors(int stored) {
            this(new Embedding(stored, CODE, Init.normal(0, 1)));
        }

        @Override
        public Tensor code(Batch batch) {
            return stored.apply(batch.get("neighbors")).mean(1);
        }
    }

    private static Embedding vectors(int width) {
        return new Embedding(CaptionedShapes.ENGLISH.size(), width, Init.normal(0, 1))
                .padding(Reserved.STANDARD.padding());
    }

    /** Answers from codes, with the loss by which it learns. */
    interface Decoder extends Net {
        Step.Result step(Tensor code, Batch batch);
    }

    /**
     * Answers by layers.
     *
     * @param field the true answers
     */
    record Answering(String field, Loss loss, Layer layers) implements Decoder {
        @Override
        public Step.Result step(Tensor code, Batch batch) {
            Tensor answer = layers.apply(code);
            return new Step.Result(loss.of(answer, batch.get(field)), answer, batch.get(field));
        }
    }

    /** Writes the French caption; a linear layer on the standardized code makes the first state of the writer. */
    record Writing(Layer start, Writer writer) implements Decoder {
        Writing() {
            this(
                    new Sequential(new BatchNorm(CODE), new Linear(CODE, 2 * CODE)),
                    Writer.of(
                                    new Writer.Sizes(CaptionedShapes.FRENCH.size(), 32, CODE, 1, 0),
                                    Init.normal(0, 1),
                                    Init.uniform(-0.125f, 0.125f))
                            .remembering());
        }

        @Override
        public Step.Result step(Tensor code, Batch batch) {
            Tensor truth = batch.get("french");
            Tensor scores = writer.scores(truth, Writer.memory(Writer.first(start, code)));
            return new Step.Result(Writer.loss(scores, truth, batch.lengths("french")), scores, truth);
        }
    }

    /** From some numbers to a picture [n, 32, 32, channels] of values from 0 to 1. */
    static Layer painter(int numbers, int channels) {
        return new Sequential(
                new Linear(numbers, 128).act(RELU),
                new Linear(128, 4 * 4 * 32).act(RELU),
                x -> x.reshape(x.dim(0), 4, 4, 32),
                doubling(32, 32).withoutBias(),
                new BatchNorm(32).act(RELU),
                doubling(32, 16).withoutBias(),
                new BatchNorm(16).act(RELU),
                doubling(16, channels),
                Tensor::sigmoid);
    }

    private static ConvTransposed doubling(int in, int out) {
        return new ConvTransposed(in, out, Window.of(4).stride(2).pad(1));
    }
}
