package dev.fathom.experiments;

import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.Training;
import java.io.PrintStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How an experiment is to be run.
 *
 * @param brief a part of the data and few epochs, within a minute
 * @param epochs how often every example is seen; null for each network's own number
 * @param seed of weights, order and choice of the examples held out
 * @param resume whether to go on from checkpoints in {@code folder}
 * @param data where the data are, null for where they usually are
 * @param prompt a sentence to translate, null for none
 * @param folder where the files go
 * @param interrupt whether to come to an end
 * @param out what people read
 * @param err what went wrong
 */
public record LabRun(
        boolean brief,
        @Nullable Integer epochs,
        long seed,
        boolean resume,
        @Nullable Path data,
        @Nullable String prompt,
        Path folder,
        Interrupt interrupt,
        PrintStream out,
        PrintStream err) {
    /** How its networks are taught. */
    public Training training() {
        return new Training(out, err, interrupt, seed, resume);
    }

    /** Returns this run from another seed, in a folder {@code seed-N} of its own. */
    public LabRun seeded(long other) {
        return new LabRun(
                brief, epochs, other, resume, data, prompt, folder.resolve("seed-" + other), interrupt, out, err);
    }

    /** {@code full} in a whole run, {@code small} in a short one. */
    public int of(int full, int small) {
        return brief ? small : full;
    }

    /** The number of epochs: the one that was asked for, or else {@link #of}. */
    public int epochs(int full, int small) {
        return epochs != null ? epochs : of(full, small);
    }

    /** Whether the experiment is run as it is meant, so that its figures may be held to their bands. */
    public boolean whole() {
        return !brief && epochs == null;
    }
}
