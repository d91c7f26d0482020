package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RunTest {
    @Test
    void aFamilyHasFewContendersAndEveryRowHasOne() {
        List<Row> rows = Row.all();
        assertThat(Run.families(rows).stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(rows);
        assertThat(Run.families(rows))
                .allSatisfy(family -> assertThat(family.stream()
                                .flatMap(row -> row.rivals().stream())
                                .map(Row.Entrant::contender)
                                .distinct())
                        .hasSizeLessThanOrEqualTo(8));
        assertThat(Run.families(rows)).hasSizeLessThan(rows.size() / 10);
    }

    @Test
    void timeLeftGoesByThePaceSoFar() {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        AtomicLong clock = new AtomicLong();
        Progress progress = new Progress(new PrintStream(lines, true, StandardCharsets.UTF_8), false, clock::get, 1200);
        assertThat(progress.text("a")).isEqualTo("  0 %, 20 min left: a");
        clock.addAndGet(600_000_000_000L);
        progress.passed(270);
        assertThat(progress.text("b")).as("660 s for 330").isEqualTo(" 23 %, 31 min left: b");
        progress.passed(930);
        progress.now("not on a terminal");
        progress.part("c");
        assertThat(lines.toString(StandardCharsets.UTF_8)).isEqualToIgnoringNewLines("100 %, 0 min left: c");
    }

    @Test
    void memoryIsThatOfTheProcess() {
        assertThat(Child.bytes(List.of("Name:\tjava", "VmRSS:\t  123 kB", "RssAnon:\t 100 kB")))
                .isEqualTo(123 * 1024);
        assertThat(Child.bytes(List.of())).isZero();
    }
}
