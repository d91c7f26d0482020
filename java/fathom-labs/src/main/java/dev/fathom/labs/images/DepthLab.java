package dev.fathom.labs.images;

import static dev.fathom.op.Activation.TANH;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.statistics.SingularValues;
import dev.fathom.labs.training.Entry;
import dev.fathom.labs.training.Outcome;
import dev.fathom.labs.training.Published;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nn.AvgPool;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MeanField;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.PadMode;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EpochLog;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How deep a network without normalization and without shortcuts may be, by how its weights begin (Xiao et al. 2018). */
public final class DepthLab implements ImageLab {
    private static final int[] DEPTHS = {16, 32, 256};
    private static final int DEEPEST = 10_000;
    /** Maps of the demonstration beside the paper. */
    private static final int WIDTH = 32;
    /** Those of 256 layers, on images of half the height and width: an hour becomes minutes. */
    private static final int SLIM = 16;
    /** Maps of the deepest network, and of those whose Jacobians are taken. */
    private static final int LEAST = 8;

    private static final int SIDE = 4;
    /** Singular values below this part of the greatest are rounding. */
    private static final double NOISE = 1e-7;

    @Override
    public String name() {
        return "depth";
    }

    @Override
    public String shows() {
        return "plain networks of 16, 32 and 256 layers from two initializations, and the training loss of 10,000 layers within 60 steps";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<Entry> entries(Images images, IntUnaryOperator epochs) {
        Published demonstration =
                new Published("93 to 98 %", "of batches from step 950 on, in the authors' demonstration");
        List<Entry> entries = new ArrayList<>();
        for (int depth : DEPTHS) {
            Initializer gaussian = PlainCnn.field(depth).gaussian();
            if (depth <= 100) {
                Recipe recipe = new Recipe(
                        epochs.applyAsInt(2),
                        100,
                        new Sgd(0.16f / depth).momentum(0.95f),
                        Schedule.constant(),
                        number("SGD %.3g, momentum 0.95", 0.16 / depth));
                entries.add(new Entry(
                        "Delta " + depth,
                        new PlainCnn(1, WIDTH, depth, 10),
                        recipe,
                        depth == 16 ? demonstration : Published.NONE,
                        0));
                entries.add(new Entry(
                        "Gauss " + depth, new PlainCnn(1, WIDTH, depth, 10, gaussian), recipe, Published.NONE, 0));
            } else {
                Recipe recipe =
                        new Recipe(epochs.applyAsInt(1), 100, new Adam(1e-4f), Schedule.constant(), "Adam 0.0001");
                PlainCnn delta = new PlainCnn(1, SLIM, depth, 10);
                PlainCnn ends = new PlainCnn(1, SLIM, depth, 10);
                PlainCnn residual = new PlainCnn(ends.stem(), residual(SLIM, depth), ends.linear());
                entries.add(new Entry("Delta " + depth, deep(delta, SLIM, depth, 2), recipe, Published.NONE, 0));
                entries.add(new Entry(
                        "Gauss " + depth,
                        deep(new PlainCnn(1, SLIM, depth, 10, gaussian), SLIM, depth, 2),
                        recipe,
                        Published.NONE,
                        0));
                entries.add(new Entry("Residual " + depth, deep(residual, SLIM, depth, 2), recipe, Published.NONE, 0));
            }
        }
        return entries;
    }

    /**
     * The form of {@code net} in which very deep networks learn fastest. Signals have variance 1 / depth, and the weights of the last layer make up
     * for it. The biases of the body are left out: they have next to no variance at this depth, but act in every layer. The network sees images of 1
     * / factor of the height and width.
     */
    private static PlainCnn deep(PlainCnn net, int width, int depth, int factor) {
        Linear head = new Linear(width, 10, Init.normal(0, (float) Math.sqrt((double) depth / width)));
        return new PlainCnn(
                new Sequential(new AvgPool(factor), net.stem()), unbiased(net.body()), head.withBias(Init.zeros()));
    }

    private static Sequential unbiased(Sequential layers) {
        return new Sequential(layers.layers().stream()
                .map(layer -> layer instanceof Sequential stage
                        ? unbiased(stage)
                        : layer instanceof Conv conv ? conv.withoutBias() : layer)
                .toList());
    }

    /** y = x + tanh(the convolution of x), with Gaussian weights of variance 1 / (fan-in depth): the sum of all branches stays of the size of x. */
    private static Sequential residual(int width, int depth) {
        Initializer init = new MeanField(1.0 / depth, 0).gaussian();
        return new Sequential(IntStream.range(0, depth)
                .<Layer>mapToObj(i -> new Residual(
                        new Conv(width, width, 3)
                                .pad(1)
                                .withWeight(init)
                                .withoutBias()
                                .edges(PadMode.CIRCULAR)
                                .act(TANH),
                        null))
                .toList());
    }

    @Override
    public Brief brief() {
        return new Brief(500, 1);
    }

    @Override
    public int every() {
        return 100;
    }

    @Override
    public void conclude(Conclusion all) {
        losses(all);
        jacobians(all);
        theory(all);
        deepest(all);
    }

    private static void losses(Conclusion all) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Double> heldOut = new LinkedHashMap<>();
        for (Outcome o : all.outcomes()) {
            List<EpochLog> epochs = o.history().epochs();
            double loss = epochs.get(epochs.size() - 1).value("val_loss");
            heldOut.put(o.entry().name(), loss);
            all.page().figure(Figure.of(o.entry().name() + ", loss on the images held out", "", loss));
            rows.add(List.of(
                    o.entry().name(),
                    number("%.4f", epochs.get(epochs.size() - 1).value("loss")),
                    number("%.4f", loss)));
        }
        all.page()
                .section(
                        "Learned, or left at chance",
                        "Of ten classes chance is ln 10 = 2.3026. Delta stands for delta-orthogonal weights, Gauss for Gaussian ones of the same "
                                + "variance, both on the critical line of tanh; Residual has shortcuts, and Gaussian weights. From 256 layers on "
                                + "the last layer begins sqrt(depth) times as large, to make up for signals of variance 1 / depth, and the body has no biases.")
                .table(List.of("network", "loss of the last epoch", "loss on the images held out"), rows)
                .text(conclusion(heldOut));
    }

