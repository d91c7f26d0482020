package dev.fathom.labs.generalization;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.SineSample;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.NaturalSpline.Basis;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Double descent (Belkin et al. 2019; ISLR2, section 10.8) by the number of spline functions, of random features, and
 * of hidden units.
 */
public final class DoubleDescentLab implements Experiment {
    static final int POINTS = 20;
    /** The basis of R's {@code ns}: it decides which of the exact fits has the least norm. */
    private static final Basis BASIS = Basis.B_SPLINES;

    private static final int[] MORE = {23, 24, 27, 35, 50, 70, 120, 175};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "As many weights as images have targets: 166 hidden units", WidthDescent.network(49, 166), 49);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

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
                            SplineMedians.TEST.keySet().stream().mapToInt(d -> d))
                    .flatMapToInt(d -> d)
                    .sorted()
                    .distinct()
                    .mapToObj(d -> {
                        lab.check();
                        return SplineDescent.of(d, samples, BASIS);
                    })
                    .toList();
            lab.section("Splines: the simulation of the textbook").put("noise", SineSample.NOISE);
            lab.put("deviation", SineSample.DEVIATION)
                    .put("tolerance", SplineDescent.tolerance(count, SplineMedians.OTHERS));
            SplineMedians.add(lab, all);
            curves(lab, all);
            fits(lab, samples.get(0));
            WidthDescent.of(lab, images).run();
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
        int peak = Averages.highest(0, d.length, i -> test[i]);
        int first = Averages.lowest(0, threshold + 1, i -> test[i]);
        int second = Averages.lowest(threshold + 1, d.length, i -> test[i]);
        lab.figure("Splines, d of the largest median test error", "", d[peak])
                .baseline(21, "median of 100 other samples")
                .figure("Splines, d of the smallest median test error above 20", "", d[second])
                .baseline(42, "median of 100 other samples");
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
        lab.charts("splines.png", 2, List.of(errors, norms));
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
        lab.charts("fits.png", 2, panels);
    }
}
