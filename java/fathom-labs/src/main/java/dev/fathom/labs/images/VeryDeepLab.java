package dev.fathom.labs.images;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.statistics.SingularValues;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MeanField;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Histograms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Why a plain network of 10,000 layers learns from its initialization alone (Xiao et al. 2018): the phases of signals,
 * the singular values of the Jacobian, and the first 100 steps of the training.
 */
public final class VeryDeepLab implements OldExperiment {
    private static final int DEEPEST = 10_000;
    private static final int WIDTH = 16;
    /** Inputs that a unit of the body sums up. */
    private static final int FAN_IN = 9 * WIDTH;

    /** Maps and pixels of the bodies whose Jacobians are taken. */
    private static final int LEAST = 8;

    private static final int SIDE = 4;
    private static final int DIRECTIONS = SIDE * SIDE * LEAST;
    /** Singular values below this part of the greatest are rounding. */
    private static final double NOISE = 1e-7;

    private static final double CHANCE = Math.log(10);

    /** A point of the critical line of tanh, by Gauss-Hermite quadrature in double precision. */
    private record Critical(int depth, double weightVariance, double biasVariance) {}

    private static final List<Critical> LINE = List.of(
            new Critical(16, 1.11538062, 2.368768e-4),
            new Critical(32, 1.05986773, 3.428447e-5),
            new Critical(64, 1.03055751, 4.651333e-6),
            new Critical(100, 1.01971076, 1.257996e-6),
            new Critical(128, 1.01544708, 6.073570e-7),
            new Critical(256, 1.00776739, 7.765436e-8),
            new Critical(512, 1.00389489, 9.819090e-9),
            new Critical(1000, 1.00199701, 1.325383e-9),
            new Critical(DEEPEST, 1.00019997, 1.332534e-12));

