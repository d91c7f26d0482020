package dev.fathom.experiments.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Shuffles as {@code numpy.random.RandomState} does, to reproduce the splits of scikit-learn. */
public final class NumpyRandom {
    private final MersenneTwister bits;

    /** The generator {@code RandomState(seed)}. */
    public NumpyRandom(int seed) {
        int[] state = new int[MersenneTwister.WORDS];
        state[0] = seed;
        for (int i = 1; i < state.length; i++) {
            state[i] = 1_812_433_253 * (state[i - 1] ^ state[i - 1] >>> 30) + i;
        }
        bits = new MersenneTwister(state);
    }

    /** The numbers 0 to n - 1 in the order of {@code permutation(n)}. */
    public int[] permutation(int n) {
        int[] all = IntStream.range(0, n).toArray();
        for (int i = n - 1; i > 0; i--) {
            int j = upTo(i);
            int swapped = all[i];
            all[i] = all[j];
            all[j] = swapped;
        }
        return all;
    }

    /** A number from 0 to {@code most}: as many bits as {@code most} has are drawn until they are at most that. */
    private int upTo(int most) {
        int mask = (Integer.highestOneBit(most) << 1) - 1;
        int value;
        do {
            value = bits.next() & mask;
        } while (value > most);
        return value;
    }

    /**
     * The rows of each of k folds of n rows, ascending, as {@code KFold(k, shuffle=True, random_state=seed)} deals them
     * out: pieces of a permutation, the first n modulo k of which have a row more.
     *
     * @throws IllegalArgumentException unless {@code 2 <= k <= n}
     */
    public static int[][] folds(int n, int k, int seed) {
        if (k < 2 || k > n) {
            throw new IllegalArgumentException("folds: " + k + " folds of " + n + " rows; choose 2 to " + n);
        }
        int[] order = new NumpyRandom(seed).permutation(n);
        int[][] folds = new int[k][];
        int from = 0;
        for (int f = 0; f < k; f++) {
            int to = from + n / k + (f < n % k ? 1 : 0);
            folds[f] = Arrays.copyOfRange(order, from, to);
            Arrays.sort(folds[f]);
            from = to;
        }
        return folds;
    }
}
