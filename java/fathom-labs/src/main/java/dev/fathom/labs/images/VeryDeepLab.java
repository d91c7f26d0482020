package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nets.MeanField;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Why a plain network of 10,000 layers learns from its initialization alone (Xiao et al. 2018): the phases of signals,
 * the singular values of the Jacobian, and the first 100 steps of the training.
 */
public final class VeryDeepLab implements Experiment {
    private static final int DEEPEST = 10_000;
    private static final int WIDTH = 16;
    private static final int FAN_IN = 9 * WIDTH; // inputs that a unit of the body sums up
    private static final double CHANCE = 2.3026; // ln 10

    /** Depth, σ_w² and σ_b² of points of the critical line of tanh, by Gauss-Hermite quadrature in double precision. */
    private static final double[][] LINE = {
        {16, 1.11538062, 2.368768e-4},
        {32, 1.05986773, 3.428447e-5},
        {64, 1.03055751, 4.651333e-6},
        {100, 1.01971076, 1.257996e-6},
        {128, 1.01544708, 6.073570e-7},
        {256, 1.00776739, 7.765436e-8},
        {512, 1.00389489, 9.819090e-9},
        {1000, 1.00199701, 1.325383e-9},
        {DEEPEST, 1.00019997, 1.332534e-12},
    };

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("10,000 layers", new PlainCnn(1, WIDTH, DEEPEST, 10).deep(DEEPEST, 1), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.MNIST.images(lab.data(), lab.seed());
                Images images = all.normalized()) {
            PhaseDiagram.show(lab.section("Order and chaos"));
            criticalLine(lab);
            Jacobians.show(lab);
            Jacobians.linear(lab, DEEPEST);
            deepest(lab, images.learn());
        }
    }

    private static void criticalLine(Lab lab) {
        lab.section("The critical line");
        Table table = lab.table("line", "").named("{column} of {row}");
        for (double[] exact : LINE) {
            MeanField field = PlainCnn.field((int) exact[0]);
            table.row(line("%,.0f layers", exact[0]))
                    .put("σ_w²", "%.8f", field.weightVariance())
                    .baseline(exact[1], "Gauss-Hermite quadrature")
                    .cell("exact σ_w²", "%.8f", exact[1])
                    .put("σ_b²", "%.6e", field.biasVariance())
                    .baseline(exact[2], "Gauss-Hermite quadrature")
                    .cell("exact σ_b²", "%.6e", exact[2]);
        }
    }

    /** Trains the deepest network from both initializations, recomputed in backward by stages. */
    private static void deepest(Lab lab, Dataset learn) {
        int depth = lab.of(DEEPEST, 300);
        int batch = lab.of(32, 16);
        int examples = batch * lab.of(10, 8);
        // the largest at which a step cannot change the signals of an isometry of this depth by more than a factor of e
        double rate = 1.0 / ((double) FAN_IN * depth);
        lab.put("depth", depth)
                .put("width", WIDTH)
                .put("batch", batch)
                .put("rate", rate)
                .put("inputs", FAN_IN);
        lab.put("examples", examples).put("learn", 2 * examples).put("steps", examples / batch);
        lab.section("{depth} layers");
        memory(lab, depth);
        Table table = lab.table("starts", "start").named(line("{row}, %,d layers, {column}", depth));
        Map<String, Initializer> starts = new LinkedHashMap<>();
        starts.put("Delta", Init.deltaOrthogonal(PlainCnn.field(depth).gain()));
        starts.put("Gauss", PlainCnn.field(depth).gaussian());
        Map<String, double[][]> curves = new LinkedHashMap<>();
        try (Dataset seen = learn.take(0, examples);
                Dataset unseen = learn.take(examples, 2 * examples)) {
            starts.forEach((name, start) -> {
                PlainCnn net = new PlainCnn(1, WIDTH, depth, 10, start).deep(depth, 1);
                try (Model<Layer> model = Model.of(net.recomputed(), lab.seed())) {
                    var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam((float) rate));
                    Run history = lab.train(
                            line("%s, %,d layers", name, depth), "images", trainer, seen, batch, lab.epochs(10, 3));
                    double[] losses = history.series("loss");
                    Double loss = trainer.evaluate(unseen.batches(batch)).get("loss");
                    curves.put(name, history.curve("loss"));
                    table.row(name)
                            .cell("loss of the first epoch", "%.4f", losses[0])
                            .put("loss at the end", "%.4f", losses[losses.length - 1])
                            .baseline(CHANCE, "guessing")
                            .put("loss on other images", "%.4f", Objects.requireNonNull(loss))
                            .baseline(CHANCE, "guessing")
                            .cell("seconds a step", history.seconds() / (losses.length * (examples / batch)));
                }
            });
        }
        curves.put("guessing", new double[][] {{1, Math.max(2, lab.epochs(10, 3))}, {CHANCE, CHANCE}});
        lab.curves("deepest.png", "loss", "epoch", curves);
    }

    /** What backward needs for one image, with and without recomputation. */
    private static void memory(Lab lab, int depth) {
        PlainCnn net = new PlainCnn(1, WIDTH, depth, 10).deep(depth, 1);
        try (Model<PlainCnn> model = Model.of(net, lab.seed())) {
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(Tensor.ones(1, 28, 28, 1));
                pass.backward(net.recomputed().apply(x).sum(), x); // the same parameters
                lab.put("recomputed", pass.peakBytes() / 1e6);
            }
            try (Pass pass = Pass.grad()) {
                net.apply(pass.watch(Tensor.ones(1, 28, 28, 1)));
                lab.put("kept", pass.liveBytes() / 1e6);
            }
            lab.put("parameters", model.parameterCount()).put("stage", Math.ceil(Math.sqrt(depth)));
        }
    }
}
