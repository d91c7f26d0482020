package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.Lab;
import dev.fathom.optim.AdamW;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * What a network that learned from self-play comes to.
 *
 * @param looks after so many games, the points of network and search against a search alone of {@value #MANY} playouts
 * @param evaluations network and search against a search alone that evaluates as many positions
 * @param time that against one that takes as much time, where the network sees the positions of all games at once
 * @param single that where each player has one position at a time
 * @param others for each of {@link #PLAYERS} the points against chance and against alpha-beta search
 */
record Champion(double[][] looks, Duel evaluations, Duel time, Duel single, double[][] others) {
    static final List<String> PLAYERS = List.of("Network alone", "Network and search", "Search alone", "Chance");
    /** The searches for a move of a game that counts. */
    static final int SEARCHES = 200;

    static final int MANY = 2000;
    static final int DEPTH = 8;
    private static final int LOOKS = 10;
    private static final float RATE = 2e-3f;

    /** A match, and the playouts for a move of the player without a network. */
    record Duel(Match match, int playouts) {}

    /**
     * How a network learns.
     *
     * @param games of self-play in each round
     * @param pairs of games of each match at the end
     */
    record Way(int rounds, int games, int pairs) {}

    /** A way from a seed. */
    record Seeded(Way way, long seed) {
        Champion learn(Lab lab, int number) {
            SplittableRandom rng = new SplittableRandom(seed * 31 + 7);
            try (SelfPlay play = new SelfPlay(new AdamW(RATE), seed)) {
                Player both = Player.searching(new TreeSearch(play.net(), SelfPlay.PUCT, SEARCHES));
                List<double[]> looks = new ArrayList<>();
                int pairs = way.pairs;
                for (int round = 1; round <= way.rounds; round++) {
                    lab.check();
                    play.learn(way.games, 1 - (round - 1.0) / way.rounds);
                    if (round % Math.max(1, way.rounds / LOOKS) == 0) {
                        double points = Match.of(both, plain(MANY, rng), pairs / 2, pairs / 2, rng)
                                .points();
                        looks.add(new double[] {round * way.games, points});
                        lab.say(
                                "seed %d, %,d games: %.0f %% against %,d playouts",
                                number, round * way.games, points, MANY);
                    }
                }
                double[][] others = Stream.of(
                                Player.judging(play.net()), both, plain(SEARCHES, rng), Player.random(rng))
                        .map(player -> Stream.of(Player.random(rng), new AlphaBeta(DEPTH, rng))
                                .mapToDouble(other -> Match.of(player, other, pairs, pairs, rng)
                                        .points())
                                .toArray())
                        .toArray(double[][]::new);
                return new Champion(
                        looks.toArray(double[][]::new),
                        new Duel(Match.of(both, plain(SEARCHES, rng), pairs, pairs, rng), SEARCHES),
                        inEqualTime(both, pairs, pairs, rng),
                        inEqualTime(both, pairs, 1, rng),
                        others);
            }
        }
    }

    /** UCT with random playouts. */
    private static Player plain(int playouts, SplittableRandom rng) {
        return Player.searching(new TreeSearch(TreeSearch.playingOut(rng), TreeSearch.uct(1), playouts));
    }

    /**
     * Gives the search without a network as many playouts as take the time that a move took in some games before, as
     * many of them at once.
     */
    private static Duel inEqualTime(Player both, int pairs, int beside, SplittableRandom rng) {
        Match before = Match.of(both, plain(MANY, rng), Math.max(beside, pairs / 5), beside, rng);
        int playouts = (int) Math.ceil(MANY * before.millis() / before.others());
        return new Duel(Match.of(both, plain(playouts, rng), pairs, beside, rng), playouts);
    }
}
