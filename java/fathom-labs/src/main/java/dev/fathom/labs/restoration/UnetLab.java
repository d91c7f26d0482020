package dev.fathom.labs.restoration;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.GarmentScenes;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Conv;
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

/** Segmentation by a U-Net: generated scenes of garments on a textured ground, in which every pixel gets a class. */
public final class UnetLab implements Experiment {
    private static final int SHOWN = 6;
    private static final int WINDOW = 9;
    private static final int PIXELS = GarmentScenes.SIDE * GarmentScenes.SIDE;
    /** The colors of the classes, red, green and blue. */
    private static final int[] COLORS = {0x202020, 0x0072b2, 0xd55e00, 0x009e73, 0xf0e442};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The U-Net", net(16, true), GarmentScenes.SIDE, GarmentScenes.SIDE, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        GarmentScenes learn;
        GarmentScenes test;
        try (Images images = ImageSet.FASHION_MNIST.images(null, lab.seed())) {
            learn = GarmentScenes.draw(images.learn(), lab.of(3000, 500), lab.rng("learn"));
            test = GarmentScenes.draw(images.test(), lab.of(500, 100), lab.rng("test"));
        }
        lab.put("learn", learn.images().length).put("test", test.images().length);
        lab.section("The scenes").put("side", GarmentScenes.SIDE).put("window", WINDOW);
        int classes = GarmentScenes.CLASSES.size();
        int width = lab.of(16, 8);
        Map<String, Layer> nets = new LinkedHashMap<>();
        nets.put("linear", new Conv(1, classes, WINDOW).pad(WINDOW / 2));
        nets.put("without skip connections", net(width, false));
        nets.put("U-Net", net(width, true));
        Table table = lab.table("scores", "said by");
        ImageSheet sheet = new ImageSheet(GarmentScenes.SIDE, GarmentScenes.SIDE, 3).columns(SHOWN);
        for (int i = 0; i < SHOWN; i++) {
            float[] image = test.images()[i];
            sheet.add(pixels(p -> 0x010101 * Math.round(255 * image[p])), i == 0 ? "scene" : "");
        }
        add(sheet, "truth", test.masks());
        row(table, sheet, "threshold", Threshold.of(learn).maps(test), test);
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
        lab.figure("U-Net, gain in mean IoU over the better of threshold and linear map", "", gain)
                .baseline(simple, "the better of the two")
                .figure("U-Net, gain by skip connections, pixels right at edges", "points", sharper)
                .baseline(without.get(edges), without.name());
    }

    private static Layer net(int width, boolean skips) {
        return new Sequential(Level.of(1, width, 3, skips), new Conv(width, GarmentScenes.CLASSES.size(), 1));
    }

    /** What a network says of the test after training. */
    private static int[][] trained(Lab lab, String name, Layer net, Dataset learn, Dataset test) {
        int epochs = lab.epochs(16, 3);
        List<int[]> maps = new ArrayList<>();
        try (Model<Layer> model = Model.of(net, lab.seed())) {
            var trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(5e-3f)).schedule(Schedule.cosine(epochs));
            lab.train(name, "scenes", trainer, learn, 8, epochs);
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

    private static void row(Table table, ImageSheet sheet, String name, int[][] said, GarmentScenes test) {
        add(sheet, name, said);
        Segmentation score = Segmentation.of(said, test.masks(), GarmentScenes.CLASSES.size());
        Table.Row row = table.row(name)
                .put("pixels right", "%.1f %%", 100 * score.pixels().accuracy())
                .put("pixels right at edges", "%.1f %%", 100 * score.edges().accuracy())
                .put("mean IoU", "%.3f", score.pixels().macro(c -> Segmentation.iou(score.pixels(), c)))
                .put("IoU of garments", "%.3f", Segmentation.iou(score.objects(), 1));
        for (int c = 0; c < GarmentScenes.CLASSES.size(); c++) {
            row.put("IoU of " + GarmentScenes.CLASSES.get(c), "%.2f", Segmentation.iou(score.pixels(), c));
        }
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
