package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.reviews.LassoPaths.LassoPath;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Classifies reviews of films as positive or negative, after section 10.4 and the labs of chapter 10 of the textbook
 * (An Introduction to Statistical Learning, with R and with Python): bags of words with the lasso and a network, then
 * networks on word vectors.
 */
public final class ImdbLab implements OldExperiment {
    static final String BOOK = "An Introduction to Statistical Learning, Python edition";
    static final String BOOK_R = "An Introduction to Statistical Learning, lab in R";
    private static final int[] FIRST = {1, 14, 22, 16, 43, 530, 973, 1622, 1385, 65, 458, 4468};
    private static final String DECODED =
            "<START> this film was just brilliant casting location scenery story direction everyone's";

    @Override
    public String name() {
        return "imdb";
    }

    @Override
    public Findings run(LabRun run) {
        Reviews reviews = Reviews.read(run);
        Findings page = run.page(
                "Lab imdb",
                line(
                        "IMDB (Maas et al. 2011): %,d training, %,d validation and %,d test reviews",
                        reviews.train().size(),
                        reviews.validation().size(),
                        reviews.test().size()));
        codes(run, page, reviews);
        List<LassoPath> paths = new LassoPaths(run, reviews).paths();
        if (!paths.isEmpty()) {
            lasso(run, page, paths);
        }
        Optional<LassoPath> binary = binary(paths);
        if (run.interrupt().requested() || binary.isEmpty()) {
            return page;
        }
        ImdbNetworks networks =
                new ImdbNetworks(run, page, reviews, 100 * binary.get().chosen().test());
        return networks.bag() && networks.readers() && networks.embeddings() && networks.sizes()
                ? page.finished()
                : page;
    }

    private static String percent(double share) {
        return line("%.2f %%", 100 * share);
    }

    // ---- the data

    private static void codes(LabRun run, Findings page, Reviews reviews) {
        int[][] all = reviews.whole().codes();
        String first = Arrays.stream(all)
                .filter(c -> c.length >= FIRST.length && Arrays.equals(Arrays.copyOf(c, FIRST.length), FIRST))
                .map(c -> reviews.decoded(Arrays.copyOf(c, FIRST.length)))
                .findFirst()
                .orElse("not among the reviews of this run");
        int[] lengths = Arrays.stream(all).mapToInt(c -> c.length).sorted().toArray();
        Figure median = Figure.of(
                "Median length of a review",
                "words",
                (lengths[(lengths.length - 1) / 2] + lengths[lengths.length / 2]) / 2.0);
        double fit =
                100.0 * Arrays.stream(lengths).filter(l -> l <= ReviewNets.LAST).count() / lengths.length;
        page.section(
                        "The reviews",
                        "Each word is replaced by its rank in a list of words by frequency, plus 3, as in Keras: "
                                + "0 is padding, 1 the start of a "
                                + "review, and 2 any word that is not among the 9,999 most frequent."
                                + (run.brief()
                                        ? " The short form takes the first reviews of each file, half of them positive."
                                        : ""))
                .table(
                        List.of("", "here", "published"),
                        List.of(
                                List.of("the codes 1 14 22 16 43 530 973 1622 1385 65 458 4468", first, DECODED),
                                List.of("median length", median.value(), "178 words"),
                                List.of("reviews of at most 500 words", line("%.3f %%", fit), "91.568 %")));
        page.figure(Figure.of("First review decodes as in the textbook (1 = yes)", "", first.equals(DECODED) ? 1 : 0))
                .figure(median)
                .figure(Figure.of("Reviews of at most 500 words", "%", fit));
    }

    // ---- bags of words and the lasso

    private static Optional<LassoPath> binary(List<LassoPath> paths) {
        return paths.stream().filter(p -> p.name().equals("binary")).findFirst();
    }

    /** The table of the lasso, and the left panel of the textbook's figure if the path on binary rows is finished. */
    private static void lasso(LabRun run, Findings page, List<LassoPath> paths) {
        double worst = paths.stream()
                .flatMap(p -> p.points().stream())
                .mapToDouble(LassoPaths.Point::violation)
                .max()
                .orElseThrow();
        page.section(
                        "Bags of words and the lasso",
                        line(
                                "Logistic regression with an L1 penalty for %d values of lambda, from the one at "
                                        + "which all coefficients are 0 down to "
                                        + "%s times it. The validation reviews choose lambda; the peak is the "
                                        + "best test accuracy of any lambda, which is "
                                        + "what the textbook reads from its figure. The conditions of the optimum "
                                        + "are violated by at most %.1f %% of "
                                        + "lambda. Paths are computed side by side, each in one thread; the time "
                                        + "is that of one path.",
                                paths.get(0).points().size(), run.brief() ? "0.05" : "0.0003", 100 * worst))
                .table(
                        List.of(
                                "rows",
                                "columns",
                                "nonzero",
                                "-log lambda",
                                "coefficients",
                                "validation",
                                "test",
                                "peak",
                                "time"),
                        paths.stream().map(ImdbLab::row).toList());
        Optional<LassoPath> binary = binary(paths);
        binary.ifPresent(path -> binary(page, path));
        for (LassoPath p : paths) {
            Figure figure = Figure.of(
                    "Lasso, " + p.name() + ", test accuracy at the chosen lambda",
                    "%",
                    100 * p.chosen().test());
            page.figure(
                    binary.isEmpty() || p.equals(binary.get())
                            ? figure
                            : figure.baseline(100 * binary.get().chosen().test(), "lasso on binary rows"));
        }
    }

    private static List<String> row(LassoPath p) {
        LassoPaths.Point best = p.chosen();
        return List.of(
                p.name(),
                line("%,d", p.columns()),
                percent(p.nonzero()),
                line("%.2f", -Math.log(best.lambda())),
                line("%,d", best.nonzero()),
                percent(best.validation()),
                percent(best.test()),
                percent(p.peak()),
                line("%.0f s", p.seconds()));
    }

    private static void binary(Findings page, LassoPath binary) {
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("train", binary.curve(LassoPaths.Point::train));
        curves.put("validation", binary.curve(LassoPaths.Point::validation));
        curves.put("test", binary.curve(LassoPaths.Point::test));
        page.text(line(
                        "On the binary rows, the words with the largest positive coefficients are: %s. Those with "
                                + "the largest negative "
                                + "coefficients are: %s.",
                        binary.chosen().positive(), binary.chosen().negative()))
                .series(
                        "lasso.png",
                        "Accuracy of the lasso on training, validation and test reviews over -log lambda, the "
                                + "left panel of Figure 10.11",
                        "accuracy",
                        "-log lambda",
                        curves);
        page.figure(Figure.of("Nonzero entries of the binary matrix", "%", 100 * binary.nonzero()))
                .key(Figure.of("Lasso on binary rows, highest test accuracy of the path", "%", 100 * binary.peak()));
    }
}
