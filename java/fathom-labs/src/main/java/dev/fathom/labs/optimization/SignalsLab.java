package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import dev.fathom.view.Histograms;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;

/**
 * How activations and gradients fade, stay or grow from layer to layer, by activation and initialization, beside the
 * theory of wide networks.
 */
public final class SignalsLab implements OldExperiment {
    private static final int DEPTH = 10;
    private static final int[] SHOWN = {1, 3, 5, 7, 10};

    /** An activation with its name. */
    private record Unit(String name, Activation activation) {}

    private static final List<Unit> UNITS = List.of(
            new Unit("tanh", Activation.TANH),
            new Unit("Sigmoid", Activation.SIGMOID),
            new Unit("ReLU", Activation.RELU),
            new Unit("SELU", Activation.SELU));

    /**
     * How weights begin: normal, with a variance that may depend on the number of inputs; hidden layers have as many
     * outputs as inputs.
     */
    private enum Start {
        SMALL("too small", "0.0001", in -> 1e-4),
        XAVIER("Xavier", "1/n", in -> 1.0 / in),
        HE("He", "2/n", in -> 2.0 / in),
        LARGE("too large", "9/n", in -> 9.0 / in);

        private final String name;
        private final String title;
        private final IntToDoubleFunction variance;

        Start(String name, String value, IntToDoubleFunction variance) {
            this.name = name;
            this.title = name + ", " + value;
            this.variance = variance;
        }

        private double variance(int in) {
            return variance.applyAsDouble(in);
        }

        private Initializer weights(int in) {
            return Init.normal(0, (float) Math.sqrt(variance(in)));
        }
    }

    /**
     * The signals of one network at its start.
     *
     * @param activations of each hidden layer
     * @param gradients of the loss by what goes into each activation
     * @param theory of the standard deviation of the activations of each layer
     * @param back theory of the root mean square of the gradients, from that of the last layer
     */
    private record Signals(
            Unit unit,
            Start start,
            List<float[]> activations,
            List<float[]> gradients,
            double[] theory,
            double[] back) {
        double deviation(int layer) {
            return Averages.deviation(Averages.doubles(activations.get(layer - 1)));
        }

        double gradient(int layer) {
            return rootMeanSquare(gradients.get(layer - 1));
        }

        /**
         * By what a layer multiplies the gradients on their way from the last layer to the first, in the geometric
         * mean.
         */
        double fading() {
            return Math.pow(gradient(1) / gradient(DEPTH), 1.0 / (DEPTH - 1));
        }

        double fadingInTheory() {
            return Math.pow(back[0] / back[DEPTH - 1], 1.0 / (DEPTH - 1));
        }
    }

    @Override
    public String name() {
        return "signals";
    }

    @Override
    public Findings run(LabRun run) {
        int width = run.of(512, 200);
        try (Images all = ImageSet.FASHION_MNIST.images(run.data(), run.seed());
                Images some = all.first(run.of(5000, 800));
                Images images = some.normalized()) {
            Findings page = run.page(
                    "Lab signals",
                    line("%s, %,d images", images.title(), images.learn().size()));
            page.section("The networks", "")
                    .text(line(
                            "Each network has %d hidden layers of %d units and an output of 10, and biases of 0. "
                                    + "The weights are normal with mean 0 and "
                                    + "the variance that the rows name, where n is the number of inputs; in "
                                    + "hidden layers, which have as many outputs as "
                                    + "inputs, Xavier's variance 2 / (inputs + outputs) is the 1/n of LeCun. A "
                                    + "batch of %d images runs forward, and the "
                                    + "gradients of its cross-entropy run back. Activations are what comes out of "
                                    + "each hidden layer; gradients are "
                                    + "those by what goes into its activation. No figures are published for these "
                                    + "networks, so the page compares them "
                                    + "with the theory of infinitely wide layers (Poole et al. 2016): the "
                                    + "standard deviation that follows from the mean "
                                    + "square of the images, and for gradients the root mean square that follows "
                                    + "from that of the last layer.",
                            DEPTH, width, batch(run)));
            List<Signals> signals = new ArrayList<>();
            for (Unit unit : UNITS) {
                for (Start start : Start.values()) {
                    if (run.interrupt().requested()) {
                        return page;
                    }
                    signals.add(signals(run, images, unit, start, width));
                }
                show(page, List.copyOf(signals.subList(signals.size() - Start.values().length, signals.size())));
            }
            figures(page, signals);
            return learn(run, page, images, signals) ? page.finished() : page;
        }
    }

