package dev.fathom.labs.codes;

import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.nets.GaussianNoise;
import dev.fathom.nets.LocallyConnected;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import java.util.Comparator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Units of an auto-encoder that know a class although they have seen no labels. */
final class ClassUnits {
    private static final int SIDE = 28;
    private static final int PIXELS = SIDE * SIDE;
    private static final int UNIT_SHOWN = 8;
    private static final float ON = 0.1f; // the part of the images for which a unit is to be on, that of a class

    private ClassUnits() {}

    /**
     * 8 x 8 patches of 7 x 7 pixels with 8 units each, 3 x 3 patches of 16 x 16 pixels with 16 each, 256 units that see
     * all of these, and back (Le et al. 2012, with a network that is small enough for a minute).
     */
    static Autoencoder patches() {
        return new Autoencoder(
                new Sequential(
                        new GaussianNoise(0.5f),
                        new LocallyConnected(
                                        Shape.of(SIDE, SIDE, 1), 8, Window.of(7).stride(3))
                                .act(RELU),
                        new LocallyConnected(Shape.of(8, 8, 8), 16, Window.of(4).stride(2)).act(RELU),
                        new LocallyConnected(Shape.of(3, 3, 16), 256, Window.of(3)).act(SIGMOID),
                        new Flatten()),
                new Sequential(new Linear(256, PIXELS), y -> y.reshape(y.dim(0), SIDE, SIDE, 1)));
    }

    static void add(Lab lab, Images images) {
        lab.section("Units that know a class").put("thresholds", SingleUnit.THRESHOLDS);
        Autoencoder net = patches();
        try (Model<Autoencoder> model = Model.of(net, lab.seed())) {
            UnaryOperator<Tensor> sparse = h -> Penalty.sparsity(h, ON).mul(2e-3f);
            Autoencoder.train(lab, "locally connected", model, images.learn(), lab.epochs(15, 12), sparse);
            Examples learned = Examples.of(net.encoder(), images.learn());
            Examples tested = Examples.of(net.encoder(), images.test());
            float[][] pixels = Examples.of(images.test()).x();
            int classes = images.classes().size();
            SingleUnit[] units = SingleUnit.best(learned.x(), learned.labels(), classes);
            SingleUnit[] points = SingleUnit.best(Examples.of(images.learn()).x(), learned.labels(), classes);
            Table table = lab.table("units", "class").named("Best {column} for {row}, balanced accuracy");
            ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(UNIT_SHOWN);
            for (int c = 0; c < classes; c++) {
                String name = images.classes().get(c);
                double byPixel = 100 * points[c].on(pixels, tested.labels(), c);
                table.row(name)
                        .put("unit", "%.1f %%", 100 * units[c].on(tested.x(), tested.labels(), c))
                        .baseline(byPixel, "the best pixel")
                        .put("pixel", "%.1f %%", byPixel)
                        .cell("chance", "50 %");
                SingleUnit unit = units[c];
                IntStream.range(0, tested.size())
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> (unit.above() ? -1 : 1) * tested.x()[i][unit.unit()]))
                        .limit(UNIT_SHOWN)
                        .forEach(i -> sheet.add(
                                images.test().pixels(i), sheet.images().size() % UNIT_SHOWN == 0 ? name : ""));
            }
            double[] byUnit = table.values("unit");
            double[] byPixel = table.values("pixel");
            lab.sheet("units.png", sheet).put("classes", classes).put("byPixel", Averages.mean(byPixel));
            lab.put(
                    "better",
                    IntStream.range(0, classes)
                            .filter(c -> byUnit[c] > byPixel[c])
                            .count());
            lab.figure("Best single unit, mean balanced accuracy over the classes", "%", Averages.mean(byUnit))
                    .baseline(Averages.mean(byPixel), "the best single pixel; a guess has 50 %");
        }
    }
}
