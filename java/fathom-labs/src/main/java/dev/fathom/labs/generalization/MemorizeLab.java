package dev.fathom.labs.generalization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A network fits random labels (Zhang et al. 2017) as it fits true ones, in more steps, but learns nothing about new
 * images.
 */
public final class MemorizeLab implements Experiment {
    private static final int HIDDEN = 512;
    private static final int BATCH = 100;

    private record Mixed(double share, int images, int epochs) {}

    /**
     * A network that was trained until it was right on all training images, or to the end of its epochs.
     *
     * @param accuracies on the training images after each epoch
     * @param test accuracy on test images with their true labels
     */
    private record Fit(double[] accuracies, double test) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network", network(784), 784);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        int epochs = lab.epochs(300, 150);
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed());
                Dataset test =
                        Pixels.range(images.test(), 1, 0, lab.of(10_000, 2000)).dataset()) {
            Pixels train = Pixels.range(images.learn(), 1, 0, lab.of(5000, 1000));
            lab.section("Labels that are mixed up")
                    .put("images", images.title())
                    .put("epochs", epochs);
            lab.put("learn", train.size())
                    .put("test", test.size())
                    .put("hidden", HIDDEN)
                    .put("batch", BATCH);
            int each = (train.size() + BATCH - 1) / BATCH; // steps of an epoch
            Table table = lab.table("shares", "labels mixed up").named("{row} of labels mixed up, {column}");
            Chart curves = new Chart("Training error", "steps").logarithmic(true, false);
            for (int percent : new int[] {0, 25, 50, 75, 100}) {
                Pixels mixed = train.shuffled(percent / 100.0, lab.rng("labels").split(percent));
                Fit fit = lab.part(
                        new Mixed(percent, train.size(), epochs), Fit.class, () -> fit(lab, mixed, test, epochs));
                long changed = IntStream.range(0, train.size())
                        .filter(i -> train.labels()[i] != mixed.labels()[i])
                        .count();
                double[] steps = IntStream.rangeClosed(1, fit.accuracies.length)
                        .mapToDouble(e -> (double) e * each)
                        .toArray();
                curves.line(
                        percent + " %",
                        steps,
                        Arrays.stream(fit.accuracies).map(a -> 1 - a).toArray());
                Table.Row row = table.row(percent + " %")
                        .put("labels changed", "%.1f %%", 100.0 * changed / train.size())
                        .put("steps", "%,d steps", steps[steps.length - 1])
                        .put("training accuracy", "%.1f %%", 100 * fit.accuracies[fit.accuracies.length - 1])
                        .put("test accuracy", "%.1f %%", 100 * fit.test);
                if (percent == 100) {
                    row.baseline(10, "chance");
                }
            }
            show(lab, table, curves);
        }
    }

    private static Sequential network(int columns) {
        return new Sequential(new Linear(columns, HIDDEN).act(Activation.RELU), new Linear(HIDDEN, 10));
    }

    private static Fit fit(Lab lab, Pixels images, Dataset test, int epochs) {
        Sequential net = network(images.x()[0].length);
        try (Dataset data = images.dataset();
                Model<Sequential> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .metrics(Metric.accuracy())
                    .seed(lab.seed())
                    .callbacks(new Callback() {
                        @Override
                        public void onEpochEnd(Run training, EpochLog log) {
                            lab.check();
                            if (log.value("val_accuracy") == 1) {
                                training.stop("every image is right");
                            }
                        }
                    });
            Run history = trainer.fit(data.shuffled(lab.seed()).batches(Math.min(BATCH, images.size())), data, epochs);
            return new Fit(
                    history.series("val_accuracy"), trainer.evaluate(test).getOrDefault("accuracy", Double.NaN));
        }
    }

    private static void show(Lab lab, Table table, Chart curves) {
        double[] shares = {0, 25, 50, 75, 100};
        double[] train = table.values("training accuracy");
        double[] test = table.values("test accuracy");
        double[] steps = table.values("steps");
        Chart accuracy = new Chart("Accuracy, %", "labels mixed up, %")
                .line("training", shares, train)
                .line("test", shares, test)
                .dashed("chance", new double[] {0, 100}, new double[] {10, 10})
                .range(0, 105);
        Chart until = new Chart("Steps until every training image is right", "labels mixed up, %")
                .line("steps", shares, steps);
        lab.charts("memorize.png", 2, List.of(curves, accuracy, until));
        int longest = Averages.highest(0, steps.length, i -> steps[i]);
        lab.put("trueTrain", train[0]).put("trueSteps", steps[0]).put("trueTest", test[0]);
        lab.put("randomTrain", train[4]).put("randomSteps", steps[4]).put("randomTest", test[4]);
        lab.put("most", steps[longest]).put("share", shares[longest]).put("whole", train[4] == 100);
        lab.figure("Steps with random labels over steps with true ones", "", steps[4] / steps[0]);
    }
}
