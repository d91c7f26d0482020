package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.RecordedRun;
import dev.fathom.experiments.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call of a lab inside this JVM, as {@code ./fathom lab NAME} makes it. */
public final class LabCall {
    private final Experiment lab;
    private final Path out;
    private boolean brief;
    private boolean resume;
    private long seed = 1;
    private @Nullable Integer epochs;
    private @Nullable Path data;
    private @Nullable String prompt;

    /** What came of it: what it printed, and the sentence of its failure, empty if it came to its end. */
    public record Ended(String out, String failure) {}

    private LabCall(String name, Path out) {
        this.lab =
                Labs.ALL.stream().filter(l -> l.name().equals(name)).findFirst().orElseThrow();
        this.out = out;
    }

    /** The lab of a name, whose files go to a folder. */
    public static LabCall of(String name, Path out) {
        return new LabCall(name, out);
    }

    /** The lab of a name on the files of a folder, which also gets the page. */
    public static Ended on(Path data, String name) {
        return of(name, data.resolve("out")).data(data).run();
    }

    /** In its short form. */
    public LabCall brief() {
        brief = true;
        return this;
    }

    /** Going on from what an earlier call left. */
    public LabCall resume() {
        resume = true;
        return this;
    }

    public LabCall seed(long number) {
        seed = number;
        return this;
    }

    public LabCall epochs(int number) {
        epochs = number;
        return this;
    }

    /** On the data of a folder. */
    public LabCall data(Path folder) {
        data = folder;
        return this;
    }

    /** With a sentence for the lab. */
    public LabCall prompt(String sentence) {
        prompt = sentence;
        return this;
    }

    /** Runs it with the data of the project itself. */
    public Ended run() {
        var bytes = new ByteArrayOutputStream();
        PrintStream printed = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        String failure = "";
        try (Interrupt interrupt = Interrupt.install(printed)) {
            Files.createDirectories(out);
            new RecordedRun(
                            lab,
                            new LabRun(brief, epochs, seed, resume, data, prompt, out, interrupt, printed, printed))
                    .call();
        } catch (IllegalArgumentException | IllegalStateException | UncheckedIOException e) {
            failure = String.valueOf(e.getMessage());
        } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Ended(bytes.toString(StandardCharsets.UTF_8), failure);
    }

    /**
     * Runs it with the data of another project folder and an empty cache folder in it, whatever the environment says.
     */
    public Ended in(Path root) {
        String before = System.getProperty("fathom.root");
        System.setProperty("fathom.root", root.toString());
        System.setProperty("fathom.data", "");
        System.setProperty("fathom.cache", root.resolve("cache").toString());
        try {
            return run();
        } finally {
            System.setProperty("fathom.root", before);
            System.clearProperty("fathom.data");
            System.clearProperty("fathom.cache");
        }
    }

    /** Runs it, which must come to its end. */
    public Ended completed() {
        long start = System.nanoTime();
        Ended run = run();
        System.out.printf("lab %s: %.1f s%n", lab.name(), (System.nanoTime() - start) / 1e9);
        assertThat(run.failure).isEmpty();
        return run;
    }

    /** The short form of a lab, which must come to its end. */
    public static Ended brief(String name, Path out) {
        return of(name, out).brief().completed();
    }

    /**
     * What an epoch of the short form of a lab prints with {@code --resume}, and what it prints when it is resumed at
     * its end, which is not to train again.
     */
    public static List<String> twice(String name, Path out) {
        Ended first = of(name, out).brief().epochs(1).resume().completed();
        Ended again = of(name, out).brief().epochs(1).resume().completed();
        assertThat(first.out).contains("epoch 1/1");
        assertThat(again.out).doesNotContain("epoch 1/1");
        return List.of(first.out, again.out);
    }

    /** Skips the test, and says so, where {@code FATHOM_DATA} lacks a folder. */
    public static void assumeData(String folder) {
        String files = System.getenv("FATHOM_DATA");
        assumeTrue(
                files != null && Files.isDirectory(Path.of(files, folder)),
                "lab " + folder + " is not tested: FATHOM_DATA has no folder " + folder);
    }
}
