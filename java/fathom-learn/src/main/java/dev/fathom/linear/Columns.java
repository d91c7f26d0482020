package dev.fathom.linear;

import java.util.Arrays;

/**
 * The columns of a checked table of numbers, with their means and deviations (divisor n). No column is the same in all
 * rows.
 *
 * @param x [n][k], not copied
 */
record Columns(double[][] x, double[] means, double[] deviations) {
    static Columns of(String what, double[][] x) {
        int k = x.length == 0 ? 0 : x[0].length;
        if (k == 0) {
            throw new IllegalArgumentException(
                    what + ": " + x.length + " rows of " + k + " columns; give at least one row and one column");
        }
        double[] means = new double[k];
        double[] deviations = new double[k];
        for (int i = 0; i < x.length; i++) {
            if (x[i].length != k) {
                throw new IllegalArgumentException(what + ": row " + i + " has " + x[i].length
                        + " numbers and row 0 has " + k + "; give all rows one length");
            }
            for (int j = 0; j < k; j++) {
                if (!Double.isFinite(x[i][j])) {
                    throw new IllegalArgumentException(what + ": row " + i + ", column " + j + " is " + x[i][j]
                            + "; replace it, or leave the row out");
                }
                means[j] += x[i][j] / x.length;
            }
        }
        for (int j = 0; j < k; j++) {
            int column = j;
            if (Arrays.stream(x).allMatch(row -> row[column] == x[0][column])) {
                throw new IllegalArgumentException(
                        what + ": column " + j + " is " + x[0][j] + " in all " + x.length + " rows; leave it out");
            }
            double mean = means[j];
            double squares = Arrays.stream(x)
                    .mapToDouble(row -> (row[column] - mean) * (row[column] - mean))
                    .sum();
            deviations[j] = Math.sqrt(squares / x.length);
        }
        return new Columns(x, means, deviations);
    }

    int rows() {
        return x.length;
    }

    int count() {
        return means.length;
    }

    double mean(int j) {
        return means[j];
    }

    double deviation(int j) {
        return deviations[j];
    }

    /** (x - mean) / deviation, row after row. */
    double[] standardized() {
        double[] z = new double[rows() * count()];
        for (int i = 0; i < rows(); i++) {
            for (int j = 0; j < count(); j++) {
                z[i * count() + j] = (x[i][j] - means[j]) / deviations[j];
            }
        }
        return z;
    }

    /** The mean of a target that has a finite number for each row. */
    double checkedMean(String what, double[] y) {
        if (y.length != rows()) {
            throw new IllegalArgumentException(
                    what + ": " + y.length + " targets for " + rows() + " rows; give one for each");
        }
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            if (!Double.isFinite(y[i])) {
                throw new IllegalArgumentException(
                        what + ": the target of row " + i + " is " + y[i] + "; replace it, or leave the row out");
            }
            sum += y[i];
        }
        return sum / y.length;
    }
}
