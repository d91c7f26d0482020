package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;

/** Opens a file by what reads its format, and says what is wrong with it in the same words for all formats. */
final class Opening {
    private Opening() {}

    /** What reads one format; the sentences of its errors go on behind the name of the file. */
    interface Reader<T> {
        T read(String file, Bytes data) throws IOException;
    }

    /** Opens a file of tensors, which closes the data. */
    static TensorFile tensors(Path file, String format, Reader<TensorFile> reader) {
        return read(file, format, true, reader);
    }

    /**
     * Reads a file.
     *
     * @param format what it should be, with its article
     * @param stays whether the data stays open when it has been read
     */
    static <T> T read(Path file, String format, boolean stays, Reader<T> reader) {
        Bytes data = null;
        boolean keep = false;
        try {
            data = Bytes.of(file, format);
            T result = reader.read(file.toString(), data);
            keep = stays;
            return result;
        } catch (EOFException e) {
            throw new IllegalArgumentException(
                    file + ": it ends before what its header tells; the file is damaged, fetch or save it again", e);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(file.toString()) ? e : new IllegalArgumentException(file + ": " + message, e);
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        } finally {
            if (data != null && !keep) {
                data.close();
            }
        }
    }

    static IllegalArgumentException damaged(String what) {
        return new IllegalArgumentException(what + "; the file is damaged, fetch or save it again");
    }
}
