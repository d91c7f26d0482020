package dev.fathom.search;

import dev.fathom.io.CsvFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * What a search found.
 *
 * @param space that was searched
 * @param moreIsBetter whether it looked for a large score or a small one
 * @param all finished trials in the order of their numbers, failed ones among them
 * @param complete false if the search was stopped before its end
 */
public record Results(Space space, boolean moreIsBetter, List<Result> all, boolean complete) {
    /** Keeps its own list. */
    public Results {
        all = List.copyOf(all);
    }

    /**
     * Returns the best trial of those with the largest budget that did not fail, the first of equally good ones.
     *
     * @throws IllegalStateException if there is none, with the failure of the first
     */
    public Result best() {
        int most = all.stream()
                .filter(r -> !r.failed())
                .mapToInt(r -> r.trial().budget())
                .max()
                .orElse(0);
        return ranked(all).stream()
                .filter(r -> r.trial().budget() == most && !r.failed())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        all.isEmpty()
                                ? "best: no trial is finished"
                                : "best: all " + all.size() + " trials failed, the first with \""
                                        + all.get(0).failure() + "\"; look into the objective"));
    }

    /** The best first, failed ones last, and equal ones in the order of their numbers. */
    List<Result> ranked(Collection<Result> some) {
        return ranked(some, moreIsBetter);
    }

    static List<Result> ranked(Collection<Result> some, boolean moreIsBetter) {
        return some.stream()
                .sorted(Comparator.<Result>comparingDouble(
                                r -> r.failed() ? Double.POSITIVE_INFINITY : moreIsBetter ? -r.score() : r.score())
                        .thenComparingInt(r -> r.trial().number()))
                .toList();
    }

    /** Returns the trials that failed. */
    public List<Result> failed() {
        return all.stream().filter(Result::failed).toList();
    }

    /** Returns the sum of the budgets of all trials, to compare searches that spend alike. */
    public long spent() {
        return all.stream().mapToLong(r -> r.trial().budget()).sum();
    }

    /**
     * Returns the curve of the best score so far over the budget that was spent, as plots take it: {spent, best}. It
     * begins with the first trial that did not fail, and is empty if all failed.
     */
    public double[][] curve() {
        List<double[]> points = new ArrayList<>();
        double best = Double.NaN;
        double spent = 0;
        for (Result r : all) {
            spent += r.trial().budget();
            if (!r.failed()) {
                best = Double.isNaN(best)
                        ? r.score()
                        : moreIsBetter ? Math.max(best, r.score()) : Math.min(best, r.score());
            }
            if (!Double.isNaN(best)) {
                points.add(new double[] {spent, best});
            }
        }
        return columns(points);
    }

    /**
     * Returns the scores over the values of a dimension of numbers, for a scatter plot: {values, scores} of all trials
     * that did not fail.
     *
     * @throws IllegalArgumentException if there is no such dimension, or its values are no numbers
     */
    public double[][] scores(String dimension) {
        List<double[]> points = new ArrayList<>();
        for (Result r : all) {
            if (!r.failed()) {
                points.add(new double[] {Double.parseDouble(r.trial().text(dimension)), r.score()});
            }
        }
        return columns(points);
    }

    private static double[][] columns(List<double[]> points) {
        return new double[][] {
            points.stream().mapToDouble(p -> p[0]).toArray(),
            points.stream().mapToDouble(p -> p[1]).toArray()
        };
    }

    /**
     * Writes {@code trial,seed,budget,NAMES..,score,failure} as CSV, a row for each trial. Missing folders are made.
     * Equal searches write equal bytes.
     *
     * @throws UncheckedIOException if the file cannot be written; its previous content is then unchanged
     */
    public void writeCsv(Path file) {
        write(file, space, all);
    }

    static void write(Path file, Space space, Collection<Result> results) {
        CsvFile.write(file, header(space), results.stream().map(r -> {
            List<Object> row = new ArrayList<>(
                    List.of(r.trial().number(), r.trial().seed(), r.trial().budget()));
            row.addAll(r.trial().point());
            row.addAll(List.of(r.score(), r.failure()));
            return row;
        }));
    }

    static List<String> header(Space space) {
        List<String> header = new ArrayList<>(Space.COLUMNS.subList(0, 3));
        header.addAll(space.names());
        header.addAll(Space.COLUMNS.subList(3, 5));
        return header;
    }
}
