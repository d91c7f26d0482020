package dev.fathom.labs.objectives;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.PlaneSet;
import dev.fathom.experiments.data.PlaneSet.Points;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * What a loss asks for: outliers under L1, L2 and smooth L1, unequal costs, ordered classes, label encodings, the
 * feature that makes XOR linear, and the plane as a hidden layer warps it.
 */
public final class LossesLab implements Experiment {
    private static final double REACH = 1.9;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("For one-hot labels", Encoding.network(10), 784);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        Chart chart = new Chart("Loss", "error").range(0, 4);
        double[] errors =
                IntStream.rangeClosed(-300, 300).mapToDouble(i -> i / 100.0).toArray();
        chart.line("L2", errors, values(Loss.mse(), errors))
                .line("L1", errors, values(Loss.l1(), errors))
                .line("smooth L1", errors, values(Loss.huber(1), errors))
                .line("quantile 0.9", errors, values(Loss.quantile(0.9f), errors))
                .line("asymmetric Huber", errors, values(Loss.asymmetricHuber(0.5f, 0.2f, 1.8f), errors));
        lab.section("Losses of a number").chart("losses.png", chart);
        Lines.outliers(lab);
        Lines.lateAndEarly(lab);
        OrderedClasses.add(lab);
        Encoding.show(lab);
        crossed(lab);
        Warp.add(lab);
    }

    /** A loss over the error y - t. */
    static double[] values(ReducedLoss loss, double... errors) {
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.of(Averages.floats(errors), errors.length);
            return Averages.doubles(loss.each(y, Tensor.zeros(errors.length)).toArray());
        }
    }

    /** Logistic regression on the four heaps of XOR, with and without the feature x1 x2. */
    private static void crossed(Lab lab) {
        Rng rng = lab.rng("crossed");
        Points learn = PlaneSet.BLOBS.draw(400, rng);
        Points test = PlaneSet.BLOBS.draw(4000, rng);
        float[] y = learn.targets();
        lab.section("The feature that makes XOR linear");
        Table table = lab.table("crossed", "model");
        List<Regions> planes = new ArrayList<>();
        for (int features = 2; features <= 3; features++) {
            int width = features;
            Linear net = new Linear(width, 1);
            try (Model<Linear> model = Model.of(net, lab.seed())) {
                Supplier<Tensor> loss =
                        () -> Loss.bceWithLogits().of(net.apply(features(learn.x(), width)), Tensor.of(y, y.length, 1));
                Descent.adam(0.1f, lab.epochs(1000, 300)).run(lab, model, loss);
                try (Pass pass = Pass.infer()) {
                    String title = width == 2 ? "x1, x2" : "x1, x2, x1 x2";
                    String name = "logistic regression on XOR" + (width == 2 ? "" : " with x1 x2");
                    double accuracy = 100
                            * test.accuracy(net.apply(features(test.x(), width)).toArray());
                    double before = width == 2 ? 50 : table.rows().get(0).get("accuracy");
                    StringBuilder weights = new StringBuilder();
                    for (float w : net.weight().value().toArray()) {
                        weights.append(Findings.line("%.2f, ", w));
                    }
                    float bias = model.parameter("bias").value().item();
                    table.row(name)
                            .put("accuracy", "%.1f %%", accuracy)
                            .baseline(before, width == 2 ? "a guess" : "x1 and x2 alone")
                            .cell("features", title)
                            .cell("weights and bias", weights + Findings.line("%.2f", bias));
                    Regions plane = new Regions(title, -REACH, REACH, -REACH, REACH);
                    planes.add(plane.shares(net.apply(features(plane.places(), width))
                                    .sigmoid()
                                    .toArray())
                            .points(0, learn.of(0))
                            .points(1, learn.of(1)));
                }
            }
        }
        lab.picture("crossed.png", () -> Regions.sheet(2, planes));
    }

    /** The points [n, 2], with their product as a third column where there are three features. */
    private static Tensor features(float[] x, int features) {
        Tensor points = Tensor.of(x, x.length / 2, 2);
        return features == 2
                ? points
                : Tensor.concat(1, points, points.slice(1, 0, 1).mul(points.slice(1, 1, 2)));
    }
}
