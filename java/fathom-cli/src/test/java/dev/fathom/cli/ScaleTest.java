package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.view.HtmlReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom scale} prints a table of workers; the formulas are those of {@code ScalingTest}. */
class ScaleTest {
    private static final List<String> NET =
            List.of("scale", "--parameters", "25e6", "--batch", "8", "--bandwidth", "1e9", "--latency", "1e-4");

    @TempDir
    Path temp;

    private static CommandLineRun run(String... more) {
        List<String> all = new ArrayList<>(NET);
        if (!List.of(more).contains("--step")) {
            all.addAll(List.of("--step", "1"));
        }
        all.addAll(List.of(more));
        return CommandLineRun.of(all.toArray(String[]::new));
    }

    /** Of 100 MB and 48 rounds: two workers exchange for 0.1098 s. */
    @Test
    void aTableAsWideAsTheBatchAllows() {
        CommandLineRun run = run();
        assertThat(run.code()).as(run.err()).isZero();
        List<String> lines = Arrays.asList(run.out().split("\n"));
        assertThat(lines).hasSize(7);
        assertThat(lines.get(0)).matches(" +workers +seconds +exchange +examples/s +efficiency +ring +halving +tree");
        assertThat(lines.get(1)).matches(" +1 +1.000 +0.000 +8( +100.0 %){4}");
        assertThat(lines.get(2)).matches(" +2 +0.6098 +0.1098 +13 +82.0 % +83.3 % +83.3 % +71.4 %");
        assertThat(lines.get(4)).matches(" +8 +.*");
        assertThat(lines.get(5)).isEqualTo("Up to 2 workers are at least 80 % efficient.");
        assertThat(lines.get(6))
                .isEqualTo("Two workers are at least 80 % efficient where a step of one takes 0.878 s or more, and they"
                        + " are faster than one where it takes more than 0.220 s.");
    }

    @Test
    void bytesCheckpointsAndWhenOneIsEnough() {
        assertThat(run("--bf16").out()).containsPattern(" 2 +0.5550 +0.05500 "); // 50 MB, 25 messages each way
        assertThat(run("--local-steps", "10", "--moments", "1").out())
                .containsPattern(" 2 +0.5219 +0.02194 "); // 200 MB and 97 messages each way, every ten steps
        assertThat(run("--checkpoint", "2", "--restart", "50", "--days", "0.23148148148148148")
                        .out())
                .containsPattern(" 2 +0.6098 .* 200 s +2.50 %");
        assertThat(run("--step", "0.1").out()).contains("One machine is enough: two would be slower.");
        assertThat(run("--alone", "0.1").out()) // (0.1 + 2 * 0.1098) * 4, and a fourth of it
                .contains("where a step of one takes 1.28 s or more,", "where it takes more than 0.320 s.");
        assertThat(run("--step", "0.3").out()).contains("Two workers are less than 80 % efficient: one machine");
    }

    @Test
    void aPage() throws Exception {
        Path page = temp.resolve("scale.html");
        CommandLineRun run = run("--page", page.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("page: " + page);
        assertThat(Files.readString(page)).contains("100.0 MB", "0.6098", "Up to 2 workers", "Rabenseifner");
        assertThat(HtmlReport.pictures(page)).hasSize(1);
    }

    @Test
    void numbersThatCannotBeAreRefused() {
        assertThat(run("--local-steps", "0").code()).isEqualTo(2);
        assertThat(run("--bf16", "--local-steps", "2").err()).contains("not --bf16 with --local-steps");
        assertThat(run("--alone", "2").err()).startsWith("fathom scale: scaling: alone=2.0 must be from 0 to step=1.0");
        assertThat(CommandLineRun.of("scale").err()).contains("--parameters");
    }
}
