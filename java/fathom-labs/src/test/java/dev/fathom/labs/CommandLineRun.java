package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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

    /** The short form of a lab, which must end well and without a word on standard error. */
    public static CommandLineRun lab(String name, Path out) {
        long start = System.nanoTime();
        CommandLineRun run = of("lab", name, "--short", "--out", out.toString());
        System.out.printf("lab %s --short: %.1f s%n", name, (System.nanoTime() - start) / 1e9);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run;
    }

    /**
     * What an epoch of the short form of a lab prints with {@code --resume}, and what it prints when it is resumed at
     * its end, which is not to train again.
     */
    public static List<String> twice(String name, Path out) {
        String[] args = {"lab", name, "--short", "--epochs", "1", "--resume", "--out", out.toString()};
        CommandLineRun first = of(args);
        assertThat(first.code()).as(first.err()).isZero();
        CommandLineRun again = of(args);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(first.out()).contains("epoch 1/1");
        assertThat(again.out()).doesNotContain("epoch 1/1");
        return List.of(first.out(), again.out());
    }

    /** A lab on the files of a folder, which also gets the page. */
    public static CommandLineRun labOn(Path data, String name) {
        return of(
                "lab",
                name,
                "--data",
                data.toString(),
                "--out",
                data.resolve("out").toString());
    }

    /** Skips the test, and says so, where {@code FATHOM_DATA} lacks a folder. */
    public static void assumeData(String folder) {
        String data = System.getenv("FATHOM_DATA");
        assumeTrue(
                data != null && Files.isDirectory(Path.of(data, folder)),
                "lab " + folder + " is not tested: FATHOM_DATA has no folder " + folder);
    }
}
