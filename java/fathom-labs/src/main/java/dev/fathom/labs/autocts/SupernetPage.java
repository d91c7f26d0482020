package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.series.ForecastNet;
import dev.fathom.labs.series.ForecastNet.Kind;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.view.Chart;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The supernet on a series, and forecasts by what it and the joint search found. */
final class SupernetPage {
    private static final String SEARCHED = "AutoCTS";
    private static final String JOINT = "AutoCTS+";
    private static final String RANDOM = "Random architecture";

    private SupernetPage() {}

    /** Searches, and forecasts by what was found. */
    static void write(Lab lab, ForecastTask task, Candidate joint) {
        lab.section("The supernet");
        int epochs = lab.epochs(100, 2);
        int warm = epochs * 15 / 100;
        SupernetSearch search = new SupernetSearch(lab, task, lab.of(4, 1), lab.of(4, 2), epochs, warm);
        List<Dataset> parts = task.parts();
        SupernetSearch.Outcome outcome;
        try (Dataset train = JointSearch.every(parts.get(0), 3)) {
            outcome = search.search(train, parts.get(1));
            lab.put("searched", train.size()).put("held", parts.get(1).size());
        } finally {
            parts.forEach(Dataset::close);
        }
        Blueprint found = outcome.found();
        task.put(lab)
                .put("nodes", search.nodes())
                .put("begins", search.warm() + 1)
                .put("inputs", found.inputs());
        double[] x = Averages.upTo(epochs);
        double[][] y = IntStream.range(0, 3)
                .mapToObj(
                        i -> Stream.of(outcome.curves()).mapToDouble(c -> c[i]).toArray())
                .toArray(double[][]::new);
        List<Chart> charts = List.of(
                new Chart("loss", "epoch").line("training batches", x, y[0]).line("validation batches", x, y[1]),
                new Chart("temperature", "epoch").logarithmic(false, true).line("temperature", x, y[2]));
        lab.charts(task.name() + "-supernet.png", 2, charts);
        for (int b = 1; b <= found.cells().size(); b++) {
            CellGraph cell = found.cells().get(b - 1);
            lab.put("cell " + b, cell);
            lab.picture(
                    line("%s-block-%d.png", task.name(), b),
                    cell.picture(line("%s, block %d", task.title(), b))::render);
        }
        lab.put("deep", found.cells().size() > 1);
        forecasts(lab, task, search, found, joint);
    }

    private static void forecasts(Lab lab, ForecastTask task, SupernetSearch search, Blueprint found, Candidate joint) {
        lab.section("Forecasts");
        int seeds = lab.of(3, 2);
        try (ForecastRun all = new ForecastRun(lab, task, lab.epochs(20, 1))) {
            all.autoregression(true);
            all.net("LSTM", ForecastNet.of(Kind.LSTM, task));
            all.net("TCN", ForecastNet.of(Kind.TCN, task));
            double[] searched = new double[seeds];
            double[] random = new double[seeds];
            for (int i = 0; i < seeds; i++) {
                long seed = lab.seed() + i;
                Blueprint drawn = Blueprint.random(
                        search.blocks(), search.nodes(), lab.rng("blueprint").split(i));
                searched[i] = error(all, task, SEARCHED + (i == 0 ? "" : ", seed " + (i + 1)), found, seed);
                random[i] = error(all, task, RANDOM + (i == 0 ? "" : " " + (i + 1)), drawn, seed);
                if (i == 0) {
                    all.net(JOINT, SearchedNet.of(task, joint));
                    all.draw(); // one curve for each kind
                }
            }
            compare(lab, task, all, searched, random);
        }
    }

    /** Trains an architecture, and returns its mean absolute error at the farthest horizon. */
    private static double error(ForecastRun all, ForecastTask task, String name, Blueprint blueprint, long seed) {
        all.net(name, SearchedNet.of(task, blueprint, SupernetSearch.WIDTH, SupernetSearch.OUTPUT), seed);
        return all.error(name, task.farthest(), "MAE");
    }

    private static String spread(double... errors) {
        return line("%.4f ± %.4f", Averages.mean(errors), Averages.interval95(errors));
    }

    private static void compare(Lab lab, ForecastTask task, ForecastRun all, double[] searched, double[] random) {
        ToDoubleFunction<String> mae = m -> all.error(m, task.farthest(), "MAE");
        Comparator<String> byError = Comparator.comparingDouble(mae);
        String best = Collections.min(all.models(), byError);
        String other = Collections.min(
                all.models().stream()
                        .filter(m -> !m.startsWith(SEARCHED) && !m.startsWith(RANDOM))
                        .toList(),
                byError);
        String ahead = task.ahead(task.farthest());
        lab.put("ahead", ahead)
                .put("best", best)
                .put("error", mae.applyAsDouble(best))
                .put("seeds", searched.length)
                .put("searched error", spread(searched))
                .put("random error", spread(random))
                .figure(Figure.mean(line("Random architectures, %s, mean MAE", ahead), "", random))
                .figure(Figure.mean(line("AutoCTS, %s, mean MAE", ahead), "", searched)
                        .baseline(Averages.mean(random), line("mean of %d random architectures", random.length)));
        for (String name : List.of(SEARCHED, JOINT)) {
            String gain = name + ", MAE less than the best network or regression without search";
            lab.figure(gain, "%", 100 * (1 - mae.applyAsDouble(name) / mae.applyAsDouble(other)))
                    .baseline(0, line("%s, %s", other, ahead).toLowerCase(Locale.ROOT));
        }
    }
}
