package dev.fathom.labs.data;

import dev.fathom.io.TextFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** English sentences with French translations, from the shortest to the longest (Tatoeba, as manythings.org/anki gives them away); no part of the project. */
public final class EnglishFrench {
    /** The folder and its file. */
    public static final DataSet SET = new DataSet(
            "eng-fra",
            List.of("eng-fra.tsv.gz"),
            "make it of fra.txt in fra-eng.zip of manythings.org/anki: English, tab and French on each line, packed by gzip");

    /** A sentence and one of its translations. */
    public record Pair(String english, String french) {}

    private EnglishFrench() {}

    /**
     * Reads all pairs in the order of the file.
     *
     * @param folder where the file is, null for where it usually is
     * @throws IllegalArgumentException if it is not there, or a line is not a pair
     */
    public static List<Pair> read(@Nullable Path folder) {
        Path file = SET.folder(folder).resolve(SET.files().get(0));
        List<Pair> pairs = new ArrayList<>();
        TextFile.lines(file, "a file of sentences", (number, line) -> {
            String[] fields = line.split("\t", -1);
            if (fields.length != 2 || fields[0].isBlank() || fields[1].isBlank()) {
                throw new IllegalArgumentException(file + " line " + number + ": it has " + (fields.length - 1)
                        + (fields.length == 2 ? " tab" : " tabs")
                        + (fields.length == 2 ? " but a side without text" : "")
                        + "; a line is an English sentence, one tab and a French sentence, so fetch the file again");
            }
            pairs.add(new Pair(fields[0], fields[1]));
        });
        return pairs;
    }
}
