package dev.fathom.labs.representation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.representation.Copies.Unit;
import dev.fathom.labs.representation.Sinusoid.Fit;
import dev.fathom.nn.Sequential;
import dev.fathom.view.Chart;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
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
    public void run(Lab lab) {
        bumps(lab);
        waves(lab);
        parity(lab);
        sinusoid(lab);
        copies(lab);
    }

    private static void bumps(Lab lab) {
        double[] x = IntStream.rangeClosed(0, 4000).mapToDouble(i -> i / 4000.0).toArray();
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
            double[] steps = values(HandMade.steps(NIELSEN, n), x);
            double[] hats = values(HandMade.hats(NIELSEN, n), x);
            row(table, n + " bumps of sigmoids", 2 * n, worst(steps, y), slope / (2 * n), "max |f'| / 2n");
            row(table, n + " bumps of ReLUs", 3 * n + 3, worst(hats, y), curvature / (8.0 * n * n), "max |f''| / 8n^2");
            if (n == 8 || n == 16) {
                charts.add(chart(n + " bumps of sigmoids", x, y, steps));
                charts.add(chart(n + " bumps of ReLUs", x, y, hats));
            }
        }
        Regions plane = new Regions("A bump of five sigmoids", -2, 2, -2, 2);
        plane.shares(HandMade.answers(HandMade.tower(), 2, plane.places()));
        lab.picture("bumps.png", () -> Chart.panels(2, charts)).picture("tower.png", plane::render);
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

    private static double[] values(Sequential net, double... x) {
        return Averages.doubles(HandMade.answers(net, 1, Averages.floats(x)));
    }

    private static double worst(double[] values, double[] y) {
        return IntStream.range(0, y.length)
                .mapToDouble(i -> Math.abs(values[i] - y[i]))
                .max()
                .orElseThrow();
    }

    /**
     * The triangle wave with 2^8 pieces by networks of depth 1 to 8, which are compared with it at four places of each
     * piece.
     */
    private static void waves(Lab lab) {
        int pieces = 1 << TEETH;
        double[] x = IntStream.rangeClosed(0, 4 * pieces)
                .mapToDouble(i -> i / (4.0 * pieces))
                .toArray();
        double[] y = Arrays.stream(x).map(v -> 1 - Math.abs(v * pieces % 2 - 1)).toArray();
        lab.section("A sawtooth by depth").put("pieces", pieces);
        depths(lab, TEETH, "sawtooth", depth -> worst(values(HandMade.wave(1, TEETH, depth), x), y));
        double[] places =
                IntStream.rangeClosed(0, 512).mapToDouble(i -> i / 512.0).toArray();
        List<Chart> charts = IntStream.of(1, 2, 4)
                .mapToObj(k -> new Chart(line("Depth %d, 2 ReLUs a layer: %d pieces", k, 1 << k), "x")
                        .line("wave", places, values(HandMade.wave(1, k, k), places)))
                .toList();
        lab.picture("sawtooth.png", () -> Chart.panels(3, charts));
    }

    private static void parity(Lab lab) {
        int bits = 1 << BITS;
        float[] x = new float[bits * (1 << bits)];
        double[] y = new double[1 << bits];
        for (int i = 0; i < y.length; i++) {
            y[i] = Integer.bitCount(i) % 2;
            for (int j = 0; j < bits; j++) {
                x[bits * i + j] = i >> j & 1;
            }
        }
        lab.section("Parity by depth").put("bits", bits).put("inputs", y.length).put("odd", y.length / 2);
        depths(
                lab,
                BITS,
                "parity",
                depth -> worst(Averages.doubles(HandMade.answers(HandMade.wave(bits, BITS, depth), bits, x)), y));
    }

    private static void depths(Lab lab, int k, String name, IntToDoubleFunction error) {
        String title = line("%s of %d pieces, ", name, 1 << k);
        Table table = lab.table("depths", "network");
        for (int depth = 1; depth <= k; depth++) {
            int[] widths = HandMade.widths(k, depth);
            int units = Arrays.stream(widths).sum();
            table.row(title + "depth " + depth)
                    .cell(
                            "widths",
                            Arrays.stream(widths).mapToObj(Integer::toString).collect(Collectors.joining(" ")))
                    .cell("ReLUs", units)
                    .cell("least width by the bound", least(1 << k, depth))
                    .put("largest error", "%.1e", error.applyAsDouble(depth))
                    .baseline(0, "exact");
            lab.figure(title + "ReLUs at depth " + depth, "", units);
        }
    }

    /** The least w with (w + 1)^depth of at least {@code pieces}. */
    static int least(int pieces, int depth) {
        return IntStream.iterate(1, w -> w + 1)
                .filter(w -> Math.pow(w + 1.0, depth) >= pieces)
                .findFirst()
                .orElseThrow();
    }

    private static void sinusoid(Lab lab) {
        int draws = lab.of(20, 6);
        int starts = lab.of(10, 5);
        int steps = lab.epochs(10_000, 2000);
        Sinusoid problem = Sinusoid.draw(draws, lab.rng("sinusoid"));
        double[] wave = Arrays.stream(Sinusoid.GRID).map(Sinusoid::wave).toArray();
        double zero = Sinusoid.rootMeanSquare(wave, new double[wave.length]);
        lab.section("A sine wave with M hidden units")
                .put("draws", draws)
                .put("starts", starts)
                .put("steps", steps);
        lab.put("points", Sinusoid.POINTS).put("noise", Sinusoid.NOISE).put("zero", zero);
        Table table = lab.table("fits", "units").named("sine wave, {row}, {column}");
        List<Chart> charts = new ArrayList<>();
        int[] units = lab.of(new int[] {1, 2, 3, 5, 10, 20, 50}, new int[] {1, 3, 10});
        for (int m : units) {
            Fit fit = problem.fit(lab, m, starts, steps);
            table.row("M = " + m)
                    .cell("parameters", 3 * m + 1)
                    .put("training error", "%.2g", Averages.median(fit.training()))
                    .put("test error", "%.4f", Averages.median(fit.test()))
                    .baseline(zero, "the answer 0");
            charts.add(new Chart("M = " + m, "x")
                    .line("fit", Sinusoid.GRID, fit.fit())
                    .points("points", Averages.doubles(problem.x()[0]), Averages.doubles(problem.y()[0]))
                    .dashed("wave", Sinusoid.GRID, wave)
                    .range(-1.8, 1.8));
        }
        lab.picture("sinusoid.png", () -> Chart.panels(3, charts));
        double[] training = table.values("training error");
        double[] test = table.values("test error");
        int last = units.length - 1;
        double least = Arrays.stream(test).min().orElseThrow();
        int best = Arrays.stream(test).boxed().toList().indexOf(least);
        lab.figure("sine wave, M of the least test error", "", units[best]);
        lab.put("narrow", test[0] / least).put("wide", test[last] / least).put("most", units[last]);
        lab.put("first", training[0]).put("last", training[last]);
    }

    private static void copies(Lab lab) {
        int nets = lab.of(1000, 150);
        int steps = lab.epochs(20_000, 4000);
        Copies copies = Copies.find(lab, nets, steps);
        int found = copies.solved().size();
        lab.section("Many equal solutions")
                .put("nets", nets)
                .put("steps", steps)
                .put("found", found);
        lab.put("copies", Copies.COPIES).put("different", copies.different()).put("expected", copies.expected());
        lab.put("some", found > 0).put("one", found > 0 && copies.furthest() < 0.1);
        lab.figure(Figure.of("copies of one function found", "of " + Copies.COPIES, (double) copies.different())
                .baseline(copies.expected(), "expected if all are equally likely"));
        if (found > 0) {
            lab.figure("largest difference of a weight after ordering", "", copies.furthest());
            List<Regions> planes = List.of(
                    units("As they were found", copies, units -> units),
                    units("After ordering", copies, Copies::canonical));
            lab.picture("copies.png", () -> Regions.sheet(2, planes));
        }
    }

    private static Regions units(String title, Copies copies, UnaryOperator<List<Unit>> order) {
        Regions plane = new Regions(title, -4, 4, -4, 4);
        for (int i = 0; i < 3; i++) {
            int unit = i;
            List<Unit> all = copies.solved().stream()
                    .map(units -> order.apply(units).get(unit))
                    .toList();
            plane.points(i, new double[][] {
                all.stream().mapToDouble(u -> u.v() + 0.12 * unit).toArray(),
                all.stream().mapToDouble(Unit::b).toArray()
            });
        }
        return plane;
    }
}
