package dev.fathom.features;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A density p(x) = the mean over centers c of N(x; c, width^2 I), that is estimated from examples (Parzen 1962). Under
 * samples of a generative model as the centers, the log-density of a test set is a measure of the model (Goodfellow et
 * al. 2014): the best width is the one under which examples that are held out are likeliest.
 *
 * <p>The density is computed in single precision.
 *
 * @param centers the numbers of all centers, one center behind the other
 * @param dimensions the numbers of one center
 * @param width the deviation of each Gaussian
 */
public record ParzenWindow(float[] centers, int dimensions, double width) {
    /** How many examples meet all centers at once, which bounds the memory. */
    private static final int CHUNK = 1000;

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if there are no whole centers, or the width is not above 0 and finite
     */
    public ParzenWindow {
        rows(centers, dimensions);
        Checks.positive("parzen_window", "width", width);
    }

    private static int rows(float[] numbers, int dimensions) {
        if (dimensions < 1 || numbers.length == 0 || numbers.length % dimensions != 0) {
            throw new IllegalArgumentException("parzen_window: " + numbers.length + " numbers are not whole rows of "
                    + dimensions + "; give all numbers of each");
        }
        return numbers.length / dimensions;
    }

    /**
     * Returns log p(x) of each example, in nats.
     *
     * @param x the numbers of all examples, one behind the other
     * @throws IllegalArgumentException if there are no whole examples
     */
    public double[] logDensity(float... x) {
        double[] all = new double[rows(x, dimensions)];
        for (int from = 0; from < all.length; from += CHUNK) {
            int to = Math.min(all.length, from + CHUNK);
            double[] some = densities(Arrays.copyOfRange(x, from * dimensions, to * dimensions));
            System.arraycopy(some, 0, all, from, some.length);
        }
        return all;
    }

    private double[] densities(float[] x) {
        int n = rows(centers, dimensions);
        double scale = Math.log(n) + dimensions * Math.log(width * Math.sqrt(2 * Math.PI));
        try (Pass pass = Pass.infer()) {
            Tensor of = Tensor.of(x, rows(x, dimensions), dimensions);
            Tensor c = Tensor.of(centers, n, dimensions);
            Tensor norms = of.square().sum(1).unsqueeze(1).add(c.square().sum(1));
            Tensor squares = norms.sub(of.matmulTransposed(c).mul(2));
            float[] sums =
                    squares.mul((float) (-0.5 / (width * width))).logSumExp(1).toArray();
            return IntStream.range(0, sums.length)
                    .mapToDouble(i -> sums[i] - scale)
                    .toArray();
        }
    }
}
