package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The short form of a lab with one epoch, in which a person presses Ctrl-C once a certain text is printed, and whose page is written.
 *
 * @param result what the lab returned
 * @param out what it printed
 */
public record InterruptedRun(Result result, String out) {
    /** Interrupts {@code lab} when it prints {@code text}. */
    public static InterruptedRun of(Experiment lab, String text, @Nullable Path data, Path folder) {
        InterruptedRun run = of(lab, 1, 1, text, data, folder);
        run.result.write(folder);
        return run;
    }

    /** Asserts that some epochs of {@code lab} give the same figures again with the same seed, and others with another seed. */
    public static void assertThatTheSeedDecides(Experiment lab, int epochs, Path folder) {
        Result one = of(lab, epochs, 1, "never printed", null, folder).result;
        assertThat(of(lab, epochs, 1, "never printed", null, folder).result.figures())
                .isEqualTo(one.figures());
        assertThat(of(lab, epochs, 2, "never printed", null, folder).result.figures())
                .isNotEqualTo(one.figures());
        assertThat(one.isFinished()).isTrue();
    }

    private static InterruptedRun of(
            Experiment lab, int epochs, long seed, String text, @Nullable Path data, Path folder) {
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
            Result result =
                    lab.run(new Run(true, epochs, seed, false, data, null, folder, interrupt, printed, nowhere));
            return new InterruptedRun(result, out.toString(StandardCharsets.UTF_8));
        }
    }
}
