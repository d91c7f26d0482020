package dev.fathom.labs.autocts;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.autocts.JointSearch.Evolved;
import dev.fathom.labs.autocts.Supernet.Found;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.series.ForecastNet.Kind;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastRun.Forecasts;
import dev.fathom.labs.series.ForecastTables;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.view.ArcDiagram;
import dev.fathom.view.Chart;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Architecture search for forecasts of correlated series: the differentiable supernet of AutoCTS, and the joint search
 * of architecture and hyperparameters of AutoCTS+, whose comparator learns from trained networks which of two is
 * better.
 */
public final class AutoCtsLab implements OldExperiment {
    private static final int PART = 20; // sensors in searches
    private static final int CANDIDATES = 80;
    private static final int FOLDS = 5;
    private static final int MINUTES = 24 * 60; // of a day
    private static final int BLOCKS = 2;
    private static final int TAUGHT = 8; // epochs of what was found
    private static final int[] EARLY = {1, 3, 5, 10, 20};
    /**
     * Spearman's correlation of the error after as many epochs with the last one, over all 207 stored networks, counted
     * by another program.
     */
    private static final double[] EARLY_KNOWN = {0.205, 0.350, 0.260, 0.403, 0.421};

    @Override
    public String name() {
        return "autocts";
    }

    @Override
    public Findings run(LabRun asked) {
        int rows = asked.of(Integer.MAX_VALUE, 600);
        ForecastTask traffic = ForecastTask.traffic(asked.data(), rows, asked.of(Integer.MAX_VALUE, 8));
        ForecastTask part = ForecastTask.traffic(asked.data(), rows, asked.of(PART, 6));
        ForecastTask exchange = ForecastTask.exchange(asked.data(), asked.of(Integer.MAX_VALUE, 400));
        List<Measured> clean = mixed(Measured.clean(asked.data()), asked.of(Integer.MAX_VALUE, 60), asked.seed());
        Set<Candidate> held = clean.stream().map(Measured::candidate).collect(Collectors.toSet());
        List<Measured> noisy = mixed(
                Measured.distinct(Measured.noisy(asked.data())).stream()
                        .filter(m -> !held.contains(m.candidate()))
                        .toList(),
                asked.of(Integer.MAX_VALUE, 320),
                asked.seed());
        LabRun run = asked.keeping(marks(traffic), marks(exchange), Measured.marks(clean), Measured.marks(noisy));
        Findings page = run.page(
                "Lab autocts",
                line(
                        "%d networks of AutoCTS+ on PEMS08 trained to the end and %,d trained for five epochs; "
                                + "%s: %,d steps of %d sensors; %s: %,d days of %d",
                        clean.size(),
                        noisy.size(),
                        traffic.title(),
                        traffic.series().length(),
                        traffic.columns(),
                        exchange.title(),
                        exchange.series().length(),
                        exchange.columns()));
        spaces(page);
        departures(run, page);
        try (ComparatorTraining comparator = ComparatorTraining.begin(run.seed())) {
            Optional<Candidate> joint = stored(run, page, comparator, clean, noisy)
                    ? trained(run, page, comparator, part)
                    : Optional.empty();
            if (joint.isEmpty()) {
                return page;
            }
            return supernet(run, page, part, traffic, joint.get())
                            && supernet(run, page, exchange, exchange, joint.get())
                    ? page.finished()
                    : page;
        }
    }

    /** The numbers of a series and its graph in brief, by which another one is told from it. */
    private static List<Integer> marks(ForecastTask task) {
        return List.of(
                task.series().columns().stream()
                        .map(c -> Arrays.hashCode(task.series().values(c)))
                        .toList()
                        .hashCode(),
                Arrays.deepHashCode(task.measured()),
                Arrays.deepHashCode(task.roads()));
    }

    private static List<Measured> mixed(List<Measured> networks, int most, long seed) {
        List<Measured> mixed = new ArrayList<>(networks);
        Collections.shuffle(mixed, new Random(seed));
        return mixed.subList(0, Math.min(most, mixed.size()));
    }

