package dev.fathom.labs.generalization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.features.NaturalSpline.Basis;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Double descent (Belkin et al. 2019; ISLR2, section 10.8) by the number of spline functions, of random features, and
 * of hidden units.
 */
public final class DoubleDescentLab implements OldExperiment {
    private static final int POINTS = 20;
    private static final int OTHERS = 100;
    /** The basis of R's {@code ns}: it decides which of the exact fits has the least norm. */
    private static final Basis BASIS = Basis.B_SPLINES;

    private static final int[] SHOWN = {8, 20, 42, 80};
    private static final int[] MORE = {23, 24, 27, 35, 50, 70, 120, 175};
    /**
     * Medians over {@link #OTHERS} other samples, computed once with another program: errors on the sample, errors on
     * new points, squared norms.
     */
    private static final Map<Integer, Double> TRAIN = Map.of(8, 0.046, 18, 4.1e-3, 19, 1.3e-3);

    private static final Map<Integer, Double> NORM = Map.of(20, 124.8, 42, 24.7);
    static final Map<Integer, Double> TEST = Map.ofEntries(
            Map.entry(2, 0.639),
            Map.entry(4, 0.197),
            Map.entry(6, 0.145),
            Map.entry(8, 0.146),
            Map.entry(10, 0.162),
            Map.entry(14, 0.258),
            Map.entry(16, 0.449),
            Map.entry(18, 1.41),
            Map.entry(19, 2.97),
            Map.entry(20, 1.16),
            Map.entry(21, 6.49),
            Map.entry(22, 2.66),
            Map.entry(25, 0.707),
            Map.entry(30, 0.373),
            Map.entry(42, 0.290),
            Map.entry(60, 0.321),
            Map.entry(80, 0.366),
            Map.entry(100, 0.408),
            Map.entry(150, 0.468),
            Map.entry(200, 0.496));

    @Override
    public String name() {
        return "double-descent";
    }

    @Override
    public Findings run(LabRun run) {
        int samples = run.of(1000, 100);
        try (Images images = ImageSet.FASHION_MNIST.images(run.data(), run.seed())) {
            Findings page = run.page(
                    "Lab double-descent",
                    line("%,d samples of %d points of a noisy sine, and %s", samples, POINTS, images.title()));
            return splines(run, page, samples) && new WidthDescent(run, page, images).measure()
                    ? page.finished()
                    : page;
        }
    }

    // ---- splines

    private static boolean splines(LabRun run, Findings page, int count) {
        page.section("Splines: the simulation of the textbook", "")
                .text(line(
                        "Y = sin X + noise of deviation %.1f, with X uniform on [-5, 5]. To each of %,d samples "
                                + "of %d points natural splines with d basis "
                                + "functions are fitted, whose knots are quantiles of the sample and the boundary "
                                + "knots -5 and 5. Up to d = %d this is "
                                + "least squares. Above, many splines go through all points, and the one with the "
                                + "smallest sum of squared coefficients is "
                                + "taken. The error on new points is the mean squared distance from the sine over "
                                + "1,000 places, plus the variance of the "
                                + "noise, %.2f: what infinitely many new points would show.",
                        SineSample.DEVIATION, count, POINTS, POINTS, SineSample.NOISE));
        Rng rng = new Rng(run.seed()).split("splines");
        List<SineSample> samples = IntStream.range(0, count)
                .mapToObj(i -> SineSample.draw(POINTS, rng.split(i)))
                .toList();
        Map<Integer, SplineDescent> all = new TreeMap<>();
        IntStream.concat(
                        IntStream.concat(IntStream.rangeClosed(2, 22), IntStream.of(MORE)),
                        TEST.keySet().stream().mapToInt(d -> d))
                .sorted()
                .distinct()
                .takeWhile(d -> !run.interrupt().requested())
                .forEach(d -> all.put(d, SplineDescent.of(d, samples, BASIS)));
        if (run.interrupt().requested()) {
            return false;
        }
        medians(page, all, count);
        curves(page, all);
        fits(page, samples.get(0));
        return true;
    }

