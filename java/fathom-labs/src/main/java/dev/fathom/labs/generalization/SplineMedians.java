package dev.fathom.labs.generalization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The medians of errors and norms of splines beside those of other samples. */
final class SplineMedians {
    static final int OTHERS = 100;

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

    private SplineMedians() {}

    static void add(Lab lab, List<SplineDescent> all) {
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
                .filter(at -> at.d() >= DoubleDescentLab.POINTS)
                .mapToDouble(at -> Averages.median(at.train()))
                .max()
                .orElseThrow();
        lab.figure("Splines, largest distance of another median from the middle", "", worst)
                .baseline(0, "all in the middle")
                .figure("Splines, largest median train error from d = 20 on", "", exact)
                .baseline(0, "exact fit");
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
}
