package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.RecordedRun;
import dev.fathom.experiments.pages.Words;
import dev.fathom.experiments.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run of a lab leaves behind, whether it comes to its end or fails. */
class RecordedRunTest {
    /** A lab that finds half of what it looks for and then fails. */
    private static final Experiment FAILS = new Experiment() {
        @Override
        public String name() {
            return "fails";
        }

        @Override
        public Words words() {
            return new Words("fails.md", """
                    ---
                    shows: that nothing is lost
                    data: two coins
                    key: heads of the first coin
                    ---

                    ## Throws

                    [coins]
                    """);
        }

        @Override
        public void run(Lab lab) {
            lab.section("Throws").figure("heads of the first coin", "", 17);
            lab.table("coins", "coin").row("first").cell("heads", 17);
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