    private static void medians(Findings page, Map<Integer, SplineDescent> all, int count) {
        double tolerance = SplineDescent.tolerance(count, OTHERS);
        List<List<String>> rows = new ArrayList<>();
        List<String> norms = new ArrayList<>();
        double worst = 0;
        for (SplineDescent at : all.values()) {
            Double test = TEST.get(at.d());
            Double train = TRAIN.get(at.d());
            Double norm = NORM.get(at.d());
            if (test == null) {
                continue;
            }
            double[] interval = SplineDescent.interval(at.test());
            Figure error = Figure.of(line("Splines, d = %d, median test error", at.d()), "", Averages.median(at.test()))
                    .interval(interval[0], interval[1])
                    .baseline(test, "median of 100 other samples");
            if (at.d() == 8 || at.d() == 20 || at.d() == 42) {
                page.key(error);
            } else {
                page.figure(error);
            }
            worst = Math.max(worst, Math.abs(SplineDescent.rank(at.test(), test) - 0.5));
            if (train != null) {
                worst = Math.max(worst, Math.abs(SplineDescent.rank(at.train(), train) - 0.5));
            }
            if (norm != null) {
                double rank = SplineDescent.rank(at.norm(), norm);
                worst = Math.max(worst, Math.abs(rank - 0.5));
                norms.add(line(" at d = %d, %.1f, ranks at %.2f", at.d(), norm, rank));
                page.figure(
                        Figure.of(line("Splines, d = %d, median squared norm", at.d()), "", Averages.median(at.norm()))
                                .baseline(norm, "median of 100 other samples"));
            }
            rows.add(List.of(
                    Integer.toString(at.d()),
                    line("%.3g", Averages.median(at.train())),
                    line("%.3g", Averages.median(at.test())),
                    line("%.3g to %.3g", interval[0], interval[1]),
                    test.toString(),
                    line("%.2f", SplineDescent.rank(at.test(), test)),
                    line("%.1f", Averages.median(at.norm()))));
        }
        page.table(
                        List.of(
                                "d",
                                "median train error",
                                "median test error",
                                "95 % interval",
                                "other samples",
                                "their rank",
                                "median squared norm"),
                        rows)
                .text(line(
                        "The other samples are 100 that another program drew and fitted. Their medians are as "
                                + "uncertain as 100 samples are, so they are "
                                + "compared by rank: the share of our samples with a smaller error, which is 0.5 "
                                + "for our own median. Its standard error is "
                                + "the root of 0.25 / %,d + 0.25 / 100; 3.29 of them, which one number in a "
                                + "thousand exceeds, are %.3f. The largest "
                                + "distance from 0.5 over all errors and norms is %.3f. Around the threshold "
                                + "single samples have huge errors and norms, so "
                                + "medians there are uncertain: the other samples' median squared norm%s.",
                        count, tolerance, worst, String.join(", and the one", norms)))
                .key(Figure.of("Splines, largest distance of another median from the middle", "", worst)
                        .baseline(0, "all in the middle"));
        double exact = all.values().stream()
                .filter(at -> at.d() >= POINTS)
                .mapToDouble(at -> Averages.median(at.train()))
                .max()
                .orElseThrow();
        page.figure(Figure.of("Splines, largest median train error from d = 20 on", "", exact)
                .baseline(0, "exact fit"));
    }

