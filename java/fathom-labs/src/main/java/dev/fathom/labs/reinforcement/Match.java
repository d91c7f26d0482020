package dev.fathom.labs.reinforcement;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What came of games between two players.
 *
 * @param points of the first player in percent, where a draw counts half
 * @param millis the processor time of a move of the first player
 * @param others that of the other
 */
record Match(double points, double millis, double others) {
    /** The moves at the beginning of a game that are drawn, so that no two games need be the same. */
    private static final int OPENING = 2;

    /** A player with the time that its moves took. */
    private static final class Clocked {
        final Player player;
        long nanos;
        long moves;

        Clocked(Player player) {
            this.player = player;
        }

        void move(List<Game> games) {
            if (!games.isEmpty()) {
                long began = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                int[] columns = player.moves(games.stream().map(g -> g.at).toList());
                nanos += ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - began;
                moves += columns.length;
                for (int i = 0; i < columns.length; i++) {
                    games.get(i).at = games.get(i).at.after(columns[i]);
                }
            }
        }

        double millis() {
            return nanos / 1e6 / Math.max(1, moves);
        }
    }

    /** A game on its way. */
    private static final class Game {
        ConnectFour at;

        Game(ConnectFour at) {
            this.at = at;
        }

        /** The points of the one who moved last. */
        double points() {
            return at.lost() ? 1 : 0.5;
        }
    }

    /**
     * Plays pairs of games from the same opening, in which the players begin by turns.
     *
     * @param beside how many pairs are played at once; with one pair, each player has one position at a time
     */
    static Match of(Player player, Player other, int pairs, int beside, SplittableRandom rng) {
        Clocked mine = new Clocked(player);
        Clocked theirs = new Clocked(other);
        double points = 0;
        for (int from = 0; from < pairs; from += beside) {
            List<Game> open = new ArrayList<>();
            List<Game> others = new ArrayList<>();
            for (int pair = from; pair < Math.min(pairs, from + beside); pair++) {
                ConnectFour opening = opening(rng);
                open.add(new Game(opening));
                others.add(new Game(opening));
            }
            while (!open.isEmpty() || !others.isEmpty()) {
                mine.move(open);
                theirs.move(others);
                points += open.stream()
                        .filter(g -> g.at.over())
                        .mapToDouble(Game::points)
                        .sum();
                points += others.stream()
                        .filter(g -> g.at.over())
                        .mapToDouble(g -> 1 - g.points())
                        .sum();
                List<Game> next = others.stream().filter(g -> !g.at.over()).toList();
                others = open.stream().filter(g -> !g.at.over()).toList();
                open = next;
            }
        }
        return new Match(100 * points / (2 * pairs), mine.millis(), theirs.millis());
    }

    private static ConnectFour opening(SplittableRandom rng) {
        ConnectFour at = ConnectFour.START;
        for (int move = 0; move < OPENING; move++) {
            at = at.after(Player.any(at.moves(), rng));
        }
        return at;
    }
}
