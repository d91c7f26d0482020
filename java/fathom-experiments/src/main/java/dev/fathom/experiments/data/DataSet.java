package dev.fathom.experiments.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A data set that a lab reads from a folder and that is not part of the project.
 *
 * @param name of the folder
 * @param files that it must have
 * @param origin how to get the files, such as {@code download it from the repository karpathy/makemore}
 */
public record DataSet(String name, List<String> files, String origin) {
    /** Keeps its own list. */
    public DataSet {
        files = List.copyOf(files);
    }

    /**
     * The folder that has the files: {@code given}, or if it is null the first that has them of {@code FATHOM_DATA} (or
     * {@code -Dfathom.data=}) and the cache folder.
     *
     * @throws IllegalArgumentException if none has them; the message says how to get them
     */
    public Path folder(@Nullable Path given) {
        List<Path> places = given == null ? ImageSet.places(name) : List.of(given);
        return places.stream().filter(this::in).findFirst().orElseThrow(() -> missing(places));
    }

    private boolean in(Path folder) {
        return files.stream().allMatch(file -> Files.exists(folder.resolve(file)));
    }

    private IllegalArgumentException missing(List<Path> places) {
        return new IllegalArgumentException("the data set " + name + " was not found: "
                + places.stream().map(Path::toString).collect(Collectors.joining(" and "))
                + (places.size() == 1 ? " has no " : " have no ") + String.join(" and ", files) + "; " + origin
                + ", or give the folder that has it with --data");
    }
}
