package dev.fathom.labs.embeddings;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Places that were found, kept for a run that goes on.
 *
 * @param of the method with its settings, the seed and the vectors, by which they are known again
 */
record Placed(String of, float[][] places) {
    private static final Gson GSON = new Gson();
    private static final int MOST = 1 << 26; // characters

    /** Writes them, whole or not at all. */
    void write(Path file) {
        AtomicFile.write(file, to -> to.write(GSON.toJson(this).getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException if the file is damaged
     */
    static Placed read(Path file) {
        try {
            return GSON.fromJson(TextFile.read(file, "places of points", MOST), Placed.class);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(file + ": it is damaged; remove it, and run again", e);
        }
    }
}
