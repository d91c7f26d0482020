package dev.fathom.cli;

import static dev.fathom.experiments.pages.Findings.line;

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
        description = "Computes how long a step of data-parallel training takes on 1 to 1,024 workers from what was"
                + " measured on one worker and on the network.",
        sortOptions = false)
public final class ScaleCommand implements Callable<Integer> {
    private static final int MOST = 1024;
    private static final double GOOD = 0.8;

    private final PrintStream out;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--parameters",
            paramLabel = "N",
            required = true,
            description = "The number of parameters of the net.")
    private double parameters;

    @Option(
            names = "--step",
            paramLabel = "SECONDS",
            required = true,
            description = "The time of a step on one worker that uses all its cores.")
    private double step;

    @Option(
            names = "--alone",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "The part of this time that does not become shorter with more workers, such as that of the"
                    + " optimizer (${DEFAULT-VALUE}).")
    private double alone;

    @Option(
            names = "--batch",
            paramLabel = "N",
            required = true,
            description = "The number of examples of a step on all workers together.")
    private int batch;

    @Option(
            names = "--shards",
            paramLabel = "N",
            defaultValue = "16",
            description = "The number of shards of a batch (${DEFAULT-VALUE}, and at least one for each worker): the"
                    + " exchange begins while the last one of each worker goes back.")
    private int shards;

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            required = true,
            description = "The bytes a second between two workers, such as 1.2e9 for 10 Gbit/s.")
    private double bandwidth;

    @Option(
            names = "--latency",
            paramLabel = "SECONDS",
            required = true,
            description = "The time until a short message arrives, which is half of what ping shows.")
    private double latency;

    @Option(names = "--bf16", description = "Sends gradients as BF16.")
    private boolean bf16;

    @Option(
            names = "--local-steps",
            paramLabel = "N",
            defaultValue = "1",
            description = "Averages weights and moments every N steps instead of gradients in each step.")
    private int localSteps;

    @Option(
            names = "--moments",
            paramLabel = "N",
            defaultValue = "2",
            description = "How many numbers the optimizer keeps for each parameter, which --local-steps averages"
                    + " (${DEFAULT-VALUE}, as for Adam).")
    private int moments;

    @Option(names = "--checkpoint", paramLabel = "SECONDS", description = "The time in which a checkpoint is written.")
    private @Nullable Double checkpoint;

    @Option(
            names = "--restart",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "The time from the loss of a worker until training goes on (${DEFAULT-VALUE}).")
    private double restart;

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "30",
            description = "The mean time between two losses of one worker in days (${DEFAULT-VALUE}).")
    private double days;

    @Option(names = "--page", paramLabel = "FILE", description = "Also writes a page with the table and a chart.")
    private @Nullable Path page;

    @Mixin
    Help help;

    public ScaleCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (!(parameters > 0) || batch < 1 || shards < 1 || localSteps < 1 || moments < 0 || bf16 && localSteps > 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--parameters " + parameters + " --batch " + batch + " --shards " + shards + " --local-steps "
                            + localSteps + " --moments "
                            + moments + ": choose numbers above 0, at least 0 moments, and not --bf16 with"
                            + " --local-steps");
        }
        double bytes = parameters * (localSteps > 1 ? 4.0 * (1 + moments) : bf16 ? 2 : 4);
        Scaling scaling = new Scaling(step, alone, bytes, localSteps, shards, latency, bandwidth);
        Scaling.Failures failures =
                checkpoint == null ? null : new Scaling.Failures(checkpoint, restart, days * 24 * 60 * 60);
        int[] workers = IntStream.iterate(1, n -> n <= Math.min(batch, MOST), n -> 2 * n)
                .toArray();
        List<String> header = new ArrayList<>(List.of(
                "workers", "seconds", "exchange", "waiting", "examples/s", "efficiency", "ring", "halving", "tree"));
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
                line("%.4g", seconds),
                line("%.4g", scaling.exchange(Sum.MESH, n)),
                line("%.4g", scaling.waiting(Sum.MESH, n)),
                line("%,.0f", batch / seconds)));
        for (Sum by : Sum.values()) {
            row.add(line("%.1f %%", 100 * scaling.efficiency(by, n)));
        }
        if (failures != null) {
            row.add(line("%,.0f s", failures.interval(n)));
            row.add(line("%.2f %%", 100 * failures.lost(n)));
        }
        return row;
    }

    /** What follows from the table. */
    private static List<String> sentences(Scaling scaling, int[] workers) {
        int most = Arrays.stream(workers)
                .filter(n -> scaling.efficiency(Sum.MESH, n) >= GOOD)
                .max()
                .orElse(1);
        String least = line("%.3g", scaling.leastStep(Sum.MESH, 2, GOOD));
        String half = line("%.3g", scaling.leastStep(Sum.MESH, 2, 0.5));
        return List.of(
                most > 1
                        ? "Up to " + most + " workers are at least 80 % efficient."
                        : scaling.speedup(Sum.MESH, 2) > 1
                                ? "Two workers are less than 80 % efficient: one machine is enough, unless time matters"
                                        + " more than machines."
                                : "One machine is enough: two would be slower.",
                "Two workers are at least 80 % efficient where a step of one takes " + least
                        + " s or more, and they are faster than one where it takes more than " + half + " s.");
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
                .figure("parameters", line("%,.0f", parameters))
                .figure("a step of one worker", line("%.3g s", step), line("%,.0f examples", (double) batch))
                .figure(
                        "added up",
                        line("%.1f MB", scaling.bytes() / 1e6),
                        localSteps == 1 ? "in every step" : "every " + localSteps + " steps")
                .figure("network", line("%.3g GB/s", bandwidth / 1e9), line("%.3g µs", latency * 1e6))
                .text(String.join(" ", sentences))
                .picture(chart.render(), "efficiency of 1 to " + workers[workers.length - 1] + " workers")
                .small("T(n) = alone + (step - alone) / n + W(n), after Amdahl (1967) and the costs of messages of"
                        + " Thakur, Rabenseifner and Gropp (2005), of which workers wait for what backward does not"
                        + " hide; checkpoints after Young (1974). It is a"
                        + " computation and no measurement: it knows neither slow workers nor networks that"
                        + " are shared.");
    }
}
