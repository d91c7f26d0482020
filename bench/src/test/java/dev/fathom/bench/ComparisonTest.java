package dev.fathom.bench;

import static dev.fathom.bench.ReportTest.NO;
import static dev.fathom.bench.ReportTest.report;
import static dev.fathom.bench.ReportTest.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.bench.Comparison.Fate;
import dev.fathom.bench.Row.Bar;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static Fate fate(Measurement before, Measurement now) throws IOException {
        List<Comparison.Change> changes =
                Comparison.of(report("a", true, before), report("b", true, now)).changes();
        assertThat(changes).hasSize(1);
        return changes.get(0).fate();
    }

    private static Fate ratio(double before, double error, double now, double nowError) throws IOException {
        return fate(row("x", before, error, 0.5, Bar.NONE), row("x", now, nowError, 0.9, Bar.NONE));
    }

    private static Measurement alone(double share, double error) {
        return new Measurement("x", 2, 100, "GB/s", "", NO, NO, share, NO, error, Bar.NONE, "", List.of(), "");
    }

    @Test
    void aRatioFallsByMoreThanTheErrorsOfBothRuns() throws IOException {
        assertThat(ratio(2, 0.3, 1.51, 0.4)).isEqualTo(Fate.SAME); // the root of 0.09 + 0.16 is 0.5
        assertThat(ratio(2, 0.3, 1.49, 0.4)).isEqualTo(Fate.FELL);
        assertThat(ratio(2, 0.3, 2.51, 0.4)).isEqualTo(Fate.ROSE);
    }

    @Test
    void aRatioFallsByMoreThanRunsDifferAnyway() throws IOException {
        assertThat(ratio(2, 0, 1.95, 0)).isEqualTo(Fate.SAME);
        assertThat(ratio(2, 0, 1.93, 0)).isEqualTo(Fate.FELL);
    }

    @Test
    void withoutPeersTheShareOfTheBoundIsCompared() throws IOException {
        assertThat(fate(alone(0.8, 0), alone(0.73, 0))).isEqualTo(Fate.SAME);
        assertThat(fate(alone(0.8, 0), alone(0.71, 0))).isEqualTo(Fate.FELL);
        assertThat(fate(alone(0.8, 20), alone(0.71, 0))).isEqualTo(Fate.SAME); // 20 of 100
        assertThat(fate(row("x", 2, 0.1, 0.5, Bar.NONE), alone(0.6, 0))).isEqualTo(Fate.ROSE); // one without its peers
    }

    @Test
    void aFigureThatMustStaySmallFallsWhereItDoesNot() throws IOException {
        Bar bar = Bar.atMost(30);
        Measurement nine = Measurement.counted("x", 9, "us", bar);
        assertThat(fate(nine, Measurement.counted("x", 29, "us", bar))).isEqualTo(Fate.SAME);
        assertThat(fate(nine, Measurement.counted("x", 31, "us", bar))).isEqualTo(Fate.FELL);
        assertThat(fate(Measurement.counted("x", 31, "us", bar), nine)).isEqualTo(Fate.ROSE);
    }

    @Test
    void aRowThatHasNoFigureAnyMoreFell() throws IOException {
        Measurement x = row("x", 2, 0.1, 0.5, Bar.NONE);
        Measurement failed = Measurement.failed("x", 2, "ms", Bar.NONE, "why");
        assertThat(fate(x, failed)).isEqualTo(Fate.FELL);
        assertThat(Comparison.of(report("a", true, x), report("b", true)).fell())
                .isEqualTo(1);
        assertThat(Comparison.of(report("a", true, x), report("b", false)).changes())
                .isEmpty(); // it was not asked for
        assertThat(Comparison.of(report("a", true, failed), report("b", true, x))
                        .changes())
                .isEmpty();
    }

    @Test
    void theTableNamesWhatFellFirst() throws IOException {
        Report before = report(
                "a",
                true,
                row("up", 1, 0, 0.5, Bar.NONE),
                row("same", 1, 0, 0.5, Bar.NONE),
                row("down", 1.5, 0, 0.5, Bar.NONE));
        Report now = report(
                "b",
                true,
                row("up", 2, 0, 0.5, Bar.NONE),
                row("same", 1, 0, 0.5, Bar.NONE),
                row("down", 1.25, 0, 0.5, Bar.NONE));
        Comparison comparison = Comparison.of(before, now);
        String[] lines = comparison.table().split("\\R");
        assertThat(lines).hasSize(4);
        assertThat(lines[1])
                .startsWith("down ")
                .contains(" 1.500 ", " 1.250 ", " 0.045 ", " ratio ")
                .endsWith("FELL");
        assertThat(lines[2]).startsWith("up ").endsWith("rose");
        assertThat(lines[3]).isEqualTo("3 rows compared, 1 fell, 1 rose");
        assertThat(comparison.fell()).isEqualTo(1);
        assertThat(Comparison.of(before, before).table().strip()).isEqualTo("3 rows compared, 0 fell, 0 rose");
    }

    @Test
    void otherProcessorsAreRefused() {
        Report here = report("a", true);
        Machine m = here.machine();
        Machine other = new Machine(m.processor(), m.cores(), m.os(), m.jdk(), "v3", m.limits());
        Report there = new Report(other, List.of(), "b", "2026-11-21", true, List.of());
        assertThatThrownBy(() -> Comparison.of(here, there))
                .isInstanceOf(IOException.class)
                .hasMessage("the earlier run is of amd-epyc-family-26-model-2-v4 and the later one of"
                        + " amd-epyc-family-26-model-2-v3; only runs on one kind of processor can be compared");
    }
}
