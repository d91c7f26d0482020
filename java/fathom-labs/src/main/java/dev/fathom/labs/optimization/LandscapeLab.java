package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.Curvature;
import dev.fathom.features.Pca;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.statistics.Correlation;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The loss of a network as a landscape: on planes with the ways of optimizers, at its critical points, and where many
 * starts end.
 */
public final class LandscapeLab implements OldExperiment {
    private static final int BATCH = 50;

    @Override
    public String name() {
        return "landscape";
    }

    /** The optimizers, with rates that are usual for them. */
    private static Map<String, Optimizer> optimizers() {
        Map<String, Optimizer> all = new LinkedHashMap<>();
        all.put("Gradient descent 0.1", new Sgd(0.1f));
        all.put("Momentum 0.03", new Sgd(0.03f).momentum(0.9f));
        all.put("RMSprop 0.001", new RmsProp(0.001f));
        all.put("Adam 0.001", new Adam(0.001f));
        all.put("L-BFGS, 1 iteration a batch", new LBfgs().iterations(1));
        return all;
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.FASHION_MNIST.images(run.data(), run.seed());
                Images some = all.first(run.of(2000, 300));
                Images images = some.normalized()) {
            Findings page = run.page(
                    "Lab landscape",
                    line("%s, %,d images", images.title(), images.learn().size()));
            try (Dataset flat = images.learn().flattened();
                    Dataset learn = pooled(images.learn(), 7);
                    Dataset test = pooled(images.test(), 7);
                    Dataset small = pooled(images.learn(), 4);
                    Dataset few = small.take(0, run.of(500, 300))) {
                planes(run, page, flat);
                saddles(run, page, few);
                widths(run, page, learn, test);
            }
            return run.interrupt().requested() ? page : page.finished();
        }
    }

    /** Images with fewer pixels, each the mean of a square, as vectors. */
    private static Dataset pooled(Dataset images, int side) {
        try (Pass pass = Pass.infer()) {
            Batch all = images.batches(images.size()).epoch(0).next();
            return Dataset.of(
                    all.x().avgPool(28 / side).toArray(),
                    Shape.of(side * side),
                    all.y().toIntArray());
        }
    }

    private static void planes(LabRun run, Findings page, Dataset data) {
        Supplier<FlatNet> shape = () -> FlatNet.of(Activation.RELU, 784, run.of(32, 12), 10);
        int epochs = run.epochs(20, 6);
        int steps = epochs * data.batches(BATCH).steps();
        int every = Math.max(1, steps / 40);
        FlatNet net = shape.get();
        List<String> names = List.copyOf(optimizers().keySet());
        List<Optimizer> recipes = List.copyOf(optimizers().values());
        List<List<float[]>> ways = Workers.all()
                .run(
                        recipes.size(),
                        i -> Ways.of(
                                shape,
                                recipes.get(i),
                                data,
                                BATCH,
                                epochs,
                                every,
                                run.seed(),
                                run.interrupt()::requested));
        if (run.interrupt().requested()) {
            return;
        }
        page.section("Planes", "")
                .text(line(
                        "A network of 784-%d-10 with ReLU, %,d weights, learns %,d images in batches of %d for %d "
                                + "steps, with five optimizers from the same "
                                + "start. Its loss over all these images is drawn on two planes. The first holds "
                                + "most of the ways: its axes are the two "
                                + "principal components of the weights at %d places of each way. The second has "
                                + "random directions, normalized by unit (Li "
                                + "et al. 2018), about the end of Adam. The eigenvalues of the Hessian at the "
                                + "ends are estimates by 20 steps of Lanczos's "
                                + "method.",
                        net.widths()[1],
                        net.size(),
                        data.size(),
                        BATCH,
                        steps,
                        ways.get(0).size()));
        List<List<String>> rows = new ArrayList<>();
        double start = Ways.loss(net, data, ways.get(0).get(0));
        for (int i = 0; i < ways.size(); i++) {
            float[] first = ways.get(i).get(0);
            float[] last = ways.get(i).get(ways.get(i).size() - 1);
            double loss = Ways.loss(net, data, last);
            Curvature.Extremes curvature = Ways.extremes(net, data, run.seed(), last);
            rows.add(List.of(
                    names.get(i),
                    line("%.4f", loss),
                    line("%.2f", distance(first, last)),
                    line("%.3g", curvature.highest()),
                    line("%.3g", curvature.lowest())));
            page.figure(Figure.of(names.get(i) + ", training loss", "", loss).baseline(start, "before training"));
        }
        page.table(
                List.of(
                        "optimizer",
                        "training loss at the end",
                        "distance from the start",
                        "largest eigenvalue of the Hessian",
                        "least"),
                rows);
        principal(run, page, net, data, names, ways);
        random(run, page, net, data, names, ways);
    }

    private static void principal(
            LabRun run, Findings page, FlatNet net, Dataset data, List<String> names, List<List<float[]>> ways) {
        Pca pca = Pca.fit(ways.stream().flatMap(List::stream).toArray(float[][]::new), 2);
        int n = net.size();
        float[] u = floats(pca.components(), 0, n);
        float[] v = floats(pca.components(), n, n);
        float[] origin = floats(pca.mean(), 0, n);
        List<double[][]> paths = ways.stream()
                .map(way -> columns(pca.transform(way.toArray(new float[0][]))))
                .toList();
        double[] window = window(paths);
        double[][] field = field(run, net, data, origin, u, v, window);
        if (run.interrupt().requested()) {
            return;
        }
        page.picture(
                "principal.png",
                "The training loss on the plane of two principal components of the ways of five optimizers",
                () -> plot(
                                "Loss on the plane of the ways",
                                window,
                                "first component",
                                "second component",
                                field,
                                names,
                                paths)
                        .render());
        double share = 100
                * Pca.fit(walks(ways.size(), ways.get(0).size(), n, new Rng(run.seed())), 2)
                        .share();
        page.text(line(
                        "The plane of the ways holds %.1f %% of the variance of all places on them. Two "
                                + "components of as many random walks, with Gaussian "
                                + "steps and as many places, hold %.1f %%.",
                        100 * pca.share(), share))
                .figure(Figure.of("Variance of the ways in two components", "%", 100 * pca.share())
                        .baseline(share, "two components of as many random walks"));
    }

    /** All places of random walks with Gaussian steps, each of which starts at 0. */
    private static float[][] walks(int walks, int places, int n, Rng rng) {
        float[][] all = new float[walks * places][n];
        for (int i = 0; i < all.length; i++) {
            if (i % places > 0) {
                float[] step = rng.normal(n, 0, 1);
                for (int j = 0; j < n; j++) {
                    all[i][j] = all[i - 1][j] + step[j];
                }
            }
        }
        return all;
    }

    private static void random(
            LabRun run, Findings page, FlatNet net, Dataset data, List<String> names, List<List<float[]>> ways) {
        int adam = names.indexOf("Adam 0.001");
        List<float[]> way = ways.get(adam);
        float[] end = way.get(way.size() - 1);
        float[] u = net.direction(end, new Rng(run.seed()).split("u"));
        float[] v = net.direction(end, new Rng(run.seed()).split("v"));
        double[] window = {-1, 1, -1, 1};
        double[][] field = field(run, net, data, end, u, v, window);
        if (run.interrupt().requested()) {
            return;
        }
        double[][] path = columns(way.stream().map(w -> projected(w, end, u, v)).toArray(float[][]::new));
        page.picture(
                "random.png",
                "The training loss on a plane of two random directions about the end of Adam",
                () -> plot(
                                "Loss on two random directions",
                                window,
                                "first direction",
                                "second direction",
                                field,
                                List.of(names.get(adam)),
                                List.<double[][]>of(path))
                        .render());
        double length = distance(way.get(0), end);
        double held = Math.hypot(path[0][0] * Averages.norm(u), path[1][0] * Averages.norm(v)) / length;
        double center = field[field.length / 2][field[0].length / 2];
        double lowest =
                Arrays.stream(field).flatMapToDouble(Arrays::stream).min().orElseThrow();
        page.text(line(
                        "On the random plane the loss is %.4f in the middle, where Adam ended, and %.4f at its "
                                + "lowest place. Of the way from the start, "
                                + "%.1f long, the random directions show %.2f %% of the length; two of as many "
                                + "directions as there are weights show %.2f %% "
                                + "on average.",
                        center, lowest, length, 100 * held, 100 * Math.sqrt(2.0 / net.size())))
                .figure(Figure.of("Length of Adam's way on a random plane", "%", 100 * held)
                        .baseline(
                                100 * Math.sqrt(2.0 / net.size()),
                                "two of as many random directions as there are weights"));
    }

    private static double[][] field(
            LabRun run, FlatNet net, Dataset data, float[] origin, float[] u, float[] v, double... window) {
        int n = run.of(41, 17);
        return Ways.plane(
                net,
                data,
                origin,
                u,
                v,
                Ways.range(window[0], window[1], n),
                Ways.range(window[2], window[3], n),
                run.interrupt()::requested);
    }

    private static PlanePlot plot(
            String title,
            double[] w,
            String across,
            String upward,
            double[][] field,
            List<String> names,
            List<double[][]> paths) {
        PlanePlot plot = new PlanePlot(title, w[0], w[1], w[2], w[3])
                .axes(across, upward)
                .contours(field);
        for (int i = 0; i < paths.size(); i++) {
            plot.path(names.get(i), paths.get(i)[0], paths.get(i)[1]);
        }
        return plot;
    }

    /** The part of the plane that holds all paths, with a margin. */
    private static double[] window(List<double[][]> paths) {
        double[] window = new double[4];
        for (int axis = 0; axis < 2; axis++) {
            int a = axis;
            var range = paths.stream().flatMapToDouble(p -> Arrays.stream(p[a])).summaryStatistics();
            double margin = 0.15 * (range.getMax() - range.getMin()) + 1e-6;
            window[2 * a] = range.getMin() - margin;
            window[2 * a + 1] = range.getMax() + margin;
        }
        return window;
    }

    private static double[][] columns(float[][] places) {
        return new double[][] {
            Arrays.stream(places).mapToDouble(p -> p[0]).toArray(),
            Arrays.stream(places).mapToDouble(p -> p[1]).toArray()
        };
    }

    /**
     * The coordinates of the place on the plane that is nearest to {@code w}; random directions in many dimensions are
     * nearly at right angles.
     */
    private static float[] projected(float[] w, float[] origin, float[] u, float[] v) {
        double[] sums = new double[2];
        for (int i = 0; i < w.length; i++) {
            sums[0] += (double) (w[i] - origin[i]) * u[i];
            sums[1] += (double) (w[i] - origin[i]) * v[i];
        }
        return new float[] {
            (float) (sums[0] / Math.pow(Averages.norm(u), 2)), (float) (sums[1] / Math.pow(Averages.norm(v), 2))
        };
    }

    private static double distance(float[] a, float[] b) {
        float[] apart = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            apart[i] = a[i] - b[i];
        }
        return Averages.norm(apart);
    }

    private static float[] floats(double[] from, int at, int n) {
        float[] part = new float[n];
        for (int i = 0; i < n; i++) {
            part[i] = (float) from[at + i];
        }
        return part;
    }

    /** Dauphin et al. (2014): the higher a critical point lies, the more of its directions lead down. */
    private static void saddles(LabRun run, Findings page, Dataset data) {
        if (run.interrupt().requested()) {
            return;
        }
        Supplier<FlatNet> shape = () -> FlatNet.of(Activation.TANH, 16, run.of(4, 2), 10);
        int epochs = run.epochs(80, 40);
        int starts = run.of(40, 8);
        int steps = run.of(300, 15);
        FlatNet net = shape.get();
        List<CriticalPoint> points = Workers.all().run(starts, i -> {
            int trained = (int) Math.round(1 + (epochs - 1.0) * i / (starts - 1));
            List<float[]> way = Ways.of(
                    shape,
                    new Sgd(0.1f),
                    data,
                    BATCH,
                    trained,
                    Integer.MAX_VALUE,
                    run.seed() + i,
                    run.interrupt()::requested);
            return CriticalPoint.from(net, data, steps, 1e-6, run.interrupt()::requested, way.get(way.size() - 1));
        });
        if (run.interrupt().requested()) {
            return;
        }
        double plateau = entropy(data);
        Predicate<CriticalPoint> onPlateau = p -> Math.abs(p.loss() - plateau) <= 0.01;
        List<CriticalPoint> flat = points.stream().filter(onPlateau).toList();
        List<CriticalPoint> others = points.stream()
                .filter(onPlateau.negate())
                .sorted(Comparator.comparingDouble(CriticalPoint::loss))
                .toList();
        List<CriticalPoint> arrived =
                others.stream().filter(CriticalPoint::arrived).toList();
        boolean exact = arrived.size() >= 10;
        page.section(exact ? "Where the gradient vanishes" : "Where the gradient nearly vanishes", "")
                .text(line(
                        "A network of 16-%d-10 with tanh, %d weights, learns %d images of 4 x 4 by gradient "
                                + "descent, from %d random starts and for 1 to %d "
                                + "epochs. From where each training is, the method of Levenberg and Marquardt "
                                + "searches a root of the gradient, which is a "
                                + "critical point of any kind. At the end the whole Hessian is computed, column "
                                + "by column. The index is the share of "
                                + "negative eigenvalues among those that are not 0 beyond rounding (in Dauphin et "
                                + "al. 2014, among all). The median norm of "
                                + "the gradient falls from %.2g to %.2g.",
                        net.widths()[1],
                        net.size(),
                        data.size(),
                        starts,
                        epochs,
                        Averages.median(points, CriticalPoint::before),
                        Averages.median(points, CriticalPoint::norm)))
                .text(line(
                        "%d of the %d searches end on the plateau where the network puts out the "
                                + "frequencies of the classes, whatever it sees, with "
                                + "a loss of %.4f; these are left out below.%s Of the other %d, %d do not "
                                + "arrive: a gradient of more than 0.00001 "
                                + "is left, since the search also stops where H g is 0 and g is not (Frye "
                                + "et al. 2021), or its %d steps are over. %s",
                        flat.size(),
                        starts,
                        plateau,
                        flat.isEmpty()
                                ? ""
                                : line(
                                        " There, in the mean, %.1f of the %d eigenvalues are 0 within " + "rounding.",
                                        net.size()
                                                - Averages.mean(flat, CriticalPoint::negative)
                                                - Averages.mean(flat, CriticalPoint::positive),
                                        net.size()),
                        others.size(),
                        others.size() - arrived.size(),
                        steps,
                        exact
                                ? "These are left out too."
                                : "Fewer than 10 arrive, so all of them are shown, and they are not "
                                        + "called critical points."));
        List<CriticalPoint> shown = exact ? arrived : others;
        if (shown.size() >= 3) {
            indices(page, shown, exact);
        }
    }

    /** The eigenvalues at places in the order of their losses, which are critical points where the search was exact. */
    static void indices(Findings page, List<CriticalPoint> points, boolean exact) {
        int n = points.size();
        String places = exact ? "critical points" : "places";
        String title = exact ? "Critical points" : "Places";
        List<List<String>> rows = new ArrayList<>();
        for (int third = 0; third < 3; third++) {
            List<CriticalPoint> part = points.subList(third * n / 3, (third + 1) * n / 3);
            rows.add(List.of(
                    List.of("lowest third", "middle third", "highest third").get(third),
                    line(
                            "%.3f to %.3f",
                            part.get(0).loss(), part.get(part.size() - 1).loss()),
                    line("%.1f", Averages.mean(part, CriticalPoint::negative)),
                    line("%.1f", Averages.mean(part, CriticalPoint::positive)),
                    line("%.1f %%", 100 * Averages.mean(part, CriticalPoint::index)),
                    line("%.3g", Averages.median(part, p -> p.eigenvalues()[0]))));
        }
        double[] losses = points.stream().mapToDouble(CriticalPoint::loss).toArray();
        double[] shares = points.stream().mapToDouble(p -> 100 * p.index()).toArray();
        double correlation = Correlation.pearson(floats(losses, 0, n), floats(shares, 0, n), 0, n);
        long minima = points.stream().filter(p -> p.negative() == 0).count();
        page.table(
                        List.of(
                                places,
                                "loss",
                                "negative eigenvalues",
                                "positive",
                                "index",
                                "least eigenvalue, median"),
                        rows)
                .picture(
                        "saddles.png",
                        "Share of negative eigenvalues against the loss at " + places,
                        () -> new Chart(line("Negative eigenvalues at %s, %%", places), "loss")
                                .points(exact ? "a critical point" : "a place", losses, shares)
                                .render())
                .text(line(
                        "The correlation of loss and index is %.2f. %d of the %d %s have no negative eigenvalue%s.",
                        correlation,
                        minima,
                        n,
                        places,
                        exact ? " and may be minima; the others are saddles or maxima" : ""));
        page.figure(Figure.of(title + ", correlation of loss and index", "", correlation))
                .figure(Figure.of(title + " with negative eigenvalues", "%", 100.0 * (n - minima) / n));
    }

    /** The least loss of a network that does not see its input. */
    private static double entropy(Dataset data) {
        double sum = 0;
        for (int k = 0; k < data.classes(); k++) {
            int label = k;
            double share = Arrays.stream(data.labels()).filter(l -> l == label).count() / (double) data.size();
            sum -= share == 0 ? 0 : share * Math.log(share);
        }
        return sum;
    }

    /** Choromanska et al. (2015): the wider a network, the less it matters where it starts. */
    private static void widths(LabRun run, Findings page, Dataset learn, Dataset test) {
        if (run.interrupt().requested()) {
            return;
        }
        int[] widths = run.brief() ? new int[] {2, 8, 32} : new int[] {2, 4, 8, 16, 32, 64, 128};
        int starts = run.of(40, 8);
        int epochs = run.epochs(30, 10);
        List<double[]> ends = Workers.all().run(widths.length * starts, i -> {
            int width = widths[i / starts];
            long seed = run.seed() + i % starts;
            List<float[]> way = Ways.of(
                    () -> FlatNet.of(Activation.RELU, 49, width, 10),
                    new Sgd(0.03f).momentum(0.9f),
                    learn,
                    BATCH,
                    epochs,
                    Integer.MAX_VALUE,
                    seed,
                    run.interrupt()::requested);
            float[] end = way.get(way.size() - 1);
            FlatNet net = FlatNet.of(Activation.RELU, 49, width, 10);
            return new double[] {Ways.loss(net, learn, end), Ways.loss(net, test, end)};
        });
        if (run.interrupt().requested()) {
            return;
        }
        Histograms sheet = new Histograms("Final losses", List.of("training", "test")).bins(24);
        List<List<String>> rows = new ArrayList<>();
        List<Double> spreads = new ArrayList<>();
        double[] most = {0, 0};
        for (double[] end : ends) {
            most[0] = Math.max(most[0], end[0]);
            most[1] = Math.max(most[1], end[1]);
        }
        for (int w = 0; w < widths.length; w++) {
            List<double[]> of = ends.subList(w * starts, (w + 1) * starts);
            List<String> row = new ArrayList<>(List.of(Integer.toString(widths[w])));
            sheet.row("width " + widths[w]);
            for (int k = 0; k < 2; k++) {
                int which = k;
                double[] losses = of.stream().mapToDouble(e -> e[which]).toArray();
                double deviation = Averages.deviation(losses);
                row.addAll(List.of(line("%.4f", Averages.mean(losses)), line("%.4f", deviation)));
                sheet.add(floats(losses, 0, starts), 0, most[k], line("deviation %.2g", deviation));
                if (k == 1) {
                    spreads.add(deviation);
                    page.figure(Figure.of("Width " + widths[w] + ", deviation of the test loss", "", deviation));
                }
            }
            rows.add(row);
        }
        double shrunk = spreads.get(0) / spreads.get(spreads.size() - 1);
        page.section("Final losses by width", "")
                .text(line(
                        "Networks of 49-width-10 with ReLU learn %,d images of 7 x 7 from %d starts for %d epochs "
                                + "by momentum with a rate of 0.03. "
                                + "Choromanska et al. (2015) found that the final losses of wide networks lie "
                                + "close together.",
                        learn.size(), starts, epochs))
                .table(List.of("width", "training loss, mean", "deviation", "test loss, mean", "deviation"), rows)
                .picture(
                        "widths.png",
                        "Histograms of the final training and test losses of many starts, by width",
                        sheet::render)
                .text(line(
                        "From width %d to %d the standard deviation of the test loss changes from %.4f to %.4f: "
                                + "it is divided by %.1f, and by %.1f up to width %d.",
                        widths[0],
                        widths[widths.length - 1],
                        spreads.get(0),
                        spreads.get(spreads.size() - 1),
                        shrunk,
                        spreads.get(0) / spreads.get(widths.length / 2),
                        widths[widths.length / 2]))
                .figure(Figure.of("Deviation of the test loss, narrowest divided by widest network", "", shrunk));
    }
}
