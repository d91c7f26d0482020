package dev.fathom.experiments;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.Findings.Part;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.pages.Words;
import dev.fathom.experiments.training.Training;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import dev.fathom.nn.Net;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Animation;
import dev.fathom.view.Chart;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.awt.image.BufferedImage;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A run of an experiment: how it is to be run, the trainings and parts that it keeps, and its page.
 *
 * <pre>{@code
 * public void run(Lab lab) {
 *     lab.put("throws", lab.of(100_000, 1000)).section("The throws");
 *     double heads = lab.part(new Throws(lab.of(100_000, 1000)), Double.class, () -> share(...));
 *     lab.table("sides", "side").row("heads").put("share", "%.1f %%", 100 * heads).baseline(50, "a fair coin");
 * }
 * }</pre>
 *
 * <p>The words of the page, the captions of its pictures and the places of its tables are in {@link Words}. Where a
 * person asks for an end, {@link #train}, {@link #part} and {@link #check} throw {@link Stopped}. Several threads may
 * use {@code part}, {@code check} and the settings; the page belongs to the thread that runs the experiment.
 */
public final class Lab {
    private static final Gson GSON =
            new GsonBuilder().serializeSpecialFloatingPointValues().create();
    private static final int MOST = 1 << 28; // characters of a part

    private record Kept(@Nullable String settings, @Nullable JsonElement value) {}

    /** What stands under a name, with its caption to come, in a section. */
    private record Section(String heading, Map<String, Object> values, Map<String, Function<String, Part>> parts) {}

    private final Experiment experiment;
    private final LabRun run;
    private final Words words;
    private final Findings page;
    private final Map<String, Figure> figures = new LinkedHashMap<>();
    private final Map<String, Table> tables = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final Settings settings = new Settings();
    private @Nullable Figure last;
    private Section open = new Section("", new HashMap<>(), new LinkedHashMap<>());

    /** Begins a run of an experiment. */
    public Lab(Experiment experiment, LabRun run) {
        this.experiment = experiment;
        this.run = run;
        this.words = experiment.words();
        List<String> standIns = experiment.standIns(run.data());
        this.page = new Findings("Lab " + experiment.name(), "", run.out()).standIns(standIns);
        if (!standIns.isEmpty()) {
            say("%s", Findings.insteadOf(standIns));
        }
    }

    // ---- how it is to be run

    /** Whether a part of the data and few epochs are to be used, within a minute. */
    public boolean brief() {
        return run.brief();
    }

    /** {@code full} in a whole run, {@code small} in a short one. */
    public <T> T of(T full, T small) {
        return run.brief() ? small : full;
    }

    /** The number of epochs that a person asked for, or else {@link #of}. */
    public int epochs(int full, int small) {
        return run.epochs(full, small);
    }

    /** The seed of weights, order and choice of the images held out. */
    public long seed() {
        return run.seed();
    }

    /** Random numbers of their own for a purpose. */
    public Rng rng(String purpose) {
        return new Rng(run.seed()).split(purpose);
    }

    /** Where the data are; null for where they usually are. */
    public @Nullable Path data() {
        return run.data();
    }

    /**
     * Draws {@code n} images of a set to learn from and a fifth as many for other uses, scaled to mean 0 and deviation
     * 1.
     */
    public Images images(ImageSet set, int n) {
        try (Images all = set.images(data(), seed());
                Images some = all.sample(n, seed())) {
            return some.normalized();
        }
    }

    /** The sentence that a person gave the experiment, null for none. */
    public @Nullable String prompt() {
        return run.prompt();
    }

    /** Where the files of the run go. */
    public Path folder() {
        return run.folder();
    }

    /** Where a training or another part may leave files: a folder with its name in small letters. */
    public Path folder(String name) {
        return run.folder().resolve(Training.fileName(name));
    }

    /** What people read while the run goes on. */
    public PrintStream out() {
        return run.out();
    }

    /** A line for people. */
    public void say(String format, Object... values) {
        run.out().println(Findings.line(format, values));
    }

    /** The run as code that was not written for this class knows it. */
    public LabRun run() {
        return run;
    }

    /**
     * Ends the run here if a person has asked for that.
     *
     * @throws Stopped if so
     */
    public void check() {
        if (run.interrupt().requested()) {
            throw new Stopped();
        }
    }

    /**
     * What a computation asks that can be stopped on its way: false, as long as nobody has asked for an end.
     *
     * @throws Stopped if a person has
     */
    public boolean stopped() {
        check();
        return false;
    }

    // ---- trainings and parts that are kept

    /**
     * Trains under a name of its own, with a bar that shows how far it is. A checkpoint is written every ten seconds
     * and at the end; with {@code --resume}, training goes on from the newest one of the same seed, form, number of
     * epochs and folder of data.
     *
     * @param unit what the bar calls the examples, such as {@code sentences}
     * @throws Stopped if a person ended it
     */
    public <M extends Net> Run train(String name, String unit, Trainer<M> trainer, Batches batches, int epochs) {
        return trained(name, unit, trainer, batches, epochs, t -> t.fit(batches, epochs));
    }

    /** Trains as above on examples that are shuffled; the seed of the run decides their order. */
    public <M extends Net> Run train(
            String name, String unit, Trainer<M> trainer, Dataset learn, int batch, int epochs) {
        return train(name, unit, trainer.seed(seed()), learn.shuffled(seed()).batches(batch), epochs);
    }

    /** Trains as above, and looks at {@code choose} after each epoch. */
    public <M extends Net> Run train(
            String name, String unit, Trainer<M> trainer, Batches batches, Dataset choose, int epochs) {
        return trained(name, unit, trainer, batches, epochs, t -> t.fit(batches, choose, epochs));
    }

    /** Trains on examples that the seed of the run shuffles, and looks at {@code choose} after each epoch. */
    public <M extends Net> Run train(
            String name, String unit, Trainer<M> trainer, Dataset learn, int batch, Dataset choose, int epochs) {
        return train(name, unit, trainer.seed(seed()), learn.shuffled(seed()).batches(batch), choose, epochs);
    }

    /** Trains as above, and looks at batches after each epoch, as a step that carries a state needs. */
    public <M extends Net> Run train(
            String name, String unit, Trainer<M> trainer, Batches batches, Batches choose, int epochs) {
        return trained(name, unit, trainer, batches, epochs, t -> t.fit(batches, choose, epochs));
    }

    /** Trains as above without a line and a bar, which would hide what a person looks for among many trainings. */
    public <M extends Net> Run quietly(String name, Trainer<M> trainer, Batches batches, int epochs) {
        return trained(name, "", trainer, batches, epochs, t -> t.fit(batches, epochs));
    }

    private <M extends Net> Run trained(
            String name, String unit, Trainer<M> trainer, Batches batches, int epochs, Function<Trainer<M>, Run> fit) {
        check();
        settings.add(name, trainer, batches, epochs);
        Path folder = kept(name);
        Trainer<M> attached;
        if (unit.isEmpty()) {
            attached = run.training().attachQuietly(trainer, folder);
        } else {
            say("%n== %s", name);
            attached = run.training().attach(trainer, folder, unit);
        }
        Run done = fit.apply(attached);
        check();
        return done;
    }

    /** Where a callback of the training of a name keeps what it measures, beside its checkpoints. */
    public Path kept(String name) {
        return kept().resolve(Training.fileName(name));
    }

    /** Where checkpoints and parts of this form, seed, number of epochs, folder of data and kind of data are. */
    private Path kept() {
        StringBuilder name = new StringBuilder((run.brief() ? "short" : "full") + "-seed-" + run.seed());
        if (run.epochs() != null) {
            name.append("-epochs-").append(run.epochs());
        }
        if (run.data() != null) {
            Path data = run.data().toAbsolutePath().normalize();
            name.append(Findings.line("-data-%08x", data.toString().hashCode()));
        }
        if (page.onStandIns()) {
            name.append("-stand-ins"); // what was learned from them is not gone on with on the data themselves
        }
        return run.folder().resolve("kept").resolve(name.toString());
    }

    /**
     * What a part of the run comes to, such as an agent that learned from one seed. It is kept in a file under a hash
     * of its settings; with {@code --resume} it is taken from there.
     *
     * @param settings all that decides what comes of it, beside the seed, the form, the number of epochs and the folder
     *     of data of the run; a record of numbers, words and other such records
     * @param type of what it comes to, a record or an array of numbers, texts and the like
     * @throws Stopped if a person ended the run before it was done
     * @throws IllegalArgumentException if its file is damaged
     */
    public <T> T part(Record settings, Class<T> type, Supplier<T> make) {
        String all = settings.toString();
        Path file = kept().resolve(Findings.line(
                "%s-%08x.json", Training.fileName(settings.getClass().getSimpleName()), all.hashCode()));
        if (run.resume() && Files.exists(file)) {
            try {
                Kept kept = GSON.fromJson(TextFile.read(file, "a finished part of a run", MOST), Kept.class);
                if (kept == null || kept.settings == null || kept.value == null || kept.value.isJsonNull()) {
                    throw new JsonParseException("not a finished part");
                }
                if (kept.settings.equals(all)) {
                    return GSON.fromJson(kept.value, type);
                }
            } catch (JsonParseException e) {
                throw new IllegalArgumentException(file + ": it is damaged; remove it, and run again", e);
            }
        }
        check();
        T made = make.get();
        check();
        byte[] text = GSON.toJson(new Kept(all, GSON.toJsonTree(made))).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, to -> to.write(text));
        return made;
    }

    // ---- the page

    /** Begins a section, whose words stand under this heading in the Markdown file; the one before it is complete. */
    public Lab section(String heading) {
        close();
        open = new Section(heading, new HashMap<>(open.values), new LinkedHashMap<>());
        return this;
    }

    /** A value for the words of this section and of those that follow. */
    public Lab put(String name, Object value) {
        open.values.put(name, value);
        return this;
    }

    /** All components of a record as values under their names. */
    public Lab put(Record values) {
        for (var component : values.getClass().getRecordComponents()) {
            try {
                var read = component.getAccessor();
                read.setAccessible(true);
                put(component.getName(), read.invoke(values));
            } catch (ReflectiveOperationException e) {
                throw new IllegalArgumentException("cannot read " + component + " of " + values, e);
            }
        }
        return this;
    }

    /** A figure that a stored run keeps, and a value for the words under its name. */
    public Lab figure(Figure figure) {
        figures.put(figure.name(), figure);
        last = figure;
        return this;
    }

    /** A figure without a baseline or an interval. */
    public Lab figure(String name, String unit, double value) {
        return figure(Figure.of(name, unit, value));
    }

    /**
     * Sets a number in the same unit that was computed for the comparison beside the figure that was put last.
     *
     * @param of what it is, such as {@code last value}
     * @throws IllegalArgumentException if no figure was put
     */
    public Lab baseline(double value, String of) {
        if (last == null) {
            throw new IllegalArgumentException(
                    "baseline: no figure was put before that of " + of + "; put the figure first");
        }
        return figure(last.baseline(value, of));
    }

    /**
     * A table, which stands where the words name it in brackets, in this section or in a later one.
     *
     * @param corner the head of the first column, which says what the rows are
     */
    public Table table(String name, String corner) {
        Table table = new Table(corner, figures);
        tables.put(name, table);
        return table;
    }

    /** A picture, which stands where the words give its file a caption; {@code draw} may fail where no fonts are. */
    public Lab picture(String file, Supplier<BufferedImage> draw) {
        return part(file, caption -> new Findings.Picture(file, caption, draw));
    }

    /** Images side by side, under the caption of the words. */
    public Lab sheet(String file, ImageSheet sheet) {
        return picture(file, sheet::render);
    }

    /** A chart, under the caption of the words. */
    public Lab chart(String file, Chart chart) {
        return picture(file, chart::render);
    }

    /** Charts side by side in so many columns, under the caption of the words. */
    public Lab charts(String file, int columns, List<Chart> charts) {
        return picture(file, () -> Chart.panels(columns, charts));
    }

    /**
     * Curves over a common axis, under the caption of the words.
     *
     * @param figure what is drawn upward
     * @param axis what is counted to the right
     * @param curves for each name the places on the axis, and the figure at each
     */
    public Lab curves(String file, String figure, String axis, Map<String, double[][]> curves) {
        Map<String, double[][]> now = new LinkedHashMap<>(curves);
        return part(file, caption -> new Findings.Series(file, caption, figure, axis, now));
    }

    /**
     * Curves over places that have names, under the caption of the words.
     *
     * @param places the names, in their order
     * @param curves for each name the figure at each place
     */
    public Lab curves(String file, String figure, String axis, List<String> places, Map<String, double[]> curves) {
        return picture(file, () -> Plots.compare(figure, axis, places, curves));
    }

    /** An animated picture, under the caption of the words. */
    public Lab animation(String file, Supplier<Animation> draw) {
        return part(file, caption -> new Findings.Moving(file, caption, draw));
    }

    /** A recording that the page plays, under the caption of the words. */
    public Lab sound(String file, Wav wav) {
        return part(file, caption -> new Findings.Sound(file, caption, wav));
    }

    /** Text with its spaces and line ends as they are, such as what a model wrote; its name in brackets places it. */
    public Lab verbatim(String name, String text) {
        return part(name, caption -> new Findings.Verbatim(name, text));
    }

    /** Text with a color of blue (-1) over white (0) to orange (1) behind each character, under a caption. */
    public Lab colored(String name, String text, double... values) {
        return part(name, caption -> new Findings.Colored(text, caption, values));
    }

    /** A link to a file below the folder of the run, under the words of its caption. */
    public Lab link(String file) {
        return part(file, caption -> new Findings.Link(file, caption));
    }

    private Lab part(String name, Function<String, Part> make) {
        open.parts.put(name, make);
        return this;
    }

    /** Writes the words of the section that is open, with all that was put into it. */
    private void close() {
        if (open.heading.isEmpty()) {
            return;
        }
        Map<String, Object> values = new HashMap<>(figures);
        values.putAll(open.values);
        try {
            String heading = Words.filled(open.heading, values);
            say("%n%s", heading);
            page.section(heading, "");
            words.section(open.heading).forEach(block -> show(block, values));
        } catch (IllegalArgumentException e) {
            problem(String.valueOf(e.getMessage()));
        }
        open.parts.keySet().forEach(name -> problem("no caption or place for " + name));
    }

    private void show(Words.Block block, Map<String, Object> values) {
        try {
            if (block instanceof Words.If condition) {
                Object value = values.get(condition.value());
                if (value == null) {
                    problem("nothing was put as {" + condition.value() + "}");
                } else if (value.equals(condition.is())) {
                    show(condition.then(), values);
                }
            } else if (block instanceof Words.Text text) {
                page.text(Words.filled(text.words(), values));
            } else if (block instanceof Words.Code code) {
                page.add(new Findings.Verbatim("", code.lines()));
            } else if (block instanceof Words.Picture picture) {
                place(Words.filled(picture.file(), values), Words.filled(picture.caption(), values));
            } else if (block instanceof Words.Place place) {
                place(Words.filled(place.name(), values), "");
            }
        } catch (IllegalArgumentException e) {
            problem(String.valueOf(e.getMessage()));
        }
    }

    private void place(String name, String caption) {
        Table table = tables.remove(name);
        Function<String, Part> part = open.parts.remove(name);
        if (table != null) {
            page.table(table.part().header(), table.part().rows());
        } else if (part != null) {
            page.add(part.apply(caption));
        } else {
            problem("nothing was put as " + name);
        }
    }

    private void problem(String what) {
        problems.add(words.file() + ", section \"" + open.heading + "\": " + what);
    }

    /**
     * Runs the experiment and completes its page, whether it comes to its end, is stopped or fails.
     *
     * @return the page, which is not {@linkplain Findings#isFinished() finished} where a person stopped the run
     */
    public Findings complete() {
        try {
            experiment.run(this);
            check();
            page.finished();
        } catch (Stopped e) {
            say("Stopped; the same command with --resume goes on from here.");
        } finally {
            end();
        }
        return page;
    }

    /** The page as far as it is filled, which is what there is of a run that failed. */
    public Findings page() {
        return page;
    }

    private void end() {
        close();
        open = new Section("", open.values, new LinkedHashMap<>());
        tables.forEach((name, table) -> {
            problem("no place for the table " + name);
            page.table(table.part().header(), table.part().rows());
        });
        tables.clear();
        settings.write(page);
        figures.values().forEach(f -> {
            if (words.names("key", f.name())) {
                page.key(f);
            } else {
                page.figure(f);
            }
        });
        Map<String, Object> values = new HashMap<>(figures);
        values.putAll(open.values);
        try {
            page.learnedFrom(Words.filled(words.front("data"), values));
        } catch (IllegalArgumentException e) {
            problem(String.valueOf(e.getMessage()));
        }
        if (page.isFinished()) {
            problems.forEach(page::problem);
        }
    }
}
