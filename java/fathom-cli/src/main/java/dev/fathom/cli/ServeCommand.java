package dev.fathom.cli;

import dev.fathom.experiments.training.Interrupt;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.http.ServedModel;
import dev.fathom.serve.http.ServedText;
import dev.fathom.serve.http.Service;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom serve MODEL..}: plans of files and models of texts behind HTTP, with a page, until Ctrl-C. */
@Command(
        name = "serve",
        description =
                "Serves plans and models of texts by HTTP: a page to draw and to write on, JSON and raw bytes, the"
                        + " open inference protocol, OpenAI's embeddings and completions, metrics. Ends with Ctrl-C,"
                        + " after what it has accepted.",
        sortOptions = false)
public final class ServeCommand implements Callable<Integer> {
    /** The text of a file that has the names of its classes, one in each line. */
    static final String CLASSES = "classes";

    private final PrintStream out;
    private final CountDownLatch ended = new CountDownLatch(1);

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL",
            arity = "1..*",
            description = "Files of plans, as Plan.save writes them; folders of models of texts, as transformers and"
                    + " sentence-transformers write them; Llamas of llama.cpp (.gguf).")
    private List<Path> files;

    @Option(names = "--port", paramLabel = "N", defaultValue = "8080", description = "The port (${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--host",
            paramLabel = "NAME",
            defaultValue = "localhost",
            description = "The address to listen on (${DEFAULT-VALUE}); 0.0.0.0 is all of this machine.")
    private String host;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "The most examples, or texts, that are computed together (${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--delay",
            paramLabel = "MICROSECONDS",
            defaultValue = "0",
            description = "How long the first example of a batch waits for others (${DEFAULT-VALUE}).")
    private int delay;

    @Option(
            names = "--length",
            paramLabel = "N",
            split = ",",
            description = "Lengths of the buckets, of plans of sequences, such as 16,32,64,128.")
    private List<Integer> lengths = List.of();

    @Mixin
    Help help;

    public ServeCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        if (port < 0 || port > 65_535) {
            throw new ParameterException(spec.commandLine(), "--port " + port + ": choose a port from 0 to 65535");
        }
        if (batch < 1 || delay < 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--batch " + batch + " --delay " + delay + ": choose at least 1 and at least 0");
        }
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new ParameterException(spec.commandLine(), "--host " + host + ": there is no such address");
        }
        try (Service service = Service.on(address)) {
            for (Path file : files) {
                if (Files.isDirectory(file) || file.toString().endsWith(".gguf")) {
                    ServedText text = ServedText.load(name(file), file, usual());
                    service.text(text);
                    out.println(text);
                    continue;
                }
                for (ServedModel model : models(file)) {
                    service.model(model);
                    out.println(model);
                }
            }
            service.start();
            out.println("Open http://" + host + ":" + service.port() + "/ in a browser. Ctrl-C ends the service.");
            Thread stopper = new Thread(
                    () -> {
                        ended.countDown();
                        service.close();
                    },
                    "fathom-stop");
            Runtime.getRuntime().addShutdownHook(stopper);
            ended.await();
        } catch (InterruptedException e) {
            return Interrupt.CODE;
        }
        return 0;
    }

    private List<ServedModel> models(Path file) {
        List<ServedModel> models = new ArrayList<>();
        try (PlanFile plans = PlanFile.open(file)) {
            List<String> classes =
                    plans.texts().getOrDefault(CLASSES, "").lines().toList();
            for (String name : plans.names()) {
                Plan plan = plans.plan(name);
                try {
                    String called = plans.names().size() == 1 ? name(file) : legal(name);
                    models.add(new ServedModel(called, plan, settings(plan), of(plan, classes)));
                } catch (RuntimeException | Error e) {
                    plan.close();
                    throw e;
                }
            }
        }
        return models;
    }

    private static String name(Path file) {
        return legal(file.toAbsolutePath().normalize().getFileName().toString().replaceFirst("\\.(plan|gguf)$", ""));
    }

    private static String legal(String name) {
        return name.replaceAll("[^A-Za-z0-9._-]", "-");
    }

    private Settings usual() {
        return Settings.of(batch).delay(Duration.ofNanos(1000L * delay));
    }

    private Settings settings(Plan plan) {
        boolean sequences = plan.inputs().stream().anyMatch(input -> input.has(Dim.LENGTH));
        return sequences ? usual().lengths(lengths.toArray(Integer[]::new)) : usual();
    }

    /** The names of classes, for a plan with a logit for each. */
    private static List<String> of(Plan plan, List<String> classes) {
        int[] dims = plan.outputs().get(0).dims();
        return dims.length == 2 && dims[1] == classes.size() ? classes : List.of();
    }
}
