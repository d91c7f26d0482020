package dev.fathom.labs.outliers;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.outliers.AnomaliesLab.Streamed;
import dev.fathom.labs.outliers.Outcome.Area;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The page of the lab: tables of all methods and series, and what they say.
 *
 * @param study the settings
 * @param outcomes of all series that were finished
 */
record AnomaliesPage(Study study, List<Outcome> outcomes) {
    private static final int ECG_NEEDED = 5;
    /** The recurrent ensemble whose figures are kept. */
    private static final String SHARED = Study.name(true, RecurrentAutoencoder.Cell.DRAWN);

    private static final String INDEPENDENT = Study.name(false, RecurrentAutoencoder.Cell.DRAWN);
    private static final String[] FLOORS = {Baseline.SQUARES.label(), Baseline.PRINCIPAL.label()};

    /** What is compared, and how. */
    static void about(Findings page, Study study) {
        page.section("What is compared", "")
                .text("An auto-encoder learns to reconstruct windows of rows; a row that it reconstructs badly "
                        + "is likely to be an outlier. No label is learned. "
                        + "The score of a row is the median over the members of an ensemble of their "
                        + "squared errors, where the square of each "
                        + "column is taken before the sum. Columns are scaled to mean 0 and deviation 1 "
                        + "of the rows to learn from. Outliers are the "
                        + "positive class, and scores are not turned over where they rank worse than "
                        + "chance. PR-AUC is average precision, the area "
                        + "by rectangles; a score that knows nothing has a ROC-AUC of 0.5 and the share "
                        + "of outliers as its average precision.")
                .text(line(
                        "Recurrent ensembles (Kieu, Yang, Guo and Jensen 2019) have up to %d members, each an "
                                + "LSTM of %d units that reads a window and one "
                                + "that writes it from its last row to its first, trained by Adam. Each member "
                                + "has a skip length L of its own, 1 to %d: an "
                                + "LSTM step reads both h[t - 1] and h[t - L] as their mean, or for each step of "
                                + "the window one of h[t - 1], h[t - L] and "
                                + "their mean, drawn once. In the paper the first cell is called RSCN and the "
                                + "second one, which is sparsely connected, "
                                + "S-RNN; there are texts that use the names the other way round, so this page "
                                + "says both and drawn. Members are "
                                + "independent (IF), or their codes are joined by a linear layer into one of %d "
                                + "numbers with an L1 penalty (SF). A row's "
                                + "error is the mean over the windows that contain it, of which %d begin within "
                                + "the length of one.",
                        study.most(),
                        RecurrentAutoencoder.HIDDEN,
                        RecurrentAutoencoder.MOST_LAG,
                        RecurrentAutoencoder.HIDDEN,
                        Study.APART))
                .text(line(
                        "The window, the rate of Adam and the number of epochs are chosen for each series without "
                                + "its labels and without its test rows, "
                                + "where it has others: one auto-encoder with drawn connections learns the first "
                                + "%d %% of the rows to learn from, with "
                                + "windows of %s rows and rates of %s, each for %d epochs, and the window, rate "
                                + "and epoch with the least mean squared "
                                + "error on the other rows are taken for all recurrent members. A shorter window "
                                + "is easier to reconstruct with so few "
                                + "hidden units, so this rule leans to short windows.",
                        Choice.LEARNED, listed(study.windows()), listed(Study.RATES), study.epochs()))
                .text(line(
                        "The convolutional ensemble (CAE-Ensemble, Campos et al. 2021) has %d members with "
                                + "vectors of %d numbers and %d gated convolutions "
                                + "on either side, with attention. Each member begins with %.0f %% of the weights "
                                + "of the one before it, learns for %d "
                                + "epochs, and minimizes J - λK: its squared error less λ = %.1f times its "
                                + "squared distance from the mean of the members "
                                + "before it. A row's error is that in the window of %d rows which it ends.",
                        study.convolutional(),
                        study.width(),
                        ConvolutionalAutoencoder.LAYERS,
                        100 * Study.TRANSFER,
                        study.each(),
                        Study.DIVERSITY,
                        Study.CONVOLUTIONAL_ROWS))
                .text(line(
                        "Two linear floors and four methods without a network stand beside them: the sum of z² of "
                                + "a row; the error of windows after a "
                                + "projection onto their principal components, 8 of them, or 4 for a single "
                                + "column; an isolation forest; the local outlier "
                                + "factor (LOF) with 20 neighbors; a one-class SVM with ν = 0.1; and the matrix "
                                + "profile. The components are those of "
                                + "windows of 32 rows; the last four see windows of %d, the longest that the "
                                + "networks are offered. A single auto-encoder "
                                + "is the median of the IF members with drawn connections.",
                        Baseline.ROWS));
        departures(page, study);
    }

