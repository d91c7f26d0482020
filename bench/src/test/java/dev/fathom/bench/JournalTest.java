package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.bench.Row.Bar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    private static final Row ROW = Row.all().stream()
            .filter(row -> row.name().equals("mlp-latency-b1"))
            .findFirst()
            .orElseThrow();

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("journal");
    }

    private static Journal.Entry generation(int g, double ours, double theirs) {
        Map<String, double[]> nanos =
                Map.of("fathom", new double[] {ours, ours}, "onnxruntime", new double[] {theirs, theirs});
        return Journal.Entry.of(ROW, g, nanos, new double[] {0.5}, List.of("Fathom, v4"));
    }

    private static Journal.Entry block() {
        Measurement row = ReportTest.row("step-mallocs", 1.5, 0.01, ReportTest.NO, Bar.NONE);
        return Journal.Entry.of("steps", List.of(row), List.of("Fathom, v4, 1 threads"));
    }

    private Run run(Journal journal) throws IOException {
        return new Run(List.of(ROW), name -> true, true, false, folder, journal);
    }

    @Test
    void aRunThatWasCutOffGoesOn() throws IOException {
        Journal first = new Journal(file(), "run of abc");
        assertThat(first.entries()).isEmpty();
        first.add(generation(0, 1e6, 1.2e6));
        first.add(block());
        Journal again = new Journal(file(), "run of abc");
        assertThat(again.entries()).hasSize(2);
        assertThat(again.block("steps")).isNotNull();
        assertThat(again.block("memory")).isNull();
        assertThat(again.block(ROW.name())).as("a row is no block").isNull();
        List<Measurement> known = run(again).results(Map.of());
        assertThat(known).singleElement().satisfies(row -> {
            assertThat(row.name()).isEqualTo("mlp-latency-b1");
            assertThat(row.ratio()).isEqualTo(1.2);
            assertThat(row.peer()).isEqualTo("onnxruntime");
        });
        assertThat(run(again).abouts()).containsExactly("Fathom, v4");
        assertThat(Files.readAllLines(folder.resolve("samples.csv")))
                .hasSize(5)
                .contains("mlp-latency-b1,1,fathom,0,1,1000000", "mlp-latency-b1,1,onnxruntime,0,0,1200000");
        again.add(generation(1, 1e6, 1.4e6));
        assertThat(run(new Journal(file(), "run of abc"))
                        .results(Map.of())
                        .get(0)
                        .ratio())
                .isEqualTo(1.3);
    }

    @Test
    void anotherRunBeginsAnew() throws IOException {
        new Journal(file(), "run of abc").add(generation(0, 1e6, 1.2e6));
        assertThat(new Journal(file(), "run of def").entries()).isEmpty();
        assertThat(new Journal(file(), "run of abc").entries()).isEmpty();
    }

    @Test
    void anEntryThatWasCutOffIsMeasuredAgain() throws IOException {
        Journal journal = new Journal(file(), "run of abc");
        journal.add(generation(0, 1e6, 1.2e6));
        String line = Files.readAllLines(file()).get(1);
        Files.writeString(file(), line.substring(0, line.length() / 2), StandardOpenOption.APPEND);
        Journal again = new Journal(file(), "run of abc");
        assertThat(again.entries()).hasSize(1);
        again.add(generation(1, 1e6, 1.2e6));
        assertThat(new Journal(file(), "run of abc").entries())
                .extracting(Journal.Entry::generation)
                .containsExactly(0, 1);
    }

    @Test
    void anEntryMayBeCutOffInsideACharacter() throws IOException {
        new Journal(file(), "run of abc").add(generation(0, 1e6, 1.2e6));
        Files.write(file(), new byte[] {'{', '"', (byte) 0xC2}, StandardOpenOption.APPEND); // µ is C2 B5
        assertThat(new Journal(file(), "run of abc").entries()).hasSize(1);
    }

    @Test
    void aRunThatEndedLeavesNothing() throws IOException {
        Journal journal = new Journal(file(), "run of abc");
        journal.add(block());
        journal.end();
        assertThat(file()).doesNotExist();
    }
}
