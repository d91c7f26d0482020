package dev.fathom.cli;

import dev.fathom.kernel.NativeRuntime;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.plan.Profile;
import dev.fathom.plan.Session;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom explain FILE}: what a plan of a file takes and gives, and where its time goes. */
@Command(
        name = "explain",
        description = "Shows what the plans of a file take and give, and measures where the time of one goes: for each"
                + " call its time, its share, how near it is to what this machine can do, its kernels and its shapes.",
        sortOptions = false)
public final class ExplainCommand implements Callable<Integer> {
    private final PrintStream out;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "A file of plans.")
    private Path file;

    @Option(names = "--plan", paramLabel = "NAME", description = "The plan to measure, if the file has several.")
    private @Nullable String name;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Examples of a run (as many as the plan was frozen with).")
    private @Nullable Integer batch;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "128",
            description = "Steps of an example, where the plan has a length (${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "Threads of a run (all).")
    private int threads;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "50", description = "Runs (${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--dot", paramLabel = "FILE", description = "Writes the calls to a file for Graphviz, too.")
    private @Nullable Path dot;

    @Option(names = "--page", paramLabel = "FILE", description = "Writes a page with the table and a drawing, too.")
    private @Nullable Path page;

    @Mixin
    Help help;

    public ExplainCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (runs < 1 || threads < 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--runs " + runs + " --threads " + threads + ": choose at least 1 and at least 0");
        }
        try (PlanFile plans = PlanFile.load(file)) {
            for (Map.Entry<String, String> text : plans.texts().entrySet()) {
                out.printf(
                        Locale.ROOT,
                        "text %s, %,d characters%n",
                        text.getKey(),
                        text.getValue().length());
            }
            for (String each : plans.names()) {
                try (Plan plan = plans.plan(each)) {
                    out.println("plan " + each + ": from " + plan.inputs() + " to " + plan.outputs());
                }
            }
            if (name == null && plans.names().size() > 1) {
                out.println("choose one of them by --plan, and it is measured");
                return 0;
            }
            try (Plan plan = name == null ? plans.plan() : plans.plan(name)) {
                if (dot != null) {
                    write(dot, plan.toDot());
                }
                measure(name == null ? String.valueOf(file.getFileName()) : name, plan);
            }
        }
        return 0;
    }

    static void write(Path to, String text) {
        try {
            Files.writeString(to, text);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + to + ": " + e.getMessage(), e);
        }
    }

    private void measure(String called, Plan plan) {
        boolean sequences = plan.inputs().stream().anyMatch(input -> input.has(Dim.LENGTH));
        int examples = batch == null ? plan.defaultBatch() : batch;
        try (Session session = sequences ? plan.newSession(examples, length) : plan.newSession(examples)) {
            session.threads(threads);
            plan.inputs().forEach(input -> session.inputBytes(input.name()));
            Profile profile = session.profile(runs);
            NativeRuntime runtime = NativeRuntime.get();
            int used = threads == 0 ? runtime.threads() : Math.min(threads, runtime.threads());
            Peaks peaks = Peaks.measure(used);
            String sizes = String.format(
                    Locale.ROOT,
                    "%d example%s%s, %d threads, %s",
                    session.batch(),
                    session.batch() == 1 ? "" : "s",
                    sequences ? " of " + session.length() + " steps" : "",
                    used,
                    runtime.isa());
            out.printf(
                    "%n%s; this machine gives %s%n%n",
                    sizes, peaks.toString().strip().replaceAll(" +", " "));
            double flops = peaks.products() * 1e9;
            double bandwidth = peaks.cache() * 1e9;
            out.print(profile.table(flops, bandwidth));
            if (page != null) {
                PlanPage.of(called, plan, profile, sizes, flops, bandwidth).write(page);
                out.println("page: " + page);
            }
        }
    }
}
