package dev.fathom.spark;

import dev.fathom.plan.Plan;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.spark.SparkContext;

/**
 * The files of a model in one zip, which Spark sends to each executor once. Equal files have equal names, because the
 * name is a hash of the content.
 *
 * @param path of the zip on the machine of the driver
 */
record Archive(String path) implements Serializable {
    /** Its name in the folder of a stage that was saved. */
    private static final String SAVED = "model.zip";

    /** Holds the archives of this process, of which each is there once: Spark serves a name from one path alone. */
    private static final class Folder {
        static final Path PATH = temporary();

        private static Path temporary() {
            try {
                Path folder = Files.createTempDirectory("fathom-spark");
                folder.toFile().deleteOnExit();
                return folder;
            } catch (IOException e) {
                throw new UncheckedIOException("SparkModel: no temporary folder can be made", e);
            }
        }
    }

    /** Writes files into archives. */
    private interface Writer {
        void write(Path file) throws IOException;
    }

    /** Packs all files of a folder, and of the folders in it. */
    static Archive ofFolder(Path folder) {
        Map<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isRegularFile)
                    .forEach(f -> files.put(folder.relativize(f).toString().replace(File.separatorChar, '/'), f));
        } catch (IOException e) {
            throw new UncheckedIOException("SparkModel: " + folder + " cannot be read", e);
        }
        return of(files);
    }

    /** Packs files under these names. */
    static Archive of(Map<String, Path> files) {
        return of(file -> {
            try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
                zip.setLevel(0); // weights hardly become smaller
                for (Map.Entry<String, Path> each : new TreeMap<>(files).entrySet()) {
                    ZipEntry entry = new ZipEntry(each.getKey());
                    entry.setTime(0);
                    zip.putNextEntry(entry);
                    Files.copy(each.getValue(), zip);
                    zip.closeEntry();
                }
            }
        });
    }

    /** Packs a plan. */
    static Archive of(Plan plan) {
        try {
            Path file = Files.createTempFile(Folder.PATH, "saving", ".plan");
            try {
                plan.save(file);
                return of(Map.of(Task.PLAN, file));
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("SparkModel: the plan cannot be written: " + e.getMessage(), e);
        }
    }

    /** Copies what {@link #save} wrote. */
    static Archive load(String folder, Configuration hadoop) {
        var from = new org.apache.hadoop.fs.Path(folder, SAVED);
        return of(file -> FileUtil.copy(from.getFileSystem(hadoop), from, file.toFile(), false, hadoop));
    }

    private static Archive of(Writer writer) {
        try {
            Path file = Files.createTempFile(Folder.PATH, "writing", ".zip");
            try {
                writer.write(file);
                Path named = Folder.PATH.resolve("fathom-" + hash(file) + ".zip");
                named.toFile().deleteOnExit();
                Files.move(file, named, StandardCopyOption.REPLACE_EXISTING);
                return new Archive(named.toString());
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("SparkModel: the files of the model cannot be copied: " + e.getMessage(), e);
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private static String hash(Path file) throws IOException {
        MessageDigest sha = sha256();
        try (var in = new DigestInputStream(Files.newInputStream(file), sha)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(sha.digest(), 0, 16);
    }

    /** Writes it to a folder of whatever file system the path names. */
    void save(String folder, Configuration hadoop) {
        var to = new org.apache.hadoop.fs.Path(folder, SAVED);
        try {
            FileUtil.copy(new File(path), to.getFileSystem(hadoop), to, false, hadoop);
        } catch (IOException e) {
            throw new UncheckedIOException("SparkModel: " + to + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** The name under which executors have it. */
    String name() {
        return Path.of(path).getFileName().toString();
    }

    /** Lets Spark send it to each executor, once. */
    void send(SparkContext context) {
        if (!context.listArchives().exists(sent -> sent.endsWith("/" + name()))) {
            context.addArchive(path);
        }
    }

    /**
     * Reads something from a temporary folder of the files.
     *
     * @param from where the archive was loaded, for messages
     */
    <R> R unpacked(String from, Function<Path, R> reader) {
        try {
            Path folder = Files.createTempDirectory(Folder.PATH, "unpacked");
            try {
                FileUtil.unZip(new File(path), folder.toFile());
                return reader.apply(folder);
            } finally {
                FileUtil.fullyDelete(folder.toFile());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "SparkModel: " + from + "/" + SAVED + " cannot be unpacked: " + e.getMessage(), e);
        }
    }
}
