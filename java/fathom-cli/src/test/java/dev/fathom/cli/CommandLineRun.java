package dev.fathom.cli;

import dev.fathom.experiments.TestData;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One call of the command line inside this JVM.
 *
 * @param code its exit code
 * @param out what it printed
 * @param err what it printed on standard error
 */
public record CommandLineRun(int code, String out, String err) {
    /** With the data of the project itself. */
    public static CommandLineRun of(String... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code = Main.run(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                args);
        return new CommandLineRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** With the data of another project folder and an empty cache folder in it, whatever the environment says. */
    public static CommandLineRun in(Path root, String... args) {
        return TestData.in(root, () -> of(args));
    }
}
