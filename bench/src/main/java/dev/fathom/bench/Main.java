package dev.fathom.bench;

import dev.fathom.bench.Row.Entrant;
import dev.fathom.bench.Row.Limit;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        description = "Measures Fathom, and with --peers PyTorch and ONNX Runtime beside it. Keep the machine idle.",
        subcommands = {Exchange.class, Goldens.class})
public final class Main implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this.")
    private boolean help;

    @Option(names = "--quick", description = "At most a minute: one generation, short repetitions.")
    private boolean quick;

    @Option(names = "--peers", description = "Measures PyTorch and ONNX Runtime in the same run.")
    private boolean peers;

    @Option(names = "--filter", paramLabel = "NAME", description = "Only rows whose name starts so; may be repeated.")
    private List<String> filter = List.of();

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Where results.json goes (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("out", "bench");

    private final PrintStream print = System.out;
    private final StringBuilder samples = new StringBuilder("row,threads,contender,generation,repetition,ns\n");
    private final Set<String> abouts = new LinkedHashSet<>();

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
        generations = quick ? 1 : 3;
        repetitions = quick ? 5 : 4;
        firstWarmMs = quick ? 250 : 800;
        warmMs = quick ? 30 : 100;
        measureMs = quick ? 100 : 300;
        Files.createDirectories(out);

        List<Row> rows = new ArrayList<>();
        for (Row row : Row.all()) {
            boolean wanted = !quick
                    || row.threads() == 2
                    || !row.rivals().get(0).contender().home().equals(Contender.Home.TORCH);
            if (wanted && matches(row.name(), filter)) {
                rows.add(row);
            }
        }
        print.printf(
                "%s, %d processors, %s %s, JDK %s%n",
                processor(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("java.version"));

        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        if (load > 1) {
            print.printf(Locale.ROOT, "Load average %.1f: trust these figures only if a build just ended.%n", load);
        }

        Map<Limit, double[]> limits = new HashMap<>();
        Probe.measure(limits);
        Map<Row, Map<Entrant, double[][]>> times = new LinkedHashMap<>();
        Map<Row, String> failures = new HashMap<>();
        for (int g = 0; g < generations; g++) {
            generation(g, rows, times, failures);
        }
        List<Result> single = new ArrayList<>();
        progress("single processes");
        Single.cold(this::matching, peers, quick, out, single);
        Single.steady(this::matching, quick, out, single);
        if (!quick) {
            Probe.measure(limits);
        }
        progress("");
        if (rows.isEmpty() && single.isEmpty()) {
            throw new IOException("no row's name starts with " + String.join(" or ", filter));
        }

        List<Result> results = new ArrayList<>();
        for (Row row : rows) {
            results.add(result(row, times.get(row), failures.get(row), limits));
        }
        results.addAll(single);
        abouts.forEach(print::println);
        print.println(Probe.about(limits));
        print.println();
        print.print(Result.table(results));
        Files.writeString(out.resolve("results.json"), Result.json(results));
        Files.writeString(out.resolve("samples.csv"), samples.toString());
        long missed = results.stream().filter(r -> r.verdict().equals("MISSED")).count();
        long failed = results.stream().filter(r -> !r.failure().isEmpty()).count();
        print.printf(
                "%n%d rows, %d missed, %d failed; %s%n", results.size(), missed, failed, out.resolve("results.json"));
        return failed == 0 ? 0 : 1;
    }

    /** Every process afresh; in a row, its contenders in turn. */
    private void generation(int g, List<Row> rows, Map<Row, Map<Entrant, double[][]>> times, Map<Row, String> failures)
            throws IOException {
        Map<Contender, Child> children = new HashMap<>();
        try {
            for (Row row : rows) {
                Map<Entrant, double[][]> row0 = times.computeIfAbsent(row, r -> new LinkedHashMap<>());
                for (int i = 0; i < repetitions && !failures.containsKey(row); i++) {
                    for (Entrant entrant : entrants(row)) {
                        progress(String.format(
                                "%d/%d %s, %d thread(s): %s",
                                g + 1, generations, row.name(), row.threads(), entrant.name()));
                        try {
                            double ns = repetition(entrant, i == 0 ? firstWarmMs : warmMs, children);
                            row0.computeIfAbsent(entrant, e -> new double[generations][repetitions])[g][i] = ns;
                            samples.append(String.format(
                                    Locale.ROOT,
                                    "%s,%d,%s,%d,%d,%.0f%n",
                                    row.name(),
                                    row.threads(),
                                    entrant.name(),
                                    g,
                                    i,
                                    ns));
                        } catch (IOException e) {
                            failures.put(row, entrant.name() + ": " + e.getMessage());
                            break;
                        }
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

    private List<Entrant> entrants(Row row) {
        List<Entrant> entrants = new ArrayList<>();
        entrants.add(row.ours());
        for (Entrant rival : row.rivals()) {
            if (peers || rival.contender().home() == Contender.Home.FATHOM) {
                entrants.add(rival);
            }
        }
        return entrants;
    }

    private double repetition(Entrant entrant, int warm, Map<Contender, Child> children) throws IOException {
        Contender contender = entrant.contender();
        Child child = children.get(contender);
        if (child == null) {
            Path log = out.resolve(children.size() + "-" + contender.name() + ".log");
            child = new Child(
                    contender.process(Server.class.getName(), List.of("-Xmx4g"), contender.home().benchmarks), log);
            children.put(contender, child);
            child.about = child.answer();
        }
        child.send(entrant.method() + " " + entrant.params() + " " + warm + " " + measureMs);
        return Double.parseDouble(child.answer());
    }

    private Result result(
            Row row, Map<Entrant, double[][]> times, @Nullable String failure, Map<Limit, double[]> limits) {
        if (failure != null) {
            return Result.failed(row.name(), row.threads(), row.unit().text, row.bar(), failure);
        }
        Duel duel = new Duel(times.get(row.ours()));
        times.forEach((entrant, nanos) -> {
            if (entrant != row.ours()) {
                duel.against(entrant.name(), nanos);
            }
        });
        Duel.Outcome o = duel.outcome();
        double[] limit = limits.get(row.limit());
        double theirs = Double.isNaN(o.theirs()) ? Double.NaN : row.unit().of(o.theirs(), row.work());
        return new Result(
                row.name(),
                row.threads(),
                row.unit().of(o.ours(), row.work()),
                row.unit().text,
                o.rival(),
                theirs,
                o.ratio(),
                o.error(),
                limit == null ? Double.NaN : row.work() / o.ours() / limit[row.threads() - 1],
                row.bar(),
                "");
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

    private static String processor() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        if (Files.exists(info)) {
            String family = "";
            String name = "";
            for (String line : Files.readAllLines(info)) {
                if (line.startsWith("model name")) {
                    name = line.substring(line.indexOf(':') + 2);
                } else if (line.startsWith("cpu family") || line.startsWith("model\t")) {
                    family += (family.isEmpty() ? "family " : " model ") + line.substring(line.indexOf(':') + 2);
                }
                if (line.isBlank()) {
                    break;
                }
            }
            return name + " (" + family + ")";
        }
        return System.getProperty("os.arch");
    }
}
