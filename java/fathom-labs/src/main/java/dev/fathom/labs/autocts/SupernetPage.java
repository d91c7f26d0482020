package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.autocts.Supernet.Found;
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
    private SupernetPage() {}

    /** Searches on {@code part} and forecasts {@code task}. */
    static void write(Lab lab, ForecastTask part, ForecastTask task, Candidate joint) {
        task.put(lab.section("{title}: the supernet"));
        int epochs = lab.epochs(15, 2);
        SupernetSearch search = new SupernetSearch(lab, part, lab.of(2, 1), lab.of(4, 2), epochs, epochs / 5);
        List<Dataset> parts = part.parts();
        SupernetSearch.Outcome outcome;
        try (Dataset train = JointSearch.every(parts.get(0), task.randomWalk() ? 4 : 2)) {
            outcome = search.search(train, parts.get(1), task.randomWalk() ? 64 : 16);
        } finally {
            parts.forEach(Dataset::close);
        }
        Found found = outcome.found();
        lab.put("nodes", search.nodes())
                .put("begins", search.warm() + 1)
                .put("series", part.columns())
                .put("second", found.cells().size() > 1)
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
        forecasts(lab, task, found, joint);
    }

    private static void forecasts(Lab lab, ForecastTask task, Found found, Candidate joint) {
        lab.section("{title}: forecasts");
        int width = SupernetSearch.WIDTH;
        try (ForecastRun all = new ForecastRun(lab, task, lab.epochs(8, 1))) {
            all.autoregression(true);
            all.net("LSTM", ForecastNet.of(Kind.LSTM, task));
            all.net("TCN", ForecastNet.of(Kind.TCN, task));
            all.net("AutoCTS", SearchedNet.of(task, found.cells(), found.inputs(), width, SupernetSearch.OUTPUT));
            all.net("AutoCTS+", SearchedNet.of(task, joint));
            all.draw();
            ToDoubleFunction<String> mae = m -> all.error(m, task.farthest(), "MAE");
            Comparator<String> byError = Comparator.comparingDouble(mae);
            String best = Collections.min(all.models(), byError);
            String other = Collections.min(
                    all.models().stream().filter(m -> !m.startsWith("AutoCTS")).toList(), byError);
            String ahead = task.ahead(task.farthest());
            lab.put("ahead", ahead).put("best", best).put("error", mae.applyAsDouble(best));
            for (String name : List.of("AutoCTS", "AutoCTS+")) {
                String gain =
                        task.title() + ", " + name + ", MAE less than the best network or regression without search";
                lab.figure(gain, "%", 100 * (1 - mae.applyAsDouble(name) / mae.applyAsDouble(other)))
                        .baseline(0, line("%s, %s", other, ahead).toLowerCase(Locale.ROOT));
            }
            if (!task.randomWalk()) {
                for (int h : task.horizons()) {
                    lab.figure(line("AutoCTS, %s, MAE", task.ahead(h)), "", all.error("AutoCTS", h, "MAE"));
                }
            }
        }
    }
}
