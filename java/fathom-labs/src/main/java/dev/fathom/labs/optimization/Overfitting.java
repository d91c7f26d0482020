package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Classification;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.train.EarlyStopping;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Histograms;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The part of the lab on rates in which a network with more weights than images fits too much: early stopping,
 * penalties, and calibration.
 */
record Overfitting(LabRun run, Findings page, Images images) {
    private static final int BINS = 15;
    /** A weight below this size counts as 0. */
    private static final double NOTHING = 1e-3;

    /** A way of training. */
    private record Way(String name, Loss loss, UnaryOperator<Trainer<Layer>> settings) {}

    /**
     * What became of it.
     *
     * @param weights of the first layer
     * @param held the answers to the images held out
     * @param test the answers to the test
     */
    private record Trained(Run history, float[] weights, Classification held, Classification test) {
        double deviation() {
            return Averages.deviation(Averages.doubles(weights));
        }

        /** The answers to the test at the temperature that is best for the images held out. */
        Classification cooled() {
            return test.scaled(held.temperature());
        }
    }

    private static final String PLAIN = "Plain";
    private static final String STOPPED = "Early stopping";
    private static final String SMOOTHED = "Label smoothing 0.1";

    private static final List<Way> WAYS = List.of(
            new Way(PLAIN, Loss.crossEntropy(), trainer -> trainer),
            new Way(
                    STOPPED,
                    Loss.crossEntropy(),
                    trainer -> trainer.callbacks(new EarlyStopping(3)).keepBest("val_loss")),
            new Way(
                    "L2, λ = 0.001",
                    Loss.crossEntropy(),
                    trainer -> trainer.penalties(Penalty.l2(1e-3f).except("*.bias"))),
            new Way(
                    "L1, λ = 0.0002",
                    Loss.crossEntropy(),
                    trainer -> trainer.penalties(Penalty.l1(2e-4f).except("*.bias"))),
            new Way(SMOOTHED, Loss.crossEntropy().labelSmoothing(0.1f), trainer -> trainer));

    private static Layer network() {
        return new Sequential(
                new Flatten(), new Linear(784, 256).act(RELU), new Linear(256, 256).act(RELU), new Linear(256, 10));
    }

    /** Runs all of it; false if it was interrupted. */
    boolean study() {
        int epochs = run.epochs(40, 12);
        Trainings trainings = new Trainings(run, images.learn(), images.choose());
        List<Trained> all = Workers.all().run(WAYS.size(), i -> {
            Way way = WAYS.get(i);
            try (Model<Layer> model = Model.of(network(), run.seed())) {
                Run history = trainings.fit(
                        new Trainings.Task(
                                way.name,
                                Overfitting::network,
                                way.loss,
                                new Adam(1e-3f),
                                64,
                                epochs,
                                run.seed(),
                                way.settings),
                        model);
                return new Trained(
                        history,
                        model.parameter("1.weight").value().toArray(),
                        Classification.of(model, images.choose()),
                        Classification.of(model, images.test()));
            }
        });
        if (run.interrupt().requested()) {
            return false;
        }
        Map<String, Trained> trained = new LinkedHashMap<>();
        for (int i = 0; i < WAYS.size(); i++) {
            trained.put(WAYS.get(i).name, all.get(i));
        }
        page.section("Too few images", "")
                .text(line(
                        "A network of 784-256-256-10 with ReLU and 269,322 weights learns only %,d images by Adam "
                                + "with a rate of 0.001 in batches of 64 for %d epochs: plainly, "
                                + "with early stopping, with L2 or L1 penalties on all weights but biases, and "
                                + "with label smoothing. %,d images are held out.",
                        images.learn().size(), epochs, images.choose().size()));
        stopping(trained, epochs);
        penalties(trained);
        calibration(trained);
        return true;
    }

    private static Trained get(Map<String, Trained> trained, String name) {
        return Objects.requireNonNull(trained.get(name), name);
    }

    private void stopping(Map<String, Trained> trained, int epochs) {
        Trained plain = get(trained, PLAIN);
        Trained stopped = get(trained, STOPPED);
        double[] held = plain.history.series("val_loss");
        int best = 0;
        for (int i = 1; i < held.length; i++) {
            best = held[i] < held[best] ? i : best;
        }
        int ran = stopped.history.epochs().size();
        page.section("Early stopping", "")
                .text(line(
                        "The plain run's loss on the images held out is least after epoch %d, %.4f, and %.4f "
                                + "after epoch %d, while its training loss falls to %.4f. Early "
                                + "stopping with a patience of 3 ends after epoch %d of %d and keeps the best "
                                + "weights: its test loss is %.4f instead of %.4f, "
                                + "and %.2f %% instead of %.2f %% of the test are right.",
                        best + 1,
                        held[best],
                        held[held.length - 1],
                        held.length,
                        plain.history.series("loss")[held.length - 1],
                        ran,
                        epochs,
                        stopped.test.logLoss(),
                        plain.test.logLoss(),
                        100 * stopped.test.confusion().accuracy(),
                        100 * plain.test.confusion().accuracy()))
                .picture(
                        "stopping.png",
                        "Training and validation loss of the plain run over the epochs",
                        () -> Plots.compare("loss of the plain run", "epoch", losses(plain.history)))
                .figure(Figure.of("Test loss with early stopping", "", stopped.test.logLoss())
                        .baseline(plain.test.logLoss(), "all epochs"));
    }

