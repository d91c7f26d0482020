package dev.fathom.files;

import dev.fathom.io.Bytes;
import java.io.EOFException;
import java.io.IOException;

/** The {@code length} bytes of others from {@code begin} on, which are there. Closing it leaves the others open. */
record Part(Bytes whole, long begin, long length) implements Bytes {
    @Override
    public void read(long at, byte[] to, int n) throws IOException {
        if (at > length - n) {
            throw new EOFException();
        }
        whole.read(begin + at, to, n);
    }
}
