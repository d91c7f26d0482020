package dev.fathom.cli;

import dev.fathom.experiments.data.Pretrained;
import dev.fathom.image.ImageFolder;
import dev.fathom.image.Preprocessing;
import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.ImageSheet;
import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom classify PHOTO...}: what a network that others have trained sees in photographs. */
@Command(
        name = "classify",
        description =
                "Says what photographs show: the most probable classes of a network that was trained on ImageNet, "
                        + "or that you have trained.",
        sortOptions = false)
public final class Classify implements Callable<Integer> {
    private static final int BAR = 30;

    private final PrintStream out;
    private final PrintStream err;
    private final boolean blocks;

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "PHOTO",
            description = "PNG, JPEG or BMP files, folders with such files, or - for one on standard input.")
    private List<Path> photos = List.of();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "The name of a network (squeezenet1_1), or a .safetensors file that was saved with a model "
                    + "card; --list shows the names.")
    private String model = Pretrained.ALL.get(0).name();

    @Option(
            names = "--top",
            paramLabel = "N",
            defaultValue = "5",
            description = "The number of classes for each photograph (${DEFAULT-VALUE}).")
    private int top;

    @Option(
            names = "--html",
            paramLabel = "PAGE",
            description = "Writes a page with the photographs, to a file .html or to report.html in a folder.")
    private @Nullable Path html;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "The folder of the weights and names, if they are not in FATHOM_DATA or the cache folder.")
    private @Nullable Path data;

    @Option(names = "--list", description = "Lists the networks, and where their weights are.")
    private boolean list;

    @Mixin
    Help help;

    public Classify(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
        Console console = System.console();
        blocks = console != null && console.charset().newEncoder().canEncode("█▌");
        // the JDK takes a tenth of a second to find its readers of images: as long as to look at the command line
        Thread thread = new Thread(() -> ImageIO.getImageReadersByFormatName("PNG"), "image readers");
        thread.setDaemon(true);
        thread.start();
    }

    /** A photograph that is to be read. */
    private record Source(String name, Callable<Photo> photo) {}

    /** The classes of a photograph, the most probable first, as far as they are shown. */
    private record Answer(String name, Photo photo, List<String> classes, double[] shares) {}

    @Override
    public Integer call() throws Exception {
        if (list) {
            Pretrained.ALL.forEach(this::show);
            return 0;
        }
        Pretrained network = Pretrained.named(model, this::misuse);
        if (photos.isEmpty()) {
            throw misuse("no photographs; name files or folders, or - for standard input");
        }
        if (top < 1) {
            throw misuse("--top " + top + ": choose at least 1");
        }
        Path to = html;
        HtmlReport page = to == null ? null : page(network);
        List<String> refused = new ArrayList<>();
        List<Source> sources = sources(network.input(), refused);
        int named = answer(network, sources, refused, page);
        if (page != null && to != null) {
            write(page, refused, to);
        }
        if (!refused.isEmpty() && named + refused.size() > 1) {
            err.println(spec.qualifiedName() + ": " + refused.size() + " of " + (named + refused.size())
                    + " were not read");
        }
        return refused.isEmpty() ? 0 : 1;
    }

    private ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void show(Pretrained network) {
        String where;
        try {
            where = network.folder(data).toString();
        } catch (IllegalArgumentException e) {
            where = "not here";
        }
        out.printf("%-14s %-9s %s%n", network.name(), network.set(), where);
    }

    private void refuse(List<String> refused, @Nullable String sentence) {
        String line = sentence == null ? "a photograph cannot be read" : sentence;
        refused.add(line);
        out.flush();
        err.println(line);
    }

    // ---- what is to be read

    private List<Source> sources(Preprocessing input, List<String> refused) {
        List<Source> sources = new ArrayList<>();
        for (Path path : photos) {
            if (path.toString().equals("-")) {
                sources.add(new Source("standard input", () -> input.read(System.in.readAllBytes(), "standard input")));
            } else if (Files.isDirectory(path)) {
                try (Stream<Path> all = Files.list(path)) {
                    List<Path> images = all.filter(f -> ImageFolder.isPicture(f))
                            .filter(f -> !Files.isDirectory(f))
                            .sorted(Comparator.comparing(Path::toString))
                            .toList();
                    if (images.isEmpty()) {
                        refuse(refused, path + ": the folder has no file .png, .jpg, .jpeg or .bmp");
                    }
                    images.forEach(f -> sources.add(new Source(f.toString(), () -> input.read(f))));
                } catch (IOException | UncheckedIOException e) {
                    refuse(refused, path + ": the folder cannot be read; make it readable, or name others");
                }
            } else {
                sources.add(new Source(path.toString(), () -> input.read(path)));
            }
        }
        return sources;
    }

    /** Decodes in a thread of its own, while this one loads the network or computes. */
    private static FutureTask<Photo> begin(Source source) {
        FutureTask<Photo> task = new FutureTask<>(source.photo());
        Thread thread = new Thread(task, "photographs");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    // ---- answers

    /** Says of each what it shows, here and on the page, and returns of how many it did. */
    private int answer(Pretrained network, List<Source> sources, List<String> refused, @Nullable HtmlReport page)
            throws InterruptedException {
        if (sources.isEmpty()) {
            return 0;
        }
        int named = 0;
        FutureTask<Photo> next = begin(sources.get(0));
        Path folder = network.folder(data);
        List<String> classes = network.classes(folder);
        try (Model<Layer> loaded = network.load(folder)) {
            for (int i = 0; i < sources.size(); i++) {
                FutureTask<Photo> current = next;
                String name = sources.get(i).name();
                Photo photo = null;
                try {
                    photo = current.get();
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof IOException) {
                        refuse(
                                refused,
                                name + ": it cannot be read (" + e.getCause().getMessage() + ")");
                    } else if (e.getCause() instanceof IllegalArgumentException) {
                        refuse(refused, e.getCause().getMessage());
                    } else {
                        throw new IllegalStateException(e.getCause());
                    }
                }
                if (i + 1 < sources.size()) {
                    next = begin(sources.get(i + 1));
                }
                if (photo != null) {
                    Answer answer = answer(network, loaded, classes, name, photo);
                    print(answer);
                    named++;
                    if (page != null) {
                        show(answer, network.input().height(), page);
                    }
                }
            }
        }
        return named;
    }

    private Answer answer(Pretrained network, Model<Layer> loaded, List<String> classes, String name, Photo photo) {
        float[] p;
        try (Pass pass = Pass.infer()) {
            p = loaded.net().apply(network.input().tensor(photo)).softmax(-1).toArray();
        }
        int[] best = IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparing(k -> -p[k]))
                .mapToInt(k -> k)
                .limit(top)
                .toArray();
        return new Answer(
                name,
                photo,
                IntStream.of(best).mapToObj(classes::get).toList(),
                IntStream.of(best).mapToDouble(k -> p[k]).toArray());
    }

    private void print(Answer answer) {
        StringBuilder lines = new StringBuilder(answer.name()).append('\n');
        answer.photo()
                .notes()
                .forEach(note -> lines.append("    (").append(note).append(")\n"));
        for (int i = 0; i < answer.shares().length; i++) {
            double share = answer.shares()[i];
            int eighths = (int) Math.round(8 * BAR * share);
            String bar = blocks
                    ? "█".repeat(eighths / 8) + (eighths % 8 > 0 ? "▏▎▍▌▋▊▉".charAt(eighths % 8 - 1) : "")
                    : "=".repeat((eighths + 4) / 8);
            String percent = String.format(Locale.ROOT, "%5.1f %%", 100 * share);
            lines.append("  ").append(percent).append("  ").append(bar).append(" ".repeat(BAR - bar.length()));
            lines.append("  ").append(answer.classes().get(i)).append('\n');
        }
        out.print(lines);
        out.flush();
    }

    // ---- the page

    private static HtmlReport page(Pretrained network) {
        Preprocessing input = network.input();
        return new HtmlReport("What " + network.title() + " sees")
                .text("Each photograph as the network gets it: " + input.fit() + " ("
                        + input.filter().name().toLowerCase(Locale.ROOT) + "), the middle " + input.height() + " x "
                        + input.height() + ". Below it the most probable of "
                        + String.format(Locale.ROOT, "%,d", network.count()) + " classes.");
    }

    private static void show(Answer answer, int side, HtmlReport page) {
        ImageSheet sheet = new ImageSheet(side, side, 3).add(answer.photo().pixels(), "");
        Path name = Path.of(answer.name()).getFileName();
        page.photograph(
                sheet.images().get(0),
                name == null ? answer.name() : name.toString(),
                String.join("; ", answer.photo().notes()),
                answer.classes(),
                answer.shares());
    }

    private void write(HtmlReport page, List<String> refused, Path to) {
        if (!refused.isEmpty()) {
            page.section("Not read");
            refused.forEach(page::text);
        }
        Path file =
                to.toString().matches("(?i).*\\.x?html?") && !Files.isDirectory(to) ? to : to.resolve("report.html");
        page.write(file);
        out.println("The page: " + file);
    }
}
