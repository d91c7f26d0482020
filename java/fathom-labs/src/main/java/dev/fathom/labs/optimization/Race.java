package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Layer;
import dev.fathom.optim.Optimizer;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A fair race on images: each candidate first learns with every rate of a grid about one that is usual for it, and
 * keeps the rate whose loss is least on images held out. With that rate it learns anew from the start, once for each
 * seed, and is judged on the test after each epoch.
 *
 * @param factors of the usual rate, ascending
 * @param trial the number of epochs with each rate
 * @param epochs the number of epochs of the race
 * @param seeds how often each candidate races
 */
record Race(LabRun run, Images images, int batch, double[] factors, int trial, int epochs, int seeds) {
    /** Makes an optimizer of a rate and of the number of steps that it will take. */
    interface Recipe {
        Optimizer of(double rate, int steps);
    }

    /**
     * One of those that race.
     *
     * @param typical a rate that is usual for it
     */
    record Candidate(String name, Supplier<? extends Layer> net, double typical, Recipe recipe) {
        /** With an optimizer that does not depend on the number of steps. */
        Candidate(String name, Supplier<? extends Layer> net, double typical, DoubleFunction<Optimizer> recipe) {
            this(name, net, typical, (rate, steps) -> recipe.apply(rate));
        }
    }

    /**
     * What became of a candidate.
     *
     * @param edge whether its rate lies at an end of the grid
     * @param courses one for each seed
     */
    record Placed(String name, double rate, boolean edge, List<Course> courses) {
        Course mean() {
            return Course.mean(courses);
        }

        double accuracy() {
            return courses.stream().mapToDouble(Course::accuracy).average().orElseThrow();
        }

        /** From the least to the greatest accuracy of all seeds. */
        double spread() {
            return courses.stream().mapToDouble(Course::accuracy).max().orElseThrow()
                    - courses.stream().mapToDouble(Course::accuracy).min().orElseThrow();
        }

        /** The rate for readers, with a star at an end of the grid. */
        String words() {
            return plain(rate) + (edge ? " *" : "");
        }
    }

    /** Runs it; empty if it was interrupted. */
    List<Placed> run(List<Candidate> candidates) {
        List<Trainings.Task> trials = new ArrayList<>();
        for (Candidate c : candidates) {
            for (double factor : factors) {
                trials.add(task("trial", c, c.typical * factor, trial, 0));
            }
        }
        List<Course> tried = new Trainings(run, images.learn(), images.choose()).all("Choice of rates", trials);
        if (tried.isEmpty()) {
            return List.of();
        }
        int[] best = new int[candidates.size()];
        List<Trainings.Task> races = new ArrayList<>();
        for (int i = 0; i < best.length; i++) {
            for (int j = 1; j < factors.length; j++) {
                boolean better = tried.get(i * factors.length + j).end()
                        < tried.get(i * factors.length + best[i]).end();
                best[i] = better ? j : best[i];
            }
            for (int seed = 0; seed < seeds; seed++) {
                races.add(task("race", candidates.get(i), candidates.get(i).typical * factors[best[i]], epochs, seed));
            }
        }
        List<Course> courses = new Trainings(run, images.learn(), images.test()).all("Race", races);
        List<Placed> placed = new ArrayList<>();
        for (int i = 0; i < best.length && !courses.isEmpty(); i++) {
            Candidate c = candidates.get(i);
            placed.add(new Placed(
                    c.name,
                    c.typical * factors[best[i]],
                    best[i] == 0 || best[i] == factors.length - 1,
                    courses.subList(i * seeds, (i + 1) * seeds)));
        }
        return placed;
    }

    private Trainings.Task task(String part, Candidate c, double rate, int n, int seed) {
        return new Trainings.Task(
                line("%s-%s-%.3g", part, c.name.replaceAll("[^A-Za-z0-9]+", "-"), rate),
                c.net,
                c.recipe.of(rate, n * images.learn().batches(batch).steps()),
                batch,
                n,
                run.seed() + seed);
    }

    /** How the rates are chosen, for readers. */
    String rule() {
        return line(
                "Each first learns for %s with each of %d rates, %s times one that is usual for it, and keeps the "
                        + "one whose loss is least on %,d images held out; a "
                        + "star marks a rate at an end of its grid. With it, each learns for %s from the start%s, "
                        + "and the test of %,d images is measured after "
                        + "each.",
                epochs(trial),
                factors.length,
                Arrays.stream(factors).mapToObj(Race::plain).collect(Collectors.joining(", ")),
                images.choose().size(),
                epochs(epochs),
                seeds == 1 ? "" : line(", from %d seeds", seeds),
                images.test().size());
    }

    /** A number in two digits without an exponent and without zeros at its end, such as 0.0032. */
    static String plain(double number) {
        return new BigDecimal(number)
                .round(new MathContext(2))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** A number of epochs for readers. */
    static String epochs(int n) {
        return n == 1 ? "one epoch" : n + " epochs";
    }
}
