package dev.fathom.labs.outliers;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** What networks write again for windows of a series, and their errors at its rows. */
final class Reconstruction {
    private static final int CHUNK = 512;

    private Reconstruction() {}

    /**
     * The squared error of each of some networks at each row, which is the mean over the windows that contain the row.
     *
     * @param networks what each of them writes for windows x [m, length, columns]
     */
    static double[][] errors(SlidingWindows sliding, float[][] rows, Function<Tensor, List<Tensor>> networks) {
        int columns = rows[0].length;
        float[][] windows = sliding.of(rows);
        return Stream.of(written(windows, columns, networks))
                .map(again -> sliding.mean(squared(again, windows, columns), rows.length))
                .toArray(double[][]::new);
    }

    /** What some networks write for windows [n][rows columns]: [networks][n][rows columns]. */
    static float[][][] written(float[][] windows, int columns, Function<Tensor, List<Tensor>> networks) {
        int numbers = windows[0].length;
        float[][][] all = new float[0][][];
        for (int from = 0; from < windows.length; from += CHUNK) {
            float[][] some = Arrays.copyOfRange(windows, from, Math.min(windows.length, from + CHUNK));
            try (Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(Averages.flat(some), some.length, numbers / columns, columns);
                List<Tensor> again = networks.apply(x);
                all = from == 0 ? new float[again.size()][windows.length][] : all;
                for (int m = 0; m < all.length; m++) {
                    float[] values = again.get(m).toArray();
                    for (int w = 0; w < some.length; w++) {
                        all[m][from + w] = Arrays.copyOfRange(values, w * numbers, (w + 1) * numbers);
                    }
                }
            }
        }
        return all;
    }

    /**
     * The sum over the columns of the squared error of each row of each window, [windows][rows]. Each column is squared
     * before the sum, so that errors of opposite signs do not cancel.
     *
     * @param again what was written, and {@code windows} what was read: [windows][rows columns]
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

    /** The score of each row, which is the median of the errors of the members of an ensemble [members][rows]. */
    static double[] median(double[]... errors) {
        return Averages.each(errors[0].length, t -> Averages.median(List.of(errors), member -> member[t]));
    }
}
