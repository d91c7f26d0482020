package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.statistics.Averages;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Chooses a move in a position that is not over. */
interface Player {
    int move(TicTacToe position);

    /** Any move. */
    static Player random(SplittableRandom rng) {
        return position -> any(position.moves(), rng);
    }

    /** Any of the moves after which perfect play gives most. */
    static Player perfect(SplittableRandom rng) {
        return position -> any(
                Arrays.stream(position.moves())
                        .filter(cell -> -position.after(cell).value() == position.value())
                        .toArray(),
                rng);
    }

    private static int any(int[] moves, SplittableRandom rng) {
        return moves[rng.nextInt(moves.length)];
    }

    /** The move that a search visits most. */
    static Player searching(TreeSearch.Judge judge, int searches, SplittableRandom rng) {
        TreeSearch search = new TreeSearch(judge, rng);
        return position -> largest(search.visits(position, searches, 0));
    }

    /** The move that a judge finds most probable, without search. */
    static Player judging(TreeSearch.Judge judge) {
        return position -> largest(Arrays.copyOf(judge.judge(position), TicTacToe.CELLS));
    }

    /** The first cell of the largest share. */
    static int largest(double[] shares) {
        return Averages.highest(0, shares.length, c -> shares[c]);
    }

    /** Plays games against another player, in which the two begin by turns; the percent won, drawn and lost. */
    default double[] against(Player other, int games) {
        double[] ends = new double[3];
        for (int g = 0; g < games; g++) {
            TicTacToe at = TicTacToe.START;
            boolean mine = g % 2 == 0;
            while (!at.over()) {
                at = at.after((mine ? this : other).move(at));
                mine = !mine;
            }
            ends[!at.lost() ? 1 : mine ? 2 : 0]++; // whoever is to move has lost
        }
        return Arrays.stream(ends).map(n -> 100 * n / games).toArray();
    }
}
