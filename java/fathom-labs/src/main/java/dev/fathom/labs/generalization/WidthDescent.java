package dev.fathom.labs.generalization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.linear.MinimumNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Double descent on images by the width of a hidden layer, first with random weights in it and then with trained ones.
 */
final class WidthDescent {
    private static final int CLASSES = 10;
    private static final int SIDE = 4;
    /** The share of the training images whose labels are mixed up, which makes the peak higher. */
    private static final double MIXED = 0.4;

    private static final double[] SHARES = {0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10};

    private final LabRun run;
    private final Findings page;
    private final Images images;
    private final Pixels test;

    WidthDescent(LabRun run, Findings page, Images images) {
        this.run = run;
        this.page = page;
        this.images = images;
        this.test = Pixels.range(images.test(), SIDE, 0, run.of(3000, 1000));
    }

    /**
     * What a width of the hidden layer leads to.
     *
     * @param train percent of the training images that are wrong, by their mixed labels
     * @param test percent of the test images that are wrong
     * @param squared the squared error on the test, a sum over the classes
     */
    private record Point(int width, double train, double test, double squared) {
        static Point mean(List<Point> of) {
            return new Point(
                    of.get(0).width,
                    Averages.mean(of, Point::train),
                    Averages.mean(of, Point::test),
                    Averages.mean(of, Point::squared));
        }
    }

    /** Adds both to the page; false if the run was interrupted. */
    boolean measure() {
        return randomFeatures() && nets();
    }

    private Pixels training(int n, int part) {
        return Pixels.range(images.learn(), SIDE, n * part, n)
                .shuffled(MIXED, new Rng(run.seed()).split("labels").split(part));
    }

    /** Compares scores [images, classes] with the labels. */
    private Point point(int width, float[] onTrain, Pixels train, float[] onTest) {
        double squared = 0;
        for (int i = 0; i < onTest.length; i++) {
            double off = onTest[i] - (test.labels()[i / CLASSES] == i % CLASSES ? 1 : 0);
            squared += off * off / test.size();
        }
        return new Point(width, wrong(onTrain, train), wrong(onTest, test), squared);
    }

    private static double wrong(float[] scores, Pixels images) {
        return 100
                * (1
                        - Classification.ofLogits(scores, CLASSES, images.labels())
                                .confusion()
                                .accuracy());
    }

    // ---- random features

    private boolean randomFeatures() {
        int n = run.of(500, 200);
        int times = run.of(5, 2);
        List<List<Point>> all = new ArrayList<>();
        for (int part = 0; part < times && !run.interrupt().requested(); part++) {
            Rng rng = new Rng(run.seed()).split("features").split(part);
            all.add(features(training(n, part), rng));
        }
        if (all.size() < times) {
            return false;
        }
        page.section("Images: random features", "")
                .text(line(
                        "A hidden layer of ReLUs whose weights are random and stay so, and an output layer fitted "
                                + "by least squares to %,d images of 7 x 7 "
                                + "pixels with the targets 1 for their class and 0 for the others: of all exact "
                                + "fits the one of least norm. The labels of "
                                + "%.0f %% of the training images are mixed up. Figures are means over %d sets of "
                                + "images and weights. From %,d features on, "
                                + "as many as there are images, the fit is exact.",
                        n, 100 * MIXED, times, n));
        show(
                "Random features",
                "features",
                "features.png",
                IntStream.range(0, SHARES.length)
                        .mapToObj(s -> Point.mean(
                                all.stream().map(points -> points.get(s)).toList()))
                        .toList(),
                n);
        return true;
    }

