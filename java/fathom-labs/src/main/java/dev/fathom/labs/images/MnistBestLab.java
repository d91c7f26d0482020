package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.ensemble.Diversity;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.image.Augment;
import dev.fathom.nets.ConvBlock;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Trains an ensemble of small networks, each with kernels of another size, on changed images of handwritten digits. */
public final class MnistBestLab implements Experiment {
    private static final Augment[] CHANGES = {
        Augment.shift(0.08f), Augment.rotate(12), Augment.zoom(0.1f), Augment.shear(0.15f)
    };
    private static final int WRONG = 60;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The member with kernels of 3 x 3", network(3, 16, 32, 64), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.MNIST, 2000);
                Images unit = nets.images().scaled()) { // 0 is then black, also beyond the edge of a shifted image
            int n = lab.epochs(18, 2);
            Recipe recipe = new Recipe(
                    n,
                    64,
                    new AdamW(5e-3f).weightDecay(0.02f),
                    Schedule.oneCycle(n),
                    "AdamW up to 0.005 and down to 0 in one cycle, weight decay 0.02");
            List<TrainedEntry> members = List.of(
                    nets.train(unit, "3 x 3", network(3, 16, 32, 64), recipe, CHANGES),
                    nets.train(unit, "5 x 5", network(5, 12, 24, 48), recipe, CHANGES),
                    nets.train(unit, "7 x 7", network(7, 8, 20, 32), recipe, CHANGES));
            List<Classification> chosen = members.stream()
                    .map(o -> Classification.of(o.model(), unit.choose()))
                    .toList();
            List<Classification> tested =
                    members.stream().map(TrainedEntry::answers).toList();
            Classification all = Classification.mean(tested);
            double[] interval = all.confusion().accuracyInterval95();
            double differ = 100 * Diversity.of(tested).disagreement();
            lab.section("The ensemble");
            Table table = lab.table("ensemble", "network");
            for (int m = 0; m < members.size(); m++) {
                table.row(members.get(m).entry().name())
                        .cell("wrong, held out", "%.2f %%", error(chosen.get(m)))
                        .cell("wrong, test", "%.2f %%", error(tested.get(m)));
            }
            lab.figure(Figure.of("Ensemble, test error", "%", error(all))
                            .interval(100 * (1 - interval[1]), 100 * (1 - interval[0])))
                    .figure("Ensemble, error on the images held out", "%", error(Classification.mean(chosen)))
                    .figure("Ensemble, members that differ in being right", "%", differ);
            table.row("ensemble")
                    .cell("wrong, held out", "%.2f %%", error(Classification.mean(chosen)))
                    .cell("wrong, test", "%.2f %%", error(all));
            int[] wrong = all.wrong(all.size());
            lab.section("Wrong answers of the ensemble")
                    .put("wrong", wrong.length)
                    .put("shown", Math.min(WRONG, wrong.length))
                    .sheet("wrong.png", sheet(unit, all));
        }
    }

    /**
     * Three or four convolutions with batch normalization; kernels of 3 x 3 have the fourth, without which they would
     * see too little of a digit.
     */
    private static Layer network(int kernel, int first, int second, int third) {
        List<Layer> layers = new ArrayList<>(List.of( //               28 x 28
                ConvBlock.of(1, first, kernel),
                new MaxPool(2), //                                      14 x 14
                ConvBlock.of(first, second, kernel),
                new MaxPool(2), //                                        7 x 7
                ConvBlock.of(second, third, kernel)));
        if (kernel == 3) {
            layers.add(ConvBlock.of(third, third, kernel));
        }
        layers.addAll(List.of(new Flatten(), new Dropout(0.3f), new Linear(49 * third, 10)));
        return new Sequential(layers);
    }

    /** In percent. */
    private static double error(Classification answers) {
        return 100 * (1 - answers.confusion().accuracy());
    }

    private static ImageSheet sheet(Images images, Classification test) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(10);
        for (int i : test.wrong(WRONG)) {
            sheet.add(
                    images.test().pixels(i),
                    line("%d, said %d (%.0f %%)", test.actual(i), test.predicted(i), 100 * test.probability(i)));
        }
        return sheet;
    }
}