    private static void spaces(Findings page) {
        page.section("The two spaces", "")
                .text("A cell is a graph of four to six nodes behind its input. Each edge is an operator on the "
                        + "features of all series at all time steps: "
                        + "a gated dilated causal convolution over time (dcc), attention over time, "
                        + "attention over the series, diffusion over the "
                        + "road graph and over a graph that is learned, or a skip. AutoCTS also has the "
                        + "operator none, lets every block have its "
                        + "own cell, and chooses which earlier block a block reads. AutoCTS+ gives all "
                        + "blocks one cell and searches six "
                        + "hyperparameters with it: the number of blocks, nodes, channels and output "
                        + "units, whether a cell gives the sum of its "
                        + "nodes, and dropout. Informer's attention keeps the most uneven queries, which "
                        + "are all of them at 12 time steps, so that "
                        + "attention over time is the full one here.");
    }

    private static void departures(LabRun run, Findings page) {
        page.section("What is smaller here than in the papers", "")
                .text("The papers search on graphics cards for hours. The sizes here fit two processor cores "
                        + "and less than half an hour; the operators, the two "
                        + "spaces, the temperature, the quarter of the channels, the losses and the "
                        + "settings of the comparator are those of the papers.")
                .table(
                        List.of("setting", "AutoCTS and AutoCTS+", "here", "reason"),
                        List.of(
                                List.of(
                                        "traffic",
                                        "METR-LA, four months",
                                        "one week of it",
                                        "the part that public repositories hold as a small file"),
                                List.of(
                                        "forecasts",
                                        "all 12 steps",
                                        "3, 6 and 12 steps, as changes from the last row",
                                        "the steps that tables show; a week is too short to learn the level"),
                                List.of(
                                        "blocks and channels of the supernet",
                                        "4 and 32",
                                        line("%d and %d", run.of(BLOCKS, 1), SupernetSearch.WIDTH),
                                        "time"),
                                List.of(
                                        "epochs of the supernet, of which the architecture waits",
                                        "100, 15",
                                        line("%d, %d", epochs(run), epochs(run) / 5),
                                        "time"),
                                List.of(
                                        "rates of weights and architecture",
                                        "0.001, 0.0003",
                                        line("%s, %s", SupernetSearch.RATE, SupernetSearch.ARCHITECTURE_RATE),
                                        "fewer steps must go as far"),
                                List.of(
                                        "batch of the supernet",
                                        "64",
                                        "16 on traffic, 64 on exchange rates",
                                        "a week has few windows"),
                                List.of(
                                        "series in searches on traffic",
                                        "207",
                                        line("%d", run.of(PART, 6)),
                                        "time; what is found is trained on all"),
                                List.of(
                                        "training of what is found",
                                        "100 epochs",
                                        line(
                                                "at most %d, until the validation error rises for 3",
                                                run.epochs(TAUGHT, 1)),
                                        "time"),
                                List.of(
                                        "blocks, channels, output of AutoCTS+",
                                        "2 to 6, 32 or 64, 128 to 512",
                                        "1 to 3, 8 or 16, 16 to 64",
                                        "time, as each candidate is trained on one core"),
                                List.of(
                                        "networks that are trained",
                                        "207 for 100 epochs and thousands for 5",
                                        line("%d for %d epochs", run.of(CANDIDATES, 8), run.epochs(6, 2)),
                                        "time; those of AutoCTS+ are used besides"),
                                List.of(
                                        "batch of the comparator",
                                        "8 pairs",
                                        line("all pairs of %d networks", ComparatorTraining.BATCH),
                                        "more pairs from one pass over the graphs")));
    }

    private static int epochs(LabRun run) {
        return run.epochs(15, 2);
    }

    // ---- the networks that AutoCTS+ measured

