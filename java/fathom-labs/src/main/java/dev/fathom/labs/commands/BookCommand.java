package dev.fathom.labs.commands;

import dev.fathom.labs.book.Book;
import dev.fathom.labs.book.StoredPicture;
import dev.fathom.labs.data.Project;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.FinishedRun;
import dev.fathom.labs.pages.StoredRun;
import dev.fathom.labs.training.Interrupt;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fathom book}: makes a site of all labs, and runs them before if it is asked to. */
@Command(
        name = "book",
        description = "Makes a site of all labs, chapter by chapter, from the stored runs.",
        sortOptions = false)
public final class BookCommand implements Callable<Integer> {
    /** Which form of the labs is run. */
    enum Form {
        /** A part of the data and few epochs. */
        SHORT,
        /** Everything. */
        FULL
    }

    private final PrintStream out;
    private final PrintStream err;

    @Option(
            names = "--run",
            paramLabel = "short|full",
            description = "Runs the labs first, in their short form (some minutes in all) or in full (many hours).")
    private @Nullable Form form;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            description = "Only these labs are run, and are in the book.")
    private @Nullable List<String> only;

    @Option(
            names = "--runs",
            paramLabel = "FOLDER",
            defaultValue = "out",
            description = "The folder of the labs' runs (${DEFAULT-VALUE}): full ones are in lab/NAME, short ones in "
                    + "lab-short/NAME.")
    private Path runs = Path.of("out");

    @Option(
            names = "--save",
            description = "Also stores the first picture of each lab in docs/pictures, for books without runs.")
    private boolean save;

    @Mixin
    private Options options = new Options();

    public BookCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        Map<String, Experiment> labs = Labs.ALL.stream()
                .collect(Collectors.toMap(Experiment::name, Function.identity(), (a, b) -> a, LinkedHashMap::new));
        if (only != null) {
            only.stream().filter(name -> !labs.containsKey(name)).findFirst().ifPresent(name -> {
                throw options.misuse("--only " + name + ": there is no such lab; ./fathom lab --list shows the names");
            });
            labs.keySet().retainAll(only);
        }
        if (options.resume() && form == null) {
            throw options.misuse("--resume goes on with runs; add --run short or --run full");
        }
        Path docs = Project.docs();
        Path folder = options.prepare("book");
        try (Interrupt interrupt = Interrupt.install(err)) {
            Map<String, String> failures = new LinkedHashMap<>();
            if (form != null) {
                labs.values().stream()
                        .takeWhile(lab -> !interrupt.requested())
                        .forEach(lab -> run(lab, form == Form.SHORT, interrupt, failures));
            }
            List<Path> folders = List.of(runs.resolve("lab"), runs.resolve("lab-short"));
            Path pictures = docs.resolve("pictures");
            if (save) {
                labs.keySet()
                        .forEach(name -> folders.stream()
                                .flatMap(all -> FinishedRun.read(all.resolve(name), name).stream())
                                .findFirst()
                                .ifPresent(run -> StoredPicture.store(run, pictures)));
            }
            Path page = new Book(
                            labs,
                            StoredRun.all(Labs.shown().keySet(), docs.resolve("labs")),
                            folders,
                            pictures,
                            Project.root().orElseThrow(),
                            failures)
                    .write(folder);
            out.println("The book begins with " + page);
            return interrupt.requested() ? Interrupt.CODE : failures.isEmpty() ? 0 : 1;
        }
    }

    /**
     * Runs a lab in its folder, unless it came to its end there and is to be resumed; what fails is told, and the next
     * lab comes.
     */
    private void run(Experiment lab, boolean brief, Interrupt interrupt, Map<String, String> failures) {
        Path folder = runs.resolve(brief ? "lab-short" : "lab").resolve(lab.name());
        try {
            if (options.resume()
                    && FinishedRun.read(folder, lab.name())
                            .filter(run -> run.brief() == brief && run.run().seed() == options.seed())
                            .isPresent()) {
                out.println("Lab " + lab.name() + " has been run.");
                return;
            }
            Folder.made(folder, folder.toString(), options::misuse);
            out.println("Lab " + lab.name() + " ...");
            new RecordedRun(
                            lab,
                            new LabRun(
                                    brief,
                                    null,
                                    options.seed(),
                                    options.resume(),
                                    null,
                                    null,
                                    folder,
                                    interrupt,
                                    out,
                                    err))
                    .call();
        } catch (RuntimeException e) { // whatever it is, the other labs are still to run, and the book to be made
            err.println("fathom book: lab " + lab.name() + ": " + e.getMessage());
            failures.put(lab.name(), String.valueOf(e.getMessage()));
        }
    }
}
