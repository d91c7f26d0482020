package dev.fathom.experiments.statistics;

import java.util.stream.IntStream;

/** Draws as R 3.6 and later do after {@code set.seed(seed)}, to reproduce the splits of R. */
public final class RRandom {
    private final MersenneTwister bits;

    /** The generator after {@code set.seed(seed)}. */
    public RRandom(int seed) {
        int word = seed;
        // R scrambles the seed 50 times; the next word is the position in the state, which R sets itself
        for (int i = 0; i < 51; i++) {
            word = 69_069 * word + 1;
        }
        int[] state = new int[MersenneTwister.WORDS];
        for (int i = 0; i < state.length; i++) {
            word = 69_069 * word + 1;
            state[i] = word;
        }
        bits = new MersenneTwister(state);
    }

    /** Distinct numbers from 0 to n - 1, in the order of {@code sample(n, count) - 1}. */
    public int[] sample(int n, int count) {
        int[] left = IntStream.range(0, n).toArray();
        int[] drawn = new int[count];
        for (int i = 0; i < count; i++) {
            int last = n - 1 - i;
            int j = below(last + 1);
            drawn[i] = left[j];
            left[j] = left[last];
        }
        return drawn;
    }

    /** A number from 0 to n - 1: as many bits as n - 1 has, drawn sixteen at a time until they are less than n. */
    private int below(int n) {
        int count = Integer.SIZE - Integer.numberOfLeadingZeros(n - 1);
        long value;
        do {
            value = 0;
            for (int have = 0; have <= count; have += 16) {
                value = value << 16 | bits.next() >>> 16;
            }
            value &= (1L << count) - 1;
        } while (value >= n);
        return (int) value;
    }

    /**
     * The rows of each of k folds of n rows, ascending, as {@code cv.glmnet} deals them out: row i is in fold
     * {@code sample(rep(1:k, length = n))[i]}.
     */
    public int[][] folds(int n, int k) {
        int[] drawn = sample(n, n);
        int[][] folds = new int[k][];
        for (int f = 0; f < k; f++) {
            int fold = f;
            folds[f] = IntStream.range(0, n).filter(i -> drawn[i] % k == fold).toArray();
        }
        return folds;
    }
}
