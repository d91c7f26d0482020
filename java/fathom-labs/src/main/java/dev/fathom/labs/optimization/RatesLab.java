package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.optimization.Trainings.Task;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.RateRange;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Plots;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Batch size and learning rate, how the rate is found and lowered, and what keeps a network from fitting too much and
 * from being too sure.
 */
public final class RatesLab implements Experiment {
    private static final int[] BATCHES = {16, 64, 256, 1024};
    /** The factor between one batch size and the next; rates lie half as far apart. */
    private static final int FACTOR = 4;

    private static final int RATES = 11;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network for clothes", OptimizersLab.network(), Input.floats(1, 28, 28, 1));
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed());
                Images some = lab.brief() ? all.sample(2048, lab.seed()) : all.learning(20_480);
                Images images = some.normalized();
                Images few = all.learning(lab.of(5000, 600));
                Images scarce = few.normalized()) {
            lab.put("images", images.title()).put("learn", images.learn().size());
            lab.put("choose", images.choose().size());
            grid(lab, images);
            range(lab, images);
            growth(lab, images);
            new Overfitting(lab, scarce).run();
        }
    }

    private static double rate(int i) {
        return 0.005 * Math.pow(2, i);
    }

    /** Every batch size with every rate, from a few seeds. */
    private static void grid(Lab lab, Images images) {
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
            int best = IntStream.range(0, RATES)
                    .boxed()
                    .max(Comparator.<Integer>comparingDouble(i -> own[i]).thenComparing(Comparator.reverseOrder()))
                    .orElseThrow();
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
        scaling(lab, courses);
    }

    /** The mean of the courses from all seeds, or the first that diverged. */
    private static Course together(List<Course> courses) {
        return courses.stream().filter(Course::diverged).findFirst().orElseGet(() -> Course.mean(courses));
    }

    /** The diagonal of the grid scales the rate with the batch; a column keeps it. */
    private static void scaling(Lab lab, List<Course> courses) {
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
        lab.picture("scaling.png", () -> Chart.panels(2, List.of(left, right)));
        lab.put("scaledMin", withScaling.getMin()).put("scaledMax", withScaling.getMax());
        lab.put("keptMin", withOne.getMin()).put("keptMax", withOne.getMax()).put("rate", Race.plain(rate(0)));
        lab.figure(Figure.of(
                        "Batches 16 to 1024, log ratio of training losses, scaled rates",
                        "",
                        Math.log(withScaling.getMax() / withScaling.getMin()))
                .baseline(Math.log(withOne.getMax() / withOne.getMin()), "the same rate for all"));
    }

    /** The range test of Smith (2017), and whether its suggestion is a good rate. */
    private static void range(Lab lab, Images images) {
        int steps = lab.of(300, 120);
        int epochs = lab.epochs(3, 1);
        Map<String, Recipe> recipes = new LinkedHashMap<>();
        recipes.put("Gradient descent", Sgd::new);
        recipes.put("Momentum", rate -> new Sgd(rate).momentum(0.9f));
        recipes.put("Adam", Adam::new);
        Table table = lab.section("Learning-rate range finder").table("ranges", "optimizer");
        Chart chart = new Chart("Smoothed loss of the range test", "learning rate").logarithmic(true, false);
        recipes.forEach((name, recipe) -> {
            lab.check();
            RateRange range;
            try (Model<Layer> model = Model.of(OptimizersLab.network(), lab.seed())) {
                range = Trainer.of(model, Loss.crossEntropy(), recipe.of(0.005f))
                        .seed(lab.seed())
                        .findRate(images.learn().shuffled(lab.seed()).batches(64), steps, 1e-5, 10);
            }
            chart.line(name, range.rates(), range.smoothed());
            Table.Row row = table.row(name)
                    .put("rate that the range finder suggests", "%.2g", range.suggestion())
                    .put("rate of the least loss", "%.2g", range.minimum());
            Map<String, Double> rates = new LinkedHashMap<>();
            rates.put("training loss with a tenth of the suggestion", range.suggestion() / 10);
            rates.put("training loss with the suggestion", range.suggestion());
            rates.put("training loss with the rate of the least loss", range.minimum());
            List<Course> courses = new Trainings(lab, "Range finder, " + name, images.learn(), images.test())
                    .all(rates.entrySet().stream()
                            .map(r ->
                                    task(lab, r.getKey(), recipe.of(r.getValue().floatValue()), 64, epochs, t -> t))
                            .toList());
            List<String> columns = List.copyOf(rates.keySet());
            for (int i = 0; i < columns.size(); i++) {
                Course c = courses.get(i);
                if (c.diverged()) {
                    row.cell(columns.get(i), "diverged");
                } else {
                    row.put(columns.get(i), "%.4f", c.loss());
                }
            }
        });
        lab.put("steps", steps).put("epochs", Race.epochs(epochs)).chart("range.png", chart.range(0, 3.5));
    }

    private interface Recipe {
        Optimizer of(float rate);
    }

    private static Task task(
            Lab lab, String name, Optimizer recipe, int batch, int epochs, UnaryOperator<Trainer<Layer>> settings) {
        return new Task(name, OptimizersLab::network, Loss.crossEntropy(), recipe, batch, epochs, lab.seed(), settings);
    }

    /** Smith et al. (2018): do not decay the learning rate, increase the batch size. */
    private static void growth(Lab lab, Images images) {
        int phase = lab.epochs(4, 1);
        int steps = images.learn().batches(32).steps();
        Map<String, UnaryOperator<Trainer<Layer>>> ways = new LinkedHashMap<>();
        ways.put("constant", t -> t);
        ways.put("rate / 4", t -> t.schedule(Schedule.step(phase, 1.0 / FACTOR)));
        ways.put("batch x 4", t -> t.accumulate(epoch -> power((epoch - 1) / phase)));
        List<Course> courses = new Trainings(lab, "Batch growth", images.learn(), images.test())
                .all(ways.entrySet().stream()
                        .map(way -> task(lab, way.getKey(), new Sgd(0.2f), 32, 3 * phase, way.getValue()))
                        .toList());
        int grown = IntStream.range(0, 3)
                .map(p -> phase * ((steps + power(p) - 1) / power(p)))
                .sum();
        Map<String, double[][]> losses = new LinkedHashMap<>();
        Table table = lab.section("Batch growth and rate decay").table("growth", "after each phase");
        for (String name : ways.keySet()) {
            Course c = courses.get(losses.size());
            table.row(name)
                    .cell("steps", losses.size() == 2 ? grown : 3 * phase * steps)
                    .put("training loss", "%.4f", c.loss())
                    .put("test loss", "%.4f", c.end())
                    .put("test accuracy", "%.2f %%", 100 * c.accuracy());
            losses.put(name, Course.curve(c.losses()));
        }
        lab.curves("growth.png", "training loss", "epoch", losses);
        double[] loss = table.values("training loss");
        double[] right = table.values("test accuracy");
        lab.figure(Figure.of("Training loss, batch growth", "", loss[2]).baseline(loss[1], "rate decay"))
                .figure(Figure.of("Test accuracy, batch growth", "%", right[2]).baseline(right[1], "rate decay"));
        lab.put("phase", Race.epochs(phase)).put("share", 100.0 * grown / (3 * phase * steps));
        lab.put("apart", Math.abs(loss[1] - loss[2])).put("gain", Math.abs(loss[0] - loss[1]));
    }

    /** The factor between batch sizes, multiplied with itself. */
    private static int power(int exponent) {
        return (int) Math.pow(FACTOR, exponent);
    }
}
