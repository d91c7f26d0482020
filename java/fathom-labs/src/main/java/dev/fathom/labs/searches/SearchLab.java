package dev.fathom.labs.searches;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.search.Results;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.search.Search;
import dev.fathom.search.Space;
import dev.fathom.train.Workers;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Searches for a good network, each with the same budget of epochs, and a regressor that predicts the score of a
 * network from its description.
 */
public final class SearchLab implements OldExperiment {
    /** How many trials with the whole budget of a trial a search has, or what costs as much. */
    private static final int TRIALS = 64;

    @Override
    public String name() {
        return "search";
    }

    @Override
    public String shows() {
        return "grid, random, genetic, halving and predicted search for a network, with equal budget; scores predicted";
    }

    /** A way to search a space, with the folder-safe name of its files. */
    private record Way(String name, Space space, Function<Search, Results> search) {
        Way(String name, Function<Search, Results> search) {
            this(name, SearchTask.SPACE, search);
        }
    }

    /**
     * What a search found.
     *
     * @param test the accuracy of its best network on images that no search saw
     */
    private record Found(Results results, double test) {
        double best() {
            return results.best().score();
        }
    }

    /** With a budget of {@code most} epochs for a trial, which halving begins with one. */
    private static List<Way> ways(int most) {
        int rounds = most == 9 ? 3 : 2; // of halving, each of which spends as much as the first
        return List.of(
                new Way("grid", SearchTask.INSIDE, s -> s.grid(2)),
                new Way("random", s -> s.random(TRIALS)),
                new Way("genetic", s -> s.genetic(8, TRIALS / 8)),
                new Way("halving", s -> s.halving(TRIALS * most / rounds, 1, most, 3)),
                new Way("predicted", s -> s.predicted(24, 5, 8, 200, ScoreRegressor.network(SearchTask.SPACE))));
    }

    @Override
    public Findings run(LabRun run) {
        try (Images images = ImageSet.FASHION_MNIST.images(run.data(), run.seed())) {
            SearchTask task = new SearchTask(
                    SearchTask.halved(images.learn(), run.of(2000, 500)),
                    SearchTask.halved(images.choose(), run.of(2000, 500)),
                    SearchTask.halved(images.test(), run.of(10_000, 500)));
            Findings page = run.page(
                    "Lab search",
                    line(
                            "Fashion-MNIST at 14 x 14 pixels: %,d images to learn from, %,d to score a trial by, "
                                    + "%,d for the test",
                            task.learn().size(),
                            task.choose().size(),
                            task.test().size()));
            page.text(page.data() + ".");
            return searches(run, page, task) && regressor(run, page, task) ? page.finished() : page;
        }
    }

    /** A search that ends when the run is to end, and whose trials are kept in a file of the output folder. */
    private static Search search(LabRun run, SearchTask task, Space space, long seed, int most, Path file) {
        return KeptSearch.of(run, Search::maximize, space, trial -> task.accuracy(trial, task.choose()), file)
                .seed(seed)
                .budget(most);
    }

    // ---- equal budgets

    private static boolean searches(LabRun run, Findings page, SearchTask task) {
        int most = run.of(9, 3);
        int seeds = run.of(5, 1);
        Map<String, List<Found>> all = new LinkedHashMap<>();
        for (int i = 0; i < seeds; i++) {
            for (Way way : ways(most)) {
                String file = way.name + "-" + (i + 1) + ".csv";
                Results results = way.search.apply(search(
                        run, task, way.space, run.seed() + i, most, run.folder().resolve(file)));
                if (!results.complete()) {
                    return false;
                }
                Found found = new Found(results, task.accuracy(results.best().trial(), task.test()));
                all.computeIfAbsent(way.name, name -> new ArrayList<>()).add(found);
                run.training()
                        .say(
                                "%s, seed %d: %d trials, %d epochs, best %.1f %% (%s)",
                                way.name,
                                run.seed() + i,
                                results.all().size(),
                                results.spent(),
                                100 * found.best(),
                                results.best().trial());
            }
        }
        write(page, all, most, seeds);
        return true;
    }