    /**
     * Which networks learned, to less than half of the loss of chance, and what the weights at the start decided at each depth.
     *
     * @param losses on the images held out, by the names of the networks
     */
    static String conclusion(Map<String, Double> losses) {
        List<String> learned = new ArrayList<>();
        List<String> left = new ArrayList<>();
        losses.forEach((name, loss) -> (loss < Math.log(10) / 2 ? learned : left).add(name));
        StringBuilder words = new StringBuilder();
        words.append(
                learned.isEmpty()
                        ? "No network learned"
                        : "Learned, to less than half of the loss of chance: " + String.join(", ", learned));
        words.append(
                left.isEmpty()
                        ? "."
                        : learned.isEmpty()
                                ? " to half of the loss of chance."
                                : "; not so far: " + String.join(", ", left) + ".");
        for (int depth : DEPTHS) {
            boolean delta = learned.contains("Delta " + depth);
            boolean gauss = learned.contains("Gauss " + depth);
            if (delta != gauss) {
                words.append(" At ")
                        .append(depth)
                        .append(" layers the start decides: ")
                        .append(delta ? "delta-orthogonal" : "Gaussian")
                        .append(" weights learn, ")
                        .append(delta ? "Gaussian" : "delta-orthogonal")
                        .append(" ones of the same variance do not.");
            }
        }
        return words.toString();
    }

