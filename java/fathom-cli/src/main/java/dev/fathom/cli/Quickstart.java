package dev.fathom.cli;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.NetworkEntry;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.experiments.training.Training;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.PlanFile;
import dev.fathom.plan.Spec;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.LivePage;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code fathom quickstart}: 784-256-128-10, ReLU, dropout 0.4 and 0.3 (235,146 parameters), learns 55,000 images by
 * cross-entropy and Adam; 5,000 more choose the best epoch; the 10,000 of the test are looked at once, at the end.
 */
@Command(
        name = "quickstart",
        description = "Trains a small network on 60,000 real images, in seconds, and writes a report.",
        sortOptions = false)
public final class Quickstart implements Callable<Integer> {
    private static final int RATE_EPOCHS = 20;
    private static final int SIDE = 28;
    /** Images held out that the live page shows. */
    private static final int SHOWN = 24;

    private static final String PLAN = "net.plan";

    /** The sets of gray images of 28 x 28 pixels, which its network takes. */
    static final class Gray implements ITypeConverter<ImageSet> {
        @Override
        public ImageSet convert(String name) {
            try {
                return ImageSet.named(name, ImageSet.FASHION_MNIST, ImageSet.MNIST);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private final PrintStream out;
    private final PrintStream err;

    @Option(
            names = "--data",
            paramLabel = "SET",
            defaultValue = "fashion-mnist",
            converter = Gray.class,
            description = "fashion-mnist (the default), or mnist, which ./fathom data mnist fetches.")
    private ImageSet set;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "30",
            description = "The number of epochs (${DEFAULT-VALUE}).")
    private int epochs;

    @Option(
            names = "--rate",
            paramLabel = "X",
            defaultValue = "0.001",
            description = "The learning rate of Adam (${DEFAULT-VALUE}).")
    private float rate;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "128",
            description = "The number of images in each step (${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--live",
            arity = "0..1",
            fallbackValue = "8080",
            paramLabel = "PORT",
            description =
                    "Shows the training on a page while it runs, with buttons to pause and stop it, on this port of"
                            + " this machine (8080).")
    private @Nullable Integer live;

    @Mixin
    private Options options = new Options();

    public Quickstart(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        options.atLeastOne("--epochs", epochs);
        options.atLeastOne("--batch", batch);
        if (!(rate > 0 && rate < Float.POSITIVE_INFINITY)) {
            throw options.misuse("--rate " + rate + ": choose a number above 0, such as 0.001");
        }
        Path data = set.folder();
        Path folder = options.prepare("quickstart");
        try (LivePage page = live == null ? null : new LivePage(live);
                Interrupt interrupt = Interrupt.install(err);
                Images images = set.images(data, options.seed())) {
            int most = images.learn().size();
            if (batch > most) {
                throw options.misuse(
                        line("--batch %d: there are %,d images to learn from; choose at most that", batch, most));
            }
            Training training = new Training(out, err, interrupt, options.seed(), options.resume());
            if (page != null) {
                training = training.with(page.examples(model -> shown(model, images)));
                training.say("Open %s in a browser to watch.", page.address());
            }
            training.say(
                    "%s: %,d images to learn from, %,d to choose the best epoch by",
                    images.title(), most, images.choose().size());
            Recipe recipe = new Recipe(
                    epochs,
                    batch,
                    new Adam(rate),
                    (epochsDone, stepsDone) -> epochsDone < RATE_EPOCHS ? 1 : 0.1,
                    "Adam " + rate + (epochs > RATE_EPOCHS ? ", a tenth of it after epoch " + RATE_EPOCHS : ""));
            NetworkEntry entry = new NetworkEntry("Fathom", network(), recipe);
            try (Images flat = images.flattened();
                    TrainedEntry outcome = training.run(entry, flat, 0, folder)) {
                if (outcome == null || interrupt.requested()) {
                    return Interrupt.CODE;
                }
                savePlan(outcome, folder.resolve(PLAN));
            }
            training.say("  %-16s the frozen network, with the names of its classes", PLAN);
            training.say("%n%s", next(folder));
            return 0;
        }
    }

    /** What a model says of some images held out. */
    private static ImageSheet shown(Model<?> model, Images images) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1);
        int n = Math.min(SHOWN, images.choose().size());
        try (Dataset some =
                images.choose().subset(IntStream.range(0, n).toArray()).flattened()) {
            int[] classes = model.predict(some).classes();
            some.forEach(batch ->
                    sheet.addAll(batch.x().toArray(), i -> images.classes().get(classes[i])));
        }
        return sheet;
    }

    /** A plan that takes the pixels as they are, from 0 to 255, with the names of the classes. */
    private static void savePlan(TrainedEntry outcome, Path file) {
        try (Plan plan = Plan.freeze(
                outcome.model(),
                (net, in) ->
                        Map.of("logits", net.apply(in[0].to(DType.F32).div(255).flatten(1))),
                Spec.of("pixels", DType.U8, Dim.BATCH, SIDE, SIDE))) {
            String classes = String.join("\n", outcome.images().classes());
            PlanFile.save(file, Map.of("images", plan), Map.of(ServeCommand.CLASSES, classes));
        }
    }

    private static Sequential network() {
        return new Sequential(
                new Linear(784, 256).act(RELU),
                new Dropout(0.4f),
                new Linear(256, 128).act(RELU),
                new Dropout(0.3f),
                new Linear(128, 10));
    }

    private String next(Path folder) {
        boolean digits = set == ImageSet.MNIST;
        return String.join(
                System.lineSeparator(),
                "Next:",
                "  open " + folder.resolve("report.html") + " in a browser",
                step("serve " + folder.resolve(PLAN), "answers by HTTP, with a page to draw on"),
                step("quickstart --seed " + (options.seed() + 1), "another start; the same seed, the same bits"),
                digits
                        ? step("quickstart", "clothes")
                        : step("quickstart --data mnist", "digits; ./fathom data mnist fetches them"),
                step("lab --list", "experiments with larger networks"),
                step("example", "a course of small programs"),
                step("test", "builds everything and runs all tests"),
                step("bench", "measures"),
                line("  %-40s %s", "docs/guide.md", "a layer, a loop and a service of your own"));
    }

    private static String step(String command, String what) {
        return line("  %-40s %s", "./fathom " + command, what);
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
