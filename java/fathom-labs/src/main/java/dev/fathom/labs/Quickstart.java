package dev.fathom.labs;

import static dev.fathom.tensor.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Shape;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.Classification;
import dev.fathom.train.EpochLog;
import dev.fathom.train.History;
import dev.fathom.train.Metric;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Trainer;
import dev.fathom.view.ProgressBar;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code fathom quickstart}: 784-256-128-10, ReLU, dropout 0.4 and 0.3 (235,146 parameters), learns 55,000 images by cross-entropy and Adam;
 * 5,000 more choose the best epoch; the 10,000 of the test are looked at once, at the end.
 */
@Command(
        name = "quickstart",
        description = "Trains a small network on 60,000 real images, in seconds, and writes a report.",
        sortOptions = false)
final class Quickstart implements Callable<Integer> {
    static final int INTERRUPTED = 130;

    private static final int RATE_EPOCHS = 20;
    /** One image in twelve is held out: 5,000 of 60,000. */
    private static final int HELD_OUT = 12;

    private final PrintStream out;
    private final PrintStream err;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "SET",
            defaultValue = "fashion-mnist",
            converter = ImageSet.Converter.class,
            description = "fashion-mnist (the default), or mnist, which ./fathom data mnist fetches.")
    private ImageSet set;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "30",
            description = "How often every image is seen (${DEFAULT-VALUE}).")
    private int epochs;

    @Option(
            names = "--rate",
            paramLabel = "X",
            defaultValue = "0.001",
            description = "Learning rate of Adam (${DEFAULT-VALUE}).")
    private float rate;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "128",
            description = "Images of a step (${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Of weights, order, dropout and choice of the images held out (${DEFAULT-VALUE}); the same seed gives the same bits.")
    private long seed;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads to compute with (all processors); the results are the same for any number.")
    private @Nullable Integer threads;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            defaultValue = "out/quickstart",
            description = "Where the files go (${DEFAULT-VALUE}).")
    private Path folder;

    @Option(
            names = "--resume",
            description =
                    "Writes a checkpoint after each epoch and goes on from the newest in the output folder, if there is one.")
    private boolean resume;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this.")
    private boolean help;

    Quickstart(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        atLeastOne("--epochs", epochs);
        atLeastOne("--batch", batch);
        if (!(rate > 0 && rate < Float.POSITIVE_INFINITY)) {
            throw misuse("--rate " + rate + ": choose a number above 0, such as 0.001");
        }
        if (threads != null && (threads < 1 || threads > NativeRuntime.MAX_THREADS)) {
            throw misuse("--threads " + threads + ": choose 1 to " + NativeRuntime.MAX_THREADS);
        }
        Path data = set.folder();
        set.check(data);
        checkWritable();
        if (threads != null) {
            NativeRuntime.get().threads(threads);
        }
        try (Interrupt interrupt = Interrupt.install(err)) {
            return learn(data, interrupt);
        }
    }

    private int learn(Path data, Interrupt interrupt) {
        try (Dataset images = set.read(data, false);
                var model = Model.of(network(), seed)) {
            Dataset.Split split = images.flattened().split(Math.max(1, images.size() / HELD_OUT), seed);
            if (batch > split.rest().size()) {
                throw misuse(line(
                        "--batch %d: there are %,d images to learn from; choose at most that",
                        batch, split.rest().size()));
            }
            String summary =
                    model.summary(Shape.of(1, (int) split.rest().featureShape().size()));
            say(
                    "%s: %,d images to learn from, %,d to choose the best epoch by",
                    set.title(), split.rest().size(), split.heldOut().size());
            say("%n%s", summary);
            String plan = line(
                    "%d %s in batches of %d, Adam %s%s, seed %d",
                    epochs,
                    epochs == 1 ? "epoch" : "epochs",
                    batch,
                    rate,
                    epochs > RATE_EPOCHS ? ", a tenth of it after epoch " + RATE_EPOCHS : "",
                    seed);
            say("%s%n%s%n", plan, Main.machine());

            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(rate))
                    .schedule(finished -> finished < RATE_EPOCHS ? 1 : 0.1)
                    .metrics(Metric.accuracy())
                    .keepBest("val_accuracy")
                    .seed(seed);
            trainer.callbacks(
                    out == System.out ? new ProgressBar() : new ProgressBar(out, false), interrupt.stopping(trainer));
            if (resume) {
                Path checkpoints = folder.resolve("checkpoints");
                trainer.checkpoints(Checkpoints.in(checkpoints));
                if (Checkpoints.newest(checkpoints).isPresent()) {
                    trainer.resume(checkpoints);
                }
            }
            long start = System.nanoTime();
            History history;
            try {
                history = trainer.fit(split.rest().shuffled(seed).batches(batch), split.heldOut(), epochs);
            } catch (NonFiniteLossException e) {
                EpochLog best = keep(e.history(), model);
                if (best != null) {
                    say("%nThe figures so far and the weights of epoch %d are in %s.", best.epoch(), folder);
                }
                throw e;
            }
            double seconds = (System.nanoTime() - start) / 1e9;

            history.notes().forEach(note -> say("%s", note));
            EpochLog best = keep(history, model); // first what cannot be made again
            if (best == null) {
                return INTERRUPTED;
            }
            boolean whole = history.epochs().size() == epochs;
            say(
                    "%n%s in %.1f s. Epoch %d is kept, the best on the images held out: %.2f %%.",
                    whole ? "Trained" : "Stopped after " + history.epochs().size() + " of " + epochs + " epochs,",
                    seconds,
                    best.epoch(),
                    100 * best.value("val_accuracy"));

            try (Dataset test = set.read(data, true)) {
                Classification answers = Classification.of(model, test.flattened());
                double[] interval = answers.confusion().wilson95();
                say(
                        "Test accuracy %.2f %%, 95 %% interval %.2f to %.2f %% (%,d of %,d right).",
                        100 * answers.confusion().accuracy(),
                        100 * interval[0],
                        100 * interval[1],
                        answers.confusion().correct(),
                        answers.size());
                Frozen frozen = Frozen.of(model, split.heldOut());
                say("Frozen: one image in %.1f microseconds, %s.", frozen.microseconds(), frozen.agreement());
                String missing = new Report(set, history, seconds, answers, test, summary, plan, frozen).write(folder);
                say("%nIn %s:%n%s", folder, Report.contents(missing.isEmpty()));
                if (!missing.isEmpty()) {
                    err.println("fathom: without curves.png, confusion.png and wrong.png: " + missing);
                }
            }
            if (interrupt.requested()) {
                return INTERRUPTED;
            }
            say("%n%s", next());
            return 0;
        }
    }

    /** Writes the figures of every epoch and the weights of the best, which is returned; null where no epoch was finished. */
    private @Nullable EpochLog keep(History history, Model<?> model) {
        EpochLog best = history.best();
        if (best == null) {
            say("%nStopped before the first epoch was finished: there is nothing to write.");
        } else {
            history.writeCsv(folder.resolve("history.csv"));
            model.save(folder.resolve("net.safetensors"));
        }
        return best;
    }

    private static Sequential network() {
        return new Sequential(
                new Linear(784, 256).act(RELU),
                new Dropout(0.4f),
                new Linear(256, 128).act(RELU),
                new Dropout(0.3f),
                new Linear(128, 10));
    }

    private String next() {
        boolean digits = set == ImageSet.MNIST;
        return String.join(
                System.lineSeparator(),
                "Next:",
                "  open " + folder.resolve("report.html") + " in a browser",
                step("quickstart --seed " + (seed + 1), "another start; the same seed, the same bits"),
                digits
                        ? step("quickstart", "clothes")
                        : step("quickstart --data mnist", "digits; ./fathom data mnist fetches them"),
                step("example", "a course of small programs"),
                step("test", "builds everything and runs all tests"),
                step("bench", "measures"),
                line("  %-33s %s", "README.md, \"A tour\"", "a layer, a loop and a service of your own"));
    }

    private static String step(String command, String what) {
        return line("  %-33s %s", "./fathom " + command, what);
    }

    private void atLeastOne(String option, int value) {
        if (value < 1) {
            throw misuse(option + " " + value + ": choose at least 1");
        }
    }

    /** Before the training, so that nobody waits for what cannot be kept. */
    private void checkWritable() {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, "writable", null));
        } catch (IOException e) {
            throw misuse("--out " + folder + ": "
                    + (Files.exists(folder) && !Files.isDirectory(folder) ? "it is a file" : "it cannot be written")
                    + "; choose another folder");
        }
    }

    private ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void say(String format, Object... values) {
        out.println(line(format, values));
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