    private static boolean stored(
            LabRun run, Findings page, ComparatorTraining comparator, List<Measured> clean, List<Measured> noisy) {
        int cut = noisy.size() * 9 / 10;
        run.training().say("comparator: learning from %,d networks that were trained for five epochs", cut);
        comparator.learn(
                noisy.subList(0, cut),
                noisy.subList(cut, noisy.size()),
                Integer.MAX_VALUE,
                run.epochs(10, 2),
                1,
                trainer -> run.training().attach(trainer, run.folder().resolve("comparator"), "networks"));
        Optional<HeldOut> all = run.interrupt().requested()
                ? Optional.empty()
                : HeldOut.of(run, clean, comparator, run.of(FOLDS, 2), run.of(2, 1), run.of(10, 3), EARLY);
        if (all.isEmpty()) {
            return false;
        }
        List<Measured> rest = noisy.subList(cut, noisy.size());
        double[] last = clean.stream().mapToDouble(Measured::best).toArray();
        page.section("Which of two networks is better: the networks that AutoCTS+ measured", "")
                .text(line(
                        "The comparator sees two candidates, each as a graph of its operators with a vertex for "
                                + "the hyperparameters, and says which one has "
                                + "the smaller error. It learns first from %,d networks that were trained for "
                                + "five epochs on PEMS08, without those that "
                                + "were also trained to the end, and then from pairs of the %d that were trained "
                                + "for 100 epochs. Each fold of these is "
                                + "ranked by what was learned from the other folds. The rank correlation is "
                                + "Spearman's, of the predicted order with that of "
                                + "the smallest error of all epochs. Early errors need the training of every "
                                + "network that they rank; the comparator and the "
                                + "plain predictor, which reads the description of a network as numbers, need none.",
                        cut, clean.size()));
        table(page, all.get());
        page.picture(
                "stored.png",
                "Rank correlation of early errors over the epochs of training, with those of the comparator "
                        + "(trained on noisy networks and then clean ones, "
                        + "on clean ones alone, or on noisy ones alone) and of the plain predictor, which need no "
                        + "training",
                () -> worth(clean, last, all.get()));
        for (int i = 0; i < EARLY.length; i++) {
            int k = EARLY[i];
            double known = EARLY_KNOWN[i];
            double r = ScoreRegressor.rankCorrelation(
                    clean.stream().mapToDouble(m -> m.best(k)).toArray(), last);
            page.figure(Figure.of(line("All %d networks, %s, rank correlation", clean.size(), HeldOut.name(k)), "", r)
                    .baseline(known, "all 207, by another program"));
        }
        // the noisy networks have their errors after five epochs: a comparator is worth its training if it ranks new
        // ones no worse than such an error would
        double early = all.get().mean(HeldOut.name(5));
        page.text(line(
                        "The comparator is held to the errors after five epochs, which is what it has learned "
                                + "from at first and what a search without it would "
                                + "go by: on the same held-out networks these have a rank correlation of %.3f. "
                                + "Over all networks those of the first "
                                + "epochs have %.3f to %.3f.",
                        early,
                        Arrays.stream(EARLY_KNOWN).min().orElseThrow(),
                        Arrays.stream(EARLY_KNOWN).max().orElseThrow()))
                .key(Figure.of(
                                "Comparator on held-out networks of AutoCTS+, rank correlation",
                                "",
                                all.get().mean(HeldOut.BOTH))
                        .baseline(early, "error after 5 epochs, same held-out networks"))
                .figure(Figure.of("Error after 5 epochs on held-out networks of AutoCTS+, rank correlation", "", early))
                .figure(Figure.of(
                        "Comparator without noisy networks, rank correlation",
                        "",
                        all.get().mean(HeldOut.ALONE)))
                .figure(Figure.of(
                        "Comparator of noisy networks alone, rank correlation",
                        "",
                        all.get().mean(HeldOut.ELSEWHERE)))
                .figure(Figure.of(
                        "Plain predictor of the rank, rank correlation",
                        "",
                        all.get().mean(HeldOut.RANK)))
                .figure(Figure.of(
                        "Comparator on noisy networks that it has not seen, rank correlation",
                        "",
                        ScoreRegressor.rankCorrelation(
                                comparator.predicted(rest, rest),
                                rest.stream().mapToDouble(Measured::best).toArray())));
        return true;
    }

