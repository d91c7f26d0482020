package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import dev.fathom.view.ImageSheet;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Text to image in two stages (Zhang et al. 2017, StackGAN), on birds that are drawn here, with the captions of the
 * course as prompts.
 */
public final class BirdsLab implements OldExperiment {
    private static final int EACH = 20;
    private static final int SHOWN = 2;

    @Override
    public String name() {
        return "birds";
    }

    @Override
    public Findings run(LabRun run) {
        int n = run.of(10_240, 768);
        int tests = run.of(1000, 128);
        Findings page = run.page(
                "Lab birds",
                line("%,d birds drawn here to learn from and %,d for the test, each with a caption", n, tests));
        try (BirdStudio studio = new BirdStudio(run, n, tests);
                Model<BirdNet> first = Model.of(BirdNet.first(), run.seed());
                Model<BirdNet> second = Model.of(BirdNet.second(), run.seed())) {
            if (!studio.learnCaptions() || !studio.learnPictures()) {
                return page;
            }
            about(page, studio);
            Run one = studio.learnToDraw(first, null, run.epochs(80, 6));
            if (one == null) {
                return page;
            }
            first.freeze("*");
            first.eval("generator*");
            Run two = studio.learnToDraw(second, first.net(), run.epochs(20, 3));
            if (two == null) {
                return page;
            }
            page.section("The game", "")
                    .series(
                            "values.png",
                            "Value of the game over the epochs, for each stage",
                            "value",
                            "epoch",
                            Map.of("stage I", curve(one), "stage II", curve(two)));
            fit(run, page, studio, first.net(), second.net());
            prompts(run, page, studio, first.net(), second.net());
            return page.finished();
        }
    }

    private static double[][] curve(Run history) {
        return new double[][] {
            IntStream.rangeClosed(1, history.epochs().size()).asDoubleStream().toArray(), history.series("value")
        };
    }

    private static void about(Findings page, BirdStudio studio) {
        double accuracy = studio.captionAccuracy();
        double read = Averages.mean(studio.fit(studio.pictures(studio.tests()), studio.tests()));
        List<Bird> some = studio.tests().subList(0, 14);
        float[] pictures = studio.pictures(some);
        page.section("The birds", "")
                .text(line(
                        "A caption says the colors of some parts of a bird, and a drawing makes up the rest. A "
                                + "recurrent net reads captions: of those it "
                                + "has not learned from, it answers %.1f %% of the questions about parts and "
                                + "sizes right, and its last state is the text "
                                + "that the drawing nets see. A net that reads pictures of 16 x 16 pixels judges "
                                + "the drawings: on birds drawn for the test "
                                + "it finds %.1f %% of the colors that captions say.",
                        100 * accuracy, 100 * read))
                .picture(
                        "birds.png",
                        "Birds that were drawn for the test, with their captions",
                        () -> sheet(
                                List.of(pictures),
                                some.stream().map(Bird::caption).toList(),
                                7))
                .figure(Figure.of("Captions read", "%", 100 * accuracy))
                .figure(Figure.of("Colors found in drawn birds", "%", 100 * read));
    }

    /** How many of the colors that captions say are found in the pictures. */
    private static void fit(LabRun run, Findings page, BirdStudio studio, BirdNet first, BirdNet second) {
        List<Bird> tests = studio.tests();
        List<float[]> drawn = studio.drawn(first, second, tests, new Rng(run.seed()).split("fit"));
        List<Bird> others = new ArrayList<>(tests);
        Collections.rotate(others, 1);
        double real = Averages.mean(studio.fit(studio.pictures(tests), tests));
        double one = Averages.mean(studio.fit(drawn.get(0), tests));
        double two = Averages.mean(studio.fit(drawn.get(1), tests));
        double other = Averages.mean(studio.fit(drawn.get(1), others));
        page.section("Pictures and captions", "")
                .text(line(
                        "For %,d captions that no net has learned from, the share of the colors they say that is "
                                + "found in the picture. In a picture of the "
                                + "second stage for another caption, %.1f %% are found by chance. %s",
                        tests.size(),
                        100 * other,
                        Math.min(one, two) > other
                                ? "Both stages draw what their captions say more often than that."
                                : Math.max(one, two) > other
                                        ? line(
                                                "Only stage %s draws what its captions say more often than that.",
                                                two > one ? "II" : "I")
                                        : "Neither stage has learned to draw what captions say."))
                .table(
                        List.of("pictures", "colors found"),
                        List.of(
                                List.of("drawn for the test", line("%.1f %%", 100 * real)),
                                List.of("stage I, 16 x 16", line("%.1f %%", 100 * one)),
                                List.of("stage II, 32 x 32", line("%.1f %%", 100 * two)),
                                List.of("stage II, for another caption", line("%.1f %%", 100 * other))))
                .figure(Figure.of("Stage I, colors found", "%", 100 * one).baseline(100 * other, "another caption"))
                .key(Figure.of("Stage II, colors found", "%", 100 * two).baseline(100 * other, "another caption"));
    }

