package dev.fathom.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A JVM that a cold start begins with, and where it takes its classes from: the jars, or a file that an earlier run of
 * the same process has written.
 *
 * @param suffix of the row's name
 * @param home the folder of its JDK
 * @param writes the option that writes the file, or null where there is none
 * @param reads the option that reads it
 */
record Jvm(String suffix, Path home, @Nullable String writes, String reads) {
    /** The first JDK that writes a cache of classes, compiled code and profiles in one run. */
    private static final int CACHES = 25;

    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"(\\d+)");

    /** This JVM with its jars. */
    static final Jvm PLAIN = new Jvm("", Path.of(System.getProperty("java.home")), null, "");

    /** This JVM with jars and an archive, and the newest one that is installed with a cache, if it writes one. */
    static List<Jvm> all() {
        List<Jvm> all = new ArrayList<>(List.of(PLAIN));
        all.add(new Jvm("-archive", PLAIN.home, "-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile="));
        Path newest = newest();
        if (newest != null) {
            all.add(new Jvm("-aot", newest, "-XX:AOTCacheOutput=", "-XX:AOTCache="));
        }
        return all;
    }

    /** The newest JDK from 25 on that lies beside this one; null where there is none. */
    static @Nullable Path newest() {
        Path newest = null;
        int most = CACHES - 1;
        try (DirectoryStream<Path> installed = Files.newDirectoryStream(Contender.parent(PLAIN.home))) {
            for (Path home : installed) {
                int version = version(home);
                if (version > most) {
                    most = version;
                    newest = home;
                }
            }
        } catch (IOException e) {
            // what cannot be listed has none
        }
        return newest;
    }

    private static int version(Path home) throws IOException {
        Path release = home.resolve("release");
        Matcher version = VERSION.matcher(Files.isRegularFile(release) ? Files.readString(release) : "");
        return version.find() ? Integer.parseInt(version.group(1)) : 0;
    }
}
