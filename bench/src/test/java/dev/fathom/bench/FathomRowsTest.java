package dev.fathom.bench;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Calls of kernels that rows make by hand must fit the kernels, which no compiler checks. */
class FathomRowsTest {
    @TestFactory
    List<DynamicTest> structuredRowsHaveTheValuesOfDoublePrecision() {
        return Work.STRUCTURED.stream()
                .map(op -> DynamicTest.dynamicTest(op, () -> {
                    FathomRows.Structured row = new FathomRows.Structured();
                    row.op = op;
                    row.setup();
                    row.check();
                }))
                .toList();
    }
}
