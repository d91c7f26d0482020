package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** What mirrored and shifted copies of the images are worth, by how many images there are. */
public final class AugmentLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The textbook's network", TextbookCnn.lab(10), 32, 32, 3);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.CIFAR10.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.cifar(lab.data()), 1600)) {
            Table table = lab.table("gains", "images to learn from");
            double[] sizes = new double[4];
            double[][] accuracies = new double[2][sizes.length];
            for (int s = 0, part = 8; part >= 1; part /= 2, s++) {
                int n = nets.images().learn().size() / part;
                // a quarter of the images is seen twice as often, so that few of them are learned to the end too
                Recipe recipe =
                        Recipe.adam(lab.epochs((int) Math.round(16 * Math.sqrt(part)), 1), lab.of(64, 16), 1e-3f);
                int classes = nets.images().classes().size();
                String name = line("%,d", n);
                try (Images few = nets.images().learning(n)) {
                    TrainedEntry plain = nets.train(few, name, TextbookCnn.lab(classes), recipe);
                    TrainedEntry changed =
                            nets.train(few, name + ", augmented", TextbookCnn.lab(classes), recipe, CifarLab.CHANGES);
                    lab.put("size " + (s + 1), n)
                            .put("folder " + (s + 1), plain.entry().folder());
                    double a = plain.accuracy();
                    double b = changed.accuracy();
                    double half = 196 * error(a, b, few.test().size());
                    table.row(name + " images")
                            .cell("as they are", "%.2f %%", 100 * a)
                            .cell("augmented", "%.2f %%", 100 * b)
                            .put("gain by augmentation", "%+.2f points", 100 * (b - a))
                            .interval(100 * (b - a) - half, 100 * (b - a) + half)
                            .cell("95 % interval", "± %.2f", half);
                    sizes[s] = n;
                    accuracies[0][s] = a;
                    accuracies[1][s] = b;
                }
            }
            double[] gains = table.values("gain by augmentation");
            lab.section("By the number of images")
                    .put("falls", IntStream.range(1, gains.length).allMatch(i -> gains[i] < gains[i - 1]))
                    .chart(
                            "by-images.png",
                            new Chart("test accuracy", "images to learn from")
                                    .line("as they are", sizes, accuracies[0])
                                    .line("augmented", sizes, accuracies[1])
                                    .logarithmic(true, false));
        }
    }

    /** The standard error of the difference of two shares of n images. */
    static double error(double a, double b, int n) {
        return Math.sqrt((a * (1 - a) + b * (1 - b)) / n);
    }
}
