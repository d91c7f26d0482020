package dev.fathom.labs.memory;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.MemoryTask;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Training;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** How gradients vanish and explode, on sequences of some length. */
record Gradients(Lab lab, int length) {
    private static final double[] SCALES = {0.5, 0.9, 1, 1.2, 1.5, 2};
    private static final int UNITS = 32;
    private static final int BATCH = 32;
    private static final float EXPLODING = 1.5f; // scale of recurrent weights that stretch every vector
    private static final float SGD_RATE = 0.05f;
    private static final float CLIP = 1;
    private static final int STEPS_A_POINT = 10;

    /** The norms of dL/dh[t] over the distance from the last step, for a batch of the adding problem. */
    double[] flow(Model<MemoryNet> model) {
        try (Dataset data = MemoryTask.ADDING.data(BATCH, length, lab.rng("flow"));
                Pass pass = Pass.grad()) {
            return GradientFlow.norms(model.net(), data.batches(BATCH).epoch(0).next());
        }
    }

    private void row(Table table, String name, double[] norms) {
        Table.Row row = table.row(name);
        for (int d : new int[] {0, length / 10, length / 4, length / 2, length - 1}) {
            row.cell("distance " + d, "%.2e", norms[d]);
        }
    }

    /** Adds to curves of logarithms; an exact zero, which has none, leaves a gap. */
    private static void log(Map<String, double[][]> curves, String name, double[] x, double[] values) {
        double[] logs = Arrays.stream(values)
                .map(v -> v > 0 ? Math.log10(v) : Double.NaN)
                .toArray();
        if (x.length > 0) { // a network that overflows at once has no points
            curves.put(name, new double[][] {x, logs});
        }
    }

    private static double[] count(int n) {
        return IntStream.range(0, n).asDoubleStream().toArray();
    }

    private void curves(String file, String figure, String axis, Map<String, double[][]> curves) {
        if (!curves.isEmpty()) {
            lab.curves(file, "log10 of " + figure, axis, curves);
        }
        lab.put(file.replace(".png", ""), !curves.isEmpty());
    }

    /** The gradients of all cells before and after training. */
    void flows(Map<String, double[]> trained) {
        lab.section("How gradients vanish").put("length", length);
        Table table = lab.table("flows", "norm of dL/dh");
        Map<String, double[][]> before = new LinkedHashMap<>();
        Map<String, double[][]> after = new LinkedHashMap<>();
        for (Cell cell : MemoryNet.CELLS) {
            String name = MemoryNet.name(cell);
            try (var model = Model.of(MemoryNet.of(MemoryTask.ADDING, cell, MemoryLab.HIDDEN, length), lab.seed())) {
                double[] norms = flow(model);
                row(table, name + ", before training", norms);
                double[] end = Objects.requireNonNull(trained.get(name));
                row(table, name + ", trained", end);
                log(before, name, count(length), norms);
                log(after, name, count(length), end);
                lab.figure(
                        name + ", dL/dh over " + (length - 1) + " steps before training, ratio",
                        "",
                        norms[length - 1] / norms[0]);
            }
        }
        curves("flow-start.png", "|dL/dh| before training", "distance", before);
        curves("flow-trained.png", "|dL/dh| after training", "distance", after);
    }

    /**
     * Compares the product of the derivatives of the recurrent step with its bound, the powers of the largest singular
     * value.
     */
    void products() {
        lab.section("The product of derivatives").put("units", UNITS);
        Table table = lab.table("products", "norm of the product");
        Map<String, double[][]> measured = new LinkedHashMap<>();
        Map<String, double[][]> bounds = new LinkedHashMap<>();
        for (double scale : SCALES) {
            String name = "scale " + scale;
            double[] product = product((float) scale);
            double[] bound =
                    Arrays.stream(count(length)).map(d -> Math.pow(scale, d)).toArray();
            log(measured, name, count(length), product);
            log(bounds, name, count(length), bound);
            row(table, name + ", measured", product);
            row(table, name + ", bound", bound);
            double each = Math.pow(product[length - 1], 1.0 / (length - 1));
            lab.figure("Product of derivatives, " + name + ", factor of a step", "", each)
                    .baseline(scale, "largest singular value");
        }
        curves("products.png", "the norm of the product, measured", "distance", measured);
        curves("bounds.png", "the bound", "distance", bounds);
    }

