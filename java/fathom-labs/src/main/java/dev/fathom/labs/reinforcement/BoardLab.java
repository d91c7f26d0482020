package dev.fathom.labs.reinforcement;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.KeptParts;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.optim.Adam;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Tic-tac-toe learned from self-play by a network with tree search, against chance, a search without a network, and
 * perfect play.
 */
public final class BoardLab implements OldExperiment {
    private static final int SEARCHES = 40;
    private static final int MANY = 1000;
    private static final String NETWORK = "network alone";
    private static final String BOTH = "network and search";
    private static final String PLAIN = "search alone";

    @Override
    public String name() {
        return "board";
    }

    /**
     * A network's way through its games.
     *
     * @param games after which it was looked at
     * @param lost the share of games lost to the perfect player, in percent, by the network alone and with search
     * @param ends of the last network with and without search and of plain searches, against chance and against perfect
     *     play
     */
    private record Learned(List<Integer> games, Map<String, List<Double>> lost, Map<String, Player.Tally[]> ends) {
        /** How it went at the end: against chance, 0, or perfect play, 1. */
        Player.Tally end(String name, int against) {
            return Objects.requireNonNull(ends.get(name), name)[against];
        }
    }

    @Override
    public Findings run(LabRun run) {
        int seeds = run.of(5, 3);
        int rounds = run.of(150, 12);
        int games = run.of(30, 20);
        Findings page = run.page(
                "Lab board",
                line(
                        "Tic-tac-toe, whose %,d positions are solved: %d seeds with %,d games of self-play each",
                        TicTacToe.positions(), seeds, rounds * games));
        run.out().println(line("Self-play from %d seeds ...", seeds));
        int tested = run.of(200, 50);
        var kept = new KeptParts<>(
                run, "self-play", Learned.class, line("%d rounds of %d games, %d tested", rounds, games, tested));
        List<Learned> all = Workers.all()
                .run(seeds, i -> {
                    Optional<Learned> learned = kept.of(
                            "seed-" + i,
                            () -> learn(run.seed() * 1000 + i, rounds, games, tested, run.interrupt()::requested));
                    learned.ifPresent(l -> run.out().println(line("seed %d is finished", i + 1)));
                    return learned;
                })
                .stream()
                .flatMap(Optional::stream)
                .toList();
        if (all.isEmpty()) {
            return page;
        }
        List<List<String>> rows = new ArrayList<>();
        for (String name : all.get(0).ends().keySet()) {
            List<String> row = new ArrayList<>(List.of(name));
            for (int opponent = 0; opponent < 2; opponent++) {
                int against = opponent;
                row.add(share(all, name, against, Player.Tally::won));
                row.add(share(all, name, against, Player.Tally::lost));
            }
            rows.add(row);
        }
        page.section(
                        "Against chance and against perfect play",
                        line(
                                "What %d of %d seeds come to on average. "
                                        + "The network sees the cells of both players, and gives probabilities of "
                                        + "moves and a value. It plays against itself with %d "
                                        + "searches a move, learns the shares of visits and the results (Silver "
                                        + "et al. 2018), and is then used alone and "
                                        + "with as many searches. A search without a network plays at random to "
                                        + "the end for its values. The perfect player "
                                        + "knows all positions, and chooses among its best moves at random; "
                                        + "nobody can win against it.",
                                all.size(), seeds, SEARCHES))
                .table(
                        List.of(
                                "player",
                                "won against chance",
                                "lost to chance",
                                "won against perfect",
                                "lost to perfect"),
                        rows)
                .picture(
                        "lost.png",
                        "Games lost to the perfect player, by games of self-play",
                        () -> chart(all).render());
        double both = Averages.mean(lost(all, BOTH));
        double plain = Averages.mean(lost(all, PLAIN + ", " + SEARCHES));
        double alone = Averages.mean(lost(all, NETWORK));
        page.text(line(
                "After %,d games the network with %d searches loses %.1f %% of its games to the perfect player, "
                        + "the network alone %.1f %%, and a search of "
                        + "as many playouts without a network %.1f %%. %s",
                rounds * games,
                SEARCHES,
                both,
                alone,
                plain,
                both < plain
                        ? "So what the network learned is worth more than random playouts."
                        : "So the network adds nothing to the search here."));
        Figure key = Figure.of("Network and search, games lost to perfect play", "%", both)
                .baseline(plain, "search alone, " + SEARCHES + " playouts");
        if (all.size() > 1) {
            double half = Averages.interval95(lost(all, BOTH));
            key = key.interval(Math.max(0, both - half), both + half);
        }
        page.key(key);
        page.key(Figure.of("Network alone, games lost to perfect play", "%", alone)
                .baseline(Averages.mean(lost(all, "chance")), "chance"));
        page.figure(Figure.of("Search alone, games lost to perfect play", "%", plain));
        page.figure(Figure.of(
                "Search alone of " + MANY + ", games lost to perfect play",
                "%",
                Averages.mean(lost(all, PLAIN + ", " + MANY))));
        page.figure(Figure.of("Network and search, games won against chance", "%", won(all, BOTH))
                .baseline(won(all, "perfect"), "perfect play"));
        return all.size() < seeds ? page : page.finished();
    }

