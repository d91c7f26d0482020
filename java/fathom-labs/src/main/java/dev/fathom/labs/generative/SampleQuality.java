package dev.fathom.labs.generative;

import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Gaussian;
import dev.fathom.features.ParzenWindow;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;

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
    private static final Measure INCEPTION = new Measure("inception score", "%.2f");
    private static final Measure FRECHET = new Measure("Fréchet distance", "%.1f");
    private static final Measure LIKELIHOOD = new Measure("log-likelihood", "%.0f nats");
    private static final String HELD_OUT = "log-likelihood of images held out";
    /** The widths of the Parzen windows among which the images held out choose. */
    private static final List<Double> WIDTHS = List.of(0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.23, 0.27, 0.32, 0.4);

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

    private final Model<Classifier> model;
    private final Table table;
    private final double accuracy;
    private final float[] learn;
    private final float[] choose;
    private final float[] test;
    private final Gaussian reference;

    /**
     * Trains the classifier, and begins the table {@code samples} with training images and with noise.
     *
     * @param images of numbers from 0 to 1
     * @param count how many images of each use are compared
     */
    SampleQuality(Lab lab, String title, Images images, int count) {
        model = classifier(lab, images);
        accuracy = Classification.of(model, images.test()).confusion().accuracy();
        learn = pixels(images.learn(), count, lab.rng("learn"));
        choose = pixels(images.choose(), Math.min(count, 1000), lab.rng("choose"));
        test = pixels(images.test(), count, lab.rng("test"));
        reference = Gaussian.fit(features(test), FEATURES);
        table = lab.table("samples", "samples of").named(title + ", {row}, {column}");
        row("training images", learn);
        row("noise", lab.rng("noise").uniform(learn.length, 0, 1));
        lab.put("title", title).put("accuracy", 100 * accuracy).put("count", count());
    }

    private static Model<Classifier> classifier(Lab lab, Images images) {
        Model<Classifier> model = Model.of(new Classifier(), lab.seed());
        try {
            var trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).seed(lab.seed());
            var batches = images.learn().shuffled(lab.seed()).batches(64);
            lab.quietly("classifier of " + images.title(), trainer, batches, lab.of(3, 2));
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** The pixels of a random sample. */
    private static float[] pixels(Dataset data, int count, Rng rng) {
        int n = Math.min(count, data.size());
        try (Dataset some = data.subset(Arrays.copyOf(rng.permutation(data.size()), n));
                Pass pass = Pass.infer()) {
            return some.batches(some.size()).epoch(0).next().x().toArray();
        }
    }

    /** How many samples a net is to give. */
    int count() {
        return learn.length / PIXELS;
    }

    /** The share of the test images that the classifier gets right. */
    double accuracy() {
        return accuracy;
    }

    // ---- measures

    /** A column that other labs have too, and how its numbers are written. */
    private record Measure(String name, String format) {}

    /** A Parzen window, and the mean log-density that it gives to the images held out. */
    private record Fitted(ParzenWindow window, double heldOut) {}

    private Fitted fitted(float[] images, double width) {
        ParzenWindow window = new ParzenWindow(images, PIXELS, width);
        return new Fitted(window, Averages.mean(window.logDensity(choose)));
    }

    /** Measures {@code images} and puts them among the rows of the table. */
    Table.Row row(String name, float[] images) {
        List<Fitted> windows =
                WIDTHS.stream().map(width -> fitted(images, width)).toList();
        Fitted best = Collections.max(windows, Comparator.comparingDouble(Fitted::heldOut));
        double[] each = best.window.logDensity(test);
        double mean = Averages.mean(each);
        double error = Averages.deviation(each) / Math.sqrt(each.length);
        Table.Row row = table.row(name);
        Table.Row real = table.rows().get(0);
        float[] said = forward(images, x -> model.net().apply(x).softmax(1));
        put(row, real, INCEPTION, inception(said, 10));
        put(row, real, FRECHET, frechet(images));
        put(row, real, LIKELIHOOD, mean).interval(mean - 1.96 * error, mean + 1.96 * error);
        return row.put(HELD_OUT, LIKELIHOOD.format, best.heldOut);
    }

    /** Puts what a stored run measured among the rows, without making figures of this run of it. */
    void stored(String name, StoredRun run, String prefix) {
        Table.Row row = table.row(name);
        for (Measure measure : List.of(INCEPTION, FRECHET, LIKELIHOOD)) {
            run.figures().stream()
                    .filter(figure -> figure.name().equals(prefix + measure.name))
                    .forEach(figure -> row.cell(measure.name, measure.format, figure.measured()));
        }
    }

    private static Table.Row put(Table.Row row, Table.Row real, Measure measure, double value) {
        return row.put(measure.name, measure.format, value).baseline(real.get(measure.name), "training images");
    }

    /** What was measured of training images in the place of samples. */
    Table.Row real() {
        return table.rows().get(0);
    }

    /**
     * What was measured of the net under which the images held out are likeliest, so that no test image has a say in
     * the choice.
     */
    Table.Row likeliest() {
        List<Table.Row> nets = table.rows().subList(2, table.rows().size());
        return Collections.max(nets, Comparator.comparingDouble(row -> row.get(HELD_OUT)));
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
    double agreement(float[] images, int... labels) {
        try (Pass pass = Pass.infer()) {
            int[] said = model.net().apply(batch(images)).argmax(1).toIntArray();
            return ConfusionMatrix.of(labels, said, 10).accuracy();
        }
    }

    /** The Fréchet distance between the features of these images and of test images. */
    double frechet(float[] images) {
        return reference.frechet(Gaussian.fit(features(images), FEATURES));
    }

    private float[] features(float[] images) {
        return forward(images, x -> model.net().features().apply(x));
    }

    private static float[] forward(float[] images, UnaryOperator<Tensor> of) {
        try (Pass pass = Pass.infer()) {
            return of.apply(batch(images)).toArray();
        }
    }

    private static Tensor batch(float[] images) {
        return Tensor.of(images, images.length / PIXELS, 28, 28, 1);
    }

    @Override
    public void close() {
        model.close();
    }
}
