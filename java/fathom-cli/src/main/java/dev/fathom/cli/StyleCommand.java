package dev.fathom.cli;

import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.Training;
import dev.fathom.image.Picture;
import dev.fathom.labs.style.Painting;
import dev.fathom.labs.style.Perception;
import dev.fathom.labs.style.PerceptualLoss;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.train.Run;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code fathom style CONTENT STYLE}: paints a photograph in the style of a picture, or a texture where only one
 * picture is named.
 */
@Command(
        name = "style",
        description = "Paints a photograph in the style of a picture. Where only one picture is named, its texture is "
                + "painted from noise.",
        sortOptions = false)
public final class StyleCommand implements Callable<Integer> {
    /** Pixels of a side of which the layers of all networks leave some. */
    private static final int SMALLEST = 32;

    private static final int LARGEST = 4096;

    private final PrintStream out;
    private final PrintStream err;

    @Parameters(
            arity = "1..2",
            paramLabel = "PICTURE",
            description = "A photograph and the picture whose style it gets, as PNG, JPEG or BMP.")
    private Path[] files = {};

    @Option(
            names = "--size",
            paramLabel = "N",
            defaultValue = "384",
            description = "Pixels of the longer side (${DEFAULT-VALUE}).")
    private int size;

    @Option(
            names = "--iterations",
            paramLabel = "N",
            defaultValue = "300",
            description = "Iterations of the optimizer (${DEFAULT-VALUE}), with a preview after every 20.")
    private int iterations;

    @Option(
            names = "--weight",
            paramLabel = "W",
            defaultValue = "100",
            description = "How much the style counts beside the content (${DEFAULT-VALUE}).")
    private float weight;

    @Option(names = "--adam", description = "Uses Adam in place of L-BFGS.")
    private boolean adam;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "squeezenet1_1",
            description = "The network that sees the pictures: squeezenet1_1, vgg16 or vgg19 (${DEFAULT-VALUE}).")
    private String model = "";

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "The folder of its weights, if they are not in FATHOM_DATA or the cache folder.")
    private @Nullable Path data;

    @Mixin
    private Options options = new Options();

    public StyleCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (size < SMALLEST || size > LARGEST) {
            throw options.misuse("--size " + size + ": choose at least " + SMALLEST + " and at most " + LARGEST);
        }
        options.atLeastOne("--iterations", iterations);
        if (!(weight > 0 && weight < Float.POSITIVE_INFINITY)) {
            throw options.misuse("--weight " + weight + ": choose a number above 0");
        }
        Pretrained network = Pretrained.named(model, options::misuse);
        Perception.check(network);
        Picture first = picture(files[0]);
        Picture style = files.length == 1 ? first : picture(files[1]);
        Path folder = options.prepare("style");
        try (Interrupt interrupt = Interrupt.install(err);
                Model<Layer> loaded = network.load(network.folder(data))) {
            Training training = new Training(out, err, interrupt, options.seed(), options.resume());
            PerceptualLoss loss =
                    PerceptualLoss.of(Perception.of(network, loaded.net()), style, weight, Painting.SMOOTH);
            Painting painting = adam ? Painting.byAdam(loss, iterations) : Painting.byLBfgs(loss, iterations);
            Picture begin = files.length == 1 ? Painting.noise(size, size, options.seed()) : first;
            Painting.Painted painted = painting.paint(
                    begin,
                    files.length == 1 ? null : first,
                    (trainer, batches, canvas, epochs) -> {
                        Run run = training.attach(trainer, folder, "iterations").fit(batches, canvas, epochs);
                        run.notes().forEach(note -> training.say("%s", note));
                        return run;
                    },
                    (iteration, picture) -> Painting.write(
                            picture, folder.resolve(String.format(Locale.ROOT, "preview-%04d.png", iteration))));
            Path result = folder.resolve("styled.png");
            Painting.write(painted.picture(), result);
            out.println(result);
            return interrupt.requested() ? Interrupt.CODE : 0;
        }
    }

    /** Reads a picture whose shorter side the networks can see, too. */
    private Picture picture(Path file) {
        Picture picture = Picture.read(file, size);
        if (Math.min(picture.height(), picture.width()) < SMALLEST) {
            throw new IllegalArgumentException(file + ": at --size " + size + " it has " + picture.width() + " x "
                    + picture.height() + " pixels; both sides need at least " + SMALLEST
                    + ", so choose a larger size, or cut the picture");
        }
        return picture;
    }
}
