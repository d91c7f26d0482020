package dev.fathom.linear;

import dev.fathom.features.Examples;
import java.util.Arrays;

/** Examples as the matrices of a linear fit. */
final class Design {
    private Design() {}

    /** The features [n][k] in double precision. */
    static double[][] doubles(float[][] x) {
        double[][] rows = new double[x.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = doubles(x[i]);
        }
        return rows;
    }

    static double[] doubles(float... row) {
        double[] values = new double[row.length];
        Arrays.setAll(values, j -> row[j]);
        return values;
    }

    /** The only target [n] of examples that all count alike. */
    static double[] target(String op, Examples data) {
        if (data.outputs() != 1 || data.areClasses()) {
            throw new IllegalArgumentException(op + ": the targets are " + data.outputs()
                    + (data.areClasses() ? " classes" : " numbers") + "; give one number for each example");
        }
        double first = data.weights()[0];
        if (Arrays.stream(data.weights()).anyMatch(w -> w != first)) {
            throw new IllegalArgumentException(
                    op + ": the examples have different weights, which it does not know; use Ridge, or resampled");
        }
        return Arrays.stream(data.y()).mapToDouble(row -> row[0]).toArray();
    }

    /** The weighted mean of each column. */
    static double[] means(float[][] rows, double[] weights) {
        double[] means = new double[rows[0].length];
        double all = 0;
        for (int i = 0; i < rows.length; i++) {
            all += weights[i];
            for (int j = 0; j < means.length; j++) {
                means[j] += weights[i] * rows[i][j];
            }
        }
        for (int j = 0; j < means.length; j++) {
            means[j] /= all;
        }
        return means;
    }
}
