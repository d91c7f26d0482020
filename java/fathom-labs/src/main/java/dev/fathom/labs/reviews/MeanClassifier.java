package dev.fathom.labs.reviews;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ReviewTokens;
import dev.fathom.experiments.pages.Table;
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
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A small classifier of reviews that compares word vectors: a linear layer on the mean of the vectors of a review's
 * words. All classifiers share the datasets, which are closed with this.
 */
record MeanClassifier(Lab lab, ReviewTokens reviews, int dimensions, Dataset training, Dataset validation, Dataset test)
        implements AutoCloseable {
    private static final int LONGEST = 500;
    private static final int PADDING = Reserved.KERAS.padding();

    /** The network. */
    record MeanNet(Embedding words, Linear out) implements Net {
        Tensor logits(Tensor tokens, Tensor lengths) {
            Tensor sum = tokens.embeddingBag(words.weight(), null, lengths, null, PADDING);
            return out.apply(sum.div(lengths.to(DType.F32).clamp(1, LONGEST).unsqueeze(1)));
        }
    }

    /** The initial word vectors, and whether they are trained. */
    enum Start {
        LEARNED("learned with the classifier", ""),
        PCA_FROZEN("PCA, frozen", WordsLab.PCA),
        PCA_TUNED("PCA, tuned", WordsLab.PCA),
        SKIP_GRAM_FROZEN("skip-gram, frozen", WordsLab.SKIP_GRAM),
        SKIP_GRAM_TUNED("skip-gram, tuned", WordsLab.SKIP_GRAM);

        final String title;
        /** The name of the vectors; empty for those that are learned with the classifier. */
        final String vectors;

        Start(String title, String vectors) {
            this.title = title;
            this.vectors = vectors;
        }

        boolean frozen() {
            return this == PCA_FROZEN || this == SKIP_GRAM_FROZEN;
        }
    }

    /** Trains classifiers of all starts on few and on all reviews. */
    static void compare(Lab lab, ReviewTokens reviews, Map<String, WordVectors> vectors) {
        lab.section("Reusing the vectors");
        int validation = Math.min(lab.of(2_000, 500), reviews.training().length / 5);
        Table table = lab.table("classifiers", "vectors").named("Mean of vectors, {row}, {column}, test accuracy");
        try (MeanClassifier classifier = MeanClassifier.of(lab, reviews, lab.of(100, 32), validation)) {
            int most = classifier.training().size();
            lab.put("median", classifier.medianLength())
                    .put("choose", classifier.validation().size());
            int[] counts = IntStream.of(Math.min(lab.of(1_000, 250), most), Math.min(lab.of(23_000, 1_500), most))
                    .distinct()
                    .toArray();
            for (Start start : Start.values()) {
                Table.Row row = table.row(start.title);
                Table.Row learned = table.rows().get(0);
                for (int count : counts) {
                    int epochs = count < most ? lab.epochs(30, 10) : lab.epochs(8, 4);
                    String column = line("%,d reviews", count);
                    double accuracy = classifier.accuracy(start, vectors.get(start.vectors), count, epochs);
                    row.put(column, "%.2f %%", 100 * accuracy);
                    if (row == learned) {
                        row.baseline(50, "chance");
                    } else {
                        row.baseline(learned.get(column), learned.name());
                    }
                }
            }
        }
    }

    /** Draws {@code count} training reviews for validation. */
    static MeanClassifier of(Lab lab, ReviewTokens reviews, int dimensions, int count) {
        try (Dataset all = dataset(reviews.training(), reviews.trainingLabels())) {
            Dataset.Split split = all.split(count, lab.seed());
            return new MeanClassifier(
                    lab,
                    reviews,
                    dimensions,
                    split.rest(),
                    split.heldOut(),
                    dataset(reviews.test(), reviews.testLabels()));
        }
    }

    private static Dataset dataset(int[][] texts, int[] labels) {
        Dataset all = Dataset.of(
                Field.ragged("x", texts).input(), Field.labels("y", labels).target());
        try (all) {
            return all.padded("x", Padding.behind().limit(LONGEST).keepEnd());
        }
    }

    /**
     * The test accuracy of a classifier, from 0 to 1.
     *
     * @param vectors null to learn them with the classifier
     * @param count the number of training reviews
     */
    double accuracy(Start start, @Nullable WordVectors vectors, int count, int epochs) {
        int size = reviews.vocabulary().size();
        Embedding words = vectors == null
                ? new Embedding(size, dimensions, Init.normal(0, 0.1f))
                : Embedding.of(scaled(vectors.table(reviews.vocabulary())), size, dimensions);
        MeanNet net = new MeanNet(words, new Linear(dimensions, 2));
        try (Dataset some = training.take(0, Math.min(count, training.size()));
                Model<MeanNet> model = Model.of(net, lab.seed())) {
            if (start.frozen()) {
                model.freeze("words.*");
            }
            var trainer = Trainer.custom(model, new Adam(0.01f), (m, batch) -> {
                        Tensor logits = m.logits(batch.x(), batch.lengths("x"));
                        return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
                    })
                    .metrics(Metric.accuracy())
                    .schedule(Schedule.cosine(epochs))
                    .keepBest("val_accuracy");
            if (!start.frozen()) {
                trainer = trainer.groups(Group.of("words.*").lazy());
            }
            int batch = Math.min(count > 5000 ? 128 : 32, some.size());
            String name = start.title + ", " + count;
            lab.train(name, "reviews", trainer, some, batch, validation, epochs);
            return Objects.requireNonNull(trainer.evaluate(test).get("accuracy"));
        }
    }

    /**
     * A copy of vectors, scaled so that the mean square of the numbers is 1, because all classifiers have one learning
     * rate.
     */
    static float[] scaled(float[] table) {
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

    /** The median length of a training review, in words. */
    int medianLength() {
        int[] lengths = Arrays.stream(reviews.training())
                .mapToInt(r -> r.length)
                .sorted()
                .toArray();
        return lengths[lengths.length / 2];
    }

    @Override
    public void close() {
        training.close();
        validation.close();
        test.close();
    }
}
