package dev.fathom.labs.outliers;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * What came of all methods on a series.
 *
 * @param set the collection
 * @param name the series
 * @param rows that were scored
 * @param columns of the series
 * @param share of the rows that are outliers
 * @param areas by method and, for ensembles, by size
 * @param diversity DIV_F of the convolutional ensemble by lambda
 * @param first the first column of the test rows, for pictures
 * @param outliers which rows are outliers
 * @param scores of a few methods, for pictures
 */
record Outcome(
        String set,
        String name,
        int rows,
        int columns,
        double share,
        Map<String, Area> areas,
        Map<String, Double> diversity,
        float[] first,
        boolean[] outliers,
        Map<String, float[]> scores) {
    private static final Gson GSON = new Gson();
    private static final int MOST = 1 << 28; // characters

    /**
     * How well a method ranks the outliers of a series.
     *
     * @param roc area under the ROC curve
     * @param precision average precision, the area under the precision-recall curve by rectangles
     */
    record Area(double roc, double precision) {}

    /** The areas of a method that was used on this series. */
    Area area(String method) {
        Area area = areas.get(method);
        if (area == null) {
            throw new IllegalArgumentException(name + ": " + method + " was not used on it");
        }
        return area;
    }

    /** Writes it, whole or not at all. */
    void write(Path file) {
        AtomicFile.write(file, to -> to.write(GSON.toJson(this).getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException if the file is damaged
     */
    static Outcome read(Path file) {
        try {
            return GSON.fromJson(TextFile.read(file, "the scores of a series", MOST), Outcome.class);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(file + ": it is damaged; remove it, and run again", e);
        }
    }
}
