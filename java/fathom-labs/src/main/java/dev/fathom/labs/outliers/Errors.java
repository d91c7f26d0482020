package dev.fathom.labs.outliers;

import dev.fathom.labs.statistics.Summary;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The squared errors with which the members of an ensemble write a series again.
 *
 * @param squares of each member and each row [members][rows]
 */
record Errors(double[][] squares) {
    /**
     * The sum over the columns of the squared error of each row of each window. Each column is squared before the sum, so that errors of opposite signs do not
     * cancel.
     *
     * @param again what a member wrote, and {@code windows} what it read: [windows][rows columns]
     * @return [windows][rows]
     */
    static double[][] squared(float[][] again, float[][] windows, int columns) {
        double[][] squared = new double[windows.length][windows[0].length / columns];
        for (int w = 0; w < windows.length; w++) {
            for (int i = 0; i < windows[w].length; i++) {
                double error = (double) again[w][i] - windows[w][i];
                squared[w][i / columns] += error * error;
            }
        }
        return squared;
    }

    /** The score of each row by the first members: the median of their squared errors. A larger score is more likely an outlier. */
    double[] median(int members) {
        return IntStream.range(0, squares[0].length)
                .mapToDouble(t -> Summary.median(Arrays.stream(squares, 0, members)
                        .mapToDouble(member -> member[t])
                        .toArray()))
                .toArray();
    }

    /** The score of each row by all members. */
    double[] median() {
        return median(squares.length);
    }
}
