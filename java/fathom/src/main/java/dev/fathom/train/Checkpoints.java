package dev.fathom.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where and when a {@link Trainer} writes down all that a run needs to go on to the same bits: {@code step-000001500.safetensors}, numbered by the
 * steps since the beginning, of which the last few are kept, and {@code best.safetensors} after each epoch that is the best so far. Each is the
 * model's file too: {@code model.load} takes the weights from it.
 *
 * <pre>{@code
 * trainer.checkpoints(Checkpoints.in(folder).everySteps(500).every(Duration.ofMinutes(5)).last(3));
 * if (Checkpoints.newest(folder).isPresent()) {
 *     trainer.resume(folder);
 * }
 * }</pre>
 *
 * <p>A checkpoint is written beside, checksummed, forced to the disk and moved into place; an older one goes only when the newer is there. One
 * more is written when a run ends or is stopped. One that cannot be written (a full disk) costs a warning and a line in {@link History#notes}: training goes on
 * and tries again.
 *
 * @param folder where
 * @param everySteps after so many steps; 0 for never
 * @param every after so much time, at the end of the step under way; null for never. Without either one is written after each epoch
 * @param last how many of the newest are kept
 * @param replacing whether a run that begins anew deletes the checkpoints of the run before it; else it is refused
 */
public record Checkpoints(
        Path folder, int everySteps, @Nullable Duration every, int last, boolean replacing) {
    private static final Pattern NAME = Pattern.compile("step-(\\d{9,18})\\.safetensors");
    static final String BEST = "best.safetensors";

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if steps are negative, a duration is not positive, or none is to be kept
     */
    public Checkpoints {
        if (everySteps < 0 || last < 1 || every != null && (every.isNegative() || every.isZero())) {
            throw new IllegalArgumentException("checkpoints: everySteps=" + everySteps + " must not be negative, every="
                    + every + " above zero and last=" + last + " at least 1");
        }
    }

    /** After each epoch, into {@code folder}, which is made; the last three are kept. */
    public static Checkpoints in(Path folder) {
        return new Checkpoints(folder, 0, null, 3, false);
    }

    /** After every {@code n} steps. */
    public Checkpoints everySteps(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("checkpoints: everySteps=" + n + " must be at least 1");
        }
        return new Checkpoints(folder, n, every, last, replacing);
    }

    /** When so much time has passed since the last. */
    public Checkpoints every(Duration time) {
        return new Checkpoints(folder, everySteps, time, last, replacing);
    }

    /** Keeps the newest {@code k}, and the best. */
    public Checkpoints last(int k) {
        return new Checkpoints(folder, everySteps, every, k, replacing);
    }

    /** A run that begins anew deletes what the run before it left here. */
    public Checkpoints replace() {
        return new Checkpoints(folder, everySteps, every, last, true);
    }

    /**
     * The checkpoint of the most steps in a folder, by its name; empty where there is none or no folder.
     *
     * @throws UncheckedIOException if the folder cannot be read
     */
    public static Optional<Path> newest(Path folder) {
        return all(folder).stream().findFirst();
    }

    /** The checkpoints of a folder, the one of the most steps first, the best (which is an older one's like) last. */
    static List<Path> all(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> steps(f) >= 0 || isBest(f))
                    .sorted(Comparator.comparingLong(Checkpoints::steps).reversed())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("checkpoints: cannot read the folder " + folder + ": " + e.getMessage(), e);
        }
    }

    static boolean isBest(Path file) {
        return file.getFileName().toString().equals(BEST);
    }

    /** The number in a checkpoint's name, -1 for other files. */
    static long steps(Path file) {
        Matcher m = NAME.matcher(file.getFileName().toString());
        return m.matches() ? Long.parseLong(m.group(1)) : -1;
    }

    static String name(long steps) {
        return String.format(java.util.Locale.ROOT, "step-%09d.safetensors", steps);
    }
}
