package dev.fathom.experiments.data;

import dev.fathom.io.TextFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * English sentences with French translations, from the shortest to the longest (Tatoeba, from manythings.org/anki); not
 * part of the project.
 */
public final class EnglishFrench {
    /** The folder and its file. */
    public static final DataSet SET = new DataSet(
            "eng-fra",
            List.of("eng-fra.tsv.gz"),
            "make it from fra.txt in fra-eng.zip of manythings.org/anki, with one English sentence, a tab and one "
                    + "French sentence on each line, "
                    + "compressed with gzip");

    /** A sentence and one of its translations. */
    public record Pair(String english, String french) {}

    private EnglishFrench() {}

    /**
     * Reads all pairs in the order of the file.
     *
     * @param folder that has the file, null for the usual place
     * @throws IllegalArgumentException if the file is missing, or a line is not a pair
     */
    public static List<Pair> read(@Nullable Path folder) {
        Path file = SET.folder(folder).resolve(SET.files().get(0));
        List<Pair> pairs = new ArrayList<>();
        TextFile.lines(file, "a file of sentences", (number, line) -> {
            String[] fields = line.split("\t", -1);
            if (fields.length != 2 || fields[0].isBlank() || fields[1].isBlank()) {
                throw new IllegalArgumentException(file + " line " + number + ": "
                        + (fields.length == 2
                                ? "one of its two sentences is empty"
                                : "it has " + (fields.length - 1) + " tabs")
                        + "; a line is an English sentence, one tab and a French sentence, so fetch the file again");
            }
            pairs.add(new Pair(fields[0], fields[1]));
        });
        return pairs;
    }
}
