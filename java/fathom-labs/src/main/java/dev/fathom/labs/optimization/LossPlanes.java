package dev.fathom.labs.optimization;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.LBfgs;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.LossPlane;
import dev.fathom.features.Pca;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import dev.fathom.view.PlanePlot;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The loss on planes through the ways of optimizers: the plane that is nearest to all of them, and a random one.
 *
 * @param net whose initial weights are where all of them start
 */
record LossPlanes(Lab lab, Dataset data, FlatNet net) {
    private static final int ADAM = 3;

    /** The optimizers, with rates that are usual for them. */
    private static final List<Map.Entry<String, Optimizer>> OPTIMIZERS = List.of(
            Map.entry("Gradient descent 0.1", new Sgd(0.1f)),
            Map.entry("Momentum 0.03", new Sgd(0.03f).momentum(0.9f)),
            Map.entry("RMSprop 0.001", new RmsProp(0.001f)),
            Map.entry("Adam 0.001", new Adam(0.001f)),
            Map.entry("L-BFGS, 1 iteration a batch", new LBfgs().iterations(1)));

    /** Trains with each optimizer and puts the planes into a section. */
    void show() {
        int epochs = lab.epochs(20, 6);
        int steps = epochs * data.batches(LandscapeLab.BATCH).steps();
        int every = Math.max(1, steps / 40);
        List<List<float[]>> ways = Workers.all().run(OPTIMIZERS.size(), i -> {
            Optimizer recipe = OPTIMIZERS.get(i).getValue();
            return net.way(recipe, data, LandscapeLab.BATCH, epochs, every, lab.seed(), lab::check);
        });
        lab.section("Planes").put("hidden", net.widths()[1]).put("weights", net.size());
        lab.put("steps", steps).put("places", ways.get(0).size());
        Table table = lab.table("optimizers", "optimizer");
        double start = net.loss(data, ways.get(0).get(0));
        for (int i = 0; i < ways.size(); i++) {
            float[] end = last(ways.get(i));
            try (Model<FlatNet> there = net.at(end)) {
                var curvature = there.net().curvature(data).extremes(20, new Rng(lab.seed()));
                table.row(OPTIMIZERS.get(i).getKey())
                        .put("training loss", "%.4f", net.loss(data, end))
                        .baseline(start, "before training")
                        .put("distance from the start", "%.2f", distance(ways.get(i)))
                        .put("largest eigenvalue of the Hessian", "%.3g", curvature.highest())
                        .put("least eigenvalue", "%.3g", curvature.lowest());
            }
        }
        Map<String, List<float[]>> all = new LinkedHashMap<>();
        IntStream.range(0, ways.size()).forEach(i -> all.put(OPTIMIZERS.get(i).getKey(), ways.get(i)));
        float[][] places = ways.stream().flatMap(List::stream).toArray(float[][]::new);
        Pca pca = Pca.fit(places, 2);
        LossPlane principal = LossPlane.principal(pca);
        double[] window = Stream.of(principal.nearest(Arrays.asList(places)))
                .map(a -> Arrays.stream(a).summaryStatistics())
                .flatMapToDouble(a -> {
                    double margin = 0.15 * (a.getMax() - a.getMin()) + 1e-6;
                    return DoubleStream.of(a.getMin() - margin, a.getMax() + margin);
                })
                .toArray();
        draw("principal.png", "component", principal, window, all);
        float[][] random = walks(ways.size(), ways.get(0).size(), net.size(), new Rng(lab.seed()));
        double walks = 100 * Pca.fit(random, 2).share();
        lab.put("walks", walks);
        lab.figure("Variance of the ways in two components", "%", 100 * pca.share())
                .baseline(walks, "two components of as many random walks");

        List<float[]> adam = ways.get(ADAM);
        float[] end = last(adam);
        LossPlane plane = new LossPlane(end, net.direction(end, lab.rng("u")), net.direction(end, lab.rng("v")));
        all.keySet().retainAll(List.of(OPTIMIZERS.get(ADAM).getKey()));
        double[][] field = draw("random.png", "direction", plane, new double[] {-1, 1, -1, 1}, all);
        double[][] path = plane.nearest(adam);
        double held = 100
                * Math.hypot(path[0][0] * Averages.norm(plane.u()), path[1][0] * Averages.norm(plane.v()))
                / distance(adam);
        double expected = 100 * Math.sqrt(2.0 / net.size());
        lab.figure("Length of Adam's way on a random plane", "%", held)
                .baseline(expected, "two of as many random directions as there are weights");
        lab.put("length", distance(adam)).put("held", held).put("expected", expected);
        double lowest =
                Arrays.stream(field).flatMapToDouble(Arrays::stream).min().orElseThrow();
        lab.put("center", field[field.length / 2][field.length / 2]).put("lowest", lowest);
    }

    /** Draws the loss on a plane with the ways that are nearest to it, and returns the loss. */
    private double[][] draw(String file, String axis, LossPlane plane, double[] w, Map<String, List<float[]>> ways) {
        double[][] field = plane.field(at -> net.loss(data, at), w, lab.of(41, 17), lab::check);
        PlanePlot plot = new PlanePlot("Loss on a plane", w[0], w[1], w[2], w[3])
                .axes("first " + axis, "second " + axis)
                .contours(field);
        ways.forEach((name, way) -> plot.path(name, plane.nearest(way)[0], plane.nearest(way)[1]));
        lab.picture(file, plot::render);
        return field;
    }

    /** All places of random walks with Gaussian steps, each of which starts at 0. */
    private static float[][] walks(int walks, int places, int n, Rng rng) {
        float[][] all = new float[walks * places][n];
        for (int i = 0; i < all.length; i++) {
            float[] step = i % places == 0 ? new float[n] : rng.normal(n, 0, 1);
            for (int j = 0; i % places > 0 && j < n; j++) {
                all[i][j] = all[i - 1][j] + step[j];
            }
        }
        return all;
    }

    private static float[] last(List<float[]> way) {
        return way.get(way.size() - 1);
    }

    /** From the start to the end of a way. */
    private static double distance(List<float[]> way) {
        float[] apart = last(way).clone();
        for (int i = 0; i < apart.length; i++) {
            apart[i] -= way.get(0)[i];
        }
        return Averages.norm(apart);
    }
}
