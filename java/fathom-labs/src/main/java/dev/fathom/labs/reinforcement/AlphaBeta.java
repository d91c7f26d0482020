package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Chooses at random among the moves that are best as far as it sees ahead, by alpha-beta search (Knuth and Moore 1975):
 * a position that is not over at that depth counts as a draw.
 */
record AlphaBeta(int depth, SplittableRandom rng) implements Player {
    /** The columns from the middle to the sides, where the best move is found sooner. */
    private static final int[] ORDER = {3, 2, 4, 1, 5, 0, 6};

    @Override
    public int[] moves(List<ConnectFour> positions) {
        return positions.stream().mapToInt(this::move).toArray();
    }

    private int move(ConnectFour position) {
        int[] moves = position.moves();
        double[] values = Averages.each(moves.length, i -> -value(position.after(moves[i]), depth - 1, -1, 1));
        double best = Arrays.stream(values).max().orElseThrow();
        return Player.any(
                IntStream.range(0, moves.length)
                        .filter(i -> values[i] == best)
                        .map(i -> moves[i])
                        .toArray(),
                rng);
    }

    /** The value for the player to move, if it is between alpha and beta: 1 for a win, -1 for a loss. */
    static int value(ConnectFour position, int depth, int alpha, int beta) {
        if (position.lost()) {
            return -1;
        }
        if (depth == 0 || position.over()) {
            return 0;
        }
        int most = -1;
        for (int move : ORDER) {
            if (most < beta && position.isFree(move)) {
                most = Math.max(most, -value(position.after(move), depth - 1, -beta, -Math.max(alpha, most)));
            }
        }
        return most;
    }
}
