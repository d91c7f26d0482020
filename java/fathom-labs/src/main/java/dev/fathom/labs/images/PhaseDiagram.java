package dev.fathom.labs.images;

import dev.fathom.nn.MeanField;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.PlanePlot;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The phases of wide tanh networks over the deviations σ_w of weights and σ_b of biases, by theory and measured. In the
 * ordered phase a layer shrinks the squares of gradients, in the chaotic one it stretches them, by χ in theory.
 *
 * @param side points of the grid in each direction
 * @param factors measured, by which a layer multiplies the squares of gradients: a row for each σ_b from 0 up, with σ_w
 *     from left to right
 * @param correlations measured, of what different inputs have become in the last layer
 */
record PhaseDiagram(int side, double[][] factors, double[][] correlations) {
    private static final double LEFT = 0.5;
    private static final double RIGHT = 2.5;
    private static final double TOP = 1.0;
    /** The layers between which gradients are compared: variances have come to rest at the first. */
    private static final int FROM = 20;

    private static final int TO = 40;
    private static final int INPUTS = 4;
    /** The largest depth that is drawn. */
    private static final double MOST = 30;

    /**
     * Measures all points in one pass. Every point has {@link #INPUTS} rows in a batch, and the same random numbers as
     * weights and biases, which its deviations multiply: h' = tanh(σ_w h W / sqrt(width) + σ_b b).
     */
    static PhaseDiagram measured(int side, int width, long seed) {
        int points = side * side;
        float[] weights = new float[points * INPUTS];
        float[] biases = new float[points * INPUTS];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (across(side, i / INPUTS % side) / Math.sqrt(width));
            biases[i] = (float) upward(side, i / INPUTS / side);
        }
        try (Pass pass = Pass.grad(new Rng(seed))) {
            Tensor scale = Tensor.of(weights, weights.length, 1);
            Tensor shift = Tensor.of(biases, biases.length, 1);
            Tensor h = pass.randn(INPUTS, width).expand(points, INPUTS, width).reshape(points * INPUTS, width);
            Tensor first = h;
            Tensor last = h;
            for (int layer = 1; layer <= TO; layer++) {
                Tensor w = pass.randn(width, width);
                Tensor b = pass.randn(1, width);
                last = h.matmul(w).mul(scale).add(b.mul(shift));
                if (layer == FROM) {
                    first = pass.watch(last);
                    last = first;
                }
                h = last.tanh();
            }
            Tensor direction = pass.randn(weights.length, width);
            pass.backward(last.mul(direction).sum(), first);
            Tensor back = Objects.requireNonNull(pass.gradient(first), "the last layer depends on the first");
            double[] before = squares(back);
            double[] after = squares(direction);
            double[][] factors = grid(side, i -> Math.pow(before[i] / after[i], 1.0 / (TO - FROM)));
            Tensor unit = last.div(last.norm(1).unsqueeze(1)).reshape(points, INPUTS, width);
            float[] sums = unit.sum(1)
                    .square()
                    .sum(1)
                    .toArray(); // of the cosines of all pairs, each input with itself among them
            return new PhaseDiagram(side, factors, grid(side, i -> (sums[i] - INPUTS) / (INPUTS * (INPUTS - 1.0))));
        }
    }

    private static double across(int side, int column) {
        return LEFT + (RIGHT - LEFT) * column / (side - 1);
    }

    private static double upward(int side, int row) {
        return TOP * row / (side - 1);
    }

    /** The sum of squares of each point's rows. */
    private static double[] squares(Tensor x) {
        float[] rows = x.square().sum(1).toArray();
        double[] sums = new double[rows.length / INPUTS];
        for (int i = 0; i < rows.length; i++) {
            sums[i / INPUTS] += rows[i];
        }
        return sums;
    }

    private static double[][] grid(int side, IntToDoubleFunction value) {
        return IntStream.range(0, side)
                .mapToObj(row -> IntStream.range(row * side, (row + 1) * side)
                        .mapToDouble(value)
                        .toArray())
                .toArray(double[][]::new);
    }

    private static MeanField field(double weight, double bias) {
        return new MeanField(weight * weight, bias * bias);
    }

    /** χ at the variance at which signals come to rest. */
    private static double chi(MeanField field) {
        return field.chi(field.fixedPoint());
    }

    /** The theory of {@link #factors}. */
    double[][] theory() {
        return grid(side, i -> chi(field(across(side, i % side), upward(side, i / side))));
    }

    /** How far the measured factors are from the theory, by point, as shares of the theory. */
    double[] deviations() {
        double[][] theory = theory();
        return IntStream.range(0, side * side)
                .mapToDouble(i -> Math.abs(factors[i / side][i % side] / theory[i / side][i % side] - 1))
                .toArray();
    }

    /** The share of points at which the measured phase is that of the theory. */
    double agreement() {
        double[][] theory = theory();
        return IntStream.range(0, side * side)
                .mapToDouble(i -> factors[i / side][i % side] > 1 == theory[i / side][i % side] > 1 ? 1 : 0)
                .average()
                .orElseThrow();
    }

    /**
     * The share of points whose factor is further from 1 than {@code scatter} by theory, so that their phase is clear.
     */
    double clear(double scatter) {
        return Arrays.stream(theory())
                .flatMapToDouble(Arrays::stream)
                .map(chi -> Math.abs(chi - 1) > scatter ? 1 : 0)
                .average()
                .orElseThrow();
    }

    /** The mean of {@link #correlations} over the points with biases that lie in a phase by theory. */
    double correlation(boolean chaotic) {
        double[][] theory = theory();
        return IntStream.range(side, side * side)
                .filter(i -> theory[i / side][i % side] > 1 == chaotic)
                .mapToDouble(i -> correlations[i / side][i % side])
                .average()
                .orElseThrow();
    }

    /** Contours of the depth 1 / |ln χ| over which gradients change by a factor of e, below the critical line. */
    static BufferedImage depths(String title, double[][] factors) {
        return draw(title, factors, chi -> Math.min(MOST, 1 / Math.abs(Math.log(chi))));
    }

    /** Contours of the correlations. */
    BufferedImage correlations(String title) {
        return draw(title, correlations, c -> Math.round(100 * c)); // without the rounding of numbers near 1
    }

    private static BufferedImage draw(String title, double[][] values, DoubleUnaryOperator shown) {
        double[][] line = IntStream.rangeClosed(-60, 20)
                .mapToObj(i -> MeanField.critical(Math.pow(10, i / 15.0)))
                .map(f -> new double[] {Math.sqrt(f.weightVariance()), Math.sqrt(f.biasVariance())})
                .filter(p -> p[0] <= RIGHT && p[1] <= TOP)
                .toArray(double[][]::new);
        return new PlanePlot(title, LEFT, RIGHT, 0, TOP)
                .axes("σ_w", "σ_b")
                .contours(Arrays.stream(values)
                        .map(row -> Arrays.stream(row).map(shown).toArray())
                        .toArray(double[][]::new))
                .path(
                        "critical line",
                        Arrays.stream(line).mapToDouble(p -> p[0]).toArray(),
                        Arrays.stream(line).mapToDouble(p -> p[1]).toArray())
                .render();
    }
}
