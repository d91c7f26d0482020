package dev.fathom.labs.restoration;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** Segmentation by a U-Net: generated scenes of garments on a textured ground, in which every pixel gets a class. */
public final class UnetLab implements Experiment {
    private static final int BATCH = 8;
    private static final int SHOWN = 6;
    private static final int WINDOW = 9;
    private static final int PIXELS = Scenes.SIDE * Scenes.SIDE;
    /** The colors of the classes, red, green and blue. */
    private static final int[] COLORS = {0x202020, 0x0072b2, 0xd55e00, 0x009e73, 0xf0e442};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The U-Net", net(16, true), Input.floats(1, Scenes.SIDE, Scenes.SIDE, 1));
    }

    @Override
    public void run(Lab lab) {
        Scenes learn;
        Scenes test;
        try (Images images = ImageSet.FASHION_MNIST.images(null, lab.seed())) {
            learn = Scenes.draw(images.learn(), lab.of(3000, 500), lab.rng("learn"));
            test = Scenes.draw(images.test(), lab.of(500, 100), lab.rng("test"));
        }
        lab.put("learn", learn.images().length).put("test", test.images().length);
        lab.section("The scenes").put("side", Scenes.SIDE).put("window", WINDOW);
        int classes = Scenes.CLASSES.size();
        int width = lab.of(16, 8);
        Map<String, Layer> nets = new LinkedHashMap<>();
        nets.put("linear", new Conv(1, classes, WINDOW).pad(WINDOW / 2));
        nets.put("without skip connections", net(width, false));
        nets.put("U-Net", net(width, true));
        Table table = lab.table("scores", "said by");
        ImageSheet sheet = new ImageSheet(Scenes.SIDE, Scenes.SIDE, 3).columns(SHOWN);
        for (int i = 0; i < SHOWN; i++) {
            float[] image = test.images()[i];
            sheet.add(pixels(p -> 0x010101 * Math.round(255 * image[p])), i == 0 ? "scene" : "");
        }
        add(sheet, "truth", test.masks());
        row(table, sheet, "threshold", threshold(learn, test), test);
        try (Dataset learned = learn.dataset();
                Dataset tested = test.dataset()) {
            nets.forEach((name, net) -> row(table, sheet, name, trained(lab, name, net, learned, tested), test));
        }
        lab.section("Scores on the test").sheet("scenes.png", sheet);
        List<Table.Row> rows = table.rows();
        Table.Row without = rows.get(2);
        Table.Row unet = rows.get(3);
        double simple = Math.max(rows.get(0).get("mean IoU"), rows.get(1).get("mean IoU"));
        String edges = "pixels right at edges";
        lab.put("simple", simple).put("all", unet.get("pixels right") - without.get("pixels right"));
        double gain = unet.get("mean IoU") - simple;
        double sharper = unet.get(edges) - without.get(edges);
        lab.figure(Figure.of("U-Net, gain in mean IoU over the better of threshold and linear map", "", gain)
                        .baseline(simple, "the better of the two"))
                .figure(Figure.of("U-Net, gain by skip connections, pixels right at edges", "points", sharper)
                        .baseline(without.get(edges), without.name()));
    }

    private static Layer net(int width, boolean skips) {
        return new Sequential(Level.of(1, width, 3, skips), new Conv(width, Scenes.CLASSES.size(), 1));
    }

    /** The maps of the test by the brightness that parts garments and ground best in the scenes to learn from. */
    private static int[][] threshold(Scenes learn, Scenes test) {
        int levels = 100;
        long[] seen = new long[levels + 1];
        long[] objects = new long[levels + 1];
        long[] counts = new long[Scenes.CLASSES.size()];
        for (int i = 0; i < learn.images().length; i++) {
            for (int p = 0; p < PIXELS; p++) {
                int label = learn.masks()[i][p];
                int level = Math.round(levels * learn.images()[i][p]);
                counts[label]++;
                seen[level]++;
                objects[level] += label == 0 ? 0 : 1;
            }
        }
        long all = Arrays.stream(objects).sum();
        long hit = 0;
        long said = 0;
        double best = -1;
        int threshold = levels;
        for (int level = levels; level >= 0; level--) {
            hit += objects[level];
            said += seen[level];
            double iou = (double) hit / (all + said - hit);
            if (iou > best) {
                best = iou;
                threshold = level;
            }
        }
        int from = threshold;
        int commonest = IntStream.range(1, counts.length)
                .reduce((a, b) -> counts[b] > counts[a] ? b : a)
                .orElseThrow();
        return Arrays.stream(test.images())
                .map(image -> IntStream.range(0, PIXELS)
                        .map(p -> Math.round(levels * image[p]) >= from ? commonest : 0)
                        .toArray())
                .toArray(int[][]::new);
    }

    /** What a network says of the test after training. */
    private static int[][] trained(Lab lab, String name, Layer net, Dataset learn, Dataset test) {
        int epochs = lab.epochs(16, 3);
        List<int[]> maps = new ArrayList<>();
        try (Model<Layer> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(5e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            lab.train(name, "scenes", trainer, learn.shuffled(lab.seed()).batches(BATCH), epochs);
            test.forEach(batch -> {
                int[] said = model.net().apply(batch.x()).argmax(-1).toIntArray();
                for (int from = 0; from < said.length; from += PIXELS) {
                    maps.add(Arrays.copyOfRange(said, from, from + PIXELS));
                }
            });
        }
        return maps.toArray(int[][]::new);
    }

    // ---- the page

    private static void row(Table table, ImageSheet sheet, String name, int[][] said, Scenes test) {
        add(sheet, name, said);
        Segmentation score = Segmentation.of(said, test.masks(), Scenes.CLASSES.size());
        Table.Row row = table.row(name)
                .put("pixels right", "%.1f %%", 100 * score.pixels.accuracy())
                .put("pixels right at edges", "%.1f %%", 100 * score.edges.accuracy())
                .put("mean IoU", "%.3f", score.pixels.macro(c -> iou(score.pixels, c)))
                .put("IoU of garments", "%.3f", iou(score.objects, 1));
        for (int c = 0; c < Scenes.CLASSES.size(); c++) {
            row.put("IoU of " + Scenes.CLASSES.get(c), "%.2f", iou(score.pixels, c));
        }
    }

    /**
     * How well maps of classes agree with the true masks.
     *
     * @param pixels all pixels, by true and said class
     * @param edges those that have a neighbor of another class
     * @param objects all pixels, where every class but the first, which is the ground, counts as one
     */
    record Segmentation(ConfusionMatrix pixels, ConfusionMatrix edges, ConfusionMatrix objects) {
        /** Compares maps [n][pixels] with masks. */
        static Segmentation of(int[][] said, int[][] masks, int classes) {
            Segmentation all = new Segmentation(
                    new ConfusionMatrix(classes), new ConfusionMatrix(classes), new ConfusionMatrix(2));
            for (int i = 0; i < said.length; i++) {
                for (int p = 0; p < said[i].length; p++) {
                    all.pixels.add(masks[i][p], said[i][p]);
                    all.objects.add(Math.min(1, masks[i][p]), Math.min(1, said[i][p]));
                    if (Scenes.edge(masks[i], p)) {
                        all.edges.add(masks[i][p], said[i][p]);
                    }
                }
            }
            return all;
        }
    }

    /** Intersection over union, TP / (TP + FP + FN), from F1 = 2 TP / (2 TP + FP + FN). */
    static double iou(ConfusionMatrix counts, int label) {
        double f1 = counts.f1(label);
        return f1 / (2 - f1);
    }

    private static void add(ImageSheet sheet, String name, int[][] maps) {
        for (int i = 0; i < SHOWN; i++) {
            int[] map = maps[i];
            sheet.add(pixels(p -> COLORS[map[p]]), i == 0 ? name : "");
        }
    }

    /** Red, green and blue of each pixel. */
    private static byte[] pixels(IntUnaryOperator color) {
        byte[] pixels = new byte[3 * PIXELS];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (color.applyAsInt(i / 3) >> 8 * (2 - i % 3));
        }
        return pixels;
    }
}
