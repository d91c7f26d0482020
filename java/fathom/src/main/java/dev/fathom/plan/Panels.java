package dev.fathom.plan;

import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Block;
import java.nio.FloatBuffer;

/**
 * How packed weights lie, which differs by instruction set: a matrix [n, k] is cut into panels of neighboring rows, as
 * even as whole vectors allow, and a panel has, for each of k columns, its rows one after another.
 *
 * @param lanes floats of a vector
 * @param vectors of a panel, at most
 */
record Panels(int lanes, int vectors) {
    /** The panels that the kernels of this process read (native/src/kernels/tile.h and vec.h). */
    static Panels here() {
        Isa isa = NativeRuntime.get().isa();
        int lanes = isa == Isa.V4 ? 16 : isa == Isa.V3 ? 8 : 4;
        return new Panels(lanes, isa == Isa.V4 || System.getProperty("os.arch").equals("aarch64") ? 4 : 2);
    }

    boolean same(Panels other) {
        return lanes == other.lanes && vectors == other.vectors;
    }

    private long count(long n) {
        long whole = (n + lanes - 1) / lanes;
        return (whole + vectors - 1) / vectors;
    }

    private long start(long n, long panel) {
        return (n + lanes - 1) / lanes * panel / count(n) * lanes;
    }

    /** Puts a matrix that lies as this says where it lies as {@code other} says. */
    void repack(long from, Panels other, long to, long n, long k) {
        for (long panel = 0; panel < other.count(n); panel++) {
            long j = other.start(n, panel);
            long width = other.start(n, panel + 1) - j;
            FloatBuffer whole = floats(to + 4 * j * k, width * k);
            for (long x = 0; x < width && j + x < n; x++) {
                long source = 0;
                while (start(n, source + 1) <= j + x) {
                    source++;
                }
                long first = start(n, source);
                long wide = start(n, source + 1) - first;
                FloatBuffer panelOf = floats(from + 4 * first * k, wide * k);
                for (int row = 0; row < k; row++) {
                    whole.put((int) (row * width + x), panelOf.get((int) (row * wide + j + x - first)));
                }
            }
        }
    }

    private static FloatBuffer floats(long address, long count) {
        return Block.at(address, Math.toIntExact(4 * count)).asFloatBuffer();
    }
}
