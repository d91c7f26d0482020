package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Rows call some kernels with arguments written out by hand, and no compiler checks that these fit the kernel. */
class FathomRowsTest {
    @TestFactory
    Stream<DynamicTest> structuredRowsHaveTheValuesOfDoublePrecision() {
        List<String> ops = Row.all().stream()
                .map(Row::ours)
                .filter(ours -> ours.method().equals("FathomRows.structured"))
                .map(ours -> ours.params().substring("op=".length()))
                .distinct()
                .toList();
        assertThat(ops).isNotEmpty();
        return ops.stream()
                .map(op -> DynamicTest.dynamicTest(op, () -> {
                    FathomRows.Structured row = new FathomRows.Structured();
                    row.op = op;
                    row.setup();
                    row.check();
                }));
    }
}
