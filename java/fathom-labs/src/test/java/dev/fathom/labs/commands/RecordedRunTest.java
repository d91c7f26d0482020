package dev.fathom.labs.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run of a lab leaves behind, whether it comes to its end or fails. */
class RecordedRunTest {
    /** A lab that finds half of what it looks for and then fails. */
    private static final Experiment FAILS = new OldExperiment() {
        @Override
        public String name() {
            return "fails";
        }

        @Override
        public String shows() {
            return "that nothing is lost";
        }

        @Override
        public Findings run(LabRun run) {
            run.page("Lab fails", "two coins")
                    .table(List.of("coin", "heads"), List.of(List.of("first", "17")))
                    .key(Figure.of("heads of the first coin", "", 17));
            throw new IllegalStateException("the second coin rolled away");
        }
    };

    @TempDir
    Path folder;

    @Test
    void aRunThatFailsLeavesItsPageAndStoresNothing() throws Exception {
        var out = new ByteArrayOutputStream();
        PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(printed)) {
            LabRun run = new LabRun(false, null, 1, false, null, null, folder, interrupt, printed, printed);
            RecordedRun fails = new RecordedRun(FAILS, run);
            assertThatThrownBy(fails::call)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the second coin rolled away")
                    .hasNoSuppressedExceptions();
        }
        assertThat(Files.readString(folder.resolve("report.html")))
                .contains("17", "The run failed before its end: the second coin rolled away", "two coins");
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("What it had found until then: ");
        assertThat(folder).isDirectoryContaining("glob:**/seconds.txt").isDirectoryNotContaining("glob:**/*.json");
    }
}
