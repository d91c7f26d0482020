package dev.fathom.labs.images;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** What mirrored and shifted copies of the images are worth, by how many images there are. */
public final class AugmentLab implements ImageLab {
    private static final int FEWEST = 8;

    @Override
    public String name() {
        return "augment";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.cifar(folder);
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        int classes = images.classes().size();
        List<NetworkEntry> entries = new ArrayList<>();
        for (int part = FEWEST; part >= 1; part /= 2) {
            int n = images.learn().size() / part;
            Images few = images.learning(n);
            // a quarter of the images is seen twice as often, so that few of them are learned to the end too
            int times = epochs.applyAsInt((int) Math.round(16 * Math.sqrt(part)));
            Recipe recipe = Recipe.adam(times, 64, 1e-3f);
            String name = String.format(Locale.ROOT, "%,d", n);
            entries.add(new NetworkEntry(name, TextbookCnn.lab(classes), recipe, all -> few));
            entries.add(new NetworkEntry(
                    name + ", augmented", TextbookCnn.lab(classes), recipe, all -> few, CifarLab.CHANGES));
        }
        return entries;
    }

    @Override
    public Brief brief() {
        return new Brief(1600, 2);
    }

    @Override
    public void conclude(Conclusion all) {
        int sizes = all.outcomes().size() / 2;
        double[] plain = new double[sizes];
        double[] augmented = new double[sizes];
        List<String> places = new ArrayList<>();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < sizes; i++) {
            TrainedEntry o = all.outcomes().get(2 * i);
            plain[i] = o.answers().confusion().accuracy();
            augmented[i] = all.outcomes().get(2 * i + 1).answers().confusion().accuracy();
            places.add(o.entry().name());
            all.page()
                    .figure(Figure.of(
                            o.entry().name() + " images, gain by augmentation",
                            "points",
                            100 * (augmented[i] - plain[i])));
            rows.add(List.of(
                    o.entry().name(),
                    number("%.2f %%", plain[i]),
                    number("%.2f %%", augmented[i]),
                    number("%+.2f", augmented[i] - plain[i])));
        }
        Map<String, double[]> curves = new LinkedHashMap<>();
        curves.put("as they are", plain);
        curves.put("augmented", augmented);
        all.page()
                .section(
                        "By the number of images",
                        "The textbook's network on photographs as they are, and mirrored and cut out at random. "
                                + "For measure: with such "
                                + "changes ResNet-20 has 91.25 % on all of CIFAR-10 (He et al. 2015), and the "
                                + "textbook's network 42.06 % "
                                + "without on all of CIFAR-100 (ISLP).")
                .table(List.of("images to learn from", "as they are", "augmented", "points"), rows)
                .text(conclusion(places, plain, augmented, all.images().test().size()))
                .picture(
                        "by-images.png",
                        "Accuracy on the test by the number of images to learn from, with and without augmentation",
                        () -> Plots.compare("test accuracy", "images to learn from", places, curves));
    }

    /**
     * At which sizes augmentation gains or costs more than chance explains (a difference of two shares of {@code test}
     * images beyond 1.96 of its standard errors), and whether it is worth more the fewer images there are.
     *
     * @param places the numbers of images, ascending
     */
    static String conclusion(List<String> places, double[] plain, double[] augmented, int test) {
        List<String> gains = new ArrayList<>();
        List<String> costs = new ArrayList<>();
        boolean fewerIsMore = true;
        for (int i = 0; i < plain.length; i++) {
            double gain = augmented[i] - plain[i];
            double error = Math.sqrt((plain[i] * (1 - plain[i]) + augmented[i] * (1 - augmented[i])) / test);
            if (Math.abs(gain) > 1.96 * error) {
                (gain > 0 ? gains : costs).add(places.get(i) + number(" (%+.1f points)", gain));
            }
            fewerIsMore &= i == 0 || gain < augmented[i - 1] - plain[i - 1];
        }
        return (gains.isEmpty()
                        ? "Augmentation gains nowhere more than chance explains"
                        : "Augmentation gains more than chance explains with " + String.join(", ", gains))
                + (costs.isEmpty() ? ". " : "; it costs with " + String.join(", ", costs) + ". ")
                + (fewerIsMore
                        ? "The fewer images there are, the more it is worth."
                        : "It is not worth more with every step to fewer images.");
    }

    private static String number(String format, double share) {
        return String.format(Locale.ROOT, format, 100 * share);
    }
}
