package dev.fathom.plan;

import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import java.nio.ByteBuffer;

/**
 * How packed weights lie, which differs by instruction set: a matrix [n, k] is cut into panels of neighboring rows, as
 * even as whole vectors allow, and a panel has, for each of k columns, its rows one after another. In a panel of BF16
 * two neighbors of a row lie side by side.
 *
 * @param lanes floats of a vector
 * @param vectors of a panel, at most
 */
record Panels(int lanes, int vectors) {
    /** The panels that the kernels of this process read (native/src/kernels/tile.h and vec.h). */
    static Panels here() {
        return switch (NativeRuntime.get().isa()) {
            case BASELINE -> new Panels(4, 2);
            case V3 -> new Panels(8, 2);
            case V4 -> new Panels(16, 4);
            case NEON -> new Panels(4, 4);
        };
    }

    boolean same(Panels other) {
        return lanes == other.lanes && vectors == other.vectors;
    }

    /** The bytes of a packed matrix, which do not depend on the instruction set. */
    static long bytes(DType type, long n, long k) {
        return Native.packedBytes(n, columns(type, k)) / Float.BYTES * type.bytes();
    }

    /** The columns of a panel: behind an odd number of them, BF16 has one of zeros. */
    private static long columns(DType type, long k) {
        return type == DType.BF16 ? k + k % 2 : k;
    }

    private long count(long n) {
        long whole = (n + lanes - 1) / lanes;
        return (whole + vectors - 1) / vectors;
    }

    private long start(long n, long panel) {
        return (n + lanes - 1) / lanes * panel / count(n) * lanes;
    }

    /**
     * A row of a matrix in its panel.
     *
     * @param numbers of the panel
     * @param width rows of the panel
     * @param place of this row among them
     */
    record Row(DType type, ByteBuffer numbers, int width, int place) {
        /** A row of a matrix of k columns that is not packed. */
        static Row plain(DType type, long address, int k, long row) {
            int bytes = k * type.bytes();
            return new Row(type, Block.at(address + row * bytes, bytes), 1, 0);
        }

        private int at(int column) {
            return type == DType.BF16 ? (column / 2 * width + place) * 2 + column % 2 : column * width + place;
        }

        double get(int column) {
            return type.get(numbers, at(column));
        }

        void put(int column, double value) {
            type.put(numbers, at(column), value);
        }

        /** Copies the first {@code k} numbers of another row, each rounded to the type of this one. */
        void take(Row from, int k) {
            for (int column = 0; column < k; column++) {
                put(column, from.get(column));
            }
        }
    }

    /** Row number {@code row} of a matrix [n, k] that lies at an address as this says. */
    Row row(DType type, long address, long n, long k, long row) {
        long panel = row / lanes * count(n) / ((n + lanes - 1) / lanes);
        while (start(n, panel + 1) <= row) {
            panel++;
        }
        long first = start(n, panel);
        long width = start(n, panel + 1) - first;
        long columns = columns(type, k);
        ByteBuffer numbers =
                Block.at(address + first * columns * type.bytes(), Math.toIntExact(width * columns * type.bytes()));
        return new Row(type, numbers, (int) width, (int) (row - first));
    }

    /** Puts a matrix that lies as this says where it lies as {@code other} says. */
    void repack(DType type, long from, Panels other, long to, long n, long k) {
        for (long row = 0; row < n; row++) {
            other.row(type, to, n, k, row).take(row(type, from, n, k, row), (int) k);
        }
    }
}
