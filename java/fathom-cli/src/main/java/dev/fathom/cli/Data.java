package dev.fathom.cli;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Download;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.Tar;
import dev.fathom.experiments.data.TinyShakespeare;
import dev.fathom.labs.Labs;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code fathom data mnist}: fetches the files of a set into the cache folder, where the experiments find them;
 * {@code fathom data all}: those of all sets that labs read, with a stand-in for each that cannot be fetched.
 */
@Command(
        name = "data",
        description = "Fetches a data set, or all that labs read, into the cache folder, where ./fathom finds them.",
        sortOptions = false)
public final class Data implements Runnable {
    private final PrintStream out;
    private final Fetched files;

    @Parameters(
            paramLabel = "SET",
            converter = Choice.Converter.class,
            description = "mnist (12 MB), cifar10 (170 MB), cifar100 (169 MB), fashion-mnist (31 MB, which is part of "
                    + "the project's tree too), imdb (86 MB), tinyshakespeare (1.1 MB), another set that labs read, or all of these with small stand-ins for "
                    + "those that cannot be fetched.")
    private Choice choice;

    @Option(
            names = "--from",
            paramLabel = "URL",
            converter = Address.class,
            description = "Another folder on the web with the same files, or for all one with a folder for each set; "
                    + "their content is still checked.")
    private @Nullable URI from;

    @Mixin
    Help help;

    public Data(PrintStream out) {
        this.out = out;
        files = new Fetched(out);
    }

    /** A set by its name: what fetches it. */
    private record Choice(Consumer<Data> fetch) {
        static final String ALL = "all";

        static final class Converter implements ITypeConverter<Choice> {
            @Override
            public Choice convert(String name) {
                if (name.equalsIgnoreCase(Imdb.NAME)) {
                    return new Choice(Data::reviews);
                }
                if (name.equalsIgnoreCase(TinyShakespeare.NAME)) {
                    return new Choice(Data::plays);
                }
                if (name.equalsIgnoreCase(ALL)) {
                    return new Choice(Data::all);
                }
                List<DataSet> others = Labs.data().stream()
                        .filter(set -> !set.published().isEmpty())
                        .toList();
                for (DataSet set : others) {
                    if (name.equalsIgnoreCase(set.name())) {
                        return new Choice(data -> data.published(set));
                    }
                }
                try {
                    ImageSet set = ImageSet.named(name, ImageSet.values());
                    return new Choice(data -> data.images(set));
                } catch (IllegalArgumentException e) {
                    throw new TypeConversionException(e.getMessage() + ", " + Imdb.NAME + ", " + TinyShakespeare.NAME
                            + others.stream().map(set -> ", " + set.name()).collect(Collectors.joining()) + ", " + ALL);
                }
            }
        }
    }

    @Override
    public void run() {
        choice.fetch.accept(this);
    }

    /** Fetches what can be fetched, makes stand-ins for the rest, and lists all sets. */
    private void all() {
        URI everywhere = from;
        for (DataSet set : Labs.data()) {
            from = everywhere == null ? null : folder(everywhere).resolve(set.name());
            if (set.place().isEmpty()) {
                try {
                    new Choice.Converter().convert(set.name()).fetch.accept(this);
                } catch (TypeConversionException e) {
                    out.println(set.name() + " has no address: " + set.origin());
                } catch (UncheckedIOException | IllegalArgumentException e) {
                    out.println(set.name() + " was not fetched: " + e.getMessage());
                }
            }
            if (set.place().isEmpty()) {
                out.println(set.name() + ": a stand-in is in " + set.makeStandIn());
            }
        }
        out.println();
        out.print(DataTable.text(Labs.data()));
    }

    private void published(DataSet set) {
        for (DataSet.Published file : set.published()) {
            URI address = from == null ? file.address() : folder(from).resolve(file.path());
            files.fetch(address, set.cache().resolve(file.path()), file.path(), file.content(), "sha256 as known");
        }
        out.printf("%nIn %s.%n", set.cache());
    }

    private void plays() {
        Path cache = TinyShakespeare.SET.cache();
        URI folder = from == null ? TinyShakespeare.ADDRESS.resolve(".") : folder(from);
        fetched(folder, cache, TinyShakespeare.FILE, TinyShakespeare.CONTENT, "sha256 as known");
        out.printf("%nIn %s; next:%n  ./fathom example 11%n", cache);
    }

