package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * ONNX's own cases for its operators: those that Debian's package libonnx-testdata has (version 1.12, operators up to
 * version 17), and later ones, of {@code test-data/onnx-cases}. Those that are not right are named in a table
 * {@code -left.csv}, each with its reason, and another one counts by operator how many are; with
 * {@code -Dfathom.onnx.write=true} the test writes it.
 */
class NodeCasesTest {
    private static final Path CASES = Path.of("/usr/share/libonnx-testdata/data/node");
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Path RESOURCES = ROOT.resolve("java/fathom-onnx/src/test/resources/dev/fathom/onnx");
    private static final List<ElementType> COUNTED = List.of(
            ElementType.FLOAT,
            ElementType.BOOL,
            ElementType.INT8,
            ElementType.INT16,
            ElementType.INT32,
            ElementType.INT64,
            ElementType.UINT8,
            ElementType.UINT16,
            ElementType.UINT32,
            ElementType.UINT64);

    @TempDir
    Path scratch;

    private static List<NamedCsvRecord> table(String name) throws IOException {
        try (CsvReader<NamedCsvRecord> rows = CsvReader.builder().ofNamedCsvRecord(RESOURCES.resolve(name))) {
            return rows.stream().toList();
        }
    }

    @Test
    void casesOfDebian() throws IOException {
        assumeTrue(Files.isDirectory(CASES), "libonnx-testdata is not installed");
        List<NodeCase> cases = new ArrayList<>();
        try (Stream<Path> all = Files.list(CASES)) {
            for (Path folder : all.sorted().toList()) {
                cases.add(NodeCase.of(folder));
            }
        }
        assertThat(asTheTablesSay(cases, "node-cases")).isGreaterThan(0.95);
    }

    @Test
    void laterCases() throws IOException {
        List<NodeCase> cases = NodeCase.packed(ROOT.resolve("test-data/onnx-cases/cases.pb.gz"));
        assertThat(asTheTablesSay(cases, "node-cases-later")).isGreaterThan(0.95);
    }

    /** Returns which part of the cases of floats and integers is right. */
    private double asTheTablesSay(List<NodeCase> cases, String tables) throws IOException {
        List<NamedCsvRecord> left = table(tables + "-left.csv");
        Map<String, int[]> byOperator = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        int counted = 0;
        int right = 0;
        for (NodeCase one : cases) {
            String name = one.name();
            NodeCase.About about = one.about();
            String verdict = one.verdict(scratch.resolve("case.onnx"));
            boolean excused = left.stream().anyMatch(row -> name.matches(row.getField("cases")));
            if ((verdict == null) == excused) {
                wrong.add(name + ": " + (excused ? "is right, but " + tables + "-left.csv has it" : verdict));
            }
            if (COUNTED.containsAll(about.types())) {
                counted++;
                right += verdict == null ? 1 : 0;
            }
            String operator = about.operators().contains(" ") ? "(several)" : about.operators();
            int[] count = byOperator.computeIfAbsent(operator, o -> new int[2]);
            count[0] += verdict == null ? 1 : 0;
            count[1]++;
        }
        assertThat(wrong).isEmpty();
        List<String> found = new ArrayList<>();
        byOperator.forEach((operator, n) -> found.add(operator + "," + n[0] + "," + n[1]));
        if (Boolean.getBoolean("fathom.onnx.write")) {
            write(tables, byOperator);
            return 1;
        }
        assertThat(found)
                .isEqualTo(table(tables + ".csv").stream()
                        .map(row -> String.join(",", row.getFields()))
                        .toList());
        return (double) right / counted;
    }

    private static void write(String tables, Map<String, int[]> byOperator) throws IOException {
        try (CsvWriter csv =
                CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(RESOURCES.resolve(tables + ".csv"))) {
            csv.writeRecord("operator", "right", "cases");
            byOperator.forEach(
                    (operator, n) -> csv.writeRecord(operator, Integer.toString(n[0]), Integer.toString(n[1])));
        }
    }
}
