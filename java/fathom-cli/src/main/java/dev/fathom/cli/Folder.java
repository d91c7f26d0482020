package dev.fathom.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command's pictures go. */
public final class Folder {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "The folder for the pictures (out/ and the command's name).")
    private @Nullable Path out;

    @Mixin
    Help help;

    /**
     * Makes it, before anybody waits for what cannot be kept.
     *
     * @throws ParameterException if it cannot be
     */
    Path prepare(String name) {
        return made(out, name, this::misuse);
    }

    /**
     * The folder {@code out}, by default {@code out/name}; where it cannot be made or written, {@code misuse} makes an
     * exception of why.
     */
    static Path made(@Nullable Path out, String name, Function<String, ParameterException> misuse) {
        Path folder = out != null ? out : Path.of("out", name);
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, "writable", null));
        } catch (IOException e) {
            throw misuse.apply("--out " + folder + ": "
                    + (Files.exists(folder) && !Files.isDirectory(folder) ? "it is a file" : "it cannot be written")
                    + "; choose another folder");
        }
        return folder;
    }

    /** What is wrong with the command line. */
    ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
