package dev.fathom.bench;

import dev.fathom.bench.Row.Limit;
import dev.fathom.bench.Row.Pace;
import dev.fathom.io.AtomicFile;
import dev.fathom.kernel.NativeRuntime;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The driver: starts contenders, gives them turns, prints the table and writes {@code results.json}. */
@Command(
        name = "bench",
        description =
                "Measures Fathom, and with --peers PyTorch, oneDNN, ONNX Runtime, TensorFlow Lite, Deeplearning4j, the Deep Java Library "
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
                    "Measures PyTorch, oneDNN, ONNX Runtime, TensorFlow Lite, Deeplearning4j, the Deep Java Library and Hugging Face's "
                            + "tokenizers in the same run.")
    private boolean peers;

    @Option(
            names = "--threads",
            paramLabel = "N",
            split = ",",
            description = "Measures Fathom alone with each of these numbers of threads, and draws into threads.svg how"
                    + " many times as fast it is as with the first of them. The rows are a product of 2048 and five"
                    + " training steps; --filter chooses other rows of two threads.")
    private List<Integer> threads = List.of();

    @Option(
            names = "--isa",
            paramLabel = "SET",
            description =
                    "Holds Fathom to the kernels of this instruction set, v3 (AVX2) or v4 (AVX-512), and the peers "
                            + "too; those that cannot be held are left out.")
    private @Nullable String isa;

    @Option(
            names = "--filter",
            paramLabel = "NAME",
            description = "Measures only rows whose name starts with this; may be repeated.")
    private List<String> filter = List.of();

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "The folder for results.json (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("out", "bench");

    @Option(
            names = "--save",
            description = "Stores the run in bench/results, in the file of this kind of processor, and writes"
                    + " docs/benchmarks.md anew; with --filter, only the rows that ran, beside"
                    + " those that the file holds already.")
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

    /** Runs the command line. */
    public static void main(String[] args) {
        System.exit(execute(args));
    }

    /** Runs a command line and returns its exit code. */
    static int execute(String... args) {
        return new CommandLine(new Main())
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof FileSystemException f && f.getFile() != null) {
                        line.getErr().println("bench: " + f.getFile() + ": " + AtomicFile.reason(f));
                    } else if (e instanceof IOException) {
                        line.getErr().println("bench: " + e.getMessage());
                    } else {
                        e.printStackTrace();
                    }
                    return 1;
                })
                .execute(args);
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
        if (!threads.isEmpty()) {
            checkThreads(threads, peers || save || against != null);
        }
        if (isa != null) {
            Machine.hold(isa);
        }
        Machine unprobed = Machine.here(Map.of());
        if (before != null) {
            Comparison.check(before.machine(), unprobed);
        }
        if (save) {
            String refusal = refusal(peers, quick);
            if (refusal != null) {
                throw new IOException(refusal);
            }
        }
        Files.createDirectories(out);
        List<Row> rows = rows();
        boolean noTokenizers = leftOut("The rows tokenize-", "tokenize", TokenizerCase.missing());
        boolean noModels = leftOut("The rows onnx- of trained models", "onnx", OnnxCase.missing());
        boolean noCache = Jvm.newest() == null && matching(Single.COLD_MLP + "-aot");
        if (noCache) {
            print.println("The row " + Single.COLD_MLP + "-aot is left out: no JDK 25 or newer lies beside "
                    + Jvm.PLAIN.home() + ".");
        }
        if (Machine.isHeldToLess()) {
            print.println("ONNX Runtime and TensorFlow Lite are left out, with the rows that have no other peer: they"
                    + " cannot be held to AVX2.");
        }
        Run.check(filter, rows, quick);
        print.printf(
                "%s, %d processors, %s, JDK %s%n",
                unprobed.processor(), unprobed.cores(), unprobed.os(), unprobed.jdk());

        if (threads.stream().anyMatch(n -> n > unprobed.cores())) {
            print.printf("More threads than there are processors (%d) take turns on them.%n", unprobed.cores());
        }
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        if (load > 1) {
            print.printf(Locale.ROOT, "Load average %.1f: trust these figures only if a build just ended.%n", load);
        }

        Map<Limit, double[]> limits = new HashMap<>();
        Probe.measure(limits);
        String commit = commit();
        Journal journal = new Journal(out.resolve("journal"), key(unprobed, commit));
        if (!journal.entries().isEmpty()) {
            print.println("Goes on with the run of " + commit + " that was cut off. Delete " + out.resolve("journal")
                    + " to begin anew.");
        }
        boolean whole = peers && !quick && filter.isEmpty() && !noTokenizers && !noModels && !noCache;
        Run run = new Run(rows, name -> threads.isEmpty() && matching(name), peers, quick, out, journal);
        run.measure(() -> keep(report(run, limits, commit, false)));
        if (!quick) {
            Probe.measure(limits);
        }
        Report report = report(run, limits, commit, whole);
        List<Measurement> results = report.rows();
        long failed = results.stream().filter(r -> !r.failure().isEmpty()).count();
        keep(report);
        if (failed == 0) {
            journal.end();
        }
        report.versions().forEach(print::println);
        run.left().forEach(print::println);
        if (run.bytes() > 0) {
            print.printf(Locale.ROOT, "Processes of a row held at most %.1f GiB together.%n", run.bytes() / 0x1p30);
        }
        print.println(report.machine().about());
        print.println();
        print.print(Measurement.table(results));
        if (!threads.isEmpty()) {
            Path chart = out.resolve("threads.svg");
            Files.writeString(chart, Charts.speedups(report.machine().processor(), results));
            print.println("Written: " + chart);
        }
        long missed = results.stream().filter(r -> r.verdict().equals("MISSED")).count();
        print.printf(
                "%n%d rows, %d missed, %d failed; %s%n", results.size(), missed, failed, out.resolve("results.json"));
        if (save) {
            store(report, failed);
        }
        int fell = before == null ? 0 : fell(before, report);
        return failed == 0 ? fell : 1;
    }

    /** The rows that are wanted. */
    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        List<String> wanted = threads.isEmpty() || !filter.isEmpty() ? filter : Row.SCALED;
        boolean held = Machine.isHeldToLess();
        for (Row each : threads.isEmpty() ? Row.all() : Row.scaled(threads)) {
            Row row = held ? each.held() : each;
            if (row == null) {
                continue;
            }
            boolean brief = row.pace() != Pace.SLOW
                    && (row.threads() == 2
                            || row.rivals().stream()
                                    .noneMatch(r -> r.contender().home().equals(Contender.Home.TORCH)));
            if ((!quick || brief) && matches(row.name(), wanted)) {
                rows.add(row);
            }
        }
        return rows;
    }

    /**
     * Refuses numbers of threads that cannot be compared.
     *
     * @param more whether the run is to measure peers too, or to be stored or compared
     */
    static void checkThreads(List<Integer> threads, boolean more) throws IOException {
        boolean rising = threads.size() > 1 && threads.get(0) > 0;
        for (int i = 1; i < threads.size(); i++) {
            rising &= threads.get(i) > threads.get(i - 1);
        }
        if (!rising) {
            throw new IOException("--threads takes two or more numbers of threads that rise, such as 1,2,4,8");
        }
        int most = threads.get(threads.size() - 1);
        if (most > NativeRuntime.MAX_THREADS) {
            throw new IOException("--threads " + most + " is more than the " + NativeRuntime.MAX_THREADS
                    + " threads that Fathom runs at most; choose fewer");
        }
        if (more) {
            throw new IOException(
                    "--threads measures Fathom alone and stores nothing; leave out --peers, --save and --against");
        }
    }

    /** What a run measures, where and how: a run that was cut off goes on only as what it was. */
    private String key(Machine machine, String commit) throws InterruptedException {
        int changes = commit.endsWith("-dirty") ? git("diff", "HEAD").hashCode() : 0;
        return Report.GSON.toJson(List.of(machine, commit, changes, peers, quick, filter, threads));
    }

    private static Report report(Run run, Map<Limit, double[]> limits, String commit, boolean whole)
            throws IOException {
        String date = LocalDate.now(ZoneId.systemDefault()).toString();
        List<Measurement> rows = run.results(limits);
        boolean complete = whole && rows.stream().allMatch(row -> row.failure().isEmpty());
        return new Report(Machine.here(limits), run.abouts(), commit, date, complete, rows);
    }

    private void keep(Report report) throws IOException {
        Files.writeString(out.resolve("results.json"), Report.json(report.rows()) + "\n");
        Files.writeString(out.resolve("run.json"), report.json());
    }

    /** Says of rows which are asked for why they are left out, if they are. */
    private boolean leftOut(String rows, String prefix, @Nullable String missing) {
        boolean is = missing != null && (filter.isEmpty() || filter.stream().anyMatch(f -> f.startsWith(prefix)));
        if (is) {
            print.println(rows + " are left out: " + missing + ".");
        }
        return is;
    }

    /** Why a run of this kind must not be stored; null where it may. */
    static @Nullable String refusal(boolean peers, boolean quick) {
        if (!peers || quick) {
            return "--save stores only what was measured with --peers and without --quick; run ./fathom bench "
                    + "--peers --save";
        }
        return null;
    }

    private void store(Report report, long failed) throws IOException {
        if (failed > 0) {
            print.printf("The run is not stored, because %d rows failed.%n", failed);
            return;
        }
        Path file = report.machine().file(Report.STORE);
        Report stored = filter.isEmpty() || !Files.exists(file)
                ? report
                : Report.read(file).refreshed(report);
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

    private boolean matching(String name) {
        return matches(name, filter);
    }

    static boolean matches(String name, List<String> prefixes) {
        return prefixes.isEmpty() || prefixes.stream().anyMatch(name::startsWith);
    }
}