    private List<Point> features(Pixels train, Rng rng) {
        int inputs = train.x()[0].length;
        int most = width(SHARES.length - 1, train.size());
        float[] weights = rng.normal(inputs * most, 0, (float) Math.sqrt(2.0 / inputs));
        double[][] onTrain = hidden(train, weights, most);
        double[][] onTest = hidden(test, weights, most);
        double[][] y = new double[train.size()][CLASSES];
        for (int i = 0; i < y.length; i++) {
            y[i][train.labels()[i]] = 1;
        }
        return IntStream.range(0, SHARES.length)
                .mapToObj(s -> {
                    int width = width(s, train.size());
                    double[][] x = Arrays.stream(onTrain)
                            .map(row -> Arrays.copyOf(row, width))
                            .toArray(double[][]::new);
                    double[][] b = MinimumNorm.solve(x, y);
                    return point(width, scores(x, b), train, scores(onTest, b));
                })
                .toList();
    }

    private static int width(int share, int images) {
        return (int) Math.round(SHARES[share] * images);
    }

    private static double[][] hidden(Pixels images, float[] weights, int width) {
        try (Pass pass = Pass.infer()) {
            Tensor x = images.tensor();
            float[] all = x.matmul(Tensor.of(weights, x.dim(1), width)).relu().toArray();
            double[][] rows = new double[images.size()][width];
            for (int i = 0; i < all.length; i++) {
                rows[i / width][i % width] = all[i];
            }
            return rows;
        }
    }

    /** The first columns of x, as many as b has rows, times b. */
    private static float[] scores(double[][] x, double[][] b) {
        float[] scores = new float[x.length * CLASSES];
        for (int i = 0; i < x.length; i++) {
            double[] sum = new double[CLASSES];
            for (int j = 0; j < b.length; j++) {
                for (int k = 0; k < CLASSES; k++) {
                    sum[k] += x[i][j] * b[j][k];
                }
            }
            for (int k = 0; k < CLASSES; k++) {
                scores[i * CLASSES + k] = (float) sum[k];
            }
        }
        return scores;
    }

    // ---- networks

    private boolean nets() {
        int n = run.of(1000, 200);
        int parts = run.of(3, 1);
        int epochs = run.epochs(4000, 1800);
        int inputs = (28 / SIDE) * (28 / SIDE);
        int equal = n * CLASSES / (inputs + 1 + CLASSES); // as many weights as the training images have targets
        int[] widths = Arrays.stream(
                        run.brief()
                                ? new double[] {0.15, 0.4, 1, 1.4, 4}
                                : new double[] {0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.5, 2, 4, 8, 16})
                .mapToInt(share -> (int) Math.round(share * equal))
                .toArray();
        int last = widths.length - 1; // the widest take longest and begin first
        List<Point> all = Workers.all()
                .run(parts * widths.length, job -> net(n, job % parts, widths[last - job / parts], epochs));
        if (run.interrupt().requested()) {
            return false;
        }
        List<Point> points = IntStream.range(0, widths.length)
                .mapToObj(i -> Point.mean(all.subList((last - i) * parts, (last - i + 1) * parts)))
                .toList();
        double least = points.stream().mapToDouble(Point::train).min().orElseThrow();
        int threshold = points.stream()
                .filter(p -> p.train() <= least + 1)
                .findFirst()
                .orElseThrow()
                .width();
        page.section("Images: trained networks", "")
                .text(line(
                        "The same images and targets, but all weights are trained, by Adam on the squared error "
                                + "without any penalty for %,d epochs: %,d "
                                + "images, of which %.0f %% have mixed labels.%s With %d hidden units a network "
                                + "has as many weights as the images have "
                                + "targets. The training does not find every fit that there is, so the threshold "
                                + "is measured. The narrowest width whose "
                                + "training error is within one percentage point of the smallest is %,d.",
                        epochs,
                        n,
                        100 * MIXED,
                        parts == 1 ? "" : line(" Figures are means over %d sets of images and starts.", parts),
                        equal,
                        threshold));
        show("Networks", "hidden units", "networks.png", points, threshold);
        return true;
    }

