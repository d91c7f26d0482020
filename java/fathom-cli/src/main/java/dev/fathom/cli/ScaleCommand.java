package dev.fathom.cli;

import dev.fathom.train.Scaling;
import dev.fathom.train.Scaling.Sum;
import dev.fathom.view.Chart;
import dev.fathom.view.HtmlReport;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code fathom scale}: how efficient a training is on several workers. */
@Command(
        name = "scale",
        description = "Computes how long a step of data-parallel training takes on 1 to 1,024 workers, of what one"
                + " worker and the network were measured to take.",
        sortOptions = false)
public final class ScaleCommand implements Callable<Integer> {
    private static final int MOST = 1024;
    private static final double GOOD = 0.8;

    private final PrintStream out;

    @Spec
    private CommandSpec spec;

    @Option(names = "--parameters", paramLabel = "N", required = true, description = "Parameters of the net.")
    private double parameters;

    @Option(
            names = "--step",
            paramLabel = "SECONDS",
            required = true,
            description = "What a step takes in one worker with all its cores.")
    private double step;

    @Option(
            names = "--alone",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "What of it every worker takes whatever their number is, such as the optimizer's part"
                    + " (${DEFAULT-VALUE}).")
    private double alone;

    @Option(names = "--batch", paramLabel = "N", required = true, description = "Examples of a step, of all workers.")
    private int batch;

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            required = true,
            description = "Bytes a second between two workers: 1.2e9 for 10 Gbit/s.")
    private double bandwidth;

    @Option(
            names = "--latency",
            paramLabel = "SECONDS",
            required = true,
            description = "Until a short message is there: half of what ping shows.")
    private double latency;

    @Option(names = "--bf16", description = "Gradients are sent as BF16.")
    private boolean bf16;

    @Option(
            names = "--local-steps",
            paramLabel = "N",
            defaultValue = "1",
            description = "Weights and moments are averaged every N steps in place of gradients in each.")
    private int localSteps;

    @Option(
            names = "--moments",
            paramLabel = "N",
            defaultValue = "2",
            description = "Numbers that the optimizer keeps for each parameter, which --local-steps averages"
                    + " (${DEFAULT-VALUE}, as Adam).")
    private int moments;

    @Option(names = "--checkpoint", paramLabel = "SECONDS", description = "What a checkpoint takes.")
    private @Nullable Double checkpoint;

    @Option(
            names = "--restart",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "From the loss of a worker until training goes on (${DEFAULT-VALUE}).")
    private double restart;

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "30",
            description = "The mean time between two losses of one worker (${DEFAULT-VALUE}).")
    private double days;

    @Option(names = "--page", paramLabel = "FILE", description = "Writes a page with table and chart, too.")
    private @Nullable Path page;

    @Mixin
    Help help;

    public ScaleCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (!(parameters > 0) || batch < 1 || localSteps < 1 || moments < 0 || bf16 && localSteps > 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--parameters " + parameters + " --batch " + batch + " --local-steps " + localSteps + " --moments "
                            + moments + ": choose numbers above 0, of moments 0 or more, and not --bf16 with"
                            + " --local-steps");
        }
        double bytes = parameters * (localSteps > 1 ? 4.0 * (1 + moments) : bf16 ? 2 : 4);
        Scaling scaling = new Scaling(step, alone, bytes, localSteps, latency, bandwidth);
        Scaling.Failures failures =
                checkpoint == null ? null : new Scaling.Failures(checkpoint, restart, days * 24 * 60 * 60);
        int[] workers = IntStream.iterate(1, n -> n <= Math.min(batch, MOST), n -> 2 * n)
                .toArray();
        List<String> header = new ArrayList<>(
                List.of("workers", "seconds", "exchange", "examples/s", "efficiency", "ring", "halving", "tree"));
        if (failures != null) {
            header.addAll(List.of("checkpoint every", "lost"));
        }
        List<List<String>> rows =
                Arrays.stream(workers).mapToObj(n -> row(scaling, failures, n)).toList();
        header.forEach(name -> out.printf(Locale.ROOT, "%" + width(name) + "s", name));
        out.println();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                out.printf(Locale.ROOT, "%" + width(header.get(i)) + "s", row.get(i));
            }
            out.println();
        }
        List<String> sentences = sentences(scaling, workers);
        sentences.forEach(out::println);
        if (page != null) {
            page(scaling, workers, sentences).table(header, rows).write(page);
            out.println("page: " + page);
        }
        return 0;
    }

    private static int width(String name) {
        return Math.max(10, name.length()) + 2;
    }

    private List<String> row(Scaling scaling, Scaling.@Nullable Failures failures, int n) {
        double seconds = scaling.seconds(Sum.MESH, n);
        List<String> row = new ArrayList<>(List.of(
                "" + n,
                number("%.4g", seconds),
                number("%.4g", scaling.exchange(Sum.MESH, n)),
                number("%,.0f", batch / seconds)));
        for (Sum by : Sum.values()) {
            row.add(number("%.1f %%", 100 * scaling.efficiency(by, n)));
        }
        if (failures != null) {
            row.add(number("%,.0f s", failures.interval(n)));
            row.add(number("%.2f %%", 100 * failures.lost(n)));
        }
        return row;
    }

    /** What follows from the table. */
    private static List<String> sentences(Scaling scaling, int[] workers) {
        int most = Arrays.stream(workers)
                .filter(n -> scaling.efficiency(Sum.MESH, n) >= GOOD)
                .max()
                .orElse(1);
        String least = number("%.3g", scaling.leastStep(Sum.MESH, 2, GOOD));
        String half = number("%.3g", scaling.leastStep(Sum.MESH, 2, 0.5));
        return List.of(
                most > 1
                        ? "Up to " + most + " workers are at least 80 % efficient."
                        : scaling.speedup(Sum.MESH, 2) > 1
                                ? "Two workers are less than 80 % efficient: one machine is enough, unless time matters"
                                        + " more than machines."
                                : "One machine is enough: two would be slower.",
                "Two workers are 80 % efficient where a step takes one of them at least " + least
                        + " s, and faster than one from " + half + " s on.");
    }

    private HtmlReport page(Scaling scaling, int[] workers, List<String> sentences) {
        double[] x = Arrays.stream(workers).asDoubleStream().toArray();
        Chart chart =
                new Chart("efficiency", "workers").logarithmic(true, false).range(0, 1);
        for (Sum by : Sum.values()) {
            String name = by == Sum.MESH ? "Fathom on Spark" : by.name().toLowerCase(Locale.ROOT);
            double[] y = Arrays.stream(workers)
                    .mapToDouble(n -> scaling.efficiency(by, n))
                    .toArray();
            chart = by == Sum.MESH ? chart.line(name, x, y) : chart.dashed(name, x, y);
        }
        return new HtmlReport("Training on several workers")
                .figure("parameters", number("%,.0f", parameters))
                .figure("a step of one worker", number("%.3g s", step), number("%,.0f examples", (double) batch))
                .figure(
                        "added up",
                        number("%.1f MB", scaling.bytes() / 1e6),
                        localSteps == 1 ? "in every step" : "every " + localSteps + " steps")
                .figure("network", number("%.3g GB/s", bandwidth / 1e9), number("%.3g µs", latency * 1e6))
                .text(String.join(" ", sentences))
                .picture(chart.render(), "efficiency of 1 to " + workers[workers.length - 1] + " workers")
                .small("T(n) = alone + (step - alone) / n + S(n), after Amdahl (1967) and the costs of messages of"
                        + " Thakur, Rabenseifner and Gropp (2005); checkpoints after Young (1974). It is a"
                        + " computation and no measurement: it knows neither slow workers nor networks that"
                        + " are shared.");
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
