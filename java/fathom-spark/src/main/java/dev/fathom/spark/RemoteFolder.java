package dev.fathom.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A folder that all executors reach, in whatever Hadoop reads. A file is written under another name and renamed, so
 * that what has its name is whole.
 *
 * @param hadoop how to reach it
 */
record RemoteFolder(String path, SerializableConfiguration hadoop) implements Serializable {
    /** The names of files that are being written. */
    private static final Pattern WRITING = Pattern.compile("\\..*\\.[0-9a-f-]{36}\\.tmp");

    /** What writes the content of a file. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private interface Use<T> {
        T of(FileSystem files) throws IOException;
    }

    RemoteFolder in(String name) {
        return new RemoteFolder(file(name).toString(), hadoop);
    }

    private Path file(String name) {
        return new Path(path, name);
    }

    private <T> T use(String what, Use<T> use) {
        try {
            return use.of(new Path(path).getFileSystem(hadoop.value()));
        } catch (IOException e) {
            throw new UncheckedIOException("SparkTrainer: " + what + ": " + e.getMessage(), e);
        }
    }

    /** The names of its files that are whole, in order; none if there is no folder. */
    List<String> names() {
        return all().stream().filter(name -> !name.startsWith(".")).toList();
    }

    private List<String> all() {
        return use(path + " cannot be read", files -> {
            try {
                return Arrays.stream(files.listStatus(new Path(path)))
                        .filter(FileStatus::isFile)
                        .map(status -> status.getPath().getName())
                        .sorted()
                        .toList();
            } catch (FileNotFoundException e) {
                return List.of();
            }
        });
    }

    /** Writes a file, which replaces one of the same name. */
    void write(String name, Content content) {
        use(path + "/" + name + " cannot be written", files -> {
            Path writing = file("." + name + "." + UUID.randomUUID() + ".tmp");
            try (OutputStream out = files.create(writing)) {
                content.writeTo(out);
            }
            files.delete(file(name), false);
            if (!files.rename(writing, file(name))) {
                throw new IOException("it cannot be renamed from " + writing.getName());
            }
            return name;
        });
    }

    void write(String name, java.nio.file.Path local) {
        write(name, out -> Files.copy(local, out));
    }

    void write(String name, String text) {
        write(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    void read(String name, OutputStream to) {
        use(path + "/" + name + " cannot be read", files -> {
            try (var in = files.open(file(name))) {
                return in.transferTo(to);
            }
        });
    }

    void read(String name, java.nio.file.Path local) {
        use(path + "/" + name + " cannot be copied", files -> {
            try (OutputStream out = Files.newOutputStream(local)) {
                read(name, out);
            }
            return name;
        });
    }

    String text(String name) {
        return use(path + "/" + name + " cannot be read", files -> {
            try (var in = files.open(file(name))) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        });
    }

    void delete(String name) {
        use(path + "/" + name + " cannot be deleted", files -> files.delete(file(name), false));
    }

    /** Deletes what writers that were killed have left. */
    void tidy() {
        all().stream().filter(name -> WRITING.matcher(name).matches()).forEach(this::delete);
    }
}
