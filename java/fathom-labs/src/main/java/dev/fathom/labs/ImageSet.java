package dev.fathom.labs;

import dev.fathom.data.Dataset;
import dev.fathom.tensor.Shape;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Images in ten classes: where they come from, in which folder they are, what the classes are called. */
enum ImageSet {
    /** 60,000 and 10,000 pieces of clothing (Xiao et al. 2017); part of the project. */
    FASHION_MNIST(
            "Fashion-MNIST",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            List.of(
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot"),
    /** 60,000 and 10,000 handwritten digits (LeCun et al. 1998); not part of the project. */
    MNIST(
            "MNIST",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            List.of(
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
            "0",
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "7",
            "8",
            "9");

    private static final int HELD_OUT = 12;

    private static final List<String> FILES = List.of(
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
    /** Of the four files, unpacked; the same for both sets. */
    private static final List<Long> BYTES = List.of(47_040_016L, 60_008L, 7_840_016L, 10_008L);

    private final String title;
    private final URI address;
    private final List<String> sha256;
    private final List<String> classes;

    ImageSet(String title, String address, List<String> sha256, String... classes) {
        this.title = title;
        this.address = URI.create(address);
        this.sha256 = sha256;
        this.classes = List.of(classes);
    }

    /** The folder on the web that holds the four files. */
    URI address() {
        return address;
    }

    /** Its files, as they are called everywhere, and what they unpack to. */
    Map<String, Download.Content> files() {
        Map<String, Download.Content> all = new LinkedHashMap<>();
        for (int i = 0; i < FILES.size(); i++) {
            all.put(FILES.get(i) + ".gz", new Download.Content(BYTES.get(i), sha256.get(i)));
        }
        return all;
    }

    /** As people write it. */
    String title() {
        return title;
    }

    /** The names of the classes, in the order of the labels. */
    List<String> classes() {
        return classes;
    }

    /** As the command line and folders write it. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /**
     * The first folder that has the four files: in {@code FATHOM_DATA} (or {@code -Dfathom.data=}), in the cache folder, in the project's tree.
     *
     * @throws IllegalArgumentException if there is none, with what to do
     */
    Path folder() {
        List<Path> places = new ArrayList<>();
        setting("fathom.data", "FATHOM_DATA").ifPresent(data -> places.add(Path.of(data, toString())));
        places.add(cache());
        tree().ifPresent(places::add);
        for (Path place : places) {
            if (lacking(place).isEmpty()) {
                return place;
            }
        }
        for (Path place : places) {
            if (Files.isDirectory(place)) {
                throw new IllegalArgumentException("--data " + this + ": " + place + " lacks "
                        + lacking(place).get(0) + ".gz; put it there, or fetch all with ./fathom data " + this);
            }
        }
        throw new IllegalArgumentException("--data " + this + ": there is no folder "
                + places.stream().map(Path::toString).collect(Collectors.joining(" or "))
                + "; ./fathom data " + this + " fetches it");
    }

    /** Where {@code ./fathom data} puts it: {@code data/mnist} in the user's cache folder, or in {@code -Dfathom.cache=}. */
    Path cache() {
        Path base = setting("fathom.cache", null)
                .or(() -> setting(null, "XDG_CACHE_HOME").map(cache -> cache + "/fathom"))
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "fathom"));
        return base.toAbsolutePath().resolve("data").resolve(toString());
    }

    private Optional<Path> tree() {
        Optional<String> root = setting("fathom.root", "FATHOM_ROOT");
        if (root.isPresent()) {
            return Optional.of(Path.of(root.get(), "test-data", toString()));
        }
        for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
            if (Files.isDirectory(p.resolve("test-data").resolve(toString()))) {
                return Optional.of(p.resolve("test-data").resolve(toString()));
            }
        }
        return Optional.empty();
    }

    /** A property, or else a variable of the environment; one that is blank counts as unset. */
    private static Optional<String> setting(@Nullable String property, @Nullable String variable) {
        String set = property == null ? null : System.getProperty(property);
        String value = set == null && variable != null ? System.getenv(variable) : set;
        return Optional.ofNullable(value).filter(v -> !v.isBlank());
    }

    /**
     * The examples to learn from, or those of the test, from {@code folder}.
     *
     * @throws IllegalArgumentException if a file is missing or damaged
     */
    Dataset read(Path folder, boolean test) {
        return Dataset.idx(file(folder, FILES.get(test ? 2 : 0)), file(folder, FILES.get(test ? 3 : 1)));
    }

    /**
     * All of it as [28, 28, 1], from {@code folder}, or from where it usually is; one image in twelve, chosen by {@code seed}, is held out.
     *
     * @throws IllegalArgumentException if a file is missing or damaged
     */
    Images images(@Nullable Path folder, long seed) {
        Path from = folder != null ? folder : folder();
        try (Dataset all = read(from, false);
                Dataset test = read(from, true)) {
            Dataset.Split split = all.reshaped(28, 28, 1).split(Math.max(1, all.size() / HELD_OUT), seed);
            return new Images(
                    title, classes, Shape.of(28, 28, 1), split.rest(), split.heldOut(), test.reshaped(28, 28, 1));
        }
    }

    private static List<String> lacking(Path folder) {
        return FILES.stream()
                .filter(name -> Stream.of(name, name + ".gz").noneMatch(f -> Files.isRegularFile(folder.resolve(f))))
                .toList();
    }

    private static Path file(Path folder, String name) {
        Path gzip = folder.resolve(name + ".gz");
        return Files.isRegularFile(gzip) ? gzip : folder.resolve(name);
    }

    /** {@code --data}'s own words. */
    static final class Converter implements ITypeConverter<ImageSet> {
        @Override
        public ImageSet convert(String name) {
            for (ImageSet set : values()) {
                if (set.toString().equalsIgnoreCase(name)) {
                    return set;
                }
            }
            throw new TypeConversionException("'" + name + "' is neither fashion-mnist nor mnist");
        }
    }
}
