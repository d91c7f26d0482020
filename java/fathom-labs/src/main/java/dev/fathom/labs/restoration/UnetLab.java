package dev.fathom.labs.restoration;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Segmentation by a U-Net: generated scenes of garments on a textured ground, in which every pixel gets a class. */
public final class UnetLab implements OldExperiment {
    private static final int BATCH = 8;
    private static final int SHOWN = 6;
    private static final int WIDTH = 16;
    private static final int NARROW = 8;
    private static final int LEVELS = 3;
    private static final int WINDOW = 9;
    private static final String UNET = "U-Net";
    private static final String WITHOUT = "without skip connections";
    private static final String LINEAR = "linear";
    private static final String THRESHOLD = "threshold";
    /** The colors of the classes, red, green and blue. */
    private static final int[] COLORS = {0x202020, 0x0072b2, 0xd55e00, 0x009e73, 0xf0e442};

    @Override
    public String name() {
        return "unet";
    }

    @Override
    public Findings run(LabRun run) {
        Scenes learn;
        Scenes test;
        try (Images images = ImageSet.FASHION_MNIST.images(null, run.seed())) {
            Rng rng = new Rng(run.seed());
            learn = Scenes.draw(images.learn(), run.of(3000, 500), rng.split("learn"));
            test = Scenes.draw(images.test(), run.of(500, 100), rng.split("test"));
        }
        Findings page = run.page(
                "Lab unet",
                line(
                        "%,d generated scenes of garments of Fashion-MNIST to learn from and %,d, of other "
                                + "garments, for the test",
                        learn.images().length, test.images().length));
        page.section("The scenes", "")
                .text(line(
                        "A scene of %d x %d gray pixels has three garments of four classes at random places and "
                                + "of random brightness, on a ground of waves "
                                + "and noise that is about as bright. Each pixel is to be named: ground, T-shirt, "
                                + "trouser, bag or ankle boot. No figures "
                                + "are published for these scenes, so the page compares with what is computed: "
                                + "the best threshold on brightness, which "
                                + "calls everything brighter the commonest garment; a linear map of the %d x %d "
                                + "pixels around each pixel; and the same "
                                + "network without its skip connections.",
                        Scenes.SIDE, Scenes.SIDE, WINDOW, WINDOW));
        Map<String, int[][]> maps = new LinkedHashMap<>();
        maps.put(THRESHOLD, threshold(learn, test));
        try (Dataset learned = learn.dataset();
                Dataset tested = test.dataset()) {
            int classes = Scenes.CLASSES.size();
            Map<String, Layer> nets = new LinkedHashMap<>();
            nets.put(LINEAR, new Conv(1, classes, WINDOW).pad(WINDOW / 2));
            nets.put(WITHOUT, net(run, false));
            nets.put(UNET, net(run, true));
            for (Map.Entry<String, Layer> net : nets.entrySet()) {
                int[][] said = run.interrupt().requested()
                        ? null
                        : trained(run, net.getKey(), net.getValue(), learned, tested);
                if (said == null) {
                    results(page, maps, test);
                    return page;
                }
                maps.put(net.getKey(), said);
            }
        }
        results(page, maps, test);
        conclusion(page, maps, test);
        return page.finished();
    }

    private static Layer net(LabRun run, boolean skips) {
        int width = run.of(WIDTH, NARROW);
        return new Sequential(Level.of(1, width, LEVELS, skips), new Conv(width, Scenes.CLASSES.size(), 1));
    }

    /** The maps of the test by the brightness that parts garments and ground best in the scenes to learn from. */
    private static int[][] threshold(Scenes learn, Scenes test) {
        int levels = 100;
        long[] ground = new long[levels + 1];
        long[] objects = new long[levels + 1];
        long[] counts = new long[Scenes.CLASSES.size()];
        for (int i = 0; i < learn.images().length; i++) {
            for (int p = 0; p < learn.masks()[i].length; p++) {
                int label = learn.masks()[i][p];
                int level = Math.round(levels * learn.images()[i][p]);
                counts[label]++;
                if (label == 0) {
                    ground[level]++;
                } else {
                    objects[level]++;
                }
            }
        }
        long all = Arrays.stream(objects).sum();
        long hit = 0;
        long said = 0;
        double best = -1;
        int threshold = levels;
        for (int level = levels; level >= 0; level--) {
            hit += objects[level];
            said += objects[level] + ground[level];
            double iou = (double) hit / (all + said - hit);
            if (iou > best) {
                best = iou;
                threshold = level;
            }
        }
        int commonest = 1;
        for (int c = 2; c < counts.length; c++) {
            commonest = counts[c] > counts[commonest] ? c : commonest;
        }
        int[][] maps = new int[test.images().length][Scenes.SIDE * Scenes.SIDE];
        for (int i = 0; i < maps.length; i++) {
            for (int p = 0; p < maps[i].length; p++) {
                maps[i][p] = Math.round(levels * test.images()[i][p]) >= threshold ? commonest : 0;
            }
        }
        return maps;
    }

