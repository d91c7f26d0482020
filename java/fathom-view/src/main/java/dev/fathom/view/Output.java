package dev.fathom.view;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Whole files or none: bytes go beside the target and are moved over it, so a reader or a crash never meets half a
 * file.
 */
final class Output {
    private Output() {}

    static void write(Path file, byte[] bytes) {
        Path target = file.toAbsolutePath();
        Path folder = target.getParent();
        if (folder == null || Files.isDirectory(target)) {
            throw failed(file, "it is a folder; name a file in it", null);
        }
        Path beside = folder.resolve(
                "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
        try {
            // createDirectories refuses a link to a folder, which is a perfectly good place
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder);
            }
            Files.write(beside, bytes);
            try {
                Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(beside, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            try {
                Files.deleteIfExists(beside);
            } catch (IOException leftover) {
                e.addSuppressed(leftover);
            }
            throw failed(file, reason(file, folder, e), e);
        }
    }

    private static String reason(Path file, Path folder, IOException e) {
        Path shown = file.getParent() == null ? Path.of(".") : file.getParent();
        for (Path p = folder; p != null; p = p.getParent()) {
            if (Files.exists(p) && !Files.isDirectory(p)) {
                return p.getFileName() + " is a file, not a folder; choose another folder";
            }
        }
        if (e instanceof AccessDeniedException || e instanceof NoSuchFileException || !Files.isWritable(folder)) {
            return "the folder " + shown + " is not writable; choose one that is";
        }
        String why = e instanceof FileSystemException f && f.getReason() != null ? f.getReason() : e.getMessage();
        return why + "; free some space or choose another folder";
    }

    private static UncheckedIOException failed(Path file, String reason, IOException cause) {
        String message = "cannot write " + file + ": " + reason;
        return new UncheckedIOException(message, cause == null ? new IOException(message) : cause);
    }
}
