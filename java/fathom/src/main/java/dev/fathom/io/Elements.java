package dev.fathom.io;

import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Reference;

/** The elements of a tensor as they lie in memory, which is as files have them: row-major and little-endian. */
final class Elements {
    private static final int CHUNK = 1 << 16;

    private Elements() {}

    /** Writes them; the tensor lives until then. */
    static void write(Tensor t, OutputStream out) throws IOException {
        long address = Values.address(t);
        long bytes = t.size() * t.dtype().bytes();
        byte[] chunk = new byte[CHUNK];
        Block lease = Values.lease(t);
        try {
            for (long at = 0; at < bytes; at += CHUNK) {
                int n = (int) Math.min(CHUNK, bytes - at);
                Block.at(address + at, n).get(chunk, 0, n);
                out.write(chunk, 0, n);
            }
        } finally {
            if (lease != null) {
                lease.release();
            }
            Reference.reachabilityFence(t);
        }
    }
}
