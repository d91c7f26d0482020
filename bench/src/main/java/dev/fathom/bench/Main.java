package dev.fathom.bench;

import dev.fathom.bench.Row.Bar;
import dev.fathom.bench.Row.Beside;
import dev.fathom.bench.Row.Entrant;
import dev.fathom.bench.Row.Limit;
import dev.fathom.bench.Row.Pace;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The driver: starts contenders, gives them turns, prints the table and writes {@code results.json}. */
@Command(
        name = "bench",
        description =
                "Measures Fathom, and with --peers PyTorch, oneDNN, ONNX Runtime, Deeplearning4j, the Deep Java Library "
                        + "and Hugging Face's tokenizers beside it. "
                        + "Keep the machine idle.",
        subcommands = {Exchange.class, GoldensCommand.class})
public final class Main implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this help.")
    @SuppressWarnings("UnusedVariable") // picocli asks the option itself
    private boolean help;

    @Option(
            names = "--quick",
            description =
                    "Runs one generation of short repetitions, without the largest networks; takes a minute, more "
                            + "with --peers.")
    private boolean quick;

    @Option(
            names = "--peers",
            description =
                    "Measures PyTorch, oneDNN, ONNX Runtime, Deeplearning4j, the Deep Java Library and Hugging Face's "
                            + "tokenizers in the same run.")
    private boolean peers;

    @Option(
            names = "--filter",
            paramLabel = "NAME",
            description = "Only rows whose name starts with this; may be repeated.")
    private List<String> filter = List.of();

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "The folder for results.json (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("out", "bench");

    @Option(
            names = "--save",
            description = "Stores the run in bench/results, in the file of this kind of processor, and writes"
                    + " docs/benchmarks.md anew; with --filter, only the rows that ran.")
    private boolean save;

    @Option(
            names = "--against",
            paramLabel = "FILE",
            description = "Names the rows that fell since the run stored in this file, and exits with 1 if one did.")
    private @Nullable Path against;

    @Option(
            names = "--with",
            paramLabel = "FILE",
            description = "With --against: the later of two stored runs; nothing is measured.")
    private @Nullable Path with;

    @Option(
            names = "--page",
            description = "Writes docs/benchmarks.md from the runs in bench/results; nothing is measured.")
    private boolean page;

    private final PrintStream print = System.out;
    private final Set<String> abouts = new LinkedHashSet<>();
    /** Of each row, the first answer: time, and what the contenders must agree on. */
    private final Map<Row, double[]> answers = new HashMap<>();

    private int generations;
    private int repetitions;
    private int firstWarmMs;
    private int warmMs;
    private int measureMs;

    /** Runs the command line. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main())
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof IOException) {
                        line.getErr().println("bench: " + e.getMessage());
                    } else {
                        e.printStackTrace();
                    }
                    return 1;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (page) {
            return page();
        }
        Report before = against == null ? null : Report.read(against);
        if (with != null) {
            if (before == null) {
                throw new IOException(
                        "--with " + with + " is the later of two runs; name the earlier one with --against");
            }
            return fell(before, Report.read(with));
        }
        Machine unprobed = Machine.here(Map.of());
        if (before != null) {
            Comparison.check(before.machine(), unprobed);
        }
        if (save) {
            String refusal = refusal(peers, quick, filter, unprobed.file(Report.STORE));
            if (refusal != null) {
                throw new IOException(refusal);
            }
        }
        generations = quick ? 1 : 3;
        repetitions = quick ? 3 : 4;
        firstWarmMs = quick ? 100 : 800;
        warmMs = quick ? 10 : 100;
        measureMs = quick ? 60 : 300;
        Files.createDirectories(out);
        Path samples = out.resolve("samples.csv"); // as they come, so that a run that is ended was not in vain
        Files.writeString(samples, "row,threads,contender,generation,repetition,ns\n");

        List<Row> rows = new ArrayList<>();
        for (Row row : Row.all()) {
            boolean wanted = !quick
                    || row.pace() != Pace.SLOW
                            && (row.threads() == 2
                                    || row.rivals().stream()
                                            .noneMatch(r -> r.contender().home().equals(Contender.Home.TORCH)));
            if (wanted && matches(row.name(), filter)) {
                rows.add(row);
            }
        }
        boolean noTokenizers = leftOut("The rows tokenize-", "tokenize", TokenizerCase.missing());
        boolean noModels = leftOut("The rows onnx- of trained models", "onnx", OnnxCase.missing());
        boolean noCache = Jvm.newest() == null && matching(Single.COLD_MLP + "-aot");
        if (noCache) {
            print.println("The row " + Single.COLD_MLP + "-aot is left out: no JDK 25 or newer lies beside "
                    + Jvm.PLAIN.home() + ".");
        }
        print.printf(
                "%s, %d processors, %s, JDK %s%n",
                unprobed.processor(), unprobed.cores(), unprobed.os(), unprobed.jdk());

        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        if (load > 1) {
            print.printf(Locale.ROOT, "Load average %.1f: trust these figures only if a build just ended.%n", load);
        }

        Map<Limit, double[]> limits = new HashMap<>();
        Probe.measure(limits);
        Map<Row, Map<Entrant, double[][]>> times = new LinkedHashMap<>();
        Map<Row, String> failures = new HashMap<>();
        OnnxFolder.clear();
        for (int g = 0; g < generations; g++) {
            generation(g, rows, times, failures, samples);
        }
        OnnxFolder.clear();
        List<Measurement> single = new ArrayList<>();
        progress("single processes");
        Single.cold(this::matching, peers, quick, out, single);
        Single.steady(this::matching, quick, out, single);
        Single.footprint(this::matching, peers, quick, out, single);
        Single.freezing(this::matching, quick, out, single);
        progress("services");
        new Serving(this::matching, peers, quick, out, abouts, single).measure();
        if (!quick) {
            Probe.measure(limits);
        }
        progress("");
        if (rows.isEmpty() && single.isEmpty()) {
            throw new IOException("no row's name starts with " + String.join(" or ", filter));
        }

        List<Measurement> results = new ArrayList<>();
        for (Row row : rows) {
            results(row, times.getOrDefault(row, Map.of()), failures.get(row), limits, results);
        }
        Row.means().forEach(mean -> Measurement.mean(mean, results));
        results.addAll(single);
        abouts.forEach(print::println);
        Machine machine = Machine.here(limits);
        print.println(machine.about());
        print.println();
        print.print(Measurement.table(results));
        long failed = results.stream().filter(r -> !r.failure().isEmpty()).count();
        boolean complete = peers && !quick && filter.isEmpty() && failed == 0 && !noTokenizers && !noModels && !noCache;
        String date = LocalDate.now(ZoneId.systemDefault()).toString();
        Report report = new Report(machine, List.copyOf(abouts), commit(), date, complete, results);
        Files.writeString(out.resolve("results.json"), Report.json(results) + "\n");
        Files.writeString(out.resolve("run.json"), report.json());
        long missed = results.stream().filter(r -> r.verdict().equals("MISSED")).count();
        print.printf(
                "%n%d rows, %d missed, %d failed; %s%n", results.size(), missed, failed, out.resolve("results.json"));
        if (save) {
            store(report, failed);
        }
        int fell = before == null ? 0 : fell(before, report);
        return failed == 0 ? fell : 1;
    }

    /** Says of rows which are asked for why they are left out, if they are. */
    private boolean leftOut(String rows, String prefix, @Nullable String missing) {
        boolean is = missing != null && (filter.isEmpty() || filter.stream().anyMatch(f -> f.startsWith(prefix)));
        if (is) {
            print.println(rows + " are left out: " + missing + ".");
        }
        return is;
    }

    /** Why a run of this kind must not be stored in {@code file}; null where it may. */
    static @Nullable String refusal(boolean peers, boolean quick, List<String> filter, Path file) {
        if (!peers || quick) {
            return "--save stores only what was measured with --peers and without --quick; run ./fathom bench "
                    + "--peers --save";
        }
        if (!filter.isEmpty() && !Files.exists(file)) {
            return "--save with --filter refreshes rows of a stored run, but there is no " + file
                    + " yet; run without --filter first";
        }
        return null;
    }

    private void store(Report report, long failed) throws IOException {
        if (failed > 0) {
            print.printf("The run is not stored, because %d rows failed.%n", failed);
            return;
        }
        Path file = report.machine().file(Report.STORE);
        Report stored = filter.isEmpty() ? report : Report.read(file).refreshed(report);
        print.println("Stored in " + stored.write(Report.STORE));
        page();
    }

    private int page() throws IOException {
        List<Report> runs = Report.stored(Report.STORE);
        Files.writeString(Page.FILE, Page.of(runs));
        print.println("Written: " + Page.FILE);
        for (Map.Entry<String, String> chart : ServingPage.charts(runs).entrySet()) {
            Path file = ServingPage.PICTURES.resolve(chart.getKey());
            Files.writeString(file, chart.getValue());
            print.println("Written: " + file);
        }
        return 0;
    }

    /** Prints what changed; 1 if a row fell. */
    private int fell(Report before, Report now) throws IOException {
        Comparison comparison = Comparison.of(before, now);
        print.printf("%nAgainst %s, %s:%n%s", before.commit(), before.date(), comparison.table());
        return comparison.fell() == 0 ? 0 : 1;
    }

    /**
     * Git's short name of what is measured, with {@code -dirty} where files were changed since; stored runs do not
     * count.
     */
    private static String commit() throws IOException, InterruptedException {
        List<String> head = git("rev-parse", "--short", "HEAD");
        if (head.isEmpty()) {
            return "unknown";
        }
        boolean clean = git(
                        "status",
                        "--porcelain",
                        "--untracked-files=no",
                        "--",
                        ".",
                        ":!bench/results",
                        ":!docs/benchmarks.md")
                .isEmpty();
        return head.get(0) + (clean ? "" : "-dirty");
    }

    /** The lines that git prints; none where it fails or is not there. */
    private static List<String> git(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .directory(Contender.parent(Contender.BENCH).toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            List<String> lines = process.inputReader().lines().toList();
            return process.waitFor() == 0 ? lines : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Every process afresh; in a row, its contenders in turn. */
    private void generation(
            int g, List<Row> rows, Map<Row, Map<Entrant, double[][]>> times, Map<Row, String> failures, Path samples)
            throws IOException {
        Map<Contender, Child> children = new HashMap<>();
        try {
            for (Row row : rows) {
                Map<Entrant, double[][]> row0 = times.computeIfAbsent(row, r -> new LinkedHashMap<>());
                for (int i = 0; i < repetitions(row) && !failures.containsKey(row); i++) {
                    for (Entrant entrant : entrants(row)) {
                        progress(String.format(
                                "%d/%d %s, %d thread(s): %s",
                                g + 1, generations, row.name(), row.threads(), entrant.name()));
                        double ns;
                        try {
                            double[] answer = repetition(row, entrant, i == 0 ? firstWarmMs : warmMs, children);
                            ns = answer[0];
                            if (!row.otherSize(entrant)) {
                                agree(answers.computeIfAbsent(row, r -> answer), answer);
                            }
                        } catch (IOException e) {
                            failures.put(row, entrant.name() + ": " + e.getMessage());
                            break;
                        }
                        row0.computeIfAbsent(entrant, e -> new double[generations][repetitions(row)])[g][i] = ns;
                        String sample = String.format(
                                Locale.ROOT,
                                "%s,%d,%s,%d,%d,%.0f%n",
                                row.name(),
                                row.threads(),
                                entrant.name(),
                                g,
                                i,
                                ns);
                        Files.writeString(samples, sample, StandardOpenOption.APPEND);
                    }
                }
            }
        } finally {
            for (Child child : children.values()) {
                abouts.add(child.about.contains("MKL") ? child.about : child.about + child.core());
                child.close();
            }
        }
    }

    private int repetitions(Row row) {
        return row.pace() == Pace.SLOW ? repetitions / 2 : repetitions;
    }

    private List<Entrant> entrants(Row row) {
        List<Entrant> entrants = new ArrayList<>();
        entrants.add(row.ours());
        for (Entrant rival : row.rivals()) {
            if (peers || rival.contender().home() == Contender.Home.FATHOM) {
                entrants.add(rival);
            }
        }
        if (peers && row.beside() != null && !entrants.contains(row.beside().rival())) {
            entrants.add(row.beside().rival());
        }
        return entrants;
    }

    private static void agree(double[] first, double[] answer) throws IOException {
        if (answer.length != first.length) {
            throw new IOException("tells " + (answer.length - 1) + " numbers instead of " + (first.length - 1));
        }
        for (int i = 1; i < answer.length; i++) {
            try {
                Work.check("number " + i + " of what it told", answer[i], first[i], 1e-3);
            } catch (IllegalStateException e) {
                throw new IOException(e.getMessage());
            }
        }
    }

    private double[] repetition(Row row, Entrant entrant, int warm, Map<Contender, Child> children) throws IOException {
        Contender contender = entrant.contender();
        Child child = children.get(contender);
        if (child == null) {
            Path log = out.resolve(children.size() + "-" + contender.name() + ".log");
            child = new Child(
                    contender.process(Server.class.getName(), List.of("-Xmx4g"), contender.home().benchmarks), log);
            children.put(contender, child);
        }
        try {
            if (child.about.isEmpty()) {
                child.about = child.answer();
            }
            int part = row.pace() == Pace.BRIEF ? 2 : 1;
            child.send(entrant.method() + " " + entrant.params() + " " + warm / part + " " + measureMs / part);
            return Arrays.stream(child.answer().split(" "))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
        } catch (IOException e) {
            if (child.ended()) { // the next row gets another
                children.remove(contender);
                child.close();
            }
            throw e;
        }
    }

    private static void results(
            Row row,
            Map<Entrant, double[][]> times,
            @Nullable String failure,
            Map<Limit, double[]> limits,
            List<Measurement> results) {
        results.add(result(row, row.name(), row.bar(), row.rivals(), times, failure, limits));
        Beside beside = row.beside();
        if (beside != null && (failure != null || times.containsKey(beside.rival()))) {
            String name = row.name() + "-" + beside.suffix();
            results.add(result(row, name, beside.bar(), List.of(beside.rival()), times, failure, limits));
        }
    }

    private static Measurement result(
            Row row,
            String name,
            Bar bar,
            List<Entrant> rivals,
            Map<Entrant, double[][]> times,
            @Nullable String failure,
            Map<Limit, double[]> limits) {
        if (failure != null) {
            return Measurement.failed(name, row.threads(), row.unit().text, bar, failure);
        }
        double[][] ours = times.get(row.ours());
        if (ours == null) {
            return Measurement.failed(name, row.threads(), row.unit().text, bar, "not measured");
        }
        Duel duel = new Duel(ours);
        for (Entrant rival : rivals) {
            double[][] theirs = times.get(rival);
            if (theirs != null) {
                duel.against(rival.name(), theirs);
            }
        }
        double[] limit = limits.get(row.limit());
        double rate = row.work() / duel.outcome().ours();
        return Measurement.of(
                name,
                row.threads(),
                ns -> row.unit().of(ns, row.work()),
                row.unit().text,
                duel,
                limit == null ? Double.NaN : rate / limit[row.threads() - 1],
                bar);
    }

    private boolean matching(String name) {
        return matches(name, filter);
    }

    static boolean matches(String name, List<String> prefixes) {
        return prefixes.isEmpty() || prefixes.stream().anyMatch(name::startsWith);
    }

    /** On a terminal, what is being measured now. */
    private void progress(String text) {
        if (System.console() != null) {
            System.err.print("\r\033[K" + text);
        }
    }
}
