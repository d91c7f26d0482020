package dev.fathom.data;

import dev.fathom.io.MappedFile;
import dev.fathom.io.Npy;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The numbers of an npy file that stay in it.
 *
 * @param begin where they begin
 */
record NpyFile(Npy npy, MappedFile file, long begin) implements AutoCloseable {
    static NpyFile of(Path path) {
        Npy npy = Npy.read(path);
        long begin = npy.begin();
        MappedFile file = MappedFile.open(path);
        if (file.size() != begin + npy.shape().size() * npy.dtype().bytes()) {
            file.close();
            throw new IllegalArgumentException(
                    path + ": the file has changed since its header was read; open it again");
        }
        return new NpyFile(npy, file, begin);
    }

    /** Fills {@code to} with the example of this number. */
    void read(int example, ByteBuffer to) {
        file.read(begin + (long) example * to.remaining(), to);
    }

    int label(int example) {
        if (npy.dtype().bytes() == 1) {
            return file.read(begin + example);
        }
        ByteBuffer one = ByteBuffer.allocate(Integer.BYTES).order(java.nio.ByteOrder.nativeOrder());
        read(example, one);
        return one.getInt(0);
    }

    @Override
    public void close() {
        file.close();
    }
}
