package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.optim.Schedule;
import dev.fathom.view.Chart;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The linear scaling rule (Goyal et al. 2017): a batch k times as large gets a rate k times as large, to which it rises
 * from the rate of the smallest batch during the warm-up. Beside that, all batches keep the rate of the smallest.
 *
 * @param grid with the images and the number of epochs and seeds
 * @param rate of the smallest batch
 */
record ScaledRates(BatchGrid grid, double rate) {
    private static final int FIRST = BatchGrid.BATCHES[0];

    /** The schedule of a batch size, as a factor of the rate of the smallest batch. */
    static Schedule rule(int batch) {
        return Schedule.linearScaling(batch, FIRST).warmUp(BatchGrid.WARM_UP, (double) FIRST / batch);
    }

    /** Trains all batch sizes in both ways, and puts what comes of it into the section that is open. */
    void show() {
        Lab lab = grid.lab();
        List<Course> scaled = courses("scaled", ScaledRates::rule);
        List<Course> kept = courses("kept", batch -> Schedule.constant());
        Chart left = new Chart("Training loss, rates by the rule", "epoch").range(0.2, 1.2);
        Chart right = new Chart("The same rate for all", "epoch").range(0.2, 1.2);
        for (int b = 0; b < BatchGrid.BATCHES.length; b++) {
            int batch = BatchGrid.BATCHES[b];
            double[] losses = scaled.get(b).losses();
            left.line(line("%d at %s", batch, Race.plain(rate * batch / FIRST)), Averages.upTo(losses.length), losses);
            right.line(
                    "batch " + batch, Averages.upTo(grid.epochs()), kept.get(b).losses());
        }
        lab.charts("scaling.png", 2, List.of(left, right));
        lab.put("rate", Race.plain(rate));
        for (int count : new int[] {BatchGrid.SMALL, BatchGrid.BATCHES.length}) {
            double[] with = losses(scaled, count);
            double[] without = losses(kept, count);
            lab.figure(
                            line(
                                    "Batches 16 to %d, log ratio of training losses, scaled rates",
                                    BatchGrid.BATCHES[count - 1]),
                            "",
                            Math.log(with[count - 1] / with[0]))
                    .baseline(Math.log(without[count - 1] / without[0]), "the same rate for all");
            if (count == BatchGrid.SMALL) {
                lab.put("scaledMin", with[0]).put("scaledMax", with[count - 1]);
                lab.put("keptMin", without[0]).put("keptMax", without[count - 1]);
            }
        }
    }

    /** The means over the seeds, by batch size. */
    private List<Course> courses(String way, IntFunction<Schedule> schedule) {
        int seeds = grid.seeds();
        List<Course> all = new Trainings(
                        grid.lab(),
                        "Linear scaling",
                        grid.images().learn(),
                        grid.images().choose())
                .all(IntStream.range(0, BatchGrid.BATCHES.length * seeds)
                        .mapToObj(i -> {
                            int batch = BatchGrid.BATCHES[i / seeds];
                            return BatchGrid.task(
                                    way + " from " + rate,
                                    rate,
                                    schedule.apply(batch),
                                    batch,
                                    grid.epochs(),
                                    grid.lab().seed() + i % seeds);
                        })
                        .toList());
        return IntStream.range(0, BatchGrid.BATCHES.length)
                .mapToObj(b -> Course.mean(all.subList(b * seeds, (b + 1) * seeds)))
                .toList();
    }

    /** The training losses of the last epoch for the smallest batch sizes, ascending. */
    private static double[] losses(List<Course> courses, int count) {
        return courses.stream().limit(count).mapToDouble(Course::loss).sorted().toArray();
    }
}
