package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A position of tic-tac-toe, seen by the player to move.
 *
 * @param mine the cells of the player to move, a bit for each
 * @param theirs those of the other
 */
record TicTacToe(int mine, int theirs) {
    static final int CELLS = 9;
    static final TicTacToe START = new TicTacToe(0, 0);
    private static final int[] LINES = {
        0b111, 0b111000, 0b111000000, 0b1001001, 0b10010010, 0b100100100, 0b100010001, 0b1010100
    };
    private static final int FULL = (1 << CELLS) - 1;
    private static final Map<TicTacToe, Integer> VALUES = new HashMap<>();

    static {
        START.solve();
    }

    /** The cells that are free. */
    int[] moves() {
        return IntStream.range(0, CELLS)
                .filter(c -> ((mine | theirs) >> c & 1) == 0)
                .toArray();
    }

    /** The position after a move, seen by the other player. */
    TicTacToe after(int cell) {
        return new TicTacToe(theirs, mine | 1 << cell);
    }

    /** Whether the player who has just moved has three in a row. */
    boolean lost() {
        return Arrays.stream(LINES).anyMatch(line -> (theirs & line) == line);
    }

    boolean over() {
        return lost() || (mine | theirs) == FULL;
    }

    /** The number of moves so far. */
    int age() {
        return Integer.bitCount(mine | theirs);
    }

    /** What perfect play gives the player to move: 1 for a win, 0 for a draw, -1 for a loss. */
    int value() {
        Integer value = VALUES.get(this);
        if (value == null) {
            throw new IllegalArgumentException("tic-tac-toe: " + this + " cannot come up in a game");
        }
        return value;
    }

    /** How many positions can come up in a game. */
    static int positions() {
        return VALUES.size();
    }

    private int solve() {
        if (!VALUES.containsKey(this)) {
            int[] values = over()
                    ? new int[] {lost() ? -1 : 0}
                    : Arrays.stream(moves()).map(c -> -after(c).solve()).toArray();
            VALUES.put(this, Arrays.stream(values).max().orElseThrow());
        }
        return value();
    }

    /** The position as numbers: the cells of the player to move, then those of the other. */
    double[] features() {
        return Averages.each(2 * CELLS, i -> (mine | theirs << CELLS) >> i & 1);
    }
}
