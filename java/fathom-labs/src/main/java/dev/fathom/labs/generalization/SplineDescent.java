package dev.fathom.labs.generalization;

import dev.fathom.experiments.data.SineSample;
import dev.fathom.features.NaturalSpline;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Natural splines of {@code d} basis functions fitted to many samples of 20 points: what each fit has, in ascending
 * order over the samples.
 *
 * @param train the errors on the samples
 * @param test the errors on new points
 * @param norm the sums of the squared coefficients
 */
record SplineDescent(int d, double[] train, double[] test, double[] norm) {
    static SplineDescent of(int d, List<SineSample> samples, NaturalSpline.Basis basis) {
        List<SplineFit> fits =
                samples.stream().map(sample -> SplineFit.of(sample, d, basis)).toList();
        return new SplineDescent(
                d, sorted(fits, SplineFit::train), sorted(fits, SplineFit::test), sorted(fits, SplineFit::norm));
    }

    private static double[] sorted(List<SplineFit> fits, ToDoubleFunction<SplineFit> value) {
        return fits.stream().mapToDouble(value).sorted().toArray();
    }

    /**
     * The 95 % confidence interval of the median of numbers in ascending order: two of them, chosen by the binomial
     * distribution.
     */
    static double[] interval(double[] sorted) {
        int n = sorted.length;
        double half = 1.96 * Math.sqrt(n) / 2;
        return new double[] {
            sorted[Math.max(0, (int) Math.floor(n / 2.0 - half))],
            sorted[Math.min(n - 1, (int) Math.ceil(n / 2.0 + half))]
        };
    }

    /** The share of numbers in ascending order that are below {@code value}: 0.5 for their median. */
    static double rank(double[] sorted, double value) {
        return (double) Arrays.stream(sorted).filter(s -> s < value).count() / sorted.length;
    }

    /**
     * How far a median over {@code others} other samples may rank from the middle of {@code samples} samples: 3.29
     * standard errors, which one number in a thousand exceeds.
     */
    static double tolerance(int samples, int others) {
        return 3.29 * Math.sqrt(0.25 / samples + 0.25 / others);
    }
}