    /** How the body of each network begins, on 8 maps of 4 x 4. */
    private static void jacobians(Conclusion all) {
        List<List<String>> rows = new ArrayList<>();
        List<Map<String, double[][]>> plots = new ArrayList<>();
        for (int depth : DEPTHS) {
            Map<String, Sequential> bodies = new LinkedHashMap<>();
            bodies.put("Delta " + depth, new PlainCnn(1, LEAST, depth, 10).body());
            bodies.put(
                    "Gauss " + depth,
                    new PlainCnn(1, LEAST, depth, 10, PlainCnn.field(depth).gaussian()).body());
            bodies.put("Residual " + depth, residual(LEAST, depth));
            Map<String, double[][]> plot = new LinkedHashMap<>();
            bodies.forEach((name, body) -> {
                float[] x = new Rng(all.run().seed()).normal(SIDE * SIDE * LEAST, 0, (float) Math.sqrt(1.0 / depth));
                try (var model = Model.of(body, all.run().seed())) {
                    double[] s = SingularValues.of(model.net(), x, SIDE, SIDE, LEAST);
                    rows.add(row(name, s));
                    double floor = Math.log10(NOISE * s[0]);
                    plot.put(name, new double[][] {
                        IntStream.rangeClosed(1, s.length).mapToDouble(i -> i).toArray(),
                        Arrays.stream(s)
                                .map(v -> Math.max(floor, Math.log10(v)))
                                .toArray()
                    });
                }
            });
            plots.add(plot);
        }
        all.page()
                .section(
                        "Singular values of the Jacobian",
                        "By how much the body stretches small changes of what goes into it, before any training, in each of the "
                                + SIDE * SIDE * LEAST + " directions of " + LEAST + " maps of " + SIDE + " x " + SIDE
                                + ". Where all are near 1, every image keeps its differences from others, and every gradient its "
                                + "size. What lies below 1e-7 of the greatest is rounding.")
                .table(List.of("body", "greatest", "median", "least"), rows);
        for (int i = 0; i < DEPTHS.length; i++) {
            int which = i;
            all.page()
                    .picture(
                            "singular-" + DEPTHS[i] + ".png",
                            "Singular values of the Jacobian at depth " + DEPTHS[i]
                                    + ", from the greatest to the least",
                            () -> Plots.compare("log10 of singular values", "rank", plots.get(which)));
        }
    }

    private static List<String> row(String name, double[] s) {
        double least = s[s.length - 1];
        return List.of(
                name,
                number("%.3g", s[0]),
                number("%.3g", s[s.length / 2]),
                least < NOISE * s[0] ? "below rounding" : number("%.3g", least));
    }

    /** What can be said exactly, beside what came of it here. */
    private static void theory(Conclusion all) {
        List<List<String>> rows = new ArrayList<>();
        String[][] line = {
            {"16", "1.11538062", "2.368768e-04"},
            {"32", "1.05986773", "3.428447e-05"},
            {"256", "1.00776739", "7.765436e-08"},
            {"10000", "1.00019997", "1.332534e-12"}
        };
        for (String[] known : line) {
            MeanField field = PlainCnn.field(Integer.parseInt(known[0]));
            rows.add(List.of(
                    "variance of weights, depth " + known[0], number("%.8f", field.weightVariance()), known[1]));
            rows.add(List.of("variance of biases, depth " + known[0], number("%.6e", field.biasVariance()), known[2]));
        }
        float[] x = new Rng(all.run().seed()).normal(SIDE * SIDE * LEAST, 0, 1);
        try (var model = Model.of(linear(256), all.run().seed())) {
            double[] s = SingularValues.of(model.net(), x, SIDE, SIDE, LEAST);
            rows.add(List.of(
                    "singular values, linear, 256 layers",
                    number("%.6f", s[s.length - 1]) + number(" to %.6f", s[0]),
                    "1"));
        }
        try (var model = Model.of(linear(DEEPEST), all.run().seed());
                Pass pass = Pass.infer()) {
            Tensor in = Tensor.of(x, 1, SIDE, SIDE, LEAST);
            double ratio = model.net().apply(in).norm().item() / in.norm().item();
            rows.add(List.of("norm out / norm in, linear, 10,000 layers", number("%.6f", ratio), "1"));
        }
        all.page()
                .section(
                        "Beside the theory",
                        "The critical line of tanh where the variance of a signal is 1 / depth, and the linear network of delta-orthogonal "
                                + "convolutions, which is an isometry at any depth.")
                .table(List.of("quantity", "here", "exact"), rows);
    }

    private static Sequential linear(int depth) {
        return new Sequential(IntStream.range(0, depth)
                .<Layer>mapToObj(i -> new Conv(LEAST, LEAST, 3)
                        .pad(1)
                        .withWeight(Init.deltaOrthogonal(1))
                        .withoutBias()
                        .edges(PadMode.CIRCULAR))
                .toList());
    }