    private static void prompts(LabRun run, Findings page, BirdStudio studio, BirdNet first, BirdNet second) {
        Rng rng = new Rng(run.seed()).split("prompts");
        List<Bird> asked = Bird.PROMPTS.stream().map(p -> Bird.of(p, rng)).toList();
        List<Bird> all = new ArrayList<>();
        for (int i = 0; i < EACH; i++) {
            all.addAll(asked);
        }
        List<float[]> drawn = studio.drawn(first, second, all, rng);
        double[] one = studio.fit(drawn.get(0), all);
        double[] two = studio.fit(drawn.get(1), all);
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            rows.add(List.of(
                    asked.get(i).caption(), line("%.0f %%", 100 * mean(one, i)), line("%.0f %%", 100 * mean(two, i))));
        }
        int columns = asked.size();
        page.section("The captions of the course", "")
                .text(line(
                        "The seven captions of the course, which are not among those to learn from. The table "
                                + "says, for %d pictures of each, which share of the colors is found.",
                        EACH))
                .table(List.of("caption", "stage I", "stage II"), rows)
                .picture(
                        "prompts.png",
                        "Pictures of both stages for the seven captions of the course",
                        () -> sheet(
                                List.of(
                                        Arrays.copyOf(drawn.get(0), SHOWN * columns * drawn.get(0).length / all.size()),
                                        Arrays.copyOf(
                                                drawn.get(1), SHOWN * columns * drawn.get(1).length / all.size())),
                                Bird.PROMPTS,
                                columns))
                .figure(Figure.of("Prompts, stage II, colors found", "%", 100 * Averages.mean(two)));
    }

    /** The mean over the pictures of one prompt. */
    private static double mean(double[] shares, int prompt) {
        int columns = Bird.PROMPTS.size();
        return IntStream.range(0, shares.length)
                .filter(i -> i % columns == prompt)
                .mapToDouble(i -> shares[i])
                .average()
                .orElseThrow();
    }

    /**
     * Pictures of numbers from -1 to 1, group after group, all scaled to 32 x 32; the last ones over their captions.
     */
    private static BufferedImage sheet(List<float[]> groups, List<String> captions, int columns) {
        ImageSheet sheet = new ImageSheet(Bird.SIDE, Bird.SIDE, 3).columns(columns);
        int rows = groups.size() == 1 ? captions.size() / columns : SHOWN;
        for (int g = 0; g < groups.size(); g++) {
            byte[] pictures = Sheets.bytes(ImageStudy.unit(groups.get(g)));
            int side = (int) Math.round(Math.sqrt(pictures.length / (3.0 * rows * columns)));
            int scale = Bird.SIDE / side;
            for (int i = 0; i < rows * columns; i++) {
                byte[] bytes = new byte[Bird.SIDE * Bird.SIDE * 3];
                for (int j = 0; j < bytes.length; j++) {
                    int x = j / 3 % Bird.SIDE / scale;
                    int y = j / 3 / Bird.SIDE / scale;
                    bytes[j] = pictures[((i * side + y) * side + x) * 3 + j % 3];
                }
                boolean last = g == groups.size() - 1;
                int caption = groups.size() == 1 ? i : i - (rows - 1) * columns;
                sheet.add(bytes, last && caption >= 0 ? captions.get(caption) : "");
            }
        }
        return sheet.render();
    }
}
