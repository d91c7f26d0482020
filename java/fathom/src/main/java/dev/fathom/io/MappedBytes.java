package dev.fathom.io;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that is mapped as long as somebody holds it. */
record MappedBytes(MappedFile file) implements Bytes {
    @Override
    public long length() {
        return file.size();
    }

    @Override
    public void read(long at, byte[] to, int n) throws IOException {
        if (n > file.size() - at) {
            throw new EOFException(file + " ends before byte " + (at + n));
        }
        try {
            file.read(at, ByteBuffer.wrap(to, 0, n));
        } catch (IllegalStateException e) {
            throw new EOFException(e.getMessage());
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
