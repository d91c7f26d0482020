package dev.fathom.plan;

import dev.fathom.op.DType;
import dev.fathom.ops.BlockFormat;
import java.nio.ByteBuffer;

/**
 * Rounds rows of a matrix to blocks, and writes them to one strip of 16 rows (native/src/kernels/blocks.h). Used by one
 * thread.
 */
final class BlockWriter {
    /** Rows of a strip. */
    static final int STRIP = 16;
    /** Numbers of a block. */
    static final int BLOCK = 32;
    /** Blocks of Q4_K that share two numbers. */
    static final int SHARING = 8;

    private static final int WORDS = 4 * STRIP;
    private static final int LARGEST_Q = 15;
    static final int LARGEST_SCALE = 63;

    private final BlockFormat format;
    private final ByteBuffer to;
    private final String name;
    private final float[] row;

    /** What a number of blocks of Q4_K become: w = scale[b] s q - e m. */
    static final class Shared {
        float d;
        float e;
        final int[] s = new int[SHARING];
        final int[] m = new int[SHARING];

        /** What q is multiplied by in a block. */
        float times(int block) {
            return d * s[block];
        }

        float minus(int block) {
            return e * m[block];
        }

        /** The q that comes nearest to a number of a block. */
        int nearest(float w, int block) {
            float times = times(block);
            return times == 0
                    ? 0
                    : (int) Math.max(0, Math.min(LARGEST_Q, Math.rint(((double) w + minus(block)) / times)));
        }
    }

    /** For rows of {@code k} numbers of the weight of this name. */
    BlockWriter(BlockFormat format, ByteBuffer strip, int k, String name) {
        this.format = format;
        to = strip;
        this.name = name;
        row = new float[k];
    }

