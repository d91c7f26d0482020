package dev.fathom.io;

import java.io.EOFException;
import java.nio.ByteBuffer;

/** Bytes in memory. */
record HeldBytes(ByteBuffer buffer) implements Bytes {
    @Override
    public long length() {
        return buffer.limit();
    }

    @Override
    public void read(long at, byte[] to, int n) throws EOFException {
        if (at > buffer.limit() - n) {
            throw new EOFException();
        }
        buffer.get((int) at, to, 0, n);
    }
}
