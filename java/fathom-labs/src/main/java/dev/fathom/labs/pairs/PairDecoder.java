package dev.fathom.labs.pairs;

import dev.fathom.data.Batch;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Thing;
import dev.fathom.labs.translation.Writer;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import java.util.List;

/** Answers something from a code [n, {@value PairEncoder#CODE}], with the loss by which it learns. */
sealed interface PairDecoder extends Net {
    /** Compares the answers with the truth in a batch. */
    Step.Result step(Tensor code, Batch batch);

    /**
     * Answers by layers.
     *
     * @param field the true answers
     */
    record Answering(String field, Loss loss, Layer layers) implements PairDecoder {
        @Override
        public Step.Result step(Tensor code, Batch batch) {
            Tensor answer = layers.apply(code);
            return new Step.Result(loss.of(answer, batch.get(field)), answer, batch.get(field));
        }
    }

    /** Writes the French caption; a linear layer on the standardized code makes the first state of the writer. */
    record Writing(Layer start, Writer writer) implements PairDecoder {
        @Override
        public Step.Result step(Tensor code, Batch batch) {
            Tensor truth = batch.get("french");
            List<Tensor> state = start.apply(code)
                    .tanh()
                    .reshape(code.dim(0), 1, 2 * PairEncoder.CODE)
                    .chunk(2, 2);
            Tensor scores = writer.scores(truth, Writer.memory(state.get(0), state.get(1)));
            return new Step.Result(Writer.loss(scores, truth, batch.lengths("french")), scores, truth);
        }
    }

    /** The place of the thing by linear regression. */
    static PairDecoder linearRegression() {
        return new Answering("place", Loss.mse(), new Linear(PairEncoder.CODE, 2));
    }

    /** The form of the thing by logistic regression. */
    static PairDecoder logisticRegression() {
        return new Answering("form", Loss.crossEntropy(), new Linear(PairEncoder.CODE, Thing.Form.values().length));
    }

    /** Size, color and form at once by a multilayer perceptron. */
    static PairDecoder mlp() {
        return new Answering(
                "kind",
                Loss.crossEntropy(),
                new Sequential(new Linear(PairEncoder.CODE, 96).act(Activation.RELU), new Linear(96, Thing.KINDS)));
    }

    /** The picture by transposed convolutions. */
    static PairDecoder deconvolution() {
        return new Answering("picture", Loss.mse(), painter(PairEncoder.CODE, 3));
    }

    /** From some numbers to a picture [n, 32, 32, channels] of values from 0 to 1. */
    static Layer painter(int numbers, int channels) {
        return new Sequential(
                new Linear(numbers, 128).act(Activation.RELU),
                new Linear(128, 4 * 4 * 32).act(Activation.RELU),
                x -> x.reshape(x.dim(0), 4, 4, 32),
                doubling(32, 32).withoutBias(),
                new BatchNorm(32).act(Activation.RELU),
                doubling(32, 16).withoutBias(),
                new BatchNorm(16).act(Activation.RELU),
                doubling(16, channels),
                Tensor::sigmoid);
    }

    private static ConvTransposed doubling(int in, int out) {
        return new ConvTransposed(in, out, Window.of(4).stride(2).pad(1));
    }

    /** The French caption by an LSTM. */
    static PairDecoder rnn() {
        return new Writing(
                new Sequential(new BatchNorm(PairEncoder.CODE), new Linear(PairEncoder.CODE, 2 * PairEncoder.CODE)),
                Writer.of(
                                new Writer.Sizes(CaptionedShapes.FRENCH.size(), 32, PairEncoder.CODE, 1, 0),
                                Init.normal(0, 1),
                                Init.uniform(-0.125f, 0.125f))
                        .remembering());
    }

    /** The color by a support vector machine of several classes, linear in the code (Crammer and Singer 2001). */
    static PairDecoder supportVectors() {
        return new Answering("color", Loss.crammerSinger(1), new Linear(PairEncoder.CODE, Thing.Paint.values().length));
    }
}
