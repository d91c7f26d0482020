package dev.fathom.labs.objectives;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.PlaneSet;
import dev.fathom.labs.data.PlaneSet.Points;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Descent;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Animation;
import dev.fathom.view.Regions;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/** How a hidden layer bends the plane while it learns, until one line divides two circles. */
final class Warp {
    private static final double REACH = 1.7;
    /** Small, since a page embeds every frame. */
    private static final int SIDE = 240;

    private static final int LINES = 18;
    private static final int ALONG = 60;

    private static final int HIDDEN = 16;

    private final Layer hidden =
            new Residual(new Sequential(new Linear(2, HIDDEN), Tensor::tanh, new Linear(HIDDEN, 2, Init.zeros())));
    private final Linear out = new Linear(2, 1);
    private final Points points;
    private final List<Frame> frames = new ArrayList<>();

    /**
     * The network after some steps.
     *
     * @param shares what it says to the places of the plane
     * @param grid where the hidden layer takes the grid
     * @param at where it takes the points
     * @param line the weights and the bias of the output
     */
    private record Frame(int step, double accuracy, float[] shares, float[] grid, float[] at, float[] line) {}

    private Warp(Points points) {
        this.points = points;
    }

    /** Trains the network, shows its frames, and returns false where it was interrupted. */
    static boolean tell(Findings page, LabRun run) {
        int steps = run.epochs(800, 400);
        int frames = Math.min(steps, run.of(40, 10));
        Warp warp = new Warp(PlaneSet.CIRCLES.draw(200, new Rng(run.seed()).split("warp")));
        if (!warp.train(run, steps, frames)) {
            return false;
        }
        Frame first = warp.frames.get(0);
        Frame last = warp.frames.get(warp.frames.size() - 1);
        page.section("The plane, warped", "")
                .text(line(
                        "A layer h = x + V tanh(U x + b) + c of %d hidden units takes each point x of the plane "
                                + "to another, and logistic regression on h "
                                + "is to tell the circles apart. V begins at 0, so that h is x at first. On the "
                                + "left is the plane of the inputs, on the right "
                                + "the same grid where h takes it, with the line at which the output says 0.5. "
                                + "Training bends the plane so that a line "
                                + "can divide the classes: %.1f %% of the points are right at the start and %.1f "
                                + "%% after %,d steps.",
                        HIDDEN, 100 * first.accuracy, 100 * last.accuracy, steps))
                .animation(
                        "warp.gif",
                        "The plane of the inputs, and the grid warped by the hidden layer as training goes on",
                        () -> new Animation(warp.frames.stream().map(warp::draw).toList(), 120, 3000))
                .figure(Figure.of(
                                "two circles after the layer that warps the plane, accuracy", "%", 100 * last.accuracy)
                        .baseline(100 * first.accuracy, "before training"));
        return true;
    }

    private boolean train(LabRun run, int steps, int count) {
        float[] x = points.x();
        int n = points.size();
        float[] y = points.targets();
        try (Model<Sequential> model = Model.of(new Sequential(hidden, out), run.seed())) {
            return Descent.cosine(new Adam(0.015f), steps)
                    .run(
                            run,
                            model,
                            () -> Loss.bceWithLogits().of(model.net().apply(Tensor.of(x, n, 2)), Tensor.of(y, n, 1)),
                            step -> {
                                // frames are close at the beginning, where most happens
                                int due = (int) Math.round(steps * Math.pow(frames.size() / (count - 1.0), 1.6));
                                if (step >= due && frames.size() < count) {
                                    frames.add(look(step, model));
                                }
                            });
        }
    }

    private Frame look(int step, Model<Sequential> model) {
        try (Pass pass = Pass.infer()) {
            float[] shares =
                    model.net().apply(rows(plane("").places())).sigmoid().toArray();
            float[] logits = model.net().apply(rows(points.x())).toArray();
            float[] w = out.weight().value().toArray();
            float[] line = {w[0], w[1], model.parameter("1.bias").value().item()};
            return new Frame(
                    step,
                    points.accuracy(logits),
                    shares,
                    hidden.apply(rows(grid())).toArray(),
                    hidden.apply(rows(points.x())).toArray(),
                    line);
        }
    }

    private static Tensor rows(float[] xy) {
        return Tensor.of(xy, xy.length / 2, 2);
    }

    /** Points along the lines of a grid: first those from left to right, then those upward. */
    private static float[] grid() {
        float[] grid = new float[2 * LINES * ALONG * 2];
        for (int i = 0; i < LINES; i++) {
            for (int j = 0; j < ALONG; j++) {
                float across = (float) (REACH * (2.0 * j / (ALONG - 1) - 1));
                float up = (float) (REACH * (2.0 * i / (LINES - 1) - 1));
                int at = 2 * (i * ALONG + j);
                int turned = at + 2 * LINES * ALONG;
                grid[at] = across;
                grid[at + 1] = up;
                grid[turned] = up;
                grid[turned + 1] = across;
            }
        }
        return grid;
    }

    private static Regions plane(String title) {
        return new Regions(title, -REACH, REACH, -REACH, REACH).side(SIDE);
    }

    private BufferedImage draw(Frame frame) {
        double reach = REACH; // grows with the points
        for (float at : frame.at) {
            reach = Math.max(reach, 1.1 * Math.abs(at));
        }
        Regions left = plane(line("Inputs, step %,d", frame.step)).shares(frame.shares);
        Regions right = new Regions(line("Warped, %.1f %% right", 100 * frame.accuracy), -reach, reach, -reach, reach)
                .side(SIDE);
        lines(left, grid());
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
            double[][] xy = new double[2][ALONG];
            for (int j = 0; j < ALONG; j++) {
                xy[0][j] = grid[2 * (line * ALONG + j)];
                xy[1][j] = grid[2 * (line * ALONG + j) + 1];
            }
            plane.line(7, xy);
        }
    }
}
