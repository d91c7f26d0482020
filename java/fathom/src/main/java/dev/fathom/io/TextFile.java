package dev.fathom.io;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A file of text in UTF-8, plain or gzip, which its first bytes tell and not its name. A byte order mark is not part of
 * the text, and a byte that is not UTF-8 is an error instead of a replacement character.
 *
 * <p>A line ends with a line feed, which a carriage return may precede. Other characters that Unicode takes for line
 * ends are part of a line.
 */
public final class TextFile {
    /** No text that anyone reads has a line of this many characters; what claims one must not fill the memory. */
    private static final int LONGEST_LINE = 1 << 24;

    private TextFile() {}

    /** What takes the lines of a file, with their numbers from 1. */
    @FunctionalInterface
    public interface Lines {
        /** Takes line {@code number}, without its end. */
        void take(long number, String line);
    }

    /**
     * Opens a file to read its characters.
     *
     * @param kind what it should be, for messages: {@code a csv file}
     * @throws UncheckedIOException if it does not exist or cannot be read
     * @throws IllegalArgumentException if its gzip data are damaged
     */
    public static Reader open(Path file, String kind) {
        Packed packed = Packed.of(file, kind);
        InputStream in = null;
        try {
            DataInputStream bytes = packed.open();
            in = bytes;
            in = withoutMark(bytes);
            return new InputStreamReader(
                    in,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT));
        } catch (IOException e) {
            close(in);
            throw failure(file, e);
        }
    }

    private static InputStream withoutMark(DataInputStream in) throws IOException {
        byte[] mark = in.readNBytes(3);
        boolean marked = mark.length == 3 && mark[0] == (byte) 0xef && mark[1] == (byte) 0xbb && mark[2] == (byte) 0xbf;
        return marked ? in : new SequenceInputStream(new ByteArrayInputStream(mark), in);
    }

    private static void close(@Nullable InputStream in) {
        try {
            if (in != null) {
                in.close();
            }
        } catch (IOException e) {
            // the failure that is reported came before
        }
    }

    /**
     * Returns the sentence for what failed while {@code file} was read: damaged gzip data, characters that are not
     * UTF-8, or the system's reason.
     */
    public static RuntimeException failure(Path file, IOException e) {
        if (e instanceof CharacterCodingException) {
            return new IllegalArgumentException(file + ": it is not UTF-8; convert it to UTF-8 first", e);
        }
        if (e instanceof ZipException || e instanceof EOFException) {
            return new IllegalArgumentException(file + ": its gzip data are damaged; fetch it again", e);
        }
        return InputFile.unreadable(file, e);
    }

    /**
     * Hands over all lines in their order. What follows the last line end is a line too, unless it is empty.
     *
     * @param kind what the file should be, for messages
     * @throws IllegalArgumentException if the file is not UTF-8, its gzip data are damaged, or a line has more than
     *     2^24 characters
     * @throws UncheckedIOException if it cannot be read
     */
    public static void lines(Path file, String kind, Lines to) {
        try (Reader in = open(file, kind)) {
            char[] chunk = new char[1 << 14];
            StringBuilder line = new StringBuilder();
            long number = 1;
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                int from = 0;
                for (int i = 0; i < n; i++) {
                    if (chunk[i] == '\n') {
                        to.take(number++, ended(line.append(chunk, from, i - from)));
                        line.setLength(0);
                        from = i + 1;
                    }
                }
                line.append(chunk, from, n - from);
                if (line.length() > LONGEST_LINE) {
                    throw new IllegalArgumentException(file + " line " + number + ": it has more than " + LONGEST_LINE
                            + " characters; the file is damaged or not " + kind);
                }
            }
            if (line.length() > 0) {
                to.take(number, ended(line));
            }
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static String ended(StringBuilder line) {
        int n = line.length();
        return line.substring(0, n > 0 && line.charAt(n - 1) == '\r' ? n - 1 : n);
    }

    /**
     * Returns the whole text of a file.
     *
     * @param kind what the file should be, for messages
     * @param maxCharacters the largest number of characters that is accepted
     * @throws IllegalArgumentException if the file has more characters, is not UTF-8, or its gzip data are damaged
     * @throws UncheckedIOException if it cannot be read
     */
    public static String read(Path file, String kind, int maxCharacters) {
        try (Reader in = open(file, kind)) {
            char[] chunk = new char[1 << 14];
            StringBuilder text = new StringBuilder();
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                if (text.length() + n > maxCharacters) {
                    throw new IllegalArgumentException(file + ": it has more than " + maxCharacters
                            + " characters, which is too much for " + kind);
                }
                text.append(chunk, 0, n);
            }
            return text.toString();
        } catch (IOException e) {
            throw failure(file, e);
        }
    }
}
