package dev.fathom.labs.style;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Training;
import dev.fathom.image.Picture;
import dev.fathom.labs.style.FastStyle.Served;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.train.Run;
import dev.fathom.view.ImageSheet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Networks that paint in one pass, one for each style.
 *
 * @param photo what they paint
 * @param folder has a photograph to learn from beside those of other data sets
 */
record FastStudy(Lab lab, Picture photo, Path folder) {
    /** The networks have no photograph to begin with, and would paint the style alone by the weight of the others. */
    private static final float WEIGHT = 4;

    private static final int BATCH = 4;

    /** Trains a network for each style, and serves it. */
    void run(List<StyleLab.Style> styles) {
        int side = lab.of(96, 48);
        int steps = lab.of(100, 3);
        int epochs = lab.epochs(10, 2);
        List<Picture> photographs = photographs(lab.of(224, 112), side);
        lab.section("One network for each style").put("crops", BATCH * steps).put("side", side);
        lab.put("photographs", photographs.size()).put("steps", epochs * steps).put("batch", BATCH);
        lab.put("fastWeight", WEIGHT).put("width", photo.width()).put("height", photo.height());
        Table table = lab.table("fast", "style");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ImageSheet sheet = StyleLab.sheet(photo, styles.size() + 1).add(photo.pixels(), "the photograph");
        try (Dataset crops = FastStyle.crops(photographs, side, BATCH * steps, lab.seed())) {
            for (StyleLab.Style style : styles) {
                try (Model<Sequential> model = Model.of(FastStyle.net(lab.of(16, 8), lab.of(3, 1)), lab.seed())) {
                    PerceptualLoss loss = style.loss().weighted(WEIGHT);
                    String name = style.title() + ", a network for it";
                    Run history = FastStyle.train(lab, name, model, loss, crops, BATCH, epochs);
                    Served served = FastStyle.served(model, photo, lab.of(40, 5));
                    double[] after = style.loss().distances(served.picture(), photo);
                    Table.Row row = table.named("{row}, network, {column}").row(style.title());
                    row.put(
                                    StyleLab.STYLE,
                                    "%.1f %%",
                                    100 * after[1] / style.loss().distances(photo, photo)[1])
                            .baseline(100, "the photograph")
                            .put(StyleLab.CONTENT, "%.1f %%", 100 * after[0])
                            .baseline(100, StyleLab.NO_CONTENT)
                            .cell("parameters", model.parameterCount())
                            .cell("seconds of training", Math.round(history.seconds()));
                    table.named("{row}, {column}");
                    row.put("milliseconds per photograph", "%.1f ms", served.milliseconds())
                            .put("frozen bits that differ, 1 for any", "%d", served.same() ? 0 : 1);
                    curves.put(style.title(), Training.curve(history, "loss", steps));
                    sheet.add(served.picture().pixels(), line("%s, %.0f ms", style.title(), served.milliseconds()));
                }
            }
        }
        lab.sheet("fast.png", sheet).curves("training.png", "loss", "steps", curves);
    }

    /**
     * The photographs at hand except the one that is painted, as far as both of their sides have as many pixels as a
     * crop.
     */
    private List<Picture> photographs(int size, int least) {
        List<Path> files = new ArrayList<>(List.of(folder.resolve("amber.jpg")));
        for (String place : List.of("photos", "islr/book_images")) {
            ImageSet.places(place).stream()
                    .filter(Files::isDirectory)
                    .findFirst()
                    .ifPresent(found -> {
                        try (Stream<Path> all = Files.list(found)) {
                            all.filter(f -> f.toString().matches(".*\\.(png|jpg)"))
                                    .sorted()
                                    .forEach(files::add);
                        } catch (IOException e) {
                            throw new UncheckedIOException(found + " cannot be listed", e);
                        }
                    });
        }
        return files.stream()
                .map(file -> Picture.read(file, size))
                .filter(p -> Math.min(p.height(), p.width()) >= least)
                .toList();
    }
}
