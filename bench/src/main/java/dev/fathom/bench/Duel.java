package dev.fathom.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * ratio = median over generations of (fastest rival / ours), each the median of its repetitions in that generation.
 *
 * <p>A generation starts every process afresh (memory falls differently each time); inside it the contenders take
 * turns, and in each the fastest rival counts. The error is the larger of two: twice the standard error of the median
 * ratio of neighboring repetitions, and half the range of the generations' ratios.
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
        int generations = ours.length;
        double[] mine = new double[generations];
        double[] best = new double[generations];
        String[] winner = new String[generations];
        double[][] fastest = new double[generations][];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        for (int g = 0; g < generations; g++) {
            mine[g] = median(ours[g]);
            for (Map.Entry<String, double[][]> rival : rivals.entrySet()) {
                double theirs = median(rival.getValue()[g]);
                if (theirs < best[g]) {
                    best[g] = theirs;
                    winner[g] = rival.getKey();
                    fastest[g] = rival.getValue()[g];
                }
            }
        }
        double oursError =
                error(Arrays.stream(ours).flatMapToDouble(Arrays::stream).toArray(), mine);
        if (rivals.isEmpty()) {
            return new Outcome(median(mine), Double.NaN, "", Double.NaN, Double.NaN, oursError);
        }
        double[] ratios = new double[generations];
        double[] pairs = new double[Arrays.stream(ours).mapToInt(r -> r.length).sum()];
        int n = 0;
        for (int g = 0; g < generations; g++) {
            ratios[g] = best[g] / mine[g];
            for (int i = 0; i < ours[g].length; i++) {
                pairs[n++] = fastest[g][i] / ours[g][i];
            }
        }
        double ratio = median(best) / median(mine);
        return new Outcome(
                median(mine), median(best), mostFrequent(List.of(winner)), ratio, error(pairs, ratios), oursError);
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
