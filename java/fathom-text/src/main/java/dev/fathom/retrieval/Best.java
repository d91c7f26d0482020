package dev.fathom.retrieval;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The k best of the rows that were offered, of equal scores those with the lower index: a heap whose root is the worst.
 * A row is one number, the order of its score above that of its index, so that what is kept depends on no order of
 * offers. A score that is NaN is never kept.
 */
final class Best {
    private static final int FIRST = 64;

    private final int k;
    private long[] heap;
    private int size;
    /** A row below it cannot be among the best: the worst score that is kept, if there are k. */
    private float floor = Float.NEGATIVE_INFINITY;

    Best(int k) {
        this.k = k;
        heap = new long[Math.min(k, FIRST)];
    }

    float floor() {
        return floor;
    }

    /** The compare comes first, because it is all that most rows cost. */
    void offer(int index, float score) {
        if (score >= floor) {
            put(key(index, score + 0f)); // -0 becomes 0, which it equals
        }
    }

    void offerAll(Best other) {
        for (int i = 0; i < other.size; i++) {
            if (score(other.heap[i]) >= floor) {
                put(other.heap[i]);
            }
        }
    }

    /** Bits of floats are in their order if those of negative numbers are turned around. */
    private static long key(int index, float score) {
        int bits = Float.floatToRawIntBits(score);
        return (long) (bits ^ bits >> 31 & Integer.MAX_VALUE) << 32 | ~index & 0xffffffffL;
    }

    private static float score(long key) {
        int bits = (int) (key >> 32);
        return Float.intBitsToFloat(bits ^ bits >> 31 & Integer.MAX_VALUE);
    }

    private void put(long key) {
        if (size < k) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, (int) Math.min(k, 2L * size));
            }
            int at = size++;
            for (; at > 0 && heap[at - 1 >> 1] > key; at = at - 1 >> 1) {
                heap[at] = heap[at - 1 >> 1];
            }
            heap[at] = key;
        } else if (key > heap[0]) {
            int at = 0;
            for (int child = 1; child < size; child = 2 * at + 1) {
                child += child + 1 < size && heap[child + 1] < heap[child] ? 1 : 0;
                if (heap[child] >= key) {
                    break;
                }
                heap[at] = heap[child];
                at = child;
            }
            heap[at] = key;
        }
        floor = size < k ? Float.NEGATIVE_INFINITY : score(heap[0]);
    }

    /** The rows in descending order. */
    List<Neighbor> sorted() {
        long[] keys = Arrays.copyOf(heap, size);
        Arrays.sort(keys);
        return LongStream.iterate(size - 1L, i -> i >= 0, i -> i - 1)
                .mapToObj(i -> new Neighbor(~(int) keys[(int) i], score(keys[(int) i])))
                .toList();
    }
}
