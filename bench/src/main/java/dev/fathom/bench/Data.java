package dev.fathom.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The folder FATHOM_DATA, which is the property {@code fathom.data} of a contender. */
final class Data {
    private Data() {}

    /** What the driver knows, and tells its contenders. */
    static @Nullable String folder() {
        String told = System.getProperty("fathom.data");
        return told == null ? System.getenv("FATHOM_DATA") : told;
    }

    static Path file(String name) {
        return Path.of(String.valueOf(folder()), name);
    }

    /** Why these files are not there, or null. */
    static @Nullable String missing(String what, List<String> files) {
        if (folder() == null) {
            return "FATHOM_DATA is not set, which names the folder of " + what;
        }
        for (String file : files) {
            if (!Files.exists(file(file))) {
                return "FATHOM_DATA has no " + file;
            }
        }
        return null;
    }
}
