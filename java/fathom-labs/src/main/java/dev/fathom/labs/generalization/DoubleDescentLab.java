package dev.fathom.labs.generalization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.NaturalSpline.Basis;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Double descent (Belkin et al. 2019; ISLR2, section 10.8) by the number of spline functions, of random features, and
 * of hidden units.
 */
public final class DoubleDescentLab implements Experiment {
    private static final int POINTS = 20;
    private static final int OTHERS = 100;
    /** The basis of R's {@code ns}: it decides which of the exact fits has the least norm. */
    private static final Basis BASIS = Basis.B_SPLINES;

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
    public void run(Lab lab) {
        int count = lab.of(1000, 100);
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed())) {
            lab.put("images", images.title()).put("samples", count).put("points", POINTS);
            List<SineSample> samples = IntStream.range(0, count)
                    .mapToObj(i -> SineSample.draw(POINTS, lab.rng("splines").split(i)))
                    .toList();
            List<SplineDescent> all = Stream.of(
                            IntStream.rangeClosed(2, 22),
                            IntStream.of(MORE),
                            TEST.keySet().stream().mapToInt(d -> d))
                    .flatMapToInt(d -> d)
                    .sorted()
                    .distinct()
                    .mapToObj(d -> {
                        lab.check();
                        return SplineDescent.of(d, samples, BASIS);
                    })
                    .toList();
            lab.section("Splines: the simulation of the textbook").put("noise", SineSample.NOISE);
            lab.put("deviation", SineSample.DEVIATION).put("tolerance", SplineDescent.tolerance(count, OTHERS));
            medians(lab, all);
            curves(lab, all);
            fits(lab, samples.get(0));
            WidthDescent.of(lab, images).run();
        }
    }

    private static void medians(Lab lab, List<SplineDescent> all) {
        Table table = lab.table("medians", "d").named("Splines, d = {row}, {column}");
        List<Double> ranks = new ArrayList<>();
        for (SplineDescent at : all) {
            Double test = TEST.get(at.d());
            if (test != null) {
                double[] interval = SplineDescent.interval(at.test());
                Table.Row row = table.row(Integer.toString(at.d()));
                put(row, "train error", at.train(), TRAIN.get(at.d()), ranks);
                put(row, "test error", at.test(), test, ranks);
                row.interval(interval[0], interval[1])
                        .cell("95 % interval", line("%.3g to %.3g", interval[0], interval[1]));
                put(row, "squared norm", at.norm(), NORM.get(at.d()), ranks);
            }
        }
        double worst = ranks.stream().mapToDouble(r -> Math.abs(r - 0.5)).max().orElseThrow();
        double exact = all.stream()
                .filter(at -> at.d() >= POINTS)
                .mapToDouble(at -> Averages.median(at.train()))
                .max()
                .orElseThrow();
        lab.figure(Figure.of("Splines, largest distance of another median from the middle", "", worst)
                        .baseline(0, "all in the middle"))
                .figure(Figure.of("Splines, largest median train error from d = 20 on", "", exact)
                        .baseline(0, "exact fit"));
    }

    /** A median, and where the other samples have one, their rank among ours. */
    private static void put(Table.Row row, String what, double[] sorted, @Nullable Double other, List<Double> ranks) {
        row.put("median " + what, "%.3g", Averages.median(sorted));
        if (other != null) {
            ranks.add(SplineDescent.rank(sorted, other));
            row.baseline(other, "median of 100 other samples")
                    .cell("others' " + what + ", rank", line("%s, %.2f", other, SplineDescent.rank(sorted, other)));
        }
    }

    private static void curves(Lab lab, List<SplineDescent> all) {
        double[] d = all.stream().mapToDouble(SplineDescent::d).toArray();
        double[] train = all.stream()
                .mapToDouble(at -> Math.max(1e-4, Averages.median(at.train())))
                .toArray();
        double[] test =
                all.stream().mapToDouble(at -> Averages.median(at.test())).toArray();
        double[] norm =
                all.stream().mapToDouble(at -> Averages.median(at.norm())).toArray();
        int last = d.length - 1;
        int threshold = Arrays.binarySearch(d, POINTS);
        int peak = highest(test);
        int first = least(test, 0, threshold);
        int second = least(test, threshold + 1, last);
        lab.figure(Figure.of("Splines, d of the largest median test error", "", d[peak])
                        .baseline(21, "median of 100 other samples"))
                .figure(Figure.of("Splines, d of the smallest median test error above 20", "", d[second])
                        .baseline(42, "median of 100 other samples"));
        lab.put("first", test[first])
                .put("firstD", d[first])
                .put("peak", test[peak])
                .put("second", test[second]);
        lab.put("lastD", d[last]).put("last", test[last]).put("risen", test[last] > 1.1 * test[second]);
        Chart errors = new Chart("Median squared error", "basis functions d")
                .line("train", d, train)
                .line("test", d, test)
                .dashed("noise", new double[] {2, 200}, new double[] {SineSample.NOISE, SineSample.NOISE})
                .logarithmic(true, true)
                .range(1e-3, 20);
        Chart norms = new Chart("Median squared norm of the coefficients", "basis functions d")
                .line("norm", d, norm)
                .logarithmic(true, true);
        lab.picture("splines.png", () -> Chart.panels(2, List.of(errors, norms)));
    }

    /** The place of the largest number. */
    static int highest(double[] values) {
        return IntStream.range(0, values.length)
                .boxed()
                .min(Comparator.comparingDouble(i -> -values[i]))
                .orElseThrow();
    }

    /** The place of the least number from one place to another. */
    static int least(double[] values, int from, int to) {
        return IntStream.rangeClosed(from, to)
                .boxed()
                .min(Comparator.comparingDouble(i -> values[i]))
                .orElseThrow();
    }

    private static void fits(Lab lab, SineSample sample) {
        List<Chart> panels = new ArrayList<>();
        Table table =
                lab.section("Four fitted functions").table("fits", "d").named("First sample, d = {row}, {column}");
        for (int d : new int[] {8, 20, 42, 80}) {
            SplineFit fit = SplineFit.of(sample, d, BASIS);
            panels.add(new Chart(d + " basis functions", "x")
                    .line("spline", SplineFit.GRID, fit.values())
                    .dashed("sine", SplineFit.GRID, SineSample.sine(SplineFit.GRID))
                    .points("sample", sample.x(), sample.y())
                    .range(-3, 3));
            table.row(Integer.toString(d))
                    .put("train error", "%.3g", fit.train())
                    .put("test error", "%.3g", fit.test())
                    .put("squared norm", "%.1f", fit.norm());
        }
        lab.picture("fits.png", () -> Chart.panels(2, panels));
    }
}
