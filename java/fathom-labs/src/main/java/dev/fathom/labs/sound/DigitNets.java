package dev.fathom.labs.sound;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.SpokenDigits.Recording;
import dev.fathom.labs.experiments.Run;
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
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EpochLog;
import dev.fathom.train.History;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The networks that name one spoken digit. */
enum DigitNets {
    /** The baseline: 26 log mel bands at 12 places. */
    LOGISTIC("logistic regression, 12 places", 12, 30),
    MLP("MLP", 32, 30),
    MLP_DROPOUT("MLP with dropout", 32, 50),
    CNN("CNN", 32, 20),
    LSTM("LSTM", 0, 30),
    GRU("GRU", 0, 30);

    final String words;
    /** Frames of the picture of a digit; 0 for all frames as a sequence. */
    final int places;

    private final int epochs;

    DigitNets(String words, int places, int epochs) {
        this.words = words;
        this.places = places;
        this.epochs = epochs;
    }

    /** A net that is given a batch. */
    interface Classifier extends Net {
        Tensor logits(Batch batch);
    }

    /** Of pictures of one size. */
    record Picture(Layer layers) implements Classifier {
        @Override
        public Tensor logits(Batch batch) {
            return layers.apply(batch.x());
        }
    }

    /** Of sequences: what the last step of each says. */
    record Sequence(Recurrent net, Dropout dropout, Linear out) implements Classifier {
        @Override
        public Tensor logits(Batch batch) {
            return out.apply(
                    dropout.apply(net.run(batch.x(), null, batch.lengths("x")).last()));
        }
    }

    Classifier net() {
        int bands = DigitFeatures.BANDS;
        return switch (this) {
            case LOGISTIC -> new Picture(new Sequential(new Flatten(), new Linear(places * bands, 10)));
            case MLP ->
                new Picture(new Sequential(
                        new Flatten(),
                        new Linear(places * bands, 128).act(RELU),
                        new Linear(128, 64).act(RELU),
                        new Linear(64, 10)));
            case MLP_DROPOUT ->
                new Picture(new Sequential(
                        new Flatten(),
                        new Dropout(0.2f),
                        new Linear(places * bands, 128).act(RELU),
                        new Dropout(0.5f),
                        new Linear(128, 64).act(RELU),
                        new Dropout(0.5f),
                        new Linear(64, 10)));
            case CNN ->
                new Picture(new Sequential(
                        new Conv(1, 16, 3).pad(1).act(RELU),
                        new MaxPool(2),
                        new Conv(16, 32, 3).pad(1).act(RELU),
                        new MaxPool(2),
                        new Flatten(),
                        new Dropout(0.3f),
                        new Linear(places / 4 * (bands / 4) * 32, 64).act(RELU),
                        new Linear(64, 10)));
            case LSTM -> new Sequence(Recurrent.lstm(bands, 96), new Dropout(0.3f), new Linear(96, 10));
            case GRU -> new Sequence(Recurrent.gru(bands, 96), new Dropout(0.3f), new Linear(96, 10));
        };
    }

    /** The recordings as this net sees them. */
    Dataset dataset(List<Recording> recordings) {
        return places == 0 ? DigitFeatures.sequences(recordings) : DigitFeatures.pictures(recordings, places);
    }

    /**
     * What a net that was taught can do.
     *
     * @param heldOut its accuracy on recordings held out, by which the epoch was chosen
     * @param test its accuracy on the test
     * @param seconds the training took
     */
    record Taught(DigitNets net, long parameters, double heldOut, double test, double seconds) {}

    /** Teaches it, with a tenth of {@code learn} held out; null where it was stopped. */
    @Nullable
    Taught teach(Run run, List<Recording> learn, List<Recording> test, String folder) {
        int count = run.epochs(epochs, Math.max(4, epochs / 5));
        try (Dataset all = dataset(learn);
                Dataset tested = dataset(test);
                Model<Classifier> model = Model.of(net(), run.seed())) {
            Dataset.Split split = all.stratified(Math.max(10, all.size() / 10), run.seed());
            try (Dataset rest = split.rest();
                    Dataset heldOut = split.heldOut()) {
                var trainer = Trainer.custom(model, new AdamW(3e-3f).weightDecay(0.01f), (net, batch) -> {
                            Tensor logits = net.logits(batch);
                            return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
                        })
                        .metrics(Metric.accuracy())
                        .schedule(Schedule.cosine(count))
                        .clipNorm(1)
                        .keepBest("val_accuracy")
                        .seed(run.seed());
                run.training().attach(trainer, run.folder().resolve(folder), "recordings");
                History history =
                        trainer.fit(rest.shuffled(run.seed()).batches(Math.min(32, rest.size())), heldOut, count);
                EpochLog best = history.best();
                if (best == null || run.interrupt().requested()) {
                    return null;
                }
                return new Taught(
                        this,
                        model.parameterCount(),
                        best.value("val_accuracy"),
                        trainer.evaluate(tested).getOrDefault("accuracy", Double.NaN),
                        history.epochs().stream().mapToDouble(EpochLog::seconds).sum());
            }
        }
    }

    String folder() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
