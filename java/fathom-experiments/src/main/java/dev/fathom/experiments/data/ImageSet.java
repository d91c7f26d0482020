package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.image.Cifar;
import dev.fathom.image.Idx;
import dev.fathom.op.Shape;
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

/** Images in classes: where they come from, in which folder they are, what the classes are called. */
public enum ImageSet {
    /** 60,000 and 10,000 pieces of clothing (Xiao et al. 2017); part of the project. */
    FASHION_MNIST(
            "Fashion-MNIST",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            idx(
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
            List.of(Layout.IDX),
            "MIT",
            "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"),
    /** 60,000 and 10,000 handwritten digits (LeCun et al. 1998); not part of the project. */
    MNIST(
            "MNIST",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            idx(
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
            List.of(Layout.IDX),
            "CC BY-SA 3.0, by one of its sources",
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
    /**
     * 50,000 and 10,000 color images of 32 x 32 pixels (Krizhevsky 2009), or a part of them; not part of the project.
     */
    CIFAR10(
            "CIFAR-10",
            "https://www.cs.toronto.edu/~kriz/",
            Map.of("cifar-10-binary.tar.gz", Download.Content.ofFile(170_052_171, "c32a1d4ab5d03f1284b67883e8d87530")),
            List.of(
                    Layout.BATCHES,
                    Layout.BATCHES.in("cifar-10-batches-bin"),
                    new Layout("", List.of("train_15000.bin", "valid_4000.bin"), List.of("test_1000.bin"))),
            "none stated, citation asked",
            "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck"),
    /**
     * 50,000 and 10,000 color images of 32 x 32 pixels in a hundred classes (Krizhevsky 2009); not part of the project.
     */
    CIFAR100(
            "CIFAR-100",
            "https://www.cs.toronto.edu/~kriz/",
            Map.of("cifar-100-binary.tar.gz", Download.Content.ofFile(168_513_733, "03b5dce01913d631647c71ecec9e9cb8")),
            List.of(Layout.HUNDRED, Layout.HUNDRED.in("cifar-100-binary")),
            "none stated, citation asked",
            "apple, aquarium fish, baby, bear, beaver, bed, bee, beetle, bicycle, bottle, bowl, boy, bridge, bus, "
                    + "butterfly, camel, can, castle, caterpillar, cattle, chair, chimpanzee, clock, cloud, cockroach, "
                    + "couch, crab, crocodile, cup, dinosaur, dolphin, elephant, flatfish, forest, fox, girl, hamster, "
                    + "house, kangaroo, keyboard, lamp, lawn mower, leopard, lion, lizard, lobster, man, maple tree, "
                    + "motorcycle, mountain, mouse, mushroom, oak tree, orange, orchid, otter, palm tree, pear, "
                    + "pickup truck, pine tree, plain, plate, poppy, porcupine, possum, rabbit, raccoon, ray, "
                    + "road, rocket, "
                    + "rose, sea, seal, shark, shrew, skunk, skyscraper, snail, snake, spider, squirrel, streetcar, "
                    + "sunflower, sweet pepper, table, tank, telephone, television, tiger, tractor, train, trout, "
                    + "tulip, "
                    + "turtle, wardrobe, whale, willow tree, wolf, woman, worm");

    private static final int HELD_OUT = 12;

    /**
     * The files of a set in a folder, each plain or as {@code .gz}.
     *
     * @param sub the folder within, empty for itself
     * @param train what to learn from
     * @param test the rest
     */
    private record Layout(String sub, List<String> train, List<String> test) {
        /** Images, then their labels. */
        static final Layout IDX = new Layout(
                "",
                List.of("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
                List.of("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"));

        static final Layout BATCHES = new Layout(
                "",
                List.of(
                        "data_batch_1.bin",
                        "data_batch_2.bin",
                        "data_batch_3.bin",
                        "data_batch_4.bin",
                        "data_batch_5.bin"),
                List.of("test_batch.bin"));
        static final Layout HUNDRED = new Layout("", List.of("train.bin"), List.of("test.bin"));

        Layout in(String folder) {
            return new Layout(folder, train, test);
        }

        Stream<String> all() {
            return Stream.concat(train.stream(), test.stream());
        }

        Path file(Path folder, String name) {
            Path gzip = folder.resolve(sub).resolve(name + ".gz");
            return Files.isRegularFile(gzip) ? gzip : folder.resolve(sub).resolve(name);
        }

        List<String> lacking(Path folder) {
            return all().filter(name -> !Files.isRegularFile(file(folder, name)))
                    .toList();
        }
    }

    private final String title;
    private final URI address;
    private final Map<String, Download.Content> files;
    private final List<Layout> layouts;
    private final String license;
    private final List<String> classes;

    ImageSet(
            String title,
            String address,
            Map<String, Download.Content> files,
            List<Layout> layouts,
            String license,
            String classes) {
        this.title = title;
        this.address = URI.create(address);
        this.files = files;
        this.layouts = layouts;
        this.license = license;
        this.classes = List.of(classes.split(", "));
    }

    private static Map<String, Download.Content> idx(String... sha256) {
        long[] bytes = {47_040_016, 60_008, 7_840_016, 10_008};
        List<String> names = Layout.IDX.all().toList();
        Map<String, Download.Content> all = new LinkedHashMap<>();
        for (int i = 0; i < bytes.length; i++) {
            all.put(names.get(i) + ".gz", Download.Content.ofGzip(bytes[i], sha256[i]));
        }
        return all;
    }

    /** The folder on the web that holds its files. */
    public URI address() {
        return address;
    }

    /** What is fetched, as it is called everywhere: the files themselves, or the archive that holds them. */
    public Map<String, Download.Content> files() {
        return files;
    }

    /** CIFAR-100 where a folder is given that has it, else CIFAR-10. */
    public static ImageSet cifar(@Nullable Path folder) {
        return folder != null && CIFAR100.in(folder) ? CIFAR100 : CIFAR10;
    }

    /** Whether it comes as an archive: sets of color images of 32 x 32 pixels do. */
    public boolean archived() {
        return this == CIFAR10 || this == CIFAR100;
    }

    /** What the archive holds, name to bytes. */
    public Map<String, Long> unpacked() {
        int record = labels().record();
        int batches = layouts.get(0).train().size();
        Map<String, Long> all = new LinkedHashMap<>();
        layouts.get(0).train().forEach(name -> all.put(name, 50_000L / batches * record));
        layouts.get(0).test().forEach(name -> all.put(name, 10_000L * record));
        return all;
    }

    private Cifar.Labels labels() {
        return this == CIFAR10 ? Cifar.Labels.TEN : Cifar.Labels.FINE;
    }

    /** Its name for readers. */
    String title() {
        return title;
    }

    /** The names of the classes, in the order of the labels. */
    public List<String> classes() {
        return classes;
    }

    /** Its name on the command line and in folders. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /**
     * The first folder that has the files: in {@code FATHOM_DATA} (or {@code -Dfathom.data=}), in the cache folder, in
     * the project's tree.
     *
     * @throws IllegalArgumentException if there is none, with what to do
     */
    public Path folder() {
        List<Path> places = places(toString());
        tree().ifPresent(places::add);
        for (Path place : places) {
            if (layout(place).isPresent()) {
                return place;
            }
        }
        for (Path place : places) {
            if (Files.isDirectory(place)) {
                throw new IllegalArgumentException("--data " + this + ": " + lacking(place));
            }
        }
        throw new IllegalArgumentException("--data " + this + ": there is no folder "
                + places.stream().map(Path::toString).collect(Collectors.joining(" or "))
                + "; ./fathom data " + this + " fetches it");
    }

    /** Whether one of the folders has the files. */
    public boolean isHere() {
        return Stream.concat(places(toString()).stream(), tree().stream()).anyMatch(this::in);
    }

    /** The {@link #folder}, or that of a stand-in where no other has the files. */
    public Path orStandIn() {
        return isHere() ? folder() : set().standIn().orElseGet(this::folder);
    }

    /** How a lab declares that it reads it. */
    public DataSet set() {
        List<List<String>> forms = layouts.stream()
                .map(l -> l.all().map(file -> Path.of(l.sub(), file).toString()).toList())
                .toList();
        return new DataSet(toString(), forms, "./fathom data " + this + " fetches it", license, this::standIn);
    }

    private void standIn(Path folder) {
        if (archived()) {
            Layout l = layouts.get(0);
            int each = 3000 / l.train().size();
            for (String file : l.all().toList()) {
                DrawnImages.records(
                        folder.resolve(file), each, classes.size(), labels().record() - 3072, file.hashCode());
            }
        } else {
            List<Path> all =
                    Layout.IDX.all().map(file -> folder.resolve(file + ".gz")).toList();
            DrawnImages.idx(all.get(0), all.get(1), 6000, ordinal());
            DrawnImages.idx(all.get(2), all.get(3), 1000, 10 + ordinal());
        }
    }

    /** What a folder without the files lacks, and what to do. */
    private String lacking(Path folder) {
        return folder + " lacks " + layouts.get(0).lacking(folder).get(0) + (archived() ? "" : ".gz")
                + "; put it there, or fetch all with ./fathom data " + this;
    }

    private Optional<Layout> layout(Path folder) {
        return layouts.stream().filter(l -> l.lacking(folder).isEmpty()).findFirst();
    }

    /** Whether {@code folder} has the files. */
    boolean in(Path folder) {
        return layout(folder).isPresent();
    }

    /** Where a folder of data may be: in {@code FATHOM_DATA} (or {@code -Dfathom.data=}), then in the cache folder. */
    public static List<Path> places(String name) {
        List<Path> places = new ArrayList<>();
        Project.setting("fathom.data", "FATHOM_DATA").ifPresent(data -> places.add(Path.of(data, name)));
        places.add(cache(name));
        return places;
    }

    /**
     * Where {@code ./fathom data} puts it: {@code data/mnist} in the user's cache folder, or in
     * {@code -Dfathom.cache=}.
     */
    public Path cache() {
        return cache(toString());
    }

    private static Path cache(String name) {
        return cached("data").resolve(name);
    }

    /** A folder in the user's cache folder, or in {@code -Dfathom.cache=}. */
    static Path cached(String folder) {
        Path base = Project.setting("fathom.cache", null)
                .or(() -> Project.setting(null, "XDG_CACHE_HOME").map(cache -> cache + "/fathom"))
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "fathom"));
        return base.toAbsolutePath().resolve(folder);
    }

    private Optional<Path> tree() {
        return Project.root().map(root -> root.resolve("test-data").resolve(toString()));
    }

    /**
     * The examples to learn from, or those of the test, from {@code folder}: bytes [28, 28] or [32, 32, 3].
     *
     * @throws IllegalArgumentException if a file is missing or damaged
     */
    public Dataset read(Path folder, boolean test) {
        Layout l = layout(folder).orElse(layouts.get(0));
        Path[] paths = (test ? l.test() : l.train())
                .stream().map(name -> l.file(folder, name)).toArray(Path[]::new);
        return switch (this) {
            case FASHION_MNIST, MNIST -> Idx.dataset(paths[0], paths[1]);
            case CIFAR10 -> Cifar.ten(paths);
            case CIFAR100 -> Cifar.hundred(paths);
        };
    }

    /**
     * All of it as [28, 28, 1] or [32, 32, 3], from {@code folder}, or from where it or its stand-in usually is; one
     * image in twelve, chosen by {@code seed}, is held out.
     *
     * @throws IllegalArgumentException if a file is missing or damaged
     */
    public Images images(@Nullable Path folder, long seed) {
        Path from = folder != null ? folder : orStandIn();
        if (!in(from)) {
            throw new IllegalArgumentException(lacking(from));
        }
        try (Dataset all = read(from, false);
                Dataset test = read(from, true)) {
            int[] image = archived() ? new int[] {32, 32, 3} : new int[] {28, 28, 1};
            for (Dataset part : List.of(all, test)) {
                if (part.featureShape().size() != Shape.of(image).size() || part.classes() > classes.size()) {
                    throw new IllegalArgumentException(from + ": " + part + " is not " + title + ", which is images "
                            + Shape.of(image) + " in " + classes.size() + " classes; give another folder");
                }
            }
            try (Dataset images = all.reshaped(image)) {
                Dataset.Split split = images.split(Math.max(1, all.size() / HELD_OUT), seed);
                return new Images(title, classes, Shape.of(image), split.rest(), split.heldOut(), test.reshaped(image));
            }
        }
    }

    /**
     * The one of some sets that has this name.
     *
     * @throws IllegalArgumentException if there is none, with the names of all
     */
    public static ImageSet named(String name, ImageSet... sets) {
        return Stream.of(sets)
                .filter(set -> set.toString().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + name + "' is none of "
                        + Stream.of(sets).map(ImageSet::toString).collect(Collectors.joining(", "))));
    }
}
