package dev.fathom.labs.reviews;

import static dev.fathom.labs.reviews.ReviewNets.LAST;
import static dev.fathom.labs.reviews.ReviewNets.WIDTH;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.experiments.statistics.CoOccurrences;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.labs.reviews.ReviewNets.BagOfWordsNet;
import dev.fathom.labs.reviews.ReviewNets.Convolution;
import dev.fathom.labs.reviews.ReviewNets.MeanOfVectors;
import dev.fathom.labs.reviews.ReviewNets.RecurrentClassifier;
import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.labs.reviews.ReviewNets.TransformerClassifier;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** The networks of the lab imdb, and how each is trained. */
record ReviewExperiments(Lab lab) {
    private static final int WINDOW = 5;
    /** The standard deviation of vectors that are given to a network, near that of learned ones. */
    private static final float SPREAD = 0.3f;

    /** How many words of a review are read in order. */
    int length() {
        return lab.of(LAST, 50);
    }

    private Recipe rmsprop(int full, int small, int batch, float rate) {
        return recipe(full, small, batch, new RmsProp(rate), "RMSprop " + rate);
    }

    private Recipe adam(int full, int small, float rate) {
        return recipe(full, small, 64, new Adam(rate), "Adam " + rate);
    }

    private Recipe recipe(int full, int small, int batch, Optimizer optimizer, String words) {
        int fit = lab.of(batch, Math.min(batch, 64));
        return new Recipe(lab.epochs(full, small), fit, optimizer, Schedule.constant(), words);
    }

    private ReviewExperiment masked(String title, Supplier<ReviewNet> net, Recipe recipe) {
        return new ReviewExperiment(title, net, recipe, false, false, false, length());
    }

    private ReviewExperiment padded(String title, Supplier<ReviewNet> net, Recipe recipe) {
        return new ReviewExperiment(title, net, recipe, true, false, false, length());
    }

    /** The textbook's network on all words of a review. */
    ReviewExperiment bag() {
        return new ReviewExperiment(
                "2x16 network", BagOfWordsNet::new, rmsprop(30, 6, 512, 1e-3f), false, false, false, Integer.MAX_VALUE);
    }

    /** The networks that read word vectors. */
    List<ReviewExperiment> readers() {
        return List.of(
                masked("embedding, mean, dense", () -> new MeanOfVectors(ReviewNets.embedding()), adam(6, 2, 5e-3f)),
                masked("1-D CNN", Convolution::new, adam(4, 1, 1e-3f)),
                simple(),
                padded("LSTM, textbook in Python", ReviewExperiments::book, rmsprop(20, 1, 300, 0.01f)),
                padded("LSTM, textbook in R", ReviewExperiments::keras, rmsprop(10, 1, 128, 1e-3f)),
                gates(3).get(0),
                masked(
                        "bidirectional LSTM",
                        () -> read(Recurrent.lstm(WIDTH, WIDTH).forgetBias(1).bidirectional()),
                        adam(3, 1, 2e-3f)),
                masked("Transformer", TransformerClassifier::new, adam(4, 1, 1e-3f)));
    }

    /** A GRU and an LSTM. */
    List<ReviewExperiment> gates(int epochs) {
        Recipe recipe = adam(epochs, 1, 2e-3f);
        return List.of(
                masked("GRU", () -> read(Recurrent.gru(WIDTH, WIDTH)), recipe),
                masked("LSTM", () -> read(Recurrent.lstm(WIDTH, WIDTH).forgetBias(1)), recipe));
    }

    /** The textbook's simple RNN with 32 units and dropout, whose settings are otherwise those of {@link #keras}. */
    private ReviewExperiment simple() {
        Supplier<ReviewNet> net = () -> new RecurrentClassifier(
                        small(), Recurrent.rnn(WIDTH, WIDTH).biases(1).variationalDropout(0.2f, 0.2f))
                .paddedInFront();
        return new ReviewExperiment("simple RNN", net, rmsprop(6, 1, 128, 1e-3f), true, false, true, length());
    }

