package dev.fathom.labs;

import dev.fathom.data.Dataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Images in ten classes: which folder they come from and what the classes are called. */
enum ImageSet {
    /** 60,000 and 10,000 pieces of clothing (Xiao et al. 2017); part of the project. */
    FASHION_MNIST(
            "Fashion-MNIST",
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
    MNIST("MNIST", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9");

    private static final List<String> FILES = List.of(
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");

    private final String title;
    private final List<String> classes;

    ImageSet(String title, String... classes) {
        this.title = title;
        this.classes = List.of(classes);
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
     * The folder of the four files.
     *
     * @throws IllegalArgumentException if there is none, with what to do
     */
    Path folder() {
        return this == MNIST ? folder(System.getenv("FATHOM_DATA")) : bundled();
    }

    /** The folder of a set that is not part of the project, in the folder {@code data} of all such. */
    Path folder(@Nullable String data) {
        if (data == null || data.isBlank()) {
            throw new IllegalArgumentException(
                    "--data " + this + ": FATHOM_DATA is not set; set it to the folder that holds " + this + "/"
                            + FILES.get(0) + ".gz and the three files that belong to it");
        }
        return Path.of(data).resolve(toString());
    }

    private Path bundled() {
        String root = System.getProperty("fathom.root", System.getenv().getOrDefault("FATHOM_ROOT", ""));
        if (!root.isBlank()) {
            return Path.of(root, "test-data", toString());
        }
        for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
            if (Files.isDirectory(p.resolve("test-data").resolve(toString()))) {
                return p.resolve("test-data").resolve(toString());
            }
        }
        throw new IllegalArgumentException("--data " + this + ": there is no folder test-data/" + this
                + " here or above; start from the project's folder, or set FATHOM_ROOT to it");
    }

    /**
     * The examples to learn from, or those of the test, from {@code folder}.
     *
     * @throws IllegalArgumentException if a file is missing or damaged
     */
    Dataset read(Path folder, boolean test) {
        return Dataset.idx(file(folder, FILES.get(test ? 2 : 0)), file(folder, FILES.get(test ? 3 : 1)));
    }

    /** Looks for all four files, so that a missing one shows itself before an hour of training and not after. */
    void check(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("--data " + this + ": there is no folder " + folder + "; it must hold "
                    + FILES.get(0) + ".gz and the three files that belong to it");
        }
        FILES.forEach(f -> file(folder, f));
    }

    private Path file(Path folder, String name) {
        Path gzip = folder.resolve(name + ".gz");
        Path plain = folder.resolve(name);
        if (!Files.isRegularFile(gzip) && !Files.isRegularFile(plain)) {
            throw new IllegalArgumentException(
                    "--data " + this + ": " + folder + " lacks " + name + ".gz; put it there");
        }
        return Files.isRegularFile(gzip) ? gzip : plain;
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
