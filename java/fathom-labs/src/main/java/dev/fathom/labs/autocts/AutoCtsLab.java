package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.autocts.JointSearch.Evolved;
import dev.fathom.labs.autocts.Supernet.Found;
import dev.fathom.labs.series.ForecastNet;
import dev.fathom.labs.series.ForecastNet.Kind;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.view.ArcDiagram;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Architecture search for forecasts of correlated series: the differentiable supernet of AutoCTS, and the joint search
 * of architecture and hyperparameters of AutoCTS+, whose comparator learns from trained networks which of two is
 * better.
 */
public final class AutoCtsLab implements Experiment {
    private static final int ALL = Integer.MAX_VALUE;

    /**
     * Spearman's correlation of the error after as many epochs with the last one, over all 207 stored networks, counted
     * by another program.
     */
    private static final Map<Integer, Double> EARLY =
            new TreeMap<>(Map.of(1, 0.205, 3, 0.350, 5, 0.260, 10, 0.403, 20, 0.421));

    @Override
    public String name() {
        return "autocts";
    }

    @Override
    public void run(Lab lab) {
        int rows = lab.of(ALL, 600);
        ForecastTask traffic = ForecastTask.traffic(lab.data(), rows, lab.of(ALL, 8));
        ForecastTask part = ForecastTask.traffic(lab.data(), rows, lab.of(20, 6));
        ForecastTask exchange = ForecastTask.exchange(lab.data(), lab.of(ALL, 400));
        List<Measured> clean = mixed(Measured.clean(lab.data()).stream(), lab.of(ALL, 60), lab.seed());
        Set<Candidate> held = clean.stream().map(Measured::candidate).collect(Collectors.toSet());
        List<Measured> noisy = mixed(
                Measured.distinct(Measured.noisy(lab.data())).stream().filter(m -> !held.contains(m.candidate())),
                lab.of(ALL, 320),
                lab.seed());
        int epochs = lab.epochs(15, 2);
        lab.put("clean", clean.size())
                .put("noisy", noisy.size())
                .put("steps", traffic.series().length())
                .put("sensors", traffic.columns())
                .put("days", exchange.series().length())
                .put("currencies", exchange.columns())
                .put("part", part.columns())
                .put("blocks", lab.of(2, 1))
                .put("epochs", epochs)
                .put("warm", epochs / 5)
                .put("taught", lab.epochs(8, 1))
                .put("candidates", lab.of(80, 8))
                .put("candidate epochs", lab.epochs(6, 2))
                .section("The two spaces")
                .section("What is smaller here than in the papers");
        try (ComparatorTraining comparator = ComparatorTraining.begin(lab.seed())) {
            stored(lab, comparator, clean, noisy);
            Candidate joint = trained(lab, comparator, part);
            supernet(lab, part, traffic, joint);
            supernet(lab, exchange, exchange, joint);
        }
    }

    private static List<Measured> mixed(Stream<Measured> networks, int most, long seed) {
        List<Measured> mixed = new ArrayList<>(networks.toList());
        Collections.shuffle(mixed, new Random(seed));
        return mixed.subList(0, Math.min(most, mixed.size()));
    }

    private static double[] after(int epochs, List<Measured> networks) {
        return networks.stream().mapToDouble(m -> m.best(epochs)).toArray();
    }

    // ---- the networks that AutoCTS+ measured

