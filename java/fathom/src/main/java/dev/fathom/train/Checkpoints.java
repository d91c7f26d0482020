package dev.fathom.train;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;
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
 * Says where and when a {@link Trainer} writes checkpoints, which hold everything that a run needs to continue to the
 * same bits. Files are called {@code step-000001500.safetensors}, numbered by the steps since the beginning, and the
 * last few are kept; {@code best.safetensors} is written after each epoch that is the best so far, unless
 * {@link #withoutBest} is said. {@code model.load} takes the weights from any of them.
 *
 * <pre>{@code
 * trainer = trainer.checkpoints(Checkpoints.in(folder).everySteps(500).every(Duration.ofMinutes(5)).last(3));
 * if (Checkpoints.newest(folder).isPresent()) {
 *     trainer = trainer.resume(folder);
 * }
 * }</pre>
 *
 * <p>A checkpoint is written to a temporary file with a checksum, forced to the disk and moved into place; an older one
 * is deleted only when the newer is there. One more is written when a run ends or is stopped. If one cannot be written,
 * for example because the disk is full, there is a warning and a line in {@link Run#notes}; training goes on and tries
 * again.
 *
 * @param folder the folder of the files
 * @param everySteps number of steps after which a checkpoint is written; 0 for never
 * @param every time after which one is written, at the end of the step under way; null for never. With neither, one is
 *     written after each epoch
 * @param last number of the newest checkpoints that are kept
 * @param replacing whether a run that begins anew deletes the checkpoints of the run before it; without it, such a run
 *     is refused
 * @param best whether the best epoch so far has a file of its own
 */
public record Checkpoints(
        Path folder, int everySteps, @Nullable Duration every, int last, boolean replacing, boolean best) {
    private static final Pattern NAME = Pattern.compile("step-(\\d{9,18})\\.safetensors");
    static final String BEST = "best.safetensors";

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if steps are negative, a duration is not positive, or none is to be kept
     */
    public Checkpoints {
        Checks.atLeast("checkpoints", "everySteps", everySteps, 0);
        Checks.atLeast("checkpoints", "last", last, 1);
        if (every != null && (every.isNegative() || every.isZero())) {
            throw new IllegalArgumentException("checkpoints: every=" + every + " must be above zero");
        }
    }

    /**
     * Writes a checkpoint into {@code folder} after each epoch and keeps the last three. The folder is made if it is
     * missing.
     */
    public static Checkpoints in(Path folder) {
        return new Checkpoints(folder, 0, null, 3, false, true);
    }

    /** Writes a checkpoint after every {@code n} steps. */
    public Checkpoints everySteps(int n) {
        Checks.atLeast("checkpoints", "everySteps", n, 1);
        return Records.with(this, "everySteps", n);
    }

    /** Writes a checkpoint when this much time has passed since the last one. */
    public Checkpoints every(Duration time) {
        return Records.with(this, "every", time);
    }

    /** Keeps the newest {@code k} checkpoints, and the best. */
    public Checkpoints last(int k) {
        return Records.with(this, "last", k);
    }

    /**
     * Writes no {@code best.safetensors}. Where epochs take milliseconds and most are better than all before, writing
     * it would take longer than training. The weights that {@link Trainer#keepBest} keeps are in every checkpoint.
     */
    public Checkpoints withoutBest() {
        return Records.with(this, "best", false);
    }

    /** Lets a run that begins anew delete the checkpoints that the run before it left in the folder. */
    public Checkpoints replace() {
        return Records.with(this, "replacing", true);
    }

    /**
     * Returns the checkpoint with the most steps in a folder, judged by its name; empty if there is none, or no folder.
     *
     * @throws UncheckedIOException if the folder cannot be read
     */
    public static Optional<Path> newest(Path folder) {
        return all(folder).stream().findFirst();
    }

    /** The checkpoints of a folder: those with the most steps first, and the best (which may be older) last. */
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
