package dev.fathom.labs.objectives;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.PlaneSet;
import dev.fathom.labs.data.PlaneSet.Points;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Descent;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Regions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Logistic regression on the four heaps of XOR, with and without the feature x1 x2. */
final class Crossed {
    private static final double REACH = 1.9;

    /**
     * A trained logistic regression.
     *
     * @param accuracy on the test
     * @param weights of the features, the bias last
     * @param shares what it says to the places of the plane
     */
    private record Fitted(double accuracy, float[] weights, float[] shares) {}

    private Crossed() {}

    /** Fits both, tells what came of it, and returns false where it was interrupted. */
    static boolean tell(Findings page, LabRun run) {
        int steps = run.epochs(1000, 300);
        Rng rng = new Rng(run.seed()).split("crossed");
        Points learn = PlaneSet.BLOBS.draw(400, rng);
        Points test = PlaneSet.BLOBS.draw(4000, rng);
        Fitted plain = fit(run, learn, test, 2, steps);
        Fitted crossed = plain == null ? null : fit(run, learn, test, 3, steps);
        if (plain == null || crossed == null) {
            return false;
        }
        page.section("The feature that makes XOR linear", "")
                .text("Logistic regression has one line, and the heaps of XOR need two. With the product x1 x2 "
                        + "as a third feature it is linear in three "
                        + "numbers, and its boundary in the plane is a hyperbola: on the truth table, x1 "
                        + "+ x2 - 2 x1 x2 is XOR itself.")
                .table(
                        List.of("features", "test accuracy", "weights and bias"),
                        List.of(row("x1, x2", plain), row("x1, x2, x1 x2", crossed)))
                .figure(Figure.of("logistic regression on XOR with x1 x2, accuracy", "%", 100 * crossed.accuracy)
                        .baseline(100 * plain.accuracy, "x1 and x2 alone"))
                .figure(Figure.of("logistic regression on XOR, accuracy", "%", 100 * plain.accuracy)
                        .baseline(50, "a guess"))
                .picture(
                        "crossed.png",
                        "The regions of logistic regression without and with the feature x1 x2",
                        () -> Regions.sheet(
                                2, List.of(plane("x1, x2", plain, learn), plane("x1, x2, x1 x2", crossed, learn))));
        return true;
    }

    private static List<String> row(String features, Fitted f) {
        return List.of(features, line("%.1f %%", 100 * f.accuracy), weights(f.weights));
    }

    private static String weights(float[] weights) {
        return IntStream.range(0, weights.length)
                .mapToObj(i -> line("%.2f", weights[i]))
                .collect(Collectors.joining(", "));
    }

    private static Regions plane(String title, Fitted fitted, Points points) {
        return new Regions(title, -REACH, REACH, -REACH, REACH)
                .shares(fitted.shares)
                .points(0, points.of(0))
                .points(1, points.of(1));
    }

    private static @Nullable Fitted fit(LabRun run, Points learn, Points test, int features, int steps) {
        Linear net = new Linear(features, 1);
        float[] y = learn.targets();
        try (Model<Linear> model = Model.of(net, run.seed())) {
            boolean whole = Descent.cosine(new Adam(0.1f), steps)
                    .run(
                            run,
                            model,
                            () -> Loss.bceWithLogits()
                                    .of(net.apply(features(learn.x(), features)), Tensor.of(y, y.length, 1)));
            if (!whole) {
                return null;
            }
            try (Pass pass = Pass.infer()) {
                float[] logits = net.apply(features(test.x(), features)).toArray();
                float[] weights = Arrays.copyOf(net.weight().value().toArray(), features + 1);
                weights[features] = model.parameter("bias").value().item();
                float[] places = new Regions("", -REACH, REACH, -REACH, REACH).places();
                return new Fitted(
                        test.accuracy(logits),
                        weights,
                        net.apply(features(places, features)).sigmoid().toArray());
            }
        }
    }

    /** The points [n, 2], with their product as a third column where there are three features. */
    private static Tensor features(float[] x, int features) {
        Tensor points = Tensor.of(x, x.length / 2, 2);
        return features == 2
                ? points
                : Tensor.concat(1, points, points.slice(1, 0, 1).mul(points.slice(1, 1, 2)));
    }
}
