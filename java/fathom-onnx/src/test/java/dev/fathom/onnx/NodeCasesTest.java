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
 * ONNX's own cases for its operators, as Debian's package libonnx-testdata has them (version 1.12, operators up to
 * version 17). Those that are not right are named in {@code node-cases-left.csv}, each with its reason, and
 * {@code node-cases.csv} counts by operator how many are; with {@code -Dfathom.onnx.write=true} the test writes it.
 */
class NodeCasesTest {
    private static final Path CASES =
            Path.of(System.getProperty("fathom.onnx.cases", "/usr/share/libonnx-testdata/data/node"));
    private static final Path RESOURCES =
            Path.of(System.getProperty("fathom.root"), "java/fathom-onnx/src/test/resources/dev/fathom/onnx");
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
    void asTheTablesSay() throws IOException {
        assumeTrue(Files.isDirectory(CASES), "libonnx-testdata is not installed");
        List<Path> folders;
        try (Stream<Path> all = Files.list(CASES)) {
            folders = all.sorted().toList();
        }
        List<NamedCsvRecord> left = table("node-cases-left.csv");
        Map<String, int[]> byOperator = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        int counted = 0;
        int right = 0;
        for (Path folder : folders) {
            String name = folder.getFileName().toString();
            NodeCase one = new NodeCase(folder, scratch);
            NodeCase.About about = one.about();
            String verdict = one.verdict();
            boolean excused = left.stream().anyMatch(row -> name.matches(row.getField("cases")));
            if ((verdict == null) == excused) {
                wrong.add(name + ": " + (excused ? "is right, but node-cases-left.csv has it" : verdict));
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
        assertThat(right).as("of %s cases of floats and integers", counted).isGreaterThan(counted * 95 / 100);
        List<String> found = new ArrayList<>();
        byOperator.forEach((operator, n) -> found.add(operator + "," + n[0] + "," + n[1]));
        if (Boolean.getBoolean("fathom.onnx.write")) {
            write(byOperator);
            return;
        }
        assertThat(found)
                .isEqualTo(table("node-cases.csv").stream()
                        .map(row -> String.join(",", row.getFields()))
                        .toList());
    }

    private static void write(Map<String, int[]> byOperator) throws IOException {
        try (CsvWriter csv =
                CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(RESOURCES.resolve("node-cases.csv"))) {
            csv.writeRecord("operator", "right", "cases");
            byOperator.forEach(
                    (operator, n) -> csv.writeRecord(operator, Integer.toString(n[0]), Integer.toString(n[1])));
        }
    }
}
