package dev.fathom.plan;

import dev.fathom.op.Shape;
import java.util.Locale;

/**
 * A plan with {@linkplain Plan#quantize weights of fewer bytes}, and how its first output differs on a sample from that
 * of the plan it was made of.
 *
 * @param plan what was made, which the caller closes
 * @param as how its weights are stored
 * @param bytesBefore of all weights of the other plan
 * @param bytes of all weights of this one
 * @param largestDifference of two numbers of the outputs
 * @param meanDifference of the numbers of the outputs, without sign
 * @param rows of the output, each along its last dimension
 * @param agreement the share of the rows whose largest number is in the same place, such as the class that is predicted
 */
public record Quantized(
        Plan plan,
        Quantization as,
        long bytesBefore,
        long bytes,
        double largestDifference,
        double meanDifference,
        int rows,
        double agreement) {
    static Quantized of(Quantization as, Plan before, Plan plan, float[]... sample) {
        Predictor.Prediction expected = before.predictor.predict(sample);
        float[] wide = expected.values();
        float[] narrow = plan.predict(sample);
        Shape shape = expected.shape();
        int width = shape.rank() == 0 ? 1 : Math.max(1, shape.dim(-1));
        int rows = wide.length / width;
        double largest = 0;
        double sum = 0;
        int same = 0;
        for (int row = 0; row < rows; row++) {
            int best = row * width;
            int bestNow = best;
            for (int i = row * width; i < (row + 1) * width; i++) {
                double difference = Math.abs((double) wide[i] - narrow[i]);
                largest = Math.max(largest, difference);
                sum += difference;
                best = wide[i] > wide[best] ? i : best;
                bestNow = narrow[i] > narrow[bestNow] ? i : bestNow;
            }
            same += best == bestNow ? 1 : 0;
        }
        return new Quantized(
                plan,
                as,
                bytes(before),
                bytes(plan),
                largest,
                sum / Math.max(1, wide.length),
                rows,
                rows == 0 ? 1 : (double) same / rows);
    }

    private static long bytes(Plan plan) {
        return plan.weights().stream()
                .mapToLong(c -> PlanFile.bytes(plan.calls.graph(), c))
                .sum();
    }

    /** Returns in one line how many bytes the weights have, and how much the outputs differ. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s: %.2f MB of weights instead of %.2f (%.0f %%); on %d rows, outputs differ by %.2g at most and"
                        + " %.2g in the mean, and the largest is in the same place in %.1f %%",
                as,
                bytes / 1e6,
                bytesBefore / 1e6,
                100.0 * bytes / bytesBefore,
                rows,
                largestDifference,
                meanDifference,
                100 * agreement);
    }
}
