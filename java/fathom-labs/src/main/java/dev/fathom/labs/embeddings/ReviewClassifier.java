package dev.fathom.labs.embeddings;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.ReviewTokens;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.parameter.Parameter;
import dev.fathom.pretrained.Head;
import dev.fathom.pretrained.Headed;
import dev.fathom.pretrained.Pooling;
import dev.fathom.pretrained.StaticVectors;
import dev.fathom.pretrained.TextEncoder;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Classifiers of reviews: an encoder that has first learned to fill in masked words of reviews, the same encoder from
 * random weights, and the mean of word vectors.
 *
 * @param length words of a review that are read
 */
record ReviewClassifier(Lab lab, ReviewTokens reviews, int width, int length) {
    private static final String TEST = "test accuracy";
    /** The token that Keras's codes leave unused. */
    private static final int MASK = 3;

    static void run(Lab lab) {
        int width = lab.of(128, 64);
        ReviewTokens reviews = ReviewTokens.read(
                EmbeddingsLab.data(lab, Imdb.NAME), lab.of(25_000, 2_000), lab.of(8_000, 1_500), width);
        new ReviewClassifier(lab, reviews, width, lab.of(128, 32)).compare();
    }

    /** The reviews that classifiers learn from, those that choose the epoch, and those of the test. */
    private record Parts(Dataset training, Dataset choose, Dataset test) {}

    private void compare() {
        int vocabulary = reviews.vocabulary().size();
        int labeled = Math.min(lab.of(2_000, 500), reviews.training().length / 2);
        int choose = labeled / 2;
        int tested = Math.min(10_000, reviews.test().length);
        lab.put("reviews", reviews.training().length)
                .put("labeled", labeled)
                .put("choosing", choose)
                .put("tested", tested)
                .put("length", length)
                .put("words", vocabulary - reviews.first())
                .section("Filling in words");
        try (Dataset training = labeled(reviews.training(), reviews.trainingLabels(), 0, labeled);
                Dataset chosen = labeled(reviews.training(), reviews.trainingLabels(), labeled, labeled + choose);
                Dataset test = labeled(reviews.test(), reviews.testLabels(), 0, tested);
                Model<Headed> words = Model.of(new Headed(wordVectors(), head()), lab.seed());
                Model<Headed> random = Model.of(new Headed(encoder(), head()), lab.seed());
                Model<Headed> filling = Model.of(filling(), lab.seed())) {
            fillIn(filling);
            lab.section("Reviews");
            Table table = lab.table("classifiers", "classifier").named("Reviews, {row}, {column}");
            Parts parts = new Parts(training, chosen, test);
            Map<String, double[][]> curves = new LinkedHashMap<>();
            double ofWords = classify("word vectors", words, 0.01f, parts, curves);
            double ofRandom = classify("encoder from random weights", random, 3e-4f, parts, curves);
            table.row("word vectors").put(TEST, "%.2f %%", ofWords).baseline(50, "chance");
            table.row("encoder from random weights")
                    .put(TEST, "%.2f %%", ofRandom)
                    .baseline(50, "chance");
            try (Model<Headed> tuned = filling.replace("head", head(), lab.seed())) {
                table.row("encoder, pretrained")
                        .put(TEST, "%.2f %%", classify("encoder, pretrained", tuned, 3e-4f, parts, curves))
                        .baseline(ofRandom, "random weights");
            }
            lab.curves("reviews.png", "accuracy on reviews held out", "epoch", curves);
        }
    }

    private TextEncoder encoder() {
        return EmbeddingsLab.encoder(reviews.vocabulary().size(), width, 0.1f);
    }

    private TextEncoder wordVectors() {
        return new StaticVectors(new Embedding(reviews.vocabulary().size(), width, Init.normal(0, 0.1f)));
    }

    private Head head() {
        return new Head(null, null, new Linear(width, 2));
    }

    // ---- filling in words

    /** An encoder with the head that fills in words, whose weights are those of the words. */
    private Headed filling() {
        TextEncoder encoder = encoder();
        Parameter bias = new Parameter(Shape.of(encoder.vocabulary()), Init.zeros());
        return new Headed(
                encoder,
                new Head(
                        new Linear(width, width).act(Activation.GELU),
                        new LayerNorm(width),
                        new Linear(encoder.words().weight(), bias, null)));
    }

