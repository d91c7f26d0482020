package dev.fathom.labs.outliers;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What came of the methods on a series, as far as they are finished.
 *
 * @param settings of the methods, and the data
 * @param set the collection
 * @param name the series
 * @param rows that were scored
 * @param columns of the series
 * @param share of the rows that are outliers
 * @param choice how its recurrent auto-encoders are trained
 * @param areas by method and, for ensembles, by size
 * @param diversity DIV_F of the convolutional ensemble by lambda
 * @param first the first column of the test rows, for pictures
 * @param outliers which rows are outliers
 * @param scores of a few methods, for pictures
 */
record Outcome(
        String settings,
        String set,
        String name,
        int rows,
        int columns,
        double share,
        Choice choice,
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

    /** What is known before the first method. */
    static Outcome begun(String settings, LabeledSeries series, Choice choice) {
        float[] first = new float[series.test().length];
        int outliers = 0;
        for (int t = 0; t < first.length; t++) {
            first[t] = series.test()[t][0];
            outliers += series.outliers()[t] ? 1 : 0;
        }
        return new Outcome(
                settings,
                series.set(),
                series.name(),
                first.length,
                series.columns(),
                outliers / (double) first.length,
                choice,
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                first,
                series.outliers(),
                new LinkedHashMap<>());
    }

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
            Outcome outcome = GSON.fromJson(TextFile.read(file, "the scores of a series", MOST), Outcome.class);
            if (outcome != null && outcome.whole()) {
                return outcome;
            }
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(damaged(file), e);
        }
        throw new IllegalArgumentException(damaged(file));
    }

    private static String damaged(Path file) {
        return file + ": these kept scores of a series are damaged; remove the file, and run again";
    }

    /** Whether nothing is missing, as it can be in a file that was cut off or edited. */
    private boolean whole() {
        return Stream.of(settings, set, name, choice, areas, diversity, first, outliers, scores)
                .allMatch(Objects::nonNull);
    }
}
