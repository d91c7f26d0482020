package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The short form of a lab with one epoch, in which a person presses Ctrl-C once a certain text is printed, and whose
 * page is written.
 *
 * @param result what the lab returned
 * @param out what it printed
 */
public record InterruptedRun(Findings result, String out) {
    /** Interrupts {@code lab} when it prints {@code text}. */
    public static InterruptedRun of(Experiment lab, String text, @Nullable Path data, Path folder) {
        return of(lab, 1, text, data, folder);
    }

    /** Interrupts {@code lab}, which has so many epochs instead of one, when it prints {@code text}. */
    public static InterruptedRun of(Experiment lab, int epochs, String text, @Nullable Path data, Path folder) {
        InterruptedRun run = of(lab, epochs, 1, text, false, data, folder);
        run.result.write(folder);
        return run;
    }

    /**
     * Asserts that the short form of {@code lab} with all its epochs, interrupted when it prints {@code text} and then
     * resumed, comes to the figures of a run without an interrupt, and that it does not write anew what the interrupted
     * run has kept.
     *
     * @param whole the short form without an interrupt, with seed 1
     * @return the interrupted run
     */
    public static InterruptedRun assertThatItGoesOn(Experiment lab, String text, ShortRun whole, Path folder)
            throws IOException {
        return assertThatItGoesOn(lab, text, whole, folder, figure -> true);
    }

    /** Asserts the same of a lab some of whose figures are measured times; the others are {@code exact}. */
    public static InterruptedRun assertThatItGoesOn(
            Experiment lab, String text, ShortRun whole, Path folder, Predicate<Figure> exact) throws IOException {
        InterruptedRun stopped = of(lab, null, 1, text, false, null, folder);
        stopped.result.write(folder);
        assertThat(stopped.result.isFinished()).isFalse();
        Map<Path, FileTime> kept = kept(folder);
        assertThat(kept).isNotEmpty();
        Findings resumed = of(lab, null, 1, "never printed", true, null, folder).result;
        assertThat(resumed.isFinished()).isTrue();
        assertThat(kept(folder)).containsAllEntriesOf(kept).hasSizeGreaterThan(kept.size());
        assertThat(resumed.figures())
                .filteredOn(exact)
                .isEqualTo(whole.figures().stream().filter(exact).toList());
        assertThat(resumed.figures()).hasSameSizeAs(whole.figures());
        return stopped;
    }

    /** The kept parts below a folder with the times when they were written. */
    private static Map<Path, FileTime> kept(Path folder) throws IOException {
        Map<Path, FileTime> times = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                times.put(file, Files.getLastModifiedTime(file));
            }
        }
        return times;
    }

    /**
     * Asserts that some epochs of {@code lab} give the same figures again with the same seed, and others with another
     * seed.
     */
    public static void assertThatTheSeedDecides(Experiment lab, int epochs, Path folder) {
        Findings one = of(lab, epochs, 1, "never printed", false, null, folder).result;
        assertThat(of(lab, epochs, 1, "never printed", false, null, folder)
                        .result
                        .figures())
                .isEqualTo(one.figures());
        assertThat(of(lab, epochs, 2, "never printed", false, null, folder)
                        .result
                        .figures())
                .isNotEqualTo(one.figures());
        assertThat(one.isFinished()).isTrue();
    }

    private static InterruptedRun of(
            Experiment lab,
            @Nullable Integer epochs,
            long seed,
            String text,
            boolean resume,
            @Nullable Path data,
            Path folder) {
        var out = new ByteArrayOutputStream();
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(nowhere)) {
            PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8) {
                @Override
                public void println(@Nullable String line) {
                    super.println(line);
                    if (line != null && line.contains(text)) {
                        interrupt.request();
                    }
                }
            };
            Findings result = new Lab(
                            lab,
                            new LabRun(true, epochs, seed, resume, data, null, folder, interrupt, printed, nowhere))
                    .complete();
            return new InterruptedRun(result, out.toString(StandardCharsets.UTF_8));
        }
    }
}
