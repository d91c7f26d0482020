package dev.fathom.experiments.data;

import dev.fathom.text.Characters;
import dev.fathom.text.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/**
 * The plays of {@link TinyShakespeare}: the first 90 % for training, the next 5 % for validation, and the last 5 % for
 * the test.
 */
public record Plays(Vocabulary vocabulary, int[] training, int[] validation, int[] test) {
    private static final int FEWEST = 10_000;

    /**
     * Uses at most the first {@code most} characters.
     *
     * @throws IllegalArgumentException if there are too few
     */
    public static Plays of(String text, int most) {
        List<String> all = new Characters().tokens(text);
        if (all.size() < FEWEST) {
            throw new IllegalArgumentException(TinyShakespeare.FILE + " has " + all.size()
                    + " characters, but at least " + FEWEST
                    + " are needed for training, validation and test; give a longer text");
        }
        List<String> tokens = all.subList(0, Math.min(most, all.size()));
        Vocabulary vocabulary = Vocabulary.of(List.of(tokens));
        int[] ids = vocabulary.ids(tokens);
        int end = ids.length / 20 * 18;
        int middle = ids.length / 20 * 19;
        return new Plays(
                vocabulary,
                Arrays.copyOf(ids, end),
                Arrays.copyOfRange(ids, end, middle),
                Arrays.copyOfRange(ids, middle, ids.length));
    }

    /** The bits that the test adds to a compressed file of the rest, for each character. */
    public double gzip() {
        String before = text(training) + text(validation);
        return 8.0 * (compressed(before + text(test)) - compressed(before)) / test.length;
    }

    private static int compressed(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // not of memory
        }
        return bytes.size();
    }

    /** The text of some characters. */
    public String text(int... ids) {
        return new Characters().text(vocabulary.tokens(ids));
    }
}
