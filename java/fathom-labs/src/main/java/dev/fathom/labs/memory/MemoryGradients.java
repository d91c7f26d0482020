package dev.fathom.labs.memory;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
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
import dev.fathom.train.History;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Progress;
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
    /** Recurrent weights that stretch every vector so that gradients explode. */
    private static final float EXPLODING = 1.5f;

    private static final float SGD_RATE = 0.05f;
    private static final float CLIP = 1;
    private static final int STEPS_A_POINT = 10;

    private final Run run;
    private final Result page;
    private final int length;

    /** With sequences of this length. */
    MemoryGradients(Run run, Result page, int length) {
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

    /** The curves of all cells, before and after they were taught. */
    void flows(Map<String, double[]> before, Map<String, double[]> after) {
        page.section(
                "How much gradient comes back",
                line(
                        "The norm of dL/dh[t] over the distance T - t, for a batch of the adding problem with T = %d; of an LSTM, that of hidden and cell "
                                + "state together. It falls by a constant factor in each step where it vanishes, which is a straight line here. Gates "
                                + "that keep the state leave a way on which nothing is lost.",
                        length));
        List<List<String>> rows = new ArrayList<>();
        for (String cell : before.keySet()) {
            rows.add(row(cell + ", at the start", before.get(cell)));
            if (after.containsKey(cell)) {
                rows.add(row(cell + ", taught", after.get(cell)));
            }
        }
        page.table(header("net", "norm at the distance "), rows);
        curves("flow-start.png", "log10 of |dL/dh| at the start", before);
        curves("flow-taught.png", "log10 of |dL/dh|, taught nets", after);
        before.forEach((cell, norms) -> page.figure(
                Figure.of(cell + ", dL/dh over " + (length - 1) + " steps at the start", "", ratio(norms))));
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

    /** A training with or without clipping: the gradient's norm in each step before it is clipped, the loss held out, dL/dh at the end. */
    private record Trained(double[] norms, double[][] losses, double[] flow, String ended) {}

    /** Notes the common norm of all gradients before they are clipped. */
    private record Norms(Model<?> model, List<Double> all) implements Callback {
        @Override
        public void onBackwardEnd(Progress progress, Model<?> trained) {
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

    /** Teaches a net whose gradients explode, with and without clipping. */
    void clipping() {
        int epochs = run.of(40, 6);
        page.section(
                "Clipping",
                line(
                        "A tanh net of %d units whose recurrent weights are %.1f times an orthogonal matrix, on the adding problem with T = %d, "
                                + "SGD with rate %s in %d steps of %d sequences. Without clipping, steps along gradients "
                                + "that exploded throw the weights so far that tanh saturates and the answers overshoot. With clipping the gradient of all weights together is scaled down to the norm %.0f. "
                                + "A curve of dL/dh breaks off where all slopes of tanh have become 0.",
                        UNITS, EXPLODING, length, SGD_RATE, epochs * STEPS_A_POINT, BATCH, CLIP));
        Map<String, double[]> flows = new LinkedHashMap<>();
        Map<String, double[][]> norms = new LinkedHashMap<>();
        Map<String, double[][]> losses = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        for (boolean clipped : new boolean[] {false, true}) {
            if (run.interrupt().requested()) {
                return;
            }
            String name = clipped ? "clipped to norm 1" : "not clipped";
            Trained trained = train(clipped, epochs, flows);
            flows.put(name, trained.flow());
            norms.put(name, logarithms(trained.norms()));
            losses.put(name, new double[][] {
                trained.losses()[0],
                Arrays.stream(trained.losses()[1]).map(Math::log10).toArray()
            });
            double greatest = Arrays.stream(trained.norms()).max().orElse(0);
            double above = Arrays.stream(trained.norms()).filter(v -> v > CLIP).count();
            double last =
                    trained.losses()[1].length == 0 ? Double.NaN : trained.losses()[1][trained.losses()[1].length - 1];
            rows.add(List.of(
                    name,
                    line("%.3g", greatest),
                    line("%.0f %%", 100 * above / trained.norms().length),
                    line("%.3g", last),
                    trained.ended()));
            if (Double.isFinite(greatest)) {
                page.figure(Figure.of("Exploding net, " + name + ", greatest gradient norm", "", greatest));
            }
            if (Double.isFinite(last)) {
                page.figure(Figure.of("Exploding net, " + name + ", loss held out at the end", "", last)
                        .published(line("%.4f", MemoryTask.ADDING.baseline(length)), "computed: always 1"));
            }
        }
        page.table(List.of("gradient", "greatest norm", "of steps above 1", "loss held out", "ended after"), rows)
                .series(
                        "clipping-norm.png",
                        "The norm of the gradient before it is clipped, over the steps",
                        "log10 of the gradient's norm",
                        "step",
                        norms)
                .series(
                        "clipping-loss.png",
                        "The logarithm of the loss held out, over the steps",
                        "log10 of the loss held out",
                        "step",
                        losses);
        curves("clipping-flow.png", "log10 of |dL/dh|, exploding net", flows);
    }

    private Trained train(boolean clipped, int epochs, Map<String, double[]> flows) {
        Rng rng = new Rng(run.seed()).split("clipping");
        Recurrent cell =
                MemoryNet.with(Recurrent.of(Cell.TANH, 2, UNITS), Map.of("weight_hh_l0", Init.orthogonal(EXPLODING)));
        try (Dataset learn = MemoryTask.ADDING.data(STEPS_A_POINT * BATCH, length, rng.split("learn"));
                Dataset heldOut = MemoryTask.ADDING.data(320, length, rng.split("held out"));
                var model = Model.of(new MemoryNet(MemoryTask.ADDING, cell, new Linear(UNITS, 1)), run.seed())) {
            flows.putIfAbsent("at the start", flow(model));
            Norms norms = new Norms(model, new ArrayList<>());
            var trainer = Trainer.of(model, MemoryTask.ADDING.loss(), new Sgd(SGD_RATE))
                    .seed(run.seed())
                    .callbacks(norms);
            trainer.callbacks(run.interrupt().stopping(trainer));
            if (clipped) {
                trainer.clipNorm(CLIP);
            }
            History history;
            try {
                history = trainer.fit(learn.shuffled(run.seed()).batches(BATCH), heldOut, epochs);
            } catch (NonFiniteLossException e) {
                history = e.history();
            }
            double[][] losses = {
                history.epochs().stream()
                        .mapToDouble(e -> (double) e.epoch() * STEPS_A_POINT)
                        .toArray(),
                history.epochs().stream()
                        .mapToDouble((EpochLog e) -> e.value("val_loss"))
                        .toArray()
            };
            return new Trained(
                    norms.all().stream().mapToDouble(v -> v).toArray(),
                    losses,
                    flow(model),
                    history.ended().split(" \\(")[0]);
        }
    }

    // ---- the product of derivatives

    /** The product of the derivatives of the recurrent step beside the powers of the largest singular value, which bound it. */
    void products() {
        page.section(
                "The product of derivatives",
                line(
                        "A tanh net of %d units at its start, along a sequence of %d numbers. Its recurrent weights are an orthogonal matrix times a scale, which is "
                                + "then the largest singular value. dh[T]/dh[T - d] is a product of d derivatives, each diag(1 - h^2) W, so its largest "
                                + "singular value is at most scale^d (Pascanu, Mikolov and Bengio 2013): below 1 it must vanish. Above 1 it may explode, and how much "
                                + "of that remains is decided by the slopes of tanh.",
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
                    .published(line("at most %s", scale), "computed: largest singular value"));
        }
        page.table(header("recurrent weights", "distance "), rows);
        curves("products.png", "log10 of the norm of the product, measured", measured);
        curves("bounds.png", "log10 of the bound", bounds);
    }

    private double[] product(float scale) {
        Recurrent net =
                MemoryNet.with(Recurrent.of(Cell.TANH, 2, UNITS), Map.of("weight_hh_l0", Init.orthogonal(scale)));
        try (Dataset data = MemoryTask.ADDING.data(1, length, new Rng(run.seed()).split("products"));
                var model = Model.of(net, run.seed());
                Pass pass = Pass.infer()) {
            return GradientFlow.products(
                    model.net(), data.batches(1).epoch(0).next().x());
        }
    }
}
