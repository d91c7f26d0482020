package dev.fathom.labs.outliers;

import dev.fathom.assess.Ranking;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A series of which one knows the outliers, scaled column by column to mean 0 and deviation 1 of its training rows.
 *
 * @param set the collection it is from, such as {@code ECG}
 * @param name its name there
 * @param training the rows to learn from [n][columns]; no label is known of them
 * @param test the rows to score [m][columns]; the same array as {@code training} where a collection has no training
 *     part
 * @param outliers which test rows are outliers
 */
record LabeledSeries(String set, String name, float[][] training, float[][] test, boolean[] outliers) {
    /**
     * Scales raw rows by the mean and the deviation of those to learn from. A column that is constant there is only
     * shifted, and one that is constant in all rows is left out, unless there is no other.
     */
    static LabeledSeries of(String set, String name, double[][] training, double[][] test, boolean[] outliers) {
        int[] changing = IntStream.range(0, training[0].length)
                .filter(c ->
                        Stream.of(training, test).flatMap(Arrays::stream).anyMatch(row -> row[c] != training[0][c]))
                .toArray();
        int[] kept = changing.length == 0 ? new int[] {0} : changing;
        double[][] learned = columns(training, kept);
        Scale scale = Scale.of(learned);
        float[][] scaled = scale.apply(learned);
        float[][] asked = training == test ? scaled : scale.apply(columns(test, kept));
        return new LabeledSeries(set, name, scaled, asked, outliers);
    }

    private static double[][] columns(double[][] rows, int... kept) {
        return Arrays.stream(rows)
                .map(row -> Arrays.stream(kept).mapToDouble(c -> row[c]).toArray())
                .toArray(double[][]::new);
    }

    /** The number of columns. */
    int columns() {
        return training[0].length;
    }

    /** Whether the rows to score are also those to learn from. */
    boolean unsplit() {
        return training == test;
    }

    /**
     * How well scores rank the outliers first. An outlier is the positive class, and a ranking below chance stays below
     * chance.
     */
    Ranking ranking(double... scores) {
        return Ranking.of(scores, outliers);
    }
}