    private static void departures(Findings page, Study study) {
        String recurrent = "recurrent ensembles";
        String convolutional = "convolutional ensemble";
        page.section("Where this departs from the papers", "")
                .table(
                        List.of("what", "the paper or its public code", "here"),
                        List.of(
                                List.of(
                                        recurrent + ", windows",
                                        "whole parts of a series: 3 or 6 of a heart beat series, 10 of NAB",
                                        line("at most %d windows of a series, at equal distances", study.learned())),
                                List.of(
                                        recurrent + ", training",
                                        "rate 0.001; 30 (IF) or 100 (SF) times over a series",
                                        line(
                                                "rate %s and at most %d epochs, chosen for each series; steps of "
                                                        + "%d windows; gradients cut to the norm %.0f",
                                                listed(Study.RATES), study.epochs(), Study.BATCH, Study.CLIP)),
                                List.of(
                                        recurrent + ", columns",
                                        "scaled to 0 to 1",
                                        "scaled to mean 0 and deviation 1"),
                                List.of(
                                        recurrent + ", decoder",
                                        "reads the row that it wrote last",
                                        "reads nothing, since that row is a linear function of its state"),
                                List.of(
                                        recurrent + ", variants",
                                        "both cells and all sizes on every series",
                                        "on heart beats; elsewhere only drawn connections and the largest size"),
                                List.of(convolutional + ", epochs", "50", Integer.toString(study.each())),
                                List.of(
                                        convolutional + ", windows to learn",
                                        "one at every row",
                                        line("at most %d, at equal distances", 2 * study.learned())),
                                List.of(
                                        convolutional + ", windows to score",
                                        "one at every row",
                                        line(
                                                "at most %,d, so that in the longest series they are some rows apart",
                                                study.asked())),
                                List.of(
                                        convolutional + ", settings",
                                        "chosen in a search without labels",
                                        line(
                                                "the defaults of the public code for all: β = %.1f, λ = %.1f, "
                                                        + "windows of %d rows",
                                                Study.TRANSFER, Study.DIVERSITY, Study.CONVOLUTIONAL_ROWS)),
                                List.of(
                                        convolutional + ", size",
                                        "8 members with vectors of 64 numbers",
                                        line(
                                                "%d members with vectors of %d numbers",
                                                study.convolutional(), study.width())),
                                List.of(
                                        convolutional + ", first row of the decoder",
                                        "ones before it in the public code",
                                        "zeros before it"),
                                List.of(
                                        "collections",
                                        "also S5, SMD, SMAP, SWaT and WADI",
                                        "eight channels of MSL without the columns that never change, and UCR in "
                                                + "their place"),
                                List.of(
                                        "methods",
                                        "also RandNet, a convolutional and a recurrent variational auto-encoder",
                                        "left out")));
    }

    private static String listed(int... numbers) {
        return Arrays.stream(numbers).mapToObj(Integer::toString).collect(Collectors.joining(" or "));
    }

    private static String listed(float... numbers) {
        return IntStream.range(0, numbers.length)
                .mapToObj(i -> Float.toString(numbers[i]))
                .collect(Collectors.joining(" or "));
    }

