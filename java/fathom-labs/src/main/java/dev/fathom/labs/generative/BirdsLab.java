package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.generative.BirdStudio.CaptionNet;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.op.Resize;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Text to image in two stages (Zhang et al. 2017, StackGAN), on birds that are drawn here, with the captions of the
 * course as prompts.
 */
public final class BirdsLab implements Experiment {
    private static final int EACH = 20;
    private static final int SHOWN = 2;
    private static final int COLUMNS = Bird.PROMPTS.size();
    private static final int PIXELS = Bird.SIDE * Bird.SIDE * 3;
    private static final Optimizer ADAM = new Adam(2e-4f).betas(0.5f, 0.999f);

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
            lab.section("The game");
            Run one = learn(lab, studio, "stage I", first, null, lab.epochs(80, 6));
            first.freeze("*");
            first.eval("generator*");
            Run two = learn(lab, studio, "stage II", second, first.net(), lab.epochs(20, 3));
            var values = Map.of("stage I", one.curve("value"), "stage II", two.curve("value"));
            lab.curves("values.png", "value", "epoch", values);
            fit(lab, studio, first.net(), second.net(), found);
            prompts(lab, studio, first.net(), second.net());
        }
    }

    /** Trains a stage; the second one, for which {@code first} is given, draws over the pictures of the first. */
    private static Run learn(
            Lab lab, BirdStudio studio, String name, Model<BirdNet> model, @Nullable BirdNet first, int epochs) {
        int round = 2 * BirdStudio.BATCH;
        Step<BirdNet> judge = (net, batch) -> {
            Tensor real = first == null ? batch.x().avgPool(2) : batch.x();
            Tensor value = net.critic().value(real, net.drawn(first, batch.y()), batch.y());
            return new Step.Result(value.neg(), value);
        };
        Step<BirdNet> draw = (net, batch) -> {
            Tensor loss = net.loss(first, batch.y());
            return new Step.Result(loss, loss);
        };
        try (Dataset pictures = studio.captioned();
                Dataset whole = pictures.take(0, pictures.size() / round * round)) {
            var trainer = AdversarialDuel.inTurns(model, ADAM, 1, judge, draw).seed(lab.seed());
            var batches = whole.shuffled(lab.seed()).batches(BirdStudio.BATCH);
            Run history = lab.train(name, "pictures", trainer, batches, epochs);
            model.save(lab.folder(name).resolve("stage.safetensors"));
            return history;
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

    /**
     * A picture of each stage for each bird's caption, drawn from new noise, and those of the first stage enlarged to
     * the size of the second.
     */
    private record Drawn(float[] one, float[] two, float[] large) {
        static Drawn of(BirdStudio studio, BirdNet first, BirdNet second, List<Bird> some, Rng rng) {
            float[] text = studio.read(some).text();
            try (Pass pass = Pass.infer(rng)) {
                Tensor t = Tensor.of(text, some.size(), CaptionNet.WIDTH);
                Tensor small = first.drawn(null, t);
                BirdNet.Generator painter = second.generator();
                Tensor large = painter.draw(small, painter.condition(t).draw());
                Tensor enlarged = small.resize(Resize.NEAREST, Bird.SIDE, Bird.SIDE);
                return new Drawn(small.toArray(), large.toArray(), enlarged.toArray());
            }
        }
    }

    /** How many of the colors that captions say are found in the pictures. */
    private static void fit(Lab lab, BirdStudio studio, BirdNet first, BirdNet second, double real) {
        List<Bird> tests = studio.tests();
        lab.section("Pictures and captions");
        Drawn drawn = Drawn.of(studio, first, second, tests, lab.rng("fit"));
        List<Bird> others = new ArrayList<>(tests);
        Collections.rotate(others, 1);
        Table table = lab.table("fit", "pictures");
        double other = 100 * Averages.mean(studio.fit(studio.pictures(tests), others));
        table.row("drawn for the test")
                .cell("colors found", "%.1f %%", real)
                .cell("colors of another caption", "%.1f %%", other);
        List<String> fitting = new ArrayList<>();
        for (String stage : List.of("Stage I", "Stage II")) {
            float[] pictures = stage.equals("Stage I") ? drawn.one : drawn.two;
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

    private static void prompts(Lab lab, BirdStudio studio, BirdNet first, BirdNet second) {
        Rng rng = lab.rng("prompts");
        lab.section("The captions of the course").put("each", EACH);
        List<Bird> all = Collections.nCopies(EACH, Bird.prompted(rng)).stream()
                .flatMap(List::stream)
                .toList();
        Drawn drawn = Drawn.of(studio, first, second, all, rng);
        double[] one = studio.fit(drawn.one, all);
        double[] two = studio.fit(drawn.two, all);
        Table table = lab.table("prompts", "caption");
        for (int i = 0; i < COLUMNS; i++) {
            table.row(Bird.PROMPTS.get(i))
                    .cell("stage I", "%.0f %%", 100 * mean(one, i))
                    .cell("stage II", "%.0f %%", 100 * mean(two, i));
        }
        int shown = SHOWN * COLUMNS * PIXELS;
        float[] both = Averages.flat(Arrays.copyOf(drawn.large, shown), Arrays.copyOf(drawn.two, shown));
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
        ImageSheet sheet = new ImageSheet(Bird.SIDE, Bird.SIDE, 3).columns(COLUMNS);
        byte[] bytes = Sheets.bytes(ImageStudy.unit(pictures));
        int images = bytes.length / PIXELS;
        int without = images - captions.size();
        for (int i = 0; i < images; i++) {
            byte[] image = Arrays.copyOfRange(bytes, i * PIXELS, (i + 1) * PIXELS);
            sheet.add(image, i < without ? "" : captions.get(i - without));
        }
        return sheet;
    }
}
