package dev.fathom.labs.reinforcement;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.KeptParts;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.reinforcement.Task.Learned;
import dev.fathom.labs.reinforcement.Task.Point;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Two ways to learn from rewards, a deep Q-network and a policy gradient, on a pole and in a grid, beside chance and
 * the best that can be had.
 */
public final class CartPoleLab implements OldExperiment {
    private static final Map<String, Task.Method> METHODS = new LinkedHashMap<>();

    static {
        METHODS.put("deep Q-network", new DeepQ());
        METHODS.put("policy gradient", new PolicyGradient());
    }

    /** The share of the best return that counts as solved: that of the pole in OpenAI Gym, 475 of 500. */
    private static final double SOLVED = 0.95;
    /** Places of the curves' means. */
    private static final int PLACES = 20;

    @Override
    public String name() {
        return "cartpole";
    }

    @Override
    public Findings run(LabRun run) {
        int seeds = run.of(10, 3);
        Findings page = run.page(
                "Lab cartpole",
                line(
                        "Worlds that are simulated: a pole on a cart and 4 x 3 cells, with %d seeds for each method",
                        seeds));
        boolean done = task(
                        run,
                        page,
                        Task.cartPole(),
                        seeds,
                        Map.of("deep Q-network", run.of(50_000, 8_000), "policy gradient", run.of(300_000, 20_000)),
                        "A pole stands on a cart that is pushed to the left or to the right in each of 500 steps "
                                + "(Barto, Sutton and Anderson 1983, with the "
                                + "constants of OpenAI Gym's CartPole-v1). A step in which the pole stands earns 1.")
                && task(
                        run,
                        page,
                        Task.gridWorld(),
                        seeds,
                        Map.of("deep Q-network", run.of(10_000, 2_500), "policy gradient", run.of(60_000, 10_000)),
                        "The world of 4 x 3 cells in Russell and Norvig's textbook: the way to the cell that "
                                + "earns 1 leads past one that costs 1, a step costs "
                                + "0.04, and the agent slips in a fifth of its steps. What a policy earns is "
                                + "computed exactly.");
        return done ? page.finished() : page;
    }

    /**
     * Learns a task by each method from each seed, and shows those that are finished; false if the run was interrupted
     * before the last.
     */
    private static boolean task(
            LabRun run, Findings page, Task task, int seeds, Map<String, Integer> steps, String about) {
        boolean grid = task.name().equals("grid world");
        double random = grid
                ? GridWorld.values(uniform())[0]
                : Agent.random(2, new SplittableRandom(run.seed()))
                        .score(task.worlds(), 1000, new SplittableRandom(run.seed() + 1));
        double best = grid ? GridWorld.values(null)[0] : CartPole.MOST;
        Map<String, List<Learned>> all = new LinkedHashMap<>();
        boolean whole = true;
        for (Map.Entry<String, Task.Method> method : METHODS.entrySet()) {
            run.out().println(line("%s, %s: %d seeds ...", task.name(), method.getKey(), seeds));
            int of = Objects.requireNonNull(steps.get(method.getKey()));
            var agents = new KeptParts<>(run, "agents", Learned.class, of + " steps");
            List<Learned> learned = Workers.all()
                    .run(seeds, i -> {
                        String name = line("%s, %s, seed %d", task.name(), method.getKey(), i + 1);
                        Optional<Learned> one = agents.of(
                                name,
                                () -> method.getValue()
                                        .learn(task, of, run.seed() * 1000 + i, run.interrupt()::requested));
                        one.ifPresent(l -> run.out().println(line("%s: %.3f", name, l.score())));
                        return one;
                    })
                    .stream()
                    .flatMap(Optional::stream)
                    .toList();
            whole &= learned.size() == seeds;
            if (!learned.isEmpty()) {
                all.put(method.getKey(), learned);
            }
        }
        if (all.isEmpty()) {
            return false;
        }
        List<List<String>> rows = new ArrayList<>();
        String form = grid ? "%.3f" : "%.1f";
        rows.add(List.of("random actions", "", line(form, random), "", "", ""));
        page.section(
                Character.toUpperCase(task.name().charAt(0)) + task.name().substring(1),
                about
                        + (grid
                                ? " Each agent is looked at on its way, and the one that earned most is kept; "
                                        + "what it earns is exact, so that no other "
                                        + "episodes are needed. "
                                : " Each agent is looked at on its way, and the one that earned most then is "
                                        + "tested in other episodes. ")
                        + "The agent at the end of the training is another, since both methods may forget. "
                        + (grid
                                ? line("The mark is %.0f %% of the optimum, as for the pole.", 100 * SOLVED)
                                : line("%.0f of %d count as solved.", SOLVED * best, CartPole.MOST)));
        all.forEach((name, learned) -> {
            double[] scores = learned.stream().mapToDouble(Learned::score).toArray();
            double mean = Averages.mean(scores);
            double end =
                    Averages.mean(learned.stream().mapToDouble(Learned::end).toArray());
            Figure figure = Figure.of(task.name() + ", " + name + ", mean return", "", mean);
            String interval = "";
            if (scores.length > 1) {
                double half = Averages.interval95(scores);
                figure = figure.interval(mean - half, Math.min(best, mean + half));
                interval = line(form + " to " + form, mean - half, Math.min(best, mean + half));
            }
            rows.add(List.of(
                    name,
                    Integer.toString(scores.length),
                    line(form, mean),
                    interval,
                    line(form, Arrays.stream(scores).min().orElseThrow()),
                    line(form, end)));
            page.key(figure);
            page.figure(Figure.of(task.name() + ", " + name + ", mean return at the end", "", end));
        });
        rows.add(List.of("optimal", "", line(form, best), "", "", ""));
        page.figure(Figure.of(task.name() + ", random actions, mean return", "", random));
        page.figure(Figure.of(task.name() + ", optimal return", "", best));
        page.table(List.of("agent", "seeds", "mean return", "95 % interval", "worst seed", "at the end"), rows);
        page.picture(
                task.name().replace(' ', '-') + ".png",
                "Mean return by steps of learning in the " + task.name() + ", with chance and the optimum",
                () -> chart(task, all, random, best));
        all.forEach((name, learned) -> page.text(sentence(task, name, learned, random, best, form)));
        return whole;
    }

