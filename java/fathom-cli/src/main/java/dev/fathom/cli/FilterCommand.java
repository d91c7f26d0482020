package dev.fathom.cli;

import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.pages.Kernel;
import dev.fathom.experiments.pages.Look;
import dev.fathom.experiments.pages.Pages;
import dev.fathom.explain.Maps;
import dev.fathom.image.Preprocessing;
import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.ImageSheet;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom filter PHOTO}: what fixed filters make of a photograph, beside those that a network has learned. */
@Command(
        name = "filter",
        description =
                "Shows what edge, stripe, blur and sharpening filters, and yours, make of a photograph, beside the"
                        + " first layer of a network that was trained on ImageNet.",
        sortOptions = false)
public final class FilterCommand implements Callable<Integer> {
    /** Of the photograph, and how many maps of the learned layer are shown. */
    private static final Preprocessing INPUT =
            Preprocessing.IMAGENET.size(320, 320).shorter(320);

    private static final int MAPS = 12;

    private final PrintStream out;

    @Parameters(paramLabel = "PHOTO", description = "A PNG, JPEG or BMP file; its middle square is taken.")
    private Path photo;

    @Option(
            names = "--kernel",
            paramLabel = "ROWS",
            description = "A filter of your own, such as \"0,-1,0;-1,5,-1;0,-1,0\"; may be given several times.")
    private List<String> kernels = List.of();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description =
                    "The network whose first layer is shown (squeezenet1_1); ./fathom classify --list shows the names.")
    private String model = Pretrained.ALL.get(0).name();

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "The folder of its weights, if they are not in FATHOM_DATA or the cache folder.")
    private @Nullable Path data;

    @Mixin
    private Folder folder = new Folder();

    public FilterCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        Pretrained network = Pretrained.named(model, folder::misuse);
        List<Kernel> all = new ArrayList<>(Kernel.FIXED);
        for (String k : kernels) {
            all.add(Kernel.parse(k, k));
        }
        Photo picture = INPUT.read(photo);
        Pages pages = new Pages(folder.prepare("filter"), out);
        HtmlReport page = new HtmlReport("Filters on " + photo.getFileName())
                .text("A filter is laid over every place of the photograph; the pixels under it, each times its "
                        + "weight, are"
                        + " added up. Where the weights add up to nothing the result is the strength of a "
                        + "difference, shown"
                        + " in gray; else it is a photograph again. In the drawings gray is 0, white "
                        + "above it, black below.");
        picture.notes().forEach(note -> page.text("Of the photograph: " + note + "."));
        page.section("Made by hand");
        ImageSheet fixed = new ImageSheet(INPUT.height(), INPUT.height(), 3).columns(4);
        for (Kernel k : all) {
            fixed.add(k.picture(INPUT.height()), k.name() + ", " + k.height() + " x " + k.width());
            fixed.add(k.of(picture.pixels(), INPUT.height()), k.name());
        }
        pages.add(page, fixed, "filters.png", "the photograph under each filter");
        page.section("Learned");
        try {
            learned(network, page, pages);
        } catch (IllegalArgumentException e) {
            page.text("No learned filters are shown: " + e.getMessage() + ".");
            out.println("no learned filters: " + e.getMessage());
        }
        pages.finish(page);
        return 0;
    }

    private void learned(Pretrained network, HtmlReport page, Pages pages) {
        try (Model<Layer> loaded = network.load(network.folder(data));
                Pass pass = Pass.infer()) {
            Layer net = loaded.net();
            Photo picture = network.input().read(photo);
            Tensor x = network.input().tensor(picture);
            Look look = new Look(loaded, x);
            String name = look.firstConvolution();
            page.text("The filters of the first layer of " + network.name() + ", " + name
                    + ", which were learned and not made: as a rule edges in all directions, and colors "
                    + "against each other.");
            pages.add(page, look.filters(name), "learned.png", "the filters of the first layer");
            page.text("The " + MAPS + " maps with the largest values that they make of the photograph.");
            pages.add(page, Look.sheet(Maps.of(net, x, name), MAPS), "learned-maps.png", "the maps of the first layer");
        }
    }
}
