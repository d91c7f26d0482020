package dev.fathom.series;

import java.util.List;

/**
 * Runs a model over a series one step at a time. {@link #oneStepAhead} forecasts each row from the true rows before it.
 * {@link #recursive} puts its own forecasts in the place of rows already forecast, to look many steps ahead.
 *
 * <pre>{@code
 * Forecast.Step step = window -> {
 *   try (var pass = Pass.infer()) {
 *     return net.apply(Tensor.of(window, 1, 5, 3)).toArray();
 *   }
 * };
 * float[][] ahead = Forecast.recursive(new Windows(5).targets("log_volume"), series, 4281, 20, step);
 * }</pre>
 */
public final class Forecast {
    private Forecast() {}

    /** A model that forecasts one row. */
    @FunctionalInterface
    public interface Step {
        /** Returns the target columns of the next row for a window [lags, inputs], row after row, the oldest first. */
        float[] next(float[] window);
    }

    /**
     * Forecasts rows {@code from} to {@code from + steps - 1}, each from the true rows before it; the result is [steps,
     * targets].
     *
     * @throws IllegalArgumentException if the windows forecast another step than the next one or a column does not
     *     exist, there are fewer true rows before a forecast than lags, a value that is needed is missing, or the model
     *     returns another number of values
     */
    public static float[][] oneStepAhead(Windows windows, Series series, int from, int steps, Step step) {
        return run("oneStepAhead", windows, series, from, steps, false, step);
    }

    /**
     * Forecasts rows {@code from} to {@code from + steps - 1}, where rows that were forecast take the place of the true
     * ones in the windows after them; the result is [steps, targets]. Input columns that are not forecast are the true
     * ones. If all inputs are forecast, the steps may go on beyond the end of the series.
     *
     * @throws IllegalArgumentException if the windows forecast another step than the next one or a column does not
     *     exist, the series has too few rows before {@code from} or too few for the inputs that are not forecast, a
     *     value that is needed is missing, or the model returns another number of values or one that is NaN or infinite
     */
    public static float[][] recursive(Windows windows, Series series, int from, int steps, Step step) {
        return run("recursive", windows, series, from, steps, true, step);
    }

    private static float[][] run(
            String op, Windows windows, Series series, int from, int steps, boolean recursive, Step step) {
        int lags = windows.lags();
        List<String> inputs = windows.inputs(series);
        List<String> targets = windows.targets(series);
        int[] columns = inputs.stream().mapToInt(series::index).toArray();
        targets.forEach(series::index);
        if (!windows.oneStep()) {
            throw new IllegalArgumentException(
                    op + ": the " + windows + " do not forecast the next row alone; use the horizon 1");
        }
        // the last forecast needs no row of its own
        boolean endless = recursive && targets.containsAll(inputs);
        if (from < lags
                || from > series.length()
                || steps < 1
                || !endless && (long) from + steps > series.length() + 1L) {
            throw new IllegalArgumentException(op + ": cannot forecast " + steps + " rows from row " + from + " with "
                    + lags + " lags and " + series.length() + " rows; begin at " + lags
                    + " or later but no later than row " + series.length() + ", and forecast at least one row"
                    + (endless ? "" : ", ending one row after the series at most"));
        }
        float[][] forecasts = new float[steps][];
        for (int i = 0; i < steps; i++) {
            float[] window = new float[lags * columns.length];
            for (int k = 0; k < lags; k++) {
                int t = from + i - lags + k;
                for (int c = 0; c < columns.length; c++) {
                    int target = recursive && t >= from ? targets.indexOf(inputs.get(c)) : -1;
                    if (target < 0 && series.missing(t, columns[c])) {
                        throw new IllegalArgumentException(op + ": column " + inputs.get(c) + " of row " + t
                                + " is missing, and the forecast of row " + (from + i)
                                + " needs it; fill the holes, or begin elsewhere");
                    }
                    window[k * columns.length + c] =
                            target >= 0 ? forecasts[t - from][target] : (float) series.at(t, columns[c]);
                }
            }
            forecasts[i] = checked(op, step.next(window), targets, from + i);
        }
        return forecasts;
    }

    private static float[] checked(String op, float[] forecast, List<String> targets, int row) {
        if (forecast.length != targets.size()) {
            throw new IllegalArgumentException(op + ": the model returned " + forecast.length
                    + " values for the targets " + targets + "; return one for each");
        }
        for (float x : forecast) {
            if (!Float.isFinite(x)) {
                throw new IllegalArgumentException(op + ": the forecast of row " + row + " is " + x
                        + "; nothing can be forecast from it, so check the model");
            }
        }
        return forecast.clone();
    }
}
