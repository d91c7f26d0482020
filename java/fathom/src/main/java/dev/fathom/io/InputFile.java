package dev.fathom.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What every reader says of a file that it cannot read. */
public final class InputFile {
    private InputFile() {}

    /**
     * Refuses a path that is not the path of a file.
     *
     * @param format what it should be, for the message: {@code an npy file}
     * @throws UncheckedIOException if nothing or a folder is there
     */
    public static void mustBeFile(Path file, String format) {
        if (!Files.isRegularFile(file)) {
            String message = "cannot read " + file + ": "
                    + (Files.exists(file) ? "it is not a file" : "it does not exist") + "; give the path of " + format;
            throw new UncheckedIOException(message, new IOException(message));
        }
    }

    /** Returns the sentence for a file or stream that cannot be read, with the system's reason. */
    public static UncheckedIOException unreadable(Object name, IOException e) {
        return new UncheckedIOException("cannot read " + name + ": " + AtomicFile.reason(e), e);
    }

    /** Returns a text of a file for a message: quoted, cut where a hostile file makes it long, without controls. */
    public static String quoted(String text) {
        return '"' + plain(text) + '"';
    }

    static String plain(String text) {
        StringBuilder plain = new StringBuilder(text.length() > 80 ? text.substring(0, 80) + "..." : text);
        for (int i = 0; i < plain.length(); i++) { // no regular expression, as a file may have thousands of names
            char c = plain.charAt(i);
            if (c < ' ' || c == 0x7f) {
                plain.setCharAt(i, '?');
            }
        }
        return plain.toString();
    }
}
