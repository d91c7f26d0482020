package dev.fathom.plan;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether the numbers of up to eight blocks of a row are those of Q4_K, such as of a file that was read as
 * floats, so that they can be stored again without another rounding. A block of numbers that are not shows it within
 * the first few.
 *
 * <p>In a block, w is the float nearest to d s q - e m, and the difference of its extremes is j d s for a j from 1 to
 * 15. Few j divide all differences, and of these few quotients by an s from 1 to 63 are a half; such a d must do for
 * all blocks. Then e and m are found likewise in what d s q - w is at the least number. All of it counts only where it
 * gives each number again to the last bit.
 */
final class KnownBlocks {
    private static final int BLOCK = BlockWriter.BLOCK;
    private static final int MOST_Q = 15;
    private static final int MOST_STEPS = 255;

    private final float[] row;
    private final int begin;
    private final int end;
    private final int blocks;
    private final double[] least = new double[BlockWriter.SHARING];
    private final double[] span = new double[BlockWriter.SHARING];
    /** How much further from the exact number a number of the block may lie. */
    private final double[] error = new double[BlockWriter.SHARING];
    /** Of each block the j that are possible, as bits; 0 where all numbers are equal. */
    private final int[] steps = new int[BlockWriter.SHARING];

    private final BlockWriter.Shared found = new BlockWriter.Shared();

    KnownBlocks(float[] row, int begin, int end) {
        this.row = row;
        this.begin = begin;
        this.end = end;
        blocks = (end - begin + BLOCK - 1) / BLOCK;
    }

    /**
     * Whether the differences of 16 neighbors each are whole multiples of a step, 255 times at most: numbers were
     * rounded to eight bits or fewer, of any type of blocks. Too few numbers, or equal ones, tell nothing.
     */
    static boolean isRounded(float[] row) {
        boolean differ = false;
        for (int begin = 0; begin < row.length; begin += BLOCK / 2) {
            Spread spread = Spread.of(row, begin, Math.min(begin + BLOCK / 2, row.length));
            if (spread.width() != 0 && IntStream.rangeClosed(1, MOST_STEPS).noneMatch(spread::hasSteps)) {
                return false;
            }
            differ |= spread.width() != 0;
        }
        return differ && row.length >= BLOCK;
    }

    /** Some neighbors of a row, the least and the most of them, and how far from exact ones they may lie. */
    private record Spread(float[] row, int begin, int end, double low, double high, double error) {
        static Spread of(float[] row, int begin, int end) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (int i = begin; i < end; i++) {
                low = Math.min(low, row[i]);
                high = Math.max(high, row[i]);
            }
            double error = Math.ulp((float) Math.max(Math.abs(low), Math.abs(high))) / 2;
            return new Spread(row, begin, end, low, high, error);
        }

        double width() {
            return high - low;
        }

        /** Whether all numbers lie on so many even steps from the least to the most. */
        boolean hasSteps(int steps) {
            double step = width() / steps;
            double off = 4 * error / step;
            boolean fits = off < 0.25;
            for (int i = begin; i < end && fits; i++) {
                double q = (row[i] - low) / step;
                fits = Math.abs(q - Math.rint(q)) <= off;
            }
            return fits;
        }
    }

    /** What the blocks have, or null if they are none of Q4_K. */
    BlockWriter.@Nullable Shared find() {
        int widest = -1;
        for (int b = 0; b < blocks; b++) {
            if (!measure(b)) {
                return null;
            }
            widest = span[b] > 0 && (widest < 0 || span[b] > span[widest]) ? b : widest;
        }
        if (widest < 0) {
            return minima() ? found : null;
        }
        for (int j = MOST_Q; j > 0; j--) { // llama.cpp gives the widest block 15 steps and an s of 63
            for (int s = BlockWriter.LARGEST_SCALE; s > 0 && (steps[widest] >> j & 1) != 0; s--) {
                double step = span[widest] / j;
                found.d = BlockWriter.nearestHalf(step / s);
                if (found.d > 0
                        && Math.abs((double) found.d * s - step) <= 2 * error[widest] / j
                        && allHaveScales()
                        && minima()) {
                    return found;
                }
            }
        }
        return null;
    }

    private int first(int block) {
        return begin + block * BLOCK;
    }

    private int last(int block) {
        return Math.min(first(block) + BLOCK, end);
    }

    /** Finds the extremes and the steps of a block; false where it has none. */
    private boolean measure(int b) {
        Spread spread = Spread.of(row, first(b), last(b));
        least[b] = spread.low;
        span[b] = spread.width();
        error[b] = spread.error;
        for (int j = 1; j <= MOST_Q && span[b] > 0; j++) {
            steps[b] |= spread.hasSteps(j) ? 1 << j : 0;
        }
        return span[b] == 0 || steps[b] != 0;
    }

    /** The s that d and the steps of a block allow: any where its numbers are equal. */
    private int[] scales(int b) {
        if (span[b] == 0) {
            return IntStream.rangeClosed(0, found.d == 0 ? 0 : BlockWriter.LARGEST_SCALE)
                    .toArray();
        }
        return IntStream.rangeClosed(1, BlockWriter.LARGEST_SCALE)
                .filter(s -> {
                    double step = (double) found.d * s;
                    long j = Math.round(span[b] / step);
                    return j <= MOST_Q && (steps[b] >> j & 1) != 0 && Math.abs(step * j - span[b]) <= 2 * error[b];
                })
                .toArray();
    }

    private boolean allHaveScales() {
        return IntStream.range(0, blocks).allMatch(b -> scales(b).length > 0);
    }

    /** Finds e, and s and m for each block, for a d. */
    private boolean minima() {
        found.e = 0;
        return all()
                || IntStream.range(0, blocks)
                        .boxed()
                        .sorted(Comparator.comparing(b -> least[b]))
                        .anyMatch(this::minima);
    }

    /** Finds e by a block whose m is not 0. */
    private boolean minima(int block) {
        for (int s : scales(block)) {
            for (int q = 0; q <= MOST_Q; q++) {
                double minus = (double) found.d * s * q - least[block];
                for (int m = BlockWriter.LARGEST_SCALE; m > 0 && minus != 0; m--) {
                    found.e = BlockWriter.nearestHalf(minus / m);
                    if (Math.abs((double) found.e * m - minus) <= error[block] && all()) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** Whether d and e do for all blocks, to the last bit. */
    private boolean all() {
        for (int b = 0; b < blocks; b++) {
            if (!minimum(b)) {
                return false;
            }
        }
        return true;
    }

    private boolean minimum(int b) {
        for (int s : scales(b)) {
            found.s[b] = s;
            for (int q = 0; q <= MOST_Q; q++) {
                double minus = (double) found.times(b) * q - least[b];
                double m = found.e == 0 ? 0 : Math.rint(minus / found.e);
                if (m >= 0 && m <= BlockWriter.LARGEST_SCALE && Math.abs(found.e * m - minus) <= error[b]) {
                    found.m[b] = (int) m;
                    if (exact(b)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private boolean exact(int b) {
        for (int i = first(b); i < last(b); i++) {
            if (found.times(b) * found.nearest(row[i], b) - found.minus(b) != row[i]) {
                return false;
            }
        }
        return true;
    }
}
