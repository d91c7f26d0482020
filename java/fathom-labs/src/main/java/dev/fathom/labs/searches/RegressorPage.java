package dev.fathom.labs.searches;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.search.Space;
import dev.fathom.train.Workers;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A regressor that predicts the score of a network from its description: how it ranks networks that it has not seen.
 */
final class RegressorPage {
    private RegressorPage() {}

    static void write(Lab lab, SearchTask task) {
        lab.section("A regressor of scores");
        int learned = lab.of(300, 40);
        int others = lab.of(100, 40);
        int repeats = lab.of(5, 2);
        Space space = SearchTask.SPACE;
        Way random = new Way("random", space, s -> s.random(learned + others));
        var trials = random.results(lab, task, lab.seed() - 1, "regressor.csv").all();
        Table table = lab.table("regressor", "trials learned").named("Regressor of {row} trials, {column}");
        int[] sizes = lab.of(new int[] {25, 50, 100, 200, 300}, new int[] {10, 20, 40});
        for (int size : sizes) {
            List<Double> correlations = Workers.all().run(repeats, r -> {
                try (ScoreRegressor regressor = ScoreRegressor.fit(
                        space, trials.subList(0, size), ScoreRegressor.network(space), lab.seed() + r)) {
                    return regressor.rankCorrelation(trials.subList(learned, trials.size()));
                }
            });
            table.row(String.valueOf(size))
                    .put("rank correlation on others", "%.3f", Averages.mean(correlations, c -> c))
                    .baseline(0, "a random ranking");
        }
        Map<String, double[]> curve = Map.of("regressor", table.values("rank correlation on others"));
        List<String> places = IntStream.of(sizes).mapToObj(Integer::toString).toList();
        lab.put("others", others).put("repeats", repeats).link("regressor.csv");
        lab.curves("regressor.png", "rank correlation", "trials learned", places, curve);
    }
}
