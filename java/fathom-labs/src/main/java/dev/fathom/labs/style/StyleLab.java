package dev.fathom.labs.style;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.image.Picture;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Pretrained;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.style.FastStyle.Served;
import dev.fathom.labs.style.Painting.Painted;
import dev.fathom.labs.training.Training;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Neural style transfer and textures (Gatys, Ecker and Bethge 2015, 2016), and networks that paint in one pass (Johnson
 * et al. 2016).
 */
public final class StyleLab implements OldExperiment {
    private static final float WEIGHT = 100;
    /** For the networks: they have no photograph to begin with, and would paint the style alone. */
    private static final float FAST_WEIGHT = 4;

    /** A painting whose style is taken. */
    private record Style(String file, String title) {}

    private static final List<Style> STYLES = List.of(
            new Style("starry_night_crop.png", "Starry Night"),
            new Style("the_scream.jpg", "The Scream"),
            new Style("shipwreck.jpg", "Shipwreck"));

    @Override
    public String name() {
        return "style";
    }

    @Override
    public Findings run(LabRun run) {
        Path folder = pictures(run);
        int size = run.of(256, 64);
        Picture photo = Picture.read(folder.resolve("tubingen.jpg"), size);
        Pretrained network = Pretrained.ALL.get(0);
        Findings page = run.page("Lab style", line("a photograph and three paintings, %d pixels", size));
        try (Model<Layer> model = network.load(network.folder(null))) {
            Perception perception = Perception.of(network, model.net());
            about(page, perception);
            Map<Style, PerceptualLoss> losses = new LinkedHashMap<>();
            for (Style style : run.brief() ? STYLES.subList(0, 1) : STYLES) {
                Picture painting = Picture.read(folder.resolve(style.file), size);
                losses.put(style, PerceptualLoss.of(perception, painting, WEIGHT, Painting.SMOOTH));
            }
            boolean whole = transfer(run, page, photo, losses)
                    && textures(run, page, losses, folder)
                    && fast(run, page, photo, losses, folder);
            return whole ? page.finished() : page;
        }
    }

