package dev.fathom.labs.outliers;

import dev.fathom.labs.statistics.Averages;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The squared errors with which the members of an ensemble write a series again.
 *
 * @param squares of each member and each row [members][rows]
 */
record ReconstructionErrors(double[][] squares) {
    private static final int ASKED = 512;

    /**
     * The errors of members at rows [n][columns]: the error of a row is the mean over the windows that contain it.
     *
     * @param members what each of them writes for windows x [m, length, columns]
     */
    static ReconstructionErrors of(Sliding asked, float[][] rows, Function<Tensor, List<Tensor>> members) {
        int columns = rows[0].length;
        float[][] windows = asked.of(rows);
        return new ReconstructionErrors(Arrays.stream(again(windows, columns, members))
                .map(again -> asked.mean(squared(again, windows, columns), rows.length))
                .toArray(double[][]::new));
    }

    /** What one or several members write for windows [n][rows columns]: [members][n][rows columns]. */
    static float[][][] again(float[][] windows, int columns, Function<Tensor, List<Tensor>> members) {
        int numbers = windows[0].length;
        List<float[][]> all = new ArrayList<>();
        for (int from = 0; from < windows.length; from += ASKED) {
            float[][] some = Arrays.copyOfRange(windows, from, Math.min(windows.length, from + ASKED));
            try (Pass pass = Pass.infer()) {
                List<Tensor> written =
                        members.apply(Tensor.of(Averages.flat(some), some.length, numbers / columns, columns));
                while (all.size() < written.size()) {
                    all.add(new float[windows.length][]);
                }
                for (int m = 0; m < written.size(); m++) {
                    float[] values = written.get(m).toArray();
                    for (int w = 0; w < some.length; w++) {
                        all.get(m)[from + w] = Arrays.copyOfRange(values, w * numbers, (w + 1) * numbers);
                    }
                }
            }
        }
        return all.toArray(float[][][]::new);
    }

    /**
     * The sum over the columns of the squared error of each row of each window. Each column is squared before the sum,
     * so that errors of opposite signs do not cancel.
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

    /**
     * The score of each row by the first members: the median of their squared errors. A larger score is more likely an
     * outlier.
     */
    double[] median(int members) {
        return IntStream.range(0, squares[0].length)
                .mapToDouble(t -> Averages.median(Arrays.stream(squares, 0, members)
                        .mapToDouble(member -> member[t])
                        .toArray()))
                .toArray();
    }

    /** The score of each row by all members. */
    double[] median() {
        return median(squares.length);
    }
}
