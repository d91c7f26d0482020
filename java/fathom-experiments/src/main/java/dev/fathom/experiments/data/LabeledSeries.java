package dev.fathom.experiments.data;

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
public record LabeledSeries(String set, String name, float[][] training, float[][] test, boolean[] outliers) {
    /**
     * Scales raw rows by the mean and the deviation of those to learn from. A column that is constant there is only
     * shifted, and one that is constant in all rows is left out, unless there is no other.
     */
    public static LabeledSeries of(String set, String name, double[][] training, double[][] test, boolean[] outliers) {
        int[] changing = IntStream.range(0, training[0].length)
                .filter(c ->
                        Stream.of(training, test).flatMap(Arrays::stream).anyMatch(row -> row[c] != training[0][c]))
                .toArray();
        int[] kept = changing.length == 0 ? new int[] {0} : changing;
        double[][] learned = columns(training, kept);
        float[][] scaled = scaled(learned, learned);
        float[][] asked = training == test ? scaled : scaled(learned, columns(test, kept));
        return new LabeledSeries(set, name, scaled, asked, outliers);
    }

    private static double[][] columns(double[][] rows, int... kept) {
        return Stream.of(rows)
                .map(row -> IntStream.of(kept).mapToDouble(c -> row[c]).toArray())
                .toArray(double[][]::new);
    }

    /**
     * Scales each column of rows [n][columns] to z = (x - mean) / deviation, with the divisor n, of the rows to learn
     * from. {@link dev.fathom.series.Standardization} refuses a column that is constant there, which is right for
     * forecasts. Here such a column is only shifted, since a change in it is what one looks for.
     */
    public static float[][] scaled(double[][] learned, double[][] rows) {
        float[][] scaled = new float[rows.length][learned[0].length];
        for (int c = 0; c < learned[0].length; c++) {
            double mean = 0;
            boolean constant = true;
            for (double[] row : learned) {
                mean += row[c] / learned.length;
                constant &= row[c] == learned[0][c];
            }
            mean = constant ? learned[0][c] : mean; // the rounded mean of equal numbers may be another one
            double squares = 0;
            for (double[] row : learned) {
                squares += (row[c] - mean) * (row[c] - mean);
            }
            double deviation = constant ? 1 : Math.sqrt(squares / learned.length);
            for (int t = 0; t < rows.length; t++) {
                scaled[t][c] = (float) ((rows[t][c] - mean) / deviation);
            }
        }
        return scaled;
    }

    /** The collection and the name. */
    public String title() {
        return set + " " + name;
    }

    /** The number of columns. */
    public int columns() {
        return training[0].length;
    }

    /** The share of test rows that are outliers. */
    public double share() {
        int all = outliers.length;
        return IntStream.range(0, all).filter(t -> outliers[t]).count() / (double) all;
    }

    /** Whether the rows to score are also those to learn from. */
    public boolean unsplit() {
        return training == test;
    }

    /**
     * How well scores rank the outliers first. An outlier is the positive class, and a ranking below chance stays below
     * chance.
     */
    public Ranking ranking(double... scores) {
        return Ranking.of(scores, outliers);
    }
}
