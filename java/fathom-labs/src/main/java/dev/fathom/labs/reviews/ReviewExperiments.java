package dev.fathom.labs.reviews;

import static dev.fathom.labs.reviews.ReviewNets.LAST;
import static dev.fathom.labs.reviews.ReviewNets.WIDTH;

import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure.Range;
import dev.fathom.labs.reviews.ReviewNets.Attends;
import dev.fathom.labs.reviews.ReviewNets.Bag;
import dev.fathom.labs.reviews.ReviewNets.Convolution;
import dev.fathom.labs.reviews.ReviewNets.Mean;
import dev.fathom.labs.reviews.ReviewNets.Read;
import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.labs.reviews.ReviewStudy.Subject;
import dev.fathom.labs.statistics.CoOccurrences;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The nets of the lab, and how each is taught. */
record ReviewExperiments(Run run, Reviews reviews) {
    /** What the page says of {@link #nets}. */
    static final String TEXT =
            "All see the last 500 words of a review as vectors of 32 numbers. The textbook's two LSTMs and its simple RNN read every review "
                    + "padded with zeros in front to 500 words, as published; the others read reviews of similar length together, and no padding. "
                    + "Gradients are clipped to norm 1. The epoch that is best on the validation reviews is kept and sees the test once, where the "
                    + "published figures are those of the last epoch. In the full form the two LSTMs have the epochs of the textbook, 20 in Python and "
                    + "10 in R; the others are trained for three to six epochs.";

    /** What the page says of {@link #embeddings}. */
    static final String VECTORS =
            "The vectors of the 9,999 words are learned with the net; or drawn at random and frozen; or the first 32 principal components "
                    + "of which words stand near which in the training reviews (positive pointwise mutual information within 5 words), frozen or tuned "
                    + "further. Nothing is published for these; learned vectors are the baseline.";

    /** What the page says of {@link #sizes}. */
    static final String SIZES =
            "The same nets learn from a part of the training reviews, for more epochs where there are fewer. "
                    + "Every step has 64 reviews. Nothing is published for these; the two are compared with each other.";

    private static final String BOOK = "An Introduction to Statistical Learning, Python edition";
    private static final int WINDOW = 5;
    /** Deviation of the vectors that a net begins with, near that of learned ones. */
    private static final float SPREAD = 0.3f;

    /**
     * A net, and what others reached with its like.
     *
     * @param band where its test accuracy is expected, in percent; null where nothing is
     */
    record Published(
            Subject subject,
            String value,
            String source,
            @Nullable Range band) {}

    private Recipe rmsprop(int full, int small, int batch, float rate) {
        return recipe(full, small, batch, new RmsProp(rate), "RMSprop " + rate);
    }

    private Recipe adam(int full, int small, float rate) {
        return recipe(full, small, 64, new Adam(rate), "Adam " + rate);
    }

    private Recipe recipe(int full, int small, int batch, Optimizer optimizer, String words) {
        int fit = run.of(batch, Math.min(batch, 64));
        return new Recipe(run.epochs(full, small), fit, optimizer, Schedule.constant(), words);
    }

    private Subject subject(String name, String folder, Supplier<ReviewNet> net, Recipe recipe) {
        return new Subject(name, folder, net, recipe).words(words());
    }

    private int words() {
        return run.of(LAST, 50);
    }

    /** The textbook's network on all words of a review. */
    Subject bag() {
        return new Subject("2x16 network", "bag", Bag::new, rmsprop(30, 6, 512, 1e-3f)).words(Integer.MAX_VALUE);
    }

    /** Everything that reads. */
    List<Published> nets() {
        return List.of(
                new Published(
                        subject(
                                "embedding, mean, dense",
                                "mean",
                                () -> new Mean(ReviewNets.embedding()),
                                adam(6, 2, 5e-3f)),
                        "88.13 %",
                        "Keras example imdb_fasttext, 20,000 words",
                        null),
                new Published(
                        subject("1-D CNN", "cnn", Convolution::new, adam(4, 1, 1e-3f)),
                        "83.5 %",
                        "Keras example imdb_cnn",
                        null),
                new Published(
                        subject("simple RNN", "rnn", ReviewExperiments::simple, rmsprop(6, 1, 128, 1e-3f))
                                .paddedInFront(),
                        "76 %",
                        BOOK + ", section 10.5",
                        new Range(72, 82)),
                new Published(
                        subject(
                                        "LSTM, textbook in Python",
                                        "lstm-book",
                                        ReviewExperiments::book,
                                        rmsprop(20, 1, 300, 0.01f))
                                .paddedInFront(),
                        "84.76 %; its lab notebook 83.39 to 86.33 %",
                        BOOK,
                        new Range(83, Double.POSITIVE_INFINITY)),
                new Published(
                        subject("LSTM, textbook in R", "lstm-r", ReviewExperiments::keras, rmsprop(10, 1, 128, 1e-3f))
                                .paddedInFront(),
                        "87 %",
                        "An Introduction to Statistical Learning, lab in R",
                        new Range(85, Double.POSITIVE_INFINITY)),
                new Published(
                        subject("GRU", "gru", () -> read(Recurrent.gru(WIDTH, WIDTH)), adam(3, 1, 2e-3f)),
                        "",
                        "",
                        null),
                new Published(
                        subject(
                                "bidirectional LSTM",
                                "bilstm",
                                () -> read(Recurrent.lstm(WIDTH, WIDTH)
                                        .forgetBias(1)
                                        .bidirectional()),
                                adam(3, 1, 2e-3f)),
                        "84.28 %",
                        "Keras example bidirectional_lstm_imdb, two layers, on its validation data",
                        null),
                new Published(subject("Transformer", "transformer", Attends::new, adam(4, 1, 1e-3f)), "", "", null));
    }

