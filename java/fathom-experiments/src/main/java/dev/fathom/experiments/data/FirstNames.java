package dev.fathom.experiments.data;

import dev.fathom.io.TextFile;
import dev.fathom.text.Characters;
import dev.fathom.text.Vocabulary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * First names in lower case, one on each line of {@code names.txt}: the 32,033 names of the repository
 * karpathy/makemore, which are the most common ones of the year 2018 by ssa.gov. A name that is common for girls and
 * for boys is there twice.
 */
public final class FirstNames {
    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            "names",
            List.of("names.txt"),
            "download it from the repository karpathy/makemore",
            "MIT",
            folder -> StandIn.text(folder.resolve("names.txt"), String.join("\n", StandIn.words(4000, 1))));

    /** The token before and after a name. */
    public static final String END = ".";

    /** {@link #END}, which is 0, and the letters. */
    public static final Vocabulary LETTERS = Vocabulary.ofTokens(
            Stream.concat(Stream.of(END), IntStream.rangeClosed('a', 'z').mapToObj(Character::toString))
                    .toList());

    /** The most letters of a name. */
    public static final int LONGEST = 30;

    private FirstNames() {}

    /**
     * Reads them in their order.
     *
     * @throws IllegalArgumentException if the file is missing, or a line is not a name
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static List<String> read(@Nullable Path given) {
        Path file = SET.folder(given).resolve("names.txt");
        List<String> names = new ArrayList<>();
        TextFile.lines(file, "a list of names", (number, line) -> {
            if (line.isEmpty() || line.length() > LONGEST || !line.chars().allMatch(c -> 'a' <= c && c <= 'z')) {
                throw new IllegalArgumentException(file + " line " + number + ": \""
                        + (line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line)
                        + "\" is not a name of 1 to " + LONGEST + " letters from a to z; write one on each line");
            }
            names.add(line);
        });
        return names;
    }

    /**
     * The numbers of a name's letters between two {@link #END}s.
     *
     * @throws IllegalArgumentException if a character is not a letter from a to z
     */
    public static int[] ids(String name) {
        return LETTERS.ids(new Characters().tokens(END + name + END));
    }
}
