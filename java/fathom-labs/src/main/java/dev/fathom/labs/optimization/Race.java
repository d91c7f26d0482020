package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A fair race on images: each racer first learns with every rate of a grid about one that is usual for it, and keeps
 * the rate whose loss is least on images held out. With that rate it learns anew from the start, once for each seed,
 * and is judged on the test after each epoch.
 *
 * @param net makes the network of a racer
 * @param factors of the usual rate, ascending
 * @param trial the number of epochs with each rate
 * @param epochs the number of epochs of the race
 * @param seeds how often each racer races
 */
record Race(
        Lab lab,
        Images images,
        Function<Racer, Layer> net,
        int batch,
        double[] factors,
        int trial,
        int epochs,
        int seeds) {
    /**
     * What became of a racer.
     *
     * @param rate its rate for readers, with a star at an end of the grid
     * @param accuracies after the last epoch, one for each seed; 0 for a training that diverged
     */
    record Placed(Racer racer, String rate, Course mean, double... accuracies) {
        /** In percent. */
        double accuracy() {
            return 100 * Averages.mean(accuracies);
        }

        private double spread() {
            var range = Arrays.stream(accuracies).summaryStatistics();
            return 100 * (range.getMax() - range.getMin());
        }
    }

    /** Runs it. */
    List<Placed> run(List<Racer> racers) {
        int k = factors.length;
        List<Course> tried = new Trainings(lab, "Choice of rates", images.learn(), images.choose())
                .all(IntStream.range(0, racers.size() * k)
                        .mapToObj(i -> task(racers.get(i / k), factors[i % k], trial, 0))
                        .toList());
        List<Integer> best = IntStream.range(0, racers.size())
                .mapToObj(i -> Averages.lowest(0, k, j -> tried.get(i * k + j).end()))
                .toList();
        List<Course> courses = new Trainings(lab, "Race", images.learn(), images.test())
                .all(IntStream.range(0, racers.size() * seeds)
                        .mapToObj(i -> task(racers.get(i / seeds), factors[best.get(i / seeds)], epochs, i % seeds))
                        .toList());
        lab.put("learn", images.learn().size()).put("choose", images.choose().size());
        lab.put("test", images.test().size())
                .put("batch", batch)
                .put("rates", k)
                .put("seeds", seeds);
        lab.put("factors", Arrays.stream(factors).mapToObj(Race::plain).collect(Collectors.joining(", ")));
        lab.put("trial", epochs(trial)).put("epochs", epochs(epochs));
        return IntStream.range(0, racers.size())
                .mapToObj(i -> {
                    int j = best.get(i);
                    List<Course> own = courses.subList(i * seeds, (i + 1) * seeds);
                    return new Placed(
                            racers.get(i),
                            plain(racers.get(i).typical() * factors[j]) + (j == 0 || j == k - 1 ? " *" : ""),
                            Course.mean(own),
                            own.stream().mapToDouble(Course::accuracy).toArray());
                })
                .toList();
    }

    private Trainings.Task task(Racer racer, double factor, int n, int seed) {
        double rate = racer.typical() * factor;
        int steps = n * images.learn().batches(batch).steps();
        return new Trainings.Task(
                line("%s-%.3g", racer.name(), rate),
                () -> net.apply(racer),
                racer.recipe().of((float) rate, steps),
                batch,
                n,
                lab.seed() + seed);
    }

    /** Puts the table, the best first, and curves for each group of racers into the section that is open. */
    List<Placed> show(List<Placed> placed, String plain, String of, String file, Function<Course, double[]> curve) {
        List<Placed> order = placed.stream()
                .sorted(Comparator.comparingDouble(Placed::accuracy).reversed())
                .toList();
        double baseline = named(placed, plain).accuracy();
        Table table = lab.table("race", "");
        Map<String, Map<String, double[][]>> curves = new LinkedHashMap<>();
        for (Placed p : order) {
            Table.Row row = table.row(p.racer.name()).cell("rate", p.rate);
            Map<String, double[][]> group = curves.computeIfAbsent(p.racer.group(), g -> new LinkedHashMap<>());
            if (p.mean.diverged()) {
                row.cell("training loss, epoch 1", "diverged").cell("training loss, last epoch", "diverged");
            } else {
                row.put("training loss, epoch 1", "%.4f", p.mean.losses()[0])
                        .put("training loss, last epoch", "%.4f", p.mean.loss());
                group.put(p.racer.name(), Course.curve(curve.apply(p.mean)));
            }
            row.put("test accuracy", "%.2f %%", p.accuracy()).baseline(baseline, of);
            if (seeds > 1) {
                row.put("spread of the seeds", "%.2f", p.spread());
            }
        }
        curves.forEach((group, lines) -> lab.curves(group + file + ".png", group, "epoch", lines));
        return order;
    }

    static Placed named(List<Placed> placed, String name) {
        return placed.stream()
                .filter(p -> p.racer.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** A number in two digits without an exponent and without zeros at its end, such as 0.0032. */
    static String plain(double number) {
        return new BigDecimal(number)
                .round(new MathContext(2))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** A number of epochs for readers. */
    static String epochs(int n) {
        return n == 1 ? "one epoch" : n + " epochs";
    }
}
