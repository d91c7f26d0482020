package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.reviews.MeanClassifier.Start;
import dev.fathom.labs.statistics.CoOccurrences;
import dev.fathom.text.WordVectors;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Word vectors from reviews of films: by principal components of co-occurrence, and by skip-gram with negative sampling
 * (Mikolov et al. 2013). The page shows neighbors, analogies, a picture, and classifiers of reviews that reuse the
 * vectors.
 */
public final class WordsLab implements OldExperiment {
    private static final int WINDOW = 5;
    private static final List<String> ASKED = List.of(
            "funny", "terrible", "actor", "zombie", "french", "kubrick", "beautiful", "boring", "soundtrack", "wife");
    private static final int NEIGHBORS = 5;
    static final String PCA = "PCA";
    static final String SKIP_GRAM = "skip-gram";

    /** The words of the picture, by group. */
    private static final Map<String, List<String>> SHOWN = new LinkedHashMap<>();

    static {
        SHOWN.put(
                "praise", List.of("excellent", "wonderful", "brilliant", "superb", "amazing", "perfect", "fantastic"));
        SHOWN.put("criticism", List.of("terrible", "awful", "horrible", "boring", "stupid", "worst", "lame"));
        SHOWN.put("people", List.of("man", "woman", "boy", "girl", "father", "mother", "wife", "husband"));
        SHOWN.put("professions", List.of("director", "actor", "actress", "writer", "producer", "cast"));
        SHOWN.put("genres", List.of("comedy", "horror", "thriller", "drama", "western", "romance"));
        SHOWN.put(
                "nationalities", List.of("american", "french", "german", "italian", "japanese", "british", "russian"));
    }

    @Override
    public String name() {
        return "words";
    }

    @Override
    public Findings run(LabRun run) {
        int dimensions = run.of(100, 32);
        ReviewTokens reviews = ReviewTokens.read(run, run.of(25_000, 2_000), run.of(10_000, 1_500), dimensions);
        Findings page = run.page(
                "Lab words",
                line(
                        "IMDB (Maas et al. 2011): %,d training reviews of %,d words, whose %,d most frequent "
                                + "different words have vectors of %d "
                                + "numbers, and %,d test reviews",
                        reviews.training().length,
                        reviews.tokens(),
                        reviews.vocabulary().size() - reviews.first(),
                        dimensions,
                        reviews.test().length));
        Map<String, WordVectors> vectors = vectors(run, page, reviews, dimensions);
        if (vectors.isEmpty()) {
            return page;
        }
        vectors.forEach((name, v) -> {
            v.write(run.folder().resolve(name.toLowerCase(Locale.ROOT) + ".txt"));
            page.link(
                    name.toLowerCase(Locale.ROOT) + ".txt", "the vectors by " + name + ", in the text format of GloVe");
        });
        neighbors(page, vectors);
        analogies(page, vectors);
        pictures(page, vectors, run.seed());
        return vectors.size() == 2 && classifiers(run, page, reviews, vectors) ? page.finished() : page;
    }

    /** Computes vectors in both ways; only those that are finished if the run is interrupted. */
    private static Map<String, WordVectors> vectors(LabRun run, Findings page, ReviewTokens reviews, int dimensions) {
        Map<String, WordVectors> vectors = new LinkedHashMap<>();
        run.out().println("Counting co-occurrences and computing their principal components ...");
        WordVectors pca = CoOccurrences.vectors(
                reviews.training(), reviews.vocabulary(), WINDOW, dimensions, run.seed(), run.interrupt()::requested);
        if (run.interrupt().requested()) {
            return vectors;
        }
        vectors.put(PCA, pca);
        page.section(
                "Two kinds of word vectors",
                line(
                        "PCA: the %d principal components of the positive pointwise mutual information of words "
                                + "at most %d places apart, smoothed and "
                                + "weighted as Levy, Goldberg and Dagan (2015) advise. No figures are published "
                                + "for these reviews, so the page "
                                + "compares with chance and with computed baselines.",
                        dimensions, WINDOW));
        SkipGram.Trained skipGram = SkipGram.train(run, reviews, dimensions, run.epochs(4, 2));
        if (skipGram != null) {
            vectors.put(SKIP_GRAM, skipGram.vectors());
            page.text(line(
                    "Skip-gram: a word's vector predicts the words near it, against %d drawn words for each "
                            + "(Mikolov et al. 2013). It is trained on %,d "
                            + "pairs of words in each of %d epochs. Adam changes only the vectors of the words in "
                            + "a batch.",
                    SkipGram.NEGATIVES,
                    skipGram.pairs(),
                    skipGram.history().epochs().size()));
        }
        return vectors;
    }

