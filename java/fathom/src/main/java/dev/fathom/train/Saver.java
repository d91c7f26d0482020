package dev.fathom.train;

import dev.fathom.io.AtomicFile;
import dev.fathom.offheap.Warnings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Decides when a run is written down, and which of its files stay. */
final class Saver {
    private final Checkpoints when;
    private final Run run;
    private long savedSteps = -1;
    private long savedAt = System.nanoTime();
    private @Nullable Path newest;

    Saver(Checkpoints when, Run run) {
        this.when = when;
        this.run = run;
    }

    /**
     * Makes the folder ready before the first step. No file is deleted before the run is loaded.
     *
     * @param from the checkpoint that the run goes on from, null where it begins anew
     * @param load what loads it, once nothing can be refused
     * @throws IllegalStateException if another run's checkpoints lie there
     * @throws UncheckedIOException if nothing can be written there
     */
    void begin(@Nullable Path from, long steps, Runnable load) {
        List<Path> there = Checkpoints.all(when.folder());
        boolean own = from != null
                && same(Objects.requireNonNull(from.toAbsolutePath().getParent()), when.folder());
        if (!own && !there.isEmpty() && !when.replacing()) {
            throw new IllegalStateException(
                    "checkpoints: " + when.folder() + " holds " + there.get(0).getFileName()
                            + " of an earlier run; go on from it with resume(folder), give another folder, or say"
                            + " replace()");
        }
        Path probe = when.folder().resolve("writable");
        AtomicFile.write(probe, out -> {});
        try {
            Files.delete(probe);
            load.run();
            for (Path f : there) {
                if (!own) {
                    Files.delete(f);
                } else if (Checkpoints.steps(f) > steps) { // damaged, and this run will write a file of this name
                    Path aside = f.resolveSibling(f.getFileName() + ".damaged");
                    Files.move(f, aside, StandardCopyOption.REPLACE_EXISTING);
                }
            }
            try (Stream<Path> files = Files.list(when.folder())) { // of writes that were killed
                for (Path f : files.filter(Saver::leftover).toList()) {
                    Files.delete(f);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("checkpoints: cannot tidy " + when.folder() + ": " + e.getMessage(), e);
        }
        savedSteps = own ? steps : -1;
        newest = from;
    }

    private static boolean same(Path a, Path b) {
        try {
            return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean leftover(Path file) {
        return file.getFileName().toString().matches("\\.(step-\\d+|best)\\.safetensors\\.\\d+-\\d+\\.tmp");
    }

    /** After a step: whether it is time. */
    boolean due(long steps) {
        return when.everySteps() > 0 && steps % when.everySteps() == 0
                || when.every() != null
                        && System.nanoTime() - savedAt >= when.every().toNanos();
    }

    /** Whether each epoch's end is written down. */
    boolean everyEpoch() {
        return when.everySteps() == 0 && when.every() == null;
    }

    /** Writes the state after {@code steps} steps unless that was done; a failure becomes a note. */
    void save(long steps, Consumer<Path> write) {
        if (steps != savedSteps && written(Checkpoints.name(steps), write)) {
            savedSteps = steps;
            newest = when.folder().resolve(Checkpoints.name(steps));
            prune(steps);
        }
        savedAt = System.nanoTime();
    }

    /** Whether the best epoch so far has a file of its own. */
    boolean wantsBest() {
        return when.best();
    }

    void saveBest(Consumer<Path> write) {
        written(Checkpoints.BEST, write);
    }

    private boolean written(String name, Consumer<Path> write) {
        try {
            write.accept(when.folder().resolve(name));
            return true;
        } catch (UncheckedIOException e) {
            note("checkpoint " + name + " is missing: " + e.getMessage());
            return false;
        }
    }

    /** The older ones go when the newer one is there. */
    private void prune(long steps) {
        List<Path> old = Checkpoints.all(when.folder()).stream()
                .filter(f -> Checkpoints.steps(f) >= 0 && Checkpoints.steps(f) <= steps)
                .skip(when.last())
                .toList();
        for (Path f : old) {
            try {
                Files.deleteIfExists(f);
            } catch (IOException e) {
                note("checkpoint " + f.getFileName() + " cannot be deleted: " + e.getMessage());
            }
        }
    }

    private void note(String text) {
        run.note(text);
        Warnings.warn(Checkpoint.LOGGER, text);
    }

    /** The last that was written or gone on from. */
    @Nullable
    Path newest() {
        return newest;
    }
}
