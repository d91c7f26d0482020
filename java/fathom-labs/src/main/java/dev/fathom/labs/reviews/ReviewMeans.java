package dev.fathom.labs.reviews;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.labs.experiments.Run;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Reserved;
import dev.fathom.text.WordVectors;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A small classifier of reviews, to see what word vectors are worth: the mean of the vectors of a review's words, and a linear layer of two classes. Examples
 * are read once, shared by all classifiers, and closed with this.
 *
 * @param learn the reviews to learn from, without those held out
 * @param heldOut the reviews by which the best epoch is chosen
 */
record ReviewMeans(Run run, ReviewTokens reviews, int dimensions, Dataset learn, Dataset heldOut, Dataset test)
        implements AutoCloseable {
    private static final int LONGEST = 500;
    private static final int PADDING = Reserved.KERAS.padding();

    /** The classifier. */
    record MeanNet(Embedding words, Linear out) implements Net {
        Tensor logits(Tensor tokens, Tensor lengths) {
            Tensor sum = tokens.embeddingBag(words.weight(), null, lengths, null, PADDING);
            return out.apply(sum.div(lengths.to(DType.F32).clamp(1, LONGEST).unsqueeze(1)));
        }
    }

    /** Where a classifier's vectors come from. */
    enum Start {
        LEARNED("learned with the classifier"),
        PCA_FROZEN("PCA, frozen"),
        PCA_TUNED("PCA, tuned"),
        SKIP_GRAM_FROZEN("skip-gram, frozen"),
        SKIP_GRAM_TUNED("skip-gram, tuned");

        final String words;

        Start(String words) {
            this.words = words;
        }

        boolean frozen() {
            return this == PCA_FROZEN || this == SKIP_GRAM_FROZEN;
        }

        String folder() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    static ReviewMeans of(Run run, ReviewTokens reviews, int dimensions, int heldOut) {
        try (Dataset all = dataset(reviews.learn(), reviews.learnLabels())) {
            Dataset.Split split = all.split(heldOut, run.seed());
            return new ReviewMeans(
                    run,
                    reviews,
                    dimensions,
                    split.rest(),
                    split.heldOut(),
                    dataset(reviews.test(), reviews.testLabels()));
        }
    }

    private static Dataset dataset(int[][] texts, int[] labels) {
        Dataset all = Dataset.of(Field.ragged("x", texts), Field.labels("y", labels));
        try (all) {
            return all.padded("x", Padding.behind().limit(LONGEST).keepEnd());
        }
    }

    /** The share of the test that a classifier gets right which learned from {@code count} reviews; NaN where it was stopped. */
    double accuracy(Start start, @Nullable WordVectors vectors, int count, int epochs) {
        int size = reviews.vocabulary().size();
        Embedding words = vectors == null
                ? new Embedding(size, dimensions, Init.normal(0, 0.1f))
                : Embedding.of(scaled(vectors.table(reviews.vocabulary())), size, dimensions);
        MeanNet net = new MeanNet(words, new Linear(dimensions, 2));
        try (Dataset some = learn.take(0, Math.min(count, learn.size()));
                Model<MeanNet> model = Model.of(net, run.seed())) {
            if (start.frozen()) {
                model.freeze("words.*");
            }
            var trainer = Trainer.custom(model, new Adam(0.01f), (m, batch) -> {
                        Tensor logits = m.logits(batch.x(), batch.lengths("x"));
                        return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
                    })
                    .metrics(Metric.accuracy())
                    .schedule(Schedule.cosine(epochs))
                    .keepBest("val_accuracy")
                    .seed(run.seed());
            if (!start.frozen()) {
                trainer.groups(Group.of("words.*").lazy());
            }
            run.training().attach(trainer, run.folder().resolve(start.folder() + "-" + count), "reviews");
            int batch = Math.min(count > 5000 ? 128 : 32, some.size());
            trainer.fit(some.shuffled(run.seed()).batches(batch), heldOut, epochs);
            return run.interrupt().requested()
                    ? Double.NaN
                    : trainer.evaluate(test).getOrDefault("accuracy", Double.NaN);
        }
    }

    /** Numbers whose mean square is 1, however far training moved them, so that one learning rate serves all. */
    private static float[] scaled(float[] table) {
        double squares = 0;
        int n = 0;
        for (float v : table) {
            squares += v * v;
            n += v != 0 ? 1 : 0;
        }
        float factor = (float) Math.sqrt(n / squares);
        float[] scaled = table.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= factor;
        }
        return scaled;
    }

    /** The length of the middle review, in words. */
    int middleLength() {
        int[] lengths =
                Arrays.stream(reviews.learn()).mapToInt(r -> r.length).sorted().toArray();
        return lengths[lengths.length / 2];
    }

    @Override
    public void close() {
        learn.close();
        heldOut.close();
        test.close();
    }
}
