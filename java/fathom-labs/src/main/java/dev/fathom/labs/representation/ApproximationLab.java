package dev.fathom.labs.representation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.representation.Copies.Unit;
import dev.fathom.labs.representation.Sinusoid.Fit;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Rng;
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
import org.jspecify.annotations.Nullable;

/**
 * What one hidden layer can approximate and at what width: bumps built by hand, sawtooth and parity by depth, a sine
 * wave with M hidden units, and the many sets of weights that are one function.
 */
public final class ApproximationLab implements OldExperiment {
    /** The function of Nielsen (2015), chapter 4. */
    static final DoubleUnaryOperator NIELSEN =
            x -> 0.2 + 0.4 * x * x + 0.3 * x * Math.sin(15 * x) + 0.05 * Math.cos(50 * x);

    private static final int[] BUMPS = {4, 8, 16, 32, 64};
    private static final int TEETH = 8;
    private static final int BITS = 4;
    private static final int[] UNITS = {1, 2, 3, 5, 10, 20, 50};
    private static final int[] BRIEF_UNITS = {1, 3, 10};

    @Override
    public String name() {
        return "approximation";
    }

    @Override
    public Findings run(LabRun run) {
        Findings page = run.page("Lab approximation", "Functions of one variable, and all inputs of 16 bits");
        bumps(page);
        waves(page);
        parity(page);
        return sinusoid(page, run) && copies(page, run) ? page.finished() : page;
    }

    private static void bumps(Findings page) {
        double[] x = IntStream.rangeClosed(0, 4000).mapToDouble(i -> i / 4000.0).toArray();
        double[] y = Arrays.stream(x).map(NIELSEN).toArray();
        double slope = 0;
        double curvature = 0;
        for (int i = 1; i < x.length - 1; i++) {
            slope = Math.max(slope, Math.abs(y[i + 1] - y[i - 1]) * 2000);
            curvature = Math.max(curvature, Math.abs(y[i + 1] - 2 * y[i] + y[i - 1]) * 1.6e7);
        }
        List<List<String>> rows = new ArrayList<>();
        for (int n : BUMPS) {
            double steps = worst(HandMade.steps(NIELSEN, n), x, y);
            double hats = worst(HandMade.hats(NIELSEN, n), x, y);
            double stepBound = slope / (2 * n);
            double hatBound = curvature / (8.0 * n * n);
            rows.add(List.of(
                    Integer.toString(n),
                    Integer.toString(2 * n),
                    line("%.4f", steps),
                    line("%.4f", stepBound),
                    Integer.toString(3 * n + 3),
                    line("%.4f", hats),
                    line("%.4f", hatBound)));
            page.figure(Figure.of(line("%d bumps of sigmoids, largest error", n), "", steps)
                            .baseline(stepBound, "bound max |f'| / 2n"))
                    .figure(Figure.of(line("%d bumps of ReLUs, largest error", n), "", hats)
                            .baseline(hatBound, "bound max |f''| / 8n^2"));
        }
        page.section("Bumps built by hand", "")
                .text("Two steep sigmoids make a bump, and bumps side by side make any continuous function: "
                        + "this is why one hidden layer is enough. The "
                        + "function 0.2 + 0.4 x^2 + 0.3 x sin(15x) + 0.05 cos(50x) is that of Nielsen "
                        + "(2015). With n bumps of sigmoids the error "
                        + "falls like 1/n; hats of three ReLUs join their tops by lines, and their error "
                        + "falls like 1/n^2. No weight is learned "
                        + "here.")
                .table(
                        List.of(
                                "bumps n",
                                "sigmoids",
                                "largest error",
                                "bound max |f'| / 2n",
                                "ReLUs",
                                "largest error",
                                "bound max |f''| / 8n^2"),
                        rows)
                .picture(
                        "bumps.png",
                        "The function and its approximations by 8 and 16 bumps of sigmoids and of ReLUs",
                        () -> {
                            List<Chart> charts = new ArrayList<>();
                            for (int n : new int[] {8, 16}) {
                                charts.add(chart(n + " bumps of sigmoids", x, y, HandMade.steps(NIELSEN, n)));
                                charts.add(chart(n + " bumps of ReLUs", x, y, HandMade.hats(NIELSEN, n)));
                            }
                            return Chart.panels(2, charts);
                        })
                .text("In the plane four sigmoids make a bump: each says on which side of an edge a place lies, "
                        + "and a fifth says whether all four agree.")
                .picture("tower.png", "A bump over a square, of four sigmoids and a fifth", () -> {
                    Regions plane = new Regions("A bump of five sigmoids", -2, 2, -2, 2);
                    return plane.shares(HandMade.answers(HandMade.tower(), 2, plane.places()))
                            .render();
                });
    }

    private static Chart chart(String title, double[] x, double[] y, Sequential net) {
        return new Chart(title, "x").line("function", x, y).line("network", x, values(net, x));
    }

