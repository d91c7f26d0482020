package dev.fathom.labs.reinforcement;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Two ways to learn from rewards, a deep Q-network and a policy gradient, on a pole and in a grid, beside chance and
 * the best that can be had.
 */
public final class CartPoleLab implements Experiment {
    /** The share of the way from random to optimal, or of the best return, that counts as solved. */
    private static final double SOLVED = 0.95;
    /** Places of the curves' means. */
    private static final int PLACES = 20;

    private record Agents(String world, String method, int steps, int seed) {}

    private record Way(String name, Learned.Method method, int steps) {}

    @Override
    public String name() {
        return "cartpole";
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The Q-network", new CartPole().spec().net(2), 4);
    }

    @Override
    public void run(Lab lab) {
        lab.put("seeds", lab.of(10, 3)).put("share", 100 * SOLVED).put("tested", Learned.TESTED);
        Way[] ways = {
            new Way("deep Q-network", new DeepQ(), lab.of(100_000, 8_000)),
            new Way("policy gradient", new PolicyGradient(), lab.of(300_000, 20_000))
        };
        CartPole pole = new CartPole();
        SplittableRandom rng = new SplittableRandom(lab.seed());
        Agent chance = states -> states.stream().mapToInt(s -> rng.nextInt(2)).toArray();
        double random = pole.score(chance, 1000, new SplittableRandom(lab.seed() + 1));
        lab.section("Cart-pole").put("most", CartPole.MOST).put("solved", SOLVED * CartPole.MOST);
        learn(lab, "cart-pole", pole, ways, random, CartPole.MOST, "%.1f");

        ways[0] = new Way("deep Q-network", new DeepQ(), lab.of(10_000, 2_500));
        ways[1] = new Way("policy gradient", new PolicyGradient(), lab.of(240_000, 40_000));
        lab.section("Grid world");
        random = GridWorld.values((from, earned) -> Averages.mean(earned))[0];
        double best =
                GridWorld.values((from, earned) -> Arrays.stream(earned).max().orElseThrow())[0];
        learn(lab, "grid world", new GridWorld(), ways, random, best, "%.3f");
    }

    private static void learn(
            Lab lab, String name, World world, Way[] ways, double random, double best, String format) {
        Table table = lab.table(name, "agent").named(name + ", {row}, {column}");
        table.row("random actions").put("mean return", format, random);
        List<Chart> charts = new ArrayList<>();
        int seeds = lab.of(10, 3);
        for (Way way : ways) {
            lab.say("%s, %s: %d seeds ...", name, way.name, seeds);
            List<Learned> all = Workers.all().run(seeds, i -> {
                Learned one = lab.part(
                        new Agents(name, way.name, way.steps, i),
                        Learned.class,
                        () -> way.method.learn(world, way.steps, lab.seed() * 1000 + i, lab::check));
                lab.say("%s, %s, seed %d: %.3f", name, way.name, i + 1, one.score());
                return one;
            });
            double[] scores = all.stream().mapToDouble(Learned::score).toArray();
            double mean = Averages.mean(scores);
            double low = mean - Averages.interval95(scores);
            double high = Math.min(best, 2 * mean - low);
            double near = random + SOLVED * (best - random);
            table.row(way.name)
                    .put("mean return", format, mean)
                    .interval(low, high)
                    .cell("95 % interval", format + " to " + format, low, high)
                    .put("worst seed", format, Arrays.stream(scores).min().orElseThrow())
                    .cell(
                            "near the optimum",
                            Arrays.stream(scores).filter(s -> s >= near).count() + " of " + seeds);
            double[] ends = {0, all.get(0).curve().lastKey()};
            charts.add(mean(new Chart(name + ": mean return", "steps"), way.name, all)
                    .dashed("random", ends, new double[] {random, random})
                    .dashed("optimal", ends, new double[] {best, best}));
        }
        table.named(name + ", {row} return").row("optimal").put("mean return", format, best);
        lab.charts(name.replace(' ', '-') + ".png", 2, charts);
    }

    /** The mean over seeds; each seed counts with its last look before a place. */
    private static Chart mean(Chart chart, String name, List<Learned> all) {
        int last = all.stream().mapToInt(l -> l.curve().lastKey()).min().orElseThrow();
        double[] places = IntStream.rangeClosed(1, PLACES)
                .mapToDouble(p -> (double) last * p / PLACES)
                .toArray();
        return chart.line(
                name,
                places,
                Arrays.stream(places)
                        .map(at -> Averages.mean(
                                all,
                                l -> Optional.ofNullable(l.curve().floorEntry((int) at))
                                        .orElse(l.curve().firstEntry())
                                        .getValue()))
                        .toArray());
    }
}
