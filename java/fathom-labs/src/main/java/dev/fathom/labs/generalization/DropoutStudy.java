package dev.fathom.labs.generalization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Dropout in a network on images: the mean network against the mean of networks that are drawn by dropout, and what
 * dropout gains by the number of training images (Srivastava et al. 2014, sections 7.4 and 7.5).
 */
final class DropoutStudy {
    private static final int CLASSES = 10;
    private static final int BATCH = 100;

    private final LabRun run;
    private final Findings page;
    private final Images images;
    private final Pixels test;
    private final int units;

    DropoutStudy(LabRun run, Findings page, Images images) {
        this.run = run;
        this.page = page;
        this.images = images;
        this.test = Pixels.range(images.test(), 1, 0, run.of(10_000, 1000));
        this.units = run.of(256, 128);
    }

    /** Adds both to the page; false if the run was interrupted. */
    boolean measure() {
        return monteCarlo() && bySize();
    }

    private Sequential net(boolean dropout) {
        Layer hidden = dropout ? new Dropout(0.5f) : new Sequential();
        return new Sequential(
                new Linear(test.x()[0].length, units).act(Activation.RELU),
                hidden,
                new Linear(units, units).act(Activation.RELU),
                hidden,
                new Linear(units, CLASSES));
    }

    /** Trains by Adam for about {@code steps} steps; false if the run was interrupted. */
    private boolean train(Model<Sequential> model, Pixels train, int steps, long seed) {
        int batch = Math.min(BATCH, train.size());
        int epochs = Math.max(1, steps * batch / train.size());
        try (Dataset data = train.dataset()) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(seed);
            trainer = trainer.callbacks(run.interrupt().stopping());
            trainer.fit(data.shuffled(seed).batches(batch), epochs);
        }
        return !run.interrupt().requested();
    }

    /** Probabilities of the test images [images, classes], one row after another. */
    private float[] probabilities(Sequential net, Pass mode) {
        try (Pass pass = mode) {
            return net.apply(test.tensor()).softmax(-1).toArray();
        }
    }

    private double error(float[] probabilities) {
        return 100 * (1 - answers(probabilities).confusion().accuracy());
    }

    private Classification answers(float[] probabilities) {
        return Classification.ofProbabilities(probabilities, CLASSES, test.labels());
    }

    // ---- the mean network

    private boolean monteCarlo() {
        int n = run.of(10_000, 1000);
        int most = run.of(100, 30);
        Sequential net = net(true);
        try (Model<Sequential> model = Model.of(net, run.seed())) {
            if (!train(model, Pixels.range(images.learn(), 1, 0, n), run.of(4000, 200), run.seed())) {
                return false;
            }
            Classification mean = answers(probabilities(net, Pass.infer()));
            double whole = 100 * (1 - mean.confusion().accuracy());
            Rng rng = new Rng(run.seed()).split("dropout");
            double[] sum = new double[test.size() * CLASSES];
            double[] errors = new double[most];
            double[] losses = new double[most];
            for (int k = 0; k < most; k++) {
                float[] one = probabilities(net, Pass.train(rng));
                float[] average = new float[sum.length];
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += one[i];
                    average[i] = (float) (sum[i] / (k + 1));
                }
                errors[k] = error(average);
                losses[k] = answers(average).logLoss();
            }
            int same = IntStream.range(0, most)
                    .filter(k -> errors[k] <= whole)
                    .findFirst()
                    .orElse(-1);
            double[] counts = IntStream.rangeClosed(1, most).mapToDouble(k -> k).toArray();
            double[] ends = {1, most};
            page.section("The mean network", "")
                    .text(line(
                            "A network of two hidden layers of %d units is trained on %,d images with half of the "
                                    + "units dropped. The mean "
                                    + "network keeps all units and needs one run for each image; Monte-Carlo "
                                    + "dropout averages the probabilities of several "
                                    + "runs in which units are dropped. Of the %,d test images the mean network "
                                    + "gets %.2f %% wrong, one run with dropout "
                                    + "%.2f %%, and the mean of %d runs %.2f %%. %s The log-losses are %.4f, %.4f "
                                    + "and %.4f.",
                            units,
                            n,
                            test.size(),
                            whole,
                            errors[0],
                            most,
                            errors[most - 1],
                            same < 0
                                    ? "No number of runs up to this one is as good as the mean network."
                                    : line(
                                            "It takes %d %s to be as good as the mean network.",
                                            same + 1, same == 0 ? "run" : "runs"),
                            mean.logLoss(),
                            losses[0],
                            losses[most - 1]))
                    .picture(
                            "monte-carlo.png",
                            "Test error and log-loss of Monte-Carlo dropout over the number of runs, beside the "
                                    + "mean network",
                            () -> Chart.panels(
                                    2,
                                    List.of(
                                            new Chart("Test error, %", "runs")
                                                    .line("Monte-Carlo dropout", counts, errors)
                                                    .dashed("mean network", ends, new double[] {whole, whole})
                                                    .logarithmic(true, false),
                                            new Chart("Log-loss on the test", "runs")
                                                    .line("Monte-Carlo dropout", counts, losses)
                                                    .dashed("mean network", ends, new double[] {
                                                        mean.logLoss(), mean.logLoss()
                                                    })
                                                    .logarithmic(true, false))))
                    .key(Figure.of("Mean network, test error", "%", whole))
                    .figure(Figure.of("One run with dropout, test error", "%", errors[0])
                            .baseline(whole, "mean network"))
                    .figure(Figure.of(line("Mean of %d runs with dropout, test error", most), "%", errors[most - 1])
                            .baseline(whole, "mean network"));
            return true;
        }
    }

    // ---- by the number of images

    private boolean bySize() {
        int[] sizes = run.brief() ? new int[] {100, 400} : new int[] {100, 300, 1000, 3000, 10_000, 30_000};
        int seeds = run.of(3, 2);
        List<double[]> errors = new ArrayList<>();
        for (int size : sizes) {
            // the nets of one size are trained side by side; every other one has dropout
            List<Double> all = Workers.all().run(2 * seeds, job -> error(size, job % 2 == 1, run.seed() + job / 2));
            if (run.interrupt().requested()) {
                return false;
            }
            double[] both = new double[2];
            for (int job = 0; job < all.size(); job++) {
                both[job % 2] += all.get(job) / seeds;
            }
            errors.add(both);
            run.training().say("%,d images: error %.2f %% without dropout, %.2f %% with it", size, both[0], both[1]);
        }
        show(sizes, seeds, errors);
        return true;
    }

    private double error(int size, boolean dropout, long seed) {
        Sequential net = net(dropout);
        try (Model<Sequential> model = Model.of(net, seed)) {
            int[] chosen = Arrays.copyOf(
                    new Rng(seed).split("images").permutation(images.learn().size()), size);
            train(model, Pixels.of(images.learn(), 1, chosen), run.of(3000, 150), seed);
            return error(probabilities(net, Pass.infer()));
        }
    }

    private void show(int[] sizes, int seeds, List<double[]> errors) {
        double[] x = IntStream.of(sizes).mapToDouble(s -> s).toArray();
        double[] without = errors.stream().mapToDouble(e -> e[0]).toArray();
        double[] with = errors.stream().mapToDouble(e -> e[1]).toArray();
        int best = IntStream.range(0, sizes.length)
                .reduce((i, j) -> without[j] - with[j] > without[i] - with[i] ? j : i)
                .orElseThrow();
        page.section("Dropout by the number of images", "")
                .table(
                        List.of("training images", "without dropout", "with dropout", "gain"),
                        IntStream.range(0, sizes.length)
                                .mapToObj(i -> List.of(
                                        line("%,d", sizes[i]),
                                        line("%.2f %%", without[i]),
                                        line("%.2f %%", with[i]),
                                        line("%+.2f", without[i] - with[i])))
                                .toList())
                .text(line(
                        "The same networks without and with dropout, after about equally many steps whatever the "
                                + "number of images; test errors are means over %d "
                                + "seeds. Dropout gains most with %,d images, %+.2f percentage points. In its "
                                + "paper the gain on digits is largest "
                                + "in between: few images can be memorized even with dropout, and many are not "
                                + "overfitted without it.",
                        seeds, sizes[best], without[best] - with[best]))
                .picture(
                        "sizes.png",
                        "Test error without and with dropout over the number of training images",
                        () -> Chart.panels(
                                2,
                                List.of(
                                        new Chart("Test error, %", "training images")
                                                .line("without dropout", x, without)
                                                .line("with dropout", x, with)
                                                .logarithmic(true, false),
                                        new Chart("Gain, percentage points", "training images")
                                                .line(
                                                        "gain",
                                                        x,
                                                        IntStream.range(0, x.length)
                                                                .mapToDouble(i -> without[i] - with[i])
                                                                .toArray())
                                                .dashed("none", new double[] {x[0], x[x.length - 1]}, new double[2])
                                                .logarithmic(true, false))));
        for (int i = 0; i < sizes.length; i++) {
            page.figure(Figure.of(line("%,d images, test error with dropout", sizes[i]), "%", with[i])
                    .baseline(without[i], "without dropout"));
        }
    }
}
