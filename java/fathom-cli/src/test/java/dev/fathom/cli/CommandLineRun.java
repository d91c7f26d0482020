package dev.fathom.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
        String before = System.getProperty("fathom.root");
        System.setProperty("fathom.root", root.toString());
        System.setProperty("fathom.data", "");
        System.setProperty("fathom.cache", root.resolve("cache").toString());
        try {
            return of(args);
        } finally {
            System.setProperty("fathom.root", before);
            System.clearProperty("fathom.data");
            System.clearProperty("fathom.cache");
        }
    }

    /** Skips the test, and says so, where {@code FATHOM_DATA} lacks a folder. */
    public static void assumeData(String folder) {
        String data = System.getenv("FATHOM_DATA");
        assumeTrue(
                data != null && Files.isDirectory(Path.of(data, folder)),
                "lab " + folder + " is not tested: FATHOM_DATA has no folder " + folder);
    }
}
