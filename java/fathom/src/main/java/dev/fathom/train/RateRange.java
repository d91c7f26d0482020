package dev.fathom.train;

import dev.fathom.data.Batches;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The loss at each learning rate of a range test (Smith 2017), which {@link Trainer#findRate} makes. {@link #curve} is
 * its plot, with the rates on a logarithmic axis: the loss stays, falls, and then rises.
 */
public final class RateRange {
    /** How much of the smoothed loss stays at each step. */
    private static final double SMOOTHING = 0.9;

    private static final double DIVERGED = 4;

    private final double[] rates;
    private final double[] losses;
    private final double[] smoothed;

    /** Of points with a rate, its loss and the smoothed loss. */
    private RateRange(List<double[]> points) {
        rates = points.stream().mapToDouble(p -> p[0]).toArray();
        losses = points.stream().mapToDouble(p -> p[1]).toArray();
        smoothed = points.stream().mapToDouble(p -> p[2]).toArray();
    }

    /** Trains a copy. */
    static <M extends Net> RateRange find(Trainer<M> trainer, Batches train, int steps, double from, double to) {
        List<double[]> points = new ArrayList<>();
        double mean = 0;
        double least = Double.POSITIVE_INFINITY;
        Rng rng = new Rng(trainer.seed).split("trainer");
        try (Rehearsal<M> copy = new Rehearsal<>(trainer, train, 1, true)) {
            for (int n = 0; n < steps; n++) {
                Rng drawn = rng.split(n);
                double rate = from * Math.pow(to / from, n / (steps - 1.0));
                double loss = copy.loss(n, () -> Pass.train(drawn.split(0)), batch -> batch);
                mean = SMOOTHING * mean + (1 - SMOOTHING) * loss;
                double smoothed = mean / (1 - Math.pow(SMOOTHING, n + 1.0));
                if (!Double.isFinite(loss)) {
                    break;
                }
                least = Math.min(least, smoothed);
                points.add(new double[] {rate, loss, smoothed});
                if (smoothed > DIVERGED * least) {
                    break;
                }
                copy.step((float) rate);
            }
        } catch (ArithmeticException e) {
            // the norm of the gradients is not finite: the end of the range
        }
        return new RateRange(points);
    }

    /** Returns the learning rates, ascending; the last is the one where the test ended. */
    public double[] rates() {
        return rates.clone();
    }

    /** Returns the loss of the batch of each rate, before the step with that rate. */
    public double[] losses() {
        return losses.clone();
    }

    /** Returns the losses as a moving average with factor 0.9 and bias correction. */
    public double[] smoothed() {
        return smoothed.clone();
    }

    /** Returns the curve as plots take it: the rates and the smoothed losses. */
    public double[][] curve() {
        return new double[][] {rates(), smoothed()};
    }

    /** Returns the rate at which the smoothed loss was least; NaN if not even the first loss was finite. */
    public double minimum() {
        return rates.length == 0 ? Double.NaN : rates[lowest()];
    }

    private int lowest() {
        int lowest = 0;
        for (int i = 1; i < smoothed.length; i++) {
            lowest = smoothed[i] < smoothed[lowest] ? i : lowest;
        }
        return lowest;
    }

    /**
     * Returns a rate to train with: the one at which the smoothed loss fell fastest, per factor of the rate, on the way
     * to its minimum. NaN if it fell nowhere; then try rates further down, or look for a mistake in the set-up with
     * {@link Trainer#check}.
     */
    public double suggestion() {
        double steepest = 0;
        double rate = Double.NaN;
        int last = rates.length == 0 ? 0 : lowest();
        for (int i = 1; i <= last; i++) {
            double slope = (smoothed[i] - smoothed[i - 1]) / Math.log(rates[i] / rates[i - 1]);
            if (slope < steepest) {
                steepest = slope;
                rate = rates[i];
            }
        }
        return rate;
    }

    /** Returns the suggestion and the minimum. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "RateRange[%d rates, loss least at %.3g, falls fastest at %.3g]",
                rates.length,
                minimum(),
                suggestion());
    }
}
