package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.RecordedRun;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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
    private final Path folder;
    private boolean brief;
    private boolean resume;
    private @Nullable Integer epochs;
    private @Nullable Path data;
    private @Nullable String prompt;

    /**
     * What came of it.
     *
     * @param out what it printed
     * @param err what it printed on standard error
     * @param failure the sentence with which it failed, empty if it came to its end
     */
    public record Ended(String out, String err, String failure) {}

    private LabCall(String name, Path folder) {
        this.lab =
                Labs.ALL.stream().filter(l -> l.name().equals(name)).findFirst().orElseThrow();
        this.folder = folder;
    }

    /** The lab of a name, whose files go to a folder. */
    public static LabCall of(String name, Path folder) {
        return new LabCall(name, folder);
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

    /** With a number of epochs. */
    public LabCall epochs(int number) {
        epochs = number;
        return this;
    }

    /** On the data of a folder. */
    public LabCall data(Path files) {
        data = files;
        return this;
    }

    /** With a sentence for the lab. */
    public LabCall prompt(String sentence) {
        prompt = sentence;
        return this;
    }

    /** Runs it with the data of the project itself. */
    public Ended run() {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream said = new PrintStream(err, true, StandardCharsets.UTF_8);
        String failure = "";
        try (Interrupt interrupt = Interrupt.install(said)) {
            Files.createDirectories(folder);
            new RecordedRun(lab, new LabRun(brief, epochs, 1, resume, data, prompt, folder, interrupt, printed, said))
                    .call();
        } catch (IllegalArgumentException | IllegalStateException | UncheckedIOException e) {
            failure = String.valueOf(e.getMessage());
            assertThat(err.toString(StandardCharsets.UTF_8))
                    .as("said beside the failure")
                    .isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Ended(out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8), failure);
    }

    /**
     * Runs it with the data of another project folder and an empty cache folder in it, whatever the environment says.
     */
    public Ended in(Path root) {
        return TestData.in(root, this::run);
    }

    /** Runs it, which must come to its end without a word on standard error. */
    public Ended completed() {
        long start = System.nanoTime();
        Ended run = run();
        System.out.printf("lab %s: %.1f s%n", lab.name(), (System.nanoTime() - start) / 1e9);
        assertThat(run.err).isEmpty();
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
        LabCall call = of(name, out).brief().epochs(1).resume();
        Ended first = call.completed();
        Ended again = call.completed();
        assertThat(first.out).contains("epoch 1/1");
        assertThat(again.out).doesNotContain("epoch 1/1");
        return List.of(first.out, again.out);
    }
}
