package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.reviews.ReviewMeans.Start;
import dev.fathom.labs.statistics.CoOccurrences;
import dev.fathom.labs.statistics.Pca;
import dev.fathom.labs.statistics.SparseRows;
import dev.fathom.text.WordVectors;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Word vectors of reviews of films: by principal components of co-occurrence, and by skip-gram with negative sampling (Mikolov et al. 2013). Neighbors,
 * analogies, a picture, and what the vectors are worth to a classifier of reviews.
 */
public final class WordsLab implements Experiment {
    private static final int WINDOW = 5;
    private static final List<String> ASKED = List.of(
            "funny", "terrible", "actor", "zombie", "french", "kubrick", "beautiful", "boring", "soundtrack", "wife");
    private static final int NEIGHBORS = 5;

    /** What comes of vectors that were found in either way. */
    private record Both<T>(T pca, T skipGram) {
        <S> Both<S> map(Function<T, S> change) {
            return new Both<>(change.apply(pca), change.apply(skipGram));
        }
    }

    /** The words of the picture, by what they have in common. */
    private static final Map<String, List<String>> SHOWN = new LinkedHashMap<>();

    static {
        SHOWN.put(
                "praise", List.of("excellent", "wonderful", "brilliant", "superb", "amazing", "perfect", "fantastic"));
        SHOWN.put("blame", List.of("terrible", "awful", "horrible", "boring", "stupid", "worst", "lame"));
        SHOWN.put("people", List.of("man", "woman", "boy", "girl", "father", "mother", "wife", "husband"));
        SHOWN.put("makers", List.of("director", "actor", "actress", "writer", "producer", "cast"));
        SHOWN.put("kinds", List.of("comedy", "horror", "thriller", "drama", "western", "romance"));
        SHOWN.put("countries", List.of("american", "french", "german", "italian", "japanese", "british", "russian"));
    }

    @Override
    public String name() {
        return "words";
    }

    @Override
    public String shows() {
        return "vectors of words from reviews: PCA of co-occurrence and skip-gram, neighbors, analogies, and a classifier";
    }

    @Override
    public Result run(Run run) {
        ReviewTokens reviews = ReviewTokens.read(run, run.of(25_000, 2_000), run.of(10_000, 1_500));
        int dimensions = run.of(100, 32);
        Result page = new Result(
                "Lab words",
                line(
                        "%,d reviews of films (Maas et al. 2011) of %,d words, of which the %,d most frequent different ones have "
                                + "vectors of %d numbers; another %,d reviews for the test",
                        reviews.learn().length,
                        reviews.tokens(),
                        reviews.vocabulary().size() - reviews.first(),
                        dimensions,
                        reviews.test().length),
                run.out());
        run.out().println("Counting which words are near each other, and finding principal components ...");
        WordVectors pca = CoOccurrences.vectors(reviews.learn(), reviews.vocabulary(), WINDOW, dimensions, run.seed());
        if (run.interrupt().requested()) {
            return page;
        }
        SkipGram.Learned learned = SkipGram.learn(run, reviews, dimensions, run.epochs(4, 2));
        if (learned == null || run.interrupt().requested()) {
            return page;
        }
        Both<WordVectors> vectors = new Both<>(pca, learned.vectors());
        page.section(
                "Two ways to vectors",
                "PCA: the " + dimensions
                        + " principal components of positive pointwise mutual information of words at most "
                        + WINDOW
                        + " places apart, smoothed and weighted as Levy, Goldberg and Dagan (2015) advise. Skip-gram: a word's "
                        + "vector predicts the words near it, against " + SkipGram.NEGATIVES
                        + " drawn ones (Mikolov et al. 2013), "
                        + line(
                                "%,d pairs in each of %d epochs",
                                learned.pairs(), learned.history().epochs().size())
                        + ", by lazy steps of Adam on the rows of a batch. No figures are published for these reviews, so the page "
                        + "compares with chance, and with what is computed here.");
        vectors.pca().write(run.folder().resolve("pca.txt"));
        vectors.skipGram().write(run.folder().resolve("skip-gram.txt"));
        page.link("pca.txt", "the vectors by PCA, in the text format of GloVe")
                .link("skip-gram.txt", "those by skip-gram");
        neighbors(page, vectors);
        analogies(run, page, vectors);
        pictures(page, vectors, run.seed());
        return classifiers(run, page, reviews, vectors) ? page.finished() : page;
    }

    private static void neighbors(Result page, Both<WordVectors> vectors) {
        List<List<String>> rows = new ArrayList<>();
        for (String word : ASKED) {
            rows.add(List.of(word, near(vectors.pca(), word), near(vectors.skipGram(), word)));
        }
        page.section("Neighbors", "The words whose vectors have the greatest cosine with that of a word.")
                .table(List.of("word", "PCA", "skip-gram"), rows);
    }

    private static String near(WordVectors vectors, String word) {
        return vectors.words().contains(word) ? String.join(", ", vectors.nearest(word, NEIGHBORS)) : "";
    }

