package dev.fathom.labs.generalization;

import dev.fathom.experiments.data.SineSample;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The expected squared error of a method on new points, E (y - g(x))^2 = E (f - E g)^2 + E (g - E g)^2 + Var(y | x)
 * (Geman et al. 1992): squared bias, variance and noise, where g is fitted to a random sample. Expectations over g are
 * means over samples, those over x are means over a grid.
 *
 * @param complexity of the models
 * @param bias the squared bias
 * @param variance the variance of the forecasts over the samples
 * @param measured the mean squared error on points drawn anew for each sample
 * @param off how far the measured error is from the sum, in standard errors of the difference over the samples
 * @param forecasts of the first few samples on the grid, and behind them the mean of all
 */
record Decomposition(int complexity, double bias, double variance, double measured, double off, double[][] forecasts) {
    static final double[] GRID = SineSample.grid(400);
    private static final int TEST = 400;
    static final int SHOWN = 5;

    static Decomposition of(Family family, int complexity, List<SineSample> samples, Rng rng) {
        int count = samples.size();
        List<SineSample> tests = new ArrayList<>();
        double[][] places = new double[count][];
        for (int s = 0; s < count; s++) {
            SineSample test = SineSample.draw(TEST, rng.split(s));
            tests.add(test);
            places[s] = Arrays.copyOf(GRID, GRID.length + TEST);
            System.arraycopy(test.x(), 0, places[s], GRID.length, TEST);
        }
        double[][] forecasts = family.method().forecasts(complexity, samples, places);
        double[] mean = new double[GRID.length];
        Arrays.setAll(
                mean,
                i -> Averages.mean(
                        Arrays.stream(forecasts).mapToDouble(g -> g[i]).toArray()));
        double variance = 0;
        double measured = 0;
        double[] differences = new double[count];
        for (int s = 0; s < count; s++) {
            double[] onGrid = Arrays.copyOf(forecasts[s], GRID.length);
            double[] onTest = Arrays.copyOfRange(forecasts[s], GRID.length, places[s].length);
            double error = SplineFit.distance(onTest, tests.get(s).y());
            variance += SplineFit.distance(onGrid, mean) / count;
            measured += error / count;
            differences[s] = error - SplineFit.distance(onGrid, SineSample.sine(GRID)) - SineSample.NOISE;
        }
        double[][] shown = Arrays.copyOf(forecasts, SHOWN + 1);
        Arrays.setAll(shown, i -> i == SHOWN ? mean : Arrays.copyOf(forecasts[i], GRID.length));
        double off = Averages.mean(differences) / Averages.deviation(differences) * Math.sqrt(count);
        return new Decomposition(
                complexity, SplineFit.distance(mean, SineSample.sine(GRID)), variance, measured, off, shown);
    }

    /** The error that the parts add up to. */
    double sum() {
        return bias + variance + SineSample.NOISE;
    }
}