    private static double[] values(Sequential net, double... x) {
        float[] at = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            at[i] = (float) x[i];
        }
        return Averages.doubles(HandMade.answers(net, 1, at));
    }

    private static double worst(Sequential net, double[] x, double[] y) {
        double[] values = values(net, x);
        return IntStream.range(0, x.length)
                .mapToDouble(i -> Math.abs(values[i] - y[i]))
                .max()
                .orElse(0);
    }

    /**
     * The triangle wave with 2^8 pieces by networks of depth 1 to 8, which are compared with it at four places of each
     * piece.
     */
    private static void waves(Findings page) {
        int pieces = 1 << TEETH;
        double[] x = IntStream.rangeClosed(0, 4 * pieces)
                .mapToDouble(i -> i / (4.0 * pieces))
                .toArray();
        double[] y = Arrays.stream(x).map(v -> 1 - Math.abs(v * pieces % 2 - 1)).toArray();
        page.section("A sawtooth by depth", "")
                .text(line(
                        "A hidden layer of m ReLUs makes a triangle wave of m pieces. A wave of a wave has the "
                                + "product of their pieces: depth multiplies "
                                + "where width adds (Telgarsky 2016). The table has the widths that make %d "
                                + "pieces at each depth, and the least widths w "
                                + "that could, since d layers of w ReLUs have at most (w + 1)^d pieces over a line.",
                        pieces));
        depths(page, TEETH, "sawtooth", depth -> worst(HandMade.wave(1, TEETH, depth), x, y));
        page.picture(
                "sawtooth.png",
                "A triangle wave, and the wave of this wave",
                () -> Chart.panels(
                        3,
                        IntStream.of(1, 2, 4)
                                .mapToObj(k -> {
                                    double[] places = IntStream.rangeClosed(0, 512)
                                            .mapToDouble(i -> i / 512.0)
                                            .toArray();
                                    return new Chart(
                                                    line(
                                                            "%d hidden layer%s of 2 ReLUs: %d pieces",
                                                            k, k == 1 ? "" : "s", 1 << k),
                                                    "x")
                                            .line("wave", places, values(HandMade.wave(1, k, k), places));
                                })
                                .toList()));
    }

    private static void parity(Findings page) {
        int bits = 1 << BITS;
        float[] x = new float[bits * (1 << bits)];
        for (int i = 0; i < 1 << bits; i++) {
            for (int j = 0; j < bits; j++) {
                x[bits * i + j] = i >> j & 1;
            }
        }
        page.section("Parity by depth", "")
                .text(line(
                        "The parity of %d bits says whether an odd number of them is 1; parity of two is XOR. It "
                                + "is the triangle wave with %d pieces over "
                                + "the mean of the bits, so the same widths are enough, and the bound holds for "
                                + "networks that read the number of ones. All "
                                + "%,d inputs are answered by each network. A table of conditions that are joined "
                                + "by OR, in contrast, needs one for each of "
                                + "the 2^%d = %,d inputs with an odd number.",
                        bits, bits, 1 << bits, bits - 1, 1 << (bits - 1)));
        depths(page, BITS, "parity", depth -> {
            float[] answers = HandMade.answers(HandMade.wave(bits, BITS, depth), bits, x);
            return IntStream.range(0, answers.length)
                    .mapToDouble(i -> Math.abs(answers[i] - Integer.bitCount(i) % 2))
                    .max()
                    .orElse(0);
        });
    }

    private static void depths(Findings page, int k, String name, IntToDoubleFunction error) {
        List<List<String>> rows = new ArrayList<>();
        for (int depth = 1; depth <= k; depth++) {
            int[] widths = HandMade.widths(k, depth);
            int least = least(1 << k, depth);
            double worst = error.applyAsDouble(depth);
            rows.add(List.of(
                    Integer.toString(depth),
                    Arrays.stream(widths).mapToObj(Integer::toString).collect(Collectors.joining(" ")),
                    Integer.toString(Arrays.stream(widths).sum()),
                    Integer.toString(least),
                    worst == 0 ? "0" : line("%.1e", worst)));
            page.figure(Figure.of(line("%s of %d pieces, depth %d, largest error", name, 1 << k, depth), "", worst)
                    .baseline(0, "exact"));
            if (depth == k || depth == 1) {
                page.key(Figure.of(
                        line("%s of %d pieces, ReLUs at depth %d", name, 1 << k, depth),
                        "",
                        Arrays.stream(widths).sum()));
            }
        }
        page.table(List.of("depth", "widths", "ReLUs", "least width by the bound", "largest error"), rows);
    }

    /** The least w with (w + 1)^depth of at least {@code pieces}. */
    static int least(int pieces, int depth) {
        int w = 1;
        while (Math.pow(w + 1.0, depth) < pieces) {
            w++;
        }
        return w;
    }

    private static boolean sinusoid(Findings page, LabRun run) {
        int draws = run.of(20, 6);
        int starts = run.of(10, 5);
        int steps = run.epochs(10_000, 2000);
        Sinusoid problem = Sinusoid.draw(draws, new Rng(run.seed()).split("sinusoid"));
        List<Fit> fits = new ArrayList<>();
        for (int units : run.brief() ? BRIEF_UNITS : UNITS) {
            Fit fit = problem.fit(run, units, starts, steps);
            if (fit == null) {
                return false;
            }
            fits.add(fit);
        }
        double zero = Math.sqrt(Arrays.stream(Sinusoid.GRID)
                .map(x -> Math.pow(Sinusoid.wave(x), 2))
                .average()
                .orElse(0));
        page.section("A sine wave with M hidden units", "")
                .text(line(
                        "Networks of M tanh units learn sin(pi x) from %d points with noise of standard deviation "
                                + "%.1f, as in Bishop (2006), figure 5.9. "
                                + "For each of %d draws of the noise and each M, %d networks start from different "
                                + "weights and take %,d steps of Adam; the "
                                + "one with the least training error counts. The table has medians over the draws "
                                + "of the root of the mean squared error, on "
                                + "the ten points and against the wave without noise. The answer 0 everywhere has "
                                + "a test error of %.3f.",
                        Sinusoid.POINTS, Sinusoid.NOISE, draws, starts, steps, zero))
                .table(
                        List.of("units M", "parameters", "training error", "test error"),
                        fits.stream()
                                .map(f -> List.of(
                                        Integer.toString(f.units()),
                                        Integer.toString(3 * f.units() + 1),
                                        line("%.4f", Averages.median(f.training())),
                                        line("%.4f", Averages.median(f.test()))))
                                .toList());
        for (Fit f : fits) {
            page.figure(Figure.of(line("sine wave, M = %d, test error", f.units()), "", Averages.median(f.test()))
                    .baseline(zero, "the answer 0"));
        }
        Fit best = fits.stream()
                .min((a, b) -> Double.compare(Averages.median(a.test()), Averages.median(b.test())))
                .orElseThrow();
        Fit last = fits.get(fits.size() - 1);
        page.text(line(
                "The test error is least at M = %d. With 1 unit it is %.1f times as large, with %d units %.1f "
                        + "times. The training error goes "
                        + "from %.3f with 1 unit to %.1e with %d.",
                best.units(),
                Averages.median(fits.get(0).test()) / Averages.median(best.test()),
                last.units(),
                Averages.median(last.test()) / Averages.median(best.test()),
                Averages.median(fits.get(0).training()),
                Averages.median(last.training()),
                last.units()));
        page.key(Figure.of("sine wave, M of the least test error", "", best.units()));
        page.picture(
                "sinusoid.png",
                "The fits of the first draw",
                () -> Chart.panels(
                        3,
                        fits.stream()
                                .map(f -> {
                                    double[] x = Averages.doubles(problem.x()[0]);
                                    return new Chart("M = " + f.units(), "x")
                                            .line("fit", Sinusoid.GRID, f.fit())
                                            .points("points", x, Averages.doubles(problem.y()[0]))
                                            .dashed(
                                                    "wave",
                                                    Sinusoid.GRID,
                                                    Arrays.stream(Sinusoid.GRID)
                                                            .map(Sinusoid::wave)
                                                            .toArray())
                                            .range(-1.8, 1.8);
                                })
                                .toList()));
        return true;
    }

    private static boolean copies(Findings page, LabRun run) {
        int nets = run.of(1000, 150);
        int steps = run.epochs(20_000, 4000);
        @Nullable Copies copies = Copies.find(run, nets, steps);
        if (copies == null) {
            return false;
        }
        int found = copies.solved().size();
        page.section("Many equal solutions", "")
                .text(line(
                        "A network of three tanh units computed the targets here, without noise, and %,d networks "
                                + "of the same form looked for it from "
                                + "different starts by %,d steps of Adam. %,d found a mean squared error below "
                                + "1e-7. Three units can stand in 3! = 6 "
                                + "orders, and each can change the signs of its weights, since tanh(-z) = "
                                + "-tanh(z): %d sets of weights are one function. "
                                + "The solutions are %d of these copies; as many draws of equally likely copies "
                                + "have %.1f on average.",
                        nets, steps, found, Copies.COPIES, copies.different(), copies.expected()))
                .key(Figure.of("copies of one function found", "of " + Copies.COPIES, (double) copies.different())
                        .baseline(copies.expected(), "expected if all are equally likely"));
        if (found == 0) {
            return true;
        }
        page.text(line(
                "With the units ordered by the place of their centers and their input weights made positive, no "
                        + "weight of any solution is further than %.1e "
                        + "from that of the network that made the targets: apart from these symmetries %s.",
                copies.furthest(), copies.furthest() < 0.1 ? "there is one solution" : "there are other solutions"));
        page.figure(Figure.of("largest difference of a weight after ordering", "", copies.furthest()))
                .picture(
                        "copies.png",
                        "The weight of the input and the bias of each unit of all solutions, as they were found "
                                + "and after ordering",
                        () -> Regions.sheet(
                                2,
                                List.of(
                                        units("As they were found", copies, units -> units),
                                        units("After ordering", copies, Copies::canonical))))
                .text("The pictures have the weight of the input to the right and the bias upward, with the "
                        + "first unit of each solution in blue, the "
                        + "second in orange and the third in green, each a little further to the right so "
                        + "that all can be seen. As they were found, "
                        + "a unit of a copy can be at any of six places; after ordering it is at one.");
        return true;
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