    private static void curves(Findings page, Map<Integer, SplineDescent> all) {
        double[] d = all.keySet().stream().mapToDouble(k -> k).toArray();
        double[] test = values(all, at -> Averages.median(at.test()));
        double[] train = values(all, at -> Math.max(1e-4, Averages.median(at.train())));
        double[] norm = values(all, at -> Averages.median(at.norm()));
        int peak = highest(test);
        int first = least(d, test, 2, POINTS);
        int second = least(d, test, POINTS + 1, 200);
        double rise = test[d.length - 1] / test[second];
        page.text(line(
                        "Up to d = 20 the median test error has its smallest value, %.3f, at d = %.0f. It has its "
                                + "largest value, %.2f, at d = %.0f. Above "
                                + "20 its smallest value is %.3f at d = %.0f, and at d = %.0f it is %.3f, %s. The "
                                + "median squared norm is %.1f at d = 20 and "
                                + "%.1f at d = 42: with more functions to choose from, a spline through all "
                                + "points needs smaller coefficients. At d = 20 "
                                + "the inner knots are points of the sample; the median test error is %.2f there, "
                                + "%.2f at d = 19 and %.2f at d = 21.",
                        test[first],
                        d[first],
                        test[peak],
                        d[peak],
                        test[second],
                        d[second],
                        d[d.length - 1],
                        test[d.length - 1],
                        rise > 1.1 ? "where it has risen once more" : "about where it was",
                        norm[at(d, POINTS)],
                        norm[at(d, 42)],
                        test[at(d, POINTS)],
                        test[at(d, POINTS - 1)],
                        test[at(d, POINTS + 1)]))
                .picture(
                        "splines.png",
                        "Median errors on the sample and on new points, and the median squared norm, over the "
                                + "number of basis functions",
                        () -> Chart.panels(
                                2,
                                List.of(
                                        new Chart("Median squared error", "basis functions d")
                                                .line("train", d, train)
                                                .line("test", d, test)
                                                .dashed("noise", new double[] {2, 200}, new double[] {
                                                    SineSample.NOISE, SineSample.NOISE
                                                })
                                                .logarithmic(true, true)
                                                .range(1e-3, 20),
                                        new Chart("Median squared norm of the coefficients", "basis functions d")
                                                .line("norm", d, norm)
                                                .logarithmic(true, true))))
                .key(Figure.of("Splines, d of the largest median test error", "", d[peak])
                        .baseline(21, "median of 100 other samples"))
                .figure(Figure.of("Splines, d of the smallest median test error above 20", "", d[second])
                        .baseline(42, "median of 100 other samples"));
    }

    private static double[] values(Map<Integer, SplineDescent> all, ToDoubleFunction<SplineDescent> value) {
        return all.values().stream().mapToDouble(value).toArray();
    }

    /** The place of the largest number. */
    static int highest(double[] values) {
        return IntStream.range(0, values.length)
                .reduce((i, j) -> values[j] > values[i] ? j : i)
                .orElseThrow();
    }

    private static int at(double[] x, double place) {
        return Arrays.binarySearch(x, place);
    }

    /** Where {@code y} is least among the places from {@code low} to {@code high}. */
    private static int least(double[] x, double[] y, int low, int high) {
        return IntStream.range(0, x.length)
                .filter(i -> x[i] >= low && x[i] <= high)
                .reduce((i, j) -> y[j] < y[i] ? j : i)
                .orElseThrow();
    }

    private static void fits(Findings page, SineSample sample) {
        double[] sine = IntStream.range(0, SplineFit.GRID.length)
                .mapToDouble(i -> Math.sin(SplineFit.GRID[i]))
                .toArray();
        List<Chart> panels = new ArrayList<>();
        List<List<String>> rows = new ArrayList<>();
        for (int d : SHOWN) {
            SplineFit fit = SplineFit.of(sample, d, BASIS);
            panels.add(new Chart(d + " basis functions", "x")
                    .line("spline", SplineFit.GRID, fit.values())
                    .dashed("sine", SplineFit.GRID, sine)
                    .points("sample", sample.x(), sample.y())
                    .range(-3, 3));
            rows.add(List.of(
                    Integer.toString(d),
                    line("%.3g", fit.train()),
                    line("%.3g", fit.test()),
                    line("%.1f", fit.norm())));
        }
        page.section("Four fitted functions", "The splines of the first sample; what leaves the frame is cut.")
                .table(List.of("d", "train error", "test error", "squared norm"), rows)
                .picture(
                        "fits.png",
                        "The splines with 8, 20, 42 and 80 basis functions through the first sample",
                        () -> Chart.panels(2, panels));
    }
}
