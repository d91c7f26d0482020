package dev.fathom.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * ratio = median over generations of (fastest rival / ours), each the median of its repetitions in that generation.
 *
 * <p>A generation starts every process afresh (memory falls differently each time); inside it the contenders take
 * turns, and in each the fastest rival counts. A rival may have had fewer turns than Fathom, always the first ones, or
 * none in a generation: its times are compared with those of Fathom beside them. The error is the larger of two: twice
 * the standard error of the median ratio of neighboring repetitions, and half the range of the generations' ratios.
 */
final class Duel {
    /** The outcome: times in nanoseconds, the rival that was fastest in most generations, the error of our time. */
    record Outcome(double ours, double theirs, String rival, double ratio, double error, double oursError) {}

    private final double[][] ours;
    private final Map<String, double[][]> rivals = new LinkedHashMap<>();

    /** Nanoseconds of Fathom, a row per generation. */
    Duel(double[][] ours) {
        this.ours = ours;
    }

    /** Nanoseconds of a rival, repetition by repetition in turn with ours. */
    Duel against(String rival, double[][] nanos) {
        rivals.put(rival, nanos);
        return this;
    }

    /** The outcomes against each rival alone. */
    List<Outcome> each() {
        List<Outcome> outcomes = new ArrayList<>();
        rivals.forEach((name, nanos) ->
                outcomes.add(new Duel(ours).against(name, nanos).outcome()));
        return outcomes;
    }

    Outcome outcome() {
        if (rivals.isEmpty()) {
            double[][] ran = Arrays.stream(ours).filter(g -> g.length > 0).toArray(double[][]::new);
            double[] mine = Arrays.stream(ran).mapToDouble(Duel::median).toArray();
            return new Outcome(median(mine), Double.NaN, "", Double.NaN, Double.NaN, error(joined(ran), mine));
        }
        List<Generation> all = new ArrayList<>();
        for (int g = 0; g < ours.length; g++) {
            Generation generation = generation(g);
            if (generation != null) {
                all.add(generation);
            }
        }
        double[] mine = all.stream().mapToDouble(Generation::mine).toArray();
        double[] best = all.stream().mapToDouble(Generation::best).toArray();
        double[] ratios = all.stream().mapToDouble(g -> g.best() / g.mine()).toArray();
        double[] pairs = joined(all.stream().map(Generation::pairs).toArray(double[][]::new));
        double[] beside = joined(all.stream().map(Generation::ours).toArray(double[][]::new));
        return new Outcome(
                median(mine),
                median(best),
                mostFrequent(all.stream().map(Generation::rival).toList()),
                median(best) / median(mine),
                error(pairs, ratios),
                error(beside, mine));
    }

    /** Our times beside those of the rival that was the fastest in a generation. */
    private record Generation(String rival, double[] ours, double[] theirs) {
        double mine() {
            return median(ours);
        }

        double best() {
            return median(theirs);
        }

        double[] pairs() {
            double[] pairs = new double[ours.length];
            Arrays.setAll(pairs, i -> theirs[i] / ours[i]);
            return pairs;
        }
    }

    /** Null where no rival had a turn. */
    private @Nullable Generation generation(int g) {
        Generation fastest = null;
        for (Map.Entry<String, double[][]> rival : rivals.entrySet()) {
            double[] theirs = rival.getValue()[g];
            if (theirs.length > 0 && (fastest == null || median(theirs) < fastest.best())) {
                fastest = new Generation(rival.getKey(), Arrays.copyOf(ours[g], theirs.length), theirs);
            }
        }
        return fastest;
    }

    /** The times of all generations. */
    static double[] joined(double[][] parts) {
        return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
    }

    /** Of a figure, from its repetitions and its generations. */
    private static double error(double[] repetitions, double[] generations) {
        double range = Arrays.stream(generations).max().orElseThrow()
                - Arrays.stream(generations).min().orElseThrow();
        return Math.max(2 * standardError(repetitions), range / 2);
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Of the median: 1.2533 s / sqrt(n), s = 1.4826 times the median distance from it, so that a hiccup has no say. */
    static double standardError(double[] values) {
        double middle = median(values);
        double spread =
                median(Arrays.stream(values).map(v -> Math.abs(v - middle)).toArray());
        return 1.2533 * 1.4826 * spread / Math.sqrt(values.length);
    }

    private static String mostFrequent(List<String> names) {
        return names.stream()
                .max((a, b) -> Long.compare(
                        names.stream().filter(a::equals).count(),
                        names.stream().filter(b::equals).count()))
                .orElseThrow();
    }
}