    /** Adds everything. */
    void add(Findings page, @Nullable Streamed streamed) {
        summary(page);
        frameworks(page);
        choices(page);
        sets().forEach(set -> series(page, set));
        List<Outcome> ecg = of("ECG");
        if (!ecg.isEmpty()) {
            members(page, ecg);
            sizes(page, ecg);
            diversity(page, ecg);
        }
        traps(page);
        if (streamed != null) {
            streaming(page, streamed);
        }
    }

    private List<String> sets() {
        return outcomes.stream().map(Outcome::set).distinct().toList();
    }

    private List<Outcome> of(String set) {
        return outcomes.stream().filter(o -> o.set().equals(set)).toList();
    }

    private static List<String> methods() {
        return Stream.of(
                        Arrays.stream(Baseline.values()).map(Baseline::label),
                        Stream.of(Study.SINGLE),
                        Study.recurrent().stream(),
                        Stream.of(Study.CONVOLUTIONAL))
                .flatMap(s -> s)
                .toList();
    }

    /** The methods that were used on all of these series. */
    private static List<String> methods(List<Outcome> some) {
        return methods().stream()
                .filter(m -> some.stream().allMatch(o -> o.areas().containsKey(m)))
                .toList();
    }

    private static double mean(List<Outcome> some, String method, ToDoubleFunction<Area> value) {
        return Averages.mean(some.stream()
                .mapToDouble(o -> value.applyAsDouble(o.area(method)))
                .toArray());
    }

    // ---- all methods on all series

    private void summary(Findings page) {
        List<String> header = new ArrayList<>(List.of("method"));
        sets().forEach(set -> header.addAll(List.of(set + " ROC-AUC", set + " PR-AUC")));
        List<List<String>> rows = new ArrayList<>();
        for (String method : methods()) {
            List<String> row = new ArrayList<>(List.of(method));
            for (String set : sets()) {
                boolean used = methods(of(set)).contains(method);
                row.add(used ? line("%.3f", mean(of(set), method, Area::roc)) : "");
                row.add(used ? line("%.3f", mean(of(set), method, Area::precision)) : "");
            }
            rows.add(row);
        }
        List<String> chance = new ArrayList<>(List.of("share of outliers"));
        for (String set : sets()) {
            double share =
                    Averages.mean(of(set).stream().mapToDouble(Outcome::share).toArray());
            chance.addAll(List.of("0.500", line("%.3f", share)));
        }
        rows.add(chance);
        page.section("Means over the series of each collection", "").table(header, rows);
        for (String set : sets()) {
            List<Outcome> some = of(set);
            String best = methods(some).stream()
                    .max(Comparator.comparingDouble(m -> mean(some, m, Area::roc)))
                    .orElseThrow();
            String ensemble = Stream.concat(Study.recurrent().stream(), Stream.of(Study.CONVOLUTIONAL))
                    .filter(methods(some)::contains)
                    .max(Comparator.comparingDouble(m -> mean(some, m, Area::roc)))
                    .orElseThrow();
            String floor = better(some);
            page.text(line(
                    "On %d series of %s the best mean ROC-AUC is %.3f, by %s. The best ensemble of auto-encoders "
                            + "is %s with %.3f; the better linear floor "
                            + "is %s with %.3f.",
                    some.size(),
                    set,
                    mean(some, best, Area::roc),
                    best,
                    ensemble,
                    mean(some, ensemble, Area::roc),
                    floor,
                    mean(some, floor, Area::roc)));
            for (String method : List.of(SHARED, Study.CONVOLUTIONAL)) {
                page.figure(Figure.of(set + ", mean ROC-AUC of " + method, "", mean(some, method, Area::roc))
                        .baseline(mean(some, floor, Area::roc), floor));
                page.figure(Figure.of(set + ", mean PR-AUC of " + method, "", mean(some, method, Area::precision))
                        .baseline(mean(some, floor, Area::precision), floor));
            }
        }
    }