    /** Writes a row at its place in the strip. */
    void write(int lane, Panels.Row from) {
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) from.get(i);
        }
        for (int at = 0, begin = 0; begin < row.length; begin += format == BlockFormat.Q8_0 ? BLOCK : SHARING * BLOCK) {
            at = format == BlockFormat.Q8_0 ? writeQ8(lane, at, begin) : writeQ4(lane, at, begin);
        }
    }

    /** Returns the number nearest to x that a half has, or an infinity beyond the largest. */
    static float nearestHalf(double x) {
        ByteBuffer half = ByteBuffer.allocate(DType.F16.bytes());
        DType.F16.put(half, 0, x);
        return (float) DType.F16.get(half, 0);
    }

    private float half(double x) {
        float near = nearestHalf(x);
        if (Float.isInfinite(near)) {
            throw new IllegalArgumentException("quantize: " + name + " holds numbers so large that their scale " + x
                    + " is beyond the largest of a half, 65504; use INT8_WEIGHTS or BF16");
        }
        return near;
    }

    // ---- Q8_0

    /** Writes a block that lies at {@code at}, and returns where the next one does. */
    private int writeQ8(int lane, int at, int begin) {
        int end = Math.min(begin + BLOCK, row.length);
        float d = scale(begin, end);
        to.putFloat(at + 4 * lane, d);
        int words = at + 4 * STRIP;
        for (int i = begin; i < end; i++) {
            double q = d == 0 ? 0 : Math.max(-127, Math.min(127, Math.rint((double) row[i] / d)));
            to.put(words + (i - begin) / 4 * WORDS + 4 * lane + (i - begin) % 4, (byte) q);
        }
        return words + BLOCK / 4 * WORDS;
    }

    /** A scale whose multiples the numbers are, if there is one, or else that of the largest. */
    private float scale(int begin, int end) {
        float largest = 0;
        for (int i = begin; i < end; i++) {
            largest = Math.max(largest, Math.abs(row[i]));
        }
        boolean short18 = (Float.floatToRawIntBits(largest) & 0x3f) == 0; // as the product of a half and seven bits is
        for (int most = 127; most > 0 && short18 && largest > 0; most--) {
            float d = half(largest / most);
            if (d * most == largest && multiples(begin, end, d)) {
                return d;
            }
        }
        return half(largest / 127);
    }

    private boolean multiples(int begin, int end, float d) {
        for (int i = begin; i < end; i++) {
            if (d * (float) Math.rint(row[i] / d) != row[i]) {
                return false;
            }
        }
        return true;
    }

    // ---- Q4_K

    private int writeQ4(int lane, int at, int begin) {
        int end = Math.min(begin + SHARING * BLOCK, row.length);
        Shared known = new KnownBlocks(row, begin, end).find();
        Shared shared = known == null ? rounded(begin, end) : known;
        to.putFloat(at + 4 * lane, shared.d).putFloat(at + 4 * (STRIP + lane), shared.e);
        int head = at + 8 * STRIP;
        for (int b = 0; begin + b * BLOCK < end; b++) {
            to.put(head + lane, (byte) shared.s[b]).put(head + STRIP + lane, (byte) shared.m[b]);
            int words = head + 2 * STRIP;
            for (int i = 0; i < BLOCK && begin + b * BLOCK + i < end; i++) {
                int place = words + i / 8 * WORDS + 4 * lane + i % 4;
                int q = shared.nearest(row[begin + b * BLOCK + i], b);
                to.put(place, (byte) (i % 8 < 4 ? q : to.get(place) | q << 4));
            }
            head = words + BLOCK / 8 * WORDS;
        }
        return head;
    }

    private Shared rounded(int begin, int end) {
        Shared shared = new Shared();
        double[] times = new double[SHARING];
        double[] minus = new double[SHARING];
        for (int b = 0; begin + b * BLOCK < end; b++) {
            fit(begin + b * BLOCK, Math.min(begin + (b + 1) * BLOCK, end), b, times, minus);
        }
        shared.d = shared(times, shared.s);
        shared.e = shared(minus, shared.m);
        return shared;
    }

    /** What the numbers share of which each is a multiple from 0 to 63, nearly. */
    private float shared(double[] of, int[] multiples) {
        double largest = 0;
        for (double x : of) {
            largest = Math.max(largest, x);
        }
        float one = half(largest / LARGEST_SCALE);
        for (int b = 0; b < of.length; b++) {
            multiples[b] = one == 0 ? 0 : (int) Math.min(LARGEST_SCALE, Math.rint(of[b] / one));
        }
        return one;
    }

    /**
     * Finds the numbers of a block by which w is about times q - minus, with a small sum of squares: q are the nearest
     * for several steps between the least and the largest number, each time the line through them is the one of least
     * squares, and the best of these lines stays.
     */
    private void fit(int begin, int end, int block, double[] times, double[] minus) {
        double least = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = begin; i < end; i++) {
            least = Math.min(least, row[i]);
            most = Math.max(most, row[i]);
        }
        minus[block] = -least;
        if (most <= least) {
            return;
        }
        double best = Double.POSITIVE_INFINITY;
        for (int tenths = -10; tenths <= 10; tenths++) {
            double steps = (LARGEST_Q + tenths / 10.0) / (most - least);
            double q1 = 0;
            double q2 = 0;
            double w1 = 0;
            double w2 = 0;
            double qw = 0;
            for (int i = begin; i < end; i++) {
                double w = row[i];
                double q = Math.min(LARGEST_Q, Math.rint((w - least) * steps));
                q1 += q;
                q2 += q * q;
                w1 += w;
                w2 += w * w;
                qw += q * w;
            }
            int n = end - begin;
            double spread = n * q2 - q1 * q1;
            double slope = spread > 0 ? (n * qw - q1 * w1) / spread : 0;
            double zero = (w1 - slope * q1) / n;
            if (zero > 0 || spread <= 0) { // minima are not negative
                zero = 0;
                slope = q2 > 0 ? qw / q2 : 0;
            }
            double squares =
                    w2 - 2 * slope * qw - 2 * zero * w1 + slope * slope * q2 + 2 * slope * zero * q1 + n * zero * zero;
            if (slope >= 0 && squares < best) {
                best = squares;
                times[block] = slope;
                minus[block] = -zero;
            }
        }
    }
}