    /** What a network says of the test after training; null if the run was interrupted. */
    private static int @Nullable [][] trained(LabRun run, String name, Layer net, Dataset learn, Dataset test) {
        run.training().say("%n== %s", name);
        int epochs = run.epochs(16, 3);
        try (Model<Layer> model = Model.of(net, run.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(5e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            boolean done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve(name.replace(' ', '-')),
                            "scenes",
                            learn.shuffled(run.seed()).batches(BATCH),
                            epochs);
            if (!done) {
                return null;
            }
            List<int[]> maps = new ArrayList<>();
            for (Batches.Epoch batches = test.batches(50).epoch(0); batches.hasNext(); ) {
                try (Pass pass = Pass.infer()) {
                    int[] said =
                            model.net().apply(batches.next().x()).argmax(-1).toIntArray();
                    int pixels = Scenes.SIDE * Scenes.SIDE;
                    for (int from = 0; from < said.length; from += pixels) {
                        maps.add(Arrays.copyOfRange(said, from, from + pixels));
                    }
                }
            }
            return maps.toArray(int[][]::new);
        }
    }

    // ---- the page

    private static void results(Findings page, Map<String, int[][]> maps, Scenes test) {
        List<List<String>> rows = new ArrayList<>();
        List<String> header =
                new ArrayList<>(List.of("said by", "pixels right", "at edges", "mean IoU", "IoU of garments"));
        Scenes.CLASSES.forEach(c -> header.add("IoU of " + c));
        maps.forEach((name, said) -> {
            Segmentation score = score(said, test);
            List<String> row = new ArrayList<>(List.of(
                    name,
                    line("%.1f %%", 100 * score.pixels().accuracy()),
                    line("%.1f %%", 100 * score.edges().accuracy()),
                    line("%.3f", score.meanIou()),
                    line("%.3f", score.objectIou())));
            for (int c = 0; c < Scenes.CLASSES.size(); c++) {
                row.add(line("%.2f", score.iou(c)));
            }
            rows.add(row);
            page.figure(Figure.of(name + ", mean IoU", "", score.meanIou()))
                    .figure(Figure.of(
                            name + ", pixels right", "%", 100 * score.pixels().accuracy()))
                    .figure(Figure.of(
                            name + ", pixels right at edges",
                            "%",
                            100 * score.edges().accuracy()));
        });
        page.section(
                        "Scores on the test",
                        "The intersection over union (IoU) of a class is the number of pixels that are of it and "
                                + "were said to be, in parts of those that are "
                                + "or were said to be. Pixels at edges have a neighbor of another class.")
                .table(header, rows);
        ImageSheet sheet = new ImageSheet(Scenes.SIDE, Scenes.SIDE, 3).columns(SHOWN);
        for (int i = 0; i < SHOWN; i++) {
            sheet.add(gray(test.images()[i]), i == 0 ? "scene" : "");
        }
        row(sheet, "truth", test.masks());
        maps.forEach((name, said) -> row(sheet, name, said));
        page.picture("scenes.png", "Scenes of the test, their masks, and what each method says", sheet::render);
    }

    private static Segmentation score(int[][] said, Scenes test) {
        return Segmentation.of(said, test.masks(), Scenes.CLASSES.size());
    }

    private static void row(ImageSheet sheet, String name, int[][] maps) {
        for (int i = 0; i < SHOWN; i++) {
            sheet.add(colored(maps[i]), i == 0 ? name : "");
        }
    }

    private static byte[] gray(float[] image) {
        byte[] pixels = new byte[3 * image.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) Math.round(255 * image[i / 3]);
        }
        return pixels;
    }

    private static byte[] colored(int[] map) {
        byte[] pixels = new byte[3 * map.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (COLORS[map[i / 3]] >> 8 * (2 - i % 3));
        }
        return pixels;
    }

    private static void conclusion(Findings page, Map<String, int[][]> maps, Scenes test) {
        Map<String, Segmentation> scores = new LinkedHashMap<>();
        maps.forEach((name, said) -> scores.put(name, score(said, test)));
        Segmentation unet = Objects.requireNonNull(scores.get(UNET));
        Segmentation without = Objects.requireNonNull(scores.get(WITHOUT));
        Segmentation linear = Objects.requireNonNull(scores.get(LINEAR));
        Segmentation threshold = Objects.requireNonNull(scores.get(THRESHOLD));
        double simple = Math.max(linear.meanIou(), threshold.meanIou());
        double edges = 100 * (unet.edges().accuracy() - without.edges().accuracy());
        double all = 100 * (unet.pixels().accuracy() - without.pixels().accuracy());
        page.text(line(
                        "The U-Net's mean IoU is %.3f. The better of threshold and linear map has %.3f, and the "
                                + "network without skip connections %.3f. Skip "
                                + "connections change the share of pixels that are right by %+.1f points, and at "
                                + "edges by %+.1f points%s",
                        unet.meanIou(),
                        simple,
                        without.meanIou(),
                        all,
                        edges,
                        edges > 0 && edges > all
                                ? ": they help most where places matter, as they bring the fine map past the "
                                        + "coarse one."
                                : "; theory expects the larger gain at edges, which this run does not show."))
                .key(Figure.of(
                                "U-Net, gain in mean IoU over the better of threshold and linear map",
                                "",
                                unet.meanIou() - simple)
                        .baseline(simple, "the better of the two"))
                .key(Figure.of("U-Net, gain by skip connections, pixels right at edges", "points", edges)
                        .baseline(100 * without.edges().accuracy(), WITHOUT));
    }
}