    private static void neighbors(Findings page, Map<String, WordVectors> vectors) {
        List<List<String>> rows = new ArrayList<>();
        for (String word : ASKED) {
            List<String> row = new ArrayList<>(List.of(word));
            vectors.values().forEach(v -> row.add(near(v, word)));
            rows.add(row);
        }
        page.section("Neighbors", "The words whose vectors have the largest cosine with the vector of a word.")
                .table(header("word", vectors), rows);
    }

    private static List<String> header(String first, Map<String, WordVectors> vectors) {
        List<String> header = new ArrayList<>(List.of(first));
        header.addAll(vectors.keySet());
        return header;
    }

    private static String near(WordVectors vectors, String word) {
        return vectors.words().contains(word) ? String.join(", ", vectors.nearest(word, NEIGHBORS)) : "";
    }

    private static void analogies(Findings page, Map<String, WordVectors> vectors) {
        Map<String, Map<String, Analogies.Score>> scores = new LinkedHashMap<>();
        vectors.forEach((name, v) -> scores.put(name, Analogies.scores(v)));
        Map<String, Analogies.Score> sums = new LinkedHashMap<>();
        scores.forEach((name, families) -> sums.put(name, Analogies.sum(families)));
        List<String> header = new ArrayList<>(List.of("pairs", "questions"));
        vectors.keySet().forEach(name -> header.addAll(List.of(name, name + ", top 5", name + ", nearest to c")));
        List<List<String>> rows = new ArrayList<>();
        // all vectors have the same words, and so the same questions
        scores.values()
                .iterator()
                .next()
                .keySet()
                .forEach(family -> rows.add(row(
                        family,
                        scores.values().stream()
                                .map(families -> families.getOrDefault(family, new Analogies.Score(0, 0, 0, 0)))
                                .toList())));
        rows.add(row("all", List.copyOf(sums.values())));
        int words = vectors.values().iterator().next().words().size();
        page.section(
                        "Analogies",
                        line(
                                "Each question has the form \"a is to b as c is to what?\"; the answer is the "
                                        + "word whose vector is nearest to b - a + c "
                                        + "(Mikolov et al. 2013). The pairs have words that are usual in reviews. "
                                        + "A random answer is right once in %,d "
                                        + "times. The column \"nearest to c\" is the baseline: it has the share "
                                        + "of questions that are answered by the "
                                        + "word nearest to c, whatever a and b are.",
                                words - 3))
                .table(header, rows);
        sums.forEach((name, score) -> page.key(Figure.of(name + ", correct analogies", "%", score.accuracy())
                .baseline(score.baseline(), "word nearest to c")));
    }

    private static List<String> row(String family, List<Analogies.Score> scores) {
        List<String> row =
                new ArrayList<>(List.of(family, Integer.toString(scores.get(0).asked())));
        scores.forEach(s -> row.addAll(List.of(percent(s.accuracy()), percent(s.top5()), percent(s.baseline()))));
        return row;
    }

    private static String percent(double value) {
        return line("%.1f %%", value);
    }

    private static void pictures(Findings page, Map<String, WordVectors> vectors, long seed) {
        long known = SHOWN.values().stream()
                .flatMap(List::stream)
                .filter(vectors.values().iterator().next().words()::contains)
                .count();
        if (known < 3) {
            page.section(
                    "A picture of words",
                    "There is no picture, because these reviews have fewer than three of the words that it would "
                            + "show.");
            return;
        }
        page.section(
                "A picture of words",
                "The first two principal components of the vectors of some words, scaled to length 1. Colors "
                        + "stand for groups of words.");
        vectors.forEach((name, v) -> page.picture(
                "words-" + name.toLowerCase(Locale.ROOT) + ".png",
                "Words in the plane of the first two principal components of their vectors, by " + name,
                () -> Plots.scatter("words by " + name, plane(v, seed))));
    }

