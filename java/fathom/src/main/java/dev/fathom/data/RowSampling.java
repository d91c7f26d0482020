package dev.fathom.data;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which rows are held out: the numbers by which {@link Dataset#split} and others choose. They depend on the numbers of
 * rows and a seed alone.
 */
public final class RowSampling {
    /** Draws made at once. */
    private static final int CHUNK = 1 << 14;

    private RowSampling() {}

    /**
     * Two ascending lists of row numbers.
     *
     * @param rest the rows that are not held out
     * @param heldOut the rows that are
     */
    public record Parts(int[] rest, int[] heldOut) {}

    /**
     * Holds {@code count} of {@code n} rows out.
     *
     * @param what the rows are, for the message
     * @throws IllegalArgumentException unless {@code 1 <= count < n}
     */
    public static Parts split(int n, int count, long seed, String what) {
        check(n, count, what);
        int[] order = permutation(seed, n);
        return new Parts(sorted(order, count, n), sorted(order, 0, count));
    }

    /**
     * Holds rows out and keeps the shares of the classes: a class of k rows loses count k / n of them, rounded down, or
     * up for those classes that rounding took most from.
     *
     * @param label the class of each row, 0 to classes - 1
     * @param what the rows are, for the message
     * @throws IllegalArgumentException unless {@code 1 <= count < label.length}
     */
    public static Parts stratified(int[] label, int classes, int count, long seed, String what) {
        int n = label.length;
        check(n, count, what);
        int[] size = new int[classes];
        for (int c : label) {
            size[c]++;
        }
        int[] quota = new int[classes];
        long[] lost = new long[classes];
        int left = count;
        for (int c = 0; c < classes; c++) {
            long share = (long) count * size[c];
            quota[c] = (int) (share / n);
            lost[c] = share % n;
            left -= quota[c];
        }
        int[] byLoss = IntStream.range(0, classes)
                .boxed()
                .sorted((a, b) -> Long.compare(lost[b], lost[a]))
                .mapToInt(c -> c)
                .toArray();
        for (int i = 0; i < left; i++) {
            quota[byLoss[i]]++;
        }
        int[] rest = new int[n - count];
        int[] heldOut = new int[count];
        int kept = 0;
        int out = 0;
        for (int row : permutation(seed, n)) {
            if (quota[label[row]]-- > 0) {
                heldOut[out++] = row;
            } else {
                rest[kept++] = row;
            }
        }
        return new Parts(sorted(rest, 0, kept), sorted(heldOut, 0, out));
    }

    /**
     * From a stream of its own: data drawn from {@code new Rng(seed)} must not be sorted by the numbers it was made of.
     */
    private static int[] permutation(long seed, int n) {
        return new Rng(seed).split("rows").permutation(n);
    }

    private static void check(int n, int count, String what) {
        if (count < 1 || count >= n) {
            throw new IllegalArgumentException("split: cannot hold " + count + " of " + n + " " + what + " out; "
                    + (n == 1 ? "give more " + what : "choose 1 to " + (n - 1)));
        }
    }

    private static int[] sorted(int[] order, int from, int to) {
        int[] part = Arrays.copyOfRange(order, from, to);
        Arrays.sort(part);
        return part;
    }

    /** Returns {@code n} draws with replacement from 0 to n - 1, each number as likely as any other. */
    static int[] draw(Rng rng, int n) {
        int[] drawn = new int[n];
        for (int done = 0; done < n; ) {
            int count = Math.min(CHUNK, n - done);
            System.arraycopy(rng.ints(count, n), 0, drawn, done, count);
            done += count;
        }
        return drawn;
    }
}