    /**
     * Shared framework against independent members against one network, on which the paper says that they are better in
     * this order.
     */
    private void frameworks(Findings page) {
        Map<String, List<Outcome>> groups = new LinkedHashMap<>();
        sets().forEach(set -> groups.put(set, of(set)));
        groups.put(
                "all series of one column",
                outcomes.stream().filter(o -> o.columns() == 1).toList());
        groups.put(
                "all series of several columns",
                outcomes.stream().filter(o -> o.columns() > 1).toList());
        groups.put("all series", outcomes);
        groups.values().removeIf(List::isEmpty);
        List<String> compared =
                List.of(SHARED, INDEPENDENT, Study.SINGLE, Baseline.FOREST.label(), FLOORS[0], FLOORS[1]);
        List<String> header = new ArrayList<>(List.of("series", "number"));
        compared.forEach(method -> header.addAll(List.of(method + " ROC-AUC", method + " PR-AUC")));
        List<List<String>> rows = new ArrayList<>();
        groups.forEach((group, some) -> {
            List<String> row = new ArrayList<>(List.of(group, Integer.toString(some.size())));
            for (String method : compared) {
                row.add(line("%.3f", mean(some, method, Area::roc)));
                row.add(line("%.3f", mean(some, method, Area::precision)));
            }
            rows.add(row);
        });
        page.section(
                        "Shared code, independent members, one network",
                        "The paper finds ensembles with a shared code (SF) better than independent members (IF), "
                                + "and these better than one auto-encoder.")
                .table(header, rows);
        groups.forEach((group, some) -> page.text(order(group, some)));
        page.figure(difference(SHARED, INDEPENDENT)).figure(difference(INDEPENDENT, Study.SINGLE));
    }

    private static String order(String group, List<Outcome> some) {
        double shared = mean(some, SHARED, Area::roc);
        double independent = mean(some, INDEPENDENT, Area::roc);
        double single = mean(some, Study.SINGLE, Area::roc);
        double forest = mean(some, Baseline.FOREST.label(), Area::roc);
        String floor = better(some);
        double linear = mean(some, floor, Area::roc);
        double best = Math.max(shared, Math.max(independent, single));
        return line(
                "%s: the mean ROC-AUC is %.4f with a shared code, %.4f with independent members and %.4f with one "
                        + "network. The paper's order %s in these "
                        + "means; SF is above IF on %d and IF above one network on %d of %d series. The best of "
                        + "the three is %s the isolation forest "
                        + "(%.4f) and %s the better linear floor (%s, %.4f).",
                group,
                shared,
                independent,
                single,
                shared > independent && independent > single ? "holds" : "does not hold",
                above(some, SHARED, INDEPENDENT),
                above(some, INDEPENDENT, Study.SINGLE),
                some.size(),
                best > forest ? "above" : "not above",
                forest,
                best > linear ? "above" : "not above",
                floor,
                linear);
    }

    private static long above(List<Outcome> some, String better, String worse) {
        return some.stream()
                .filter(o -> o.area(better).roc() > o.area(worse).roc())
                .count();
    }

    private Figure difference(String better, String worse) {
        return Figure.of(
                        line("all series, mean ROC-AUC of %s less that of %s", better, worse),
                        "",
                        mean(outcomes, better, Area::roc) - mean(outcomes, worse, Area::roc))
                .baseline(0, "the paper: larger");
    }

    /** The linear floor with the better mean. */
    private static String better(List<Outcome> some) {
        return Arrays.stream(FLOORS)
                .max(Comparator.comparingDouble(m -> mean(some, m, Area::roc)))
                .orElseThrow();
    }

