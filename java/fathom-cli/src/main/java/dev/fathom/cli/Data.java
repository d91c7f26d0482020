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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
                    + "the project's tree too), imdb (86 MB), tinyshakespeare (1.1 MB), the name of another set that "
                    + "a lab reads, or all: every set that labs read, with a small stand-in for each that cannot be "
                    + "fetched.")
    private Choice choice;

    @Option(
            names = "--from",
            paramLabel = "URL",
            converter = Address.class,
            description = "Another folder on the web with the same files. For all, it has a folder for each set. The "
                    + "content of the files is still checked.")
    private @Nullable URI from;

    @Mixin
    Help help;

    public Data(PrintStream out) {
        this.out = out;
        files = new Fetched(out);
    }

    /** What fetches a set, from a folder on the web or, where that is null, from its publisher. */
    private interface Fetch {
        void from(Data data, @Nullable URI folder);
    }

    /** A set by its name: what fetches it. */
    private record Choice(Fetch fetch) {
        static final class Converter implements ITypeConverter<Choice> {
            @Override
            public Choice convert(String name) {
                return new Choice(known().entrySet().stream()
                        .filter(known -> known.getKey().equalsIgnoreCase(name))
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElseThrow(() -> new TypeConversionException(
                                "'" + name + "' is none of " + String.join(", ", known().keySet()))));
            }
        }
    }

    /** All that can be fetched, by name. */
    private static Map<String, Fetch> known() {
        Map<String, Fetch> all = new LinkedHashMap<>();
        for (ImageSet set : ImageSet.values()) {
            all.put(set.toString(), (data, from) -> data.images(set, from));
        }
        all.put(Imdb.NAME, Data::reviews);
        all.put(TinyShakespeare.NAME, Data::plays);
        for (DataSet set : Labs.data()) {
            if (!set.published().isEmpty()) {
                all.put(set.name(), (data, from) -> data.published(set, from));
            }
        }
        all.put("all", Data::all);
        return all;
    }

    @Override
    public void run() {
        choice.fetch.from(this, from);
    }

    /** Fetches what can be fetched, makes stand-ins for the rest, and lists all sets. */
    private void all(@Nullable URI everywhere) {
        Map<String, Fetch> known = known();
        for (DataSet set : Labs.data()) {
            Fetch fetch = known.get(set.name());
            if (fetch == null && set.place().isEmpty()) {
                out.println(set.name() + " has no address: " + set.origin());
            }
            if (fetch != null && set.place().isEmpty()) {
                try {
                    fetch.from(
                            this, everywhere == null ? null : folder(everywhere).resolve(set.name()));
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

    private void published(DataSet set, @Nullable URI from) {
        for (DataSet.Published file : set.published()) {
            URI address = from == null ? file.address() : folder(from).resolve(file.path());
            files.fetch(address, set.cache().resolve(file.path()), file.path(), file.content(), "sha256 as known");
        }
        out.printf("%nIn %s.%n", set.cache());
    }

    private void plays(@Nullable URI from) {
        Path cache = TinyShakespeare.SET.cache();
        URI folder = from == null ? TinyShakespeare.ADDRESS.resolve(".") : folder(from);
        fetched(folder, cache, TinyShakespeare.FILE, TinyShakespeare.CONTENT, "sha256 as known");
        out.printf("%nIn %s; next:%n  ./fathom example 11%n", cache);
    }

    private void reviews(@Nullable URI from) {
        Path cache = Imdb.cache();
        Path archive = cache.resolve(Imdb.ARCHIVE);
        boolean there = Imdb.whole(cache);
        if (!there) {
            fetched(Imdb.ARCHIVE, cache, from);
            Imdb.convert(archive, cache);
            archive.toFile().delete();
        }
        for (String part : List.of("train.tsv.gz", "test.tsv.gz")) {
            say(
                    cache.resolve(part),
                    (there ? "is there, " : "made of it, ") + "12,500 reviews of each class, as known");
        }
        fetched(Imdb.INDEX, cache, from);
        out.printf("%nIn %s.%n", cache);
    }

    private void fetched(String file, Path cache, @Nullable URI from) {
        URI folder = from == null ? Imdb.address(file).resolve(".") : folder(from);
        Download.Content content = Imdb.content(file);
        fetched(folder, cache, file, content, content.kind() + " as known");
    }

    static URI folder(URI from) {
        return URI.create(from.toString().replaceFirst("/?$", "/"));
    }

    private void images(ImageSet set, @Nullable URI from) {
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
