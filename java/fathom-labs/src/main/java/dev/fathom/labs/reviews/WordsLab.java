package dev.fathom.labs.reviews;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.ReviewTokens;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.CoOccurrences;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.SkipGram;
import dev.fathom.text.WordVectors;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Word vectors from reviews of films: by principal components of co-occurrence, and by skip-gram with negative sampling
 * (Mikolov et al. 2013). The page shows neighbors, analogies, a picture, and classifiers of reviews that reuse the
 * vectors.
 */
public final class WordsLab implements Experiment {
    private static final int WINDOW = 5;
    private static final int NEGATIVES = 5;
    private static final List<String> ASKED = List.of(
            "funny", "terrible", "actor", "zombie", "french", "kubrick", "beautiful", "boring", "soundtrack", "wife");
    private static final int NEIGHBORS = 5;
    static final String PCA = "PCA";
    static final String SKIP_GRAM = "skip-gram";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The scores of a word with its context and five drawn words",
                SkipGram.of(10_000, 100),
                (net, in) -> net.scores(in[0], in[1]),
                Input.ints(1),
                Input.ints(1, 1 + NEGATIVES));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(Imdb.SET);
    }

    @Override
    public void run(Lab lab) {
        int dimensions = lab.of(100, 32);
        ReviewTokens reviews = ReviewTokens.read(lab.data(), lab.of(25_000, 2_000), lab.of(10_000, 1_500), dimensions);
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
        vectors.put(SKIP_GRAM, skipGram(lab, reviews, dimensions));
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
        boolean drawn = WordPlane.known(vectors.get(SKIP_GRAM)).size() >= 3;
        lab.put("drawn", drawn);
        if (drawn) {
            vectors.forEach((name, v) -> lab.picture(
                    "words-" + name.toLowerCase(Locale.ROOT) + ".png",
                    () -> Plots.scatter("words by " + name, WordPlane.of(v, lab.seed()))));
        }
        MeanClassifier.compare(lab, reviews, vectors);
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
            lab.figure(name + ", correct analogies", "%", sum.accuracy()).baseline(sum.baseline(), "word nearest to c");
        });
    }

    /** Trains vectors by skip-gram, by Adam on batches of pairs. */
    private static WordVectors skipGram(Lab lab, ReviewTokens reviews, int dimensions) {
        int first = reviews.first();
        long[] counts = reviews.counts();
        int epochs = lab.epochs(4, 2);
        SkipGram net = SkipGram.of(reviews.vocabulary().size(), dimensions);
        try (Pass pass = Pass.infer();
                KeptTensor noise = Tensor.ofInts(SkipGram.noise(counts, first), SkipGram.NOISE)
                        .keep();
                Dataset pairs = SkipGram.Pairs.of(reviews.training(), counts, first, WINDOW, 1e-4, lab.seed())
                        .dataset();
                Model<SkipGram> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(0.01f), (m, batch) -> m.step(batch, noise, NEGATIVES))
                    .groups(Group.of("*").lazy())
                    .schedule(Schedule.cosine(epochs));
            lab.train("skip-gram", "words", trainer, pairs, Math.min(1024, pairs.size()), epochs);
            lab.put("window", WINDOW)
                    .put("negatives", NEGATIVES)
                    .put("pairs", pairs.size())
                    .put("epochs", epochs);
            return net.vectors(reviews.vocabulary());
        }
    }
}
