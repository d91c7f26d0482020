package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.RateRange;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Batch size and learning rate, how the rate is found and lowered, and what keeps a network from fitting too much and
 * from being too sure.
 */
public final class RatesLab implements OldExperiment {
    private static final int[] BATCHES = {16, 64, 256, 1024};
    /** The factor between one batch size and the next; rates lie half as far apart. */
    private static final int FACTOR = 4;

    private static final double LOWEST = 0.005;
    private static final int RATES = 11;

    @Override
    public String name() {
        return "rates";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.FASHION_MNIST.images(run.data(), run.seed());
                Images some = run.brief() ? all.first(2048) : all.learning(20_480);
                Images images = some.normalized();
                Images few = all.learning(run.of(5000, 600));
                Images scarce = few.normalized()) {
            Findings page = run.page(
                    "Lab rates",
                    line(
                            "%s, %,d images to learn from",
                            images.title(), images.learn().size()));
            boolean whole = grid(run, page, images)
                    && range(run, page, images)
                    && growth(run, page, images)
                    && new Overfitting(run, page, scarce).study();
            return whole ? page.finished() : page;
        }
    }

    static Layer network() {
        return new Sequential(new Flatten(), new Linear(784, 100).act(RELU), new Linear(100, 10));
    }

    private static double rate(int i) {
        return LOWEST * Math.pow(2, i);
    }

    /** Every batch size with every rate, from a few seeds. */
    private static boolean grid(LabRun run, Findings page, Images images) {
        int epochs = run.epochs(5, 2);
        int seeds = run.of(3, 1);
        List<Trainings.Task> tasks = new ArrayList<>();
        for (int batch : BATCHES) {
            for (int i = 0; i < RATES * seeds; i++) {
                Optimizer recipe = new Sgd((float) rate(i / seeds));
                String name = line("grid-%d-%d", batch, i / seeds);
                tasks.add(new Trainings.Task(name, RatesLab::network, recipe, batch, epochs, run.seed() + i % seeds));
            }
        }
        List<Course> all = new Trainings(run, images.learn(), images.choose()).all("Batches and rates", tasks);
        if (all.isEmpty()) {
            return false;
        }
        List<Course> courses = IntStream.range(0, BATCHES.length * RATES)
                .mapToObj(i -> together(all.subList(i * seeds, (i + 1) * seeds)))
                .toList();
        List<String> names =
                IntStream.range(0, RATES).mapToObj(i -> Race.plain(rate(i))).toList();
        List<String> header = new ArrayList<>(List.of("batch"));
        header.addAll(names.stream().map(n -> "rate " + n).toList());
        List<List<String>> rows = new ArrayList<>();
        float[][] shares = new float[BATCHES.length][RATES];
        double[] best = new double[BATCHES.length];
        for (int b = 0; b < BATCHES.length; b++) {
            List<String> row = new ArrayList<>(List.of(Integer.toString(BATCHES[b])));
            int highest = 0;
            for (int i = 0; i < RATES; i++) {
                Course c = courses.get(b * RATES + i);
                shares[b][i] = (float) c.accuracy();
                highest = shares[b][i] > shares[b][highest] ? i : highest;
                row.add(c.diverged() ? "diverged" : line("%.2f %%", 100 * c.accuracy()));
            }
            best[b] = rate(highest);
            rows.add(row);
            page.figure(Figure.of("Batch " + BATCHES[b] + ", best rate", "", best[b])
                            .baseline(best[0] * BATCHES[b] / BATCHES[0], "linear scaling from batch 16"))
                    .figure(Figure.of(
                            "Batch " + BATCHES[b] + ", accuracy with the best rate", "%", 100.0 * shares[b][highest]));
        }
        double slope = slope(best);
        page.section("Batch size and learning rate", "")
                .text(line(
                        "A network of 784-100-10 with ReLU learns %,d images by plain gradient descent for %s, "
                                + "whatever the batch size, so that a batch four "
                                + "times as large has a quarter of the steps. The table says which share of %,d "
                                + "images held out is right%s.",
                        images.learn().size(),
                        Race.epochs(epochs),
                        images.choose().size(),
                        seeds == 1 ? "" : line(", in the mean over %d seeds", seeds)))
                .table(header, rows)
                .picture(
                        "grid.png",
                        "Accuracy on images held out by batch size and learning rate",
                        () -> Plots.heatMap(
                                "Accuracy by batch and rate",
                                Arrays.stream(BATCHES)
                                        .mapToObj(b -> "batch " + b)
                                        .toList(),
                                names,
                                shares))
                .text(line(
                        "From batch %d to %d the best rate of this grid goes from %s to %s: it grows as the batch "
                                + "size to the power of %.2f. The linear scaling rule "
                                + "(Goyal et al. 2017) says 1, and a rule that keeps the noise of a step says 1/2.",
                        BATCHES[0],
                        BATCHES[BATCHES.length - 1],
                        Race.plain(best[0]),
                        Race.plain(best[best.length - 1]),
                        slope))
                .figure(Figure.of("Power of the batch size by which the best rate grows", "", slope));
        List<String> failing = IntStream.range(0, RATES)
                .filter(i -> Arrays.stream(shares).allMatch(row -> row[i] < 0.2))
                .mapToObj(names::get)
                .toList();
        if (!failing.isEmpty()) {
            page.text("With every batch size fewer than a fifth of the images are right where the rate is "
                    + String.join(" or ", failing) + ".");
        }
        scaling(page, courses, epochs);
        return true;
    }

    /** The mean of the courses from all seeds, or the first that diverged. */
    private static Course together(List<Course> courses) {
        return courses.stream().filter(Course::diverged).findFirst().orElseGet(() -> Course.mean(courses));
    }

    /** The slope of the logarithm of the best rate over that of the batch size, by least squares. */
    private static double slope(double... best) {
        double[] x = Arrays.stream(BATCHES).mapToDouble(Math::log).toArray();
        double mean = Arrays.stream(x).average().orElseThrow();
        double above = 0;
        double below = 0;
        for (int i = 0; i < x.length; i++) {
            above += (x[i] - mean) * Math.log(best[i]);
            below += (x[i] - mean) * (x[i] - mean);
        }
        return above / below;
    }

    /** The diagonal of the grid scales the rate with the batch; a column keeps it. */
    private static void scaling(Findings page, List<Course> courses, int epochs) {
        Chart left = new Chart("Training loss, scaled rates", "epoch").range(0, 2.4);
        Chart right = new Chart("The same rate", "epoch").range(0, 2.4);
        double[] scaled = new double[BATCHES.length];
        double[] kept = new double[BATCHES.length];
        for (int b = 0; b < BATCHES.length; b++) {
            Course with = courses.get(b * RATES + 2 * b);
            Course without = courses.get(b * RATES);
            scaled[b] = with.loss();
            kept[b] = without.loss();
            double[] places = IntStream.rangeClosed(1, with.losses().length)
                    .mapToDouble(e -> e)
                    .toArray();
            left.line(line("%d at %s", BATCHES[b], Race.plain(rate(2 * b))), places, with.losses());
            right.line(line("batch %d", BATCHES[b]), places, without.losses());
        }
        double apart = Math.log(max(scaled) / min(scaled));
        double apartKept = Math.log(max(kept) / min(kept));
        page.picture(
                        "scaling.png",
                        "Training loss over the epochs, with rates that are scaled with the batch size and with "
                                + "one rate",
                        () -> Chart.panels(2, List.of(left, right)))
                .text(line(
                        "With rates in proportion to the batch size, the training losses after %s lie between "
                                + "%.4f and %.4f; with a rate of %s for all, between "
                                + "%.4f and %.4f.",
                        Race.epochs(epochs), min(scaled), max(scaled), Race.plain(rate(0)), min(kept), max(kept)))
                .figure(Figure.of("Batches 16 to 1024, log ratio of training losses, scaled rates", "", apart)
                        .baseline(apartKept, "the same rate for all"));
    }

    private static double max(double... values) {
        return Arrays.stream(values).max().orElseThrow();
    }

    private static double min(double... values) {
        return Arrays.stream(values).min().orElseThrow();
    }

    private static Trainings.Task task(LabRun run, String name, Optimizer recipe, int batch, int epochs) {
        return new Trainings.Task(name, RatesLab::network, recipe, batch, epochs, run.seed());
    }

    /** The range test of Smith (2017), and whether its suggestion is a good rate. */
    private static boolean range(LabRun run, Findings page, Images images) {
        int steps = run.of(300, 120);
        int epochs = run.epochs(3, 1);
        Map<String, DoubleFunction<Optimizer>> recipes = new LinkedHashMap<>();
        recipes.put("Gradient descent", rate -> new Sgd((float) rate));
        recipes.put("Momentum", rate -> new Sgd((float) rate).momentum(0.9f));
        recipes.put("Adam", rate -> new Adam((float) rate));
        List<String> optimizers = List.copyOf(recipes.keySet());
        List<RateRange> ranges = new ArrayList<>();
        List<Trainings.Task> tasks = new ArrayList<>();
        for (Map.Entry<String, DoubleFunction<Optimizer>> entry : recipes.entrySet()) {
            if (run.interrupt().requested()) {
                return false;
            }
            try (Model<Layer> model = Model.of(network(), run.seed())) {
                RateRange range = Trainer.of(
                                model, Loss.crossEntropy(), entry.getValue().apply(LOWEST))
                        .seed(run.seed())
                        .findRate(images.learn().shuffled(run.seed()).batches(64), steps, 1e-5, 10);
                ranges.add(range);
                for (double rate : new double[] {range.suggestion() / 10, range.suggestion(), range.minimum()}) {
                    String name = line("range-%s-%.3g", entry.getKey(), rate);
                    tasks.add(task(run, name, entry.getValue().apply(rate), 64, epochs));
                }
            }
        }
        List<Course> courses = new Trainings(run, images.learn(), images.test()).all("Range finder", tasks);
        if (courses.isEmpty()) {
            return false;
        }
        Chart chart = new Chart("Smoothed loss of the range test", "learning rate").logarithmic(true, false);
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < ranges.size(); i++) {
            RateRange range = ranges.get(i);
            String name = optimizers.get(i);
            chart.line(name, range.rates(), range.smoothed());
            List<String> row =
                    new ArrayList<>(List.of(name, Race.plain(range.suggestion()), Race.plain(range.minimum())));
            for (Course c : courses.subList(3 * i, 3 * i + 3)) {
                row.add(c.diverged() ? "diverged" : line("%.4f", c.loss()));
            }
            rows.add(row);
            page.figure(Figure.of(name + ", rate that the range finder suggests", "", range.suggestion()));
        }
        page.section("Learning-rate range finder", "")
                .text(line(
                        "The finder takes %d steps with a rate that grows from 0.00001 by a factor in each step, "
                                + "and ends where the smoothed loss has risen to four times its "
                                + "least (Smith 2017). It suggests the rate at which the loss falls fastest. The "
                                + "same network then learns for %s with a "
                                + "tenth of the suggestion, with the suggestion, and with the rate at which the "
                                + "loss was least.",
                        steps, Race.epochs(epochs)))
                .table(
                        List.of(
                                "optimizer",
                                "suggestion",
                                "rate of the least loss",
                                "training loss with a tenth",
                                "with the suggestion",
                                "training loss with it"),
                        rows)
                .picture(
                        "range.png",
                        "Smoothed loss over the learning rate in the range test, for three optimizers",
                        () -> chart.range(0, 3.5).render());
        return true;
    }

    /** Smith et al. (2018): do not decay the learning rate, increase the batch size. */
    private static boolean growth(LabRun run, Findings page, Images images) {
        int phase = run.epochs(4, 1);
        int epochs = 3 * phase;
        int steps = images.learn().batches(32).steps();
        Sgd recipe = new Sgd(0.2f);
        List<String> names = List.of("constant", "rate / 4", "batch x 4");
        List<Trainings.Task> tasks = List.of(
                task(run, "growth-constant", recipe, 32, epochs),
                with(run, "growth-rate", recipe, epochs, t -> t.schedule(Schedule.step(phase, 1.0 / FACTOR))),
                with(run, "growth-batch", recipe, epochs, t -> t.accumulate(epoch -> power((epoch - 1) / phase))));
        List<Course> courses = new Trainings(run, images.learn(), images.test()).all("Batch growth", tasks);
        if (courses.isEmpty()) {
            return false;
        }
        int grown = IntStream.range(0, 3)
                .map(p -> phase * ((steps + power(p) - 1) / power(p)))
                .sum();
        Map<String, double[][]> losses = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            Course c = courses.get(i);
            losses.put(names.get(i), Course.curve(c.losses()));
            rows.add(List.of(
                    names.get(i),
                    line("%,d", i == 2 ? grown : epochs * steps),
                    line("%.4f", c.loss()),
                    line("%.4f", c.end()),
                    line("%.2f %%", 100 * c.accuracy())));
        }
        double apart = Math.abs(courses.get(1).loss() - courses.get(2).loss());
        double gain = Math.abs(courses.get(0).loss() - courses.get(1).loss());
        page.section("Batch growth and rate decay", "")
                .text(line(
                        "Gradient descent begins with batches of 32 and a rate of 0.2. After every %s either the "
                                + "rate is divided by 4, or the batch becomes "
                                + "4 times as large (Smith et al. 2018), or nothing changes.",
                        phase == 1 ? "epoch" : phase + " epochs"))
                .table(List.of("after each phase", "steps", "training loss", "test loss", "test accuracy"), rows)
                .series("growth.png", "Training loss over the epochs, by schedule", "training loss", "epoch", losses)
                .text(line(
                        "The training losses of decay and growth end %.4f apart, while decay changes the loss by "
                                + "%.4f; growth takes %.0f %% of the steps.",
                        apart, gain, 100.0 * grown / (epochs * steps)))
                .figure(Figure.of(
                                "Training loss, batch growth",
                                "",
                                courses.get(2).loss())
                        .baseline(courses.get(1).loss(), "rate decay"))
                .figure(Figure.of(
                                "Test accuracy, batch growth",
                                "%",
                                100 * courses.get(2).accuracy())
                        .baseline(100 * courses.get(1).accuracy(), "rate decay"));
        return true;
    }

    /** The factor between batch sizes, multiplied with itself. */
    private static int power(int exponent) {
        return IntStream.range(0, exponent).reduce(1, (product, i) -> product * FACTOR);
    }

    private static Trainings.Task with(
            LabRun run, String name, Optimizer recipe, int epochs, UnaryOperator<Trainer<Layer>> settings) {
        return new Trainings.Task(
                name, RatesLab::network, Loss.crossEntropy(), recipe, 32, epochs, run.seed(), settings);
    }
}
