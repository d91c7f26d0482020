package dev.fathom.labs.sound;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.List;
import java.util.Objects;

/** The networks that recognize one spoken digit. */
enum DigitNet {
    /** The baseline. */
    LOGISTIC("logistic regression", 12, 30),
    MLP("MLP", 32, 30),
    MLP_DROPOUT("MLP with dropout", 32, 50),
    CNN("CNN", 32, 20),
    LSTM("LSTM", 0, 30),
    GRU("GRU", 0, 30);

    final String title;
    /** The number of frames in the image of a digit; 0 for all frames as a sequence. */
    final int places;

    private final int epochs;

    DigitNet(String title, int places, int epochs) {
        this.title = title;
        this.places = places;
        this.epochs = epochs;
    }

    /** A network from a batch to the logits of the digits. */
    interface Classifier extends Net {
        Tensor logits(Batch batch);
    }

    /** A classifier of images of one size. */
    record OfImages(Layer layers) implements Classifier {
        @Override
        public Tensor logits(Batch batch) {
            return layers.apply(batch.x());
        }
    }

    /** A classifier of sequences by the last state of each. */
    record OfSequences(Recurrent net, Dropout dropout, Linear out) implements Classifier {
        @Override
        public Tensor logits(Batch batch) {
            return out.apply(dropout.apply(
                    net.run(batch.x(), State.EMPTY, batch.lengths("x")).last()));
        }
    }

    Classifier net() {
        int bands = DigitFeatures.BANDS;
        return switch (this) {
            case LOGISTIC -> new OfImages(new Sequential(new Flatten(), new Linear(places * bands, 10)));
            case MLP ->
                new OfImages(new Sequential(
                        new Flatten(),
                        new Linear(places * bands, 256).act(RELU),
                        new Linear(256, 128).act(RELU),
                        new Linear(128, 10)));
            case MLP_DROPOUT ->
                new OfImages(new Sequential(
                        new Flatten(),
                        new Dropout(0.2f),
                        new Linear(places * bands, 256).act(RELU),
                        new Dropout(0.5f),
                        new Linear(256, 128).act(RELU),
                        new Linear(128, 10)));
            case CNN -> new OfImages(convolutional());
            case LSTM -> new OfSequences(Recurrent.lstm(bands, 96), new Dropout(0.3f), new Linear(96, 10));
            case GRU -> new OfSequences(Recurrent.gru(bands, 96), new Dropout(0.3f), new Linear(96, 10));
        };
    }

    /** From spectrograms as images. */
    Layer convolutional() {
        return new Sequential(
                new Conv(1, 16, 3).pad(1).act(RELU),
                new MaxPool(2),
                new Conv(16, 32, 3).pad(1).act(RELU),
                new MaxPool(2),
                new Flatten(),
                new Dropout(0.3f),
                new Linear(places / 4 * (DigitFeatures.BANDS / 4) * 32, 64).act(RELU),
                new Linear(64, 10));
    }

    /** The features of recordings for this network. */
    Dataset dataset(List<Recording> recordings) {
        return places == 0 ? DigitFeatures.sequences(recordings) : DigitFeatures.images(recordings, places);
    }

    /** The accuracies of a trained network, in %. */
    record Trained(DigitNet net, long parameters, double validation, double test, double seconds) {}

    /** Trains the network under a name, with a tenth of {@code recordings} for validation. */
    Trained train(Lab lab, String name, List<Recording> recordings, List<Recording> test) {
        int count = lab.epochs(epochs, Math.max(4, epochs / 5));
        try (Dataset all = dataset(recordings);
                Dataset tested = dataset(test);
                Model<Classifier> model = Model.of(net(), lab.seed())) {
            Dataset.Split split = all.stratified(Math.max(10, all.size() / 10), lab.seed());
            try (Dataset rest = split.rest();
                    Dataset validation = split.heldOut()) {
                var trainer = Trainer.custom(model, new AdamW(3e-3f).weightDecay(0.01f), (net, batch) -> {
                            Tensor logits = net.logits(batch);
                            return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
                        })
                        .metrics(Metric.accuracy())
                        .schedule(Schedule.cosine(count))
                        .clipNorm(1)
                        .keepBest("val_accuracy");
                int batch = Math.min(32, rest.size());
                Run history = lab.train(name, "recordings", trainer, rest, batch, validation, count);
                return new Trained(
                        this,
                        model.parameterCount(),
                        100 * Objects.requireNonNull(history.best()).value("val_accuracy"),
                        100 * trainer.evaluate(tested).getOrDefault("accuracy", Double.NaN),
                        history.seconds());
            }
        }
    }
}
