package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Input;
import dev.fathom.optim.Adam;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Tic-tac-toe learned from self-play by a network with tree search, against chance, a search without a network, and
 * perfect play.
 */
public final class BoardLab implements Experiment {
    private static final int MANY = 1000;
    private static final int LOOKS = 10;
    private static final List<String> PLAYERS = List.of(
            "Network alone", "Network and search", "Search alone", "Search alone of " + MANY, "Chance", "Perfect play");
    /** Players that are a baseline of others. */
    private static final int PLAIN = 2;

    private static final int CHANCE = 4;
    private static final int PERFECT = 5;

    /**
     * What came of a way, in percent.
     *
     * @param looks after so many games, the games that the network lost to the perfect player without and with search
     * @param ends for each player won, drawn and lost at last, against chance and against the perfect player
     */
    private record Learned(double[][] looks, double[][][] ends) {}

    /** The games of one seed. */
    private record Way(int rounds, int games, int tested, long seed) {
        Learned learn(Runnable check) {
            SplittableRandom rng = new SplittableRandom(seed * 31 + 7);
            Player chance = Player.random(rng);
            Player perfect = Player.perfect(rng);
            List<double[]> looks = new ArrayList<>();
            try (SelfPlay play = new SelfPlay(new Adam(2e-3f), seed)) {
                Player alone = Player.judging(play::judge);
                Player both = Player.searching(play::judge, SelfPlay.SEARCHES, rng);
                for (int round = 0; round <= rounds; round++) {
                    check.run();
                    if (round > 0) {
                        play.learn(games);
                    }
                    if (round % Math.max(1, rounds / LOOKS) == 0) {
                        double lost = alone.against(perfect, tested)[2];
                        looks.add(new double[] {round * games, lost, both.against(perfect, tested)[2]});
                    }
                }
                TreeSearch.Judge judge = TreeSearch.playingOut(rng);
                Player plain = Player.searching(judge, SelfPlay.SEARCHES, rng);
                Player many = Player.searching(judge, MANY, rng);
                return new Learned(
                        looks.toArray(double[][]::new),
                        Stream.of(alone, both, plain, many, chance, perfect)
                                .map(p -> new double[][] {p.against(chance, tested), p.against(perfect, tested)})
                                .toArray(double[][][]::new));
            }
        }
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "A body, the policy and the value",
                SelfPlay.nets(),
                (nets, in) -> nets.answers(in[0]),
                Input.floats(1, 2 * TicTacToe.CELLS));
    }

    @Override
    public void run(Lab lab) {
        int seeds = lab.of(5, 3);
        int rounds = lab.of(150, 12);
        int games = lab.of(30, 20);
        lab.put("positions", TicTacToe.positions()).put("seeds", seeds).put("games", rounds * games);
        lab.section("Against chance and against perfect play");
        lab.put("searches", SelfPlay.SEARCHES).put("many", MANY);
        lab.say("Self-play from %d seeds ...", seeds);
        List<Learned> all = Workers.all().run(seeds, i -> {
            Way way = new Way(rounds, games, lab.of(200, 50), lab.seed() * 1000 + i);
            Learned learned = lab.part(way, Learned.class, () -> way.learn(lab::check));
            lab.say("seed %d is finished", i + 1);
            return learned;
        });
        Table players = lab.table("players", "player");
        for (int p = 0; p < PLAYERS.size(); p++) {
            int player = p;
            double[] lost = all.stream().mapToDouble(l -> l.ends[player][1][2]).toArray();
            double mean = Averages.mean(lost);
            double half = Averages.interval95(lost);
            boolean searches = p == 1;
            int other = searches ? PLAIN : CHANCE;
            players.row(PLAYERS.get(p))
                    .put("games won against chance", "%.1f %%", Averages.mean(all, l -> l.ends[player][0][0]))
                    .baseline(Averages.mean(all, l -> l.ends[PERFECT][0][0]), "perfect play")
                    .put("games lost to chance", "%.1f %%", Averages.mean(all, l -> l.ends[player][0][2]))
                    .put("games won against perfect play", "%.1f %%", Averages.mean(all, l -> l.ends[player][1][0]))
                    .put("games lost to perfect play", "%.1f %%", mean)
                    .interval(Math.max(0, mean - half), mean + half)
                    .baseline(
                            Averages.mean(all, l -> l.ends[other][1][2]),
                            searches ? "search alone, " + SelfPlay.SEARCHES + " playouts" : "chance");
        }
        double[] lost = players.values("games lost to perfect play");
        lab.put("worth", lost[1] < lost[PLAIN]);
        Chart chart = new Chart("Games lost to the perfect player, percent", "games of self-play");
        for (int p = 0; p < 2; p++) {
            chart.line(PLAYERS.get(p), looks(all, 0), looks(all, p + 1));
        }
        lab.chart("lost.png", chart);
    }

    private static double[] looks(List<Learned> all, int column) {
        return Averages.each(all.get(0).looks.length, i -> Averages.mean(all, l -> l.looks[i][column]));
    }
}