    private static void analogies(Run run, Result page, Both<WordVectors> vectors) {
        Both<Map<String, Analogies.Score>> scores = vectors.map(Analogies::scores);
        Both<Analogies.Score> all = scores.map(Analogies::sum);
        int words = vectors.pca().words().size();
        String chance = line("%.2f %%", 100.0 / (words - 3));
        List<List<String>> rows = new ArrayList<>();
        scores.pca().forEach((family, score) -> {
            Analogies.Score other = scores.skipGram().getOrDefault(family, score);
            rows.add(row(family, new Both<>(score, other), chance));
        });
        rows.add(row("all", all, chance));
        page.section(
                        "Analogies",
                        "a is to b as c is to ?, answered by the word whose vector is nearest to b - a + c (Mikolov et al. 2013), over pairs "
                                + "that reviews can know. Chance is one of the " + (words - 3)
                                + " other words. Alone is how often the word nearest to c is the answer, whatever a and b are.")
                .table(
                        List.of(
                                "pairs",
                                "questions",
                                "PCA",
                                "among 5",
                                "alone",
                                "skip-gram",
                                "among 5",
                                "alone",
                                "chance"),
                        rows);
        figures(run, page, "PCA", all.pca());
        figures(run, page, "Skip-gram", all.skipGram());
    }

    private static void figures(Run run, Result page, String name, Analogies.Score score) {
        Figure right = Figure.of(name + ", analogies right", "%", 100 * score.accuracy());
        page.key(run.whole() ? right.atLeast(100 * score.accuracyAlone()) : right)
                .figure(Figure.of(
                        name + ", analogies right by the word nearest to c alone", "%", 100 * score.accuracyAlone()));
    }

    private static List<String> row(String family, Both<Analogies.Score> scores, String chance) {
        List<String> row =
                new ArrayList<>(List.of(family, Integer.toString(scores.pca().asked())));
        for (Analogies.Score s : List.of(scores.pca(), scores.skipGram())) {
            row.add(line("%.1f %%", 100 * s.accuracy()));
            row.add(line("%.1f %%", 100.0 * s.near() / s.asked()));
            row.add(line("%.1f %%", 100 * s.accuracyAlone()));
        }
        row.add(chance);
        return row;
    }

    private static void pictures(Result page, Both<WordVectors> vectors, long seed) {
        page.section(
                "A picture of words",
                "The first two principal components of the directions of some words' vectors, named by what the words have in common.");
        picture(page, "PCA", vectors.pca(), seed);
        picture(page, "skip-gram", vectors.skipGram(), seed);
    }

    private static void picture(Result page, String name, WordVectors vectors, long seed) {
        page.picture(
                "words-" + name.toLowerCase(Locale.ROOT) + ".png",
                "Words in the plane of the first two principal components of their vectors, by " + name,
                () -> Plots.scatter("words by " + name, plane(vectors, seed)));
    }

    /** Where the words of the picture that have a vector lie, by group and word. */
    private static Map<String, Map<String, double[]>> plane(WordVectors vectors, long seed) {
        List<String> words = SHOWN.values().stream()
                .flatMap(List::stream)
                .filter(vectors.words()::contains)
                .toList();
        int d = vectors.dimensions();
        float[] rows = new float[words.size() * d];
        for (int i = 0; i < words.size(); i++) {
            float[] v = vectors.vector(words.get(i));
            double squares = 0;
            for (float x : v) {
                squares += x * x;
            }
            for (int k = 0; k < d; k++) {
                rows[i * d + k] = (float) (v[k] / Math.sqrt(squares));
            }
        }
        SparseRows x = SparseRows.dense(rows, d);
        double[] scores = Pca.of(x, 2, 1e-9, seed).scores(x);
        Map<String, Map<String, double[]>> groups = new LinkedHashMap<>();
        SHOWN.forEach((group, all) -> {
            Map<String, double[]> places = new LinkedHashMap<>();
            for (String word : all) {
                int i = words.indexOf(word);
                if (i >= 0) {
                    places.put(word, new double[] {scores[2 * i], scores[2 * i + 1]});
                }
            }
            if (!places.isEmpty()) {
                groups.put(group, places);
            }
        });
        return groups;
    }

    /** False where it was stopped. */
    private static boolean classifiers(Run run, Result page, ReviewTokens reviews, Both<WordVectors> vectors) {
        int dimensions = vectors.pca().dimensions();
        List<List<String>> rows = new ArrayList<>();
        try (ReviewMeans means =
                ReviewMeans.of(run, reviews, dimensions, Math.min(run.of(2_000, 500), reviews.learn().length / 5))) {
            int most = means.learn().size();
            int[] counts = IntStream.of(Math.min(run.of(1_000, 250), most), Math.min(run.of(23_000, 1_500), most))
                    .distinct()
                    .toArray();
            for (Start start : Start.values()) {
                WordVectors v = start == Start.LEARNED
                        ? null
                        : start.name().startsWith("PCA") ? vectors.pca() : vectors.skipGram();
                List<String> row = new ArrayList<>(List.of(start.words));
                for (int count : counts) {
                    double accuracy =
                            means.accuracy(start, v, count, count < most ? run.epochs(30, 10) : run.epochs(8, 4));
                    if (Double.isNaN(accuracy)) {
                        return false;
                    }
                    row.add(line("%.2f %%", 100 * accuracy));
                    page.figure(Figure.of(
                            line("Mean of vectors %s, %,d reviews, test accuracy", start.words, count),
                            "%",
                            100 * accuracy));
                }
                rows.add(row);
            }
            List<String> header = new ArrayList<>(List.of("vectors"));
            IntStream.of(counts).forEach(count -> header.add(line("%,d reviews", count)));
            page.section(
                            "Vectors reused",
                            line(
                                    "A review is the mean of its words' vectors (the last 500 words; the middle review has %d), and a linear layer "
                                            + "says whether it is positive. Frozen vectors stay as they are, tuned ones learn with the layer. "
                                            + "The epoch is chosen on %,d reviews held out; the test is looked at once.",
                                    means.middleLength(), means.heldOut().size()))
                    .table(header, rows);
        }
        return true;
    }
}