    private static void table(Findings page, HeldOut all) {
        List<String> ways = List.copyOf(all.correlations().keySet());
        page.table(
                List.of("order by", "mean of the folds", "range of the folds"),
                ways.stream()
                        .map(way -> List.of(way, line("%.3f", all.mean(way)), all.range(way)))
                        .toList());
        String best = ways.stream()
                .max((a, b) -> Double.compare(all.mean(a), all.mean(b)))
                .orElseThrow();
        double gain = all.mean(HeldOut.BOTH) - all.mean(HeldOut.ALONE);
        page.text(line(
                "The best order is that by: %s (%.3f). Learning from the noisy networks first %s the correlation "
                        + "by %.3f.",
                best, all.mean(best), gain > 0 ? "raises" : "lowers", Math.abs(gain)));
    }

    /**
     * The rank correlation of early errors over the number of epochs, with the correlations that need no training as
     * lines.
     */
    private static BufferedImage worth(List<Measured> clean, double[] last, HeldOut all) {
        int epochs = clean.stream().mapToInt(m -> m.errors().length).min().orElse(1);
        double[] places = IntStream.rangeClosed(1, epochs).mapToDouble(k -> k).toArray();
        double[] early = IntStream.rangeClosed(1, epochs)
                .mapToDouble(k -> ScoreRegressor.rankCorrelation(
                        clean.stream().mapToDouble(m -> m.best(k)).toArray(), last))
                .toArray();
        Chart chart = new Chart("rank correlation with the final error", "epochs of training of each network")
                .logarithmic(true, false)
                .line("early error", places, early);
        Map<String, String> names = new LinkedHashMap<>(); // short ones, for the legend
        names.put(HeldOut.BOTH, "noisy first");
        names.put(HeldOut.ALONE, "without noisy");
        names.put(HeldOut.ELSEWHERE, "noisy alone");
        names.put(HeldOut.RANK, "plain");
        names.forEach((way, name) ->
                chart.dashed(name, new double[] {1, epochs}, new double[] {all.mean(way), all.mean(way)}));
        return chart.render();
    }

    // ---- networks that are trained here

