package dev.fathom.view;

import dev.fathom.io.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Vectors and what they stand for, in the two files of tab-separated values that TensorBoard's Embedding Projector
 * loads and saves: one row of numbers for each vector, and one row of texts, after a row with the names of the columns
 * if there are two columns or more.
 *
 * @param vectors one for each row, all of one length
 * @param columns the names of the columns of texts
 * @param texts one row for each vector
 */
public record ProjectorTsv(float[][] vectors, List<String> columns, List<List<String>> texts) {
    private static final String COLUMN = "label";

    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if there are no vectors, they differ in length, or a row of texts is missing, or
     *     is longer or shorter than the others
     */
    public ProjectorTsv {
        if (vectors.length == 0 || vectors[0].length == 0 || columns.isEmpty() || texts.size() != vectors.length) {
            throw new IllegalArgumentException("projector: " + vectors.length + " vectors and " + texts.size()
                    + " rows of " + columns.size() + " texts; give one row of texts for each vector");
        }
        for (int i = 0; i < vectors.length; i++) {
            if (vectors[i].length != vectors[0].length || texts.get(i).size() != columns.size()) {
                throw new IllegalArgumentException("projector: row " + (i + 1) + " has " + vectors[i].length
                        + " numbers and " + texts.get(i).size() + " texts, where row 1 has " + vectors[0].length
                        + " and there are " + columns.size() + " columns");
            }
        }
        columns = List.copyOf(columns);
        texts = texts.stream().map(List::copyOf).toList();
    }

    /** Makes vectors with one label each. */
    public static ProjectorTsv of(float[][] vectors, List<String> labels) {
        return new ProjectorTsv(
                vectors, List.of(COLUMN), labels.stream().map(List::of).toList());
    }

    /**
     * Writes both files, whole or not at all, and {@code projector_config.pbtxt} beside the vectors, by which
     * TensorBoard finds them. Tabs and line ends in texts become spaces.
     *
     * @throws UncheckedIOException if a file cannot be written
     */
    public void write(Path vectorFile, Path textFile) {
        StringBuilder numbers = new StringBuilder();
        for (float[] row : vectors) {
            for (int c = 0; c < row.length; c++) {
                numbers.append(c == 0 ? "" : "\t").append(row[c]);
            }
            numbers.append('\n');
        }
        StringBuilder words = new StringBuilder();
        if (columns.size() > 1) {
            line(words, columns);
        }
        texts.forEach(row -> line(words, row));
        write(vectorFile, numbers.toString());
        write(textFile, words.toString());
        write(
                vectorFile.resolveSibling("projector_config.pbtxt"),
                "embeddings {\n  tensor_path: \"" + vectorFile.getFileName() + "\"\n  metadata_path: \""
                        + textFile.getFileName() + "\"\n}\n");
    }

    private static void line(StringBuilder out, List<String> row) {
        out.append(String.join(
                        "\t",
                        row.stream().map(t -> t.replaceAll("[\\t\\r\\n]+", " ")).toList()))
                .append('\n');
    }

    private static void write(Path file, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, out -> out.write(bytes));
    }

    /**
     * Reads both files. The texts have a row of names if they have one row more than there are vectors.
     *
     * @throws IllegalArgumentException if a cell is not a finite number, or the rows do not fit, with the line
     * @throws UncheckedIOException if a file cannot be read
     */
    public static ProjectorTsv read(Path vectorFile, Path textFile) {
        List<float[]> vectors = new ArrayList<>();
        for (String line : lines(vectorFile)) {
            String[] cells = line.split("\t", -1);
            float[] row = new float[cells.length];
            for (int c = 0; c < cells.length; c++) {
                try {
                    row[c] = Float.parseFloat(cells[c]);
                    if (!Float.isFinite(row[c])) {
                        throw new NumberFormatException("not finite");
                    }
                } catch (NumberFormatException e) {
                    throw new IllegalArgumentException(
                            vectorFile + ", line " + (vectors.size() + 1) + ": " + cells[c] + " is not a number", e);
                }
            }
            vectors.add(row);
        }
        List<List<String>> texts = new ArrayList<>();
        lines(textFile).forEach(line -> texts.add(List.of(line.split("\t", -1))));
        List<String> columns = List.of(COLUMN);
        if (texts.size() == vectors.size() + 1) {
            columns = texts.remove(0);
        }
        try {
            return new ProjectorTsv(vectors.toArray(float[][]::new), columns, texts);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(vectorFile + " and " + textFile + " do not fit: " + e.getMessage(), e);
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }
}
