package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The parts of the page that show how gradients vanish and explode. */
final class MemoryGradients {
    private static final double[] SCALES = {0.5, 0.9, 1, 1.2, 1.5, 2};
    private static final int UNITS = 32;
    private static final int BATCH = 32;
    /** The scale of recurrent weights that stretch every vector, so that gradients explode. */
    private static final float EXPLODING = 1.5f;

    private static final float SGD_RATE = 0.05f;
    private static final float CLIP = 1;
    private static final int STEPS_A_POINT = 10;

    private final LabRun run;
    private final Findings page;
    private final int length;

    /** Adds to {@code page}; gradients are measured on sequences of {@code length} steps. */
    MemoryGradients(LabRun run, Findings page, int length) {
        this.run = run;
        this.page = page;
        this.length = length;
    }

    // ---- dL/dh over the distance

    /** The norms of dL/dh[t] for a batch of the adding problem. */
    double[] flow(Model<MemoryNet> model) {
        try (Dataset data = MemoryTask.ADDING.data(BATCH, length, new Rng(run.seed()).split("flow"));
                Pass pass = Pass.grad()) {
            return GradientFlow.norms(model.net(), data.batches(BATCH).epoch(0).next());
        }
    }

    /** Norms over the distance, as curves of their logarithm; an exact zero, which has none, leaves a gap. */
    private static double[][] logarithms(double[] norms) {
        return new double[][] {
            IntStream.range(0, norms.length).mapToDouble(d -> d).toArray(),
            Arrays.stream(norms).map(v -> v > 0 ? Math.log10(v) : Double.NaN).toArray()
        };
    }

    /** The gradients of all cells before and after training. */
    void flows(Map<String, double[]> before, Map<String, double[]> after) {
        page.section(
                "How gradients vanish",
                line(
                        "The norm of dL/dh[t] over the distance T - t, for a batch of the adding problem with T = "
                                + "%d; for the LSTM, of the hidden and the "
                                + "cell state together. A gradient that vanishes falls by a constant factor in "
                                + "each step, which is a straight line in "
                                + "these plots. Gates that keep the state give the gradient a path without loss.",
                        length));
        List<List<String>> rows = new ArrayList<>();
        for (String cell : before.keySet()) {
            rows.add(row(cell + ", before training", before.get(cell)));
            if (after.containsKey(cell)) {
                rows.add(row(cell + ", trained", after.get(cell)));
            }
        }
        page.table(header("network", "norm at distance "), rows);
        curves("flow-start.png", "log10 of |dL/dh| before training", before);
        curves("flow-trained.png", "log10 of |dL/dh| after training", after);
        before.forEach((cell, norms) -> page.figure(
                Figure.of(cell + ", dL/dh over " + (length - 1) + " steps before training, ratio", "", ratio(norms))));
    }

    private static double ratio(double[] norms) {
        return norms[norms.length - 1] / norms[0];
    }

    private int[] distances() {
        return new int[] {0, length / 10, length / 4, length / 2, length - 1};
    }

    private List<String> header(String first, String what) {
        List<String> header = new ArrayList<>(List.of(first));
        for (int d : distances()) {
            header.add(what + d);
        }
        return header;
    }

    private List<String> row(String name, double[] norms) {
        List<String> row = new ArrayList<>(List.of(name));
        for (int d : distances()) {
            row.add(line("%.2e", norms[d]));
        }
        return row;
    }

    private void curves(String file, String figure, Map<String, double[]> norms) {
        if (!norms.isEmpty()) {
            Map<String, double[][]> all = new LinkedHashMap<>();
            norms.forEach((name, values) -> all.put(name, logarithms(values)));
            page.series(file, figure + ", over the distance from the last step", figure, "distance", all);
        }
    }

    // ---- clipping

    /**
     * A training with or without clipping: the norm of the gradient in each step before it is clipped, the validation
     * loss over the steps, and dL/dh at the end.
     */
    private record Training(double[] norms, double[][] losses, double[] flow, String ended) {
        /** The greatest norm that is finite. */
        double greatest() {
            return Arrays.stream(norms).filter(Double::isFinite).max().orElse(0);
        }

