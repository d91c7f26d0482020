package dev.fathom.labs.generative;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Bird;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.generative.BirdPainter.Drawn;
import dev.fathom.labs.generative.BirdStudio.CaptionNet;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Text to image in two stages (Zhang et al. 2017, StackGAN), on birds that are drawn here, with the captions of the
 * course as prompts.
 */
public final class BirdsLab implements Experiment {
    private static final int EACH = 20;
    private static final int SHOWN = 2;
    private static final int COLUMNS = Bird.PROMPTS.size();
    private static final int PIXELS = Bird.SIDE * Bird.SIDE * 3;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The generator of the first stage",
                BirdNet.first().generator(),
                (net, in) -> net.draw(in[0], net.condition(in[1]).mean()),
                Input.floats(1, BirdNet.LATENT),
                Input.floats(1, CaptionNet.WIDTH));
    }

    @Override
    public void run(Lab lab) {
        int n = lab.of(10_240, 768);
        int tests = lab.of(1000, 128);
        lab.put("birds", n).put("tests", tests);
        try (BirdStudio studio = new BirdStudio(lab, n, tests);
                Model<BirdNet> first = Model.of(BirdNet.first(), lab.seed());
                Model<BirdNet> second = Model.of(BirdNet.second(), lab.seed())) {
            lab.section("The birds");
            studio.learn();
            double found = about(lab, studio);
            lab.section("The game").put("others", BirdStudio.OTHERS);
            Run one = BirdPainter.learn(lab, studio, "stage I", first, null, lab.epochs(240, 6));
            first.freeze("*");
            first.eval("generator*");
            Run two = BirdPainter.learn(lab, studio, "stage II", second, first.net(), lab.epochs(80, 3));
            var values = Map.of("stage I", one.curve("value"), "stage II", two.curve("value"));
            lab.curves("values.png", "value", "epoch", values);
            BirdPainter painter = new BirdPainter(studio, first.net(), second.net());
            fit(lab, painter, found);
            prompts(lab, painter);
        }
    }

    /** Shows birds of the test, and what the nets that read say of all; returns how many colors they find. */
    private static double about(Lab lab, BirdStudio studio) {
        List<Bird> tests = studio.tests();
        List<Bird> some = tests.subList(0, 2 * COLUMNS);
        double found = 100 * Averages.mean(studio.fit(studio.pictures(tests), tests));
        List<String> captions = some.stream().map(Bird::caption).toList();
        lab.figure("Captions read", "%", 100 * studio.captionAccuracy())
                .figure("Colors found in drawn birds", "%", found)
                .sheet("birds.png", sheet(studio.pictures(some), captions));
        return found;
    }

    /** How many of the colors that captions say are found in the pictures. */
    private static void fit(Lab lab, BirdPainter painter, double real) {
        BirdStudio studio = painter.studio();
        List<Bird> tests = studio.tests();
        lab.section("Pictures and captions");
        Drawn drawn = painter.draw(tests, lab.rng("fit"));
        List<Bird> others = new ArrayList<>(tests);
        Collections.rotate(others, 1);
        Table table = lab.table("fit", "pictures");
        double other = 100 * Averages.mean(studio.fit(studio.pictures(tests), others));
        table.row("drawn for the test")
                .cell("colors found", "%.1f %%", real)
                .cell("colors of another caption", "%.1f %%", other);
        List<String> fitting = new ArrayList<>();
        for (String stage : List.of("Stage I", "Stage II")) {
            float[] pictures = stage.equals("Stage I") ? drawn.one() : drawn.two();
            double found = 100 * Averages.mean(studio.fit(pictures, tests));
            double chance = 100 * Averages.mean(studio.fit(pictures, others));
            table.row(stage)
                    .put("colors found", "%.1f %%", found)
                    .baseline(chance, "another caption")
                    .cell("colors of another caption", "%.1f %%", chance);
            if (found > chance) {
                fitting.add(stage);
            }
        }
        lab.put("both", fitting.size() == 2)
                .put("single", fitting.size() == 1)
                .put("neither", fitting.isEmpty())
                .put("better", String.join(" and ", fitting));
    }

    private static void prompts(Lab lab, BirdPainter painter) {
        Rng rng = lab.rng("prompts");
        lab.section("The captions of the course").put("each", EACH);
        List<Bird> all = Collections.nCopies(EACH, Bird.prompted(rng)).stream()
                .flatMap(List::stream)
                .toList();
        Drawn drawn = painter.draw(all, rng);
        double[] one = painter.studio().fit(drawn.one(), all);
        double[] two = painter.studio().fit(drawn.two(), all);
        Table table = lab.table("prompts", "caption");
        for (int i = 0; i < COLUMNS; i++) {
            table.row(Bird.PROMPTS.get(i))
                    .cell("stage I", "%.0f %%", 100 * mean(one, i))
                    .cell("stage II", "%.0f %%", 100 * mean(two, i));
        }
        int shown = SHOWN * COLUMNS * PIXELS;
        float[] both = Averages.flat(Arrays.copyOf(drawn.large(), shown), Arrays.copyOf(drawn.two(), shown));
        lab.figure("Prompts, stage II, colors found", "%", 100 * Averages.mean(two))
                .sheet("prompts.png", sheet(both, Bird.PROMPTS));
    }

    /** The mean over the pictures of one prompt. */
    private static double mean(double[] shares, int prompt) {
        double sum = 0;
        for (int i = prompt; i < shares.length; i += COLUMNS) {
            sum += shares[i];
        }
        return sum / EACH;
    }

    /** Pictures of numbers from -1 to 1, the last ones over their captions. */
    private static ImageSheet sheet(float[] pictures, List<String> captions) {
        int without = pictures.length / PIXELS - captions.size();
        return new ImageSheet(Bird.SIDE, Bird.SIDE, 3)
                .columns(COLUMNS)
                .addAll(ImageStudy.unit(pictures), i -> i < without ? "" : captions.get(i - without));
    }
}