    /** The points of the words of the picture that have a vector, by group and word. */
    private static Map<String, Map<String, double[]>> plane(WordVectors vectors, long seed) {
        List<String> words = SHOWN.values().stream()
                .flatMap(List::stream)
                .filter(vectors.words()::contains)
                .toList();
        int d = vectors.dimensions();
        float[] rows = new float[words.size() * d];
        for (int i = 0; i < words.size(); i++) {
            System.arraycopy(Analogies.unit(vectors.vector(words.get(i))), 0, rows, i * d, d);
        }
        SparseRows x = SparseRows.dense(rows, d);
        double[] scores = Pca.of(x, 2, 1e-9, seed).scores(x);
        Map<String, Map<String, double[]>> groups = new LinkedHashMap<>();
        SHOWN.forEach((group, all) -> {
            Map<String, double[]> points = new LinkedHashMap<>();
            for (String word : all) {
                int i = words.indexOf(word);
                if (i >= 0) {
                    points.put(word, new double[] {scores[2 * i], scores[2 * i + 1]});
                }
            }
            if (!points.isEmpty()) {
                groups.put(group, points);
            }
        });
        return groups;
    }

    /** Trains the classifiers on few and on all reviews; false if the run was interrupted. */
    private static boolean classifiers(
            LabRun run, Findings page, ReviewTokens reviews, Map<String, WordVectors> vectors) {
        int dimensions = run.of(100, 32);
        int validation = Math.min(run.of(2_000, 500), reviews.training().length / 5);
        List<List<String>> rows = new ArrayList<>();
        boolean finished = true;
        try (MeanClassifier classifier = MeanClassifier.of(run, reviews, dimensions, validation)) {
            int most = classifier.training().size();
            int[] counts = IntStream.of(Math.min(run.of(1_000, 250), most), Math.min(run.of(23_000, 1_500), most))
                    .distinct()
                    .toArray();
            Map<Integer, Double> learned = new TreeMap<>(); // the accuracies of the baseline, by the number of reviews
            for (Start start : Start.values()) {
                List<String> row = new ArrayList<>(List.of(start.title));
                for (int count : counts) {
                    int epochs = count < most ? run.epochs(30, 10) : run.epochs(8, 4);
                    OptionalDouble accuracy = classifier.accuracy(start, vectors.get(start.vectors), count, epochs);
                    row.add(accuracy.isPresent() ? line("%.2f %%", 100 * accuracy.getAsDouble()) : "");
                    finished &= accuracy.isPresent();
                    if (accuracy.isPresent()) {
                        learned.putIfAbsent(count, 100 * accuracy.getAsDouble());
                        Figure figure = Figure.of(
                                line("Mean of vectors, %s, %,d reviews, test accuracy", start.title, count),
                                "%",
                                100 * accuracy.getAsDouble());
                        page.figure(
                                start == Start.LEARNED
                                        ? figure.baseline(50, "chance")
                                        : figure.baseline(learned.getOrDefault(count, 50.0), Start.LEARNED.title));
                    }
                }
                if (row.stream().skip(1).anyMatch(cell -> !cell.isEmpty())) {
                    rows.add(row);
                }
            }
            if (rows.isEmpty()) {
                return false;
            }
            List<String> header = new ArrayList<>(List.of("vectors"));
            IntStream.of(counts).forEach(count -> header.add(line("%,d reviews", count)));
            page.section(
                            "Reusing the vectors",
                            line(
                                    "A linear layer on the mean of the vectors of a review's words classifies the "
                                            + "review as positive or negative. It "
                                            + "reads the last 500 words; the median review has %d words. Frozen "
                                            + "vectors stay as they are, and tuned "
                                            + "ones are trained with the layer. The table has the test accuracy "
                                            + "after the epoch with the best accuracy "
                                            + "on %,d validation reviews; the test set is used once.",
                                    classifier.medianLength(),
                                    classifier.validation().size()))
                    .table(header, rows);
        }
        return finished;
    }
}