    private static Optional<Candidate> trained(
            LabRun run, Findings page, ComparatorTraining comparator, ForecastTask task) {
        ForecastRun data = new ForecastRun(task, run, 1);
        List<Dataset> parts = data.parts();
        try (Dataset train = every(parts.get(0), 4);
                Dataset validation = every(parts.get(1), 2)) {
            JointSearch search = new JointSearch(run, task, train, validation, run.epochs(6, 2));
            Optional<List<Measured>> networks = search.random(run.of(CANDIDATES, 8));
            Optional<HeldOut> all = networks.flatMap(
                    n -> HeldOut.of(run, n, comparator, run.of(FOLDS, 2), run.of(3, 1), run.of(10, 3), 1));
            if (networks.isEmpty() || all.isEmpty()) {
                return Optional.empty();
            }
            HeldOut.teach(run, comparator, networks.get(), run.of(10, 3));
            Optional<Evolved> evolved = search.evolve(comparator, networks.get(), run.of(12, 2), run.of(4, 1));
            evolved.ifPresent(e -> show(run, page, search, networks.get(), all.get(), e));
            return evolved.map(Evolved::best);
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static Dataset every(Dataset windows, int step) {
        return windows.subset(IntStream.range(0, (windows.size() + step - 1) / step)
                .map(i -> i * step)
                .toArray());
    }

    private static void show(
            LabRun run, Findings page, JointSearch search, List<Measured> networks, HeldOut all, Evolved evolved) {
        double[] errors = networks.stream().mapToDouble(Measured::best).sorted().toArray();
        page.section("Which of two networks is better: networks that are trained here", "")
                .text(line(
                        "%d candidates are drawn from the joint space, in about a quarter of the sizes of "
                                + "AutoCTS+ (1 to 3 blocks, 8 or 16 channels, 16 to "
                                + "64 units of output), and each is trained for %d epochs on %,d windows of %d "
                                + "sensors of the week of traffic. Its error is "
                                + "the smallest mean absolute error on %d validation windows, in standard "
                                + "deviations of the speed: %.4f for the best, %.4f "
                                + "in the middle and %.4f for the worst. The comparator has learned from the "
                                + "noisy networks on PEMS08, which is another "
                                + "data set, and here learns from the other folds.",
                        networks.size(),
                        search.epochs(),
                        search.train().size(),
                        search.task().columns(),
                        search.validation().size(),
                        errors[0],
                        Averages.median(errors),
                        errors[errors.length - 1]));
        table(page, all);
        // Spearman's correlation of random orders of m networks has the variance 1 / (m - 1), and the mean over k folds
        // of n / k networks 1 / (n - k)
        double chance = 2 / Math.sqrt(networks.size() - run.of(FOLDS, 2));
        page.text(line(
                "Random orders have a mean correlation beyond %.2f, two standard deviations, in one of forty "
                        + "divisions of the networks: the comparator must be "
                        + "above that.",
                chance));
        page.picture(
                        "trained.png",
                        "The smallest error of each network that was trained here over its error after one epoch",
                        () -> new Chart("smallest validation error", "validation error after one epoch")
                                .points(
                                        "candidates",
                                        networks.stream()
                                                .mapToDouble(m -> m.best(1))
                                                .toArray(),
                                        networks.stream()
                                                .mapToDouble(Measured::best)
                                                .toArray())
                                .render())
                .link(run.folder().getFileName() + "/candidates.csv", "the candidates and their errors")
                .figure(Figure.of("Networks trained here", "", networks.size()))
                .key(Figure.of(
                                "Comparator on held-out networks trained here, rank correlation",
                                "",
                                all.mean(HeldOut.BOTH))
                        .baseline(all.mean(HeldOut.name(1)), HeldOut.name(1)))
                .figure(Figure.of(
                        "Comparator of networks trained here alone, rank correlation", "", all.mean(HeldOut.ALONE)))
                .figure(Figure.of(
                        "Plain predictor of networks trained here, rank correlation", "", all.mean(HeldOut.RANK)));

        double best = Collections.min(evolved.errors());
        long better = networks.stream().filter(m -> m.best() < best).count();
        Candidate chosen = evolved.best();
        page.section("Evolution by the comparator", "")
                .text(line(
                        "A genetic search asks the comparator about %,d candidates, whose score is how often they "
                                + "win against the networks above. The %d "
                                + "that win most are trained, with errors of %s. The best of them, %.4f, is "
                                + "better than %d of the %d random candidates, "
                                + "whose best is %.4f. It has %s, which are the places of its hyperparameters "
                                + "among their values.",
                        evolved.asked(),
                        evolved.errors().size(),
                        evolved.errors().stream()
                                .map(e -> e.isInfinite() ? "none, as it diverged" : line("%.4f", e))
                                .collect(Collectors.joining(", ")),
                        best,
                        networks.size() - better,
                        networks.size(),
                        errors[0],
                        IntStream.range(0, Candidate.VALUES.size())
                                .mapToObj(i -> Candidate.HYPERPARAMETERS.get(i) + " "
                                        + (1 + chosen.levels().get(i)) + " of " + Candidate.VALUES.get(i))
                                .collect(Collectors.joining(", "))))
                .picture(
                        "joint-cell.png",
                        "The cell that the joint search found: " + chosen.cell(),
                        () -> draw("The cell of the joint search", chosen.cell()))
                .figure(Figure.of("Best evolved candidate, validation error", "", best)
                        .baseline(errors[0], line("best of %d random candidates", networks.size())));
        run.training().say("the joint search chose %s", chosen.cell());
    }

    private static BufferedImage draw(String title, CellGraph cell) {
        List<String> nodes = IntStream.rangeClosed(0, cell.nodes())
                .mapToObj(i -> i == 0 ? "in" : Integer.toString(i))
                .toList();
        ArcDiagram picture = new ArcDiagram(title, nodes);
        for (int e = 0; e < cell.edges().size(); e++) {
            Operator operator = cell.edges().get(e).operator();
            picture.edge(cell.edges().get(e).from(), CellGraph.to(e), operator.title(), operator.ordinal());
        }
        return picture.render();
    }

    // ---- the supernet, and forecasts by what was found

    /** Searches on {@code part} and forecasts {@code task}; false if the run was interrupted. */
    private static boolean supernet(LabRun run, Findings page, ForecastTask part, ForecastTask task, Candidate joint) {
        int epochs = epochs(run);
        SupernetSearch search = new SupernetSearch(run, part, run.of(BLOCKS, 1), run.of(4, 2), epochs, epochs / 5);
        ForecastRun small = new ForecastRun(part, run, 1);
        List<Dataset> parts = small.parts();
        Optional<SupernetSearch.Outcome> outcome;
        try (Dataset train = every(parts.get(0), task.randomWalk() ? 4 : 2)) {
            outcome = search.search(train, parts.get(1), task.randomWalk() ? 64 : 16);
        } finally {
            parts.forEach(Dataset::close);
        }
        if (outcome.isEmpty()) {
            return false;
        }
        Found found = outcome.get().found();
        page.section(task.title() + ": the supernet", "")
                .text(line(
                        "A supernet of %d %s of %d nodes runs every operator on every edge, on a quarter of the "
                                + "%d channels, and weighs them by "
                                + "softmax(alpha / temperature). Over %d training epochs the temperature falls "
                                + "from 5 to 0.001. Each step changes the "
                                + "weights by the gradient on a batch of training windows and, from epoch %d on, "
                                + "alpha by the gradient on a batch of "
                                + "validation windows, with an optimizer of its own. It forecasts %d series. Of "
                                + "each node the two strongest edges are kept, "
                                + "with their strongest operators: %s",
                        search.blocks(),
                        search.blocks() == 1 ? "block" : "blocks",
                        search.nodes(),
                        SupernetSearch.WIDTH,
                        epochs,
                        search.warm() + 1,
                        part.columns(),
                        IntStream.range(0, found.cells().size())
                                .mapToObj(b -> line(
                                        "block %d reads %s and has %s",
                                        b + 1,
                                        found.inputs().get(b) == 0
                                                ? "the embedding"
                                                : "block " + found.inputs().get(b),
                                        found.cells().get(b)))
                                .collect(Collectors.joining("; "))))
                .picture(
                        task.name() + "-supernet.png",
                        "Losses of the supernet on training and validation batches over the epochs",
                        () -> curves(outcome.get()));
        for (int b = 0; b < found.cells().size(); b++) {
            CellGraph cell = found.cells().get(b);
            String title = line("%s, block %d", task.title(), b + 1);
            page.picture(
                    line("%s-block-%d.png", task.name(), b + 1),
                    title + " of the supernet: " + cell,
                    () -> draw(title, cell));
        }
        return forecasts(run, page, task, found, joint);
    }

    private static BufferedImage curves(SupernetSearch.Outcome outcome) {
        double[] epochs = IntStream.rangeClosed(1, outcome.curves().size())
                .mapToDouble(i -> i)
                .toArray();
        double[] train = outcome.curves().stream().mapToDouble(c -> c[0]).toArray();
        double[] validation = outcome.curves().stream().mapToDouble(c -> c[1]).toArray();
        double[] temperature = outcome.curves().stream().mapToDouble(c -> c[2]).toArray();
        return Chart.panels(
                2,
                List.of(
                        new Chart("loss", "epoch")
                                .line("training batches", epochs, train)
                                .line("validation batches", epochs, validation),
                        new Chart("temperature", "epoch")
                                .logarithmic(false, true)
                                .line("temperature", epochs, temperature)));
    }

    private static boolean forecasts(LabRun run, Findings page, ForecastTask task, Found found, Candidate joint) {
        ForecastRun all = new ForecastRun(task, run, run.epochs(TAUGHT, 1));
        List<Dataset> parts = all.parts();
        try {
            List<Supplier<@Nullable Forecasts>> models = List.of(
                    all::lastValue,
                    () -> all.autoregression(true),
                    () -> all.net(Kind.LSTM, parts),
                    () -> all.net(Kind.TCN, parts),
                    () -> all.net(
                            "AutoCTS",
                            SearchedNet.of(
                                    task, found.cells(), found.inputs(), SupernetSearch.WIDTH, SupernetSearch.OUTPUT),
                            parts),
                    () -> all.net("AutoCTS+", SearchedNet.of(task, joint), parts));
            page.section(task.title() + ": forecasts", "")
                    .text("AutoCTS is the architecture of the supernet, and AutoCTS+ the candidate of the joint "
                            + "search on traffic; both are trained anew "
                            + "like the LSTM and the TCN, on the training rows with the epoch chosen on "
                            + "the validation rows.")
                    .text(ForecastTables.split(task));
            List<Forecasts> finished = all.finished(models);
            if (finished.size() > 1) {
                ForecastTables.show(page, task, all, finished);
            }
            if (finished.size() == models.size()) {
                conclude(page, task, all, finished);
            }
            return finished.size() == models.size();
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static void conclude(Findings page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
        int h = task.horizons().length - 1;
        Map<String, Double> mae = new LinkedHashMap<>();
        finished.forEach(f -> mae.put(f.name(), all.scores(f, h).mae()));
        String best =
                Collections.min(mae.entrySet(), Map.Entry.comparingByValue()).getKey();
        String other = Collections.min(
                        mae.entrySet().stream()
                                .filter(e -> !e.getKey().startsWith("AutoCTS"))
                                .toList(),
                        Map.Entry.comparingByValue())
                .getKey();
        String ahead = task.ahead(task.farthest());
        page.text(line(
                "The smallest mean absolute error %s ahead is that of %s, %.4f.",
                ahead, best, mae.getOrDefault(best, Double.NaN)));
        if (!task.randomWalk()) {
            errors(page, task, all, finished);
        }
        for (String name : List.of("AutoCTS", "AutoCTS+")) {
            double gain = 100 * (1 - mae.getOrDefault(name, Double.NaN) / mae.getOrDefault(other, Double.NaN));
            page.key(Figure.of(
                            line(
                                    "%s, %s, MAE less than the best network or regression without search",
                                    task.title(), name),
                            "%",
                            gain)
                    .baseline(0, line("%s, %s", other, ahead).toLowerCase(Locale.ROOT)));
        }
    }

    /** The errors of AutoCTS, which are not those of its paper: that had four months of the series. */
    private static void errors(Findings page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
        Forecasts ours = finished.stream()
                .filter(f -> f.name().equals("AutoCTS"))
                .findFirst()
                .orElseThrow();
        for (int h = 0; h < task.horizons().length; h++) {
            page.figure(Figure.of(
                    line("AutoCTS, %s, MAE", task.ahead(task.horizons()[h])),
                    "",
                    all.scores(ours, h).mae()));
        }
        page.text(line(
                "The paper trains AutoCTS on most of four months of METR-LA and tests it on the last fifth. Here it is"
                        + " trained on %.1f days, tested on the last %.1f days, and smaller, so that its errors cannot"
                        + " be held to those of the paper.",
                (double) task.validation() * task.unitsPerStep() / MINUTES,
                (double) (task.series().length() - task.test()) * task.unitsPerStep() / MINUTES));
    }
}
