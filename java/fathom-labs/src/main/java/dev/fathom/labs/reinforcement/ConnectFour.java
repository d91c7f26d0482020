package dev.fathom.labs.reinforcement;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A position of Connect four on 6 rows and 7 columns, seen by the player to move. A column takes 7 bits, from the
 * lowest row up, of which the last stays empty, so that no line runs from one column into the next (Tromp).
 *
 * @param mine the cells of the player to move, a bit for each
 * @param theirs those of the other
 */
record ConnectFour(long mine, long theirs) {
    static final int ROWS = 6;
    static final int COLUMNS = 7;
    static final ConnectFour START = new ConnectFour(0, 0);
    private static final int HEIGHT = ROWS + 1;
    private static final long COLUMN = (1L << ROWS) - 1;
    /** The lowest cell of each column. */
    private static final long BOTTOM =
            IntStream.range(0, COLUMNS).mapToLong(c -> 1L << c * HEIGHT).sum();

    private static final long BOARD = BOTTOM * COLUMN;

    /** The cells in which the next piece may come to lie, one in each column that is not full. */
    private static long free(long taken) {
        return taken + BOTTOM & BOARD;
    }

    boolean isFree(int column) {
        return (free(mine | theirs) & COLUMN << column * HEIGHT) != 0;
    }

    /** The columns that are not full. */
    int[] moves() {
        return IntStream.range(0, COLUMNS).filter(this::isFree).toArray();
    }

    /** The position after a move, seen by the other player. */
    ConnectFour after(int column) {
        return new ConnectFour(theirs, mine | free(mine | theirs) & COLUMN << column * HEIGHT);
    }

    /** Whether the player who has just moved has four in a row. */
    boolean lost() {
        return four(theirs);
    }

    boolean over() {
        return lost() || (mine | theirs) == BOARD;
    }

    private static boolean four(long cells) {
        return line(cells, 1) || line(cells, HEIGHT) || line(cells, HEIGHT - 1) || line(cells, HEIGHT + 1);
    }

    private static boolean line(long cells, int step) {
        long pairs = cells & cells >> step;
        return (pairs & pairs >> 2 * step) != 0;
    }

    /** The number of moves so far. */
    int age() {
        return Long.bitCount(mine | theirs);
    }

    /**
     * The end of a game of random moves from here: 1 if the player to move here has won, -1 if the other, 0 for a draw.
     */
    int playedOut(SplittableRandom rng) {
        long moving = mine;
        long other = theirs;
        for (int sign = -1; ; sign = -sign) {
            if (four(other)) {
                return sign;
            }
            long free = free(moving | other);
            if (free == 0) {
                return 0;
            }
            for (int skipped = rng.nextInt(Long.bitCount(free)); skipped > 0; skipped--) {
                free &= free - 1;
            }
            long moved = moving | free & -free;
            moving = other;
            other = moved;
        }
    }

    /** Mirrors the board, so that the leftmost column becomes the rightmost. */
    ConnectFour mirrored() {
        return new ConnectFour(mirrored(mine), mirrored(theirs));
    }

    private static long mirrored(long cells) {
        long mirror = 0;
        for (int c = 0; c < COLUMNS; c++) {
            mirror |= (cells >> c * HEIGHT & COLUMN) << (COLUMNS - 1 - c) * HEIGHT;
        }
        return mirror;
    }

    /** Two planes [6, 7, 2] of zeros and ones: the cells of the player to move, and those of the other. */
    float[] planes() {
        float[] planes = new float[ROWS * COLUMNS * 2];
        for (int cell = 0; cell < ROWS * COLUMNS; cell++) {
            int bit = cell % COLUMNS * HEIGHT + cell / COLUMNS;
            planes[2 * cell] = (int) (mine >> bit & 1);
            planes[2 * cell + 1] = (int) (theirs >> bit & 1);
        }
        return planes;
    }
}
