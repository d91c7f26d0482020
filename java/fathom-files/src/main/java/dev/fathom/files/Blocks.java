package dev.fathom.files;

import dev.fathom.io.TensorFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The numbers of a quantized tensor as float32, which are computed block by block where they are asked for.
 *
 * @param elements how many there are, a multiple of the block
 * @param block how many are computed at once
 */
record Blocks(long elements, int block, Decoder decoder) implements TensorFile.Source {
    /** Puts whole blocks, {@code n} numbers from number {@code from} on. */
    interface Decoder {
        void decode(long from, int n, ByteBuffer to) throws IOException;
    }

    @Override
    public void read(long at, byte[] to, int n) throws IOException {
        if (at > 4 * elements - n) {
            throw new EOFException();
        }
        if (n == 0) {
            return;
        }
        long first = at / 4 / block * block;
        long end = Math.min((at + n + 3) / 4 + block - 1, elements) / block * block;
        ByteBuffer all = ByteBuffer.allocate(4 * (int) (end - first)).order(ByteOrder.LITTLE_ENDIAN);
        decoder.decode(first, (int) (end - first), all);
        all.get((int) (at - 4 * first), to, 0, n);
    }
}