    private void choices(Findings page) {
        page.section(
                        "What was chosen",
                        "The settings of the recurrent auto-encoders with the least mean squared error of a "
                                + "scaled number of the rows held out.")
                .table(
                        List.of("series", "window", "rate", "epochs", "error"),
                        outcomes.stream()
                                .map(o -> List.of(
                                        o.set() + " " + o.name(),
                                        Integer.toString(o.choice().rows()),
                                        Float.toString(o.choice().rate()),
                                        Integer.toString(o.choice().epochs()),
                                        line("%.4f", o.choice().error())))
                                .toList());
        for (int rows : study.windows()) {
            long chosen =
                    outcomes.stream().filter(o -> o.choice().rows() == rows).count();
            page.text(line("Windows of %d rows are chosen for %d of %d series.", rows, chosen, outcomes.size()));
        }
    }

    private void series(Findings page, String set) {
        List<Outcome> some = of(set);
        page.section(set, "").text(told(set)).text("ROC-AUC:");
        table(page, some, Area::roc, o -> 0.5);
        page.text("PR-AUC (average precision):");
        table(page, some, Area::precision, Outcome::share);
        Outcome shown = some.stream()
                .max(Comparator.comparingDouble(o -> o.area(Study.CONVOLUTIONAL).roc()))
                .orElseThrow();
        page.picture(
                set.toLowerCase(Locale.ROOT) + ".png",
                line(
                        "%s %s, on which the convolutional ensemble does best in this collection: the first "
                                + "column with its outliers, and the scores of two "
                                + "ensembles",
                        set, shown.name()),
                () -> Chart.panels(
                        1, List.of(values(shown), scores(shown, SHARED), scores(shown, Study.CONVOLUTIONAL))));
    }

    private static String told(String set) {
        return switch (set) {
            case "ECG" ->
                "Seven electrocardiograms of two leads with one anomalous beat each, with the training and test "
                        + "rows that the papers use.";
            case "NAB" ->
                "The series of the Numenta benchmark that have anomalies. All rows are learned and all are "
                        + "scored, since there is no split; the labels are "
                        + "the benchmark's windows of time, which also hold many normal rows.";
            case "MSL" ->
                "Eight channels of telemetry of the rover Curiosity: a value, and the commands that were sent to it.";
            default ->
                "Four arterial pressures of the UCR archive with one anomaly each, of 11 to 112 rows, which makes "
                        + "the share of outliers small.";
        };
    }

    private static void table(
            Findings page, List<Outcome> some, ToDoubleFunction<Area> value, ToDoubleFunction<Outcome> chance) {
        List<String> header = new ArrayList<>(List.of("series", "rows", "chance"));
        header.addAll(methods(some));
        List<List<String>> rows = some.stream()
                .map(o -> Stream.concat(
                                Stream.of(o.name(), line("%,d", o.rows()), line("%.3f", chance.applyAsDouble(o))),
                                methods(some).stream().map(m -> line("%.3f", value.applyAsDouble(o.area(m)))))
                        .toList())
                .toList();
        page.table(header, rows);
    }

    // ---- ensembles

    private static void members(Findings page, List<Outcome> ecg) {
        List<List<String>> rows = new ArrayList<>();
        List<String> names = Stream.concat(Study.recurrent().stream(), Stream.of(Study.CONVOLUTIONAL))
                .toList();
        int most = 0;
        for (String name : names) {
            List<Outcome> better = ecg.stream()
                    .filter(o ->
                            o.area(name).roc() >= o.area(Study.member(name)).roc())
                    .toList();
            most = Math.max(most, better.size());
            rows.add(List.of(
                    name,
                    line("%.4f", mean(ecg, name, Area::roc)),
                    line("%.4f", mean(ecg, Study.member(name), Area::roc)),
                    line("%d of %d", better.size(), ecg.size())));
            page.figure(Figure.of(
                    name + ", ECG series on which the ensemble ranks at least as well as its median member",
                    "",
                    better.size()));
        }
        long inverted =
                ecg.stream().filter(o -> o.area(Study.SINGLE).roc() < 0.5).count();
        long lower = ecg.stream()
                .filter(o -> o.area(Study.SINGLE).roc() < 0.5
                        && o.area(SHARED).roc() < o.area(Study.SINGLE).roc())
                .count();
        page.section("Ensemble and single member", "")
                .table(
                        List.of("ensemble", "ROC-AUC", "its median member", "series on which it is at least as good"),
                        rows)
                .text(line(
                        "It is expected on at least %d of the seven series; the most that an ensemble reaches is "
                                + "%d of %d.",
                        ECG_NEEDED, most, ecg.size()));
        if (inverted > 0) {
            page.text(line(
                    "On %d of the series a single auto-encoder ranks the outliers below chance: that beat is "
                            + "easier to reconstruct than normal ones. On %d "
                            + "of these the ensemble ranks them lower still.",
                    inverted, lower));
        }
    }

