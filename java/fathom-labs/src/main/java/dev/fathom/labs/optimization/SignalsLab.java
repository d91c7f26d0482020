package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.optimization.Signals.Start;
import dev.fathom.op.Activation;
import dev.fathom.optim.Sgd;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Histograms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How activations and gradients fade, stay or grow from layer to layer, by activation and initialization, beside the
 * theory of wide networks.
 */
public final class SignalsLab implements Experiment {
    static final int DEPTH = 10;
    private static final int[] SHOWN = {1, 3, 5, 7, 10};
    private static final String THEORY = "theory of infinitely wide layers";

    private static final List<Map.Entry<String, Activation>> UNITS = List.of(
            Map.entry("tanh", Activation.TANH),
            Map.entry("Sigmoid", Activation.SIGMOID),
            Map.entry("ReLU", Activation.RELU),
            Map.entry("SELU", Activation.SELU));

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("Ten layers", Start.ALL.get(0).network(null, 256), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        int width = lab.of(512, 200);
        int batch = lab.of(512, 200);
        try (Images images = lab.images(ImageSet.FASHION_MNIST, lab.of(5000, 800))) {
            lab.put("images", images.title()).put("learn", images.learn().size());
            lab.section("The networks").put("depth", DEPTH).put("width", width).put("batch", batch);
            UNITS.forEach(unit -> signals(lab, images.learn(), unit.getKey(), unit.getValue(), width, batch));
            learn(lab, images);
        }
    }

    private static void signals(Lab lab, Dataset learn, String unit, Activation activation, int width, int batch) {
        String file = unit.toLowerCase(Locale.ROOT);
        lab.put("unit", unit).section("{unit}").put("file", file);
        Table table = lab.table("signals", "initialization").named(unit + ", {row}, {column}");
        Histograms forward = histograms(unit + ", activations");
        Histograms backward = histograms(unit + ", gradients");
        Chart measured = new Chart(unit + ", log10 of the deviation", "layer");
        Chart inTheory = new Chart("In theory", "layer");
        double[] layers = Averages.upTo(DEPTH);
        for (Start start : Start.ALL) {
            lab.check();
            Signals signals = Signals.measured(start, activation, width, learn.batches(batch), lab.seed());
            double[] deviations = signals.deviations();
            double[] theory = signals.theory();
            Table.Row row = table.row(start.name()).cell("variance", start.value());
            for (int layer : new int[] {1, 5, 10}) {
                row.put("deviation in layer " + layer, "%.3g", deviations[layer - 1])
                        .baseline(theory[layer - 1], THEORY)
                        .cell("theory, layer " + layer, "%.3g", theory[layer - 1]);
            }
            row.put("gradients, factor for each layer", "%.3f", signals.factor())
                    .baseline(signals.factorInTheory(), THEORY)
                    .cell("theory", "%.3f", signals.factorInTheory());
            forward.row(start.name());
            backward.row(start.name());
            for (int layer : SHOWN) {
                add(forward, signals.activations().get(layer - 1));
                add(backward, signals.gradients().get(layer - 1));
            }
            measured.line(start.name(), layers, logarithms(deviations));
            inTheory.line(start.name(), layers, logarithms(theory));
        }
        lab.picture(file + "-activations.png", forward::render);
        lab.picture(file + "-gradients.png", backward::render);
        lab.charts(file + "-deviations.png", 2, List.of(measured, inTheory));
    }

    private static Histograms histograms(String title) {
        return new Histograms(
                title, IntStream.of(SHOWN).mapToObj(l -> "layer " + l).toList());
    }

    private static void add(Histograms sheet, float... values) {
        sheet.add(values, line("deviation %.2g", Averages.deviation(Averages.doubles(values))));
    }

    private static double[] logarithms(double... values) {
        return Arrays.stream(values).map(v -> Math.log10(Math.max(1e-12, v))).toArray();
    }

    /** What the signals are good for: how far gradient descent comes from each start. */
    private static void learn(Lab lab, Images images) {
        float[] rates = {0.01f, 0.1f};
        int epochs = lab.epochs(5, 1);
        int width = lab.of(256, 100);
        List<Trainings.Task> tasks = new ArrayList<>();
        for (Start start : Start.ALL) {
            for (Map.Entry<String, Activation> unit : UNITS) {
                for (float rate : rates) {
                    tasks.add(new Trainings.Task(
                            line("%s-%s-%.2g", unit.getKey(), start.name(), rate),
                            () -> start.network(unit.getValue(), width),
                            new Sgd(rate),
                            64,
                            epochs,
                            lab.seed()));
                }
            }
        }
        List<Course> courses = new Trainings(lab, "Learning", images.learn(), images.test()).all(tasks);
        lab.section("Learning").put("units", width).put("epochs", Race.epochs(epochs));
        Table table = lab.table("learning", "initialization").named("{column}, {row}, test accuracy");
        for (int i = 0; i < Start.ALL.size(); i++) {
            Table.Row row = table.row(Start.ALL.get(i).name());
            for (int j = 0; j < UNITS.size(); j++) {
                int at = 2 * (i * UNITS.size() + j);
                double best =
                        Math.max(courses.get(at).accuracy(), courses.get(at + 1).accuracy());
                row.put(UNITS.get(j).getKey(), "%.1f %%", 100 * best).baseline(10, "guessing");
                if (best == 0) {
                    row.cell(UNITS.get(j).getKey(), "diverged");
                }
            }
        }
    }
}
