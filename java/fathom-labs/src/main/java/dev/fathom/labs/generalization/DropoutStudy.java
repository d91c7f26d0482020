package dev.fathom.labs.generalization;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
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
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Dropout in a network on images: the mean network against the mean of networks that are drawn by dropout, and what
 * dropout gains by the number of training images (Srivastava et al. 2014, sections 7.4 and 7.5).
 */
record DropoutStudy(Lab lab, Images images, Pixels test, int units) {
    private static final int CLASSES = 10;

    static DropoutStudy of(Lab lab, Images images) {
        Pixels test = Pixels.range(images.test(), 1, 0, lab.of(10_000, 1000));
        return new DropoutStudy(lab, images, test, lab.of(256, 128));
    }

    /** Trains a network by Adam for about {@code steps} steps and asks it something. */
    private <T> T trained(String name, boolean dropout, Pixels train, int steps, long seed, Asked<T> ask) {
        Layer hidden = dropout ? new Dropout(0.5f) : new Sequential();
        Sequential net = new Sequential(
                new Linear(test.x()[0].length, units).act(Activation.RELU),
                hidden,
                new Linear(units, units).act(Activation.RELU),
                hidden,
                new Linear(units, CLASSES));
        int batch = Math.min(100, train.size());
        int epochs = Math.max(1, steps * batch / train.size());
        try (Dataset data = train.dataset();
                Model<Sequential> model = Model.of(net, seed)) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(seed);
            lab.quietly(name, trainer, data.shuffled(seed).batches(batch), epochs);
            return ask.of(net);
        }
    }

    private interface Asked<T> {
        T of(Sequential net);
    }

    /** Probabilities of the test images [images, classes], one row after another. */
    private float[] probabilities(Sequential net, Pass mode) {
        try (Pass pass = mode) {
            return net.apply(test.tensor()).softmax(-1).toArray();
        }
    }

    private Classification answers(float... probabilities) {
        return Classification.ofProbabilities(probabilities, CLASSES, test.labels());
    }

    private static double error(Classification answers) {
        return 100 * (1 - answers.confusion().accuracy());
    }

    void run() {
        int n = lab.of(10_000, 1000);
        Pixels train = Pixels.range(images.learn(), 1, 0, n);
        lab.section("The mean network").put("units", units).put("learn", n).put("test", test.size());
        trained("mean network", true, train, lab.of(4000, 200), lab.seed(), net -> monteCarlo(net));
        bySize();
    }

    private Lab monteCarlo(Sequential net) {
        int most = lab.of(100, 30);
        Classification mean = answers(probabilities(net, Pass.infer()));
        Rng rng = lab.rng("dropout");
        double[] sum = new double[test.size() * CLASSES];
        List<Classification> runs = IntStream.rangeClosed(1, most)
                .mapToObj(k -> {
                    float[] one = probabilities(net, Pass.train(rng));
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += one[i];
                        one[i] = (float) (sum[i] / k);
                    }
                    return answers(one);
                })
                .toList();
        Chart errors = chart("Test error, %", runs, mean, DropoutStudy::error);
        Chart losses = chart("Log-loss on the test", runs, mean, Classification::logLoss);
        lab.charts("monte-carlo.png", 2, List.of(errors, losses));
        double whole = error(mean);
        int same = IntStream.range(0, most)
                .filter(k -> error(runs.get(k)) <= whole)
                .findFirst()
                .orElse(-1);
        lab.put("same", same + 1).put("enough", same >= 0).put("most", most).put("loss", mean.logLoss());
        lab.put("oneLoss", runs.get(0).logLoss())
                .put("mostLoss", runs.get(most - 1).logLoss());
        lab.put("mostError", error(runs.get(most - 1)));
        return lab.figure("Mean network, test error", "%", whole)
                .figure("One run with dropout, test error", "%", error(runs.get(0)))
                .baseline(whole, "mean network")
                .figure("Mean of " + most + " runs with dropout, test error", "%", error(runs.get(most - 1)))
                .baseline(whole, "mean network");
    }

    private static Chart chart(
            String title, List<Classification> runs, Classification mean, ToDoubleFunction<Classification> of) {
        double[] counts = Averages.upTo(runs.size());
        double[] level = {of.applyAsDouble(mean), of.applyAsDouble(mean)};
        return new Chart(title, "runs")
                .line(
                        "Monte-Carlo dropout",
                        counts,
                        runs.stream().mapToDouble(of).toArray())
                .dashed("mean network", new double[] {1, runs.size()}, level)
                .logarithmic(true, false);
    }

    private void bySize() {
        double[] sizes = lab.of(new double[] {100, 300, 1000, 3000, 10_000, 30_000}, new double[] {100, 400});
        int seeds = lab.of(3, 2);
        lab.section("Dropout by the number of images").put("seeds", seeds);
        Table table = lab.table("sizes", "training images");
        for (double size : sizes) {
            // the nets of one size are trained side by side; every other one has dropout
            List<Double> all = Workers.all().run(2 * seeds, job -> {
                long seed = lab.seed() + job / 2;
                int[] chosen = Arrays.copyOf(
                        new Rng(seed).split("images").permutation(images.learn().size()), (int) size);
                String name = "images " + size + " job " + job;
                Pixels train = Pixels.of(images.learn(), 1, chosen);
                return trained(
                        name,
                        job % 2 == 1,
                        train,
                        lab.of(3000, 150),
                        seed,
                        net -> error(answers(probabilities(net, Pass.infer()))));
            });
            double[] both = new double[2];
            IntStream.range(0, all.size()).forEach(job -> both[job % 2] += all.get(job) / seeds);
            table.row(String.format(Locale.ROOT, "%,.0f images", size))
                    .put("test error with dropout", "%.2f %%", both[1])
                    .baseline(both[0], "without dropout")
                    .put("test error without dropout", "%.2f %%", both[0])
                    .put("gain by dropout", "%+.2f", both[0] - both[1]);
        }
        double[] gains = table.values("gain by dropout");
        int best = Averages.highest(0, gains.length, i -> gains[i]);
        lab.put("best", sizes[best]).put("gain", gains[best]);
        Chart errors = new Chart("Test error, %", "training images")
                .line("without dropout", sizes, table.values("test error without dropout"))
                .line("with dropout", sizes, table.values("test error with dropout"))
                .logarithmic(true, false);
        Chart gain = new Chart("Gain, percentage points", "training images")
                .line("gain", sizes, gains)
                .dashed("none", new double[] {sizes[0], sizes[sizes.length - 1]}, new double[2])
                .logarithmic(true, false);
        lab.charts("sizes.png", 2, List.of(errors, gain));
    }
}