    private void sizes(Findings page, List<Outcome> ecg) {
        List<String> names = Study.recurrent();
        int[] sizes = study.sizes();
        List<String> header = new ArrayList<>(List.of("members"));
        names.forEach(n -> header.addAll(List.of(n + " ROC-AUC", n + " PR-AUC")));
        List<List<String>> rows = new ArrayList<>();
        for (int size : sizes) {
            List<String> row = new ArrayList<>(List.of(Integer.toString(size)));
            for (String name : names) {
                row.add(line("%.4f", mean(ecg, Study.sized(name, size), Area::roc)));
                row.add(line("%.4f", mean(ecg, Study.sized(name, size), Area::precision)));
            }
            rows.add(row);
        }
        double[] x = Arrays.stream(sizes).asDoubleStream().toArray();
        Chart chart = new Chart("Mean ROC-AUC on the ECG series", "members");
        names.forEach(n -> chart.line(n, x, means(ecg, n, sizes)));
        page.section("Number of members", "").table(header, rows);
        for (String name : names) {
            double[] means = means(ecg, name, sizes);
            double gain = means[means.length - 1] - means[0];
            page.text(line(
                            "%s: with %d members instead of %d, the mean ROC-AUC is %.4f %s.",
                            name, study.most(), sizes[0], Math.abs(gain), gain < 0 ? "smaller" : "larger"))
                    .figure(Figure.of(
                                    line("%s, ROC-AUC of %d members less that of %d", name, study.most(), sizes[0]),
                                    "",
                                    gain)
                            .baseline(0, "expected: not smaller"));
        }
        page.picture("members.png", "The mean ROC-AUC on the ECG series by the number of members", chart::render);
    }

    private static double[] means(List<Outcome> ecg, String name, int... sizes) {
        return Arrays.stream(sizes)
                .mapToDouble(s -> mean(ecg, Study.sized(name, s), Area::roc))
                .toArray();
    }

    private static void diversity(Findings page, List<Outcome> ecg) {
        List<List<String>> rows = ecg.stream()
                .map(o -> List.of(
                        o.name(),
                        line("%.3f", diversity(o, Study.PLAIN)),
                        line("%.3f", diversity(o, Study.CONVOLUTIONAL)),
                        line("%.3f", o.area(Study.PLAIN).roc()),
                        line("%.3f", o.area(Study.CONVOLUTIONAL).roc()),
                        line("%.3f", o.area(Study.PLAIN).precision()),
                        line("%.3f", o.area(Study.CONVOLUTIONAL).precision())))
                .toList();
        long grown = ecg.stream()
                .filter(o -> diversity(o, Study.CONVOLUTIONAL) > diversity(o, Study.PLAIN))
                .count();
        double ratio = Averages.mean(ecg.stream()
                .mapToDouble(o -> diversity(o, Study.CONVOLUTIONAL) / diversity(o, Study.PLAIN))
                .toArray());
        double change = mean(ecg, Study.CONVOLUTIONAL, Area::roc) - mean(ecg, Study.PLAIN, Area::roc);
        String with = line("λ = %.1f", Study.DIVERSITY);
        page.section(
                        "Diversity",
                        "DIV_F is 2 / (M (M - 1)) times the sum over all pairs of the distance between what two "
                                + "members write, here the mean over the "
                                + "training windows. The public code adds the term K to what is minimized, which "
                                + "makes members alike; here it is "
                                + "subtracted, as in the paper.")
                .table(
                        List.of(
                                "series",
                                "DIV_F, λ = 0",
                                "DIV_F, " + with,
                                "ROC-AUC, λ = 0",
                                "ROC-AUC, " + with,
                                "PR-AUC, λ = 0",
                                "PR-AUC, " + with),
                        rows)
                .text(line(
                        "With the diversity term, DIV_F is larger on %d of %d series, %.2f times as large in the "
                                + "mean. The mean ROC-AUC is %.4f %s.",
                        grown, ecg.size(), ratio, Math.abs(change), change < 0 ? "smaller" : "larger"))
                .key(Figure.of("DIV_F with the diversity term, relative to DIV_F without", "", ratio)
                        .baseline(1, "no term"))
                .figure(Figure.of("ECG series on which the diversity term makes DIV_F larger", "", (double) grown));
    }

