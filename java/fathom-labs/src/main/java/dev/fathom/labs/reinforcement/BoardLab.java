package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Input;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Connect four learned from self-play by a network with tree search, against a search without a network that has as
 * many evaluations or as much time, against alpha-beta search, and against chance.
 */
public final class BoardLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "A body, the policy and the value",
                new PolicyValue(),
                (net, in) -> net.answers(in[0]),
                Input.floats(1, ConnectFour.ROWS, ConnectFour.COLUMNS, 2));
    }

    @Override
    public void run(Lab lab) {
        int seeds = lab.of(3, 2);
        Champion.Way way = lab.of(new Champion.Way(600, 64, 50), new Champion.Way(4, 32, 4));
        lab.put("seeds", seeds).put("games", way.rounds() * way.games()).put("tested", 2 * way.pairs() * seeds);
        lab.put("searches", Champion.SEARCHES)
                .put("learning", SelfPlay.SEARCHES)
                .put("depth", Champion.DEPTH);
        lab.section("Against search alone");
        // all seeds of a full run at once: two and then one would leave a processor idle for a third of the time
        List<Champion> all = new Workers(lab.of(seeds, 1)).run(seeds, i -> {
            Champion.Seeded seeded = new Champion.Seeded(way, lab.seed() * 1000 + i);
            Champion champion = lab.part(seeded, Champion.class, () -> seeded.learn(lab, i + 1));
            lab.say("seed %d is finished", i + 1);
            return champion;
        });
        Table duels = lab.table("duels", "both have").named("Network and search against search alone, {row}, {column}");
        duel(duels, "equal evaluations", all, Champion::evaluations);
        duel(duels, "equal time", all, Champion::time);
        duel(duels, "equal time, one position at a time", all, Champion::single);
        lab.put("worth", duels.rows().stream().allMatch(row -> row.get("points") > 50));

        Chart chart = new Chart("Points against search alone of " + Champion.MANY + " playouts", "games of self-play");
        chart.line("network and search", looks(all, 0), looks(all, 1));
        lab.chart("learning.png", chart);

        lab.section("Against others");
        Table players = lab.table("players", "player");
        double[] plain = Averages.each(2, column -> Averages.mean(all, c -> c.others()[2][column]));
        for (int p = 0; p < Champion.PLAYERS.size(); p++) {
            int player = p;
            players.row(Champion.PLAYERS.get(p))
                    .put("points against chance", "%.1f %%", Averages.mean(all, c -> c.others()[player][0]))
                    .baseline(plain[0], "search alone")
                    .put("points against alpha-beta", "%.1f %%", Averages.mean(all, c -> c.others()[player][1]))
                    .baseline(plain[1], "search alone");
        }
    }

    private static void duel(Table table, String name, List<Champion> all, Function<Champion, Champion.Duel> duel) {
        double[] points =
                all.stream().mapToDouble(c -> duel.apply(c).match().points()).toArray();
        double mean = Averages.mean(points);
        double half = Averages.interval95(points);
        table.row(name)
                .put("points", "%.1f %%", mean)
                .interval(Math.max(0, mean - half), Math.min(100, mean + half))
                .baseline(50, "two equal players")
                .put("playouts", "%,.0f", Averages.mean(all, c -> duel.apply(c).playouts()))
                .put(
                        "time of network and search",
                        "%.2f ms",
                        Averages.mean(all, c -> duel.apply(c).match().millis()))
                .put(
                        "time of search alone",
                        "%.2f ms",
                        Averages.mean(all, c -> duel.apply(c).match().others()));
    }

    private static double[] looks(List<Champion> all, int column) {
        return Averages.each(all.get(0).looks().length, i -> Averages.mean(all, c -> c.looks()[i][column]));
    }
}
