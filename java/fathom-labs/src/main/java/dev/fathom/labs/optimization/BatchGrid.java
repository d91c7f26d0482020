package dev.fathom.labs.optimization;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.optimization.Trainings.Task;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nn.Loss;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Every batch size with every rate, on images of clothes, as Goyal et al. (2017) train: by descent with momentum, with
 * a warm-up, for equally many epochs.
 *
 * @param epochs of each training
 * @param seeds of each batch size and rate
 */
record BatchGrid(Lab lab, Images images, int epochs, int seeds) {
    static final int[] BATCHES = {16, 32, 64, 128, 256, 1024};
    /** How many of them take many steps in an epoch, as the linear scaling rule asks. */
    static final int SMALL = 5;
    /** The epochs in which the rate rises. */
    static final int WARM_UP = 1;

    private static final int RATES = 19;

    private static double rate(int i) {
        return 0.001 * Math.pow(2, i / 2.0);
    }

    static Task task(String name, double rate, Schedule schedule, int batch, int epochs, long seed) {
        return new Task(
                name,
                OptimizersLab::network,
                Loss.crossEntropy(),
                new Sgd((float) rate).momentum(0.9f),
                batch,
                epochs,
                seed,
                t -> t.schedule(schedule));
    }

    /** Trains them all, and puts what comes of it into a section; returns the best rate of the smallest batch. */
    double show() {
        Course[][][] courses = courses();
        Table table = lab.section("Batch size and learning rate").table("grid", "batch");
        Chart left = new Chart("Loss on images held out", "rate").logarithmic(true, false);
        Chart right = new Chart("The same loss", "rate x 16 / batch").logarithmic(true, false);
        double[] rates = Averages.each(RATES, BatchGrid::rate);
        for (int b = 0; b < BATCHES.length; b++) {
            double share = (double) BATCHES[b] / BATCHES[0];
            List<Course> means = Arrays.stream(courses[b]).map(BatchGrid::mean).toList();
            int best = best(means);
            double rule = share * (b == 0 ? rate(best) : table.values("best rate")[0]);
            table.row("Batch " + BATCHES[b])
                    .cell("steps", epochs * images.learn().batches(BATCHES[b]).steps())
                    .put("best rate", "%.4f", rate(best))
                    .baseline(rule, "linear scaling from batch 16")
                    .cell("linear scaling from batch 16", "%.4f", rule)
                    .put("loss with the best rate", "%.4f", means.get(best).end())
                    .put(
                            "accuracy with the best rate",
                            "%.2f %%",
                            100 * means.get(best).accuracy());
            double[] losses = Averages.each(RATES, i -> means.get(i).end());
            left.line("batch " + BATCHES[b], rates, losses);
            right.line("batch " + BATCHES[b], Averages.each(RATES, i -> rate(i) / share), losses);
        }
        double least =
                Arrays.stream(table.values("loss with the best rate")).min().orElseThrow();
        lab.charts("grid.png", 2, List.of(left.range(0.9 * least, 2 * least), right.range(0.9 * least, 2 * least)));
        power(courses);
        double[] best = table.values("best rate");
        lab.put("small", best[0]).put("middle", best[SMALL - 1]).put("large", best[SMALL]);
        lab.put("epochs", Race.epochs(epochs)).put("seeds", seeds).put("rates", RATES);
        lab.put("ruled", best[0] * BATCHES[SMALL] / BATCHES[0]).put("warmUp", Race.epochs(WARM_UP));
        return best[0];
    }

    /** The courses by batch size, rate and seed. */
    private Course[][][] courses() {
        List<Course> all = new Trainings(lab, "Batches and rates", images.learn(), images.choose())
                .all(IntStream.range(0, BATCHES.length * RATES * seeds)
                        .mapToObj(i -> {
                            double rate = rate(i / seeds % RATES);
                            return task(
                                    "warmed up to " + rate,
                                    rate,
                                    Schedule.constant().warmUp(WARM_UP),
                                    BATCHES[i / seeds / RATES],
                                    epochs,
                                    lab.seed() + i % seeds);
                        })
                        .toList());
        Course[][][] courses = new Course[BATCHES.length][RATES][seeds];
        for (int i = 0; i < all.size(); i++) {
            courses[i / seeds / RATES][i / seeds % RATES][i % seeds] = all.get(i);
        }
        return courses;
    }

    /** By which power of the batch size the best rate grows, for each seed by itself. */
    private void power(Course[][][] courses) {
        double[] powers = Averages.each(
                seeds,
                seed -> slope(Averages.each(
                        SMALL,
                        b -> rate(
                                best(Arrays.stream(courses[b]).map(c -> c[seed]).toList())))));
        double mean = Averages.mean(powers);
        double half = Averages.interval95(powers);
        lab.figure(Figure.of("Power of the batch size by which the best rate grows", "", mean)
                .interval(mean - half, mean + half));
        lab.put("power", mean).put("low", mean - half).put("high", mean + half);
    }

    /** The slope of the line of least squares through log rate over log batch, from the smallest batch on. */
    static double slope(double... rates) {
        double[][] logs = new double[rates.length][];
        Arrays.setAll(logs, b -> new double[] {1, Math.log(BATCHES[b])});
        return MinimumNorm.solve(logs, Arrays.stream(rates).map(Math::log).toArray())[1];
    }

    /** The place of the rate with which the loss on images held out ends lowest. */
    private static int best(List<Course> byRate) {
        return Averages.lowest(0, RATES, i -> byRate.get(i).end());
    }

    /** The mean of the courses from all seeds, or the first that diverged. */
    private static Course mean(Course... courses) {
        return Arrays.stream(courses)
                .filter(Course::diverged)
                .findFirst()
                .orElseGet(() -> Course.mean(List.of(courses)));
    }
}
