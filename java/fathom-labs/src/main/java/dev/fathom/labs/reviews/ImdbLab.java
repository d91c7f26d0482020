package dev.fathom.labs.reviews;

import static dev.fathom.experiments.pages.Findings.line;
import static dev.fathom.labs.reviews.ReviewExperiment.TEST;
import static dev.fathom.labs.reviews.ReviewExperiment.TIME;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.experiments.data.Reviews.Part;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.reviews.ReviewExperiment.Trained;
import dev.fathom.nn.Input;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Classifies reviews of films as positive or negative, after section 10.4 and the labs of chapter 10 of the textbook
 * (An Introduction to Statistical Learning, with R and with Python): bags of words with the lasso and a network, then
 * networks on word vectors.
 */
public final class ImdbLab implements Experiment {
    private static final int[] FIRST = {1, 14, 22, 16, 43, 530, 973, 1622, 1385, 65, 458, 4468};
    private static final String DECODED =
            "<START> this film was just brilliant casting location scenery story direction everyone's";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The network with a convolution",
                new ReviewNets.Convolution(),
                (net, in) -> net.logits(in[0], in[1]),
                Input.ints(1, ReviewNets.LAST),
                Input.ints(1));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(Imdb.SET);
    }

    @Override
    public void run(Lab lab) {
        Reviews reviews = reviews(lab);
        lab.put("train", reviews.train().size())
                .put("validation", reviews.validation().size());
        lab.put("test", reviews.test().size()).put("brief", lab.brief());
        codes(lab, reviews);
        double lasso = BagsOfWords.lasso(lab, new LassoPaths(lab, reviews));
        ReviewExperiments experiments = new ReviewExperiments(lab);
        BagsOfWords.network(lab, reviews, experiments.bag(), lasso);
        readers(lab, reviews, experiments, lasso);
        embeddings(lab, reviews, experiments, lasso);
        sizes(lab, reviews, experiments);
    }

    static Reviews reviews(Lab lab) {
        return Reviews.read(lab.data(), lab.of(Integer.MAX_VALUE, 1200), lab.of(Integer.MAX_VALUE, 600), lab.seed());
    }

    private static void codes(Lab lab, Reviews reviews) {
        lab.section("The reviews");
        int[][] all = reviews.whole().codes();
        String first = Arrays.stream(all)
                .filter(c -> c.length >= FIRST.length && Arrays.equals(Arrays.copyOf(c, FIRST.length), FIRST))
                .map(c -> reviews.decoded(Arrays.copyOf(c, FIRST.length)))
                .findFirst()
                .orElse("not among the reviews of this run");
        double[] lengths = Arrays.stream(all).mapToDouble(c -> c.length).toArray();
        Figure median = Figure.of("Median length of a review", "words", Averages.median(lengths));
        double fit =
                100 * Arrays.stream(lengths).filter(l -> l <= ReviewNets.LAST).count() / (double) lengths.length;
        lab.figure("First review decodes as in the textbook (1 = yes)", "", first.equals(DECODED) ? 1 : 0)
                .figure(median)
                .figure("Reviews of at most 500 words", "%", fit);
        Table table = lab.table("codes", "");
        String codes = Arrays.stream(FIRST).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        table.row("the codes " + codes).cell("here", first).cell("published", DECODED);
        table.row("median length").cell("here", median.value()).cell("published", "178 words");
        table.row("reviews of at most 500 words").cell("here", "%.3f %%", fit).cell("published", "91.568 %");
    }

    /** The networks that read words in order, or their mean. */
    private static void readers(Lab lab, Reviews reviews, ReviewExperiments experiments, double lasso) {
        lab.section("Networks on word vectors").put("length", experiments.length());
        Table table = lab.table("readers", "network");
        Map<String, double[][]> plain = new LinkedHashMap<>();
        Map<String, double[][]> gated = new LinkedHashMap<>();
        for (ReviewExperiment experiment : experiments.readers()) {
            Trained trained = experiment.train(lab, reviews);
            trained.row(table, experiment.title()).baseline(lasso, BagsOfWords.LASSO);
            boolean gates = experiment.title().matches(".*(LSTM|GRU).*");
            (gates ? gated : plain).put(experiment.title(), trained.history().curve("val_accuracy"));
            if (experiment.title().equals("LSTM, textbook in Python")) {
                lab.figure("Parameters of the textbook's LSTM", "", (double) trained.parameters());
            }
        }
        lab.curves("nets.png", "validation accuracy", "epoch", plain);
        lab.curves("gates.png", "validation accuracy", "epoch", gated);
    }

    /** Word vectors that are learned, frozen or tuned, random or by PCA. */
    private static void embeddings(Lab lab, Reviews reviews, ReviewExperiments experiments, double lasso) {
        lab.section("Where the word vectors come from");
        Table table = lab.table("vectors", "network").named("Word vectors: {row}, {column}");
        for (List<ReviewExperiment> vectors : experiments.embeddings(reviews)) {
            ReviewExperiment first = vectors.get(0);
            Table.Row learned =
                    first.train(lab, reviews).row(table, first.title()).baseline(lasso, BagsOfWords.LASSO);
            for (ReviewExperiment experiment : vectors.subList(1, vectors.size())) {
                Table.Row row = experiment.train(lab, reviews).row(table, experiment.title());
                row.baseline(learned.get(TEST), "learned vectors");
            }
        }
    }

    /** A GRU against an LSTM, trained on few and on many reviews. */
    private static void sizes(Lab lab, Reviews reviews, ReviewExperiments experiments) {
        lab.section("GRU and LSTM by the number of training reviews");
        Table table = lab.table("sizes", "network");
        List<String> counts = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        int[] sizes = lab.of(new int[] {1000, 5000, 23_000}, new int[] {200, 800});
        for (int i = 0; i < sizes.length; i++) {
            Part part = reviews.train().first(sizes[i]);
            int epochs = sizes[i] <= 1000 ? 20 : sizes[i] <= 5000 ? 8 : 3;
            counts.add(line("%,d", part.size()));
            List<Table.Row> rows = new ArrayList<>();
            for (ReviewExperiment experiment : experiments.gates(epochs)) {
                String name = experiment.title() + " on " + counts.get(i) + " reviews";
                Trained trained = experiment.train(lab, name, reviews, part, false);
                rows.add(trained.row(table, name).put(TIME, "%.1f ms", trained.milliseconds()));
                curves.computeIfAbsent(experiment.title(), title -> new double[sizes.length])[i] = trained.test() / 100;
            }
            compare(rows.get(0), rows.get(1), "LSTM");
            compare(rows.get(1), rows.get(0), "GRU");
        }
        lab.curves("sizes.png", TEST, "training reviews", counts, curves);
    }

    private static void compare(Table.Row row, Table.Row other, String name) {
        for (String column : List.of(TEST, TIME)) {
            row.baseline(column, other.get(column), name);
        }
    }
}
