package dev.fathom.labs.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Data that a lab reads from a folder and that are no part of the project.
 *
 * @param name of the folder
 * @param files that it must have
 * @param origin how a person gets them, as the end of a sentence, such as {@code names.txt is in the repository karpathy/makemore}
 */
public record DataSet(String name, List<String> files, String origin) {
    /** Keeps its own list. */
    public DataSet {
        files = List.copyOf(files);
    }

    /**
     * The folder that has the files: {@code given}, or where none is given the first of {@code FATHOM_DATA} (or {@code -Dfathom.data=}) and the cache
     * folder that has them.
     *
     * @throws IllegalArgumentException if none has them, with what to do
     */
    public Path folder(@Nullable Path given) {
        List<Path> places = given == null ? ImageSet.places(name) : List.of(given);
        return places.stream().filter(this::in).findFirst().orElseThrow(() -> missing(places));
    }

    private boolean in(Path folder) {
        return files.stream().allMatch(file -> Files.exists(folder.resolve(file)));
    }

    private IllegalArgumentException missing(List<Path> places) {
        return new IllegalArgumentException("the data of " + name + " are not here: "
                + places.stream().map(Path::toString).collect(Collectors.joining(" and ")) + " lack "
                + String.join(", ", files) + "; " + origin);
    }
}
