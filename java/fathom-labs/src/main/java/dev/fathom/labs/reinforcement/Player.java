package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import java.util.List;
import java.util.SplittableRandom;

/** Chooses a move in each of several positions that are not over. */
interface Player {
    int[] moves(List<ConnectFour> positions);

    /** Any move. */
    static Player random(SplittableRandom rng) {
        return positions -> positions.stream()
                .mapToInt(position -> any(position.moves(), rng))
                .toArray();
    }

    /** Draws one of some moves. */
    static int any(int[] moves, SplittableRandom rng) {
        return moves[rng.nextInt(moves.length)];
    }

    /** The move that a search visits most. */
    static Player searching(TreeSearch search) {
        return positions ->
                search.visits(positions).stream().mapToInt(Player::largest).toArray();
    }

    /** The move that a judge finds most probable, without search. */
    static Player judging(TreeSearch.Judge judge) {
        return positions -> {
            float[][] opinions = judge.judge(positions);
            int[] moves = new int[opinions.length];
            for (int i = 0; i < moves.length; i++) {
                float[] opinion = opinions[i];
                moves[i] = Averages.highest(0, ConnectFour.COLUMNS, c -> opinion[c]);
            }
            return moves;
        };
    }

    /** The first column of the largest share. */
    static int largest(double[] shares) {
        return Averages.highest(0, shares.length, c -> shares[c]);
    }
}
