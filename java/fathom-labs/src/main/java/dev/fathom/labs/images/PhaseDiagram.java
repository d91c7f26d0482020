package dev.fathom.labs.images;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nets.MeanField;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.PlanePlot;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The phases of wide tanh networks over the deviations σ_w of weights and σ_b of biases, with a row of points for each
 * σ_b from 0 up, and σ_w from left to right. In the ordered phase a layer shrinks the squares of gradients, in the
 * chaotic one it stretches them.
 *
 * @param side points of the grid in each direction
 * @param theory the factor χ by which a layer multiplies the squares of gradients in theory
 * @param factors the measured factors
 * @param correlations what the correlations of different inputs have become in the last layer
 */
record PhaseDiagram(int side, double[] theory, double[] factors, double[] correlations) {
    private static final double LEFT = 0.5;
    private static final double RIGHT = 2.5;
    private static final int FROM = 20; // the layer at which variances have come to rest
    private static final int TO = 40;
    private static final int INPUTS = 4;
    private static final double DEEPEST = 30; // of what is drawn

    /** Puts measured phases beside those of the theory into the section that is open. */
    static void show(Lab lab) {
        int width = lab.of(400, 250);
        PhaseDiagram phases = measured(lab.of(25, 13), width, lab.seed());
        double scatter = 1 / Math.sqrt(width);
        double[] theory = phases.theory();
        double clear = 100 * Averages.share(theory.length, i -> Math.abs(theory[i] - 1) > scatter);
        double right = 100 * Averages.share(theory.length, i -> phases.factors()[i] > 1 == theory[i] > 1);
        double ordered = phases.correlation(false);
        lab.put("width", width)
                .put("points", theory.length)
                .put("scatter", 100 * scatter)
                .put("clear", clear)
                .figure("Points whose phase is that of the theory", "%", right)
                .baseline(clear, "points further from the critical line than layers of this width scatter")
                .figure("Median deviation of χ from the theory", "%", 100 * Averages.median(phases.deviations()))
                .baseline(100 * scatter, "1 / sqrt(width)")
                .figure("Correlation of inputs in the ordered phase", "", ordered)
                .baseline(1, "theory of infinitely wide layers")
                .figure("Correlation of inputs in the chaotic phase", "", phases.correlation(true))
                .baseline(ordered, "the ordered phase")
                .picture("theory.png", () -> phases.depths("Depth of signals in theory", theory))
                .picture("measured.png", () -> phases.depths("Depth of signals, measured", phases.factors()))
                .picture(
                        "correlations.png", // in percent, without the rounding of numbers near 1
                        () -> phases.draw(
                                "Correlation of inputs after 40 layers",
                                phases.correlations(),
                                c -> Math.round(100 * c)));
    }

    /**
     * Measures all points in one pass. Every point has four rows in a batch, and the same random numbers as weights and
     * biases, which its deviations multiply: h' = tanh(σ_w h W / sqrt(width) + σ_b b).
     */
    static PhaseDiagram measured(int side, int width, long seed) {
        int points = side * side;
        int rows = points * INPUTS;
        double[] theory = new double[points];
        float[] weights = new float[rows];
        float[] biases = new float[rows];
        for (int i = 0; i < points; i++) {
            double weight = LEFT + (RIGHT - LEFT) * (i % side) / (side - 1);
            int row = i / side;
            double bias = row / (side - 1.0);
            MeanField field = new MeanField(weight * weight, bias * bias);
            theory[i] = field.chi(field.fixedPoint());
            Arrays.fill(weights, i * INPUTS, (i + 1) * INPUTS, (float) (weight / Math.sqrt(width)));
            Arrays.fill(biases, i * INPUTS, (i + 1) * INPUTS, (float) bias);
        }
        try (Pass pass = Pass.grad(new Rng(seed))) {
            Tensor scale = Tensor.of(weights, rows, 1);
            Tensor shift = Tensor.of(biases, rows, 1);
            Tensor h = pass.randn(INPUTS, width).expand(points, INPUTS, width).reshape(rows, width);
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
            Tensor direction = pass.randn(rows, width);
            pass.backward(last.mul(direction).sum(), first);
            double[] before = squares(Objects.requireNonNull(pass.gradient(first)));
            double[] after = squares(direction);
            Tensor unit = last.div(last.norm(1).unsqueeze(1)).reshape(points, INPUTS, width);
            // the cosines of all pairs, each input with itself among them
            float[] cosines = unit.sum(1).square().sum(1).toArray();
            return new PhaseDiagram(
                    side,
                    theory,
                    Averages.each(points, i -> Math.pow(before[i] / after[i], 1.0 / (TO - FROM))),
                    Averages.each(points, i -> (cosines[i] - INPUTS) / (INPUTS * (INPUTS - 1.0))));
        }
    }

    /** The sum of squares of each point's rows. */
    private static double[] squares(Tensor x) {
        float[] rows = x.square().sum(1).toArray();
        return Averages.each(
                rows.length / INPUTS,
                i -> IntStream.range(0, INPUTS)
                        .mapToDouble(k -> rows[i * INPUTS + k])
                        .sum());
    }

    /** How far each measured factor is from the theory, as a share of the theory. */
    double[] deviations() {
        return Averages.each(theory.length, i -> Math.abs(factors[i] / theory[i] - 1));
    }

    /** The mean correlation over the points with biases that lie in a phase by theory. */
    double correlation(boolean chaotic) {
        return IntStream.range(side, theory.length)
                .filter(i -> theory[i] > 1 == chaotic)
                .mapToDouble(i -> correlations[i])
                .average()
                .orElseThrow();
    }

    /** Contours of the depth 1 / |ln χ| over which gradients change by a factor of e, below the critical line. */
    BufferedImage depths(String title, double... chi) {
        return draw(title, chi, x -> Math.min(DEEPEST, 1 / Math.abs(Math.log(x))));
    }

    /** Contours of values, and the critical line. */
    BufferedImage draw(String title, double[] values, DoubleUnaryOperator shown) {
        double[][] line = IntStream.rangeClosed(-60, 20)
                .mapToObj(i -> MeanField.critical(Math.pow(10, i / 15.0)))
                .map(f -> new double[] {Math.sqrt(f.weightVariance()), Math.sqrt(f.biasVariance())})
                .filter(p -> p[0] <= RIGHT && p[1] <= 1)
                .toArray(double[][]::new);
        double[] drawn = Arrays.stream(values).map(shown).toArray();
        return new PlanePlot(title, LEFT, RIGHT, 0, 1)
                .axes("σ_w", "σ_b")
                .contours(IntStream.range(0, side)
                        .mapToObj(row -> Arrays.copyOfRange(drawn, row * side, (row + 1) * side))
                        .toArray(double[][]::new))
                .path(
                        "critical line",
                        Arrays.stream(line).mapToDouble(p -> p[0]).toArray(),
                        Arrays.stream(line).mapToDouble(p -> p[1]).toArray())
                .render();
    }
}