    private static double diversity(Outcome outcome, String name) {
        return outcome.diversity().getOrDefault(name, Double.NaN);
    }

    // ---- traps and streams

    private void traps(Findings page) {
        String method = INDEPENDENT;
        double[] roc = outcomes.stream().mapToDouble(o -> o.area(method).roc()).toArray();
        double flipped =
                Averages.mean(Arrays.stream(roc).map(r -> Math.max(r, 1 - r)).toArray());
        long below = Arrays.stream(roc).filter(r -> r < 0.5).count();
        page.section("What public code reports instead", "")
                .text(line(
                        "The public code of the recurrent ensembles calls the normal rows positive. For %s on all "
                                + "%d series this gives a mean PR-AUC of "
                                + "%.3f, where the outliers as the positive class give %.3f; normal rows are %.3f "
                                + "of all, which any score reaches. Where a "
                                + "ROC-AUC is below 0.5 it also reports 1 minus it, which is known only from the "
                                + "labels: this concerns %d of the series and "
                                + "would raise the mean from %.3f to %.3f.",
                        method,
                        outcomes.size(),
                        mean(outcomes, Study.NORMAL, Area::precision),
                        mean(outcomes, method, Area::precision),
                        1
                                - Averages.mean(outcomes.stream()
                                        .mapToDouble(Outcome::share)
                                        .toArray()),
                        below,
                        Averages.mean(roc),
                        flipped));
    }

    private static void streaming(Findings page, Streamed streamed) {
        page.section(
                        "A stream",
                        "A frozen session carries what the encoders remember from row to row. After each row the "
                                + "decoders write their first row, which is "
                                + "the one that was read last, so that a score is known at once.")
                .text(line(
                        "%s as a stream, by the %d independent members with both connections: %.0f microseconds "
                                + "for each row on one thread. The ROC-AUC is "
                                + "%.3f, where the same members have %.3f by windows, which also see the rows "
                                + "after a row.",
                        streamed.name(),
                        streamed.members(),
                        streamed.microseconds(),
                        streamed.roc(),
                        streamed.windows()))
                .figure(Figure.of(streamed.name() + " as a stream, ROC-AUC", "", streamed.roc())
                        .baseline(streamed.windows(), "the same members by windows"));
    }

    // ---- pictures

    private static Chart values(Outcome o) {
        double[] all = new double[o.rows()];
        double[] labeled = new double[o.rows()];
        for (int t = 0; t < all.length; t++) {
            all[t] = o.first()[t];
            labeled[t] = o.outliers()[t] ? all[t] : Double.NaN;
        }
        double[] x = places(o.rows());
        return new Chart(o.set() + " " + o.name() + ", the first column", "row")
                .line("normal", x, all)
                .line("outliers by the labels", x, labeled);
    }

    private static Chart scores(Outcome o, String method) {
        float[] scores = o.scores().getOrDefault(method, new float[o.rows()]);
        return new Chart("Scores of " + method, "row").line(method, places(o.rows()), Averages.doubles(scores));
    }

    private static double[] places(int rows) {
        return IntStream.range(0, rows).asDoubleStream().toArray();
    }
}
