package dev.fathom.files;

import dev.fathom.io.Bytes;
import java.io.EOFException;
import java.io.IOException;

/** Reads the header of a file from one place to the next. Nothing is allocated for bytes that are not there. */
final class Cursor {
    private final Bytes data;
    private final long end;
    private final byte[] chunk = new byte[1 << 13];
    private long begin;
    private int length;
    private long at;

    /** Whether the highest byte of a number comes first. */
    boolean big;

    Cursor(Bytes data, long at) throws IOException {
        this.data = data;
        this.end = data.length();
        this.begin = at;
        this.at = at;
    }

    long at() {
        return at;
    }

    long left() {
        return end - at;
    }

    /** The next byte, from 0 to 255. */
    int next() throws IOException {
        if (at == begin + length) {
            begin = at;
            length = (int) Math.min(chunk.length, end - at);
            if (length <= 0) {
                length = 0;
                throw new EOFException();
            }
            data.read(at, chunk, length);
        }
        return chunk[(int) (at++ - begin)] & 0xff;
    }

    /** The next {@code bytes} as a number without a sign; eight of them may have one. */
    long number(int bytes) throws IOException {
        long all = 0;
        for (int i = 0; i < bytes; i++) {
            long b = next();
            all |= b << 8 * (big ? bytes - 1 - i : i);
        }
        return all;
    }

    /** The next four bytes as a number with a sign. */
    int int32() throws IOException {
        return (int) number(4);
    }

    byte[] bytes(long n) throws IOException {
        if (n < 0 || n > left()) {
            throw new EOFException();
        }
        if (n > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("it has a text of " + n + " bytes, which no array holds");
        }
        byte[] bytes = new byte[(int) n];
        for (int i = 0; i < n; ) {
            bytes[i++] = (byte) next();
            int more = (int) Math.min(n - i, begin + length - at);
            System.arraycopy(chunk, (int) (at - begin), bytes, i, more);
            at += more;
            i += more;
        }
        return bytes;
    }

    void skip(long n) throws IOException {
        if (n < 0 || n > left()) {
            throw new EOFException();
        }
        at += n;
        if (at > begin + length) {
            begin = at;
            length = 0;
        }
    }
}
