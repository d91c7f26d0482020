package dev.fathom.io;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Replaces files atomically: a file is written to a temporary one beside it, forced to the disk, and moved into place,
 * which therefore always holds a whole file, either the old or the new one. Missing folders are made. Fathom writes all
 * of its files in this way.
 */
public final class AtomicFile {
    private static final AtomicLong COUNT = new AtomicLong();
    private static final Map<Class<?>, String> REASONS = Map.of(
            AccessDeniedException.class, "Permission denied",
            NoSuchFileException.class, "No such file or directory",
            NotDirectoryException.class, "Not a directory");

    private AtomicFile() {}

    /** What writes the content. */
    @FunctionalInterface
    public interface Content {
        /** Writes all of it; {@code out} is forced to the disk and closed by the caller. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Replaces {@code file}.
     *
     * @throws UncheckedIOException if its folder cannot be written or the writing fails; the old file, if any, is as it
     *     was
     */
    public static void write(Path file, Content content) {
        if (Files.isDirectory(file)) {
            throw failure(file, "it is a folder; give the name of a file in it", null);
        }
        Path place;
        try {
            // a link stays a link: what it points to is replaced
            place = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        } catch (IOException e) {
            throw failure(file, reason(e) + "; choose another place", e);
        }
        Path folder = Objects.requireNonNull(place.getParent(), "an absolute path of a file has a folder");
        makeFolder(file, folder);
        Path beside = folder.resolve("." + place.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet() + ".tmp");
        boolean onDisk = place.getFileSystem() == FileSystems.getDefault();
        OutputStream opened;
        try {
            // a stream, not a channel: an interrupt of the thread must not cost the file
            opened = onDisk ? new FileOutputStream(beside.toFile()) : Files.newOutputStream(beside);
        } catch (IOException e) {
            throw failure(
                    file,
                    "the folder " + folder + " takes no new file (" + reason(e) + "); choose one that you may write to",
                    e);
        }
        boolean moved = false;
        try {
            try (OutputStream out = opened) {
                content.writeTo(out);
                if (out instanceof FileOutputStream disk) {
                    disk.getFD().sync();
                }
            }
            if (onDisk) {
                Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else { // an archive is written as a whole when it is closed
                Files.move(beside, place, StandardCopyOption.REPLACE_EXISTING);
            }
            moved = true;
        } catch (IOException e) {
            throw failure(file, reason(e) + "; what was there before is unchanged", e);
        } finally {
            if (!moved) {
                delete(beside);
            }
        }
        if (onDisk) {
            force(folder);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // the failure that is reported came before
        }
    }

    private static void makeFolder(Path file, Path folder) {
        for (Path p = folder; p != null; p = p.getParent()) {
            if (Files.exists(p)) { // asked first, since another thread may make the folder between the two questions
                if (!Files.isDirectory(p)) { // a link to one is a perfectly good place
                    throw failure(file, p + " is not a folder; choose another place", null);
                }
                break;
            }
        }
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder);
            }
        } catch (IOException e) {
            throw failure(
                    file, "the folder " + folder + " cannot be made (" + reason(e) + "); choose another place", e);
        }
    }

    /**
     * The move itself survives a power failure only when the folder is on the disk too; not every system offers that.
     */
    private static void force(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // the file is complete and in its place all the same
        }
    }

    private static UncheckedIOException failure(Path file, String why, @Nullable IOException cause) {
        String message = "cannot write " + file + ": " + why;
        return new UncheckedIOException(message, cause == null ? new IOException(message) : cause);
    }

    /** Returns the system's reason, without the path that many exceptions put in front. */
    public static String reason(IOException e) {
        if (e instanceof FileSystemException f && f.getReason() == null) {
            return REASONS.getOrDefault(f.getClass(), f.getClass().getSimpleName());
        }
        String text = e instanceof FileSystemException f ? f.getReason() : String.valueOf(e.getMessage());
        int open = text.lastIndexOf('(');
        return e instanceof java.io.FileNotFoundException && open >= 0 && text.endsWith(")")
                ? text.substring(open + 1, text.length() - 1)
                : text;
    }
}
