package dev.fathom.labs.reinforcement;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Chooses a move in a position that is not over. */
interface Player {
    int move(TicTacToe position);

    /** Any move. */
    static Player random(SplittableRandom rng) {
        return position -> {
            int[] moves = position.moves();
            return moves[rng.nextInt(moves.length)];
        };
    }

    /** Any of the moves after which perfect play gives most. */
    static Player perfect(SplittableRandom rng) {
        return position -> {
            int[] best = Arrays.stream(position.moves())
                    .filter(cell -> -position.after(cell).value() == position.value())
                    .toArray();
            return best[rng.nextInt(best.length)];
        };
    }

    /** The move that a search visits most. */
    static Player searching(TreeSearch.Judge judge, int searches, SplittableRandom rng) {
        TreeSearch search = new TreeSearch(judge);
        return position -> largest(search.visits(position, searches, 0, rng));
    }

    /** The move that a judge finds most probable, without search. */
    static Player judging(TreeSearch.Judge judge) {
        return position -> {
            double[] opinion = judge.judge(position);
            return largest(Arrays.copyOf(opinion, TicTacToe.CELLS));
        };
    }

    /** The first cell of the largest share. */
    static int largest(double[] shares) {
        int best = 0;
        for (int c = 1; c < shares.length; c++) {
            best = shares[c] > shares[best] ? c : best;
        }
        return best;
    }

    /**
     * Games against another player.
     *
     * @param won how many were won
     * @param drawn how many were drawn
     * @param lost how many were lost
     */
    record Tally(int won, int drawn, int lost) {
        int games() {
            return won + drawn + lost;
        }
    }

    /** Plays games in which the two begin by turns. */
    default Tally against(Player other, int games) {
        int[] ends = new int[3];
        for (int g = 0; g < games; g++) {
            TicTacToe at = TicTacToe.START;
            boolean mine = g % 2 == 0;
            while (!at.over()) {
                at = at.after((mine ? this : other).move(at));
                mine = !mine;
            }
            ends[!at.lost() ? 1 : mine ? 2 : 0]++; // whoever is to move has lost
        }
        return new Tally(ends[0], ends[1], ends[2]);
    }
}
