package dev.fathom.experiments;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Which data a test sees. */
public final class TestData {
    private TestData() {}

    /** Skips the test, and says so, where {@code FATHOM_DATA} lacks a folder. */
    public static void assume(String folder) {
        String data = System.getenv("FATHOM_DATA");
        assumeTrue(
                data != null && Files.isDirectory(Path.of(data, folder)),
                "lab " + folder + " is not tested: FATHOM_DATA has no folder " + folder);
    }

    /** Runs with the data of another project folder and an empty cache folder in it, whatever the environment says. */
    public static <T> T in(Path root, Supplier<T> run) {
        String before = System.getProperty("fathom.root");
        System.setProperty("fathom.root", root.toString());
        System.setProperty("fathom.data", "");
        System.setProperty("fathom.cache", root.resolve("cache").toString());
        try {
            return run.get();
        } finally {
            System.setProperty("fathom.root", before);
            System.clearProperty("fathom.data");
            System.clearProperty("fathom.cache");
        }
    }
}
