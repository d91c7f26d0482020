package dev.fathom.labs.generalization;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
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
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Double descent on images by the width of a hidden layer, first with random weights in it and then with trained ones.
 */
record WidthDescent(Lab lab, Images images, Pixels test) {
    private static final int CLASSES = 10;
    private static final int SIDE = 4;
    /** The share of the training images whose labels are mixed up, which makes the peak higher. */
    private static final double MIXED = 0.4;

    private static final double[] SHARES = {0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10};

    static WidthDescent of(Lab lab, Images images) {
        return new WidthDescent(lab, images, Pixels.range(images.test(), SIDE, 0, lab.of(3000, 1000)));
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

    void run() {
        lab.put("mixed", 100 * MIXED);
        randomFeatures();
        nets();
    }

    private Pixels training(int n, int part) {
        return Pixels.range(images.learn(), SIDE, n * part, n)
                .shuffled(MIXED, lab.rng("labels").split(part));
    }

    /** Compares scores [images, classes] with the labels. */
    private Point point(int width, float[] onTrain, Pixels train, float[] onTest) {
        double[] targets = Averages.doubles(Averages.flat(test.oneHot(CLASSES)));
        double squared = CLASSES * SplineFit.distance(Averages.doubles(onTest), targets);
        return new Point(width, wrong(onTrain, train), wrong(onTest, test), squared);
    }

    private static double wrong(float[] scores, Pixels images) {
        var answers = Classification.ofLogits(scores, CLASSES, images.labels());
        return 100 * (1 - answers.confusion().accuracy());
    }

    // ---- random features

    private void randomFeatures() {
        int n = lab.of(500, 200);
        int parts = lab.of(5, 2);
        List<List<Point>> all = IntStream.range(0, parts)
                .mapToObj(
                        part -> features(training(n, part), lab.rng("features").split(part)))
                .toList();
        lab.section("Images: random features").put("learn", n).put("parts", parts);
        List<Point> points = IntStream.range(0, SHARES.length)
                .mapToObj(s -> Point.mean(all.stream().map(p -> p.get(s)).toList()))
                .toList();
        show("Random features", "features", points, n);
    }

    private List<Point> features(Pixels train, Rng rng) {
        int inputs = train.x()[0].length;
        int most = (int) Math.round(SHARES[SHARES.length - 1] * train.size());
        float[] weights = rng.normal(inputs * most, 0, (float) Math.sqrt(2.0 / inputs));
        double[][] onTrain = hidden(train, weights, most);
        double[][] onTest = hidden(test, weights, most);
        double[][] y =
                Arrays.stream(train.oneHot(CLASSES)).map(Averages::doubles).toArray(double[][]::new);
        return DoubleStream.of(SHARES)
                .mapToObj(share -> {
                    lab.check();
                    int width = (int) Math.round(share * train.size());
                    double[][] x = Arrays.stream(onTrain)
                            .map(row -> Arrays.copyOf(row, width))
                            .toArray(double[][]::new);
                    double[][] b = MinimumNorm.solve(x, y);
                    return point(width, scores(x, b), train, scores(onTest, b));
                })
                .toList();
    }

    private static double[][] hidden(Pixels images, float[] weights, int width) {
        try (Pass pass = Pass.infer()) {
            Tensor x = images.tensor();
            float[] all = x.matmul(Tensor.of(weights, x.dim(1), width)).relu().toArray();
            return IntStream.range(0, images.size())
                    .mapToObj(i -> Averages.doubles(Arrays.copyOfRange(all, i * width, (i + 1) * width)))
                    .toArray(double[][]::new);
        }
    }

    /** The first columns of x, as many as b has rows, times b. */
    private static float[] scores(double[][] x, double[][] b) {
        float[] scores = new float[x.length * CLASSES];
        for (int k = 0; k < CLASSES; k++) {
            int column = k;
            double[] own = SplineFit.times(
                    x, Arrays.stream(b).mapToDouble(row -> row[column]).toArray());
            for (int i = 0; i < x.length; i++) {
                scores[i * CLASSES + k] = (float) own[i];
            }
        }
        return scores;
    }

    // ---- networks

    private void nets() {
        int n = lab.of(1000, 200);
        int parts = lab.of(3, 1);
        int epochs = lab.epochs(4000, 1800);
        int equal = n * CLASSES / (test.x()[0].length + 1 + CLASSES); // as many weights as images have targets
        double[] shares = {0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.5, 2, 4, 8, 16};
        int[] widths = Arrays.stream(lab.of(shares, new double[] {0.15, 0.4, 1, 1.4, 4}))
                .mapToInt(share -> (int) Math.round(share * equal))
                .toArray();
        int last = widths.length - 1; // the widest take longest and begin first
        List<Point> all = Workers.all()
                .run(parts * widths.length, job -> net(n, job % parts, widths[last - job / parts], epochs));
        List<Point> points = IntStream.range(0, widths.length)
                .mapToObj(i -> Point.mean(all.subList((last - i) * parts, (last - i + 1) * parts)))
                .toList();
        double least = points.stream().mapToDouble(Point::train).min().orElseThrow();
        int threshold = points.stream()
                .filter(p -> p.train() <= least + 1)
                .findFirst()
                .orElseThrow()
                .width();
        lab.section("Images: trained networks")
                .put("learn", n)
                .put("parts", parts)
                .put("several", parts > 1);
        lab.put("epochs", epochs).put("equal", equal).put("threshold", threshold);
        show("Networks", "hidden units", points, threshold);
    }

    static Sequential network(int inputs, int width) {
        return new Sequential(new Linear(inputs, width).act(Activation.RELU), new Linear(width, CLASSES));
    }

    private Point net(int n, int part, int width, int epochs) {
        Pixels train = training(n, part);
        long seed = lab.seed() + part;
        Sequential net = network(train.x()[0].length, width);
        try (Dataset data = Dataset.of(train.x(), train.oneHot(CLASSES));
                Model<Sequential> model = Model.of(net, seed)) {
            var trainer = Trainer.of(model, Loss.mse(), new Adam(lab.of(2e-3f, 4e-3f)))
                    .schedule(Schedule.cosine(epochs))
                    .seed(seed);
            var batches = data.shuffled(seed).batches(Math.min(250, train.size()));
            lab.quietly("width " + width + " part " + part, trainer, batches, epochs);
            try (Pass pass = Pass.infer()) {
                float[] onTrain = net.apply(train.tensor()).toArray();
                return point(width, onTrain, train, net.apply(test.tensor()).toArray());
            }
        }
    }

    // ---- both

    private void show(String name, String axis, List<Point> points, int threshold) {
        Table table = lab.table("widths", axis).named(name + ", {row} " + axis + ", {column}");
        for (Point p : points) {
            table.row(String.format(Locale.ROOT, "%,d", p.width))
                    .put("training error", "%.2f %%", p.train)
                    .put("test error", "%.2f %%", p.test)
                    .put("squared test error", "%.3f", p.squared);
        }
        double[] x = points.stream().mapToDouble(Point::width).toArray();
        double[] train = table.values("training error");
        double[] error = table.values("test error");
        double[] squared = table.values("squared test error");
        int last = x.length - 1;
        int exact = IntStream.rangeClosed(0, last)
                .filter(i -> i == 0 || train[i - 1] > 0) // behind the last with errors
                .max()
                .orElseThrow();
        int peak = Averages.highest(0, x.length, i -> squared[i]);
        int before = Averages.lowest(0, peak + 1, i -> squared[i]);
        double[] at = {threshold, threshold};
        Chart wrong = new Chart("Wrong images, %", axis)
                .line("training", x, train)
                .line("test", x, error)
                .dashed("threshold", at, new double[] {0, 100})
                .logarithmic(true, false)
                .range(0, 100);
        Chart squares = new Chart("Squared test error", axis)
                .line("test", x, squared)
                .dashed("threshold", at, new double[] {squared[before] / 2, squared[peak] * 2})
                .logarithmic(true, true);
        lab.charts(axis.equals("features") ? "features.png" : "networks.png", 2, List.of(wrong, squares));
        lab.put("beforeX", x[before])
                .put("peakX", x[peak])
                .put("lastX", x[last])
                .put("exactX", x[exact]);
        lab.put("before", squared[before]).put("peak", squared[peak]).put("last", squared[last]);
        lab.put("wrongBefore", error[before]).put("wrongPeak", error[peak]).put("wrongLast", error[last]);
        lab.put("exact", train[last] == 0);
        String ratio = name + ", " + axis + " at the peak over those of the threshold";
        lab.figure(ratio, "", x[peak] / threshold)
                .baseline(1, "at the threshold")
                .figure(name + ", squared test error before the peak", "", squared[before])
                .figure(name + ", squared test error at the peak", "", squared[peak])
                .baseline(squared[before], "before the peak")
                .figure(name + ", squared test error of the widest", "", squared[last])
                .baseline(squared[peak], "at the peak")
                .figure(name + ", wrong test images at the peak", "%", error[peak])
                .figure(name + ", wrong test images of the widest", "%", error[last]);
    }
}