    private static int batch(LabRun run) {
        return run.of(512, 200);
    }

    private static Signals signals(LabRun run, Images images, Unit unit, Start start, int width) {
        try (Model<Sequential> model = Model.of(network(start, width), run.seed());
                Pass pass = Pass.grad()) {
            Batch batch = images.learn().batches(batch(run)).epoch(0).next();
            List<Tensor> inside = new ArrayList<>();
            List<Tensor> behind = new ArrayList<>();
            Tensor x = batch.x();
            for (Layer layer : model.net().layers()) {
                x = layer.apply(x);
                if (layer instanceof Linear && inside.size() < DEPTH) {
                    x = pass.watch(x);
                    inside.add(x);
                    x = Pass.apply(unit.activation, x);
                    behind.add(x);
                }
            }
            pass.backward(x.crossEntropy(batch.y()));
            List<float[]> gradients = inside.stream()
                    .map(t -> Objects.requireNonNull(pass.gradient(t)).toArray())
                    .toList();
            return theory(
                    unit,
                    start,
                    width,
                    batch.x().toArray(),
                    behind.stream().map(Tensor::toArray).toList(),
                    gradients);
        }
    }

    /**
     * Linear layers alone: the activations between them are applied outside, so that what goes into them can be
     * watched.
     */
    private static Sequential network(Start start, int width) {
        List<Layer> layers = new ArrayList<>(List.of(new Flatten()));
        for (int i = 0; i <= DEPTH; i++) {
            int in = i == 0 ? 784 : width;
            layers.add(new Linear(in, i == DEPTH ? 10 : width, start.weights(in)).withBias(Init.zeros()));
        }
        return new Sequential(layers);
    }

    private static Signals theory(
            Unit unit, Start start, int width, float[] x, List<float[]> activations, List<float[]> gradients) {
        double[] deviations = new double[DEPTH];
        double[] slopes = new double[DEPTH];
        double square = 784 * Math.pow(rootMeanSquare(x), 2);
        for (int i = 0; i < DEPTH; i++) {
            int in = i == 0 ? 784 : width;
            MeanSignal signal = MeanSignal.of(unit.activation, start.variance(in) * square);
            deviations[i] = signal.deviation();
            slopes[i] = signal.slope();
            square = width * signal.square();
        }
        double[] back = new double[DEPTH];
        back[DEPTH - 1] = rootMeanSquare(gradients.get(DEPTH - 1));
        for (int i = DEPTH - 2; i >= 0; i--) {
            back[i] = back[i + 1] * Math.sqrt(width * start.variance(width) * slopes[i]);
        }
        return new Signals(unit, start, activations, gradients, deviations, back);
    }

    private static double rootMeanSquare(float[] values) {
        return Averages.norm(values) / Math.sqrt(values.length);
    }

    private static void show(Findings page, List<Signals> signals) {
        String name = signals.get(0).unit.name;
        String file = name.toLowerCase(Locale.ROOT);
        page.section(name, "");
        List<String> header = new ArrayList<>(List.of(name));
        Arrays.stream(new int[] {1, 5, 10}).forEach(l -> header.addAll(List.of("activations, layer " + l, "theory")));
        header.addAll(List.of("gradients, factor for each layer", "theory"));
        List<List<String>> rows = new ArrayList<>();
        for (Signals s : signals) {
            List<String> row = new ArrayList<>(List.of(s.start.title));
            for (int layer : new int[] {1, 5, 10}) {
                row.addAll(List.of(line("%.3g", s.deviation(layer)), line("%.3g", s.theory[layer - 1])));
            }
            row.addAll(List.of(line("%.3f", s.fading()), line("%.3f", s.fadingInTheory())));
            rows.add(row);
        }
        page.table(header, rows);
        page.picture(
                file + "-activations.png",
                name + ": histograms of the activations of layers 1 to 10 under four initializations",
                () -> histograms(name + ", activations", signals, true));
        page.picture(
                file + "-gradients.png",
                name + ": histograms of the gradients of layers 1 to 10 under four initializations",
                () -> histograms(name + ", gradients", signals, false));
        page.picture(
                file + "-deviations.png",
                name + ": the standard deviation of the activations over the layers, measured and in theory",
                () -> Chart.panels(
                        2,
                        List.of(
                                chart(name + ", log10 of the deviation", signals, Signals::deviation),
                                chart("In theory", signals, (s, l) -> s.theory[l - 1]))));
    }

