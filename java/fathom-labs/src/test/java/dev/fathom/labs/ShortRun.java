package dev.fathom.labs;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The short form of a lab with all its files, by seed 1.
 *
 * @param result what the lab returned
 * @param out what it printed
 */
public record ShortRun(Result result, String out) {
    /** Runs {@code lab} and writes its page into {@code folder}. */
    public static ShortRun of(Experiment lab, Path folder, boolean resume) {
        var out = new ByteArrayOutputStream();
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        long start = System.nanoTime();
        try (Interrupt interrupt = Interrupt.install(nowhere)) {
            PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
            Result result = lab.run(new Run(true, null, 1, resume, null, null, folder, interrupt, printed, nowhere));
            result.write(folder);
            System.out.printf("lab %s --short: %.1f s%n", lab.name(), (System.nanoTime() - start) / 1e9);
            return new ShortRun(result, out.toString(StandardCharsets.UTF_8));
        }
    }

    /** The number of the figure of this name. */
    public double figure(String name) {
        List<Figure> found =
                result.figures().stream().filter(f -> f.name().equals(name)).toList();
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " figures are called " + name + " among "
                    + result.figures().stream().map(Figure::name).toList());
        }
        return found.get(0).measured();
    }
}
