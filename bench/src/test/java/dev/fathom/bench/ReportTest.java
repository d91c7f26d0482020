package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.bench.Measurement.Figure;
import dev.fathom.bench.Row.Bar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    static final double NO = Double.NaN;

    @TempDir
    private Path folder;

    /** A row with two peers, of which the first is the fastest. */
    static Measurement row(String name, double ratio, double error, double share, Bar bar) {
        return new Measurement(
                name,
                2,
                100,
                "GFLOP/s",
                "onednn",
                100 / ratio,
                ratio,
                share,
                error,
                2,
                bar,
                "",
                List.of(
                        new Figure("onednn", 100 / ratio, ratio, error),
                        new Figure("openblas", 50 / ratio, 2 * ratio, error)),
                "");
    }

    static Report report(String commit, boolean complete, Measurement... rows) {
        Machine.Rates fma = new Machine.Rates("fma", 0, List.of(117.5, NO));
        Machine machine = new Machine("AMD EPYC (family 26 model 2)", 2, "Linux 6", "17.0.15", "v4", List.of(fma));
        return new Report(machine, List.of("Fathom, v4", commit), commit, "2026-11-21", complete, List.of(rows));
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Report written = report(
                "c22a953",
                true,
                row("gemm-512", 1.25, 0.01, 0.98, Bar.atLeast(0.97, 1.05)),
                row("freeze", 0.5, 0.01, NO, Bar.atLeast(0.667, 0.667).within(800)),
                Measurement.counted("step-mallocs", 0, "calls", Bar.atMost(0)),
                Measurement.failed("gelu", 2, "GB/s", Bar.NONE, "torch: \"no\"\n<it> said"));
        Path file = written.write(folder.resolve("results"));
        assertThat(file).isEqualTo(folder.resolve("results/amd-epyc-family-26-model-2-v4.json"));
        assertThat(Report.read(file)).isEqualTo(written);
        assertThat(Report.stored(folder.resolve("results"))).containsExactly(written);
        assertThat(Report.stored(folder.resolve("nothing"))).isEmpty();
    }

    @Test
    void aRowIsALineWithNullForWhatItHasNot() {
        Measurement row = new Measurement(
                "gemm-512", 2, 234.5678912, "GFLOP/s", "", NO, NO, 0.98, NO, 0.1, Bar.NONE, "", List.of(), "");
        assertThat(Report.json(List.of(row, row)).split("\n"))
                .hasSize(4)
                .contains("  {\"name\":\"gemm-512\","
                        + "\"threads\":2,\"value\":234.57,\"unit\":\"GFLOP/s\",\"peer\":null,\"peerValue\":null,\"ratio\":null,"
                        + "\"peakFraction\":0.98,\"error\":null,\"valueError\":0.1,\"bar\":{\"must\":0,\"goal\":0,"
                        + "\"atMost\":false,\"bound\":false,\"goalValue\":null,\"share\":0},\"failure\":null,\"contenders\":[],"
                        + "\"commit\":null},");
    }

    @Test
    void aFileThatIsNoStoredRunIsNamed() throws IOException {
        Path none = folder.resolve("none.json");
        assertThatThrownBy(() -> Report.read(none))
                .isInstanceOf(IOException.class)
                .hasMessage("there is no file " + none + "; ./fathom bench --peers --save stores a run");
        for (String text : List.of("", "[]", "{}", "{\"machine\": {", "no")) {
            Path file = Files.writeString(folder.resolve("bad.json"), text);
            assertThatThrownBy(() -> Report.read(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(file + " is not a run stored by ./fathom bench --save: ");
        }
    }

    @Test
    void refreshedRowsNameTheirCommit() {
        Measurement a = row("a", 1.5, 0.1, 0.5, Bar.NONE);
        Measurement b = row("b", 1.2, 0.1, 0.5, Bar.NONE);
        Measurement newB = row("b", 1.4, 0.1, 0.5, Bar.NONE);
        Measurement c = row("c", 1.1, 0.1, 0.5, Bar.NONE);
        Report refreshed = report("old", true, a, b).refreshed(report("new", false, newB, c));
        assertThat(refreshed.rows()).containsExactly(a, newB.from("new"), c.from("new"));
        assertThat(refreshed.commit()).isEqualTo("old");
        assertThat(refreshed.complete()).isTrue();
        assertThat(refreshed.versions()).containsExactly("Fathom, v4", "old", "new");
    }

    @Test
    void meansOverRefreshedRowsAreComputedAnew() {
        Row.Mean mean = Row.means().get(0);
        List<Measurement> rows = new ArrayList<>();
        mean.rows().forEach(name -> rows.add(row(name, 2, 0.1, 0.5, Bar.NONE)));
        Measurement.mean(mean, rows);
        Report old = report("old", true, rows.toArray(Measurement[]::new));
        assertThat(find(old, mean.name()).ratio()).isEqualTo(2, within(1e-12));
        Report refreshed = old.refreshed(report("new", false, row(mean.rows().get(0), 4, 0.1, 0.5, Bar.NONE)));
        assertThat(refreshed.rows()).hasSameSizeAs(rows);
        assertThat(find(refreshed, mean.name()).ratio())
                .isEqualTo(2 * Math.pow(2, 1.0 / mean.rows().size()), within(1e-12));
        assertThat(find(refreshed, mean.name()).commit()).isEqualTo("new");
    }

    private static Measurement find(Report report, String name) {
        return report.rows().stream().filter(r -> r.is(name, 2)).findFirst().orElseThrow();
    }

    @Test
    void onlyRunsWithPeersAndInFullLengthAreStored() {
        assertThat(Main.refusal(true, false)).isNull();
        assertThat(Main.refusal(false, false)).contains("run ./fathom bench --peers --save");
        assertThat(Main.refusal(true, true)).contains("without --quick");
    }
}
