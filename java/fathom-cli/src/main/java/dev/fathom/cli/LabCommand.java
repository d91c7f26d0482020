package dev.fathom.cli;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.RecordedRun;
import dev.fathom.experiments.Seeds;
import dev.fathom.experiments.book.StoredPicture;
import dev.fathom.experiments.data.Project;
import dev.fathom.experiments.pages.FinishedRun;
import dev.fathom.experiments.pages.LabsPage;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.io.AtomicFile;
import dev.fathom.labs.Labs;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom lab NAME}: runs an {@link Experiment} and writes its page; without a name, lists the labs. */
@Command(
        name = "lab",
        description = "Runs an experiment and shows its figures beside those that are published.",
        sortOptions = false)
public final class LabCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The name of the lab; --list shows the names.")
    private @Nullable String name;

    @Option(names = "--list", description = "Lists the labs and what each of them shows.")
    private boolean list;

    @Option(
            names = "--short",
            description = "Uses a part of the data and few epochs, to see within a minute that everything works.")
    private boolean brief;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "The folder of the data, if they are not where ./fathom data puts them.")
    private @Nullable Path data;

    @Option(names = "--prompt", paramLabel = "TEXT", description = "A sentence for the lab translate to translate.")
    private @Nullable String prompt;

    @Option(names = "--epochs", paramLabel = "N", description = "The number of epochs (by default each network's own).")
    private @Nullable Integer epochs;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description = "Runs the lab from N seeds (2 to 10), and shows the mean of each figure and its interval.")
    private @Nullable Integer seeds;

    @Option(
            names = "--save",
            description = "Also stores the figures of a full run in docs/labs, from which docs/labs.md is made.")
    private boolean save;

    @Option(names = "--page", description = "Writes docs/labs.md from the stored runs, without running a lab.")
    private boolean page;

    @Mixin
    private Options options = new Options();

    public LabCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (name == null && page) {
            page(out);
            return 0;
        }
        if (name == null || list) {
            int width =
                    Labs.ALL.stream().mapToInt(lab -> lab.name().length()).max().orElseThrow();
            Labs.ALL.forEach(lab -> out.printf("./fathom lab %-" + width + "s %s%n", lab.name(), lab.shows()));
            return 0;
        }
        Experiment lab = Labs.ALL.stream()
                .filter(l -> l.name().equals(name))
                .findFirst()
                .orElseThrow(() -> options.misuse("there is no lab " + name + "; there are "
                        + Labs.ALL.stream().map(Experiment::name).collect(Collectors.joining(", "))));
        if (epochs != null) {
            options.atLeastOne("--epochs", epochs);
        }
        if (seeds != null && (seeds < 2 || seeds > 10)) {
            throw options.misuse("--seeds " + seeds + ": give 2 to 10");
        }
        if (prompt != null && !lab.takesPrompt()) {
            throw options.misuse("the lab " + name + " takes no prompt; leave out --prompt, or run translate");
        }
        if (save && (brief || epochs != null || data != null)) {
            throw options.misuse("--save stores full runs on the usual data; leave out --short, --epochs and --data");
        }
        if (save && !lab.standIns(data).isEmpty()) {
            throw options.misuse("--save stores runs on the data themselves, and there are only stand-ins for "
                    + String.join(", ", lab.standIns(data)) + "; ./fathom data all says how to get the data");
        }
        Path docs = save ? Project.docs() : null;
        Path folder = options.prepare("lab/" + lab.name());
        try (Interrupt interrupt = Interrupt.install(err)) {
            LabRun run = new LabRun(
                    brief, epochs, options.seed(), options.resume(), data, prompt, folder, interrupt, out, err);
            Optional<StoredRun> finished =
                    seeds == null ? new RecordedRun(lab, run).call() : new Seeds(lab, run, seeds).call();
            if (docs != null && finished.isPresent()) {
                FinishedRun.read(folder, lab.name()).ifPresent(done -> store(lab, done, docs, out));
                page(out);
            }
            return interrupt.requested() ? Interrupt.CODE : 0;
        }
    }

    /** Keeps the chosen picture of a run in the docs and, of a full one, its figures; nothing of one on stand-ins. */
    static void store(Experiment lab, FinishedRun run, Path docs, PrintStream out) {
        if (run.run().onStandIns()) {
            out.println("Not stored, because lab " + lab.name() + " read "
                    + run.run().data() + ".");
            return;
        }
        if (!run.brief()) {
            Path file = docs.resolve("labs").resolve(lab.name() + ".json");
            run.run().write(file);
            out.println("Stored as " + file);
        }
        StoredPicture.store(run, lab.words(), docs.resolve("pictures"))
                .ifPresent(picture -> out.println("Its picture: " + picture));
    }

    /** Writes docs/labs.md anew. */
    static void page(PrintStream out) {
        Path docs = Project.docs();
        byte[] text = LabsPage.text(Labs.shown(), docs.resolve("labs")).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(docs.resolve("labs.md"), to -> to.write(text));
        out.println("Made of the stored runs: " + docs.resolve("labs.md"));
    }
}
