package dev.fathom.labs.representation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Sequential;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What one hidden layer can approximate and at what width: bumps built by hand, sawtooth and parity by depth, a sine
 * wave with M hidden units, and the many sets of weights that are one function.
 */
public final class ApproximationLab implements Experiment {
    /** The function of Nielsen (2015), chapter 4. */
    static final DoubleUnaryOperator NIELSEN =
            x -> 0.2 + 0.4 * x * x + 0.3 * x * Math.sin(15 * x) + 0.05 * Math.cos(50 * x);

    private static final int TEETH = 8;
    private static final int BITS = 4;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("16 bumps of ReLUs", HandMade.hats(NIELSEN, 16), 1);
    }

    @Override
    public void run(Lab lab) {
        bumps(lab);
        waves(lab);
        parity(lab);
        Sinusoid.show(lab);
        Copies.show(lab);
    }

    private static void bumps(Lab lab) {
        double[] x = grid(4000);
        double[] y = Arrays.stream(x).map(NIELSEN).toArray();
        double slope = 0;
        double curvature = 0;
        for (int i = 1; i < x.length - 1; i++) {
            slope = Math.max(slope, Math.abs(y[i + 1] - y[i - 1]) * 2000);
            curvature = Math.max(curvature, Math.abs(y[i + 1] - 2 * y[i] + y[i - 1]) * 1.6e7);
        }
        Table table = lab.section("Bumps built by hand").table("bumps", "bumps");
        List<Chart> charts = new ArrayList<>();
        for (int n : new int[] {4, 8, 16, 32, 64}) {
            double[] steps = values(HandMade.steps(NIELSEN, n), 1, x);
            double[] hats = values(HandMade.hats(NIELSEN, n), 1, x);
            row(table, n + " bumps of sigmoids", 2 * n, Averages.furthest(steps, y), slope / (2 * n), "max |f'| / 2n");
            double error = Averages.furthest(hats, y);
            row(table, n + " bumps of ReLUs", 3 * n + 3, error, curvature / (8.0 * n * n), "max |f''| / 8n^2");
            if (n == 8 || n == 16) {
                charts.add(chart(n + " bumps of sigmoids", x, y, steps));
                charts.add(chart(n + " bumps of ReLUs", x, y, hats));
            }
        }
        Regions plane = new Regions("A bump of five sigmoids", -2, 2, -2, 2);
        plane.shares(HandMade.answers(HandMade.tower(), 2, plane.places()));
        lab.charts("bumps.png", 2, charts).picture("tower.png", plane::render);
    }

    private static void row(Table table, String name, int units, double error, double bound, String formula) {
        table.row(name)
                .cell("units", units)
                .put("largest error", "%.4f", error)
                .baseline(bound, "bound " + formula)
                .cell("bound", "%.4f", bound)
                .cell("of", formula);
    }

    private static Chart chart(String title, double[] x, double[] y, double[] net) {
        return new Chart(title, "x").line("function", x, y).line("network", x, net);
    }

    /** The places 0, 1/n, 2/n .. 1. */
    private static double[] grid(double n) {
        return IntStream.rangeClosed(0, (int) n).mapToDouble(i -> i / n).toArray();
    }

    private static double[] values(Sequential net, int in, double... x) {
        return Averages.doubles(HandMade.answers(net, in, Averages.floats(x)));
    }

    /**
     * The triangle wave with 2^8 pieces by networks of depth 1 to 8, which are compared with it at four places of each
     * piece.
     */
    private static void waves(Lab lab) {
        int pieces = 1 << TEETH;
        double[] x = grid(4 * pieces);
        double[] y = Arrays.stream(x).map(v -> 1 - Math.abs(v * pieces % 2 - 1)).toArray();
        lab.section("A sawtooth by depth").put("pieces", pieces);
        depths(lab, TEETH, "sawtooth", depth -> Averages.furthest(values(HandMade.wave(1, TEETH, depth), 1, x), y));
        double[] places = grid(512);
        List<Chart> charts = IntStream.of(1, 2, 4)
                .mapToObj(k -> new Chart(line("Depth %d, 2 ReLUs a layer: %d pieces", k, 1 << k), "x")
                        .line("wave", places, values(HandMade.wave(1, k, k), 1, places)))
                .toList();
        lab.charts("sawtooth.png", 3, charts);
    }

    private static void parity(Lab lab) {
        int bits = 1 << BITS;
        double[] x = new double[bits * (1 << bits)];
        double[] y = new double[1 << bits];
        for (int i = 0; i < y.length; i++) {
            y[i] = Integer.bitCount(i) % 2;
            for (int j = 0; j < bits; j++) {
                x[bits * i + j] = i >> j & 1;
            }
        }
        lab.section("Parity by depth").put("bits", bits).put("inputs", y.length).put("odd", y.length / 2);
        depths(lab, BITS, "parity", depth -> Averages.furthest(values(HandMade.wave(bits, BITS, depth), bits, x), y));
    }

    private static void depths(Lab lab, int k, String name, IntToDoubleFunction error) {
        String title = line("%s of %d pieces, ", name, 1 << k);
        Table table = lab.table("depths", "network");
        for (int depth = 1; depth <= k; depth++) {
            int[] widths = HandMade.widths(k, depth);
            int units = Arrays.stream(widths).sum();
            table.row(title + "depth " + depth)
                    .cell("widths", Arrays.toString(widths).replaceAll("[\\[,\\]]", ""))
                    .cell("ReLUs", units)
                    .cell("least width by the bound", HandMade.least(1 << k, depth))
                    .put("largest error", "%.1e", error.applyAsDouble(depth))
                    .baseline(0, "exact");
            lab.figure(title + "ReLUs at depth " + depth, "", units);
        }
    }
}
