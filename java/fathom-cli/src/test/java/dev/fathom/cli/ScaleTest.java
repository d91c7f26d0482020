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

    /** Of 100 MB and 48 rounds: two workers exchange for 0.1098 s, of which 2 / 3 / 16 s are hidden. */
    @Test
    void aTableAsWideAsTheBatchAllows() {
        CommandLineRun run = run();
        assertThat(run.code()).as(run.err()).isZero();
        List<String> lines = Arrays.asList(run.out().split("\n"));
        assertThat(lines).hasSize(7);
        assertThat(lines.get(0))
                .matches(" +workers +seconds +exchange +waiting +examples/s +efficiency +ring +halving +tree");
        assertThat(lines.get(1)).matches(" +1 +1.000 +0.000 +0.000 +8( +100.0 %){4}");
        assertThat(lines.get(2)).matches(" +2 +0.5681 +0.1098 +0.06813 +14 +88.0 % +89.5 % +89.5 % +75.9 %");
        assertThat(lines.get(4)).matches(" +8 +.*");
        assertThat(lines.get(5)).isEqualTo("Up to 2 workers are at least 80 % efficient.");
        assertThat(lines.get(6))
                .isEqualTo("Two workers are at least 80 % efficient where a step of one takes 0.659 s or more, and they"
                        + " are faster than one where it takes more than 0.203 s.");
    }

    @Test
    void bytesCheckpointsAndWhenOneIsEnough() {
        assertThat(run("--bf16").out()).containsPattern(" 2 +0.5133 +0.05500 +0.01333 "); // 50 MB, 25 messages each way
        assertThat(run("--local-steps", "10", "--moments", "1").out())
                .containsPattern(" 2 +0.5219 +0.02194 +0.02194 "); // 200 MB and 97 messages each way, every ten steps
        assertThat(run("--checkpoint", "2", "--restart", "50", "--days", "0.23148148148148148")
                        .out())
                .containsPattern(" 2 +0.5681 .* 200 s +2.50 %");
        assertThat(run("--step", "0.1").out()).contains("One machine is enough: two would be slower.");
        assertThat(run("--alone", "0.1")
                        .out()) // (0.1 + 2 * 0.1098 + 0.1 / 12) * 0.8 / (0.2 + 0.8 / 12), and so for 0.5
                .contains("where a step of one takes 0.984 s or more,", "where it takes more than 0.303 s.");
        assertThat(run("--shards", "2").out()).containsPattern(" 2 +0.5025 +0.1098 +0.002497 "); // 2 MB at the end
        assertThat(run("--step", "0.3").out()).contains("Two workers are less than 80 % efficient: one machine");
    }

    @Test
    void aPage() throws Exception {
        Path page = temp.resolve("scale.html");
        CommandLineRun run = run("--page", page.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("page: " + page);
        assertThat(Files.readString(page)).contains("100.0 MB", "0.5681", "Up to 2 workers", "Rabenseifner");
        assertThat(HtmlReport.pictures(page)).hasSize(1);
    }

    @Test
    void numbersThatCannotBeAreRefused() {
        assertThat(run("--shards", "0").code()).isEqualTo(2);
        assertThat(run("--local-steps", "0").code()).isEqualTo(2);
        assertThat(run("--bf16", "--local-steps", "2").err()).contains("not --bf16 with --local-steps");
        assertThat(run("--alone", "2").err()).startsWith("fathom scale: scaling: alone=2.0 must be from 0 to step=1.0");
        assertThat(CommandLineRun.of("scale").err()).contains("--parameters");
    }
}