    private static Map<String, double[][]> losses(Run history) {
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("training", history.curve("loss"));
        curves.put("held out", history.curve("val_loss"));
        return curves;
    }

    private void penalties(Map<String, Trained> trained) {
        Histograms sheet = new Histograms("Weights of the first layer", List.of("all", "-0.02 to 0.02")).bins(61);
        List<List<String>> rows = new ArrayList<>();
        trained.forEach((name, t) -> {
            double zeros = 100 * zeros(t.weights);
            rows.add(List.of(
                    name,
                    line("%.4f", t.deviation()),
                    line("%.1f %%", zeros),
                    line("%.4f", t.test.logLoss()),
                    line("%.2f %%", 100 * t.test.confusion().accuracy())));
            if (!name.equals(STOPPED)) {
                sheet.row(name)
                        .add(t.weights, -0.3, 0.3, line("deviation %.2g", t.deviation()))
                        .add(t.weights, -0.02, 0.02, line("%.1f %% near 0", zeros));
            }
            page.figure(Figure.of(name + ", weights near 0", "%", zeros));
        });
        Trained l1 = get(trained, "L1, λ = 0.0002");
        Trained l2 = get(trained, "L2, λ = 0.001");
        page.section("Weights under L1 and L2", "")
                .table(
                        List.of(
                                "training",
                                "deviation of the weights, layer 1",
                                "below 0.001 in size",
                                "test loss",
                                "test accuracy"),
                        rows)
                .picture("weights.png", "Histograms of the weights of the first layer by penalty", sheet::render)
                .text(line(
                        "Under L1, %.1f %% of the weights of the first layer are smaller than 0.001, against %.1f "
                                + "%% under L2 and %.1f %% without a penalty. L2 changes "
                                + "their standard deviation from %.4f to %.4f.",
                        100 * zeros(l1.weights),
                        100 * zeros(l2.weights),
                        100 * zeros(get(trained, PLAIN).weights),
                        get(trained, PLAIN).deviation(),
                        l2.deviation()));
    }

    private static double zeros(float[] weights) {
        int n = 0;
        for (float w : weights) {
            n += Math.abs(w) < NOTHING ? 1 : 0;
        }
        return (double) n / weights.length;
    }

    private void calibration(Map<String, Trained> trained) {
        List<List<String>> rows = new ArrayList<>();
        for (String name : List.of(PLAIN, SMOOTHED, STOPPED)) {
            Trained t = get(trained, name);
            Classification cooled = t.cooled();
            double before = 100 * t.test.calibration(BINS).expectedError();
            double after = 100 * cooled.calibration(BINS).expectedError();
            rows.add(List.of(
                    name,
                    line("%.2f %%", 100 * t.test.confusion().accuracy()),
                    line("%.2f %%", 100 * confidence(t.test)),
                    line("%.2f %%", before),
                    line("%.4f", t.test.logLoss()),
                    line("%.3f", t.held.temperature()),
                    line("%.2f %%", after),
                    line("%.4f", cooled.logLoss())));
            page.figure(Figure.of(name + ", ECE", "%", before));
            Figure scaled = Figure.of(name + ", ECE after temperature scaling", "%", after)
                    .baseline(before, "before");
            page.figure(scaled);
        }
        Trained plain = get(trained, PLAIN);
        double[] ends = {0, 1};
        Chart chart = new Chart("Share of right answers", "confidence");
        Map<String, Classification> shown = new LinkedHashMap<>();
        shown.put("label smoothing", get(trained, SMOOTHED).test);
        shown.put("plain", plain.test);
        shown.put("with temperature", plain.cooled());
        shown.forEach((name, answers) -> {
            double[][] curve = answers.calibration(BINS).curve();
            chart.line(name, curve[0], curve[1]);
        });
        chart.dashed("calibrated", ends, ends);
        page.section("Calibration", "")
                .text(line(
                        "A network is calibrated if it is right as often as it says. The expected calibration "
                                + "error (ECE, Guo et al. 2017, with %d bins of equal width) is the "
                                + "mean distance between the two. Temperature scaling divides the logits by one "
                                + "number, fitted on the images held out; it "
                                + "changes no answer.",
                        BINS))
                .table(
                        List.of(
                                "training",
                                "test accuracy",
                                "mean confidence",
                                "ECE",
                                "test loss",
                                "temperature",
                                "ECE after",
                                "test loss after"),
                        rows)
                .picture(
                        "reliability.png",
                        "Reliability diagram: share of right answers by confidence, before and after temperature "
                                + "scaling",
                        chart::render);
        double gap = confidence(plain.test) - plain.test.confusion().accuracy();
        page.text(line(
                "The plain network's mean confidence lies %.2f percentage points %s its accuracy; a temperature "
                        + "of %.2f takes its ECE from %.2f to %.2f %%.",
                100 * Math.abs(gap),
                gap > 0 ? "above" : "below",
                plain.held.temperature(),
                100 * plain.test.calibration(BINS).expectedError(),
                100 * plain.cooled().calibration(BINS).expectedError()));
    }

    private static double confidence(Classification answers) {
        double sum = 0;
        for (int i = 0; i < answers.size(); i++) {
            sum += answers.probability(i);
        }
        return sum / answers.size();
    }
}
