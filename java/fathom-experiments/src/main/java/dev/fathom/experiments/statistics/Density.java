package dev.fathom.experiments.statistics;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * A mixture of Gaussians of one deviation on a line, each with the same share. Integrals are sums over a fine grid from
 * -12 to 12.
 */
public record Density(double deviation, double... means) {
    private static final int GRID = 4801;
    private static final double END = 12;

    /** One Gaussian. */
    public static Density normal(double mean, double deviation) {
        return new Density(deviation, mean);
    }

    /** Two Gaussians at {@code -mean} and {@code mean}. */
    public static Density pair(double mean, double deviation) {
        return new Density(deviation, -mean, mean);
    }

    /** Its name, such as {@code N(±2, 0.5²)}. */
    public String name() {
        String mean = (means.length == 2 ? "±" : "") + text(means[means.length - 1]);
        return "N(" + mean + ", " + text(deviation) + "²)";
    }

    private static String text(double value) {
        return value == Math.rint(value) ? Integer.toString((int) value) : Double.toString(value);
    }

    /** p(x). */
    public double at(double x) {
        double sum = 0;
        for (double mean : means) {
            double z = (x - mean) / deviation;
            sum += Math.exp(-z * z / 2) / (deviation * Math.sqrt(2 * Math.PI));
        }
        return sum / means.length;
    }

    /** Independent draws. */
    public float[] sample(int n, Rng rng) {
        float[] x = rng.normal(n, 0, 1);
        int[] which = rng.ints(n, means.length);
        for (int i = 0; i < n; i++) {
            x[i] = (float) (means[which[i]] + deviation * x[i]);
        }
        return x;
    }

    /** JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2, in nats. */
    public static double jensenShannon(Density p, Density q) {
        return integral(x -> (relative(p.at(x), q.at(x)) + relative(q.at(x), p.at(x))) / 2);
    }

    /** p log(p / m), which is 0 where p is. */
    private static double relative(double p, double q) {
        return p == 0 ? 0 : p * Math.log(2 * p / (p + q));
    }

    /** The Wasserstein distance of first order: the area between the two distribution functions. */
    public static double wasserstein(Density p, Density q) {
        double[] gap = {0};
        return integral(x -> {
            gap[0] += (p.at(x) - q.at(x)) * 2 * END / (GRID - 1);
            return Math.abs(gap[0]);
        });
    }

    /** The Wasserstein distance of two samples of one size: the mean distance between their sorted numbers. */
    public static double wasserstein(float[] a, float[] b) {
        if (a.length != b.length || a.length == 0) {
            throw new IllegalArgumentException(
                    "wasserstein: samples of " + a.length + " and " + b.length + " numbers; give two of one size");
        }
        float[] x = a.clone();
        float[] y = b.clone();
        Arrays.sort(x);
        Arrays.sort(y);
        return IntStream.range(0, x.length)
                .mapToDouble(i -> Math.abs((double) x[i] - y[i]))
                .average()
                .orElseThrow();
    }

    /**
     * The Wasserstein distance of two samples of few points in the plane, [n, 2]: the least mean distance over all ways
     * to pair them.
     */
    public static double paired(float[] a, float[] b) {
        return 2 * paired(a, b, 0, 0) / a.length;
    }

    /** The least sum for the points of {@code a} from one on, with those of {@code b} whose bits are not taken. */
    private static double paired(float[] a, float[] b, int i, int taken) {
        if (2 * i == a.length) {
            return 0;
        }
        double least = Double.POSITIVE_INFINITY;
        for (int j = 0; j < a.length / 2; j++) {
            if ((taken >> j & 1) == 0) {
                double distance = Math.hypot(a[2 * i] - b[2 * j], a[2 * i + 1] - b[2 * j + 1]);
                least = Math.min(least, distance + paired(a, b, i + 1, taken | 1 << j));
            }
        }
        return least;
    }

    private static double integral(DoubleUnaryOperator f) {
        double step = 2 * END / (GRID - 1);
        IntStream grid = IntStream.range(0, GRID);
        return step * grid.mapToDouble(i -> f.applyAsDouble(-END + i * step)).sum();
    }
}
