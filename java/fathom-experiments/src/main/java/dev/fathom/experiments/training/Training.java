package dev.fathom.experiments.training;

import dev.fathom.assess.Classification;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Provenance;
import dev.fathom.image.Augment;
import dev.fathom.image.ModelCard;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.Group;
import dev.fathom.train.Callback;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.ProgressBar;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One network taught, kept, tested and frozen, with all that came of it in a folder: what the quickstart does once, and
 * a lab for each of its networks.
 *
 * @param out what people read
 * @param err what went wrong
 * @param callbacks that hear of each training, too
 */
public record Training(
        PrintStream out, PrintStream err, Interrupt interrupt, long seed, boolean resume, List<Callback> callbacks) {
    private static final int MOST_LINES = 48;

    /** Without callbacks but those that every training has. */
    public Training(PrintStream out, PrintStream err, Interrupt interrupt, long seed, boolean resume) {
        this(out, err, interrupt, seed, resume, List.of());
    }

    /** Returns this training with another callback. */
    public Training with(Callback callback) {
        return new Training(
                out,
                err,
                interrupt,
                seed,
                resume,
                Stream.concat(callbacks.stream(), Stream.of(callback)).toList());
    }

    /**
     * Teaches the network of {@code entry}, keeps the weights of the epoch that is best on the images held out, and
     * looks at the test once.
     *
     * @param every steps between two looks at the images held out; 0 for looks after each epoch only
     * @return to be closed; null where it was stopped before the first epoch was finished
     */
    @Nullable
    public TrainedEntry run(NetworkEntry entry, Images images, int every, Path folder) {
        Model<Layer> model = Model.of(entry.net(), seed);
        TrainedEntry outcome = null;
        try {
            outcome = run(entry, model, images, every, folder);
            return outcome;
        } finally {
            if (outcome == null) {
                model.close();
            }
        }
    }

    private @Nullable TrainedEntry run(NetworkEntry entry, Model<Layer> model, Images images, int every, Path folder) {
        Recipe recipe = entry.recipe();
        Shape one = example(images.learn().featureShape());
        String summary = model.summary(one);
        String plan = recipe.plan(seed);
        say("%n%s%n%s%n%s%n", abridged(summary), plan, Provenance.line());

        var trainer = Trainer.of(model, Loss.crossEntropy(), recipe.optimizer())
                .schedule(recipe.schedule())
                .groups(recipe.groups().toArray(Group[]::new))
                .metrics(Metric.accuracy())
                .keepBest("val_accuracy")
                .seed(seed);
        Milestones milestones = every == 0
                ? null
                : new Milestones(trainer, every, folder.resolve("milestones.csv"), looked(images.choose()));
        if (milestones != null) {
            trainer = trainer.callbacks(milestones);
        }
        trainer = attach(trainer, folder, "images");
        Run history;
        try {
            history = trainer.fit(
                    images.learn().shuffled(seed).batches(recipe.batch()).augment(Augment.all(entry.augment())),
                    images.choose(),
                    recipe.epochs());
        } catch (NonFiniteLossException e) {
            EpochLog best = keep(e.run(), model, entry, images, folder);
            if (best != null) {
                say("%nThe figures so far and the weights of epoch %d are in %s.", best.epoch(), folder);
            }
            throw e;
        }
        double seconds = history.seconds();

        history.notes().forEach(note -> say("%s", note));
        EpochLog best = keep(history, model, entry, images, folder); // first what cannot be made again
        if (best == null) {
            return null;
        }
        int epochs = history.epochs().size();
        say(
                "%n%s in %.1f s. Epoch %d is kept, the best on the images held out: %.2f %%.",
                epochs == recipe.epochs()
                        ? "Trained"
                        : "Stopped after " + epochs + " of " + recipe.epochs() + " epochs,",
                seconds,
                best.epoch(),
                100 * best.value("val_accuracy"));
        Classification answers = Classification.of(model, images.test());
        double[] interval = answers.confusion().accuracyInterval95();
        say(
                "Test accuracy %.2f %%, 95 %% interval %.2f to %.2f %% (%,d of %,d right).",
                100 * answers.confusion().accuracy(),
                100 * interval[0],
                100 * interval[1],
                answers.confusion().correct(),
                answers.size());
        Frozen frozen = Frozen.of(model, images.choose());
        say("Frozen: one image in %.1f microseconds, %s.", frozen.microseconds(), frozen.agreement());
        TrainedEntry outcome = new TrainedEntry(
                entry,
                images,
                model,
                model.parameterCount(),
                model.multiplyAdds(one),
                summary,
                plan,
                history,
                seconds,
                milestones == null ? epochs(history) : milestones.points(0),
                answers,
                frozen);
        ClassifierReport report = new ClassifierReport(images, outcome);
        String missing = report.write(folder);
        say("%nIn %s:%n%s", folder, report.contents(missing.isEmpty()));
        if (!missing.isEmpty()) {
            err.println("fathom: without curves.png, confusion.png and wrong.png: " + missing);
        }
        return outcome;
    }

    /**
     * Returns {@code trainer} with what every training in a terminal has: a bar that shows how far it is, an end at
     * Ctrl-C, and checkpoints in {@code folder}, from whose newest it goes on where a person asked to resume. What was
     * finished before is not trained again. To be called last, when the trainer has everything else.
     *
     * @param examples what the bar calls the examples, such as {@code sentences}
     */
    public <M extends Net> Trainer<M> attach(Trainer<M> trainer, Path folder, String examples) {
        ProgressBar bar = out == System.out ? new ProgressBar() : ProgressBar.lines(out);
        return attachQuietly(trainer.callbacks(bar.unit(examples)), folder);
    }

    /**
     * Returns {@code trainer} with all of that but the bar: for a training of a few seconds in a thousand epochs, whose
     * lines would hide what a person looks for.
     */
    public <M extends Net> Trainer<M> attachQuietly(Trainer<M> trainer, Path folder) {
        Checkpoints checkpoints = Checkpoints.in(folder.resolve("checkpoints"))
                .every(Duration.ofSeconds(10))
                .withoutBest()
                .replace();
        Trainer<M> writing = trainer.callbacks(callbacks.toArray(Callback[]::new))
                .callbacks(interrupt.stopping())
                .checkpoints(checkpoints);
        return resume && Checkpoints.newest(checkpoints.folder()).isPresent()
                ? writing.resume(checkpoints.folder())
                : writing;
    }

    /** A table whose middle is left out where no screen would hold it. */
    static String abridged(String table) {
        List<String> lines = table.lines().toList();
        int out = lines.size() - MOST_LINES;
        return out <= 0
                ? table
                : String.join("\n", lines.subList(0, MOST_LINES - 6)) + "\n... " + out
                        + " more, all of them in report.html\n"
                        + String.join("\n", lines.subList(lines.size() - 6, lines.size()));
    }

    /** Enough of the images held out to see how accurate a network has become. */
    private static Batches looked(Dataset choose) {
        int n = Math.min(2000, choose.size());
        return choose.take(0, n).batches(Math.min(500, n));
    }

    private static double[][] epochs(Run history) {
        double[] accuracy = history.series("val_accuracy");
        return new double[][] {
            IntStream.rangeClosed(1, accuracy.length).mapToDouble(e -> e).toArray(), accuracy
        };
    }

    /** One example as a batch. */
    static Shape example(Shape features) {
        int[] dims = new int[features.rank() + 1];
        dims[0] = 1;
        System.arraycopy(features.toArray(), 0, dims, 1, features.rank());
        return Shape.of(dims);
    }

    /**
     * Writes the figures of every epoch and the weights of the best, which is returned; null where no epoch was
     * finished.
     */
    private @Nullable EpochLog keep(Run history, Model<?> model, NetworkEntry entry, Images images, Path folder) {
        EpochLog best = history.best();
        if (best == null) {
            say("%nStopped before the first epoch was finished: there is nothing to write.");
        } else {
            history.writeCsv(folder.resolve("history.csv"));
            Path weights = folder.resolve("net.safetensors");
            if (entry.known() == null) {
                model.save(weights);
            } else {
                model.save(weights, new ModelCard(entry.known(), images.input(), images.classes()).metadata());
            }
        }
        return best;
    }

    /** A line for people. */
    public void say(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
    }

    /** The curve of a figure over what an epoch has {@code each} of, such as steps. */
    public static double[][] curve(Run history, String figure, int each) {
        double[][] curve = history.curve(figure);
        Arrays.setAll(curve[0], epoch -> each * curve[0][epoch]);
        return curve;
    }

    /** A name as the name of a file or folder: {@code LeNet-5} is lenet-5. */
    public static String fileName(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    }
}
