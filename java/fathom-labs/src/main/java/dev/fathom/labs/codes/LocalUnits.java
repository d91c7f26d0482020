package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.features.Examples;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.GaussianNoise;
import dev.fathom.nn.Linear;
import dev.fathom.nn.LocallyConnected;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A sparse auto-encoder whose units see patches of the image, with weights of their own, and the unit of it that knows
 * each class best though no label was learned (Le et al. 2012, with a network that is small enough for a minute).
 */
final class LocalUnits {
    private static final int SIDE = 28;
    private static final int SHOWN = 8;
    /** The part of the images for which a unit is to be on, that of a class. */
    private static final float ON = 0.1f;

    private static final float PENALTY = 2e-3f;
    private static final float NOISE = 0.5f;

    private LocalUnits() {}

    /**
     * 8 x 8 patches of 7 x 7 pixels with 8 units each, 3 x 3 patches of 16 x 16 pixels with 16 each, 256 units that see
     * all of these, and back.
     */
    static Autoencoder network() {
        return new Autoencoder(
                new Sequential(
                        new GaussianNoise(NOISE),
                        new LocallyConnected(
                                        Shape.of(SIDE, SIDE, 1), 8, Window.of(7).stride(3))
                                .act(RELU),
                        new LocallyConnected(Shape.of(8, 8, 8), 16, Window.of(4).stride(2)).act(RELU),
                        new LocallyConnected(Shape.of(3, 3, 16), 256, Window.of(3)).act(SIGMOID),
                        new Flatten()),
                new Sequential(new Linear(256, SIDE * SIDE), y -> y.reshape(y.dim(0), SIDE, SIDE, 1)));
    }

    /** Adds the best units; false if the run was interrupted. */
    static boolean add(LabRun run, Findings page, Images images) {
        Autoencoder net = network();
        try (Model<Autoencoder> model = net.train(
                run,
                "locally connected",
                images.learn(),
                run.epochs(15, 12),
                h -> Penalty.sparsity(h, ON).mul(PENALTY))) {
            if (model == null) {
                return false;
            }
            Examples learned = Examples.of(net.encoder(), images.learn());
            Examples tested = Examples.of(net.encoder(), images.test());
            float[][] pixels = Examples.of(images.test()).x();
            int classes = images.classes().size();
            SingleUnit[] units = SingleUnit.best(learned.x(), learned.labels(), classes);
            SingleUnit[] points = SingleUnit.best(Examples.of(images.learn()).x(), learned.labels(), classes);
            double[] byUnit = new double[classes];
            double[] byPixel = new double[classes];
            List<List<String>> rows = new ArrayList<>();
            for (int c = 0; c < classes; c++) {
                byUnit[c] = units[c].on(tested.x(), tested.labels(), c);
                byPixel[c] = points[c].on(pixels, tested.labels(), c);
                rows.add(List.of(
                        images.classes().get(c),
                        line("%.1f %%", 100 * byUnit[c]),
                        line("%.1f %%", 100 * byPixel[c]),
                        "50 %"));
                page.figure(Figure.of(
                                "Best unit for " + images.classes().get(c) + ", balanced accuracy",
                                "%",
                                100 * byUnit[c])
                        .baseline(100 * byPixel[c], "the best pixel"));
            }
            write(page, rows, byUnit, byPixel);
            ImageSheet sheet = sheet(images, units, tested.x()); // the page is written after the images are closed
            page.picture(
                    "units.png",
                    "For each class, the images that drive its unit farthest to the side of the class",
                    sheet::render);
            return true;
        }
    }

    private static void write(Findings page, List<List<String>> rows, double[] byUnit, double[] byPixel) {
        double unit = IntStream.range(0, byUnit.length)
                .mapToDouble(c -> byUnit[c])
                .average()
                .orElseThrow();
        double pixel = IntStream.range(0, byPixel.length)
                .mapToDouble(c -> byPixel[c])
                .average()
                .orElseThrow();
        long better = IntStream.range(0, byUnit.length)
                .filter(c -> byUnit[c] > byPixel[c])
                .count();
        page.section(
                        "Units that know a class",
                        "An auto-encoder of three layers of units, each of which sees a patch and shares its "
                                + "weights with no other: 8 x 8 patches of 7 "
                                + "x 7 pixels with 8 units each, 3 x 3 patches of 16 x 16 pixels with 16 units "
                                + "each, and 256 sigmoid units that see "
                                + "all of these, each of which a penalty keeps near 0 for nine of ten images; "
                                + "then a linear layer back to the pixels. "
                                + "It learns without labels, from images with noise. Then one of the 256 units is "
                                + "asked whether an image is of a "
                                + "class: it says yes on one side of a threshold. The unit, the side, and one of "
                                + "20 thresholds at equal distances are "
                                + "those that are right most often on the images that were learned; the table has "
                                + "the accuracy on others. The same is "
                                + "done with single pixels. Accuracy is balanced, so that a guess has 50 %. In a "
                                + "network several thousand times as "
                                + "large, the best unit for faces has 81.7 %, where always no has 64.8 % (Le et "
                                + "al. 2012).")
                .table(List.of("class", "best unit", "best pixel", "chance"), rows)
                .text(line(
                        "The best unit beats the best pixel for %d of the %d classes: %.1f %% beside %.1f %% in "
                                + "the mean.",
                        better, byUnit.length, 100 * unit, 100 * pixel))
                .key(Figure.of("Best single unit, mean balanced accuracy over the classes", "%", 100 * unit)
                        .baseline(100 * pixel, "the best single pixel; a guess has 50 %"));
    }

    private static ImageSheet sheet(Images images, SingleUnit[] units, float[][] activations) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(SHOWN);
        for (int c = 0; c < units.length; c++) {
            SingleUnit unit = units[c];
            int[] most = IntStream.range(0, activations.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(
                            i -> unit.above() ? -activations[i][unit.unit()] : activations[i][unit.unit()]))
                    .limit(SHOWN)
                    .mapToInt(i -> i)
                    .toArray();
            for (int i : most) {
                sheet.add(
                        images.test().pixels(i), i == most[0] ? images.classes().get(c) : "");
            }
        }
        return sheet;
    }
}