        /** The share of steps that clipping changes. */
        double clipped() {
            return norms.length == 0
                    ? 0
                    : (double) Arrays.stream(norms).filter(v -> !(v <= CLIP)).count() / norms.length;
        }

        double lastLoss() {
            return losses[1].length == 0 ? Double.NaN : losses[1][losses[1].length - 1];
        }
    }

    /** Records the norm of all gradients together before they are clipped. */
    private record Norms(Model<?> model, List<Double> all) implements Callback {
        @Override
        public void onBackwardEnd(Run training, Model<?> trained) {
            double sum = 0;
            for (Parameter p : model.parameters()) {
                Tensor gradient = p.gradient();
                for (float g : gradient == null ? new float[0] : gradient.toArray()) {
                    sum += (double) g * g;
                }
            }
            all.add(Math.sqrt(sum));
        }
    }

    /** Trains a network whose gradients explode, with and without clipping. */
    void clipping() {
        int epochs = run.of(40, 6);
        page.section(
                "Clipping",
                line(
                        "A tanh network of %d units whose recurrent weights start as %.1f times an orthogonal "
                                + "matrix, on the adding problem with T = %d: "
                                + "SGD with a learning rate of %s in %d steps of %d sequences. Without clipping, "
                                + "steps along exploded gradients throw the "
                                + "weights so far that tanh saturates and the answers overshoot. With clipping, "
                                + "the gradient of all weights together is "
                                + "scaled down to a norm of %.0f. A curve of dL/dh ends where all slopes of tanh "
                                + "have become 0.",
                        UNITS, EXPLODING, length, SGD_RATE, epochs * STEPS_A_POINT, BATCH, CLIP));
        Map<String, double[]> flows = new LinkedHashMap<>();
        Map<String, double[][]> norms = new LinkedHashMap<>();
        Map<String, double[][]> losses = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        for (boolean clipped : new boolean[] {false, true}) {
            if (run.interrupt().requested()) {
                break;
            }
            String name = clipped ? "clipped to norm 1" : "not clipped";
            Training training = train(clipped, epochs, flows);
            flows.put(name, training.flow());
            norms.put(name, logarithms(training.norms()));
            losses.put(name, new double[][] {
                training.losses()[0],
                Arrays.stream(training.losses()[1]).map(Math::log10).toArray()
            });
            rows.add(List.of(
                    name,
                    line("%.3g", training.greatest()),
                    line("%.0f %%", 100 * training.clipped()),
                    line("%.3g", training.lastLoss()),
                    training.ended()));
            figures("Exploding network, " + name + ", ", training);
        }
        if (rows.isEmpty()) {
            return;
        }
        page.table(List.of("gradient", "greatest norm", "steps above 1", "validation loss", "end of training"), rows);
        // a network that overflows at once has no points
        norms.values().removeIf(curve -> curve[0].length == 0);
        losses.values().removeIf(curve -> curve[0].length == 0);
        series("clipping-norm.png", "gradient norm before clipping", norms);
        series("clipping-loss.png", "validation loss", losses);
        curves("clipping-flow.png", "log10 of |dL/dh|, exploding network", flows);
    }

    private void series(String file, String what, Map<String, double[][]> curves) {
        if (!curves.isEmpty()) {
            page.series(file, "log10 of the " + what + ", over the steps", "log10 of the " + what, "step", curves);
        }
    }

    private void figures(String name, Training training) {
        Figure greatest = Figure.of(name + "greatest gradient norm", "", training.greatest());
        page.figure(greatest);
        if (Double.isFinite(training.lastLoss())) {
            double baseline = MemoryTask.ADDING.baseline(length);
            page.figure(Figure.of(name + "validation loss at the end", "", training.lastLoss())
                    .baseline(baseline, "without memory"));
        }
    }

