package dev.fathom.labs.outliers;

/**
 * z = (x - mean) / deviation for each column, with the deviation of divisor n.
 * {@link dev.fathom.series.Standardization} refuses a column that is constant in the rows that it learns from, which is
 * right for forecasts. Here such a column is kept, since a change in it is what one looks for.
 *
 * @param means of the columns
 * @param deviations of the columns; 1 for a column that is constant, which is thus only shifted
 */
record Scale(double[] means, double[] deviations) {
    /** Learns from rows [n][columns]. */
    static Scale of(double[][] rows) {
        int columns = rows[0].length;
        double[] means = new double[columns];
        double[] deviations = new double[columns];
        for (int c = 0; c < columns; c++) {
            boolean constant = true;
            for (double[] row : rows) {
                means[c] += row[c] / rows.length;
                constant &= row[c] == rows[0][c];
            }
            means[c] = constant ? rows[0][c] : means[c]; // the rounded mean of equal numbers may be another one
            double squares = 0;
            for (double[] row : rows) {
                squares += (row[c] - means[c]) * (row[c] - means[c]);
            }
            deviations[c] = constant ? 1 : Math.sqrt(squares / rows.length);
        }
        return new Scale(means, deviations);
    }

    /** Scales rows [n][columns]. */
    float[][] apply(double[][] rows) {
        float[][] scaled = new float[rows.length][means.length];
        for (int t = 0; t < rows.length; t++) {
            for (int c = 0; c < means.length; c++) {
                scaled[t][c] = (float) ((rows[t][c] - means[c]) / deviations[c]);
            }
        }
        return scaled;
    }
}
