package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Pca;
import dev.fathom.nn.Model;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.LBfgs;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Histograms;
import dev.fathom.view.PlanePlot;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The loss of a network as a landscape: on planes with the ways of optimizers, at its critical points, and where many
 * starts end.
 */
public final class LandscapeLab implements Experiment {
    private static final int BATCH = 50;
    private static final int ADAM = 3;

    /** The optimizers, with rates that are usual for them. */
    private static final List<Map.Entry<String, Optimizer>> OPTIMIZERS = List.of(
            Map.entry("Gradient descent 0.1", new Sgd(0.1f)),
            Map.entry("Momentum 0.03", new Sgd(0.03f).momentum(0.9f)),
            Map.entry("RMSprop 0.001", new RmsProp(0.001f)),
            Map.entry("Adam 0.001", new Adam(0.001f)),
            Map.entry("L-BFGS, 1 iteration a batch", new LBfgs().iterations(1)));

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed());
                Images some = all.sample(lab.of(2000, 300), lab.seed());
                Images images = some.normalized();
                Dataset flat = images.learn().flattened();
                Dataset learn = pooled(images.learn(), 7);
                Dataset test = pooled(images.test(), 7);
                Dataset small = pooled(images.learn(), 4);
                Dataset few = small.take(0, lab.of(500, 300))) {
            lab.put("images", images.title()).put("learn", learn.size()).put("batch", BATCH);
            planes(lab, flat);
            saddles(lab, few);
            widths(lab, learn, test);
        }
    }

    /** Images with fewer pixels, each the mean of a square, as vectors. */
    private static Dataset pooled(Dataset images, int side) {
        try (Pass pass = Pass.infer()) {
            var all = images.batches(images.size()).epoch(0).next();
            float[] means = all.x().avgPool(28 / side).toArray();
            return Dataset.of(means, Shape.of(side * side), all.y().toIntArray());
        }
    }

    private static void planes(Lab lab, Dataset data) {
        FlatNet net = FlatNet.of(Activation.RELU, 784, lab.of(32, 12), 10);
        int epochs = lab.epochs(20, 6);
        int steps = epochs * data.batches(BATCH).steps();
        int every = Math.max(1, steps / 40);
        List<List<float[]>> ways = Workers.all()
                .run(
                        OPTIMIZERS.size(),
                        i -> net.way(OPTIMIZERS.get(i).getValue(), data, BATCH, epochs, every, lab.seed(), lab::check));
        lab.section("Planes")
                .put("hidden", net.widths()[1])
                .put("weights", net.size())
                .put("steps", steps);
        lab.put("places", ways.get(0).size());
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
        float[] axes = Averages.floats(pca.components());
        FlatNet.Plane principal = new FlatNet.Plane(
                Averages.floats(pca.mean()),
                Arrays.copyOf(axes, net.size()),
                Arrays.copyOfRange(axes, net.size(), axes.length));
        double[] window = Stream.of(principal.nearest(Arrays.asList(places)))
                .map(a -> Arrays.stream(a).summaryStatistics())
                .flatMapToDouble(a -> {
                    double margin = 0.15 * (a.getMax() - a.getMin()) + 1e-6;
                    return DoubleStream.of(a.getMin() - margin, a.getMax() + margin);
                })
                .toArray();
        draw(lab, "principal.png", "component", net, data, principal, window, all);
        double walks = 100
                * Pca.fit(walks(ways.size(), ways.get(0).size(), net.size(), new Rng(lab.seed())), 2)
                        .share();
        lab.put("walks", walks);
        lab.figure(Figure.of("Variance of the ways in two components", "%", 100 * pca.share())
                .baseline(walks, "two components of as many random walks"));

        List<float[]> adam = ways.get(ADAM);
        float[] end = last(adam);
        FlatNet.Plane random =
                new FlatNet.Plane(end, net.direction(end, lab.rng("u")), net.direction(end, lab.rng("v")));
        all.keySet().retainAll(List.of(OPTIMIZERS.get(ADAM).getKey()));
        double[][] field = draw(lab, "random.png", "direction", net, data, random, new double[] {-1, 1, -1, 1}, all);
        double[][] path = random.nearest(adam);
        double held = 100
                * Math.hypot(path[0][0] * Averages.norm(random.u()), path[1][0] * Averages.norm(random.v()))
                / distance(adam);
        double expected = 100 * Math.sqrt(2.0 / net.size());
        lab.figure(Figure.of("Length of Adam's way on a random plane", "%", held)
                .baseline(expected, "two of as many random directions as there are weights"));
        lab.put("length", distance(adam)).put("held", held).put("expected", expected);
        lab.put("center", field[field.length / 2][field.length / 2]);
        lab.put(
                "lowest",
                Arrays.stream(field).flatMapToDouble(Arrays::stream).min().orElseThrow());
    }

    /** Draws the loss on a plane with the ways that are nearest to it, and returns the loss. */
    private static double[][] draw(
            Lab lab,
            String file,
            String axis,
            FlatNet net,
            Dataset data,
            FlatNet.Plane plane,
            double[] w,
            Map<String, List<float[]>> ways) {
        double[][] field = net.field(data, plane, w, lab.of(41, 17), lab::check);
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

    /** Dauphin et al. (2014): the higher a critical point lies, the more of its directions lead down. */
    private static void saddles(Lab lab, Dataset data) {
        int epochs = lab.epochs(80, 40);
        int starts = lab.of(40, 8);
        int steps = lab.of(300, 15);
        FlatNet net = FlatNet.of(Activation.TANH, 16, lab.of(4, 2), 10);
        List<CriticalPoint> points = Workers.all().run(starts, i -> {
            int trained = (int) Math.round(1 + (epochs - 1.0) * i / (starts - 1));
            List<float[]> way =
                    net.way(new Sgd(0.1f), data, BATCH, trained, Integer.MAX_VALUE, lab.seed() + i, lab::check);
            return CriticalPoint.from(net, data, steps, 1e-6, lab::check, last(way));
        });
        double plateau = entropy(data);
        List<CriticalPoint> flat = points.stream()
                .filter(p -> Math.abs(p.loss() - plateau) <= 0.01)
                .toList();
        List<CriticalPoint> others = points.stream()
                .filter(p -> !flat.contains(p))
                .sorted(Comparator.comparingDouble(CriticalPoint::loss))
                .toList();
        List<CriticalPoint> arrived =
                others.stream().filter(CriticalPoint::arrived).toList();
        boolean exact = arrived.size() >= 10;
        List<CriticalPoint> shown = exact ? arrived : others;
        lab.put("exact", exact).put("vanishes", exact ? "vanishes" : "nearly vanishes");
        lab.section("Where the gradient {vanishes}").put("epochs", epochs).put("starts", starts);
        lab.put("hidden", net.widths()[1])
                .put("weights", net.size())
                .put("size", data.size())
                .put("steps", steps);
        lab.put("before", Averages.median(points, CriticalPoint::before));
        lab.put("after", Averages.median(points, CriticalPoint::norm));
        lab.put("plateau", plateau).put("flat", flat.size()).put("some", !flat.isEmpty());
        lab.put("zeros", net.size() - Averages.mean(flat, p -> p.negative() + p.positive()));
        lab.put("others", others.size())
                .put("lost", others.size() - arrived.size())
                .put("enough", shown.size() >= 3);
        if (shown.size() >= 3) {
            indices(lab, shown, exact ? "critical points" : "places");
        }
    }

    /** The eigenvalues at places in the order of their losses. */
    private static void indices(Lab lab, List<CriticalPoint> points, String places) {
        int n = points.size();
        Table table = lab.table("thirds", places);
        for (int third = 0; third < 3; third++) {
            List<CriticalPoint> part = points.subList(third * n / 3, (third + 1) * n / 3);
            table.row(List.of("lowest third", "middle third", "highest third").get(third))
                    .cell(
                            "loss",
                            "%.3f to %.3f",
                            part.get(0).loss(),
                            part.get(part.size() - 1).loss())
                    .put("negative eigenvalues", "%.1f", Averages.mean(part, CriticalPoint::negative))
                    .put("positive eigenvalues", "%.1f", Averages.mean(part, CriticalPoint::positive))
                    .put("index", "%.1f %%", Averages.mean(part, CriticalPoint::index))
                    .put("median least eigenvalue", "%.3g", Averages.median(part, p -> p.eigenvalues()[0]));
        }
        double[] losses = points.stream().mapToDouble(CriticalPoint::loss).toArray();
        double[] shares = points.stream().mapToDouble(CriticalPoint::index).toArray();
        lab.chart(
                "saddles.png",
                new Chart(line("Negative eigenvalues at %s, %%", places), "loss").points(places, losses, shares));
        long minima = points.stream().filter(p -> p.negative() == 0).count();
        double correlation = CriticalPoint.correlation(points);
        String title = places.substring(0, 1).toUpperCase(Locale.ROOT) + places.substring(1);
        lab.figure(title + ", correlation of loss and index", "", correlation)
                .figure(title + " with negative eigenvalues", "%", 100.0 * (n - minima) / n);
        lab.put("spots", places)
                .put("correlation", correlation)
                .put("minima", minima)
                .put("shown", n);
    }

    /** The least loss of a network that does not see its input. */
    private static double entropy(Dataset data) {
        var counts = Arrays.stream(data.labels()).boxed().collect(Collectors.groupingBy(k -> k, Collectors.counting()));
        return counts.values().stream()
                .mapToDouble(count -> count / (double) data.size())
                .map(share -> -share * Math.log(share))
                .sum();
    }

    /** Choromanska et al. (2015): the wider a network, the less it matters where it starts. */
    private static void widths(Lab lab, Dataset learn, Dataset test) {
        int[] widths = lab.of(new int[] {2, 4, 8, 16, 32, 64, 128}, new int[] {2, 8, 32});
        int starts = lab.of(40, 8);
        int epochs = lab.epochs(30, 10);
        Optimizer momentum = new Sgd(0.03f).momentum(0.9f);
        List<double[]> ends = Workers.all().run(widths.length * starts, i -> {
            FlatNet net = FlatNet.of(Activation.RELU, 49, widths[i / starts], 10);
            long seed = lab.seed() + i % starts;
            float[] end = last(net.way(momentum, learn, BATCH, epochs, Integer.MAX_VALUE, seed, lab::check));
            return new double[] {net.loss(learn, end), net.loss(test, end)};
        });
        Histograms sheet = new Histograms("Final losses", List.of("training", "test")).bins(24);
        Table table = lab.section("Final losses by width").table("widths", "network");
        for (int w = 0; w < widths.length; w++) {
            Table.Row row = table.row("Width " + widths[w]);
            sheet.row("width " + widths[w]);
            for (int k : new int[] {0, 1}) {
                String which = List.of("training loss", "test loss").get(k);
                double most = ends.stream().mapToDouble(e -> e[k]).max().orElseThrow();
                double[] losses = ends.subList(w * starts, (w + 1) * starts).stream()
                        .mapToDouble(e -> e[k])
                        .toArray();
                double deviation = Averages.deviation(losses);
                row.put("mean of the " + which, "%.4f", Averages.mean(losses))
                        .put("deviation of the " + which, "%.4f", deviation);
                sheet.add(Averages.floats(losses), 0, most, line("deviation %.2g", deviation));
            }
        }
        lab.picture("widths.png", sheet::render);
        double[] spreads = table.values("deviation of the test loss");
        int middle = widths.length / 2;
        int last = widths.length - 1;
        lab.put("learn", learn.size()).put("starts", starts).put("epochs", epochs);
        lab.put("narrow", widths[0]).put("middle", widths[middle]).put("wide", widths[last]);
        lab.put("first", spreads[0])
                .put("halfway", spreads[0] / spreads[middle])
                .put("last", spreads[last]);
        lab.figure("Deviation of the test loss, narrowest divided by widest network", "", spreads[0] / spreads[last]);
    }
}