    private static String sentence(
            Task task, String name, List<Learned> learned, double random, double best, String form) {
        double[] scores = learned.stream().mapToDouble(Learned::score).toArray();
        long near = Arrays.stream(scores)
                .filter(s -> s >= random + 0.95 * (best - random))
                .count();
        return line(
                "In the %s, the %s earns " + form + " on average, where random actions earn " + form
                        + " and the best ones " + form
                        + ". %d of %d seeds reach at least 95 %% of the way from random to optimal.",
                task.name(),
                name,
                Averages.mean(scores),
                random,
                best,
                near,
                learned.size());
    }

    private static double[][] uniform() {
        double[][] shares = new double[GridWorld.CELLS][4];
        for (double[] row : shares) {
            Arrays.fill(row, 0.25);
        }
        return shares;
    }

    /** The mean over seeds; each seed counts with its last look before a place. */
    private static Chart mean(Chart chart, String name, List<Learned> learned) {
        int last = learned.stream()
                .mapToInt(l -> l.curve().get(l.curve().size() - 1).steps())
                .min()
                .orElseThrow();
        double[] x = new double[PLACES];
        double[] y = new double[PLACES];
        for (int p = 0; p < PLACES; p++) {
            double at = (double) last * (p + 1) / PLACES;
            x[p] = at;
            y[p] = learned.stream()
                    .mapToDouble(l -> l.curve().stream()
                            .filter(point -> point.steps() <= at)
                            .mapToDouble(Point::score)
                            .reduce(l.curve().get(0).score(), (before, after) -> after))
                    .average()
                    .orElseThrow();
        }
        return chart.line(name, x, y);
    }

    private static BufferedImage chart(Task task, Map<String, List<Learned>> all, double random, double best) {
        List<Chart> charts = new ArrayList<>();
        all.forEach((name, learned) -> {
            Chart chart = mean(new Chart(task.name() + ": mean return", "steps"), name, learned);
            double end = learned.get(0)
                    .curve()
                    .get(learned.get(0).curve().size() - 1)
                    .steps();
            charts.add(chart.dashed("random", new double[] {0, end}, new double[] {random, random})
                    .dashed("optimal", new double[] {0, end}, new double[] {best, best}));
        });
        return Chart.panels(2, charts);
    }
}
