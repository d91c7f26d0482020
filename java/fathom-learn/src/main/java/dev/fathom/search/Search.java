package dev.fathom.search;

import dev.fathom.features.Learner;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the best point of a {@link Space}: on a grid, at random, by a genetic algorithm, by successive halving, or
 * with the help of a regressor that predicts scores. Trials run side by side in this process, each on one thread
 * ({@link Workers}). What is tried depends on the seed and the scores alone, so the same seed gives the same table,
 * whatever the number of workers.
 *
 * <pre>{@code
 * Results found = Search.maximize(space, trial -> accuracy(trial.whole("width"), trial.real("rate"), trial.seed()))
 *     .file(Path.of("search.csv"))
 *     .random(50);
 * System.out.println(found.best().trial());
 * }</pre>
 *
 * <p>With a {@link #file}, every finished trial is a row of it at once, and a search that was killed goes on where it
 * was when it is called again with the same settings: trials that are in the file are not repeated. A trial that fails
 * is a row too, with its reason, and is not repeated either; delete its row to try it again.
 */
public final class Search {
    private static final int TRIES = 50;
    private static final int TOURNAMENT = 3;

    private final Space space;
    private final Objective objective;
    private final boolean moreIsBetter;
    private long seed;
    private int budget = 1;
    private @Nullable Workers workers;
    private @Nullable Path file;
    private volatile boolean stopped;

    private Search(Space space, Objective objective, boolean moreIsBetter) {
        this.space = space;
        this.objective = objective;
        this.moreIsBetter = moreIsBetter;
    }

    /** Makes a search for the largest score, such as an accuracy. */
    public static Search maximize(Space space, Objective objective) {
        return new Search(space, objective, true);
    }

    /** Makes a search for the smallest score, such as a loss. */
    public static Search minimize(Space space, Objective objective) {
        return new Search(space, objective, false);
    }

    /** Sets the seed of all choices, and of the trials' own seeds. It is 0 by default. */
    public Search seed(long s) {
        seed = s;
        return this;
    }

    /**
     * Sets the budget of every trial, but for those of {@link #halving}. It is 1 by default.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public Search budget(int b) {
        atLeast("budget", "b", b, 1);
        budget = b;
        return this;
    }

    /**
     * Sets how many trials run at once: as many as the native pool has threads by default.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count <= 256}
     */
    public Search workers(int count) {
        workers = new Workers(count);
        return this;
    }

    /** Keeps the finished trials in this CSV file, and goes on from those that are in it. */
    public Search file(Path csv) {
        file = csv;
        return this;
    }

    /**
     * Ends the search once the trials under way are finished. It may be called from any thread, and from within a
     * trial.
     */
    public void stop() {
        stopped = true;
    }

    private static void atLeast(String method, String what, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(method + ": " + what + "=" + value + " must be at least " + least);
        }
    }

    private Runner runner() {
        stopped = false;
        return new Runner(
                space,
                objective,
                new Rng(seed).split("trials"),
                workers == null ? Workers.all() : workers,
                file,
                () -> stopped);
    }

    private Results results(Runner runner) {
        return new Results(space, moreIsBetter, runner.results(), !stopped);
    }

    /**
     * Tries every point of a grid: all words and bits, and of each range {@code steps} values at equal distances (of
     * their logarithms, where it is logarithmic), or all whole numbers if there are no more. One step is the middle of
     * a range.
     *
     * @throws IllegalArgumentException if there are no steps or more than a million points, or the file is of another
     *     search
     */
    public Results grid(int steps) {
        atLeast("grid", "steps", steps, 1);
        Runner runner = runner();
        runner.run(space.grid(steps), budget);
        return results(runner);
    }

    /**
     * Tries so many random points (Bergstra and Bengio 2012).
     *
     * @throws IllegalArgumentException if there are none, or the file is of another search
     */
    public Results random(int trials) {
        atLeast("random", "trials", trials, 1);
        Runner runner = runner();
        runner.run(points(trials, new Rng(seed).split("points")), budget);
        return results(runner);
    }

    private List<List<String>> points(int n, Rng rng) {
        List<List<String>> points = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            points.add(space.draw(rng));
        }
        return points;
    }

    /**
     * Breeds points (Holland 1975). The first generation is random. Of each other one, every child has two parents,
     * each the best of three random ones of the population; it takes every value from one of them, and changes it with
     * the probability 1 / dimensions. The best of parents and children together are the next population. No point is
     * tried twice, unless a small space has no others left.
     *
     * @param population how many points survive, and how many children a generation has
     * @param generations how many, the first among them
     * @throws IllegalArgumentException if the population is less than 2 or there are no generations, or the file is of
     *     another search
     */
    public Results genetic(int population, int generations) {
        atLeast("genetic", "population", population, 2);
        atLeast("genetic", "generations", generations, 1);
        Runner runner = runner();
        Rng rng = new Rng(seed).split("genes");
        Set<List<String>> tried = new HashSet<>();
        List<Result> parents = List.of();
        for (int g = 0; g < generations && !stopped; g++) {
            List<List<String>> children = new ArrayList<>();
            for (int i = 0; i < population; i++) {
                children.add(child(parents, tried, rng));
            }
            List<Result> both = new ArrayList<>(parents);
            both.addAll(runner.run(children, budget));
            List<Result> ranked = Results.ranked(both, moreIsBetter);
            parents = ranked.subList(0, Math.min(population, ranked.size()));
        }
        return results(runner);
    }

    /** A point that was not tried, as far as one is found. */
    private List<String> child(List<Result> parents, Set<List<String>> tried, Rng rng) {
        List<String> child = List.of();
        for (int attempt = 0; attempt < 2 * TRIES; attempt++) {
            // parents that are all alike have no new children: in the end a random point will do
            child = parents.isEmpty() || attempt >= TRIES
                    ? space.draw(rng)
                    : space.child(winner(parents, rng), winner(parents, rng), rng);
            if (tried.add(child)) {
                break;
            }
        }
        return child;
    }

    /** The best of a few random ones; the list begins with the best. */
    private static List<String> winner(List<Result> parents, Rng rng) {
        int best = parents.size();
        for (float u : rng.uniform(TOURNAMENT, 0, 1)) {
            best = Math.min(best, (int) (u * parents.size()));
        }
        return parents.get(best).trial().point();
    }

    /**
     * Tries many random points with a small budget and the best of them with a larger one: successive halving (Jamieson
     * and Talwalkar 2016). After each round the best 1 / factor of the points, at least one, are tried again from the
     * start with a budget that is factor times as large, until it is {@code most}. {@link Results#best} looks only at
     * trials with the largest budget.
     *
     * @param candidates how many points the first round tries
     * @param least the budget of the first round
     * @param most the budget of the last round
     * @param factor 3 is usual
     * @throws IllegalArgumentException if a number is less than 1, the factor is less than 2 or most is less than
     *     least, or the file is of another search
     */
    public Results halving(int candidates, int least, int most, int factor) {
        atLeast("halving", "candidates", candidates, 1);
        atLeast("halving", "least", least, 1);
        atLeast("halving", "most", most, least);
        atLeast("halving", "factor", factor, 2);
        Runner runner = runner();
        List<List<String>> points = points(candidates, new Rng(seed).split("points"));
        for (int spend = least; !stopped; spend = (int) Math.min(most, (long) spend * factor)) {
            List<Result> ranked = Results.ranked(runner.run(points, spend), moreIsBetter);
            if (spend == most) {
                break;
            }
            points = ranked.stream()
                    .filter(r -> !r.failed())
                    .limit(Math.max(1, points.size() / factor))
                    .map(r -> r.trial().point())
                    .toList();
            if (points.isEmpty()) {
                break; // all have failed
            }
        }
        return results(runner);
    }

    /**
     * Tries random points first, and then those that a regressor, which learns of all trials so far, predicts to be the
     * best of many ({@link ScoreRegressor}).
     *
     * @param first how many random points are tried before the first prediction
     * @param rounds how often the regressor learns anew
     * @param each how many points are tried in each round
     * @param pool of how many random points each round takes the best
     * @param learner of the regressor: {@link ScoreRegressor#network}, for example
     * @throws IllegalArgumentException if first is less than 2, another number is less than 1 or pool is less than
     *     each, or the file is of another search
     */
    public Results predicted(int first, int rounds, int each, int pool, Learner learner) {
        atLeast("predicted", "first", first, 2);
        atLeast("predicted", "rounds", rounds, 1);
        atLeast("predicted", "each", each, 1);
        atLeast("predicted", "pool", pool, each);
        Runner runner = runner();
        Rng rng = new Rng(seed).split("points");
        runner.run(points(first, rng), budget);
        for (int round = 0; round < rounds && !stopped; round++) {
            List<Result> sound =
                    runner.results().stream().filter(r -> !r.failed()).toList();
            List<List<String>> points = points(pool, rng);
            if (sound.size() < 2) {
                runner.run(points.subList(0, each), budget);
                continue;
            }
            try (ScoreRegressor regressor = ScoreRegressor.fit(
                    space,
                    sound,
                    learner,
                    new Rng(seed).split("regressor").split(round).seed())) {
                double[] scores = regressor.predict(points);
                List<Result> ranked = new ArrayList<>();
                for (int i = 0; i < pool; i++) {
                    ranked.add(new Result(new Trial(space, i, 0, budget, points.get(i)), scores[i], ""));
                }
                runner.run(
                        Results.ranked(ranked, moreIsBetter).subList(0, each).stream()
                                .map(r -> r.trial().point())
                                .toList(),
                        budget);
            }
        }
        return results(runner);
    }
}