    private static Chart chart(String title, List<Signals> signals, ToDoubleBiFunction<Signals, Integer> deviation) {
        Chart chart = new Chart(title, "layer");
        double[] layers = IntStream.rangeClosed(1, DEPTH).mapToDouble(l -> l).toArray();
        for (Signals s : signals) {
            chart.line(
                    s.start.name,
                    layers,
                    IntStream.rangeClosed(1, DEPTH)
                            .mapToDouble(l -> Math.log10(Math.max(1e-12, deviation.applyAsDouble(s, l))))
                            .toArray());
        }
        return chart;
    }

    private static BufferedImage histograms(String title, List<Signals> signals, boolean forward) {
        Histograms sheet = new Histograms(
                title, Arrays.stream(SHOWN).mapToObj(l -> "layer " + l).toList());
        for (Signals s : signals) {
            sheet.row(s.start.title);
            for (int layer : SHOWN) {
                float[] values = (forward ? s.activations : s.gradients).get(layer - 1);
                sheet.add(values, line("deviation %.2g", Averages.deviation(Averages.doubles(values))));
            }
        }
        return sheet.render();
    }

    private static void figures(Findings page, List<Signals> signals) {
        for (Signals s : signals) {
            String name = s.unit.name + ", " + s.start.name + ", ";
            Figure last = Figure.of(name + "deviation in layer 10", "", s.deviation(DEPTH));
            double theory = s.theory[DEPTH - 1];
            page.figure(baseline(last, theory));
            Figure fading = Figure.of(name + "gradients, factor for each layer", "", s.fading());
            double back = s.fadingInTheory();
            page.figure(baseline(fading, back));
        }
    }

    private static Figure baseline(Figure figure, double theory) {
        return figure.baseline(theory, "theory of infinitely wide layers");
    }

    /** What the signals are good for: how far gradient descent comes from each start. */
    private static boolean learn(LabRun run, Findings page, Images images, List<Signals> signals) {
        double[] rates = {0.01, 0.1};
        int epochs = run.epochs(5, 1);
        int width = run.of(256, 100);
        List<Trainings.Task> tasks = new ArrayList<>();
        for (Signals s : signals) {
            for (double rate : rates) {
                tasks.add(new Trainings.Task(
                        line("%s-%s-%.2g", s.unit.name, s.start.name(), rate),
                        () -> trained(s, width),
                        new Sgd((float) rate),
                        64,
                        epochs,
                        run.seed()));
            }
        }
        List<Course> courses = new Trainings(run, images.learn(), images.test()).all("Learning", tasks);
        if (courses.isEmpty()) {
            return false;
        }
        List<List<String>> rows = new ArrayList<>();
        Map<Start, List<String>> cells = new LinkedHashMap<>();
        for (int i = 0; i < signals.size(); i++) {
            Signals s = signals.get(i);
            double best = Math.max(
                    courses.get(2 * i).accuracy(), courses.get(2 * i + 1).accuracy());
            boolean known = best > 0;
            cells.computeIfAbsent(s.start, start -> new ArrayList<>(List.of(start.title)))
                    .add(known ? line("%.1f %%", 100 * best) : "diverged");
            if (known) {
                page.figure(Figure.of(s.unit.name + ", " + s.start.name + ", test accuracy", "%", 100 * best)
                        .baseline(10, "guessing"));
            }
        }
        cells.forEach((start, row) -> rows.add(row));
        List<String> header = new ArrayList<>(List.of("test accuracy"));
        UNITS.forEach(u -> header.add(u.name));
        page.section("Learning", "")
                .text(line(
                        "The same networks with %d units in each layer learn %,d images by plain gradient descent "
                                + "in batches of 64, for %s with a rate of 0.01 "
                                + "or 0.1, of which the better one counts. Guessing is right in 10 %%.",
                        width, images.learn().size(), Race.epochs(epochs)))
                .table(header, rows);
        return true;
    }

    private static Layer trained(Signals s, int width) {
        List<Layer> layers = new ArrayList<>(List.of(new Flatten()));
        for (Layer layer : network(s.start, width).layers()) {
            if (layer instanceof Linear linear) {
                layers.add(layers.size() <= DEPTH ? linear.act(s.unit.activation) : linear);
            }
        }
        return new Sequential(layers);
    }
}
