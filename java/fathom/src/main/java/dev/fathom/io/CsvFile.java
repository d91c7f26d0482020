package dev.fathom.io;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Tables as CSV in UTF-8: a field with a comma, a quote or a line end in it is quoted. */
public final class CsvFile {
    private CsvFile() {}

    /**
     * Writes a table. Missing folders are made. Equal tables make equal bytes.
     *
     * @param header the names of the columns
     * @param rows of fields, which are written as {@code toString} has them
     * @throws UncheckedIOException if the file cannot be written; its previous content is then unchanged
     */
    public static void write(Path file, List<String> header, Stream<? extends List<?>> rows) {
        AtomicFile.write(file, out -> {
            CsvWriter csv = CsvWriter.builder().build(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            csv.writeRecord(header);
            rows.forEach(
                    row -> csv.writeRecord(row.stream().map(String::valueOf).toList()));
            csv.flush();
        });
    }
}