    /** The folder of the photograph and the paintings. */
    private static Path pictures(LabRun run) {
        List<Path> places = run.data() != null ? List.of(run.data()) : ImageSet.places("style-transfer");
        return places.stream()
                .filter(place -> Files.isRegularFile(place.resolve("tubingen.jpg")))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the pictures are not here: " + places.get(0)
                        + " has no tubingen.jpg; put it and the paintings there, or name their folder with --data"));
    }

    private static void about(Findings page, Perception perception) {
        page.section("The loss", "")
                .text(line(
                        "%s, which was trained on ImageNet, sees the pictures; it stands in for VGG-19, the "
                                + "network of the paper, which has a hundred "
                                + "times as many weights. The style is in the Gram matrices of its layers %s, "
                                + "which hold the mean product of any two "
                                + "channels, and the content is in the maps of %s. Distances are squares, "
                                + "relative to the squares of what is wanted; "
                                + "the style is the mean over its layers and counts %.0f times. So 0 is reached "
                                + "where everything is as in the "
                                + "painting or the photograph, and 1 is the distance of nothing at all. Nothing "
                                + "is published for this network, so "
                                + "the page compares with the photograph itself and with noise.",
                        perception.network(), perception.styleLayers(), perception.contentLayer(), WEIGHT));
    }

    // ---- the pixels as parameters

    private static boolean transfer(LabRun run, Findings page, Picture photo, Map<Style, PerceptualLoss> losses) {
        int iterations = run.of(200, 20);
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ImageSheet sheet = sheet(photo).columns(losses.size() + 1).add(photo.pixels(), "the photograph");
        for (Map.Entry<Style, PerceptualLoss> style : losses.entrySet()) {
            String title = style.getKey().title;
            double[] before = terms(style.getValue(), photo, photo);
            for (boolean adam : new boolean[] {false, true}) {
                String name = title + (adam ? ", Adam" : ", L-BFGS");
                run.training().say("%n== %s", name);
                Painting painting = adam
                        ? Painting.asOftenByAdam(style.getValue(), iterations)
                        : Painting.byLBfgs(style.getValue(), iterations);
                Painted one = painting.paint(
                        photo, photo, run.training(), run.folder().resolve(file(name)), (iteration, preview) -> {});
                if (run.interrupt().requested()) {
                    break;
                }
                if (!adam) {
                    sheet.add(one.picture().pixels(), title);
                }
                rows.add(List.of(
                        name,
                        line("%.4f", before[1]),
                        line("%.4f", one.style()),
                        line("%.3f", one.content()),
                        line("%.1f", one.history().seconds())));
                curves.put(name, curve(one.history()));
                page.figure(Figure.of(name + ", distance to the style", "%", 100 * one.style() / before[1])
                                .baseline(100, "the photograph"))
                        .figure(Figure.of(name + ", distance to the content", "%", 100 * one.content())
                                .baseline(100, "no content at all"));
            }
        }
        if (rows.isEmpty()) {
            return false;
        }
        page.section("A photograph in the styles of paintings", "")
                .text(line(
                        "The pixels begin as those of the photograph and are changed by an optimizer, %d "
                                + "iterations of L-BFGS or steps of Adam at a rate of "
                                + "0.02. A step of L-BFGS ends after %d iterations, or after the iteration in "
                                + "which it has looked at the loss for the %dth "
                                + "time. For each such step Adam takes %d, of one look each, so that both see the "
                                + "loss about equally often; the curves "
                                + "have the loss of the picture after each step of L-BFGS, and after as many "
                                + "looks of Adam. The pictures are those of "
                                + "L-BFGS.",
                        iterations, Painting.ITERATIONS, Painting.LOOKS, Painting.LOOKS))
                .picture("styles.png", "A photograph in the styles of paintings", sheet::render)
                .table(
                        List.of(
                                "style",
                                "distance of the photograph to it",
                                "of the result",
                                "of the result to the content",
                                "seconds"),
                        rows)
                .text(conclusion(curves))
                .series(
                        "losses.png",
                        "Loss of the picture over the looks at the loss, by L-BFGS and by Adam",
                        "loss",
                        "looks at the loss",
                        curves);
        return !run.interrupt().requested();
    }

    /** Which optimizer ends with the smaller loss. */
    static String conclusion(Map<String, double[][]> curves) {
        List<String> words = new ArrayList<>();
        curves.forEach((name, curve) -> {
            double[][] other = curves.get(name.replace("L-BFGS", "Adam"));
            if (name.endsWith("L-BFGS") && other != null) {
                double ours = curve[1][curve[1].length - 1];
                double adam = other[1][other[1].length - 1];
                words.add(line(
                        "%s ends with a loss of %.3f by L-BFGS and %.3f by Adam after about as many looks",
                        name.replace(", L-BFGS", ""), ours, adam));
            }
        });
        return words.isEmpty() ? "" : String.join("; ", words) + ".";
    }

    private static ImageSheet sheet(Picture like) {
        return new ImageSheet(like.height(), like.width(), 3);
    }

    private static String file(String name) {
        return Training.fileName(name);
    }

    /** The distance to the content of {@code photo} and to the style. */
    private static double[] terms(PerceptualLoss loss, Picture picture, Picture photo) {
        try (Pass pass = Pass.infer()) {
            PerceptualLoss.Terms terms = loss.of(picture.tensor(), loss.content(photo.tensor()));
            return new double[] {terms.content().item(), terms.style().item()};
        }
    }

    private static double[][] curve(Run history) {
        double[] losses = history.series("val_loss");
        return new double[][] {
            IntStream.rangeClosed(1, losses.length)
                    .mapToDouble(e -> Painting.LOOKS * e)
                    .toArray(),
            losses
        };
    }

    // ---- textures

    private static boolean textures(LabRun run, Findings page, Map<Style, PerceptualLoss> losses, Path folder) {
        int side = run.of(192, 64);
        Picture noise = StylePictures.noise(side, side, run.seed());
        ImageSheet sheet = sheet(noise).columns(2);
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<Style, PerceptualLoss> style : losses.entrySet()) {
            String title = style.getKey().title;
            run.training().say("%n== %s, texture", title);
            double before = terms(style.getValue(), noise, noise)[1];
            Picture part =
                    new Picture(middle(Picture.read(folder.resolve(style.getKey().file), 2 * side), side), side, side);
            double own = 100 * terms(style.getValue(), part, part)[1] / before;
            Painted painted = Painting.byLBfgs(style.getValue(), run.of(200, 20))
                    .paint(
                            noise,
                            null,
                            run.training(),
                            run.folder().resolve(file(title + " texture")),
                            (iteration, preview) -> {});
            if (run.interrupt().requested()) {
                break;
            }
            rows.add(List.of(
                    title, line("%.4f", before), line("%.4f", own * before / 100), line("%.4f", painted.style())));
            page.figure(Figure.of(title + ", texture, distance to the style", "%", 100 * painted.style() / before)
                    .baseline(own, "the middle of the painting"));
            sheet.add(part.pixels(), title).add(painted.picture().pixels(), title + ", texture");
        }
        if (rows.isEmpty()) {
            return false;
        }
        page.section("Textures from noise", "")
                .text("Without content, L-BFGS makes of noise a picture with the same Gram matrices: strokes, "
                        + "colors and scales of the painting at no "
                        + "particular place. The paintings beside them are cut to their middle.")
                .picture("textures.png", "Paintings, and textures that were made from noise", sheet::render)
                .table(
                        List.of(
                                "texture of",
                                "distance of noise to it",
                                "of the middle of the painting",
                                "of the result"),
                        rows);
        return !run.interrupt().requested();
    }

    private static byte[] middle(Picture picture, int side) {
        byte[] pixels = new byte[3 * side * side];
        int top = (picture.height() - side) / 2;
        int left = (picture.width() - side) / 2;
        for (int y = 0; y < side; y++) {
            System.arraycopy(
                    picture.pixels(), 3 * ((top + y) * picture.width() + left), pixels, 3 * y * side, 3 * side);
        }
        return pixels;
    }

    // ---- networks that paint in one pass

    private static boolean fast(
            LabRun run, Findings page, Picture photo, Map<Style, PerceptualLoss> losses, Path folder) {
        int side = run.of(96, 48);
        int batch = 4;
        int steps = run.of(100, 3);
        int epochs = run.epochs(10, 2);
        List<Picture> photographs = photographs(folder, run.of(224, 112), side);
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        ImageSheet sheet = sheet(photo).columns(losses.size() + 1).add(photo.pixels(), "the photograph");
        try (Dataset crops = FastStyle.crops(photographs, side, batch * steps, run.seed())) {
            for (Map.Entry<Style, PerceptualLoss> style : losses.entrySet()) {
                String title = style.getKey().title;
                run.training().say("%n== %s, a network for it", title);
                try (Model<Sequential> model = Model.of(FastStyle.net(run.of(16, 8), run.of(3, 1)), run.seed())) {
                    PerceptualLoss loss = style.getValue().weighted(FAST_WEIGHT);
                    Path checkpoints = run.folder().resolve(file(title + " network"));
                    Run history = FastStyle.train(model, loss, crops, batch, epochs, run.training(), checkpoints);
                    if (run.interrupt().requested()) {
                        break;
                    }
                    Served served = FastStyle.served(model, photo, run.of(40, 5));
                    double[] before = terms(style.getValue(), photo, photo);
                    double[] after = terms(style.getValue(), served.picture(), photo);
                    rows.add(List.of(
                            title,
                            line("%,d", model.parameterCount()),
                            line("%.4f", before[1]),
                            line("%.4f", after[1]),
                            line("%.3f", after[0]),
                            line("%.0f", history.seconds()),
                            line("%.1f", served.milliseconds()),
                            served.same() ? "the same" : "others"));
                    curves.put(title, new double[][] {
                        IntStream.rangeClosed(1, history.epochs().size())
                                .mapToDouble(e -> e * steps)
                                .toArray(),
                        history.series("loss")
                    });
                    sheet.add(served.picture().pixels(), line("%s, %.0f ms", title, served.milliseconds()));
                    page.key(Figure.of(title + ", milliseconds per photograph", "ms", served.milliseconds()))
                            .figure(Figure.of(
                                            title + ", network, distance to the style", "%", 100 * after[1] / before[1])
                                    .baseline(100, "the photograph"))
                            .figure(Figure.of(title + ", network, distance to the content", "%", 100 * after[0])
                                    .baseline(100, "no content at all"))
                            .figure(Figure.of(
                                    title + ", frozen bits that differ, 1 for any", "", served.same() ? 0 : 1));
                }
            }
        }
        if (rows.isEmpty()) {
            return false;
        }
        page.section("One network for each style", "")
                .text(line(
                        "A network with instance norms is trained on %,d crops of %d x %d pixels from %d "
                                + "photographs to make the same loss small in one "
                                + "pass, for %d steps of %d crops. Its weight of the style is %.0f: its output "
                                + "does not begin as the photograph. "
                                + "The photograph above is not among them. Frozen to a plan, it paints "
                                + "photographs of %d x %d pixels.",
                        batch * steps,
                        side,
                        side,
                        photographs.size(),
                        epochs * steps,
                        batch,
                        FAST_WEIGHT,
                        photo.width(),
                        photo.height()))
                .picture("fast.png", "A photograph painted by a network for each style", sheet::render)
                .table(
                        List.of(
                                "style",
                                "parameters",
                                "distance of the photograph to it",
                                "of the result",
                                "of the result to the content",
                                "seconds of training",
                                "milliseconds per photograph",
                                "frozen bits"),
                        rows)
                .series("training.png", "Loss of the networks over the steps", "loss", "steps", curves);
        return !run.interrupt().requested();
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
