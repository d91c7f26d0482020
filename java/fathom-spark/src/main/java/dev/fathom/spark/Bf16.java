package dev.fathom.spark;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** Floats that are sent as their upper halves, in the first half of the bytes where they lie. */
final class Bf16 {
    private Bf16() {}

    /** The first half of the bytes of some floats. */
    static ByteBuffer half(ByteBuffer floats) {
        return floats.slice(floats.position(), floats.remaining() / 2).order(floats.order());
    }

    /** Rounds floats to the nearest, ties to even, and returns their {@link #half}. */
    static ByteBuffer narrow(ByteBuffer floats) {
        ByteBuffer half = half(floats);
        ShortBuffer to = half.asShortBuffer();
        int first = floats.position();
        for (int i = 0; i < to.limit(); i++) {
            to.put(i, round(floats.getInt(first + Float.BYTES * i)));
        }
        return half;
    }

    private static short round(int bits) {
        boolean nan = (bits & 0x7fffffff) > 0x7f800000;
        return (short) (nan ? bits >> 16 | 0x40 : bits + 0x7fff + (bits >> 16 & 1) >> 16);
    }

    /** Makes the {@link #half} floats again. */
    static void widen(ByteBuffer floats) {
        ShortBuffer from = half(floats).asShortBuffer();
        int first = floats.position();
        for (int i = from.limit() - 1; i >= 0; i--) { // what is not read yet lies in front of what is written
            floats.putInt(first + Float.BYTES * i, from.get(i) << 16);
        }
    }
}
