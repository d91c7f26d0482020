package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Lab;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.pages.Table;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.openblas.Lapack;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How good generated images of 28 x 28 pixels are, by three measures that need no eye: the log-likelihood of the test
 * images under a Parzen window on the samples (Goodfellow et al. 2014), and the inception score (Salimans et al. 2016)
 * and the Fréchet distance (Heusel et al. 2017) by a classifier that is trained here. Every lab of generative nets uses
 * the same classifier and the same images, so that their tables compare.
 */
final class SampleQuality implements AutoCloseable {
    /** The numbers of an image. */
    static final int PIXELS = 28 * 28;

    private static final int FEATURES = 64;
    private static final int CHUNK = 250;
    /** The widths of the Parzen windows among which the images held out choose. */
    private static final double[] WIDTHS = {0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.23, 0.27, 0.32, 0.4};

    /** A classifier of images: its last hidden layer gives the features whose distribution is compared. */
    record Classifier(Layer features, Linear out) implements Layer {
        Classifier() {
            this(
                    new Sequential(
                            new Conv(1, 16, 5).stride(2).pad(2).act(Activation.RELU),
                            new Conv(16, 32, 5).stride(2).pad(2).act(Activation.RELU),
                            new Flatten(),
                            new Linear(7 * 7 * 32, FEATURES).act(Activation.RELU)),
                    new Linear(FEATURES, 10));
        }

        @Override
        public Tensor forward(Tensor x) {
            return out.apply(features.apply(x));
        }
    }

    /**
     * What is measured of images.
     *
     * @param inception from 1 to the number of classes: exp E KL(p(y|x) || p(y))
     * @param frechet the distance between the features of these images and of test images
     * @param likelihood the mean log-likelihood of a test image, in nats
     * @param error the standard error of that mean
     * @param chosen the mean log-likelihood of an image held out, by which one may choose among nets
     */
    record Scores(String name, double inception, double frechet, double likelihood, double error, double chosen) {}

    /** The width of a Parzen window, and the mean log-likelihood of the images held out by which it was chosen. */
    private record Window(double width, double likelihood) {}

    private final Model<Classifier> model;
    private final double accuracy;
    private final float[] learn;
    private final float[] choose;
    private final float[] test;
    private final Gaussian reference;
    private final List<Scores> rows = new ArrayList<>();
    private @Nullable Table table;

