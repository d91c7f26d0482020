package dev.fathom.cli;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.pages.Look;
import dev.fathom.experiments.pages.Pages;
import dev.fathom.explain.Deconvnet;
import dev.fathom.explain.GradCam;
import dev.fathom.explain.Maps;
import dev.fathom.explain.Maximization;
import dev.fathom.explain.ReceptiveField;
import dev.fathom.explain.Responses;
import dev.fathom.explain.Saliency;
import dev.fathom.explain.Unit;
import dev.fathom.image.ImageFolder;
import dev.fathom.image.Preprocessing;
import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import dev.fathom.view.Shades;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom see MODEL PHOTO}: looks into a network while it sees a photograph, and leaves a page of pictures. */
@Command(
        name = "see",
        description =
                "Shows what a network makes of a photograph: where it looks, its filters and maps, what its channels"
                        + " respond to, what its classes look like to it, and which photographs it finds similar.",
        sortOptions = false)
public final class SeeCommand implements Callable<Integer> {
    private static final int MAPS = 16;
    private static final int TOP = 9;
    private static final int CHANNELS = 3;
    private static final int NEAREST = 5;
    private static final int MOST = 2000;

    private final PrintStream out;

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "The name of a network, or a .safetensors file that was saved with a model card; ./fathom "
                    + "classify --list shows the names. With --graph also a formula, such as '(x + y) * z'.")
    private String model;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "PHOTO",
            description = "A PNG, JPEG or BMP file; with --graph and a formula the values of its variables, such as "
                    + "x=-2 y=5 z=-4.")
    private List<String> given = List.of();

    private Path photo = Path.of("");

    @Option(
            names = "--graph",
            description = "Draws the layers of the network with the shapes of what flows between them instead, or the "
                    + "calls of a formula with their numbers and gradients.")
    private boolean graph;

    @Option(
            names = "--photos",
            paramLabel = "FOLDER",
            description =
                    "Photographs to search for what channels respond to, and for neighbors (by default CIFAR-10's test"
                            + " images for a network that knows its classes, and the folder of PHOTO for others).")
    private @Nullable Path photos;

    @Option(
            names = "--layer",
            paramLabel = "NAME",
            description = "A layer to look into, as the page's table names it; may be repeated (by default the last of "
                    + "each size).")
    private List<String> layers = List.of();

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "The folder of the weights and names, if they are not in FATHOM_DATA or the cache folder.")
    private @Nullable Path data;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "Steps of the search for what a class looks like (${DEFAULT-VALUE}); 0 leaves it out.")
    private int steps;

    @Mixin
    private Folder folder = new Folder();

    public SeeCommand(PrintStream out) {
        this.out = out;
    }

    /** Pictures to search, as bytes of the size that the network takes. */
    private record Pictures(String name, List<byte[]> pixels, List<String> names) {}

    @Override
    public Integer call() {
        if (graph) {
            return draw();
        }
        if (given.size() != 1) {
            throw folder.misuse("see takes a MODEL and one PHOTO, and " + given.size() + " photographs were given");
        }
        photo = Path.of(given.get(0));
        Pretrained network = Pretrained.named(model, folder::misuse);
        if (steps < 0) {
            throw folder.misuse("--steps " + steps + ": choose 0 or more");
        }
        Path weights = network.folder(data);
        List<String> classes = network.classes(weights);
        Photo picture = network.input().read(photo);
        Pages pages = new Pages(folder.prepare("see/" + network.title()), out);
        try (Model<Layer> loaded = network.load(weights);
                Pass pass = Pass.infer()) {
            new Tour(network, loaded, classes, picture, pages).write();
        }
        return 0;
    }

    private int draw() {
        if (given.isEmpty() && (model.matches("\\w+") || model.endsWith(".safetensors"))) {
            Pretrained network = Pretrained.named(model, folder::misuse);
            int size = network.input().height();
            try (Model<Layer> loaded = network.load(network.folder(data))) {
                write(network.title(), Diagram.of(network.title(), loaded, Input.floats(1, size, size, 3)));
            }
        } else {
            try (Pass pass = Pass.grad()) {
                write("formula", Formula.diagram(model, given, pass));
            } catch (IllegalArgumentException e) {
                throw folder.misuse(String.valueOf(e.getMessage()));
            }
        }
        return 0;
    }

    private void write(String name, Diagram diagram) {
        Path file = folder.prepare("see/" + name).resolve("graph.png");
        Plots.write(diagram.render(), file);
        out.print(diagram);
        out.println("The picture is " + file);
    }

    /** One network, one photograph, one page. */
    private final class Tour {
        private final Pretrained network;
        private final Model<Layer> loaded;
        private final Layer net;
        private final List<String> classes;
        private final Photo picture;
        private final Pages pages;
        private final Preprocessing input;
        private final int size;
        private final Tensor x;
        private final Look look;
        private final List<String> stages;
        private final int[] best;
        private final float[] shares;
        private final HtmlReport page;

        Tour(Pretrained network, Model<Layer> loaded, List<String> classes, Photo picture, Pages pages) {
            this.network = network;
            this.loaded = loaded;
            this.net = loaded.net();
            this.classes = classes;
            this.picture = picture;
            this.pages = pages;
            input = network.input();
            size = input.height();
            x = input.tensor(picture);
            look = new Look(loaded, x);
            layers.forEach(look::maps);
            stages = layers.isEmpty() ? look.stages() : layers;
            shares = Tensor.of(look.outputs(), 1, classes.size()).softmax(-1).toArray();
            best = IntStream.range(0, shares.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(k -> -shares[k]))
                    .limit(5)
                    .mapToInt(k -> k)
                    .toArray();
            page = new HtmlReport("What " + network.title() + " sees in " + photo.getFileName());
        }

        void write() {
            Pictures pictures = pictures();
            page.figure("It says", classes.get(best[0]), percent(shares[best[0]]) + " of its confidence");
            page.figure("Parameters", String.format(Locale.ROOT, "%,d", loaded.parameterCount()));
            page.figure("It takes", size + " x " + size + " pixels");
            picture.notes().forEach(note -> page.text("Of the photograph: " + note + "."));
            where();
            filters();
            maps();
            if (pictures.pixels().size() > 1) {
                channels(pictures);
            }
            if (steps > 0) {
                liked();
            }
            page.section("What each layer sees of the picture")
                    .text("A place of a layer's result depends on so many pixels (field) along each side, the "
                            + "next place on"
                            + " those so many pixels further (jump); start is the middle of the first "
                            + "field. Padding counts.")
                    .pre(ReceptiveField.table(loaded, Shape.of(1, size, size, 3)));
            pages.finish(page);
        }

        private void where() {
            String last = stages.get(stages.size() - 1);
            ImageSheet sheet = new ImageSheet(size, size, 3).columns(4).add(picture.pixels(), "what it gets");
            Maps saliency = Saliency.of(net, x, Unit.output(best[0])).magnitude();
            sheet.add(
                    color(Shades.gray(Look.coarse(saliency.values(), size, Math.max(1, size / 56)))),
                    "saliency of " + classes.get(best[0]));
            for (int k = 0; k < 2 && k < best.length; k++) {
                Maps cam = GradCam.of(net, x, last, best[k]);
                sheet.add(
                        Shades.heat(picture.pixels(), Look.enlarged(cam, size)),
                        "Grad-CAM of " + classes.get(best[k]) + ", " + percent(shares[best[k]]));
            }
            page.section("Where it looks")
                    .table(
                            List.of("class", "share"),
                            IntStream.of(best)
                                    .mapToObj(k -> List.of(classes.get(k), percent(shares[k])))
                                    .toList())
                    .text("Saliency is how much the class's score would change with a pixel (large pictures: "
                            + "the mean of a few);"
                            + " Grad-CAM which places of " + last + " speak for the class, from blue to red.");
            pages.add(page, sheet, "where.png", "saliency and Grad-CAM");
        }

        private void filters() {
            String first = look.firstConvolution();
            page.section("The filters of " + first);
            pages.add(page, look.filters(first), "filters.png", "the filters of the first convolution");
        }

        private void maps() {
            page.section("Maps")
                    .text("The " + MAPS + " maps of each layer with the largest values, from black to white.");
            for (String layer : stages) {
                Maps maps = look.maps(layer);
                page.text(layer + ": " + maps.channels() + " maps of "
                        + maps.shape().dim(0) + " x " + maps.shape().dim(1));
                pages.add(page, Look.sheet(maps, MAPS), "maps-" + layer + ".png", "maps of " + layer);
            }
        }

        // ---- many pictures

        private Pictures pictures() {
            List<byte[]> pixels = new ArrayList<>();
            List<String> names = new ArrayList<>();
            if (photos == null && network.set().equals("cifar10")) {
                try (Dataset test = ImageSet.CIFAR10.read(ImageSet.CIFAR10.folder(), true)) {
                    for (int i = 0; i < Math.min(MOST, test.size()); i++) {
                        pixels.add(test.pixels(i));
                        names.add(classes.get(test.label(i)));
                    }
                    return new Pictures("CIFAR-10's test", pixels, names);
                } catch (IllegalArgumentException e) {
                    out.println("  (" + e.getMessage() + "; the folder of the photograph is searched instead)");
                }
            }
            Set<ByteBuffer> seen = new HashSet<>();
            Path from = photos != null ? photos : photo.toAbsolutePath().resolveSibling("");
            try (Stream<Path> files = Files.list(from)) {
                for (Path f : files.filter(ImageFolder::isPicture)
                        .sorted()
                        .limit(MOST)
                        .toList()) {
                    try {
                        byte[] one = input.read(f).pixels();
                        if (seen.add(ByteBuffer.wrap(one))) { // a photograph may be there in two formats
                            pixels.add(one);
                            names.add(f.getFileName().toString());
                        }
                    } catch (IllegalArgumentException e) {
                        out.println("  (" + e.getMessage() + ")");
                    }
                }
            } catch (IOException | UncheckedIOException e) {
                throw new IllegalArgumentException(from + ": the folder cannot be read; name another with --photos", e);
            }
            Path name = from.getFileName();
            return new Pictures(name == null ? from.toString() : name.toString(), pixels, names);
        }

        private Tensor tensor(byte[] pixels) {
            return input.tensor(new Photo(pixels, size, size, List.of()));
        }

        private void channels(Pictures pictures) {
            List<Responses> all = Responses.of(
                    net, pictures.pixels().size(), i -> tensor(pictures.pixels().get(i)), stages);
            page.section("What channels respond to")
                    .text("Of " + pictures.pixels().size() + " pictures (" + pictures.name() + ") those to which the "
                            + CHANNELS
                            + " mostActive channels of each layer respond most, cut to the field of the place"
                            + " that did; below each what of it came back from that one number through the layers,"
                            + " transposed: pools put values where they came from, ReLUs pass the positive part of what"
                            + " comes back (Zeiler and Fergus 2014). Gray is nothing; of the rest the root is "
                            + "shown. In a network"
                            + " without max pools what comes back is the same for every picture.");
            for (Responses r : all) {
                ReceptiveField.Axis field = ReceptiveField.of(loaded, Shape.of(1, size, size, 3), r.layer())
                        .axes()
                        .get(0);
                int side = (int) Math.max(3, Math.min(size / 2, Math.round(field.field())));
                ImageSheet sheet = new ImageSheet(side, side, 3).columns(TOP);
                for (int channel : r.mostActive(CHANNELS)) {
                    List<byte[]> back = new ArrayList<>();
                    for (Responses.Peak p : r.top(channel, TOP)) {
                        byte[] pixels = pictures.pixels().get(p.image());
                        Look.Cut cut = new Look.Cut(
                                size,
                                field.start() + p.row() * field.jump(),
                                field.start() + p.column() * field.jump(),
                                side);
                        String value = String.format(Locale.ROOT, "%.3g", p.value());
                        sheet.add(cut.of(pixels), back.isEmpty() ? "channel " + channel + ": " + value : value);
                        Maps projection =
                                Deconvnet.of(net, tensor(pixels), new Unit(r.layer(), channel), p.row(), p.column());
                        back.add(Shades.signed(Look.root(cut.of(projection.values()))));
                    }
                    while (back.size() < TOP) { // few pictures: the row is filled
                        sheet.add(blank(side), "");
                        back.add(blank(side));
                    }
                    back.forEach(b -> sheet.add(b, ""));
                }
                page.text(r.layer() + ": fields of " + Math.round(field.field()) + " x " + Math.round(field.field())
                        + " pixels" + (side < field.field() ? ", of which the middle " + side + " x " + side : ""));
                pages.add(
                        page, sheet, "channels-" + r.layer() + ".png", "what channels of " + r.layer() + " respond to");
            }
            neighbors(pictures, all.get(all.size() - 1));
        }

        private byte[] blank(int side) {
            byte[] white = new byte[side * side * 3];
            Arrays.fill(white, (byte) -1);
            return white;
        }

        private void neighbors(Pictures pictures, Responses last) {
            float[] own =
                    Responses.of(net, 1, i -> x, List.of(last.layer())).get(0).features(0);
            ImageSheet sheet =
                    new ImageSheet(size, size, 3).columns(NEAREST + 1).add(picture.pixels(), "the photograph");
            for (Responses.Neighbor n : last.nearest(own, NEAREST + 1)) {
                if (n.distance() > 0 && sheet.images().size() <= NEAREST) { // not itself
                    sheet.add(
                            pictures.pixels().get(n.image()),
                            pictures.names().get(n.image()) + String.format(Locale.ROOT, "\n%.2f", n.distance()));
                }
            }
            page.section("Alike to it")
                    .text("The pictures whose features, the means of the maps of " + last.layer()
                            + ", are nearest to the photograph's, and how far they are.");
            pages.add(page, sheet, "neighbors.png", "the nearest neighbors");
        }

        // ---- what a unit likes

        private void liked() {
            Maximization search = Maximization.USUAL.steps(steps);
            String middle = stages.get(stages.size() / 2);
            List<Unit> units =
                    List.of(Unit.output(best[0]), Unit.output(best[1]), new Unit(middle, 0), new Unit(middle, 1));
            ImageSheet sheet = new ImageSheet(size, size, 3).columns(4);
            for (Unit unit : units) {
                Maximization.Found found = search.of(net, Shape.of(1, size, size, 3), unit, 1);
                String name = unit.layer().isEmpty()
                        ? classes.get(unit.channel())
                        : unit.layer() + ", channel " + unit.channel();
                sheet.add(
                        seen(found.input().values()),
                        String.format(Locale.ROOT, "%s\n%.2f to %.2f", name, found.before(), found.value()));
            }
            page.section("What it would like to see")
                    .text("From a little noise, " + steps
                            + " steps up the gradient of a class's score, or of a channel's mean,"
                            + " with some decay and blur: no photograph, and the network is surer of it than of any."
                            + " Below each the value at the start and at the end.");
            pages.add(page, sheet, "liked.png", "inputs that classes and channels like");
        }

        /** What the network gets as what people see. */
        private byte[] seen(float[] values) {
            byte[] bytes = new byte[values.length];
            for (int i = 0; i < bytes.length; i++) {
                float v = 255
                        * (values[i] * input.deviation().get(i % 3)
                                + input.mean().get(i % 3));
                bytes[i] = (byte) Math.max(0, Math.min(255, Math.round(v)));
            }
            return bytes;
        }
    }

    private static byte[] color(byte[] gray) {
        byte[] rgb = new byte[3 * gray.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = gray[i / 3];
        }
        return rgb;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
