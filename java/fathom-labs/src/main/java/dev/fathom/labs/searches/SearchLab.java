package dev.fathom.labs.searches;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.search.Results;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.search.Space;
import dev.fathom.search.Trial;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Searches for a good network, each with the same budget of epochs, and a regressor that predicts the score of a
 * network from its description.
 */
public final class SearchLab implements Experiment {
    /** How many trials with the whole budget of a trial a search has, or what costs as much. */
    private static final int TRIALS = 64;

    /** What a search found, and the accuracy in percent of its best network on images that no search saw. */
    private record Found(Results results, double test) {
        double best() {
            return 100 * results.best().score();
        }
    }

    @Override
    public Optional<Diagram> net() {
        Trial trial = new Trial(SearchTask.SPACE, 0, 0, 1, List.of("3", "32", "0.001", "0.2", "11"));
        return Experiment.drawn("Three layers of 32 units with skips", SearchTask.network(trial, 196, 10), 196);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed())) {
            SearchTask task = new SearchTask(
                    SearchTask.halved(images.learn(), lab.of(2000, 500)),
                    SearchTask.halved(images.choose(), lab.of(2000, 500)),
                    SearchTask.halved(images.test(), lab.of(10_000, 500)));
            lab.put("learn", task.learn().size());
            lab.put("choose", task.choose().size()).put("test", task.test().size());
            searches(lab, task);
            RegressorPage.write(lab, task);
        }
    }

    private static void searches(Lab lab, SearchTask task) {
        int most = lab.of(9, 3);
        int halvings = lab.of(3, 2); // each of which spends as much as the first, of one epoch
        int seeds = lab.of(5, 1);
        lab.section("Searches with equal budget")
                .put("most", most)
                .put("budget", TRIALS * most)
                .put("seeds", seeds);
        Space space = SearchTask.SPACE;
        List<Way> ways = List.of(
                new Way("grid", SearchTask.INSIDE, s -> s.grid(2)),
                new Way("random", space, s -> s.random(TRIALS)),
                new Way("genetic", space, s -> s.genetic(8, TRIALS / 8)),
                new Way("halving", space, s -> s.halving(TRIALS * most / halvings, 1, most, 3)),
                new Way("predicted", space, s -> s.predicted(24, 5, 8, 200, ScoreRegressor.network(space))));
        List<List<Found>> all = new ArrayList<>();
        ways.forEach(way -> all.add(new ArrayList<>()));
        for (int i = 0; i < seeds; i++) {
            for (Way way : ways) {
                Results results = way.results(lab, task, lab.seed() + i, way.name() + "-" + (i + 1) + ".csv");
                Found found =
                        new Found(results, 100 * task.accuracy(results.best().trial(), task.test()));
                all.get(ways.indexOf(way)).add(found);
                lab.say(
                        "%s, seed %d: %d trials, %d epochs, best %.1f %% (%s)",
                        way.name(),
                        lab.seed() + i,
                        results.all().size(),
                        results.spent(),
                        found.best(),
                        results.best().trial());
            }
        }
        Table table = lab.table("searches", "search");
        List<Found> random = all.get(1);
        double grid = Averages.mean(all.get(0), Found::best);
        double apart = 0;
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Way way : ways) {
            List<Found> found = all.get(ways.indexOf(way));
            var bests = found.stream().mapToDouble(Found::best).summaryStatistics();
            var gains = IntStream.range(0, seeds)
                    .mapToDouble(i -> found.get(i).test - random.get(i).test)
                    .summaryStatistics();
            double failed = Averages.mean(found, f -> f.results.failed().size());
            Results first = found.get(0).results;
            Table.Row row = table.row(way.name())
                    .cell("trials", first.all().size())
                    .cell("epochs", first.spent())
                    .cell("failed", "%.0f", failed)
                    .put("best score", "%.2f %%", bests.getAverage());
            if (!curves.isEmpty()) {
                row.baseline(grid, "grid");
            }
            row.cell("of all seeds", "%.2f to %.2f", bests.getMin(), bests.getMax())
                    .put("test accuracy of its best network", "%.2f %%", Averages.mean(found, Found::test))
                    .put("test accuracy beyond that of random search", "%+.2f points", gains.getAverage())
                    .interval(gains.getMin(), gains.getMax())
                    .baseline(0, "random search");
            curves.put(way.name(), curve(found, most));
            lab.link(way.name() + "-1.csv");
            apart = Math.max(apart, bests.getMax() - bests.getMin());
        }
        var means = Arrays.stream(table.values("best score")).summaryStatistics();
        lab.put("differ", means.getMax() - means.getMin()).put("apart", apart);
        double gain = Averages.mean(random, Found::best) - grid;
        lab.figure("Random search, best score beyond that of the grid", "points", gain)
                .baseline(0, "the grid");
        lab.curves("search.png", "best score so far, accuracy", "epochs spent", curves);
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
}
