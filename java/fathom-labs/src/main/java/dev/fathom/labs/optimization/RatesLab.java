package dev.fathom.labs.optimization;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.optimization.Trainings.Task;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Batch size and learning rate, how the rate is found and lowered, and what keeps a network from fitting too much and
 * from being too sure.
 */
public final class RatesLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network for clothes", OptimizersLab.network(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
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
            BatchGrid grid = new BatchGrid(lab, images, lab.epochs(5, 3), lab.of(5, 2));
            new ScaledRates(grid, grid.show()).show();
            range(lab, images);
            growth(lab, images);
            new Overfitting(lab, scarce).run();
        }
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
        ways.put("rate / 4", t -> t.schedule(Schedule.step(phase, 1.0 / 4)));
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
        lab.figure("Training loss, batch growth", "", loss[2])
                .baseline(loss[1], "rate decay")
                .figure("Test accuracy, batch growth", "%", right[2])
                .baseline(right[1], "rate decay");
        lab.put("phase", Race.epochs(phase)).put("share", 100.0 * grown / (3 * phase * steps));
        lab.put("apart", Math.abs(loss[1] - loss[2])).put("gain", Math.abs(loss[0] - loss[1]));
    }

    /** The factor of the batch, 4 after each phase. */
    private static int power(int exponent) {
        return (int) Math.pow(4, exponent);
    }
}
