package dev.fathom.labs.outliers;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.data.OutlierData;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.labs.outliers.Study.Area;
import dev.fathom.labs.outliers.Study.Outcome;
import dev.fathom.labs.outliers.Study.Result;
import dev.fathom.labs.outliers.Study.Settings;
import dev.fathom.labs.outliers.Study.Streamed;
import dev.fathom.nn.Input;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Outliers in the series of four collections, by ensembles of auto-encoders and by methods without a network. */
public final class AnomaliesLab implements Experiment {
    private static final String SHARED = Study.name(true, Cell.DRAWN);
    private static final String INDEPENDENT = Study.name(false, Cell.DRAWN);
    private static final List<String> RECURRENT = Stream.of(false, true)
            .flatMap(shared -> Stream.of(Cell.values()).map(cell -> Study.name(shared, cell)))
            .toList();
    private static final List<String> ENSEMBLES = with(RECURRENT, Study.CAE);
    private static final List<String> BASELINES =
            Stream.of(Baseline.values()).map(Baseline::label).toList();
    private static final List<String> FLOORS = BASELINES.subList(0, 2);
    private static final List<String> METHODS = Stream.of(BASELINES, List.of(Study.SINGLE), ENSEMBLES)
            .flatMap(List::stream)
            .toList();

    private static <T> List<T> with(List<T> some, T last) {
        return Stream.concat(some.stream(), Stream.of(last)).toList();
    }

    /** Some series, and how methods do on them in the mean. */
    private record Group(String name, List<Outcome> of) {
        Group some(String part, Predicate<Outcome> which) {
            return new Group(part, of.stream().filter(which).toList());
        }

        boolean has(String method) {
            return of.stream().allMatch(o -> o.results().containsKey(method));
        }

        double mean(ToDoubleFunction<Outcome> number) {
            return Averages.mean(of, number);
        }

        double roc(String method) {
            return mean(o -> o.roc(method));
        }

        double precision(String method) {
            return mean(o -> o.of(method).area().precision());
        }

        /** The one of some methods with the best mean ROC-AUC. */
        String best(List<String> methods) {
            return methods.stream()
                    .filter(this::has)
                    .reduce((a, b) -> roc(b) >= roc(a) ? b : a)
                    .orElseThrow();
        }

        int count(Predicate<Outcome> which) {
            return some("", which).of.size();
        }

