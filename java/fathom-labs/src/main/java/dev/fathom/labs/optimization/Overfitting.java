package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.optimization.Trainings.Task;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.train.EarlyStopping;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Histograms;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * The part of the lab on rates in which a network with more weights than images fits too much: early stopping,
 * penalties, and calibration.
 */
record Overfitting(Lab lab, Images images) {
    private static final int BINS = 15;
    private static final String PLAIN = "Plain";
    private static final String STOPPED = "Early stopping";
    private static final String SMOOTHED = "Label smoothing 0.1";

    /** A way of training, from the same start. */
    private Task way(String name, Loss loss, UnaryOperator<Trainer<Layer>> settings) {
        return new Task(
                name, Overfitting::network, loss, new Adam(1e-3f), 64, lab.epochs(40, 12), lab.seed(), settings);
    }

    private List<Task> ways() {
        Loss loss = Loss.crossEntropy();
        return List.of(
                way(PLAIN, loss, t -> t),
                way(STOPPED, loss, t -> t.callbacks(new EarlyStopping(3)).keepBest("val_loss")),
                way("L2, λ = 0.001", loss, t -> t.penalties(Penalty.l2(1e-3f).except("*.bias"))),
                way("L1, λ = 0.0002", loss, t -> t.penalties(Penalty.l1(2e-4f).except("*.bias"))),
                way(SMOOTHED, Loss.crossEntropy().labelSmoothing(0.1f), t -> t));
    }

    /**
     * What became of a way.
     *
     * @param weights of the first layer
     * @param held the answers to the images held out
     * @param test the answers to the test
     */
    private record Trained(Run history, float[] weights, Classification held, Classification test) {
        /** The answers to the test at the temperature that is best for the images held out. */
        Classification cooled() {
            return test.scaled(held.temperature());
        }

        double accuracy() {
            return 100 * test.confusion().accuracy();
        }

        /** The mean confidence in percent. */
        double confidence() {
            return 100 * test.confidence();
        }
    }

    private static Layer network() {
        return new Sequential(
                new Flatten(),
                new Linear(784, 256).act(Activation.RELU),
                new Linear(256, 256).act(Activation.RELU),
                new Linear(256, 10));
    }

    void run() {
        Trainings trainings = new Trainings(lab, "Too few images", images.learn(), images.choose());
        List<Task> ways = ways();
        List<Trained> all = Workers.all().run(ways.size(), i -> {
            lab.check();
            try (Model<Layer> model = Model.of(network(), lab.seed())) {
                Run history = trainings.fit(ways.get(i), model);
                lab.check();
                return new Trained(
                        history,
                        model.parameter("1.weight").value().toArray(),
                        Classification.of(model, images.choose()),
                        Classification.of(model, images.test()));
            }
        });
        Map<String, Trained> trained = new LinkedHashMap<>();
        IntStream.range(0, ways.size()).forEach(i -> trained.put(ways.get(i).name(), all.get(i)));
        lab.section("Too few images").put("epochs", lab.epochs(40, 12));
        lab.put("few", images.learn().size()).put("held", images.choose().size());
        Trained plain = Objects.requireNonNull(trained.get(PLAIN));
        stopping(plain, Objects.requireNonNull(trained.get(STOPPED)));
        penalties(trained);
        calibration(trained, plain);
    }

    private void stopping(Trained plain, Trained stopped) {
        double[] losses = plain.history.series("loss");
        double[] held = plain.history.series("val_loss");
        double least = Arrays.stream(held).min().orElseThrow();
        lab.section("Early stopping").put("least", least).put("last", held[held.length - 1]);
        lab.put("best", Arrays.stream(held).boxed().toList().indexOf(least) + 1).put("ran", held.length);
        lab.put("training", losses[losses.length - 1]);
        lab.put("end", stopped.history.epochs().size());
        lab.put("stopped", stopped.test.logLoss()).put("whole", plain.test.logLoss());
        lab.put("stoppedRight", stopped.accuracy()).put("wholeRight", plain.accuracy());
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("training", plain.history.curve("loss"));
        curves.put("held out", plain.history.curve("val_loss"));
        lab.curves("stopping.png", "loss of the plain run", "epoch", curves)
                .figure("Test loss with early stopping", "", stopped.test.logLoss())
                .baseline(plain.test.logLoss(), "all epochs");
    }

    private void penalties(Map<String, Trained> trained) {
        Histograms sheet = new Histograms("Weights of the first layer", List.of("all", "-0.02 to 0.02")).bins(61);
        Table table = lab.section("Weights under L1 and L2").table("weights", "training");
        trained.forEach((name, t) -> {
            double[] weights = Averages.doubles(t.weights);
            double deviation = Averages.deviation(weights);
            double zeros = 100
                    * Averages.mean(Arrays.stream(weights)
                            .map(w -> Math.abs(w) < 1e-3 ? 1 : 0)
                            .toArray());
            table.row(name)
                    .put("deviation of the weights", "%.4f", deviation)
                    .put("weights near 0", "%.1f %%", zeros)
                    .put("test loss", "%.4f", t.test.logLoss())
                    .put("test accuracy", "%.2f %%", t.accuracy());
            sheet.row(name)
                    .add(t.weights, -0.3, 0.3, line("deviation %.2g", deviation))
                    .add(t.weights, -0.02, 0.02, line("%.1f %% near 0", zeros));
        });
        lab.picture("weights.png", sheet::render);
    }

    private void calibration(Map<String, Trained> trained, Trained plain) {
        Table table = lab.section("Calibration").put("bins", BINS).table("calibration", "training");
        trained.forEach((name, t) -> {
            Classification cooled = t.cooled();
            double before = 100 * t.test.calibration(BINS).expectedError();
            double after = 100 * cooled.calibration(BINS).expectedError();
            table.row(name)
                    .put("test accuracy", "%.2f %%", t.accuracy())
                    .put("mean confidence", "%.2f %%", t.confidence())
                    .put("ECE", "%.2f %%", before)
                    .put("test loss", "%.4f", t.test.logLoss())
                    .put("temperature", "%.3f", t.held.temperature())
                    .put("ECE after temperature scaling", "%.2f %%", after)
                    .baseline(before, "before")
                    .put("test loss after temperature scaling", "%.4f", cooled.logLoss());
        });
        Map<String, Classification> shown = new LinkedHashMap<>();
        shown.put("label smoothing", Objects.requireNonNull(trained.get(SMOOTHED)).test);
        shown.put("plain", plain.test);
        shown.put("with temperature", plain.cooled());
        Chart chart = new Chart("Share of right answers", "confidence");
        shown.forEach((name, answers) -> {
            double[][] curve = answers.calibration(BINS).curve();
            chart.line(name, curve[0], curve[1]);
        });
        double[] ends = {0, 1};
        lab.chart("reliability.png", chart.dashed("calibrated", ends, ends));
        double gap = plain.confidence() - plain.accuracy();
        lab.put("gap", Math.abs(gap)).put("side", gap > 0 ? "above" : "below");
    }
}