    private Training train(boolean clipped, int epochs, Map<String, double[]> flows) {
        Rng rng = new Rng(run.seed()).split("clipping");
        Recurrent cell = Recurrent.of(Cell.TANH, 2, UNITS).init("weight_hh_l0", Init.orthogonal(EXPLODING));
        try (Dataset training = MemoryTask.ADDING.data(STEPS_A_POINT * BATCH, length, rng.split("learn"));
                Dataset validation = MemoryTask.ADDING.data(320, length, rng.split("held out"));
                var model = Model.of(new MemoryNet(MemoryTask.ADDING, cell, new Linear(UNITS, 1)), run.seed())) {
            flows.putIfAbsent("before training", flow(model));
            Norms norms = new Norms(model, new ArrayList<>());
            var trainer = Trainer.of(model, MemoryTask.ADDING.loss(), new Sgd(SGD_RATE))
                    .seed(run.seed())
                    .callbacks(norms);
            trainer = trainer.callbacks(run.interrupt().stopping());
            if (clipped) {
                trainer = trainer.clipNorm(CLIP);
            }
            Run history;
            try {
                history = trainer.fit(training.shuffled(run.seed()).batches(BATCH), validation, epochs);
            } catch (NonFiniteLossException e) {
                history = e.run();
            }
            double[][] losses = {
                history.epochs().stream()
                        .mapToDouble(e -> (double) e.epoch() * STEPS_A_POINT)
                        .toArray(),
                history.epochs().stream()
                        .mapToDouble((EpochLog e) -> e.value("val_loss"))
                        .toArray()
            };
            return new Training(
                    norms.all().stream().mapToDouble(v -> v).toArray(),
                    losses,
                    flow(model),
                    history.ended().split(" \\(")[0]);
        }
    }

    // ---- the product of derivatives

    /**
     * Compares the product of the derivatives of the recurrent step with its bound, the powers of the largest singular
     * value.
     */
    void products() {
        page.section(
                "The product of derivatives",
                line(
                        "An untrained tanh network of %d units, along a sequence of %d numbers. Its recurrent "
                                + "weights are an orthogonal matrix times a "
                                + "scale, which is then the largest singular value. dh[T]/dh[T - d] is a product "
                                + "of d derivatives, each diag(1 - h^2) W, "
                                + "so its largest singular value is at most scale^d (Pascanu, Mikolov and Bengio "
                                + "2013): below 1 it must vanish. Above 1 "
                                + "it may explode, and the slopes of tanh determine how much of that remains.",
                        UNITS, length));
        Map<String, double[]> measured = new LinkedHashMap<>();
        Map<String, double[]> bounds = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        for (double scale : SCALES) {
            String name = line("scale %s", scale);
            double[] product = product((float) scale);
            double[] bound = IntStream.range(0, length)
                    .mapToDouble(d -> Math.pow(scale, d))
                    .toArray();
            measured.put(name, product);
            bounds.put(name, bound);
            rows.add(row(name + ", measured", product));
            rows.add(row(name + ", bound", bound));
            double each = Math.pow(product[length - 1], 1.0 / (length - 1));
            page.figure(Figure.of("Product of derivatives, " + name + ", factor of a step", "", each)
                    .baseline(scale, "largest singular value"));
        }
        page.table(header("recurrent weights", "distance "), rows);
        curves("products.png", "log10 of the norm of the product, measured", measured);
        curves("bounds.png", "log10 of the bound", bounds);
    }

    private double[] product(float scale) {
        Recurrent net = Recurrent.of(Cell.TANH, 2, UNITS).init("weight_hh_l0", Init.orthogonal(scale));
        try (Dataset data = MemoryTask.ADDING.data(1, length, new Rng(run.seed()).split("products"));
                var model = Model.of(net, run.seed());
                Pass pass = Pass.infer()) {
            return GradientFlow.products(
                    model.net(), data.batches(1).epoch(0).next().x());
        }
    }
}