    private void reviews() {
        Path cache = Imdb.cache();
        Path archive = cache.resolve(Imdb.ARCHIVE);
        boolean there = Imdb.whole(cache);
        if (!there) {
            fetched(Imdb.ARCHIVE, cache);
            Imdb.convert(archive, cache);
            archive.toFile().delete();
        }
        for (String part : List.of("train.tsv.gz", "test.tsv.gz")) {
            say(
                    cache.resolve(part),
                    (there ? "is there, " : "made of it, ") + "12,500 reviews of each class, as known");
        }
        fetched(Imdb.INDEX, cache);
        out.printf("%nIn %s.%n", cache);
    }

    private void fetched(String file, Path cache) {
        URI folder = from == null ? Imdb.address(file).resolve(".") : folder(from);
        Download.Content content = Imdb.content(file);
        fetched(folder, cache, file, content, content.kind() + " as known");
    }

    static URI folder(URI from) {
        return URI.create(from.toString().replaceFirst("/?$", "/"));
    }

    private void images(ImageSet set) {
        URI folder = from == null ? set.address() : folder(from);
        Path cache = set.cache();
        if (set.archived()) {
            Map.Entry<String, Download.Content> archive =
                    set.files().entrySet().iterator().next();
            unpacked(folder, cache, archive.getKey(), archive.getValue(), set.unpacked());
            counts(set, cache);
        } else {
            set.files().forEach((name, content) -> fetched(folder, cache, name, content, "sha256 as known"));
        }
        out.printf("%nIn %s%s%n", cache, set.archived() ? "." : "; next:");
        if (!set.archived()) {
            out.printf("  ./fathom quickstart%s%n", set == ImageSet.MNIST ? " --data mnist" : "");
        }
    }

    /** What is an address. */
    static final class Address implements ITypeConverter<URI> {
        @Override
        public URI convert(String text) {
            try {
                return new URI(text);
            } catch (URISyntaxException e) {
                throw new TypeConversionException("'" + text + "' is no address, such as https://example.org/folder/");
            }
        }
    }

    private void fetched(URI folder, Path cache, String name, Download.Content content, String sum) {
        files.fetch(folder.resolve(name), cache.resolve(name), name, content, sum);
    }

    /** Fetches and unpacks an archive, unless what it holds is there in its sizes. */
    void unpacked(URI folder, Path cache, String name, Download.Content content, Map<String, Long> files) {
        boolean there = files.entrySet().stream()
                .allMatch(file -> cache.resolve(file.getKey()).toFile().length() == file.getValue());
        if (!there) {
            fetched(folder, cache, name, content, content.kind() + " as the publisher prints it");
            Tar.unpack(cache.resolve(name), cache, files);
            cache.resolve(name).toFile().delete();
        }
        files.keySet().forEach(file -> say(cache.resolve(file), there ? "is there, size as known" : "unpacked"));
    }

    /** Equally many images of every class, 60,000 in all. */
    private void counts(ImageSet set, Path cache) {
        for (boolean test : new boolean[] {false, true}) {
            try (Dataset data = read(set, cache, test)) {
                int[] counts = new int[data.classes()];
                for (int i = 0; i < data.size(); i++) {
                    counts[data.label(i)]++;
                }
                int each = (test ? 10_000 : 50_000) / set.classes().size();
                for (int c = 0; c < counts.length; c++) {
                    if (counts[c] != each || counts.length != set.classes().size()) {
                        throw new IllegalArgumentException(cache + ": there are " + counts[c] + " images of class " + c
                                + " and not " + each + "; remove the folder and fetch it again");
                    }
                }
                out.printf(
                        Locale.ROOT,
                        "%,d images %s, %,d of each class, as known%n",
                        data.size(),
                        test ? "for the test" : "to learn from",
                        each);
            }
        }
    }

    /** Sizes alone tell whether files are there: what is damaged within them must go first. */
    private static Dataset read(ImageSet set, Path cache, boolean test) {
        try {
            return set.read(cache, test);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(e.getMessage() + ", after removing " + cache, e);
        }
    }

    private void say(Path file, String what) {
        files.say(String.valueOf(file.getFileName()), file, what);
    }
}
