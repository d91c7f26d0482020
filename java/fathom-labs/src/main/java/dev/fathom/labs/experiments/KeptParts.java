package dev.fathom.labs.experiments;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.TextFile;
import dev.fathom.labs.training.Training;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finished parts of a run, such as what came of an agent that learned from one seed. Each is kept in a file of the
 * run's folder, so that a run that was interrupted or has failed loses the parts under way alone: with {@code --resume}
 * the next one takes the others from their files. Several threads may use it.
 *
 * <p>A part belongs to its settings. One that was made by another seed, form, number of epochs or size is made anew,
 * and the run says so.
 *
 * @param run what is interrupted and resumed
 * @param folder below that of the run
 * @param type of what a part comes to, a record or an array of numbers, texts and the like
 * @param sizes all settings of the experiment beside seed, form and epochs on which its parts depend
 */
public record KeptParts<T>(LabRun run, String folder, Class<T> type, String sizes) {
    private static final Gson GSON =
            new GsonBuilder().serializeSpecialFloatingPointValues().create();
    private static final int MOST = 1 << 28; // characters

    private record Kept(@Nullable String settings, @Nullable JsonElement value) {}

    /**
     * What came of a part, in an earlier run or in this one.
     *
     * @param name of the part, unique in its folder
     * @param make makes it; what it gives is kept, unless the run was to end meanwhile, since it may then be unfinished
     * @return empty if the run was interrupted before the part was finished
     * @throws IllegalArgumentException if its file is damaged
     */
    public Optional<T> of(String name, Supplier<T> make) {
        Path file = run.folder().resolve(folder).resolve(Training.fileName(name) + ".json");
        Optional<T> kept = run.resume() && Files.exists(file) ? kept(file) : Optional.empty();
        if (kept.isPresent()) {
            return kept;
        }
        if (run.interrupt().requested()) {
            return Optional.empty();
        }
        T made = make.get();
        if (run.interrupt().requested()) {
            return Optional.empty();
        }
        byte[] text = GSON.toJson(new Kept(settings(), GSON.toJsonTree(made))).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, to -> to.write(text));
        return Optional.of(made);
    }

    private String settings() {
        return "seed " + run.seed() + (run.brief() ? ", short form" : ", full form")
                + (run.epochs() == null ? "" : ", " + run.epochs() + " epochs") + ", " + sizes;
    }

    /** What a file holds, empty if other settings made it. */
    private Optional<T> kept(Path file) {
        try {
            Kept kept = GSON.fromJson(TextFile.read(file, "a finished part of a run", MOST), Kept.class);
            if (kept == null || kept.settings == null || kept.value == null || kept.value.isJsonNull()) {
                throw new JsonParseException("not a finished part");
            }
            if (kept.settings.equals(settings())) {
                return Optional.of(GSON.fromJson(kept.value, type));
            }
            run.training().say("%s was made with %s, and is made anew with %s.", file, kept.settings, settings());
            return Optional.empty();
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(file + ": it is damaged; remove it, and run again", e);
        }
    }
}