    /**
     * The textbook's LSTM in Python, initialized as in PyTorch: normal vectors and two biases. It has 328,577
     * parameters.
     */
    private static ReviewNet book() {
        return new RecurrentClassifier(new Embedding(Reviews.CODES, WIDTH), Recurrent.lstm(WIDTH, WIDTH))
                .paddedInFront();
    }

    /**
     * The textbook's LSTM in R, initialized as in Keras, but without its orthogonal recurrent weights: small vectors,
     * one bias, forget gates at 1.
     */
    private static ReviewNet keras() {
        return new RecurrentClassifier(
                        small(), Recurrent.lstm(WIDTH, WIDTH).biases(1).forgetBias(1))
                .paddedInFront();
    }

    /** Small vectors of the words, one of which is that of padding. */
    private static Embedding small() {
        return new Embedding(Reviews.CODES, WIDTH, Init.uniform(-0.05f, 0.05f));
    }

    private static ReviewNet read(Recurrent net) {
        return new RecurrentClassifier(ReviewNets.embedding(), net);
    }

    // ---- word vectors

    /** The word vectors of four kinds; those of a title that ends with "frozen" are. */
    private Map<String, Supplier<Embedding>> vectors(Reviews reviews) {
        float[] random = new Rng(lab.seed()).normal(Reviews.CODES * WIDTH, 0, SPREAD);
        float[] pca = components(reviews);
        Map<String, Supplier<Embedding>> vectors = new LinkedHashMap<>();
        vectors.put("learned", ReviewNets::embedding);
        vectors.put("random, frozen", () -> given(random));
        vectors.put("PCA vectors, frozen", () -> given(pca));
        vectors.put("PCA vectors, tuned", () -> given(pca));
        return vectors;
    }

    /** A mean and a GRU on word vectors of four kinds, of which the learned ones come first. */
    List<List<ReviewExperiment>> embeddings(Reviews reviews) {
        Map<String, Supplier<Embedding>> vectors = vectors(reviews);
        return List.of(
                on(vectors, "mean", MeanOfVectors::new, adam(4, 1, 5e-3f)),
                on(
                        vectors,
                        "GRU",
                        words -> new RecurrentClassifier(words, Recurrent.gru(WIDTH, WIDTH)),
                        adam(2, 1, 2e-3f)));
    }

    private List<ReviewExperiment> on(
            Map<String, Supplier<Embedding>> vectors,
            String reader,
            Function<Embedding, ReviewNet> net,
            Recipe recipe) {
        return vectors.entrySet().stream()
                .map(v -> new ReviewExperiment(
                        reader + ", " + v.getKey(),
                        () -> net.apply(v.getValue().get()),
                        recipe,
                        false,
                        v.getKey().endsWith("frozen"),
                        false,
                        length()))
                .toList();
    }

    private static Embedding given(float[] table) {
        return Embedding.of(table, Reviews.CODES, WIDTH).padding(0);
    }

    /** What decides the vectors by PCA. */
    record Components(int words, int width, int reviews) {}

    /**
     * The table of the vectors by PCA, [{@link Reviews#CODES}, {@link ReviewNets#WIDTH}], computed from the training
     * reviews; a short run has vectors of the most frequent words alone.
     */
    float[] components(Reviews reviews) {
        Vocabulary words = reviews.vocabulary().limit(lab.of(Reviews.CODES, 500));
        return lab.part(new Components(words.size(), WIDTH, reviews.fingerprint()), float[].class, () -> {
            lab.say("%nPrincipal components of the co-occurrences of %,d words", words.size());
            int unknown = words.reserved().unknown();
            int[][] codes = Arrays.stream(reviews.train().codes())
                    .map(c -> Arrays.stream(c)
                            .map(word -> word < words.size() ? word : unknown)
                            .toArray())
                    .toArray(int[][]::new);
            WordVectors vectors = CoOccurrences.vectors(codes, words, WINDOW, WIDTH, lab.seed(), lab::stopped);
            // an index of fewer words has a smaller table
            float[] table = Arrays.copyOf(vectors.table(reviews.vocabulary()), Reviews.CODES * WIDTH);
            for (int i = 0; i < table.length; i++) {
                table[i] *= SPREAD;
            }
            return table;
        });
    }
}
