package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.optimization.Trainings.Task;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.optim.Sgd;
import dev.fathom.view.Chart;
import dev.fathom.view.Plots;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Every batch size with every rate, on images of clothes. */
record BatchGrid(Lab lab, Images images) {
    private static final int[] BATCHES = {16, 64, 256, 1024}; // rates lie half as far apart
    private static final int RATES = 11;

    private static double rate(int i) {
        return 0.005 * Math.pow(2, i);
    }

    /** Trains with every batch size and every rate from a few seeds, and puts what comes of it into a section. */
    void show() {
        int epochs = lab.epochs(5, 2);
        int seeds = lab.of(3, 2);
        List<Course> all = new Trainings(lab, "Batches and rates", images.learn(), images.choose())
                .all(IntStream.range(0, BATCHES.length * RATES * seeds)
                        .mapToObj(i -> {
                            double rate = rate(i / seeds % RATES);
                            return new Task(
                                    "rate " + rate,
                                    OptimizersLab::network,
                                    new Sgd((float) rate),
                                    BATCHES[i / seeds / RATES],
                                    epochs,
                                    lab.seed() + i % seeds);
                        })
                        .toList());
        List<Course> courses = IntStream.range(0, BATCHES.length * RATES)
                .mapToObj(i -> together(all.subList(i * seeds, (i + 1) * seeds)))
                .toList();
        List<String> names =
                IntStream.range(0, RATES).mapToObj(i -> Race.plain(rate(i))).toList();
        Table table = lab.section("Batch size and learning rate").table("grid", "batch");
        float[][] shares = new float[BATCHES.length][RATES];
        for (int b = 0; b < BATCHES.length; b++) {
            Table.Row row = table.row("Batch " + BATCHES[b]);
            for (int i = 0; i < RATES; i++) {
                Course c = courses.get(b * RATES + i);
                shares[b][i] = (float) c.accuracy();
                row.cell("rate " + names.get(i), c.diverged() ? "diverged" : line("%.2f %%", 100 * c.accuracy()));
            }
            float[] own = shares[b];
            int best = Averages.highest(0, RATES, i -> own[i]);
            double first = b == 0 ? rate(best) : table.values("best rate")[0];
            row.put("best rate", "%.3f", rate(best))
                    .baseline(first * BATCHES[b] / BATCHES[0], "linear scaling from batch 16")
                    .put("accuracy with the best rate", "%.2f %%", 100.0 * own[best]);
        }
        lab.picture(
                "grid.png",
                () -> Plots.heatMap(
                        "Accuracy by batch and rate",
                        IntStream.of(BATCHES).mapToObj(b -> "batch " + b).toList(),
                        names,
                        shares));
        double[] best = table.values("best rate");
        double[][] logs = IntStream.of(BATCHES)
                .mapToObj(b -> new double[] {1, Math.log(b)})
                .toArray(double[][]::new);
        double slope =
                MinimumNorm.solve(logs, Arrays.stream(best).map(Math::log).toArray())[1];
        lab.figure("Power of the batch size by which the best rate grows", "", slope);
        String failing = IntStream.range(0, RATES)
                .filter(i -> Arrays.stream(shares).allMatch(row -> row[i] < 0.2))
                .mapToObj(names::get)
                .collect(Collectors.joining(" or "));
        lab.put("failing", failing).put("fails", !failing.isEmpty()).put("slope", slope);
        lab.put("epochs", Race.epochs(epochs)).put("seeds", seeds).put("several", seeds > 1);
        lab.put("small", Race.plain(best[0])).put("large", Race.plain(best[best.length - 1]));
        scaling(courses);
    }

    /** The mean of the courses from all seeds, or the first that diverged. */
    private static Course together(List<Course> courses) {
        return courses.stream().filter(Course::diverged).findFirst().orElseGet(() -> Course.mean(courses));
    }

    /** The diagonal of the grid scales the rate with the batch; a column keeps it. */
    private void scaling(List<Course> courses) {
        Chart left = new Chart("Training loss, scaled rates", "epoch").range(0, 2.4);
        Chart right = new Chart("The same rate", "epoch").range(0, 2.4);
        double[] scaled = new double[BATCHES.length];
        double[] kept = new double[BATCHES.length];
        for (int b = 0; b < BATCHES.length; b++) {
            Course with = courses.get(b * RATES + 2 * b);
            Course without = courses.get(b * RATES);
            scaled[b] = with.loss();
            kept[b] = without.loss();
            double[][] curve = Course.curve(with.losses());
            left.line(line("%d at %s", BATCHES[b], Race.plain(rate(2 * b))), curve[0], curve[1]);
            right.line("batch " + BATCHES[b], Course.curve(without.losses())[0], without.losses());
        }
        var withScaling = Arrays.stream(scaled).summaryStatistics();
        var withOne = Arrays.stream(kept).summaryStatistics();
        lab.charts("scaling.png", 2, List.of(left, right));
        lab.put("scaledMin", withScaling.getMin()).put("scaledMax", withScaling.getMax());
        lab.put("keptMin", withOne.getMin()).put("keptMax", withOne.getMax()).put("rate", Race.plain(rate(0)));
        lab.figure(
                        "Batches 16 to 1024, log ratio of training losses, scaled rates",
                        "",
                        Math.log(withScaling.getMax() / withScaling.getMin()))
                .baseline(Math.log(withOne.getMax() / withOne.getMin()), "the same rate for all");
    }
}
