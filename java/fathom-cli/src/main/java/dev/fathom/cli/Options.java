package dev.fathom.cli;

import dev.fathom.kernel.NativeRuntime;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that every training has, and what must be right before it begins. */
public final class Options {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "The seed of the weights, the order, dropout and the images held out (${DEFAULT-VALUE}); the "
                    + "same seed gives the same bits.")
    private long seed;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "The number of threads (all processors); the results do not depend on it.")
    private @Nullable Integer threads;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "The folder for the files (out/ and the command's name).")
    private @Nullable Path out;

    @Option(
            names = "--resume",
            description = "Goes on from the newest checkpoints in the output folder, which every training " + "writes.")
    private boolean resume;

    @Mixin
    Help help;

    long seed() {
        return seed;
    }

    boolean resume() {
        return resume;
    }

    /**
     * Sets the threads and makes the folder for the files, {@code out/name} unless another was asked for: before the
     * training, so that nobody waits for what cannot be kept.
     *
     * @throws ParameterException if one of them cannot be
     */
    Path prepare(String name) {
        if (threads != null && (threads < 1 || threads > NativeRuntime.MAX_THREADS)) {
            throw misuse("--threads " + threads + ": choose 1 to " + NativeRuntime.MAX_THREADS);
        }
        Path folder = Folder.made(out, name, this::misuse);
        if (threads != null) {
            NativeRuntime.get().threads(threads);
        }
        return folder;
    }

    /**
     * Refuses counts of nothing.
     *
     * @throws ParameterException if {@code value} is below 1
     */
    void atLeastOne(String option, int value) {
        if (value < 1) {
            throw misuse(option + " " + value + ": choose at least 1");
        }
    }

    /** What is wrong with the command line. */
    ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
