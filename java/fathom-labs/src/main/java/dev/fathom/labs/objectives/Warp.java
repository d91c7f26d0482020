package dev.fathom.labs.objectives;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.PlaneSet;
import dev.fathom.experiments.data.PlaneSet.Points;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.training.Descent;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Animation;
import dev.fathom.view.Regions;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** How a hidden layer bends the plane while it learns, until one line divides two circles. */
final class Warp {
    private static final double REACH = 1.7;
    /** Small, since a page embeds every frame. */
    private static final int SIDE = 240;

    private static final int LINES = 18;
    private static final int ALONG = 60;
    private static final int HIDDEN = 16;
    private static final float[] GRID = grid();

    private Warp() {}

    /**
     * The network after some steps.
     *
     * @param shares what it says to the places of the plane
     * @param grid where the hidden layer takes the grid
     * @param at where it takes the points
     * @param line the weights and the bias of the output
     */
    private record Frame(int step, double accuracy, float[] shares, float[] grid, float[] at, float... line) {}

    /** Trains the network and shows its frames. */
    static void add(Lab lab) {
        int steps = lab.epochs(800, 400);
        int count = Math.min(steps, lab.of(40, 10));
        Points points = PlaneSet.CIRCLES.draw(200, lab.rng("warp"));
        Layer hidden =
                new Residual(new Sequential(new Linear(2, HIDDEN), Tensor::tanh, new Linear(HIDDEN, 2, Init.zeros())));
        Linear out = new Linear(2, 1);
        Sequential net = new Sequential(hidden, out);
        List<Frame> frames = new ArrayList<>();
        try (Model<Sequential> model = Model.of(net, lab.seed())) {
            Supplier<Tensor> loss = () ->
                    Loss.bceWithLogits().of(net.apply(rows(points.x())), Tensor.of(points.targets(), points.size(), 1));
            Descent.adam(0.015f, steps).run(lab, model, loss, step -> {
                // frames are close at the beginning, where most happens
                int due = (int) Math.round(steps * Math.pow(frames.size() / (count - 1.0), 1.6));
                if (step < due || frames.size() == count) {
                    return;
                }
                try (Pass pass = Pass.infer()) {
                    float[] w = out.weight().value().toArray();
                    float[] logits = net.apply(rows(points.x())).toArray();
                    Tensor shares = net.apply(rows(plane("", REACH).places())).sigmoid();
                    frames.add(new Frame(
                            step,
                            100 * points.accuracy(logits),
                            shares.toArray(),
                            hidden.apply(rows(GRID)).toArray(),
                            hidden.apply(rows(points.x())).toArray(),
                            w[0],
                            w[1],
                            model.parameter("1.bias").value().item()));
                }
            });
        }
        lab.check();
        double before = frames.get(0).accuracy;
        lab.section("The plane, warped")
                .put("hidden", HIDDEN)
                .put("steps", steps)
                .put("before", before)
                .figure(
                        "two circles after the layer that warps the plane, accuracy",
                        "%",
                        frames.get(frames.size() - 1).accuracy)
                .baseline(before, "before training")
                .animation(
                        "warp.gif",
                        () -> new Animation(
                                frames.stream().map(f -> draw(f, points)).toList(), 120, 3000));
    }

    private static Tensor rows(float[] xy) {
        return Tensor.of(xy, xy.length / 2, 2);
    }

    /** Points along the lines of a grid: first those from left to right, then those upward. */
    private static float[] grid() {
        float[] grid = new float[2 * LINES * ALONG * 2];
        for (int i = 0; i < grid.length; i++) {
            int point = i / 2;
            boolean upward = point >= LINES * ALONG;
            double along = 2.0 * (point % ALONG) / (ALONG - 1) - 1;
            double line = 2.0 * (point / ALONG % LINES) / (LINES - 1) - 1;
            grid[i] = (float) (REACH * ((i % 2 == 0) != upward ? along : line));
        }
        return grid;
    }

    private static Regions plane(String title, double reach) {
        return new Regions(title, -reach, reach, -reach, reach).side(SIDE);
    }

    private static BufferedImage draw(Frame frame, Points points) {
        double reach = REACH; // grows with the points
        for (float at : frame.at) {
            reach = Math.max(reach, 1.1 * Math.abs(at));
        }
        Regions left =
                plane(Findings.line("Inputs, step %,d", frame.step), REACH).shares(frame.shares);
        Regions right = plane(Findings.line("Warped, %.1f %% right", frame.accuracy), reach);
        lines(left, GRID);
        lines(right, frame.grid);
        right.boundary(frame.line[0], frame.line[1], frame.line[2], 6);
        for (int label = 0; label <= 1; label++) {
            left.points(label, points.of(label));
            right.points(label, new Points(frame.at, points.labels()).of(label));
        }
        return Regions.sheet(2, List.of(left, right));
    }

    private static void lines(Regions plane, float[] grid) {
        for (int line = 0; line < 2 * LINES; line++) {
            int from = line * ALONG;
            plane.line(7, new double[][] {
                IntStream.range(from, from + ALONG)
                        .mapToDouble(i -> grid[2 * i])
                        .toArray(),
                IntStream.range(from, from + ALONG)
                        .mapToDouble(i -> grid[2 * i + 1])
                        .toArray()
            });
        }
    }
}
