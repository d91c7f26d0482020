package dev.fathom.labs.reviews;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Milestones;
import dev.fathom.labs.reviews.LassoPaths.LassoPath;
import dev.fathom.labs.reviews.LassoPaths.Point;
import dev.fathom.labs.reviews.ReviewExperiment.Trained;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Reviews as bags of words: the lasso, and the network of the textbook. */
final class BagsOfWords {
    static final String LASSO = "lasso on binary rows";
    private static final String CHOSEN = "test accuracy at the chosen lambda";

    private BagsOfWords() {}

    /** Shows the paths of the lasso; the test accuracy on binary rows. */
    static double lasso(Lab lab, LassoPaths lasso) {
        lab.section("Bags of words and the lasso");
        List<LassoPath> paths = lasso.paths();
        LassoPath binary = paths.stream()
                .filter(path -> path.name().equals("binary"))
                .findFirst()
                .orElseThrow();
        lab.put("lambdas", lasso.lambdas()).put("least", lasso.least());
        List<Point> points =
                paths.stream().flatMap(path -> path.points().stream()).toList();
        lab.put(
                "violation",
                100 * points.stream().mapToDouble(Point::violation).max().orElseThrow());
        double baseline = 100 * binary.chosen().test();
        Table table = lab.table("lasso", "rows").named("Lasso, {row}, {column}");
        for (LassoPath path : paths) {
            Point best = path.chosen();
            Table.Row row = table.row(path.name())
                    .cell("columns", "%,d", path.columns())
                    .cell("nonzero", "%.2f %%", 100 * path.nonzero())
                    .cell("-log lambda", "%.2f", -Math.log(best.lambda()))
                    .cell("coefficients", "%,d", best.nonzero())
                    .cell("validation", "%.2f %%", 100 * best.validation())
                    .put(CHOSEN, "%.2f %%", 100 * best.test())
                    .cell("peak", "%.2f %%", 100 * path.peak())
                    .cell("time", "%.0f s", path.seconds());
            if (!path.equals(binary)) {
                row.baseline(baseline, LASSO);
            }
        }
        lab.figure("Nonzero entries of the binary matrix", "%", 100 * binary.nonzero())
                .figure("Lasso on binary rows, highest test accuracy of the path", "%", 100 * binary.peak());
        lab.put("positive", binary.chosen().positive())
                .put("negative", binary.chosen().negative());
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("train", binary.curve(Point::train));
        curves.put("validation", binary.curve(Point::validation));
        curves.put("test", binary.curve(Point::test));
        lab.curves("lasso.png", "accuracy", "-log lambda", curves);
        lab.put("lasso", baseline);
        return baseline;
    }

    /** The textbook's network on bags of words, and the right panel of its figure. */
    static void network(Lab lab, Reviews reviews, ReviewExperiment experiment, double lasso) {
        lab.section("Bags of words in a network");
        Trained bag = experiment.train(lab, experiment.title(), reviews, reviews.train(), true);
        Milestones milestones = Objects.requireNonNull(bag.milestones());
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("train", milestones.points(0));
        curves.put("validation", bag.history().curve("val_accuracy"));
        curves.put("test", milestones.points(1));
        double[] tests = milestones.points(1)[1];
        bag.row(lab.table("bag", "network").named("{row}, {column} of the best epoch"), experiment.title())
                .baseline(lasso, LASSO);
        lab.figure("Parameters of the 2x16 network", "", (double) bag.parameters())
                .figure("2x16 network, test accuracy after the last epoch", "%", 100 * tests[tests.length - 1])
                .curves("network.png", "accuracy", "epoch", curves);
    }
}
