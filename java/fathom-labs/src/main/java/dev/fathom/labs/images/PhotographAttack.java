package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.attack.Attack;
import dev.fathom.attack.ProjectedGradient;
import dev.fathom.attack.Victim;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.nets.Maxout;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;

/**
 * A convolutional maxout network (Goodfellow et al. 2013, with fewer maps) on small photographs, under the fast
 * gradient sign method at ε = 0.1 (Goodfellow, Shlens and Szegedy 2015, section 4), where the pixels have a standard
 * deviation of 0.5.
 */
final class PhotographAttack {
    private static final float EPSILON = 0.1f;
    /** The standard deviation of the preprocessed pixels in the paper. Those of the lab have 1. */
    private static final float DEVIATION = 0.5f;

    private static final int SHOWN = 6;

    private PhotographAttack() {}

    /** The attack of the paper, which moves each pixel by a fifth of the standard deviation. */
    static ProjectedGradient attack() {
        return ProjectedGradient.fast(EPSILON / DEVIATION);
    }

    /**
     * Trains the network and attacks it.
     *
     * @param photographs with mean 0 and deviation 1 of each channel
     */
    static void run(Lab lab, Comparison nets, Images photographs) {
        int epochs = lab.epochs(20, 2);
        Recipe recipe = Recipe.adam(epochs, lab.of(100, 32), 1e-3f).maxNorm(1.9f);
        TrainedEntry maxout = nets.train(
                photographs,
                "Maxout on CIFAR-10",
                network(lab.of(32, 8), photographs.classes().size()),
                recipe);
        Dataset test = photographs.test();
        Victim victim = FgsmLab.victim(maxout);
        Attack.Outcome outcome = attack().on(victim, test, lab.seed());
        lab.section("Photographs")
                .put("photographs", photographs.learn().size())
                .put("attacked", test.size())
                .put("gray", 255 * EPSILON / DEVIATION * deviation(photographs));
        Table.Row row = lab.table("photographs", "at ε 0.1")
                .named("{row}, {column} at ε 0.1")
                .row("Maxout on CIFAR-10")
                .cell("wrong as they are", "%.1f %%", 100 * (1 - maxout.accuracy()));
        FgsmLab.wrong(row, "%.2f %%", outcome);
        lab.sheet("photographs.png", sheet(victim, photographs));
    }

    /** The mean over the channels of how far pixels from 0 to 1 deviate from their mean. */
    private static double deviation(Images photographs) {
        return photographs.input().deviation().stream()
                .mapToDouble(d -> d)
                .average()
                .orElseThrow();
    }

    /**
     * Convolutions of {@code width} and twice as many units of two pieces each, then a layer of units of five; a fifth
     * of the pixels and half of the units behind the maps are dropped.
     */
    static Layer network(int width, int classes) {
        return new Sequential( //                       32 x 32 x 3
                new Dropout(0.2f),
                convolve(3, width, 5),
                new MaxPool(2), //                       16 x 16 x width
                convolve(width, 2 * width, 5),
                new MaxPool(2), //                       8 x 8 x 2 width
                convolve(2 * width, 2 * width, 3),
                new MaxPool(2), //                       4 x 4 x 2 width
                new Flatten(),
                new Dropout(0.5f),
                new Linear(32 * width, 4 * width * 5),
                new Maxout(5),
                new Dropout(0.5f),
                new Linear(4 * width, classes));
    }

    private static Layer convolve(int in, int out, int kernel) {
        return new Sequential(new Conv(in, 2 * out, kernel).pad(kernel / 2), new Maxout(2));
    }

    /** Photographs as they are in the first row, and attacked in the second, with the answers. */
    private static ImageSheet sheet(Victim victim, Images photographs) {
        ImageSheet sheet = new ImageSheet(32, 32, 3).columns(SHOWN);
        Dataset test = photographs.test();
        try (Pass pass = Pass.infer()) {
            Batch batch = test.batches(SHOWN).epoch(0).next();
            float[] plain = batch.x().toArray();
            float[] changed = attack().of(victim, plain, batch.y().toIntArray());
            for (float[] x : new float[][] {plain, changed}) {
                Victim.Answers said = victim.answers(x);
                for (int i = 0; i < SHOWN; i++) {
                    int size = x.length / SHOWN;
                    String answer = photographs.classes().get(said.classes()[i]);
                    sheet.add(
                            test.pixels(Arrays.copyOfRange(x, i * size, (i + 1) * size)),
                            line("%s, %.0f %%", answer, 100 * said.confidence()[i]));
                }
            }
        }
        return sheet;
    }
}