    /**
     * Trains the classifier.
     *
     * @param images of numbers from 0 to 1
     * @param count how many images of each use are compared
     */
    SampleQuality(LabRun run, Images images, int count) {
        model = Model.of(new Classifier(), run.seed());
        run.training().say("%n== the classifier that evaluates: %s", images.title());
        var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).seed(run.seed());
        trainer = run.training().attachQuietly(trainer, Album.folder(run, "classifier of " + images.title()));
        trainer.fit(images.learn().shuffled(run.seed()).batches(64), run.of(3, 2));
        accuracy = Classification.of(model, images.test()).confusion().accuracy();
        learn = pixels(images.learn(), count);
        choose = pixels(images.choose(), Math.min(count, 1000));
        test = pixels(images.test(), count);
        reference = Gaussian.of(features(test));
        row("training images", learn);
        row("noise", new Rng(run.seed()).split("noise").uniform(learn.length, 0, 1));
    }

    /** Trains the classifier, and puts what is measured into a table of the page. */
    SampleQuality(Lab lab, String title, Images images, int count) {
        this(lab.run(), images, count);
        table = lab.table("samples", "samples of").named(title + ", {row}, {column}");
        rows.forEach(s -> put(table, s));
        lab.put("title", title).put("accuracy", 100 * accuracy).put("count", count());
    }

    private void put(Table into, Scores s) {
        into.row(s.name())
                .put("inception score", "%.2f", s.inception())
                .baseline(real().inception(), "training images")
                .put("Fréchet distance", "%.1f", s.frechet())
                .baseline(real().frechet(), "training images")
                .put("log-likelihood", "%.0f nats", s.likelihood())
                .interval(s.likelihood() - 1.96 * s.error(), s.likelihood() + 1.96 * s.error())
                .baseline(real().likelihood(), "training images");
    }

    /** How many samples a net is to give. */
    int count() {
        return learn.length / PIXELS;
    }

    /** The share of the test images that the classifier gets right. */
    double accuracy() {
        return accuracy;
    }

    private static float[] pixels(Dataset data, int count) {
        try (Dataset some = data.take(0, Math.min(count, data.size()));
                Pass pass = Pass.infer()) {
            return some.batches(some.size()).epoch(0).next().x().toArray();
        }
    }

    // ---- measures

    /** Measures {@code images} and puts them among the rows of the table. */
    Scores row(String name, float[] images) {
        Window window = best(images);
        double[] each = likelihoods(images, test, window.width());
        double mean = Arrays.stream(each).average().orElseThrow();
        double squares = Arrays.stream(each).map(l -> (l - mean) * (l - mean)).sum();
        Scores scores = new Scores(
                name,
                inception(forward(images, x -> model.net().apply(x).softmax(1)), 10),
                reference.distance(Gaussian.of(features(images))),
                mean,
                Math.sqrt(squares / (each.length - 1) / each.length),
                window.likelihood());
        rows.add(scores);
        if (table != null) {
            put(table, scores);
        }
        return scores;
    }

    private Window best(float[] images) {
        return Arrays.stream(WIDTHS)
                .mapToObj(width -> new Window(width, Averages.mean(likelihoods(images, choose, width))))
                .max(Comparator.comparingDouble(Window::likelihood))
                .orElseThrow();
    }

    /**
     * log p(x) of each row of {@code of}, with p the mean of Gaussians of deviation {@code width} about the rows of
     * {@code centers}.
     */
    static double[] likelihoods(float[] centers, float[] of, double width) {
        int n = centers.length / PIXELS;
        double scale = Math.log(n) + PIXELS * Math.log(width * Math.sqrt(2 * Math.PI));
        double[] all = new double[of.length / PIXELS];
        for (int from = 0; from < all.length; from += CHUNK) {
            int rows = Math.min(CHUNK, all.length - from);
            try (Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(Arrays.copyOfRange(of, from * PIXELS, (from + rows) * PIXELS), rows, PIXELS);
                Tensor c = Tensor.of(centers, n, PIXELS);
                Tensor squares = x.square()
                        .sum(1)
                        .unsqueeze(1)
                        .add(c.square().sum(1))
                        .sub(x.matmulTransposed(c).mul(2));
                float[] sums = squares.mul((float) (-0.5 / (width * width)))
                        .logSumExp(1)
                        .toArray();
                for (int i = 0; i < rows; i++) {
                    all[from + i] = sums[i] - scale;
                }
            }
        }
        return all;
    }

    /** exp E KL(p(y|x) || p(y)) of probabilities p(y|x), a row of {@code classes} for each image. */
    static double inception(float[] p, int classes) {
        int n = p.length / classes;
        double[] mean = new double[classes];
        for (int i = 0; i < p.length; i++) {
            mean[i % classes] += p[i] / (double) n;
        }
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            sum += p[i] > 0 ? p[i] * Math.log(p[i] / mean[i % classes]) : 0;
        }
        return Math.exp(sum / n);
    }

    /** The share of images that the classifier takes for the class that was asked for. */
    double agreement(float[] images, int[] labels) {
        float[] guess = forward(images, x -> model.net().apply(x));
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            int best = 0;
            for (int c = 1; c < 10; c++) {
                best = guess[10 * i + c] > guess[10 * i + best] ? c : best;
            }
            right += best == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }

    /** The Fréchet distance alone, for a curve over the epochs. */
    double frechet(float[] images) {
        return reference.distance(Gaussian.of(features(images)));
    }

    private float[] features(float[] images) {
        return forward(images, x -> model.net().features().apply(x));
    }

    private float[] forward(float[] images, Layer layer) {
        try (Pass pass = Pass.infer()) {
            return layer.forward(Tensor.of(images, images.length / PIXELS, 28, 28, 1))
                    .toArray();
        }
    }

    /** A Gaussian fitted to rows of features. */
    record Gaussian(double[] mean, double[] covariance) {
        static Gaussian of(float[] rows) {
            return of(rows, FEATURES);
        }

        static Gaussian of(float[] rows, int width) {
            int n = rows.length / width;
            double[] mean = new double[width];
            for (int i = 0; i < rows.length; i++) {
                mean[i % width] += rows[i] / (double) n;
            }
            double[] centered = new double[rows.length];
            Arrays.setAll(centered, i -> rows[i] - mean[i % width]);
            double[] covariance = new double[width * width];
            Lapack.addProduct(centered, width, centered, width, covariance);
            Arrays.setAll(covariance, i -> covariance[i] / (n - 1));
            return new Gaussian(mean, covariance);
        }

        /** |m - m'|^2 + tr(C + C' - 2 (C^1/2 C' C^1/2)^1/2), the squared Wasserstein-2 distance (Frechet 1957). */
        double distance(Gaussian other) {
            int d = mean.length;
            double sum = 0;
            for (int i = 0; i < d; i++) {
                double gap = mean[i] - other.mean[i];
                sum += gap * gap + covariance[i * d + i] + other.covariance[i * d + i];
            }
            double[] root = root(covariance, d);
            double[] half = new double[d * d];
            Lapack.addProduct(root, d, other.covariance, d, half);
            double[] product = new double[d * d];
            Lapack.addProduct(transposed(half, d), d, root, d, product);
            for (double value : Lapack.eigenvectors(product, d)) {
                sum -= 2 * Math.sqrt(Math.max(0, value));
            }
            return sum;
        }

        /** The symmetric root of a covariance: V' diag(sqrt(values)) V with the eigenvectors as rows of V. */
        private static double[] root(double[] covariance, int d) {
            double[] vectors = covariance.clone();
            double[] values = Lapack.eigenvectors(vectors, d);
            double[] scaled = vectors.clone();
            Arrays.setAll(scaled, i -> vectors[i] * Math.sqrt(Math.max(0, values[i / d])));
            double[] root = new double[d * d];
            Lapack.addProduct(vectors, d, scaled, d, root);
            return root;
        }

        private static double[] transposed(double[] matrix, int d) {
            double[] other = new double[d * d];
            Arrays.setAll(other, i -> matrix[i % d * d + i / d]);
            return other;
        }
    }

    // ---- the table

    /** Adds the table of all that was measured, and the figures of the nets. */
    void table(Findings page, String title) {
        page.text(line(
                "%s: the classifier that evaluates gets %.2f %% of the test images right. Each net gives %,d "
                        + "samples, which are compared with as many test "
                        + "images. The inception score counts the classes that samples clearly belong to, so it "
                        + "is 10 at most, and a Fréchet distance of 0 "
                        + "means features with the same mean and covariance. The log-likelihood of the test "
                        + "images is that of a Parzen window, whose width "
                        + "the images held out choose. The first two rows are the ends of each measure: training "
                        + "images in the place of samples, and noise.",
                title, 100 * accuracy, count()));
        page.table(
                List.of("samples of", "inception score", "Fréchet distance", "log-likelihood (nats)"),
                rows.stream()
                        .map(s -> List.of(
                                s.name(),
                                line("%.2f", s.inception()),
                                line("%.1f", s.frechet()),
                                line("%.0f ± %.0f", s.likelihood(), s.error())))
                        .toList());
        Scores real = real();
        for (Scores s : rows.subList(2, rows.size())) {
            String name = title + ", " + s.name();
            page.figure(Figure.of(name + ", inception score", "", s.inception())
                            .baseline(real.inception(), "training images"))
                    .figure(Figure.of(name + ", Fréchet distance", "", s.frechet())
                            .baseline(real.frechet(), "training images"))
                    .figure(Figure.of(name + ", log-likelihood", "nats", s.likelihood())
                            .baseline(real.likelihood(), "training images"));
        }
    }

    /** What was measured of training images in the place of samples. */
    Scores real() {
        return rows.get(0);
    }

    /**
     * What was measured of the net under which the images held out are likeliest, so that no test image has a say in
     * the choice.
     */
    Scores likeliest() {
        return Collections.max(rows.subList(2, rows.size()), Comparator.comparingDouble(Scores::chosen));
    }

    @Override
    public void close() {
        model.close();
    }
}
