package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.labs.reviews.ReviewNets.LAST;
import static dev.fathom.labs.reviews.ReviewNets.WIDTH;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.reviews.ReviewNets.BagOfWordsNet;
import dev.fathom.labs.reviews.ReviewNets.Convolution;
import dev.fathom.labs.reviews.ReviewNets.MeanOfVectors;
import dev.fathom.labs.reviews.ReviewNets.RecurrentClassifier;
import dev.fathom.labs.reviews.ReviewNets.ReviewNet;
import dev.fathom.labs.reviews.ReviewNets.TransformerClassifier;
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

/** The networks of the lab, and how each is trained. */
record ReviewExperiments(LabRun run, Reviews reviews) {
    /** The page's text on the {@link #embeddings}. */
    static final String VECTORS =
            "There are four kinds of vectors of the 9,999 words: learned with the network; random and frozen; and "
                    + "the first 32 "
                    + "principal components of the co-occurrences in the training reviews (positive pointwise "
                    + "mutual information within 5 words), frozen "
                    + "or tuned. Nothing is published for these. The learned vectors are the baseline of the "
                    + "others, and the lasso is theirs.";

    /** The page's text on the {@link #sizes}. */
    static final String SIZES =
            "The same networks are trained on a part of the training reviews, with more epochs for fewer reviews. "
                    + "Every step has 64 reviews. Nothing is published for these; each network is the other's "
                    + "baseline.";

    private static final int WINDOW = 5;
    /** The standard deviation of vectors that are given to a network, near that of learned ones. */
    private static final float SPREAD = 0.3f;

    /** The page's text on the {@link #readers}. */
    String readersText() {
        return line(
                "All networks see the last %d words of a review as vectors of 32 numbers. The textbook's two "
                        + "LSTMs and its simple RNN read every "
                        + "review padded in front with zeros to this length, as published; for the others a batch "
                        + "has reviews of similar length, and "
                        + "padding is masked. Gradients are clipped to norm 1. The weights of the epoch with the "
                        + "best validation accuracy are kept and "
                        + "tested once, whereas the published figures are those of the last epoch. In the full "
                        + "form the two LSTMs train for as many "
                        + "epochs as in the textbook, 20 in Python and 10 in R, and the others for 3 to 6 epochs.",
                length());
    }

    private Recipe rmsprop(int full, int small, int batch, float rate) {
        return recipe(full, small, batch, new RmsProp(rate), "RMSprop " + rate);
    }

    private Recipe adam(int full, int small, float rate) {
        return recipe(full, small, 64, new Adam(rate), "Adam " + rate);
    }

    private Recipe recipe(int full, int small, int batch, Optimizer optimizer, String title) {
        int fit = run.of(batch, Math.min(batch, 64));
        return new Recipe(run.epochs(full, small), fit, optimizer, Schedule.constant(), title);
    }

    private ReviewExperiment experiment(String title, String folder, Supplier<ReviewNet> net, Recipe recipe) {
        return new ReviewExperiment(title, folder, net, recipe, length());
    }

    private int length() {
        return run.of(LAST, 50);
    }

    /** The textbook's network on all words of a review. */
    ReviewExperiment bag() {
        return new ReviewExperiment(
                "2x16 network", "bag", BagOfWordsNet::new, rmsprop(30, 6, 512, 1e-3f), Integer.MAX_VALUE);
    }

    /** The networks that read word vectors. */
    List<ReviewExperiment> readers() {
        return List.of(
                experiment(
                        "embedding, mean, dense",
                        "mean",
                        () -> new MeanOfVectors(ReviewNets.embedding()),
                        adam(6, 2, 5e-3f)),
                experiment("1-D CNN", "cnn", Convolution::new, adam(4, 1, 1e-3f)),
                experiment("simple RNN", "rnn", ReviewExperiments::simple, rmsprop(6, 1, 128, 1e-3f))
                        .paddedInFront(),
                experiment("LSTM, textbook in Python", "lstm-book", ReviewExperiments::book, rmsprop(20, 1, 300, 0.01f))
                        .paddedInFront(),
                experiment("LSTM, textbook in R", "lstm-r", ReviewExperiments::keras, rmsprop(10, 1, 128, 1e-3f))
                        .paddedInFront(),
                experiment("GRU", "gru", () -> read(Recurrent.gru(WIDTH, WIDTH)), adam(3, 1, 2e-3f)),
                experiment(
                        "bidirectional LSTM",
                        "bilstm",
                        () -> read(Recurrent.lstm(WIDTH, WIDTH).forgetBias(1).bidirectional()),
                        adam(3, 1, 2e-3f)),
                experiment("Transformer", "transformer", TransformerClassifier::new, adam(4, 1, 1e-3f)));
    }