    private static void stored(Lab lab, ComparatorTraining comparator, List<Measured> clean, List<Measured> noisy) {
        int cut = noisy.size() * 9 / 10;
        List<Measured> rest = noisy.subList(cut, noisy.size());
        lab.section("Which of two networks is better: the networks that AutoCTS+ measured")
                .put("learned", cut);
        comparator.learn(
                noisy.subList(0, cut),
                rest,
                lab.epochs(10, 2),
                1,
                (trainer, learned, held, n) -> lab.train("comparator", "networks", trainer, learned, held, n));
        int[] early = EARLY.keySet().stream().mapToInt(k -> k).toArray();
        HeldOut all = HeldOut.of(lab, "stored", clean, comparator, lab.of(5, 2), lab.of(2, 1), lab.of(10, 3), early);
        table(lab, all);
        double[] last = after(ALL, clean);
        int epochs = clean.stream().mapToInt(m -> m.errors().length).min().orElse(1);
        Chart chart = new Chart("rank correlation with the final error", "epochs of training of each network")
                .logarithmic(true, false)
                .line(
                        "early error",
                        IntStream.rangeClosed(1, epochs).asDoubleStream().toArray(),
                        IntStream.rangeClosed(1, epochs)
                                .mapToDouble(k -> ScoreRegressor.rankCorrelation(after(k, clean), last))
                                .toArray());
        for (String way : List.of(HeldOut.BOTH, HeldOut.ALONE, HeldOut.ELSEWHERE, HeldOut.RANK)) {
            chart.dashed(way.replace("comparator, ", ""), new double[] {1, epochs}, new double[] {
                all.mean(way), all.mean(way)
            });
        }
        lab.chart("stored.png", chart);
        EARLY.forEach((k, known) -> lab.figure(Figure.of(
                        line("All %d networks, %s, rank correlation", clean.size(), HeldOut.name(k)),
                        "",
                        ScoreRegressor.rankCorrelation(after(k, clean), last))
                .baseline(known, "all 207, by another program")));
        double five = all.mean(HeldOut.name(5));
        rank(lab, "Error after 5 epochs on held-out networks of AutoCTS+", five);
        rank(lab, "Comparator without noisy networks", all.mean(HeldOut.ALONE));
        rank(lab, "Comparator of noisy networks alone", all.mean(HeldOut.ELSEWHERE));
        rank(lab, "Plain predictor of the rank", all.mean(HeldOut.RANK));
        rank(
                lab,
                "Comparator on noisy networks that it has not seen",
                ScoreRegressor.rankCorrelation(comparator.predicted(rest, rest), after(ALL, rest)));
        lab.figure(
                Figure.of("Comparator on held-out networks of AutoCTS+, rank correlation", "", all.mean(HeldOut.BOTH))
                        .baseline(five, "error after 5 epochs, same held-out networks"));
    }

    private static void rank(Lab lab, String what, double correlation) {
        lab.figure(what + ", rank correlation", "", correlation);
    }

    private static void table(Lab lab, HeldOut all) {
        Table table = lab.table("ways", "order by");
        all.correlations()
                .keySet()
                .forEach(way -> table.row(way)
                        .cell("mean of the folds", "%.3f", all.mean(way))
                        .cell("range of the folds", all.range(way)));
        String best = Collections.max(all.correlations().keySet(), Comparator.comparingDouble(all::mean));
        double gain = all.mean(HeldOut.BOTH) - all.mean(HeldOut.ALONE);
        lab.put("best", best)
                .put("best correlation", all.mean(best))
                .put("change", gain > 0 ? "raises" : "lowers")
                .put("gain", Math.abs(gain));
    }

    // ---- networks that are trained here

