package dev.fathom.cli;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.onnx.OnnxGraph;
import dev.fathom.onnx.OnnxModel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom run MODEL.onnx}: what a model of another program computes. */
@Command(
        name = "run",
        description = "Runs a model of ONNX on arrays of NumPy, or on random ones, shows what comes out and how long it"
                + " takes, and writes it.",
        sortOptions = false)
public final class RunCommand implements Callable<Integer> {
    private static final int FIRST = 6;
    private static final int TOP = 5;
    /** From so many numbers on, a row is taken for scores of classes. */
    private static final int CLASSES = 10;

    private static final int ROWS = 4;

    private final PrintStream out;

    @Parameters(paramLabel = "MODEL", description = "The file of ONNX.")
    private Path file;

    @Mixin
    private OnnxInputs inputs;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "Threads of a run (all).")
    private int threads;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "20",
            description = "Runs that are timed (${DEFAULT-VALUE}).")
    private int runs;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Writes inputs and outputs into this folder, as npy files with their names.")
    private @Nullable Path folder;

    @Mixin
    Help help;

    public RunCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (runs < 1 || threads < 0) {
            throw inputs.misuse("--runs " + runs + " --threads " + threads + ": choose at least 1 and at least 0");
        }
        if (folder != null) {
            Folder.made(folder, "run", inputs::misuse);
        }
        OnnxGraph graph = OnnxGraph.read(file);
        try (OnnxModel model = OnnxModel.read(file)) {
            OnnxInputs.Filled filled = inputs.of(graph, Map.of());
            if (!filled.random().isEmpty()) {
                out.println("Random inputs: " + String.join(", ", filled.random()) + " (" + inputs.drawing() + ").");
            }
            try (OnnxRunner runner = new OnnxRunner(model, filled, threads)) {
                List<NamedArray> outputs = runner.outputs();
                outputs.forEach(this::show);
                if (!runner.unfrozen().isEmpty()) {
                    out.println("\nNot frozen, so each run is an eager pass: " + runner.unfrozen());
                }
                NativeRuntime runtime = NativeRuntime.get();
                out.printf(
                        Locale.ROOT,
                        "%n%s %,.1f µs per run, the median of %d; %d threads, %s%n",
                        runner.unfrozen().isEmpty() ? "By a frozen plan" : "Eagerly",
                        Averages.median(runner.micros(runs)),
                        runs,
                        threads == 0 ? runtime.threads() : Math.min(threads, runtime.threads()),
                        runtime.isa());
                if (folder != null) {
                    Path to = folder;
                    filled.arrays().forEach(a -> a.write(to));
                    outputs.forEach(a -> a.write(to));
                    out.println("Inputs and outputs are in " + to + ".");
                }
            }
        }
        return 0;
    }

    private void show(NamedArray a) {
        out.printf("%n%s %s %s%n", a.name(), a.whole() ? "I32" : "F32", a.shape());
        if (a.size() == 0) {
            return;
        }
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        int odd = 0;
        for (int i = 0; i < a.size(); i++) {
            double v = a.at(i);
            odd += Double.isFinite(v) ? 0 : 1;
            min = Math.min(min, v);
            max = Math.max(max, v);
            sum += v;
        }
        out.println("  first "
                + IntStream.range(0, Math.min(FIRST, a.size()))
                        .mapToObj(i -> number(a.at(i)))
                        .collect(Collectors.joining(", "))
                + (a.size() > FIRST ? ", ..." : ""));
        out.println("  min " + number(min) + ", mean " + number(sum / a.size()) + ", max " + number(max)
                + (odd == 0 ? "" : ", " + odd + " infinite or not a number"));
        int rank = a.shape().rank();
        int classes = rank == 0 ? 0 : a.shape().dim(rank - 1);
        if (!a.whole() && classes >= CLASSES && rank <= 2) {
            for (int row = 0; row < Math.min(ROWS, a.size() / classes); row++) {
                int begin = row * classes;
                out.println("  top five" + (a.size() == classes ? "" : " of row " + row) + ": "
                        + IntStream.range(0, classes)
                                .boxed()
                                .sorted(Comparator.comparingDouble(c -> -a.at(begin + c)))
                                .limit(TOP)
                                .map(c -> c + " (" + number(a.at(begin + c)) + ")")
                                .collect(Collectors.joining(", ")));
            }
        }
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e7
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.5g", value);
    }
}
