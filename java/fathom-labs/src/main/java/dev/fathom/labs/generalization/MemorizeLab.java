package dev.fathom.labs.generalization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A network fits random labels (Zhang et al. 2017) as it fits true ones, in more steps, but learns nothing about new
 * images.
 */
public final class MemorizeLab implements OldExperiment {
    private static final int CLASSES = 10;
    private static final int HIDDEN = 512;
    private static final int BATCH = 100;
    private static final double[] SHARES = {0, 0.25, 0.5, 0.75, 1};

    @Override
    public String name() {
        return "memorize";
    }

    /**
     * A network that was trained until it was right on all training images, or to the end of its epochs.
     *
     * @param share of the training images whose labels were mixed up
     * @param wrong the share of labels that this changed
     * @param train accuracy on the training images with these labels
     * @param test accuracy on test images with their true labels
     * @param steps until the end
     * @param curve the steps, and the training error after each epoch
     */
    private record Fit(double share, double wrong, double train, double test, long steps, double[][] curve) {}

    @Override
    public Findings run(LabRun run) {
        int n = run.of(5000, 1000);
        int epochs = run.epochs(300, 150);
        try (Images images = ImageSet.FASHION_MNIST.images(run.data(), run.seed());
                Dataset test =
                        Pixels.range(images.test(), 1, 0, run.of(10_000, 2000)).dataset()) {
            Pixels train = Pixels.range(images.learn(), 1, 0, n);
            int size = train.size();
            Findings page = run.page(
                    "Lab memorize",
                    line("%s: %,d images to learn from, %,d for the test", images.title(), size, test.size()));
            page.section("Labels that are mixed up", "")
                    .text(line(
                            "The labels of a random part of %,d training images are put in a random order, so "
                                    + "that each class keeps its number of images. The "
                                    + "network has one hidden layer of %d units with ReLU and is trained by Adam "
                                    + "at 0.001 in batches of %d, without any "
                                    + "penalty, until it is right on every training image or for %d epochs. The "
                                    + "test images keep their true labels.",
                            size, HIDDEN, BATCH, epochs));
            List<Fit> fits = new ArrayList<>();
            for (double share : SHARES) {
                Fit fit = fit(run, train, test, share, epochs);
                if (fit == null) {
                    return page;
                }
                fits.add(fit);
            }
            return show(page, fits).finished();
        }
    }