    private static Candidate trained(Lab lab, ComparatorTraining comparator, ForecastTask task) {
        lab.section("Which of two networks is better: networks that are trained here");
        List<Dataset> parts = task.parts();
        try (Dataset train = every(parts.get(0), 4);
                Dataset validation = every(parts.get(1), 2)) {
            JointSearch search = new JointSearch(lab, task, train, validation, lab.epochs(6, 2));
            List<Measured> networks = search.random(lab.of(80, 8));
            int folds = lab.of(5, 2);
            HeldOut all = HeldOut.of(lab, "trained", networks, comparator, folds, lab.of(3, 1), lab.of(10, 3), 1);
            table(lab, all);
            double[] errors =
                    networks.stream().mapToDouble(Measured::best).sorted().toArray();
            // Spearman's correlation of random orders of m networks has the variance 1 / (m - 1), and the mean over k
            // folds of n / k networks 1 / (n - k)
            lab.put("networks", networks.size())
                    .put("windows", train.size())
                    .put("choosing", validation.size())
                    .put("smallest", errors[0])
                    .put("median", Averages.median(errors))
                    .put("largest", errors[errors.length - 1])
                    .put("chance", 2 / Math.sqrt(networks.size() - folds));
            lab.chart(
                            "trained.png",
                            new Chart("smallest validation error", "validation error after one epoch")
                                    .points("candidates", after(1, networks), after(ALL, networks)))
                    .link("candidates.csv")
                    .figure("Networks trained here", "", networks.size())
                    .figure(Figure.of(
                                    "Comparator on held-out networks trained here, rank correlation",
                                    "",
                                    all.mean(HeldOut.BOTH))
                            .baseline(all.mean(HeldOut.name(1)), HeldOut.name(1)));
            rank(lab, "Comparator of networks trained here alone", all.mean(HeldOut.ALONE));
            rank(lab, "Plain predictor of networks trained here", all.mean(HeldOut.RANK));
            comparator.learn(lab, networks, lab.of(10, 3));
            Evolved evolved = search.evolve(comparator, networks, lab.of(12, 2), lab.of(4, 1));
            evolution(lab, evolved, errors);
            return evolved.best();
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static Dataset every(Dataset windows, int step) {
        return windows.subset(
                IntStream.range(0, windows.size()).filter(i -> i % step == 0).toArray());
    }

    private static void evolution(Lab lab, Evolved evolved, double... errors) {
        double best = Collections.min(evolved.errors());
        Candidate chosen = evolved.best();
        lab.section("Evolution by the comparator")
                .put("asked", evolved.asked())
                .put(
                        "errors",
                        evolved.errors().stream()
                                .map(e -> e.isInfinite() ? "none, as it diverged" : line("%.4f", e))
                                .collect(Collectors.joining(", ")))
                .put(
                        "beaten",
                        IntStream.range(0, errors.length)
                                .filter(i -> errors[i] >= best)
                                .count())
                .put("names", String.join(", ", Candidate.HYPERPARAMETERS))
                .put("levels", chosen.levels())
                .put("values", Candidate.VALUES)
                .put("cell", chosen.cell())
                .figure(Figure.of("Best evolved candidate, validation error", "", best)
                        .baseline(errors[0], line("best of %d random candidates", errors.length)));
        draw(lab, "joint-cell.png", "The cell of the joint search", chosen.cell());
    }

    private static void draw(Lab lab, String file, String title, CellGraph cell) {
        List<String> nodes = IntStream.rangeClosed(0, cell.nodes())
                .mapToObj(i -> i == 0 ? "in" : Integer.toString(i))
                .toList();
        ArcDiagram picture = new ArcDiagram(title, nodes);
        for (int e = 0; e < cell.edges().size(); e++) {
            Operator operator = cell.edges().get(e).operator();
            picture.edge(cell.edges().get(e).from(), CellGraph.to(e), operator.title(), operator.ordinal());
        }
        lab.picture(file, picture::render);
    }

    // ---- the supernet, and forecasts by what was found

    /** Searches on {@code part} and forecasts {@code task}. */
    private static void supernet(Lab lab, ForecastTask part, ForecastTask task, Candidate joint) {
        task.put(lab.section("{title}: the supernet"));
        int epochs = lab.epochs(15, 2);
        SupernetSearch search = new SupernetSearch(lab, part, lab.of(2, 1), lab.of(4, 2), epochs, epochs / 5);
        List<Dataset> parts = part.parts();
        SupernetSearch.Outcome outcome;
        try (Dataset train = every(parts.get(0), task.randomWalk() ? 4 : 2)) {
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
        double[] x = IntStream.rangeClosed(1, epochs).asDoubleStream().toArray();
        double[][] y = IntStream.range(0, 3)
                .mapToObj(
                        i -> Stream.of(outcome.curves()).mapToDouble(c -> c[i]).toArray())
                .toArray(double[][]::new);
        List<Chart> charts = List.of(
                new Chart("loss", "epoch").line("training batches", x, y[0]).line("validation batches", x, y[1]),
                new Chart("temperature", "epoch").logarithmic(false, true).line("temperature", x, y[2]));
        lab.picture(task.name() + "-supernet.png", () -> Chart.panels(2, charts));
        for (int b = 1; b <= found.cells().size(); b++) {
            CellGraph cell = found.cells().get(b - 1);
            lab.put("cell " + b, cell);
            draw(lab, line("%s-block-%d.png", task.name(), b), line("%s, block %d", task.title(), b), cell);
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
                lab.figure(Figure.of(gain, "%", 100 * (1 - mae.applyAsDouble(name) / mae.applyAsDouble(other)))
                        .baseline(0, line("%s, %s", other, ahead).toLowerCase(Locale.ROOT)));
            }
            if (!task.randomWalk()) {
                for (int h : task.horizons()) {
                    lab.figure(line("AutoCTS, %s, MAE", task.ahead(h)), "", all.error("AutoCTS", h, "MAE"));
                }
            }
        }
    }
}
