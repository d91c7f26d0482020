package dev.fathom.labs.reviews;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.CoOccurrences;
import dev.fathom.labs.reviews.MeanClassifier.Start;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Input;
import dev.fathom.text.WordVectors;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Word vectors from reviews of films: by principal components of co-occurrence, and by skip-gram with negative sampling
 * (Mikolov et al. 2013). The page shows neighbors, analogies, a picture, and classifiers of reviews that reuse the
 * vectors.
 */
public final class WordsLab implements Experiment {
    private static final int WINDOW = 5;
    private static final List<String> ASKED = List.of(
            "funny", "terrible", "actor", "zombie", "french", "kubrick", "beautiful", "boring", "soundtrack", "wife");
    private static final int NEIGHBORS = 5;
    static final String PCA = "PCA";
    static final String SKIP_GRAM = "skip-gram";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The scores of a word with its context and five drawn words",
                new SkipGram(new Embedding(10_000, 100), new Embedding(10_000, 100)),
                (net, in) -> net.scores(in[0], in[1]),
                Input.ints(1),
                Input.ints(1, 1 + SkipGram.NEGATIVES));
    }

    @Override
    public void run(Lab lab) {
        int dimensions = lab.of(100, 32);
        ReviewTokens reviews = ReviewTokens.read(lab.run(), lab.of(25_000, 2_000), lab.of(10_000, 1_500), dimensions);
        lab.put("learn", reviews.training().length).put("tokens", reviews.tokens());
        lab.put("different", reviews.vocabulary().size() - reviews.first());
        lab.put("dimensions", dimensions).put("test", reviews.test().length);

        lab.section("Two kinds of word vectors");
        lab.say("Counting co-occurrences and computing their components ...");
        Map<String, WordVectors> vectors = new LinkedHashMap<>();
        vectors.put(
                PCA,
                CoOccurrences.vectors(
                        reviews.training(), reviews.vocabulary(), WINDOW, dimensions, lab.seed(), lab::stopped));
        int epochs = lab.epochs(4, 2);
        SkipGram.Trained skipGram = SkipGram.train(lab, reviews, dimensions, epochs);
        vectors.put(SKIP_GRAM, skipGram.vectors());
        lab.put("window", WINDOW).put("negatives", SkipGram.NEGATIVES);
        lab.put("pairs", skipGram.pairs()).put("epochs", epochs);
        vectors.forEach((name, v) -> {
            String file = name.toLowerCase(Locale.ROOT) + ".txt";
            v.write(lab.folder().resolve(file));
            lab.link(file);
        });

        lab.section("Neighbors");
        Table neighbors = lab.table("neighbors", "word");
        for (String word : ASKED) {
            Table.Row row = neighbors.row(word);
            vectors.forEach((name, v) -> row.cell(name, near(v, word)));
        }
        analogies(lab, vectors);
        lab.section("A picture of words");
        boolean drawn = WordPlane.known(skipGram.vectors()).size() >= 3;
        lab.put("drawn", drawn);
        if (drawn) {
            vectors.forEach((name, v) -> lab.picture(
                    "words-" + name.toLowerCase(Locale.ROOT) + ".png",
                    () -> Plots.scatter("words by " + name, WordPlane.of(v, lab.seed()))));
        }
        classifiers(lab, reviews, vectors);
    }

    private static String near(WordVectors vectors, String word) {
        return vectors.words().contains(word) ? String.join(", ", vectors.nearest(word, NEIGHBORS)) : "";
    }

    private static void analogies(Lab lab, Map<String, WordVectors> vectors) {
        lab.section("Analogies");
        Table table = lab.table("analogies", "pairs");
        Map<String, Table.Row> rows = new LinkedHashMap<>();
        vectors.forEach((name, v) -> {
            lab.put("chance", v.words().size() - 3);
            Map<String, Analogies.Score> scores = new LinkedHashMap<>(Analogies.scores(v));
            Analogies.Score sum = Analogies.sum(scores);
            scores.put("all", sum);
            scores.forEach((family, score) -> rows.computeIfAbsent(family, table::row)
                    .cell("questions", score.asked())
                    .cell(name, line("%.1f %%", score.accuracy()))
                    .cell(name + ", top 5", line("%.1f %%", score.top5()))
                    .cell(name + ", nearest to c", line("%.1f %%", score.baseline())));
            lab.figure(Figure.of(name + ", correct analogies", "%", sum.accuracy())
                    .baseline(sum.baseline(), "word nearest to c"));
        });
    }

    /** Trains the classifiers on few and on all reviews. */
    private static void classifiers(Lab lab, ReviewTokens reviews, Map<String, WordVectors> vectors) {
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
                    row.put(
                            column,
                            "%.2f %%",
                            100 * classifier.accuracy(start, vectors.get(start.vectors), count, epochs));
                    if (row == learned) {
                        row.baseline(50, "chance");
                    } else {
                        row.baseline(learned.get(column), learned.name());
                    }
                }
            }
        }
    }
}