    /** Lets a net learn to fill in masked words. */
    private void fillIn(Model<Headed> model) {
        Random random = new Random(lab.seed());
        int[][] asked = Arrays.copyOf(reviews.test(), Math.min(reviews.test().length, lab.of(2_000, 200)));
        try (Dataset training = masked(reviews.training(), random);
                Dataset test = masked(asked, random)) {
            int epochs = lab.epochs(2, 1);
            var trainer = trainer(model, 2e-3f, epochs, ReviewClassifier::fill);
            lab.train("Filling in words", "reviews", trainer, training, 16, epochs);
            double right = 100 * Objects.requireNonNull(trainer.evaluate(test).get("accuracy"));
            double commonest = commonest(test);
            lab.put("fillings", epochs)
                    .put("common", commonest)
                    .put("asked", asked.length)
                    .figure("Masked words that are named right", "%", right)
                    .baseline(commonest, "the commonest word");
        }
    }

    private Trainer<Headed> trainer(Model<Headed> model, float rate, int epochs, Step<Headed> step) {
        return Trainer.custom(model, new Adam(rate), step)
                .metrics(Metric.accuracy())
                .clipNorm(1)
                .schedule(Schedule.cosine(epochs).warmUp(0.1));
    }

    /**
     * A piece of each review at a random place as {@code x}. Of its known words 15 % are asked for and stand in
     * {@code y}, which is 0 elsewhere. Of ten of these, eight are masked, one becomes any word and one stays, as in
     * BERT.
     */
    private Dataset masked(int[][] all, Random random) {
        int[][] x = new int[all.length][];
        int[][] y = new int[all.length][];
        int first = reviews.first();
        for (int i = 0; i < all.length; i++) {
            int from = random.nextInt(Math.max(1, all[i].length - length + 1));
            x[i] = Arrays.copyOfRange(all[i], from, Math.min(all[i].length, from + length));
            y[i] = new int[x[i].length];
            for (int t = 0; t < x[i].length; t++) {
                if (x[i][t] >= first && random.nextDouble() < 0.15) {
                    y[i][t] = x[i][t];
                    double what = random.nextDouble();
                    int other = first + random.nextInt(reviews.vocabulary().size() - first);
                    x[i][t] = what < 0.8 ? MASK : what < 0.9 ? other : x[i][t];
                }
            }
        }
        return Dataset.of(Field.ragged("x", x).input(), Field.ragged("y", y).target());
    }

    /** Computes logits for the words alone that are asked for, since a vocabulary is large. */
    private static Step.Result fill(Headed net, Batch batch) {
        int[] asked = batch.unpadded("x", batch.y()).toIntArray();
        int[] places =
                IntStream.range(0, asked.length).filter(t -> asked[t] != 0).toArray();
        Tensor index = Tensor.ofInts(places, places.length);
        Tensor words = Tensor.ofInts(Arrays.stream(places).map(t -> asked[t]).toArray(), places.length);
        Tensor logits = net.tokens(SideBySide.texts(batch, "x"), index);
        return new Step.Result(Loss.crossEntropy().of(logits, words), logits, words).withWeight(places.length);
    }

    /** The share of the words asked for that are the commonest word of the training reviews, in percent. */
    private double commonest(Dataset masked) {
        long[] seen = new long[2];
        masked.forEach(batch -> {
            for (int word : batch.y().toIntArray()) {
                seen[0] += word == reviews.first() ? 1 : 0;
                seen[1] += word != 0 ? 1 : 0;
            }
        });
        return 100.0 * seen[0] / seen[1];
    }

    // ---- classifying

    /** The last words of some reviews with their labels. */
    private Dataset labeled(int[][] all, int[] labels, int from, int to) {
        int[][] x = Arrays.stream(all, from, to)
                .map(words -> Arrays.copyOfRange(words, Math.max(0, words.length - length), words.length))
                .toArray(int[][]::new);
        return Dataset.of(
                Field.ragged("x", x).input(),
                Field.labels("y", Arrays.copyOfRange(labels, from, to)).target());
    }

    /** Trains all of a classifier; the test accuracy of the best epoch, in percent. */
    private double classify(String name, Model<Headed> model, float rate, Parts parts, Map<String, double[][]> curves) {
        int epochs = lab.epochs(5, 3);
        var trainer = trainer(model, rate, epochs, (net, batch) -> {
                    Tensor logits = net.texts(SideBySide.texts(batch, "x"), Pooling.MEAN);
                    return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
                })
                .keepBest("val_accuracy");
        Run run = lab.train("Reviews, " + name, "reviews", trainer, parts.training, 32, parts.choose, epochs);
        curves.put(name, run.curve("val_accuracy"));
        lab.put("tunings", epochs);
        return 100 * Objects.requireNonNull(trainer.evaluate(parts.test).get("accuracy"));
    }
}
