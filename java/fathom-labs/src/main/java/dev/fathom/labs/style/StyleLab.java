package dev.fathom.labs.style;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Photographs;
import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.Table;
import dev.fathom.image.Picture;
import dev.fathom.labs.style.FastStyle.Served;
import dev.fathom.labs.style.Painting.Painted;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.train.Run;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Neural style transfer and textures (Gatys, Ecker and Bethge 2015, 2016), and networks that paint in one pass (Johnson
 * et al. 2016).
 */
public final class StyleLab implements Experiment {
    private static final DataSet DATA = new DataSet(
            "style-transfer", List.of("tubingen.jpg"), "put this photograph and the paintings into a folder");
    private static final float WEIGHT = 100;
    /** For the networks: they have no photograph to begin with, and would paint the style alone. */
    private static final float FAST_WEIGHT = 4;

    private static final int BATCH = 4;
    private static final String STYLE = "distance to the style";
    private static final String CONTENT = "distance to the content";
    private static final String NO_CONTENT = "no content at all";

    /** A painting whose style is taken. */
    private record Style(String title, Path file, PerceptualLoss loss) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network that paints", FastStyle.net(16, 3), Input.floats(1, 256, 256, 3));
    }

    @Override
    public void run(Lab lab) {
        Path folder = DATA.folder(lab.data());
        int size = lab.of(256, 64);
        lab.put("size", size).section("The loss");
        Picture photo = Picture.read(folder.resolve("tubingen.jpg"), size);
        Pretrained network = Pretrained.ALL.get(0);
        Map<String, String> paintings = new LinkedHashMap<>();
        paintings.put("Starry Night", "starry_night_crop.png");
        if (!lab.brief()) {
            paintings.put("The Scream", "the_scream.jpg");
            paintings.put("Shipwreck", "shipwreck.jpg");
        }
        try (Model<Layer> model = network.load(network.folder(null))) {
            Perception eye = Perception.of(network, model.net());
            lab.put("network", eye.network()).put("layers", eye.styleLayers());
            lab.put("contentLayer", eye.contentLayer()).put("weight", WEIGHT);
            List<Style> styles = new ArrayList<>();
            paintings.forEach((title, name) -> {
                Path file = folder.resolve(name);
                Picture painting = Picture.read(file, size);
                styles.add(new Style(title, file, PerceptualLoss.of(eye, painting, WEIGHT, Painting.SMOOTH)));
            });
            transfer(lab, photo, styles);
            textures(lab, styles);
            fast(lab, photo, styles, folder);
        }
    }

    private static Painted paint(Lab lab, String name, Painting painting, Picture begin, @Nullable Picture content) {
        return painting.paint(
                begin,
                content,
                (trainer, batches, canvas, epochs) -> lab.train(name, "iterations", trainer, batches, canvas, epochs),
                (iteration, preview) -> {});
    }

    private static ImageSheet sheet(Picture first, int columns) {
        return new ImageSheet(first.height(), first.width(), 3).columns(columns);
    }

    /** The distance to the content of {@code photo} and to the style. */
    private static double[] terms(PerceptualLoss loss, Picture picture, Picture photo) {
        try (Pass pass = Pass.infer()) {
            PerceptualLoss.Terms terms = loss.of(picture.tensor(), loss.content(photo.tensor()));
            return new double[] {terms.content().item(), terms.style().item()};
        }
    }

    private static double[][] curve(Run history, String of, int each) {
        double[][] curve = history.curve(of);
        return new double[][] {
            Arrays.stream(curve[0]).map(epoch -> each * epoch).toArray(), curve[1]
        };
    }

    // ---- the pixels as parameters

    private static void transfer(Lab lab, Picture photo, List<Style> styles) {
        int iterations = lab.of(200, 20);
        lab.section("A photograph in the styles of paintings").put("iterations", iterations);
        lab.put("most", Painting.ITERATIONS).put("looks", Painting.LOOKS);
        Table table = lab.table("transfer", "style");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ImageSheet sheet = sheet(photo, styles.size() + 1).add(photo.pixels(), "the photograph");
        for (Style style : styles) {
            double before = terms(style.loss, photo, photo)[1];
            Map<String, Painting> ways = new LinkedHashMap<>();
            ways.put("L-BFGS", Painting.byLBfgs(style.loss, iterations));
            ways.put("Adam", Painting.asOftenByAdam(style.loss, iterations));
            ways.forEach((way, painting) -> {
                String name = style.title + ", " + way;
                Painted one = paint(lab, name, painting, photo, photo);
                double[][] curve = curve(one.history(), "val_loss", Painting.LOOKS);
                curves.put(name, curve);
                table.row(name)
                        .put(STYLE, "%.1f %%", 100 * one.style() / before)
                        .baseline(100, "the photograph")
                        .put(CONTENT, "%.1f %%", 100 * one.content())
                        .baseline(100, NO_CONTENT)
                        .put("loss at the end", "%.3f", curve[1][curve[1].length - 1])
                        .cell("seconds", "%.1f", one.history().seconds());
                if (way.equals("L-BFGS")) {
                    sheet.add(one.picture().pixels(), style.title);
                }
            });
        }
        lab.sheet("styles.png", sheet).curves("losses.png", "loss", "looks at the loss", curves);
    }

    // ---- textures

    private static void textures(Lab lab, List<Style> styles) {
        lab.section("Textures from noise");
        int side = lab.of(192, 64);
        Picture noise = Painting.noise(side, side, lab.seed());
        ImageSheet sheet = sheet(noise, 2);
        Table table = lab.table("textures", "texture").named("{row}, {column}");
        for (Style style : styles) {
            String name = style.title + ", texture";
            double before = terms(style.loss, noise, noise)[1];
            Picture whole = Picture.read(style.file, 2 * side);
            Picture part = Photographs.square(whole, (whole.height() - side) / 2, (whole.width() - side) / 2, side);
            double own = 100 * terms(style.loss, part, part)[1] / before;
            Painted painted = paint(lab, name, Painting.byLBfgs(style.loss, lab.of(200, 20)), noise, null);
            table.row(name)
                    .put(STYLE, "%.1f %%", 100 * painted.style() / before)
                    .baseline(own, "the middle of the painting")
                    .cell("that of the middle of the painting", "%.1f %%", own);
            sheet.add(part.pixels(), style.title).add(painted.picture().pixels(), name);
        }
        lab.sheet("textures.png", sheet);
    }

    // ---- networks that paint in one pass

    private static void fast(Lab lab, Picture photo, List<Style> styles, Path folder) {
        int side = lab.of(96, 48);
        int steps = lab.of(100, 3);
        int epochs = lab.epochs(10, 2);
        List<Picture> photographs = photographs(folder, lab.of(224, 112), side);
        lab.section("One network for each style").put("crops", BATCH * steps).put("side", side);
        lab.put("photographs", photographs.size()).put("steps", epochs * steps).put("batch", BATCH);
        lab.put("fastWeight", FAST_WEIGHT).put("width", photo.width()).put("height", photo.height());
        Table table = lab.table("fast", "style");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ImageSheet sheet = sheet(photo, styles.size() + 1).add(photo.pixels(), "the photograph");
        try (Dataset crops = FastStyle.crops(photographs, side, BATCH * steps, lab.seed())) {
            for (Style style : styles) {
                try (Model<Sequential> model = Model.of(FastStyle.net(lab.of(16, 8), lab.of(3, 1)), lab.seed())) {
                    PerceptualLoss loss = style.loss.weighted(FAST_WEIGHT);
                    String name = style.title + ", a network for it";
                    Run history = FastStyle.train(lab, name, model, loss, crops, BATCH, epochs);
                    Served served = FastStyle.served(model, photo, lab.of(40, 5));
                    double[] after = terms(style.loss, served.picture(), photo);
                    Table.Row row = table.named("{row}, network, {column}").row(style.title);
                    row.put(STYLE, "%.1f %%", 100 * after[1] / terms(style.loss, photo, photo)[1])
                            .baseline(100, "the photograph")
                            .put(CONTENT, "%.1f %%", 100 * after[0])
                            .baseline(100, NO_CONTENT)
                            .cell("parameters", model.parameterCount())
                            .cell("seconds of training", Math.round(history.seconds()));
                    table.named("{row}, {column}");
                    row.put("milliseconds per photograph", "%.1f ms", served.milliseconds())
                            .put("frozen bits that differ, 1 for any", "%d", served.same() ? 0 : 1);
                    curves.put(style.title, curve(history, "loss", steps));
                    String caption = Findings.line("%s, %.0f ms", style.title, served.milliseconds());
                    sheet.add(served.picture().pixels(), caption);
                }
            }
        }
        lab.sheet("fast.png", sheet).curves("training.png", "loss", "steps", curves);
    }

    /**
     * The photographs at hand except the one that is painted, as far as both of their sides have as many pixels as a
     * crop.
     */
    private static List<Picture> photographs(Path folder, int size, int least) {
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
