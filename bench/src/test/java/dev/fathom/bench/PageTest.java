package dev.fathom.bench;

import static dev.fathom.bench.ReportTest.report;
import static dev.fathom.bench.ReportTest.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.bench.Row.Bar;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PageTest {
    @Test
    void theStoredRunsGiveThePage() throws IOException {
        assertThat(Report.stored(Report.STORE)).isNotEmpty();
        assertThat(Files.readString(Page.FILE))
                .as("docs/benchmarks.md is not what bench/results gives: run ./fathom bench --page")
                .isEqualTo(Page.of(Report.stored(Report.STORE)));
    }

    @Test
    void theStoredRunsGiveTheCharts() throws IOException {
        for (Map.Entry<String, String> chart :
                ServingPage.charts(Report.stored(Report.STORE)).entrySet()) {
            assertThat(Files.readString(ServingPage.PICTURES.resolve(chart.getKey())))
                    .as(chart.getKey() + " is not what bench/results gives: run ./fathom bench --page")
                    .isEqualTo(chart.getValue());
        }
    }

    @Test
    void servingNamesWhoIsBest() {
        Report run = report("c22a953", true, latency("serve-p50", 10, 15, 12), latency("serve-p99.9", 30, 25, 9));
        assertThat(Page.of(List.of(run)))
                .contains("Measured on AMD EPYC (family 26 model 2), 2 processors, commit c22a953.")
                .contains("![Latency of an answer](pictures/serving-latency.svg)")
                .contains("- Median, 1 caller: Fathom is best with 10.0 µs; PyTorch has 12.0 µs.")
                .contains("- 99.9 % within, 1 caller: PyTorch is best with 9.000 µs; Fathom has 30.0 µs.");
        assertThat(ServingPage.charts(List.of(run))).containsOnlyKeys("serving-latency.svg");
        assertThat(ServingPage.charts(List.of(report("c22a953", true)))).isEmpty();
    }

    /** One of the two builds of PyTorch is not shown. */
    private static Measurement latency(String name, double ours, double onnx, double torch) {
        List<Measurement.Figure> peers = List.of(
                new Measurement.Figure("onnxruntime", onnx, onnx / ours, 0),
                new Measurement.Figure("torch", 2 * torch, 2 * torch / ours, 0),
                new Measurement.Figure("torch-mkl", torch, torch / ours, 0));
        return new Measurement(
                name, 1, ours, "us", "torch-mkl", torch, torch / ours, ReportTest.NO, 0, 0, Bar.NONE, "", peers, "");
    }

    @Test
    void aProcessorIsAPartAndARowALine() {
        String page = Page.of(List.of(report(
                "c22a953",
                true,
                row("add", 0.9, 0.02, 0.96, Bar.atLeast(1, 1.2)),
                Measurement.counted("step-java-time", 9.1, "us", Bar.atMost(30)).from("beef"),
                Measurement.failed("gelu", 2, "GB/s", Bar.NONE, "torch: no"))));
        assertThat(page).startsWith("# Benchmarks\n").contains("\n## AMD EPYC (family 26 model 2)\n");
        assertThat(page)
                .contains("2026-11-21, commit c22a953, 2 processors, Linux 6, JDK 17.0.15, `v4` kernels.")
                .contains("\n| `add` | 2 | 100 GFLOP/s | 111 onednn | 0.90 ± 0.02 | >= 1.0, 1.2 | bound | 96 % |\n")
                .contains("\n| `step-java-time` (beef) | 1 | 9.100 µs | | | <= 30 | ok | |\n")
                .contains("\n| `gelu` | 2 | GB/s | | | | FAILED: torch: no | |\n");
    }

    @Test
    void aRunOfSomeRowsSaysSo() {
        Measurement row = row("add", 0.9, 0.02, 0.96, Bar.atLeast(1, 1.2));
        String says = " Not every row has been measured on this processor yet.";
        assertThat(Page.of(List.of(report("c22a953", false, row)))).contains(says);
        assertThat(Page.of(List.of(report("c22a953", true, row)))).doesNotContain(says);
    }

    @Test
    void aRunThatWasHeldSaysSoBesideOneThatWasNot() {
        Report whole = report("c22a953", true, latency("serve-p50", 10, 15, 12), latency("serve-p99.9", 30, 25, 9));
        Machine m = whole.machine();
        Machine narrow = new Machine(m.processor(), m.cores(), m.os(), m.jdk(), "v3", m.limits());
        Report held = new Report(
                narrow,
                List.of(),
                "beef",
                "2026-11-30",
                true,
                List.of(latency("serve-p50", 40, 15, 12), latency("serve-p99.9", 90, 25, 9)));
        assertThat(Page.of(List.of(held, whole)))
                .contains("\n## AMD EPYC (family 26 model 2), held to AVX2\n", "\n## AMD EPYC (family 26 model 2)\n")
                .contains("Measured on AMD EPYC (family 26 model 2), 2 processors, commit c22a953.");
        assertThat(Page.of(List.of(held))).contains("\n## AMD EPYC (family 26 model 2)\n");
        assertThat(narrow.file(Report.STORE)).hasFileName("amd-epyc-family-26-model-2-v3.json");
    }
}