    /** The textbook's simple RNN: 32 units and dropout. */
    private static ReviewNet simple() {
        return new RecurrentClassifier(
                ReviewNets.embedding(), Recurrent.rnn(WIDTH, WIDTH), new Dropout(0.2f), new Linear(WIDTH, 1), true);
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
                        new Embedding(Reviews.CODES, WIDTH, Init.uniform(-0.05f, 0.05f)),
                        Recurrent.lstm(WIDTH, WIDTH).biases(1).forgetBias(1))
                .paddedInFront();
    }

    private static ReviewNet read(Recurrent net) {
        return new RecurrentClassifier(ReviewNets.embedding(), net);
    }

    // ---- word vectors

    /**
     * A mean and a GRU on word vectors of four kinds, whose titles are the network and the kind, separated by a comma.
     * Vectors by PCA are computed first; the list is empty if the run is interrupted meanwhile.
     */
    List<ReviewExperiment> embeddings() {
        float[] random = new Rng(run.seed()).normal(Reviews.CODES * WIDTH, 0, SPREAD);
        float[] pca = components();
        if (pca == null) {
            return List.of();
        }
        return List.of(
                experiment(
                        "mean, learned",
                        "vectors-mean-learned",
                        () -> new MeanOfVectors(ReviewNets.embedding()),
                        meanRecipe()),
                experiment(
                                "mean, random, frozen",
                                "vectors-mean-random",
                                () -> new MeanOfVectors(given(random)),
                                meanRecipe())
                        .withFrozenWords(),
                experiment(
                                "mean, PCA vectors, frozen",
                                "vectors-mean-frozen",
                                () -> new MeanOfVectors(given(pca)),
                                meanRecipe())
                        .withFrozenWords(),
                experiment(
                        "mean, PCA vectors, tuned",
                        "vectors-mean-tuned",
                        () -> new MeanOfVectors(given(pca)),
                        meanRecipe()),
                experiment("GRU, learned", "vectors-gru-learned", () -> gru(ReviewNets.embedding()), gruRecipe()),
                experiment("GRU, random, frozen", "vectors-gru-random", () -> gru(given(random)), gruRecipe())
                        .withFrozenWords(),
                experiment("GRU, PCA vectors, frozen", "vectors-gru-frozen", () -> gru(given(pca)), gruRecipe())
                        .withFrozenWords(),
                experiment("GRU, PCA vectors, tuned", "vectors-gru-tuned", () -> gru(given(pca)), gruRecipe()));
    }

    private Recipe meanRecipe() {
        return adam(4, 1, 5e-3f);
    }

    private Recipe gruRecipe() {
        return adam(2, 1, 2e-3f);
    }

    private static ReviewNet gru(Embedding words) {
        return new RecurrentClassifier(words, Recurrent.gru(WIDTH, WIDTH));
    }

    private static Embedding given(float[] table) {
        return Embedding.of(table, Reviews.CODES, WIDTH).padding(0);
    }

    /**
     * The table of the vectors by PCA, [{@link Reviews#CODES}, {@link ReviewNets#WIDTH}], computed from the training
     * reviews; a short run has vectors of the most frequent words alone. Null if the run was interrupted.
     */
    private float @Nullable [] components() {
        Vocabulary words = reviews.vocabulary().limit(run.of(Reviews.CODES, 500));
        int made = Objects.hash(
                words.size(),
                WIDTH,
                run.seed(),
                Arrays.deepHashCode(reviews.train().codes()));
        Path file = run.folder()
                .resolve(String.format("vectors-%08x.txt", made)); // other reviews or words have another file
        WordVectors vectors;
        if (run.resume() && Files.exists(file)) {
            run.training().say("%nPrincipal components: resumed from %s", file);
            vectors = WordVectors.read(file);
        } else {
            run.training().say("%nPrincipal components of the co-occurrences of %,d words", words.size());
            int[][] codes = Arrays.stream(reviews.train().codes())
                    .map(c -> Arrays.stream(c)
                            .map(word -> word < words.size()
                                    ? word
                                    : words.reserved().unknown())
                            .toArray())
                    .toArray(int[][]::new);
            vectors = CoOccurrences.vectors(codes, words, WINDOW, WIDTH, run.seed(), run.interrupt()::requested);
            if (run.interrupt().requested()) {
                return null;
            }
            vectors.write(file);
        }
        // an index of fewer words has a smaller table
        float[] table = Arrays.copyOf(vectors.table(reviews.vocabulary()), Reviews.CODES * WIDTH);
        for (int i = 0; i < table.length; i++) {
            table[i] *= SPREAD;
        }
        return table;
    }

    // ---- numbers of training reviews

    int[] sizes() {
        return run.brief() ? new int[] {200, 800} : new int[] {1000, 5000, 23_000};
    }

    /** A GRU and an LSTM for a number of training reviews. */
    List<ReviewExperiment> gates(int reviews) {
        int epochs = reviews <= 1000 ? 20 : reviews <= 5000 ? 8 : 3;
        return List.of(
                experiment(
                        "GRU", "sizes-gru-" + reviews, () -> read(Recurrent.gru(WIDTH, WIDTH)), adam(epochs, 1, 2e-3f)),
                experiment(
                        "LSTM",
                        "sizes-lstm-" + reviews,
                        () -> read(Recurrent.lstm(WIDTH, WIDTH).forgetBias(1)),
                        adam(epochs, 1, 2e-3f)));
    }
}
