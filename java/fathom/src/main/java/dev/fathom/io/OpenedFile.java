package dev.fathom.io;

import java.io.IOException;
import java.io.RandomAccessFile;

/** A file that stays open, so that what is read later is of the same file even if a new one has taken its place. */
record OpenedFile(RandomAccessFile file) implements Bytes {
    @Override
    public long length() throws IOException {
        return file.length();
    }

    @Override
    public void read(long at, byte[] to, int n) throws IOException {
        file.seek(at);
        file.readFully(to, 0, n);
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            // a file that was only read loses nothing
        }
    }
}