    /** The percent of games lost to the perfect player, of each seed. */
    private static double[] lost(List<Learned> all, String name) {
        return all.stream()
                .mapToDouble(l -> percent(l.end(name, 1), Player.Tally::lost))
                .toArray();
    }

    private static double won(List<Learned> all, String name) {
        return all.stream()
                .mapToDouble(l -> percent(l.end(name, 0), Player.Tally::won))
                .average()
                .orElseThrow();
    }

    private static String share(List<Learned> all, String name, int against, Function<Player.Tally, Integer> which) {
        return line(
                "%.1f %%",
                all.stream()
                        .mapToDouble(l -> percent(l.end(name, against), which))
                        .average()
                        .orElseThrow());
    }

    private static double percent(Player.Tally record, Function<Player.Tally, Integer> which) {
        return 100.0 * which.apply(record) / record.games();
    }

    private static Learned learn(long seed, int rounds, int games, int tested, BooleanSupplier stopped) {
        SplittableRandom rng = new SplittableRandom(seed * 31 + 7);
        Player perfect = Player.perfect(rng);
        Player chance = Player.random(rng);
        Learned learned = new Learned(new ArrayList<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        try (SelfPlay play = new SelfPlay(new Adam(2e-3f), seed)) {
            Map<String, Player> players = new LinkedHashMap<>();
            players.put(NETWORK, Player.judging(play::judge));
            players.put(BOTH, Player.searching(play::judge, SEARCHES, rng));
            for (int round = 0; round <= rounds && !stopped.getAsBoolean(); round++) {
                if (round > 0) {
                    play.learn(games);
                }
                if (round % Math.max(1, rounds / 10) == 0) {
                    learned.games().add(play.games());
                    players.forEach((name, player) -> learned.lost()
                            .computeIfAbsent(name, n -> new ArrayList<>())
                            .add(percent(player.against(perfect, tested), Player.Tally::lost)));
                }
            }
            players.put(PLAIN + ", " + SEARCHES, Player.searching(TreeSearch.playingOut(rng), SEARCHES, rng));
            players.put(PLAIN + ", " + MANY, Player.searching(TreeSearch.playingOut(rng), MANY, rng));
            players.put("chance", chance);
            players.put("perfect", perfect);
            players.forEach((name, player) -> {
                if (!stopped.getAsBoolean()) {
                    learned.ends().put(name, new Player.Tally[] {
                        player.against(chance, tested), player.against(perfect, tested)
                    });
                }
            });
        }
        return learned;
    }

    private static Chart chart(List<Learned> all) {
        Chart chart = new Chart("Games lost to the perfect player, percent", "games of self-play");
        double[] x = all.get(0).games().stream().mapToDouble(g -> g).toArray();
        for (String name : all.get(0).lost().keySet()) {
            chart.line(
                    name,
                    x,
                    IntStream.range(0, x.length)
                            .mapToDouble(i -> all.stream()
                                    .mapToDouble(
                                            l -> Objects.requireNonNull(l.lost().get(name))
                                                    .get(i))
                                    .average()
                                    .orElseThrow())
                            .toArray());
        }
        return chart;
    }
}