    @Override
    public String name() {
        return "very-deep";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images images = all.normalized()) {
            Findings page =
                    run.page("Lab very-deep", line("%s, %,d images to learn from", images.title(), 2 * examples(run)));
            phases(run, page);
            criticalLine(page);
            return jacobians(run, page) && linear(run, page) && deepest(run, page, images) ? page.finished() : page;
        }
    }

    // ---- order and chaos

    private static void phases(LabRun run, Findings page) {
        int width = run.of(400, 250);
        PhaseDiagram phases = PhaseDiagram.measured(run.of(25, 13), width, run.seed());
        double median = 100 * Averages.median(phases.deviations());
        double scatter = 1 / Math.sqrt(width);
        double clear = 100 * phases.clear(scatter);
        page.section("Order and chaos", "")
                .text("A weight begins with variance σ_w² / fan-in and a bias with variance σ_b². In a wide "
                        + "tanh network the theory (Poole et al. "
                        + "2016, Schoenholz et al. 2017) says where the variance of signals comes to "
                        + "rest, and by which factor χ each layer "
                        + "multiplies the squares of gradients and of small differences. Where χ is below "
                        + "1, the ordered phase, gradients "
                        + "vanish and all inputs become alike. Where it is above 1, the chaotic phase, "
                        + "gradients explode and inputs that "
                        + "were alike part. On the critical line between the two, signals pass any number "
                        + "of layers.")
                .text("The pictures show the depth 1 / |ln χ| over which gradients change by a factor of e, 30 "
                        + "at most, and how alike four "
                        + "different inputs are in the end. Darker places are less alike.")
                .picture(
                        "theory.png",
                        "The depth of signals over the deviations of weights and biases in theory, with the "
                                + "critical line",
                        () -> PhaseDiagram.depths("Depth of signals in theory", phases.theory()))
                .picture(
                        "measured.png",
                        "The depth of signals over the deviations of weights and biases as measured, with the "
                                + "critical line",
                        () -> PhaseDiagram.depths("Depth of signals, measured", phases.factors()))
                .picture(
                        "correlations.png",
                        "The correlation of different inputs after 40 layers, with the critical line",
                        () -> phases.correlations("Correlation of inputs after 40 layers"))
                .text(line(
                        "Measured between layers 20 and 40 of networks with %d units at %,d points, the phase is "
                                + "that of the theory at %.1f %% of "
                                + "them, and half of the factors lie within %.1f %% of it. After 40 layers "
                                + "different inputs have a mean "
                                + "correlation of %.3f at the points of the ordered phase with biases and of %.3f "
                                + "at those of the chaotic phase.",
                        width,
                        phases.side() * phases.side(),
                        100 * phases.agreement(),
                        median,
                        phases.correlation(false),
                        phases.correlation(true)))
                .text(line(
                        "The theory is that of infinitely wide layers. Means over %d units scatter by about 1 / "
                                + "sqrt(%d), which is %.1f %%: the median "
                                + "deviation is expected below this, and the phase of the theory at least at the "
                                + "%.1f %% of the points whose χ is "
                                + "further from 1.",
                        width, width, 100 * scatter, clear))
                .key(Figure.of("Points whose phase is that of the theory", "%", 100 * phases.agreement())
                        .baseline(clear, "points further from the critical line than layers of this width scatter"))
                .figure(Figure.of("Median deviation of χ from the theory", "%", median)
                        .baseline(100 * scatter, "1 / sqrt(width)"))
                .figure(correlation(phases, false).baseline(1, "theory of infinitely wide layers"))
                .figure(correlation(phases, true).baseline(phases.correlation(false), "the ordered phase"));
    }

    private static Figure correlation(PhaseDiagram phases, boolean chaotic) {
        return Figure.of(
                "Correlation of inputs in the " + (chaotic ? "chaotic" : "ordered") + " phase",
                "",
                phases.correlation(chaotic));
    }

    private static void criticalLine(Findings page) {
        List<List<String>> rows = new ArrayList<>();
        for (Critical known : LINE) {
            MeanField field = PlainCnn.field(known.depth);
            rows.add(List.of(
                    line("%,d", known.depth),
                    line("%.8f", field.weightVariance()),
                    line("%.8f", known.weightVariance),
                    line("%.6e", field.biasVariance()),
                    line("%.6e", known.biasVariance)));
            page.figure(Figure.of(line("σ_w² of %,d layers", known.depth), "", field.weightVariance())
                            .baseline(known.weightVariance, "Gauss-Hermite quadrature"))
                    .figure(Figure.of(line("σ_b² of %,d layers", known.depth), "", field.biasVariance())
                            .baseline(known.biasVariance, "Gauss-Hermite quadrature"));
        }
        page.section("The critical line", "")
                .text("The point of the critical line where the variance of signals is 1 / depth, which is "
                        + "where the networks below begin.")
                .table(List.of("layers", "σ_w²", "exact", "σ_b²", "exact"), rows);
    }

    // ---- the Jacobian

    /** How bodies begin that have 8 maps of 4 x 4; false if the run was interrupted. */
    private static boolean jacobians(LabRun run, Findings page) {
        int[] depths = run.brief() ? new int[] {16, 256} : new int[] {16, 64, 256, 1000};
        Histograms histograms =
                new Histograms("log10 of the singular values of the Jacobian", List.of("Delta", "Gauss", "Residual"));
        List<List<String>> rows = new ArrayList<>();
        for (int depth : depths) {
            Map<String, Sequential> bodies = new LinkedHashMap<>();
            bodies.put("Delta", new PlainCnn(1, LEAST, depth, 10).body());
            bodies.put(
                    "Gauss",
                    new PlainCnn(1, LEAST, depth, 10, PlainCnn.field(depth).gaussian()).body());
            bodies.put("Residual", DeepNets.residual(LEAST, depth));
            histograms.row(line("%,d layers", depth));
            Map<String, Double> nears = new LinkedHashMap<>();
            for (Map.Entry<String, Sequential> body : bodies.entrySet()) {
                if (run.interrupt().requested()) {
                    return false;
                }
                double[] s = singularValues(run, body.getValue(), Math.sqrt(1.0 / depth));
                double[] floored =
                        Arrays.stream(s).map(v -> Math.max(v, NOISE * s[0])).toArray();
                float[] logs = new float[s.length];
                for (int i = 0; i < s.length; i++) {
                    logs[i] = (float) Math.log10(floored[i]);
                }
                histograms.add(logs, line("median %.2g", s[s.length / 2]));
                double near =
                        100 * Arrays.stream(s).filter(v -> v > 0.5 && v < 2).count() / (double) s.length;
                rows.add(List.of(
                        line("%s, %,d layers", body.getKey(), depth),
                        line("%.3g", s[0]),
                        line("%.3g", s[s.length / 2]),
                        s[s.length - 1] < NOISE * s[0] ? "below rounding" : line("%.3g", s[s.length - 1]),
                        line("%.1f %%", near)));
                nears.put(body.getKey(), near);
            }
            double gauss = Objects.requireNonNull(nears.get("Gauss"));
            nears.forEach((body, near) -> {
                Figure figure = Figure.of(line("%s, %,d layers, singular values of 1/2 to 2", body, depth), "%", near);
                page.figure(body.equals("Delta") ? figure.baseline(gauss, "Gauss") : figure);
            });
        }
        page.section("Singular values of the Jacobian", "")
                .text(line(
                        "By how much the body stretches small changes of what goes into it, before any training, "
                                + "in each of the %d directions of %d maps "
                                + "of %d x %d. Delta stands for delta-orthogonal weights and Gauss for Gaussian "
                                + "ones of the same variance, both on the "
                                + "critical line; Residual has shortcuts and Gaussian weights. Where all singular "
                                + "values are near 1, every image keeps its "
                                + "differences from others, and every gradient its size. What lies below 1e-7 of "
                                + "the greatest is rounding, and is drawn "
                                + "there.",
                        DIRECTIONS, LEAST, SIDE, SIDE))
                .table(List.of("body", "greatest", "median", "least", "from 1/2 to 2"), rows)
                .picture(
                        "singular-values.png",
                        "Histograms of the singular values of the Jacobian by depth and initialization",
                        histograms::render);
        return true;
    }

    private static double[] singularValues(LabRun run, Sequential body, double deviation) {
        float[] x = new Rng(run.seed()).normal(DIRECTIONS, 0, (float) deviation);
        try (Model<Sequential> model = Model.of(body, run.seed())) {
            return SingularValues.of(model.net(), x, SIDE, SIDE, LEAST);
        }
    }

    /**
     * The linear network of delta-orthogonal convolutions, which is an isometry at any depth; false if the run was
     * interrupted.
     */
    private static boolean linear(LabRun run, Findings page) {
        double[] s = singularValues(run, DeepNets.linear(LEAST, 256), 1);
        if (run.interrupt().requested()) {
            return false;
        }
        double ratio;
        float[] x = new Rng(run.seed()).normal(DIRECTIONS, 0, 1);
        try (Model<Sequential> model = Model.of(DeepNets.linear(LEAST, DEEPEST), run.seed());
                Pass pass = Pass.infer()) {
            Tensor in = Tensor.of(x, 1, SIDE, SIDE, LEAST);
            ratio = model.net().apply(in).norm().item() / in.norm().item();
        }
        page.section("Without tanh", "")
                .text(line(
                        "Linear layers with delta-orthogonal weights are an isometry at any depth. The singular "
                                + "values of 256 of them lie from %.6f to "
                                + "%.6f, and 10,000 of them multiply the norm of an image by %.6f; without "
                                + "rounding all would be 1.",
                        s[s.length - 1], s[0], ratio));
        page.figure(exactlyOne("Linear, 256 layers, greatest singular value", s[0]))
                .figure(exactlyOne("Linear, 256 layers, least singular value", s[s.length - 1]))
                .figure(exactlyOne("Linear, 10,000 layers, norm out / norm in", ratio));
        return true;
    }

    /** Ten thousand layers that round by up to 2^-24 each make 6e-4. */
    private static Figure exactlyOne(String name, double value) {
        return Figure.of(name, "", value).baseline(1, "exact arithmetic");
    }

    // ---- 10,000 layers

    private static int batch(LabRun run) {
        return run.of(32, 16);
    }

    private static int steps(LabRun run) {
        return run.of(10, 8);
    }

    private static int examples(LabRun run) {
        return batch(run) * steps(run);
    }

    /**
     * Trains the deepest network from both initializations, recomputed in backward by stages; false if the run was
     * interrupted.
     */
    private static boolean deepest(LabRun run, Findings page, Images images) {
        int depth = run.of(DEEPEST, 300);
        Map<String, Initializer> starts = new LinkedHashMap<>();
        starts.put("Delta", Init.deltaOrthogonal(PlainCnn.field(depth).gain()));
        starts.put("Gauss", PlainCnn.field(depth).gaussian());
        List<List<String>> rows = new ArrayList<>();
        List<String> conclusions = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        Dataset learn = images.learn();
        try (Dataset seen = learn.take(0, examples(run));
                Dataset unseen = learn.take(examples(run), 2 * examples(run))) {
            for (Map.Entry<String, Initializer> start : starts.entrySet()) {
                String name = start.getKey();
                PlainCnn net = DeepNets.deep(new PlainCnn(1, WIDTH, depth, 10, start.getValue()), WIDTH, depth, 1);
                Trained trained = trained(run, name, net, seen, unseen, depth);
                if (trained == null) {
                    break;
                }
                double first = trained.losses[0];
                double last = trained.losses[trained.losses.length - 1];
                rows.add(List.of(
                        name,
                        line("%.4f", first),
                        line("%.4f", last),
                        line("%.4f", trained.unseen),
                        line("%.2f", trained.seconds)));
                conclusions.add(conclusion(name, trained.losses.length * steps(run), first, last));
                curves.put(name, new double[][] {
                    IntStream.rangeClosed(1, trained.losses.length)
                            .mapToDouble(e -> e * steps(run))
                            .toArray(),
                    trained.losses
                });
                page.key(Figure.of(line("%s, %,d layers, loss at the end", name, depth), "", last)
                                .baseline(2.3026, "guessing"))
                        .figure(Figure.of(line("%s, %,d layers, loss on other images", name, depth), "", trained.unseen)
                                .baseline(2.3026, "guessing"));
            }
        }
        if (curves.isEmpty()) {
            return false;
        }
        double end = curves.values().stream()
                .mapToDouble(c -> c[0][c[0].length - 1])
                .max()
                .orElseThrow();
        curves.put("guessing", new double[][] {{steps(run), Math.max(end, steps(run) + 1)}, {CHANCE, CHANCE}});
        page.section(line("%,d layers", depth), "")
                .text(line(
                        "%d maps of 7 x 7, batches of %d, Adam %.1e. The two networks differ in nothing but how "
                                + "the weights of the body begin. An epoch "
                                + "has %d images, which are %d steps; the loss of an epoch is the mean over its "
                                + "steps, and that of other images is "
                                + "measured at the end. Of ten classes, guessing has a loss of ln 10 = 2.3026. "
                                + "Signals have variance 1 / depth, so "
                                + "the last layer begins sqrt(depth) times as large, and the body has no biases.",
                        WIDTH, batch(run), rate(depth), examples(run), steps(run)))
                .text(line(
                        "The rate follows from the sizes. In its first step Adam moves every weight by the rate, "
                                + "so a sum of %d inputs moves by at most "
                                + "%d times the rate and the largest input. At a rate of 1 / (%d depth), a step "
                                + "can stretch what passes through a "
                                + "layer by a factor of at most 1 + 1 / depth, and what passes through all of "
                                + "them by a factor below e.",
                        FAN_IN, FAN_IN, FAN_IN))
                .table(
                        List.of(
                                "start",
                                "loss of the first epoch",
                                "of the last epoch",
                                "on other images",
                                "seconds a step"),
                        rows)
                .text(String.join(" ", conclusions) + " " + memory(run, depth))
                .series("deepest.png", line("Loss of %,d layers over the steps", depth), "loss", "steps", curves);
        return curves.size() == starts.size() + 1 && !run.interrupt().requested();
    }

    /**
     * The largest rate at which a step of Adam cannot change the signals of an isometry of this depth by more than a
     * factor of e.
     */
    private static double rate(int depth) {
        return 1.0 / ((double) FAN_IN * depth);
    }

    /**
     * What came of a training.
     *
     * @param losses of the epochs
     * @param unseen the loss on images that it did not learn from
     * @param seconds of a step
     */
    private record Trained(double[] losses, double unseen, double seconds) {}

    private static @Nullable Trained trained(
            LabRun run, String name, PlainCnn net, Dataset seen, Dataset unseen, int depth) {
        run.training().say("%n== %s, %,d layers", name, depth);
        try (Model<Layer> model = Model.of(net.recomputed(), run.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam((float) rate(depth)))
                    .seed(run.seed());
            trainer = run.training().attach(trainer, run.folder().resolve(name.toLowerCase(Locale.ROOT)), "images");
            Run history = trainer.fit(seen.shuffled(run.seed()).batches(batch(run)), run.epochs(10, 3));
            double[] losses = history.series("loss");
            return losses.length == 0
                    ? null
                    : new Trained(
                            losses,
                            Objects.requireNonNull(
                                    trainer.evaluate(unseen.batches(batch(run))).get("loss")),
                            history.seconds() / (losses.length * steps(run)));
        }
    }

    /** Whether the loss fell, and how far. */
    static String conclusion(String name, int steps, double first, double last) {
        String from = line(" from %.4f to %.4f within %,d steps", first, last, steps);
        return "The loss of " + name + " "
                + (Math.abs(last - first) < 0.001
                        ? line("stays at %.4f for %,d steps", last, steps)
                        : (last < first ? "falls" : "does not fall: it goes") + from)
                + (Math.abs(last - CHANCE) < 0.002 ? ", which is that of guessing." : ".");
    }

    /** What backward needs for one image, with and without recomputation. */
    private static String memory(LabRun run, int depth) {
        PlainCnn net = DeepNets.deep(new PlainCnn(1, WIDTH, depth, 10), WIDTH, depth, 1);
        long recomputed;
        long kept;
        try (Model<PlainCnn> model = Model.of(net, run.seed())) {
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(Tensor.ones(1, 28, 28, 1));
                pass.backward(net.recomputed().apply(x).sum(), x); // the same parameters
                recomputed = pass.peakBytes();
            }
            try (Pass pass = Pass.grad()) {
                net.apply(pass.watch(Tensor.ones(1, 28, 28, 1)));
                kept = pass.liveBytes();
            }
            return line(
                    "The network has %,d parameters. Backward computes its stages of %.0f layers again, so that "
                            + "an image needs %.1f MB instead "
                            + "of %.1f MB.",
                    model.parameterCount(), Math.ceil(Math.sqrt(depth)), recomputed / 1e6, kept / 1e6);
        }
    }
}
