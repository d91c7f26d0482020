package dev.fathom.cli;

import com.sun.management.ThreadMXBean;
import dev.fathom.experiments.data.Project;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.onnx.OnnxGraph;
import dev.fathom.onnx.OnnxModel;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom compare MODEL.onnx}: what a model computes here beside what another program computes. */
@Command(
        name = "compare",
        description =
                "Compares what a model of ONNX gives here with what ONNX Runtime gives, and how long both take, or"
                        + " with outputs that are stored (--golden). It fails if an output differs by more than --tolerance.",
        sortOptions = false)
public final class CompareCommand implements Callable<Integer> {
    private static final int ROUNDS = 7;
    /** Microseconds of a round. */
    private static final double ROUND = 100_000;

    private static final int MOST_RUNS = 1000;

    private final PrintStream out;

    @Parameters(paramLabel = "MODEL", description = "The file of ONNX.")
    private Path file;

    @Mixin
    private OnnxInputs inputs;

    @Option(
            names = "--golden",
            paramLabel = "FOLDER",
            description = "A folder of npy files, or an npz file, with the outputs to compare with, by their names, and"
                    + " with inputs that --input does not give; ./fathom run --out writes such a folder.")
    private @Nullable Path golden;

    @Option(
            names = "--tolerance",
            paramLabel = "X",
            defaultValue = "1e-3",
            description = "The largest difference allowed, relative to the largest number of an output"
                    + " (${DEFAULT-VALUE}).")
    private double tolerance;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "Threads of a run (all).")
    private int threads;

    @Mixin
    Help help;

    public CompareCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (threads < 0 || !(tolerance >= 0)) {
            throw inputs.misuse("--threads " + threads + " --tolerance " + tolerance + ": choose at least 0");
        }
        Map<String, NamedArray> stored = golden == null ? Map.of() : NamedArray.read(golden);
        OnnxGraph graph = OnnxGraph.read(file);
        OnnxInputs.Filled filled = inputs.of(graph, stored);
        if (!filled.random().isEmpty()) {
            if (golden != null) {
                throw inputs.misuse("--golden " + golden + " has no " + filled.random()
                        + "; give these inputs by --input, as those that the outputs were made of");
            }
            out.println("Random inputs: " + String.join(", ", filled.random()) + " (" + inputs.drawing() + ").");
        }
        int all = NativeRuntime.get().threads();
        int used = threads == 0 ? all : Math.min(threads, all);
        long before = resident();
        try (OnnxModel model = OnnxModel.read(file);
                OnnxRunner runner = new OnnxRunner(model, filled, used)) {
            if (!runner.unfrozen().isEmpty()) {
                out.println("Not frozen, so each run is an eager pass: " + runner.unfrozen());
            }
            List<NamedArray> ours = runner.outputs();
            if (golden != null) {
                out.println("Beside " + golden + ":");
                return differences(ours, outputs(graph, stored)) ? 0 : 1;
            }
            try (OnnxRuntime theirs = new OnnxRuntime(project(), file, used, filled.arrays())) {
                Map<String, NamedArray> other =
                        theirs.outputs().stream().collect(Collectors.toMap(NamedArray::name, a -> a));
                out.println("Beside ONNX Runtime " + theirs.version() + ":");
                boolean same = differences(ours, other);
                times(runner, theirs, used, before);
                return same ? 0 : 1;
            }
        }
    }

    /** What is stored of the outputs; a single array that is no input is the single output, however it is called. */
    private static Map<String, NamedArray> outputs(OnnxGraph graph, Map<String, NamedArray> stored) {
        Map<String, NamedArray> outputs = new LinkedHashMap<>(stored);
        graph.inputs().forEach(in -> outputs.remove(in.name()));
        if (graph.outputs().size() == 1 && outputs.size() == 1) {
            String name = graph.outputs().get(0).name();
            return Map.of(name, outputs.values().iterator().next().named(name));
        }
        return outputs;
    }

    private static Path project() {
        return Project.root()
                .orElseThrow(() -> new IllegalStateException(
                        "ONNX Runtime is found in a copy of the project only; run ./fathom compare there, or give stored"
                                + " outputs by --golden"));
    }

    // ---- numbers

    private boolean differences(List<NamedArray> ours, Map<String, NamedArray> others) {
        out.printf("%n%-24s %-20s %14s %14s%n", "output", "shape", "difference", "relative");
        boolean same = true;
        int compared = 0;
        for (NamedArray a : ours) {
            List<NamedArray> other = NamedArray.find(others, a.name());
            if (other.isEmpty()) {
                out.printf("%-24s %-20s %s%n", a.name(), a.shape(), "not there");
                continue;
            }
            compared++;
            NamedArray b = other.get(0);
            if (!a.shape().equals(b.shape())) {
                out.printf("%-24s %-20s %s%n", a.name(), a.shape(), "but " + b.shape() + " there");
                same = false;
                continue;
            }
            double largest = 0;
            double scale = 0;
            for (int i = 0; i < a.size(); i++) {
                double x = a.at(i);
                double y = b.at(i);
                boolean equal = x == y || Double.isNaN(x) && Double.isNaN(y);
                double difference = Math.abs(x - y);
                largest =
                        Math.max(largest, equal ? 0 : Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
                scale = Math.max(scale, Double.isFinite(y) ? Math.abs(y) : 0);
            }
            double relative = largest == 0 ? 0 : largest / scale;
            same &= relative <= tolerance;
            out.printf(
                    Locale.ROOT,
                    "%-24s %-20s %14.3g %14.3g%s%n",
                    a.name(),
                    a.shape(),
                    largest,
                    relative,
                    relative <= tolerance ? "" : "  more than " + tolerance);
        }
        if (compared == 0) {
            throw new IllegalArgumentException(
                    "none of the outputs " + ours.stream().map(NamedArray::name).toList() + " is among "
                            + others.keySet() + "; store them under their names");
        }
        return same;
    }

    // ---- times

    private void times(OnnxRunner runner, OnnxRuntime theirs, int used, long before) {
        runner.micros(3);
        double first = Math.max(
                Averages.median(runner.micros(3)), Averages.median(theirs.run(3).micros()));
        int runs = (int) Math.max(1, Math.min(MOST_RUNS, ROUND / first));
        double[] mine = new double[ROUNDS];
        double[] other = new double[ROUNDS];
        OnnxRuntime.Timed last = theirs.run(1);
        ThreadMXBean threadsOfJvm = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        for (int r = 0; r < ROUNDS; r++) {
            mine[r] = Averages.median(runner.micros(runs));
            last = theirs.run(runs);
            other[r] = Averages.median(last.micros());
        }
        long allocated = threadsOfJvm.getThreadAllocatedBytes(self);
        for (int i = 0; i < runs; i++) {
            runner.run();
        }
        long heap = (threadsOfJvm.getThreadAllocatedBytes(self) - allocated) / runs;
        double[] ratios = new double[ROUNDS];
        Arrays.setAll(ratios, r -> other[r] / mine[r]);
        out.printf("%n%-24s %14s %14s %8s%n", "", "Fathom", "ONNX Runtime", "ratio");
        out.printf(
                Locale.ROOT,
                "%-24s %,14.1f %,14.1f %8.2f%n",
                "µs of a run",
                Averages.median(mine),
                Averages.median(other),
                Averages.median(ratios));
        out.printf(Locale.ROOT, "%-24s %,14d %,14d%n", "bytes of heap of a run", heap, last.heap());
        out.printf(
                Locale.ROOT,
                "%-24s %,14d %,14d%n",
                "resident bytes, more by",
                Math.max(0, resident() - before),
                last.resident());
        out.printf(Locale.ROOT, "%nMedians of %d rounds of %d runs, in turn, %d threads each.%n", ROUNDS, runs, used);
    }

    /** The bytes of this process in memory, 0 where the system does not tell. */
    private static long resident() {
        Path status = Path.of("/proc/self/status");
        try {
            return !Files.exists(status)
                    ? 0
                    : 1024
                            * Files.readAllLines(status).stream()
                                    .filter(l -> l.startsWith("VmRSS:"))
                                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                                    .findFirst()
                                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
