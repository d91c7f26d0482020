package dev.fathom.cli;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.RecordedRun;
import dev.fathom.experiments.book.Book;
import dev.fathom.experiments.data.Project;
import dev.fathom.experiments.pages.FinishedRun;
import dev.fathom.experiments.pages.Provenance;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.io.AtomicFile;
import dev.fathom.labs.Labs;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
            description =
                    "Also stores the figures of full runs in docs/labs, and a picture of each lab in docs/pictures, "
                            + "for books without runs.")
    private boolean save;

    @Option(
            names = "--site",
            description =
                    "Makes a folder that a web server can show, such as that of GitHub Pages, with the whole page of "
                            + "each full run.")
    private boolean site;

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
        Path root = Project.root().orElseThrow();
        if (form == Form.FULL && Provenance.commit(root).endsWith(Provenance.CHANGED)) {
            throw options.misuse("--run full measures a commit, and the sources were changed after the last one; "
                    + "commit or stash the changes");
        }
        Path docs = Project.docs();
        Path folder = options.prepare(site ? "site" : "book");
        try (Closeable alone = form == Form.FULL ? alone() : () -> {};
                Interrupt interrupt = Interrupt.install(err)) {
            Map<String, String> failures = new LinkedHashMap<>();
            if (form != null) {
                labs.values().stream()
                        .takeWhile(lab -> !interrupt.requested())
                        .forEach(lab -> run(lab, form == Form.SHORT, interrupt, failures));
            }
            List<Path> folders = List.of(runs.resolve("lab"), runs.resolve("lab-short"));
            Path pictures = docs.resolve("pictures");
            List<String> missing = new ArrayList<>();
            labs.forEach((name, lab) -> {
                Optional<FinishedRun> run = folders.stream()
                        .flatMap(all -> FinishedRun.read(all.resolve(name), name).stream())
                        .findFirst();
                if (save && run.isPresent()) {
                    LabCommand.store(lab, run.get(), docs, out);
                }
                if (run.isEmpty() || run.get().brief()) {
                    missing.add(name);
                }
            });
            if (save) {
                LabCommand.page(out);
            }
            if (site) {
                AtomicFile.write(folder.resolve(".nojekyll"), to -> {});
                if (!missing.isEmpty()) {
                    err.println("fathom book: no full run and so no pictures of it: " + String.join(", ", missing));
                }
            }
            Path page = new Book(
                            labs,
                            StoredRun.all(Labs.shown().keySet(), docs.resolve("labs")),
                            folders,
                            pictures,
                            root,
                            failures)
                    .write(folder);
            out.println("The book begins with " + page);
            return interrupt.requested() ? Interrupt.CODE : failures.isEmpty() ? 0 : 1;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the book: " + AtomicFile.reason(e), e);
        }
    }

    /** Keeps other queues of full runs away until it is closed: two of them would spoil each other's times. */
    private Closeable alone() throws IOException {
        FileChannel file = FileChannel.open(
                Files.createDirectories(runs).resolve("book.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        boolean free;
        try {
            free = file.tryLock() != null;
        } catch (OverlappingFileLockException e) { // this JVM itself has it
            free = false;
        }
        if (!free) {
            file.close();
            throw options.misuse("another ./fathom book --run full is under way in " + runs.toAbsolutePath());
        }
        return file;
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
                            .filter(run -> brief || !run.run().commit().endsWith(Provenance.CHANGED))
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
