package dev.fathom.labs.images;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.ensemble.Diversity;
import dev.fathom.image.Augment;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.view.ImageSheet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Trains an ensemble of small networks, each with kernels of another size, on changed images of handwritten digits. */
public final class MnistBestLab implements ImageLab {
    private static final Augment[] CHANGES = {
        Augment.shift(0.08f), Augment.rotate(12), Augment.zoom(0.1f), Augment.shear(0.15f)
    };
    private static final int WRONG = 60;

    @Override
    public String name() {
        return "mnist-best";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        Images unit = images.scaled(); // 0 is then black, also beyond the edge of a shifted image
        int n = epochs.applyAsInt(18);
        Recipe recipe = new Recipe(
                n,
                64,
                new AdamW(5e-3f).weightDecay(0.02f),
                Schedule.oneCycle(n),
                "AdamW up to 0.005 and down to 0 in one cycle, weight decay 0.02");
        return List.of(
                member("3 x 3", recipe, unit, network(3, 16, 32, 64)),
                member("5 x 5", recipe, unit, network(5, 12, 24, 48)),
                member("7 x 7", recipe, unit, network(7, 8, 20, 32)));
    }

    private static NetworkEntry member(String name, Recipe recipe, Images unit, Layer net) {
        return new NetworkEntry(name, net, recipe, all -> unit, CHANGES);
    }

    /**
     * Three or four convolutions with batch normalization; kernels of 3 x 3 have the fourth, without which they would
     * see too little of a digit.
     */
    private static Layer network(int kernel, int first, int second, int third) {
        List<Layer> layers = new ArrayList<>(List.of( //               28 x 28
                convolve(1, first, kernel),
                new MaxPool(2), //                                      14 x 14
                convolve(first, second, kernel),
                new MaxPool(2), //                                        7 x 7
                convolve(second, third, kernel)));
        if (kernel == 3) {
            layers.add(convolve(third, third, kernel));
        }
        layers.addAll(List.of(new Flatten(), new Dropout(0.3f), new Linear(49 * third, 10)));
        return new Sequential(layers);
    }

    private static Layer convolve(int in, int out, int kernel) {
        return new Sequential(new Conv(in, out, kernel).pad(kernel / 2).withoutBias(), new BatchNorm(out).act(RELU));
    }

    @Override
    public Brief brief() {
        return new Brief(2000, 2);
    }

    /** The ensemble answers with the class of the largest mean of the members' probabilities. */
    @Override
    public void conclude(Conclusion all) {
        List<TrainedEntry> members = all.outcomes();
        Dataset choose = members.get(0).images().choose();
        List<Classification> chosen =
                members.stream().map(o -> Classification.of(o.model(), choose)).toList();
        List<Classification> tested =
                members.stream().map(TrainedEntry::answers).toList();
        Classification validation = mean(chosen);
        Classification test = mean(tested);
        List<List<String>> rows = new ArrayList<>();
        for (int m = 0; m < members.size(); m++) {
            rows.add(row(members.get(m).entry().name(), chosen.get(m), tested.get(m)));
        }
        rows.add(row("ensemble", validation, test));
        double[] interval = test.confusion().accuracyInterval95();
        double least = tested.stream().mapToDouble(MnistBestLab::error).min().orElseThrow();
        Diversity diversity =
                Diversity.of(tested.stream().map(MnistBestLab::answers).toArray(int[][]::new), labels(test));
        int[] wrong = test.wrong(WRONG);
        int misses = test.wrong(test.size()).length;
        all.page()
                .section(
                        "The ensemble",
                        "Each member has kernels of another size, as those of An et al. (2020), and learns images "
                                + "that are shifted, turned, scaled and "
                                + "sheared at random. The epoch of each is chosen on the images held out, and the "
                                + "ensemble is the mean of the probabilities of "
                                + "all members, which was decided before the test was looked at. The best "
                                + "published error of such networks is 0.23 % with 35 "
                                + "larger ones (Ciresan et al. 2012).")
                .table(List.of("network", "wrong, held out", "wrong, test", "of"), rows)
                .text(line(
                        "The ensemble has %.2f %% wrong on the test, and its best member %.2f %%. Two members "
                                + "differ in being right on %.2f %% of the test.",
                        error(test), least, 100 * diversity.disagreement()))
                .key(Figure.of("Ensemble, test error", "%", error(test))
                        .interval(100 * (1 - interval[1]), 100 * (1 - interval[0])))
                .figure(Figure.of("Ensemble, error on the images held out", "%", error(validation)))
                .figure(Figure.of("Ensemble, members that differ in being right", "%", 100 * diversity.disagreement()));
        if (wrong.length > 0) {
            ImageSheet sheet = sheet(all.images(), test, wrong);
            all.page()
                    .section(
                            "Wrong answers of the ensemble",
                            "What the digit is, and what the ensemble said, with the probability that it gives it.")
                    .picture(
                            "wrong.png",
                            (misses > wrong.length ? line("The first %d of %,d", wrong.length, misses) : "The")
                                    + " test digits that the ensemble gets wrong",
                            sheet::render);
        }
    }

    /** Answers with the mean of the members' probabilities. */
    static Classification mean(List<Classification> members) {
        Classification first = members.get(0);
        int classes = first.classes();
        float[] mean = new float[first.size() * classes];
        for (Classification member : members) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += (float) (member.probability(i / classes, i % classes) / members.size());
            }
        }
        return Classification.ofProbabilities(mean, classes, labels(first));
    }

    private static int[] labels(Classification answers) {
        return IntStream.range(0, answers.size()).map(answers::actual).toArray();
    }

    private static int[] answers(Classification of) {
        return IntStream.range(0, of.size()).map(of::predicted).toArray();
    }

    /** In percent. */
    private static double error(Classification answers) {
        return 100 * (1 - answers.confusion().accuracy());
    }

    private static List<String> row(String name, Classification chosen, Classification tested) {
        return List.of(
                name, line("%.2f %%", error(chosen)), line("%.2f %%", error(tested)), line("%,d", tested.size()));
    }

    private static ImageSheet sheet(Images images, Classification test, int[] wrong) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(10);
        for (int i : wrong) {
            sheet.add(
                    images.test().pixels(i),
                    line("%d, said %d (%.0f %%)", test.actual(i), test.predicted(i), 100 * test.probability(i)));
        }
        return sheet;
    }
}