    /** 10,000 layers of 8 maps of 2 x 2, computed again in backward by stages of 100. */
    private static void deepest(Conclusion all) {
        int batch = all.run().brief() ? 16 : 32;
        int steps = all.run().brief() ? 3 : 60;
        PlainCnn plain = deep(new PlainCnn(1, LEAST, DEEPEST, 10), LEAST, DEEPEST, 4);
        Loss loss = Loss.crossEntropy();
        double[] losses = new double[steps];
        long kept;
        long peak = 0;
        int done = 0;
        double seconds;
        try (var model = Model.of(plain.recomputed(), all.run().seed())) {
            Batches batches = all.images()
                    .learn()
                    .shuffled(all.run().seed())
                    .batches(batch)
                    .dropLast();
            Rng rng = new Rng(all.run().seed());
            try (Pass pass = Pass.train(rng)) {
                plain.apply(batches.epoch(0).next().x()); // the same parameters
                kept = pass.liveBytes();
            }
            long start = System.nanoTime();
            try (BoundOptimizer adam = new Adam(3e-6f).on(model)) {
                while (done < steps && !all.run().interrupt().requested()) {
                    try (Pass pass = Pass.train(rng)) {
                        Batch b = batches.epoch(done / batches.steps()).batch(done % batches.steps());
                        Tensor l = loss.of(model.net().apply(b.x()), b.y());
                        pass.backward(l);
                        losses[done++] = l.item();
                        peak = Math.max(peak, pass.peakBytes());
                    }
                    adam.step();
                }
            }
            seconds = (System.nanoTime() - start) / 1e9;
            all.page()
                    .section(
                            "Ten thousand layers",
                            "Delta-orthogonal, " + LEAST + " maps of 2 x 2 (the images are 7 x 7 here), in batches of "
                                    + batch
                                    + ", Adam 0.000003. "
                                    + "Backward computes stages of 100 layers again, so that only what goes between stages is kept.")
                    .table(
                            List.of("10,000 layers", ""),
                            List.of(
                                    List.of("parameters", number("%,d", model.parameterCount())),
                                    List.of("bytes of parameters", number("%,d", model.bytes())),
                                    List.of("bytes of a step beside them, recomputed", number("%,d", peak)),
                                    List.of("bytes kept without recomputation", number("%,d", kept)),
                                    List.of("seconds a step", number("%.2f", seconds / Math.max(1, done))),
                                    List.of("loss at chance", number("%.4f", Math.log(10))),
                                    List.of(
                                            "loss of the first tenth of steps",
                                            number("%.4f", mean(losses, 0, tenth(done)))),
                                    List.of(
                                            "loss of the last tenth of " + done + " steps",
                                            number("%.4f", mean(losses, done - tenth(done), done)))));
        }
        if (done > 0) {
            double first = mean(losses, 0, tenth(done));
            double last = mean(losses, done - tenth(done), done);
            all.page()
                    .figure(Figure.of("10,000 layers, loss of the first tenth of steps", "", first))
                    .figure(Figure.of("10,000 layers, loss of the last tenth of steps", "", last))
                    .text(deepestConclusion(done, first, last));
            Map<String, double[][]> curves = new LinkedHashMap<>();
            double[] places = IntStream.rangeClosed(1, done).mapToDouble(i -> i).toArray();
            double[] chance = new double[done];
            Arrays.fill(chance, Math.log(10));
            curves.put("10,000 layers", new double[][] {places, Arrays.copyOf(losses, done)});
            curves.put("chance", new double[][] {places, chance});
            all.page()
                    .picture(
                            "deepest.png",
                            "Loss of 10,000 layers over the steps",
                            () -> Plots.compare("loss", "steps", curves));
        }
    }

    /** Whether the loss on the batches fell, and how far. */
    static String deepestConclusion(int steps, double first, double last) {
        String from = String.format(Locale.ROOT, " from %.4f to %.4f within %,d steps", first, last, steps);
        return "The loss of 10,000 layers " + (last < first ? "fell" : "did not fall: it went") + from
                + (last < first && first - last < 0.05 ? ", less than 0.05" : "") + ".";
    }

    private static int tenth(int steps) {
        return (steps + 9) / 10;
    }

    private static double mean(double[] values, int from, int to) {
        return Arrays.stream(values, from, to).average().orElse(Double.NaN);
    }

    private static String number(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }
}