    /** Of the textbook: 32 units, with dropout. */
    private static ReviewNet simple() {
        return new Read(
                ReviewNets.embedding(), Recurrent.rnn(WIDTH, WIDTH), new Dropout(0.2f), new Linear(WIDTH, 1), true);
    }

    /** As PyTorch begins: vectors from the normal distribution, two biases. 328,577 parameters. */
    private static ReviewNet book() {
        return new Read(new Embedding(Reviews.CODES, WIDTH), Recurrent.lstm(WIDTH, WIDTH)).paddedInFront();
    }

    /** As Keras begins: small vectors, one bias, orthogonal recurrent weights left out, and gates that remember. */
    private static ReviewNet keras() {
        return new Read(
                        new Embedding(Reviews.CODES, WIDTH, Init.uniform(-0.05f, 0.05f)),
                        Recurrent.lstm(WIDTH, WIDTH).biases(1).forgetBias(1))
                .paddedInFront();
    }

    private static ReviewNet read(Recurrent net) {
        return new Read(ReviewNets.embedding(), net);
    }

    // ---- vectors of words

    /** Two heads over vectors of four origins. */
    List<Subject> embeddings() {
        float[] random = new Rng(run.seed()).normal(Reviews.CODES * WIDTH, 0, SPREAD);
        float[] near = components();
        return List.of(
                subject("mean, learned", "vectors-mean-learned", () -> new Mean(ReviewNets.embedding()), heads()),
                subject("mean, random and frozen", "vectors-mean-random", () -> new Mean(given(random)), heads())
                        .withFrozenWords(),
                subject("mean, PCA and frozen", "vectors-mean-frozen", () -> new Mean(given(near)), heads())
                        .withFrozenWords(),
                subject("mean, PCA and tuned", "vectors-mean-tuned", () -> new Mean(given(near)), heads()),
                subject("GRU, learned", "vectors-gru-learned", () -> gru(ReviewNets.embedding()), readers()),
                subject("GRU, random and frozen", "vectors-gru-random", () -> gru(given(random)), readers())
                        .withFrozenWords(),
                subject("GRU, PCA and frozen", "vectors-gru-frozen", () -> gru(given(near)), readers())
                        .withFrozenWords(),
                subject("GRU, PCA and tuned", "vectors-gru-tuned", () -> gru(given(near)), readers()));
    }

    private Recipe heads() {
        return adam(4, 1, 5e-3f);
    }

    private Recipe readers() {
        return adam(2, 1, 2e-3f);
    }

    private static ReviewNet gru(Embedding words) {
        return new Read(words, Recurrent.gru(WIDTH, WIDTH));
    }

    private static Embedding given(float[] table) {
        return Embedding.of(table, Reviews.CODES, WIDTH).padding(0);
    }

    /** Of the training reviews alone; of their most frequent words in a short run. */
    private float[] components() {
        Vocabulary words = reviews.vocabulary().limit(run.of(Reviews.CODES, 500));
        int made = Objects.hash(
                words.size(),
                WIDTH,
                run.seed(),
                Arrays.deepHashCode(reviews.train().codes()));
        Path file = run.folder()
                .resolve(String.format("vectors-%08x.txt", made)); // of other reviews or words: another file
        WordVectors vectors;
        if (run.resume() && Files.exists(file)) {
            run.training().say("%nPrincipal components: resumed from %s", file);
            vectors = WordVectors.read(file);
        } else {
            run.training().say("%nPrincipal components of which of %,d words stand near which", words.size());
            int[][] codes = Arrays.stream(reviews.train().codes())
                    .map(c -> Arrays.stream(c)
                            .map(word -> word < words.size()
                                    ? word
                                    : words.reserved().unknown())
                            .toArray())
                    .toArray(int[][]::new);
            vectors = CoOccurrences.vectors(codes, words, WINDOW, WIDTH, run.seed());
            vectors.write(file);
        }
        // a small index has fewer words
        float[] table = Arrays.copyOf(vectors.table(reviews.vocabulary()), Reviews.CODES * WIDTH);
        for (int i = 0; i < table.length; i++) {
            table[i] *= SPREAD;
        }
        return table;
    }

    // ---- few and many reviews

    int[] sizes() {
        return run.brief() ? new int[] {200, 800} : new int[] {1000, 5000, 23_000};
    }

    /** GRU and LSTM for so many reviews. */
    List<Subject> gates(int reviews) {
        int epochs = reviews <= 1000 ? 20 : reviews <= 5000 ? 8 : 3;
        return List.of(
                subject("GRU", "sizes-gru-" + reviews, () -> read(Recurrent.gru(WIDTH, WIDTH)), adam(epochs, 1, 2e-3f)),
                subject(
                        "LSTM",
                        "sizes-lstm-" + reviews,
                        () -> read(Recurrent.lstm(WIDTH, WIDTH).forgetBias(1)),
                        adam(epochs, 1, 2e-3f)));
    }
}
