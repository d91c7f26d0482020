package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MeanSignal;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Histograms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How activations and gradients fade, stay or grow from layer to layer, by activation and initialization, beside the
 * theory of wide networks.
 */
public final class SignalsLab implements Experiment {
    private static final int DEPTH = 10;
    private static final int[] SHOWN = {1, 3, 5, 7, 10};
    private static final String THEORY = "theory of infinitely wide layers";

    private static final List<Map.Entry<String, Activation>> UNITS = List.of(
            Map.entry("tanh", Activation.TANH),
            Map.entry("Sigmoid", Activation.SIGMOID),
            Map.entry("ReLU", Activation.RELU),
            Map.entry("SELU", Activation.SELU));

    /**
     * How weights begin: normal, with a variance that may depend on the number of inputs; hidden layers have as many
     * outputs as inputs.
     */
    private record Start(String name, String value, IntToDoubleFunction variance) {
        /**
         * A network whose hidden layers, if {@code activation} is null, leave the activation to others, who may then
         * watch what goes into it.
         */
        Sequential network(@Nullable Activation activation, int width) {
            List<Layer> layers = new ArrayList<>(List.of(new Flatten()));
            for (int i = 0; i <= DEPTH; i++) {
                int in = i == 0 ? 784 : width;
                var weights = Init.normal(0, (float) Math.sqrt(variance.applyAsDouble(in)));
                Linear layer = new Linear(in, i == DEPTH ? 10 : width, weights).withBias(Init.zeros());
                layers.add(activation == null || i == DEPTH ? layer : layer.act(activation));
            }
            return new Sequential(layers);
        }
    }

    private static final List<Start> STARTS = List.of(
            new Start("too small", "0.0001", in -> 1e-4),
            new Start("Xavier", "1/n", in -> 1.0 / in),
            new Start("He", "2/n", in -> 2.0 / in),
            new Start("too large", "9/n", in -> 9.0 / in));

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("Ten layers", STARTS.get(0).network(null, 256), Input.floats(1, 28, 28, 1));
    }

    @Override
    public void run(Lab lab) {
        int width = lab.of(512, 200);
        int batch = lab.of(512, 200);
        try (Images all = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed());
                Images some = all.sample(lab.of(5000, 800), lab.seed());
                Images images = some.normalized()) {
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
        double[] layers = IntStream.rangeClosed(1, DEPTH).asDoubleStream().toArray();
        for (Start start : STARTS) {
            lab.check();
            try (Model<Sequential> model = Model.of(start.network(null, width), lab.seed());
                    Pass pass = Pass.grad()) {
                Batch first = learn.batches(batch).epoch(0).next();
                List<Tensor> inside = new ArrayList<>();
                List<float[]> behind = new ArrayList<>();
                Tensor x = first.x();
                for (Layer layer : model.net().layers()) {
                    x = layer.apply(x);
                    if (layer instanceof Linear && inside.size() < DEPTH) {
                        x = pass.watch(x);
                        inside.add(x);
                        x = Pass.apply(activation, x);
                        behind.add(x.toArray());
                    }
                }
                pass.backward(x.crossEntropy(first.y()));
                List<float[]> gradients = inside.stream()
                        .map(t -> Objects.requireNonNull(pass.gradient(t)).toArray())
                        .toList();
                double[] deviations = behind.stream()
                        .mapToDouble(a -> Averages.deviation(Averages.doubles(a)))
                        .toArray();
                double[] theory = new double[DEPTH];
                double slopes = 1; // of layers 2 to 10 in the theory
                double square = 784 * Math.pow(rootMeanSquare(first.x().toArray()), 2);
                for (int i = 0; i < DEPTH; i++) {
                    double variance = start.variance.applyAsDouble(i == 0 ? 784 : width);
                    MeanSignal signal = MeanSignal.of(activation, variance * square);
                    theory[i] = signal.deviation();
                    slopes *= i == DEPTH - 1 ? 1 : width * start.variance.applyAsDouble(width) * signal.slope();
                    square = width * signal.square();
                }
                double fading = rootMeanSquare(gradients.get(0)) / rootMeanSquare(gradients.get(DEPTH - 1));
                Table.Row row = table.row(start.name).cell("variance", start.value);
                for (int layer : new int[] {1, 5, 10}) {
                    row.put("deviation in layer " + layer, "%.3g", deviations[layer - 1])
                            .baseline(theory[layer - 1], THEORY)
                            .cell("theory, layer " + layer, "%.3g", theory[layer - 1]);
                }
                row.put("gradients, factor for each layer", "%.3f", Math.pow(fading, 1.0 / (DEPTH - 1)))
                        .baseline(Math.pow(slopes, 0.5 / (DEPTH - 1)), THEORY)
                        .cell("theory", "%.3f", Math.pow(slopes, 0.5 / (DEPTH - 1)));
                forward.row(start.name);
                backward.row(start.name);
                for (int layer : SHOWN) {
                    add(forward, behind.get(layer - 1));
                    add(backward, gradients.get(layer - 1));
                }
                measured.line(start.name, layers, logarithms(deviations));
                inTheory.line(start.name, layers, logarithms(theory));
            }
        }
        lab.picture(file + "-activations.png", forward::render);
        lab.picture(file + "-gradients.png", backward::render);
        lab.picture(file + "-deviations.png", () -> Chart.panels(2, List.of(measured, inTheory)));
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

    private static double rootMeanSquare(float... values) {
        return Averages.norm(values) / Math.sqrt(values.length);
    }

    /** What the signals are good for: how far gradient descent comes from each start. */
    private static void learn(Lab lab, Images images) {
        float[] rates = {0.01f, 0.1f};
        int epochs = lab.epochs(5, 1);
        int width = lab.of(256, 100);
        List<Trainings.Task> tasks = new ArrayList<>();
        for (Start start : STARTS) {
            for (Map.Entry<String, Activation> unit : UNITS) {
                for (float rate : rates) {
                    tasks.add(new Trainings.Task(
                            line("%s-%s-%.2g", unit.getKey(), start.name, rate),
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
        for (int i = 0; i < STARTS.size(); i++) {
            Table.Row row = table.row(STARTS.get(i).name);
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
