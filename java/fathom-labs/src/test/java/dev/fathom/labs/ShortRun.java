package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.pages.Expectations;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The short form of a lab inside this JVM, with its figures as numbers.
 *
 * @param lab its name
 * @param result what the lab returned
 * @param out what it printed
 */
public record ShortRun(String lab, Findings result, String out) {
    /** Runs {@code lab} with a seed on the usual data, and writes its page and pictures to {@code folder}. */
    public static ShortRun of(Experiment lab, long seed, Path folder) {
        return of(lab, seed, folder, false);
    }

    /** Goes on with what an earlier run left in {@code folder}. */
    public static ShortRun resumed(Experiment lab, long seed, Path folder) {
        return of(lab, seed, folder, true);
    }

    private static ShortRun of(Experiment lab, long seed, Path folder, boolean resume) {
        var out = new ByteArrayOutputStream();
        PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(printed)) {
            long start = System.nanoTime();
            Findings result = new Lab(
                            lab, new LabRun(true, null, seed, resume, null, null, folder, interrupt, printed, printed))
                    .complete();
            result.write(folder);
            assertThat(result.problems()).isEmpty();
            System.out.printf("lab %s --short: %.1f s%n", lab.name(), (System.nanoTime() - start) / 1e9);
            return new ShortRun(lab.name(), result, out.toString(StandardCharsets.UTF_8));
        }
    }

    /**
     * The number of the figure of this name.
     *
     * @throws AssertionError if there is none, with the names of all
     */
    public double figure(String name) {
        return figures().stream()
                .filter(f -> f.name().equals(name))
                .mapToDouble(Figure::measured)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no figure " + name + " among "
                        + figures().stream().map(Figure::name).toList()));
    }

    /** All figures in their order. */
    public List<Figure> figures() {
        return result.figures();
    }

    /** The figures of this kind of band that lie outside of the bands of a whole run. */
    public List<Figure> missed(Figure.Kind kind) {
        return Expectations.of(lab).judge(figures(), true).stream()
                .filter(f -> f.kind() == kind && f.verdict() == Figure.Verdict.MISSED)
                .toList();
    }
}