    private static void write(Findings page, Map<String, List<Found>> all, int most, int seeds) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        all.forEach((name, found) -> {
            double best = Averages.mean(found, Found::best);
            double test = Averages.mean(found, Found::test);
            Results first = found.get(0).results;
            rows.add(List.of(
                    name,
                    line("%,d", first.all().size()),
                    line("%,d", first.spent()),
                    line("%.0f", Averages.mean(found, f -> f.results.failed().size())),
                    line("%.2f %%", 100 * best),
                    line(
                            "%.2f to %.2f",
                            100 * found.stream().mapToDouble(Found::best).min().orElseThrow(),
                            100 * found.stream().mapToDouble(Found::best).max().orElseThrow()),
                    line("%.2f %%", 100 * test)));
            curves.put(name, curve(found, most));
            Figure figure = Figure.of(name + ", best score", "%", 100 * best);
            page.figure(
                            name.equals("grid")
                                    ? figure
                                    : figure.baseline(
                                            100 * Averages.mean(all.getOrDefault("grid", found), Found::best), "grid"))
                    .figure(Figure.of(name + ", test accuracy of its best network", "%", 100 * test));
        });
        double[] means = all.values().stream()
                .mapToDouble(f -> Averages.mean(f, Found::best))
                .sorted()
                .toArray();
        double apart = all.values().stream()
                .map(f -> f.stream().mapToDouble(Found::best).summaryStatistics())
                .mapToDouble(s -> s.getMax() - s.getMin())
                .max()
                .orElseThrow();
        double random = Averages.mean(all.getOrDefault("random", List.of()), Found::best);
        double grid = Averages.mean(all.getOrDefault("grid", List.of()), Found::best);
        page.section(
                        "Searches with equal budget",
                        line(
                                "Networks of one to three hidden layers of 8 to 128 ReLU units on images of "
                                        + "clothing, trained by Adam: depth, width, "
                                        + "learning rate, dropout, and which layers add their input to their "
                                        + "output are chosen by the accuracy on "
                                        + "images that were not learned. A trial has %d epochs, and every search "
                                        + "may spend %d of these. The grid has "
                                        + "two places inside each range (one or three layers, 16 or 64 units, and "
                                        + "so on; one layer has no "
                                        + "skips to choose), random search draws points, the genetic algorithm "
                                        + "breeds 8 generations of 8, "
                                        + "successive halving begins with one epoch of many points and keeps a "
                                        + "third of them for three times as many "
                                        + "epochs, and the last search tries what a regressor of the scores so "
                                        + "far predicts to be best, and "
                                        + "does not pay for training its regressors. The numbers "
                                        + "are means over %d %s. The accuracy on the test is that of the best "
                                        + "network of each search, which chooses "
                                        + "nothing. Intervals are ranges over the seeds.",
                                most, TRIALS * most, seeds, seeds == 1 ? "seed" : "seeds"))
                .table(
                        List.of("search", "trials", "epochs", "failed", "best score", "of all seeds", "test accuracy"),
                        rows)
                .text(line(
                        "The means differ by %.2f points; over seeds one search differs by up to %.2f.",
                        100 * (means[means.length - 1] - means[0]), 100 * apart))
                .key(Figure.of("Random search, best score beyond that of the grid", "points", 100 * (random - grid))
                        .baseline(0, "the grid"))
                .series(
                        "search.png",
                        "The best score so far over the epochs spent, for each search",
                        "best score so far, accuracy",
                        "epochs spent",
                        curves)
                .text("Every trial is a row of a CSV file: what was tried, its budget, and its score.");
        all.keySet().forEach(name -> page.link(name + "-1.csv", "the trials of " + name + " with the first seed"));
        List<Found> drawn = all.getOrDefault("random", List.of());
        all.forEach((name, found) -> {
            var gain = IntStream.range(0, seeds)
                    .mapToDouble(i -> 100 * (found.get(i).test - drawn.get(i).test))
                    .summaryStatistics();
            if (!name.equals("random")) {
                page.key(Figure.of(name + ", test accuracy beyond that of random search", "points", gain.getAverage())
                        .interval(gain.getMin(), gain.getMax())
                        .baseline(0, "random search"));
            }
        });
    }

    /** The mean over seeds of the best score so far, after each budget of a whole trial. */
    private static double[][] curve(List<Found> found, int most) {
        double[] spent =
                IntStream.rangeClosed(1, TRIALS).mapToDouble(i -> i * most).toArray();
        double[] best = Arrays.stream(spent)
                .map(epochs -> Averages.mean(found, f -> at(f.results.curve(), epochs)))
                .toArray();
        return new double[][] {spent, best};
    }

    /** The last value of a curve at or before a place; NaN before it begins. */
    private static double at(double[][] curve, double place) {
        double value = Double.NaN;
        for (int i = 0; i < curve[0].length && curve[0][i] <= place; i++) {
            value = curve[1][i];
        }
        return value;
    }

    // ---- the regressor

    private static boolean regressor(LabRun run, Findings page, SearchTask task) {
        int learned = run.of(300, 40);
        int most = run.of(9, 3);
        Results results = search(
                        run,
                        task,
                        SearchTask.SPACE,
                        run.seed() - 1,
                        most,
                        run.folder().resolve("regressor.csv"))
                .random(learned + run.of(100, 40));
        if (!results.complete()) {
            return false;
        }
        var heldOut = results.all().subList(learned, results.all().size());
        int[] sizes = run.brief() ? new int[] {10, 20, 40} : new int[] {25, 50, 100, 200, 300};
        int repeats = run.of(5, 2);
        List<List<String>> rows = new ArrayList<>();
        double[] correlations = new double[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            var known = results.all().subList(0, sizes[i]);
            correlations[i] = Workers.all()
                    .run(repeats, r -> {
                        try (ScoreRegressor regressor = ScoreRegressor.fit(
                                SearchTask.SPACE, known, ScoreRegressor.network(SearchTask.SPACE), run.seed() + r)) {
                            return regressor.rankCorrelation(heldOut);
                        }
                    })
                    .stream()
                    .mapToDouble(c -> c)
                    .average()
                    .orElseThrow();
            rows.add(List.of(line("%,d", sizes[i]), line("%.3f", correlations[i])));
        }
        double last = correlations[sizes.length - 1];
        page.section(
                        "A regressor of scores",
                        line(
                                "A network of two hidden layers reads the description of a trial and predicts its "
                                        + "score. It learns from random trials, "
                                        + "and is asked to rank %d others that it has not seen. Spearman's rank "
                                        + "correlation is 1 where it ranks them "
                                        + "as training did, and 0 where it knows nothing. Numbers are means over "
                                        + "%d starts of the regressor.",
                                heldOut.size(), repeats))
                .table(List.of("trials learned", "rank correlation on others"), rows)
                .text(line(
                        "With %,d trials the rank correlation is %.3f, and with %,d it is %.3f.",
                        sizes[0], correlations[0], sizes[sizes.length - 1], last))
                .key(Figure.of(line("Regressor of %d trials, rank correlation on others", learned), "", last)
                        .baseline(0, "a random ranking"))
                .picture(
                        "regressor.png",
                        "Rank correlation on other trials by the number of trials learned",
                        () -> Plots.compare(
                                "rank correlation",
                                "trials learned",
                                IntStream.of(sizes).mapToObj(Integer::toString).toList(),
                                Map.of("regressor", correlations)))
                .link("regressor.csv", "the trials from which it learns, and those that it ranks");
        return !run.interrupt().requested();
    }
}