    private Point net(int n, int part, int width, int epochs) {
        Pixels train = training(n, part);
        long seed = run.seed() + part;
        Sequential net =
                new Sequential(new Linear(train.x()[0].length, width).act(Activation.RELU), new Linear(width, CLASSES));
        try (Dataset data = Dataset.of(train.x(), train.oneHot(CLASSES));
                Model<Sequential> model = Model.of(net, seed)) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Adam(run.brief() ? 4e-3f : 2e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(seed);
            trainer = run.training().attachQuietly(trainer, run.folder().resolve("width-" + width + "-" + part));
            trainer.fit(data.shuffled(seed).batches(Math.min(250, train.size())), epochs);
            try (Pass pass = Pass.infer()) {
                return point(
                        width,
                        net.apply(train.tensor()).toArray(),
                        train,
                        net.apply(test.tensor()).toArray());
            }
        }
    }

    // ---- both

    private void show(String name, String axis, String file, List<Point> points, int threshold) {
        double[] x = points.stream().mapToDouble(Point::width).toArray();
        double[] train = points.stream().mapToDouble(Point::train).toArray();
        double[] error = points.stream().mapToDouble(Point::test).toArray();
        double[] squared = points.stream().mapToDouble(Point::squared).toArray();
        int exact = IntStream.range(0, x.length)
                .filter(i -> i == 0 || train[i - 1] > 0) // behind the last with errors
                .max()
                .orElseThrow();
        int peak = DoubleDescentLab.highest(squared);
        int before = IntStream.rangeClosed(0, peak)
                .reduce((i, j) -> squared[j] < squared[i] ? j : i)
                .orElseThrow();
        int last = x.length - 1;
        page.table(
                        List.of(axis, "training error", "test error", "squared test error"),
                        points.stream()
                                .map(p -> List.of(
                                        line("%,d", p.width()),
                                        line("%.2f %%", p.train()),
                                        line("%.2f %%", p.test()),
                                        line("%.3f", p.squared())))
                                .toList())
                .text(line(
                        "The squared test error is %.3f at %.0f %s, has its largest value, %.3f, at %.0f, and is "
                                + "%.3f at %,.0f. In the same places the "
                                + "share of wrong test images is %.1f %%, %.1f %% and %.1f %%. %s",
                        squared[before],
                        x[before],
                        axis,
                        squared[peak],
                        x[peak],
                        squared[last],
                        x[last],
                        error[before],
                        error[peak],
                        error[last],
                        train[last] == 0
                                ? line("From %,.0f %s on, every training image is classified right.", x[exact], axis)
                                : "Even at the largest width some training images are classified wrong."))
                .picture(
                        file,
                        name + ": errors over the number of " + axis,
                        () -> Chart.panels(
                                2,
                                List.of(
                                        new Chart("Wrong images, %", axis)
                                                .line("training", x, train)
                                                .line("test", x, error)
                                                .dashed("threshold", new double[] {threshold, threshold}, new double[] {
                                                    0, 100
                                                })
                                                .logarithmic(true, false)
                                                .range(0, 100),
                                        new Chart("Squared test error", axis)
                                                .line("test", x, squared)
                                                .dashed("threshold", new double[] {threshold, threshold}, new double[] {
                                                    squared[before] / 2, squared[peak] * 2
                                                })
                                                .logarithmic(true, true))))
                .key(Figure.of(name + ", " + axis + " at the peak over those of the threshold", "", x[peak] / threshold)
                        .baseline(1, "at the threshold"))
                .figure(Figure.of(name + ", squared test error before the peak", "", squared[before]))
                .figure(Figure.of(name + ", squared test error at the peak", "", squared[peak])
                        .baseline(squared[before], "before the peak"))
                .figure(Figure.of(name + ", squared test error of the widest", "", squared[last])
                        .baseline(squared[peak], "at the peak"))
                .figure(Figure.of(name + ", wrong test images at the peak", "%", error[peak]))
                .figure(Figure.of(name + ", wrong test images of the widest", "%", error[last]));
    }
}