    /** Null if the run was interrupted. */
    private static @Nullable Fit fit(LabRun run, Pixels images, Dataset test, double share, int epochs) {
        Pixels mixed =
                images.shuffled(share, new Rng(run.seed()).split("labels").split(Math.round(100 * share)));
        int changed = (int) IntStream.range(0, images.size())
                .filter(i -> images.labels()[i] != mixed.labels()[i])
                .count();
        Sequential net = new Sequential(
                new Linear(images.x()[0].length, HIDDEN).act(Activation.RELU), new Linear(HIDDEN, CLASSES));
        try (Dataset data = mixed.dataset();
                Model<Sequential> model = Model.of(net, run.seed())) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .metrics(Metric.accuracy())
                    .seed(run.seed());
            trainer = trainer.callbacks(new Callback() {
                @Override
                public void onTrainBegin(Run training) { // a network that was finished is finished when it is resumed
                    double[] accuracy = training.series("val_accuracy");
                    if (accuracy.length > 0 && accuracy[accuracy.length - 1] == 1) {
                        training.stop("every image is right");
                    }
                }

                @Override
                public void onEpochEnd(Run training, EpochLog log) {
                    onTrainBegin(training);
                }
            });
            trainer = run.training().attachQuietly(trainer, run.folder().resolve("mixed-" + Math.round(100 * share)));
            int batch = Math.min(BATCH, images.size());
            Run history = trainer.fit(data.shuffled(run.seed()).batches(batch), data, epochs);
            if (run.interrupt().requested()) {
                return null;
            }
            double[] accuracy = history.series("val_accuracy");
            int each = (images.size() + batch - 1) / batch;
            double[] steps = IntStream.rangeClosed(1, accuracy.length)
                    .mapToDouble(e -> (double) e * each)
                    .toArray();
            double[] error = IntStream.range(0, accuracy.length)
                    .mapToDouble(e -> 1 - accuracy[e])
                    .toArray();
            Fit fit = new Fit(
                    share,
                    (double) changed / images.size(),
                    accuracy[accuracy.length - 1],
                    trainer.evaluate(test).getOrDefault("accuracy", Double.NaN),
                    (long) each * accuracy.length,
                    new double[][] {steps, error});
            run.training()
                    .say(
                            "%.0f %% mixed: %,d steps, %.1f %% of the training images and %.1f %% of the test "
                                    + "images are right",
                            100 * share, fit.steps(), 100 * fit.train(), 100 * fit.test());
            return fit;
        }
    }

    private static Findings show(Findings page, List<Fit> fits) {
        Fit truth = fits.get(0);
        Fit random = fits.get(fits.size() - 1);
        Fit longest = fits.stream().max(Comparator.comparingLong(Fit::steps)).orElseThrow();
        page.table(
                        List.of(
                                "labels mixed up",
                                "labels changed",
                                "steps",
                                "training accuracy",
                                "test accuracy",
                                "true labels of the training set"),
                        fits.stream()
                                .map(f -> List.of(
                                        line("%.0f %%", 100 * f.share()),
                                        line("%.1f %%", 100 * f.wrong()),
                                        line("%,d", f.steps()),
                                        line("%.1f %%", 100 * f.train()),
                                        line("%.1f %%", 100 * f.test()),
                                        line("%.1f %%", 100 * (1 - f.wrong()))))
                                .toList())
                .text(line(
                        "With true labels the network is right on %.1f %% of the training images after %,d steps, "
                                + "with random ones on %.1f %% after %,d, "
                                + "%.1f times as many; most steps, %,d, are taken with %.0f %% of the labels "
                                + "mixed up. On the test it reaches %.1f %% and "
                                + "%.1f %%, where chance is %d %%.%s",
                        100 * truth.train(),
                        truth.steps(),
                        100 * random.train(),
                        random.steps(),
                        (double) random.steps() / truth.steps(),
                        longest.steps(),
                        100 * longest.share(),
                        100 * truth.test(),
                        100 * random.test(),
                        100 / CLASSES,
                        random.train() == 1
                                ? " The same network with the same training can do both, so the number of its "
                                        + "weights does not tell how well it "
                                        + "generalizes."
                                : ""))
                .picture(
                        "memorize.png",
                        "Training error over the steps for each share of mixed labels, and accuracy and steps by "
                                + "this share",
                        () -> Chart.panels(2, charts(fits)));
        for (Fit f : fits) {
            String name = line("%.0f %% of labels mixed up", 100 * f.share());
            Figure train = Figure.of(name + ", training accuracy", "%", 100 * f.train());
            Figure test = Figure.of(name + ", test accuracy", "%", 100 * f.test());
            page.figure(train).figure(Figure.of(name + ", steps", "steps", (double) f.steps()));
            if (f.share() == 1) {
                page.key(test.baseline(10, "chance"));
            } else if (f.share() == 0) {
                page.key(test);
            } else {
                page.figure(test);
            }
        }
        return page.key(Figure.of(
                "Steps with random labels over steps with true ones", "", (double) random.steps() / truth.steps()));
    }

    private static List<Chart> charts(List<Fit> fits) {
        Chart curves = new Chart("Training error", "steps");
        for (Fit f : fits) {
            curves.line(line("%.0f %%", 100 * f.share()), f.curve()[0], f.curve()[1]);
        }
        double[] shares = fits.stream().mapToDouble(f -> 100 * f.share()).toArray();
        double[] ends = {0, 100};
        Chart accuracy = new Chart("Accuracy, %", "labels mixed up, %")
                .line(
                        "training",
                        shares,
                        fits.stream().mapToDouble(f -> 100 * f.train()).toArray())
                .line(
                        "test",
                        shares,
                        fits.stream().mapToDouble(f -> 100 * f.test()).toArray())
                .dashed("chance", ends, new double[] {10, 10})
                .range(0, 105);
        Chart steps = new Chart("Steps until every training image is right", "labels mixed up, %")
                .line(
                        "steps",
                        shares,
                        fits.stream().mapToDouble(f -> (double) f.steps()).toArray());
        return List.of(curves.logarithmic(true, false), accuracy, steps);
    }
}