        /** On how many series one method is better than another. */
        String above(String better, String worse) {
            return line("%d of %d", count(o -> o.roc(better) > o.roc(worse)), of.size());
        }
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "A recurrent auto-encoder of the ensemble",
                RecurrentAutoencoder.of(1, RecurrentAutoencoder.Cell.BOTH, new Rng(1)),
                (net, in) -> net.rows(net.code(in[0]), in[0].dim(1)),
                Input.floats(1, 32, 1));
    }

    @Override
    public void run(Lab lab) {
        List<LabeledSeries> all = series(lab);
        Settings settings = new Settings(
                lab.of(List.of(10, 20, 30, 40), List.of(2, 4)),
                lab.of(List.of(32, 64, 128), List.of(32, 64)),
                lab.of(256, 64),
                lab.epochs(30, 10),
                lab.of(8, 2),
                lab.of(64, 16),
                lab.epochs(6, 6),
                lab.of(6000, 500));
        lab.put(settings)
                .put("most", settings.most())
                .put("windows", settings.windows().stream().map(String::valueOf).collect(Collectors.joining(" or ")))
                .put("twice", 2 * settings.learned())
                .put("series", all.size())
                .put("rows", all.stream().mapToLong(s -> s.test().length).sum())
                .section("What is compared")
                .section("Where this departs from the papers");
        Study study = new Study(lab, settings);
        AtomicInteger finished = new AtomicInteger();
        Group whole = new Group("all series", Workers.all().run(all.size(), i -> {
            Outcome outcome = study.on(all.get(i));
            lab.say(
                    "%d of %d: %s",
                    finished.incrementAndGet(), all.size(), all.get(i).title());
            return outcome;
        }));
        List<Group> sets = all.stream()
                .map(LabeledSeries::set)
                .distinct()
                .map(set -> whole.some(set, o -> o.series().set().equals(set)))
                .toList();
        Outcome shown = whole.of.get(lab.of(1, 0));
        Streamed streamed = study.streamed(shown, settings.sizes().get(0), 200);

        methods(lab, sets);
        frameworks(lab, sets, whole);
        choices(lab, settings, whole);
        sets.forEach(set -> collection(lab, set));
        members(lab, settings, sets.get(0));
        diversity(lab, sets.get(0));
        traps(lab, whole);
        lab.section("A stream")
                .table("stream", "series")
                .row(shown.series().name() + " as a stream")
                .put("ROC-AUC", "%.3f", streamed.roc())
                .baseline(streamed.windows(), "the same members by windows")
                .cell("ROC-AUC by windows", "%.3f", streamed.windows())
                .cell("members", settings.sizes().get(0))
                .cell("microseconds for each row on one thread", "%.0f", streamed.microseconds());
    }

    /** All series; in a short run one of each collection. */
    private static List<LabeledSeries> series(Lab lab) {
        List<LabeledSeries> ecg = OutlierData.ecg(lab.data());
        List<LabeledSeries> nab = OutlierData.nab(lab.data(), name -> !lab.brief() || name.equals("speed_7578"));
        List<LabeledSeries> msl = OutlierData.msl(lab.data());
        List<LabeledSeries> ucr = OutlierData.ucr(lab.data());
        return lab.brief()
                ? List.of(ecg.get(1), nab.get(0), msl.get(1), ucr.get(0))
                : Stream.of(ecg, nab, msl, ucr).flatMap(List::stream).toList();
    }

    private static void methods(Lab lab, List<Group> sets) {
        lab.section("Means over the series of each collection");
        Table methods = lab.table("methods", "method").named("{column} of {row}");
        for (String method : METHODS) {
            Table.Row row = methods.row(method);
            for (Group set : sets.stream().filter(s -> s.has(method)).toList()) {
                String floor = set.best(FLOORS);
                row.put(set.name + ", mean ROC-AUC", "%.3f", set.roc(method))
                        .baseline(set.roc(floor), floor)
                        .put(set.name + ", mean PR-AUC", "%.3f", set.precision(method))
                        .baseline(set.precision(floor), floor);
            }
        }
        Table.Row chance = methods.row("share of outliers");
        Table best = lab.table("best", "collection");
        for (Group set : sets) {
            chance.cell(set.name + ", mean ROC-AUC", "0.500")
                    .cell(
                            set.name + ", mean PR-AUC",
                            "%.3f",
                            set.mean(o -> o.series().share()));
            best.row(set.name)
                    .cell("series", set.of.size())
                    .cell("best method", set.best(METHODS))
                    .cell("best ensemble", set.best(ENSEMBLES))
                    .cell("better linear floor", set.best(FLOORS));
        }
    }

    /** Shared code against independent members against one network, and all of them against simple methods. */
    private static void frameworks(Lab lab, List<Group> sets, Group whole) {
        lab.section("Shared code, independent members, one network");
        Table means = lab.table("frameworks", "series");
        Table order = lab.table("order", "series").named("{row}, mean ROC-AUC of {column}");
        List<Group> columns = List.of(
                whole.some("all series of one column", o -> o.series().columns() == 1),
                whole.some("all series of several columns", o -> o.series().columns() > 1),
                whole);
        String forest = Baseline.FOREST.label();
        for (Group g : Stream.of(sets, columns).flatMap(List::stream).toList()) {
            Table.Row row = means.row(g.name).cell("number", g.of.size());
            for (String m : List.of(SHARED, INDEPENDENT, Study.SINGLE, forest, FLOORS.get(0), FLOORS.get(1))) {
                row.cell(m + " ROC-AUC", "%.3f", g.roc(m)).cell(m + " PR-AUC", "%.3f", g.precision(m));
            }
            double shared = g.roc(SHARED) - g.roc(INDEPENDENT);
            double independent = g.roc(INDEPENDENT) - g.roc(Study.SINGLE);
            double best = g.roc(g.best(List.of(SHARED, INDEPENDENT, Study.SINGLE)));
            order.row(g.name)
                    .put(SHARED + " less that of " + INDEPENDENT, "%.4f", shared)
                    .baseline(0, "the paper: larger")
                    .put(INDEPENDENT + " less that of " + Study.SINGLE, "%.4f", independent)
                    .baseline(0, "the paper: larger")
                    .cell("the paper's order", shared > 0 && independent > 0 ? "holds" : "does not hold")
                    .cell("SF above IF", g.above(SHARED, INDEPENDENT))
                    .cell("IF above single", g.above(INDEPENDENT, Study.SINGLE))
                    .cell("best less isolation forest", "%.4f", best - g.roc(forest))
                    .cell("best less better linear floor", "%.4f", best - g.roc(g.best(FLOORS)));
        }
    }

    private static void choices(Lab lab, Settings settings, Group whole) {
        lab.section("What was chosen");
        Table choices = lab.table("choices", "series");
        whole.of.forEach(o -> choices.row(o.series().title())
                .cell("window", o.choice().rows())
                .cell("rate", Float.toString(o.choice().rate()))
                .cell("epochs", o.choice().epochs())
                .cell("error", "%.4f", o.choice().error()));
        Table windows = lab.table("windows", "rows of a window");
        settings.windows()
                .forEach(rows -> windows.row(rows.toString())
                        .cell(
                                "series for which it is chosen",
                                whole.count(o -> o.choice().rows() == rows)));
    }

    private static void collection(Lab lab, Group set) {
        lab.section("{set}").put("set", set.name);
        Stream.of("ECG", "NAB", "MSL", "UCR").forEach(name -> lab.put(name, name.equals(set.name)));
        Table rocs = lab.table(set.name + " ROC-AUC", "series");
        Table precisions = lab.table(set.name + " PR-AUC", "series");
        for (Outcome o : set.of) {
            String name = o.series().name();
            int rows = o.series().test().length;
            Table.Row roc = rocs.row(name).cell("rows", rows).cell("chance", "0.500");
            Table.Row precision = precisions
                    .row(name)
                    .cell("rows", rows)
                    .cell("chance", "%.3f", o.series().share());
            for (String method : METHODS.stream().filter(set::has).toList()) {
                roc.cell(method, "%.3f", o.roc(method));
                precision.cell(method, "%.3f", o.of(method).area().precision());
            }
        }
        if (set.name.equals("NAB")) {
            floors(lab, set);
        }
        Outcome shown = set.of.stream()
                .reduce((a, b) -> b.roc(Study.CAE) >= a.roc(Study.CAE) ? b : a)
                .orElseThrow();
        LabeledSeries series = shown.series();
        double[] x = IntStream.range(0, series.test().length).asDoubleStream().toArray();
        double[] all = Stream.of(series.test()).mapToDouble(row -> row[0]).toArray();
        double[] labeled = IntStream.range(0, all.length)
                .mapToDouble(t -> series.outliers()[t] ? all[t] : Double.NaN)
                .toArray();
        Chart values = new Chart(series.title() + ", the first column", "row")
                .line("normal", x, all)
                .line("outliers by the labels", x, labeled);
        Stream<Chart> scores = Stream.of(SHARED, Study.CAE)
                .map(m -> new Chart("Scores of " + m, "row")
                        .line(m, x, Averages.doubles(shown.of(m).scores())));
        List<Chart> charts = Stream.concat(Stream.of(values), scores).toList();
        String picture = set.name.toLowerCase(Locale.ROOT) + ".png";
        lab.put("shown", series.name()).put("picture", picture).picture(picture, () -> Chart.panels(1, charts));
    }

    /** Both ensembles beside the linear floors of series that are learned and scored whole. */
    private static void floors(Lab lab, Group set) {
        Table table = lab.table("floors", "series");
        for (Outcome o : set.of) {
            Table.Row row = table.row(o.series().name());
            for (String floor : FLOORS) {
                Area area = o.of(floor).area();
                row.put("ROC-AUC of " + floor, "%.4f", area.roc()).put("PR-AUC of " + floor, "%.4f", area.precision());
            }
            String better = new Group("", List.of(o)).best(FLOORS);
            for (String ensemble : List.of(SHARED, Study.CAE)) {
                row.put("ROC-AUC of " + ensemble, "%.4f", o.roc(ensemble)).baseline(o.roc(better), better);
            }
        }
    }

    private static void members(Lab lab, Settings settings, Group ecg) {
        lab.section("Ensemble and single member");
        Table table = lab.table("ensembles", "ensemble");
        String column = "ECG series on which the ensemble ranks at least as well as its median member";
        for (String name : ENSEMBLES) {
            table.row(name)
                    .cell("ROC-AUC", "%.4f", ecg.roc(name))
                    .cell(
                            "its median member",
                            "%.4f",
                            ecg.mean(o -> o.of(name).member().roc()))
                    .put(
                            column,
                            "%.0f",
                            ecg.count(o -> o.roc(name) >= o.of(name).member().roc()));
        }
        Group inverted = ecg.some("", o -> o.roc(Study.SINGLE) < 0.5);
        lab.put("reached", Arrays.stream(table.values(column)).max().orElseThrow())
                .put("all", ecg.of.size())
                .put("some inverted", !inverted.of.isEmpty())
                .put("lower", inverted.above(Study.SINGLE, SHARED));

        lab.section("Number of members");
        Table members = lab.table("members", "ensemble");
        Chart chart = new Chart("Mean ROC-AUC on the ECG series", "members");
        int[] sizes = settings.sizes().stream().mapToInt(s -> s).toArray();
        for (String name : RECURRENT) {
            Table.Row row = members.row(name);
            for (int size : sizes) {
                String sized = Study.sized(name, size);
                row.cell("ROC-AUC of " + size + " members", "%.4f", ecg.roc(sized))
                        .cell("PR-AUC of " + size + " members", "%.4f", ecg.precision(sized));
            }
            double[] rocs = IntStream.of(sizes)
                    .mapToDouble(size -> ecg.roc(Study.sized(name, size)))
                    .toArray();
            row.put(
                            line("ROC-AUC of %d members less that of %d", settings.most(), sizes[0]),
                            "%.4f",
                            rocs[rocs.length - 1] - rocs[0])
                    .baseline(0, "expected: not smaller");
            chart.line(name, IntStream.of(sizes).asDoubleStream().toArray(), rocs);
        }
        lab.chart("members.png", chart);
    }

    private static void diversity(Lab lab, Group ecg) {
        lab.section("Diversity");
        Table diversity = lab.table("diversity", "series");
        for (Outcome o : ecg.of) {
            Table.Row row = diversity.row(o.series().name());
            for (String name : List.of(Study.PLAIN, Study.CAE)) {
                String lambda = name.equals(Study.PLAIN) ? ", λ = 0" : ", λ = 0.7";
                Result result = o.of(name);
                row.cell("DIV_F" + lambda, "%.3f", result.diversity())
                        .cell("ROC-AUC" + lambda, "%.3f", result.area().roc())
                        .cell("PR-AUC" + lambda, "%.3f", result.area().precision());
            }
        }
        ToDoubleFunction<Outcome> ratio =
                o -> o.of(Study.CAE).diversity() / o.of(Study.PLAIN).diversity();
        lab.table("effect", "")
                .named("{column}")
                .row("with the diversity term")
                .put("DIV_F with the diversity term, relative to DIV_F without", "%.2f", ecg.mean(ratio))
                .baseline(1, "no term")
                .put(
                        "ECG series on which the diversity term makes DIV_F larger",
                        "%.0f",
                        ecg.count(o -> ratio.applyAsDouble(o) > 1))
                .cell("change of the mean ROC-AUC", "%.4f", ecg.roc(Study.CAE) - ecg.roc(Study.PLAIN));
    }

    private static void traps(Lab lab, Group whole) {
        lab.section("What public code reports instead")
                .put("independent", INDEPENDENT)
                .put("normal", whole.mean(o -> o.of(INDEPENDENT).normal()))
                .put("outliers", whole.precision(INDEPENDENT))
                .put("share", 1 - whole.mean(o -> o.series().share()))
                .put("below", whole.count(o -> o.roc(INDEPENDENT) < 0.5))
                .put("mean", whole.roc(INDEPENDENT))
                .put("flipped", whole.mean(o -> Math.max(o.roc(INDEPENDENT), 1 - o.roc(INDEPENDENT))));
    }
}
