package dev.fathom.cli;

import dev.fathom.experiments.pages.Provenance;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code fathom COMMAND [options]}: the experiments, each a command of its own. */
@Command(
        name = "fathom",
        description = "Deep learning for the JVM on plain CPUs.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = HelpCommand.class)
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs a command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(run(System.out, System.err, args));
    }

    /** Runs a command and returns its exit code: 0, 1 for a failure, 2 for a wrong command line, 130 after Ctrl-C. */
    @SuppressWarnings("DefaultCharset") // a terminal takes the platform's
    public static int run(PrintStream out, PrintStream err, String... args) {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("quickstart", () -> new Quickstart(out, err));
        commands.put("lab", () -> new LabCommand(out, err));
        commands.put("book", () -> new BookCommand(out, err));
        commands.put("classify", () -> new Classify(out, err));
        commands.put("filter", () -> new FilterCommand(out));
        commands.put("see", () -> new SeeCommand(out));
        commands.put("style", () -> new StyleCommand(out, err));
        commands.put("anomalies", () -> new Anomalies(out, err));
        commands.put("data", () -> new Data(out));
        commands.put("model", () -> new ModelCommand(out));
        commands.put("example", () -> new Example(out));
        commands.put("networks", () -> new Networks(out));
        commands.put("inspect", () -> new Inspect(out));
        commands.put("run", () -> new RunCommand(out));
        commands.put("compare", () -> new CompareCommand(out));
        commands.put("search", () -> new SearchCommand(out, err));
        commands.put("explain", () -> new ExplainCommand(out));
        commands.put("serve", () -> new ServeCommand(out));
        commands.put("load", () -> new LoadCommand(out, err));
        commands.put("scale", () -> new ScaleCommand(out));
        commands.put("docs", () -> new Docs(out));
        commands.put("doctor", () -> new Doctor(out));
        // to look at the options of all of them takes a tenth of a second: where one is named, the others are not made
        if (args.length > 0 && commands.containsKey(args[0])) {
            commands.keySet().retainAll(List.of(args[0]));
        }
        List<Object> made = commands.values().stream().map(Supplier::get).toList();
        CommandLine line = new CommandLine(new Main());
        made.forEach(line::addSubcommand);
        return line.setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setParameterExceptionHandler(Main::misused)
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command))
                .execute(args);
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** One line: what is wrong, what was meant perhaps, and where to read on. */
    private static int misused(ParameterException e, String[] args) {
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        if (e instanceof UnmatchedArgumentException unmatched) {
            String given = unmatched.getUnmatched().get(0);
            List<String> meant = unmatched.getSuggestions();
            message = (given.startsWith("-") ? "there is no option " : "there is no command or argument ")
                    + given
                    + (meant.isEmpty() ? "" : "; did you mean " + meant.get(0) + "?");
        }
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + message + " (./" + name + " --help lists the options)");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command) {
        String name = command.getCommandSpec().qualifiedName();
        if (e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof UncheckedIOException
                || e instanceof NativeException) {
            command.getErr().println(name + ": " + e.getMessage());
        } else {
            command.getErr().println(name + ": this should not happen; please report it with the lines below");
            e.printStackTrace(command.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** What is running, as a bug report needs it. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            @Nullable String version = NativeRuntime.class.getPackage().getImplementationVersion();
            return new String[] {"fathom " + (version == null ? "(built in place)" : version), Provenance.line()};
        }
    }
}