    /** A layer whose recurrent weights stretch every vector by a scale. */
    private static Recurrent tanh(float scale) {
        return Recurrent.of(Cell.TANH, 2, UNITS).init("weight_hh_l0", Init.orthogonal(scale));
    }

    private double[] product(float scale) {
        try (Dataset data = MemoryTask.ADDING.data(1, length, lab.rng("products"));
                var model = Model.of(tanh(scale), lab.seed());
                Pass pass = Pass.infer()) {
            return GradientFlow.products(
                    model.net(), data.batches(1).epoch(0).next().x());
        }
    }

    /** Trains a network whose gradients explode, with and without clipping. */
    void clipping() {
        int epochs = lab.of(40, 6);
        lab.section("Clipping").put("scale", EXPLODING).put("sgd", SGD_RATE).put("batches", epochs * STEPS_A_POINT);
        lab.put("size", BATCH).put("norm", CLIP);
        Table table = lab.table("clipping", "gradient").named("Exploding network, {row}, {column}");
        Map<String, double[][]> flows = new LinkedHashMap<>();
        Map<String, double[][]> norms = new LinkedHashMap<>();
        Map<String, double[][]> losses = new LinkedHashMap<>();
        for (boolean clipped : new boolean[] {false, true}) {
            String name = clipped ? "clipped to norm 1" : "not clipped";
            Rng rng = lab.rng("clipping");
            Recurrent cell = tanh(EXPLODING);
            try (Dataset learn = MemoryTask.ADDING.data(STEPS_A_POINT * BATCH, length, rng.split("learn"));
                    Dataset validation = MemoryTask.ADDING.data(320, length, rng.split("held out"));
                    var model = Model.of(new MemoryNet(MemoryTask.ADDING, cell, new Linear(UNITS, 1)), lab.seed())) {
                log(flows, "before training", count(length), flow(model));
                List<Double> all = new ArrayList<>();
                var trainer = Trainer.of(model, MemoryTask.ADDING.loss, new Sgd(SGD_RATE))
                        .seed(lab.seed())
                        .callbacks(recording(all), lab.run().interrupt().stopping());
                Run history = fit(clipped ? trainer.clipNorm(CLIP) : trainer, learn, validation, epochs);
                lab.check();
                double[] measured = all.stream().mapToDouble(v -> v).toArray();
                double[][] loss = Training.curve(history, "val_loss", STEPS_A_POINT);
                log(flows, name, count(length), flow(model));
                log(norms, name, count(measured.length), measured);
                log(losses, name, loss[0], loss[1]);
                double above = Arrays.stream(measured).filter(v -> !(v <= CLIP)).count();
                Table.Row row = table.row(name)
                        .put(
                                "greatest gradient norm",
                                "%.3g",
                                Arrays.stream(measured)
                                        .filter(Double::isFinite)
                                        .max()
                                        .orElse(0))
                        .cell("steps above 1", Math.round(100 * above / measured.length) + " %");
                double last = loss[1].length == 0 ? Double.NaN : loss[1][loss[1].length - 1];
                if (Double.isFinite(last)) {
                    row.put("validation loss at the end", "%.3g", last)
                            .baseline(MemoryTask.ADDING.baseline(length), "without memory");
                }
                row.cell("end of training", history.ended().split(" \\(")[0]);
            }
        }
        curves("clipping-norm.png", "the gradient norm before clipping", "step", norms);
        curves("clipping-loss.png", "the validation loss", "step", losses);
        curves("clipping-flow.png", "|dL/dh|, exploding network", "distance", flows);
    }

    private Run fit(Trainer<MemoryNet> trainer, Dataset learn, Dataset validation, int epochs) {
        try {
            return trainer.fit(learn.shuffled(lab.seed()).batches(BATCH), validation, epochs);
        } catch (NonFiniteLossException e) {
            return e.run();
        }
    }

    /** Records the norm of all gradients together before they are clipped. */
    private static Callback recording(List<Double> norms) {
        return new Callback() {
            @Override
            public void onBackwardEnd(Run training, Model<?> trained) {
                double sum = 0;
                for (Parameter p : trained.parameters()) {
                    sum += GradientFlow.squares(p.gradient());
                }
                norms.add(Math.sqrt(sum));
            }
        };
    }
}
