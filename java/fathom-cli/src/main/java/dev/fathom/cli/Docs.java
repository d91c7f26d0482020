package dev.fathom.cli;

import dev.fathom.catalogue.Catalogue;
import dev.fathom.experiments.data.Project;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code fathom docs}: makes the pages of docs/catalogue and docs/zoo.md. */
@Command(name = "docs", description = "Makes the pages of docs/catalogue and their pictures, and docs/zoo.md.")
public final class Docs implements Callable<Integer> {
    private final PrintStream out;

    @Mixin
    Help help;

    public Docs(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        Path folder = Project.docs().resolve("catalogue");
        Catalogue.write(folder).forEach(page -> out.println(folder.resolve(page)));
        Path zoo = Project.docs().resolve("zoo.md");
        ZooPage.write(zoo);
        out.println(zoo);
        return 0;
    }
}
