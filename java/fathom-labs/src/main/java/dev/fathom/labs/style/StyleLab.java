package dev.fathom.labs.style;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Photographs;
import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.data.StandIn;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Training;
import dev.fathom.image.Picture;
import dev.fathom.labs.style.Painting.Painted;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Neural style transfer and textures (Gatys, Ecker and Bethge 2015, 2016), and networks that paint in one pass (Johnson
 * et al. 2016).
 */
public final class StyleLab implements Experiment {
    private static final DataSet DATA = DataSet.of(
            "style-transfer",
            List.of("tubingen.jpg"),
            "put this photograph and the paintings into a folder",
            "public domain, BSD-3-Clause, CC BY",
            StyleLab::standIn);
    /** α / β, how much the content counts beside the style. */
    static final double RATIO = 1e-3;

    static final String STYLE = "distance to the style";
    static final String CONTENT = "distance to the content";
    static final String NO_CONTENT = "no content at all";

    private static void standIn(Path folder) {
        for (String name :
                List.of("tubingen.jpg", "amber.jpg", "starry_night_crop.png", "the_scream.jpg", "shipwreck.jpg")) {
            StandIn.picture(folder.resolve(name), 480, 360);
        }
    }

    /** A painting whose style is taken. */
    record Style(String title, Path file, PerceptualLoss loss) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network that paints", FastStyle.net(16, 3), 256, 256, 3);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(DATA, Pretrained.SQUEEZENET);
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
        try (Model<Layer> model = network.load(network.orStandIn())) {
            Perception eye = Perception.of(network, model.net());
            lab.put("network", eye.network()).put("layers", eye.styleLayers());
            lab.put("contentLayer", eye.contentLayer()).put("ratio", RATIO);
            List<Style> styles = new ArrayList<>();
            paintings.forEach((title, name) -> {
                Path file = folder.resolve(name);
                Picture painting = Picture.read(file, size);
                styles.add(new Style(
                        title,
                        file,
                        PerceptualLoss.of(eye, painting, 1, Painting.SMOOTH).ofRatio(RATIO, photo)));
            });
            lab.put("weight", styles.get(0).loss.weight());
            Painted first = transfer(lab, photo, styles);
            new RatioStudy(lab, photo, styles.get(0)).run(first);
            textures(lab, styles);
            new FastStudy(lab, photo, folder).run(styles);
        }
    }

    static Painted paint(Lab lab, String name, Painting painting, Picture begin, @Nullable Picture content) {
        return painting.paint(
                begin,
                content,
                (trainer, batches, canvas, epochs) -> lab.train(name, "iterations", trainer, batches, canvas, epochs),
                (iteration, preview) -> {});
    }

    static ImageSheet sheet(Picture first, int columns) {
        return new ImageSheet(first.height(), first.width(), 3).columns(columns);
    }

    /** Returns the first style, painted by L-BFGS. */
    private static Painted transfer(Lab lab, Picture photo, List<Style> styles) {
        int iterations = lab.of(200, 20);
        lab.section("A photograph in the styles of paintings").put("iterations", iterations);
        lab.put("most", Painting.ITERATIONS).put("looks", Painting.LOOKS);
        Table table = lab.table("transfer", "style");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ImageSheet sheet = sheet(photo, styles.size() + 1).add(photo.pixels(), "the photograph");
        List<Painted> painted = new ArrayList<>();
        for (Style style : styles) {
            double before = style.loss.distances(photo, photo)[1];
            for (boolean adam : new boolean[] {false, true}) {
                String name = style.title + (adam ? ", Adam" : ", L-BFGS");
                Painting painting = adam
                        ? Painting.asOftenByAdam(style.loss, iterations)
                        : Painting.byLBfgs(style.loss, iterations);
                Painted one = paint(lab, name, painting, photo, photo);
                double[][] curve = Training.curve(one.history(), "val_loss", Painting.LOOKS);
                curves.put(name, curve);
                table.row(name)
                        .put(STYLE, "%.1f %%", 100 * one.style() / before)
                        .baseline(100, "the photograph")
                        .put(CONTENT, "%.1f %%", 100 * one.content())
                        .baseline(100, NO_CONTENT)
                        .put("loss at the end", "%.3f", curve[1][curve[1].length - 1])
                        .cell("seconds", "%.1f", one.history().seconds());
                if (!adam) {
                    painted.add(one);
                    sheet.add(one.picture().pixels(), style.title);
                }
            }
        }
        lab.sheet("styles.png", sheet).curves("losses.png", "loss", "looks at the loss", curves);
        return painted.get(0);
    }

    private static void textures(Lab lab, List<Style> styles) {
        lab.section("Textures from noise");
        int side = lab.of(192, 64);
        Picture noise = Painting.noise(side, side, lab.seed());
        ImageSheet sheet = sheet(noise, 2);
        Table table = lab.table("textures", "texture");
        for (Style style : styles) {
            String name = style.title + ", texture";
            double before = style.loss.distances(noise, noise)[1];
            Picture whole = Picture.read(style.file, 2 * side);
            Picture part = Photographs.square(whole, (whole.height() - side) / 2, (whole.width() - side) / 2, side);
            double own = 100 * style.loss.distances(part, part)[1] / before;
            Painted painted = paint(lab, name, Painting.byLBfgs(style.loss, lab.of(200, 20)), noise, null);
            table.row(name)
                    .put(STYLE, "%.1f %%", 100 * painted.style() / before)
                    .baseline(own, "the middle of the painting")
                    .cell("that of the middle of the painting", "%.1f %%", own);
            sheet.add(part.pixels(), style.title).add(painted.picture().pixels(), name);
        }
        lab.sheet("textures.png", sheet);
    }
}
