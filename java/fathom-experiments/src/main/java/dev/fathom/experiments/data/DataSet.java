package dev.fathom.experiments.data;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A data set that labs read from a folder. Where nobody can fetch it, a small stand-in of the same form lets the short
 * form of a lab run; it lies in a folder of its own, {@code stand-ins/NAME} in the cache folder, and only labs look
 * there.
 *
 * @param name of the folder
 * @param forms lists of files, one of which a folder must have; each file is there as it is or as {@code .gz}
 * @param origin how to get the files, such as {@code download it from the repository karpathy/makemore}
 * @param license of the data, in a few words
 * @param writer writes a stand-in of the same form into a folder, always the same one
 */
public record DataSet(String name, List<List<String>> forms, String origin, String license, Consumer<Path> writer) {
    /** What a folder with a stand-in has beside its data, and says that it is one. */
    public static final String MARK = "STAND-IN.txt";

    /**
     * A file that its publisher has as it is.
     *
     * @param path within the folder
     */
    public record Published(String path, Download.Content content, URI address) {}

    /** A set in one form. */
    public static DataSet of(String name, List<String> files, String origin, String license, Consumer<Path> writer) {
        return new DataSet(name, List.of(List.copyOf(files)), origin, license, writer);
    }

    /** The files that it has in its first form. */
    public List<String> files() {
        return forms.get(0);
    }

    /** Its files as their publisher has them; none where they have no address, or are made of others. */
    public List<Published> published() {
        return ZooModel.rows("data-files.csv").stream()
                .filter(row -> row.getField("set").equals(name))
                .map(row -> new Published(
                        row.getField("file"),
                        Download.Content.ofFile(
                                Long.parseLong(row.getField("bytes")), "SHA-256", row.getField("sha256")),
                        URI.create(row.getField("address"))))
                .toList();
    }

    /** Whether a folder has its files. */
    public boolean isIn(Path folder) {
        return forms.stream()
                .anyMatch(form -> form.stream()
                        .allMatch(file -> Files.exists(folder.resolve(file))
                                || Files.isRegularFile(folder.resolve(file + ".gz"))));
    }

    /**
     * The folder that has the files: {@code given}, or if it is null the one that is {@link #found}.
     *
     * @throws IllegalArgumentException if none has them; the message says how to get them
     */
    public Path folder(@Nullable Path given) {
        Optional<Path> found = given == null ? found() : Optional.of(given).filter(this::isIn);
        return found.orElseThrow(() -> missing(given == null ? ImageSet.places(name) : List.of(given)));
    }

    private IllegalArgumentException missing(List<Path> places) {
        return new IllegalArgumentException("the data set " + name + " was not found: "
                + places.stream().map(Path::toString).collect(Collectors.joining(" and "))
                + (places.size() == 1 ? " has no " : " have no ") + String.join(" and ", files()) + "; " + origin
                + ", or give the folder that has it with --data");
    }

    /**
     * The first folder that has the data themselves: in {@code FATHOM_DATA} (or {@code -Dfathom.data=}), in the cache
     * folder, in the project's tree.
     */
    public Optional<Path> place() {
        List<Path> places = ImageSet.places(name);
        Project.root().ifPresent(root -> places.add(root.resolve("test-data").resolve(name)));
        return places.stream().filter(this::isIn).findFirst();
    }

    /** Where labs find it: its {@link #place}, or else the folder of its {@link #standIn}. */
    public Optional<Path> found() {
        return place().or(this::standIn);
    }

    /** Where {@code ./fathom data} puts it. */
    public Path cache() {
        return ImageSet.cached("data").resolve(name);
    }

    // ---- stand-ins

    /** The folder of its stand-in; empty where there is none. */
    public Optional<Path> standIn() {
        return Optional.of(standInCache()).filter(folder -> isStandIn(folder) && isIn(folder));
    }

    private Path standInCache() {
        return ImageSet.cached("stand-ins").resolve(standInName());
    }

    private String standInName() {
        return name.replace('/', '-');
    }

    private static boolean isStandIn(Path folder) {
        return Files.exists(folder.resolve(MARK));
    }

    /** Whether a lab that is given a folder of data, or none, reads a stand-in. */
    public boolean isStandInFor(@Nullable Path given) {
        return given == null
                ? place().isEmpty() && standIn().isPresent()
                : isStandIn(given) || isStandIn(given.resolve(standInName()));
    }

    /** Sees to it that there is a stand-in. */
    public Path makeStandIn() {
        return standIn().orElseGet(() -> {
            Path folder = standInCache();
            writer.accept(folder);
            StandIn.text(
                    folder.resolve(MARK),
                    "This is a small stand-in for the data set " + name + ", made by ./fathom data all.\n"
                            + "What is measured on it says nothing about the data set itself.\n");
            return folder;
        });
    }
}
