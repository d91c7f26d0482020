package dev.fathom.ensemble;

import dev.fathom.assess.Classification;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How much the members of an ensemble differ, over all pairs of them (Kuncheva and Whitaker 2003). An ensemble gains
 * most where its members are good and differ.
 *
 * @param disagreement the share of examples on which one of a pair is right and the other wrong, 0 to 1 (Skalak 1996)
 * @param q Yule's Q statistic (N11 N00 - N10 N01) / (N11 N00 + N10 N01) of the numbers of examples on which both, none
 *     or one is right: 1 for members that are right on the same examples, 0 for independent ones, negative for those
 *     that are wrong on different ones. Pairs for which it is 0/0 are left out, and it is NaN if all are
 */
public record Diversity(double disagreement, double q) {
    /**
     * Compares members by their answers.
     *
     * @param answers the class that each member gives each example, [members][n]: {@link Ensemble#answers}
     * @param labels the class of each example
     * @throws IllegalArgumentException if there are fewer than two members, no examples, or not one answer of each
     *     member for each
     */
    public static Diversity of(int[][] answers, int... labels) {
        if (answers.length < 2 || labels.length == 0) {
            throw new IllegalArgumentException("diversity: " + answers.length + " members and " + labels.length
                    + " examples; give at least two members and one example");
        }
        for (int m = 0; m < answers.length; m++) {
            if (answers[m].length != labels.length) {
                throw new IllegalArgumentException("diversity: member " + m + " gives " + answers[m].length
                        + " answers for " + labels.length + " examples; give one for each");
            }
        }
        double disagreement = 0;
        double q = 0;
        int pairs = 0;
        int defined = 0;
        for (int a = 0; a < answers.length; a++) {
            for (int b = a + 1; b < answers.length; b++) {
                long[][] counts = new long[2][2];
                for (int i = 0; i < labels.length; i++) {
                    counts[answers[a][i] == labels[i] ? 1 : 0][answers[b][i] == labels[i] ? 1 : 0]++;
                }
                double same = (double) counts[1][1] * counts[0][0];
                double other = (double) counts[1][0] * counts[0][1];
                disagreement += (double) (counts[1][0] + counts[0][1]) / labels.length;
                pairs++;
                if (same + other > 0) {
                    q += (same - other) / (same + other);
                    defined++;
                }
            }
        }
        return new Diversity(disagreement / pairs, q / defined);
    }

    /**
     * Compares members by their answers to the same examples.
     *
     * @throws IllegalArgumentException if there are fewer than two members, or their examples differ
     */
    public static Diversity of(List<Classification> members) {
        int[][] answers = members.stream()
                .map(m -> IntStream.range(0, m.size()).map(m::predicted).toArray())
                .toArray(int[][]::new);
        int[][] labels = members.stream()
                .map(m -> IntStream.range(0, m.size()).map(m::actual).toArray())
                .toArray(int[][]::new);
        for (int[] others : labels) {
            if (!Arrays.equals(others, labels[0])) {
                throw new IllegalArgumentException("diversity: the members answer different examples; give answers to"
                        + " the same examples in the same order");
            }
        }
        return of(answers, labels.length == 0 ? new int[0] : labels[0]);
    }

    /**
     * Returns the mean Euclidean distance between the outputs of two members over all pairs, 2 / (M (M - 1)) times the
     * sum of |f_m - f_n|, for members that give numbers (Campos et al. 2021).
     *
     * @param outputs of each member, [members][numbers]
     * @throws IllegalArgumentException if there are fewer than two members, or they give different numbers of outputs
     */
    public static double distance(float[]... outputs) {
        if (outputs.length < 2) {
            throw new IllegalArgumentException("distance: " + outputs.length + " members; give at least two");
        }
        double sum = 0;
        for (int a = 0; a < outputs.length; a++) {
            for (int b = a + 1; b < outputs.length; b++) {
                if (outputs[a].length != outputs[b].length) {
                    throw new IllegalArgumentException(
                            "distance: member " + a + " gives " + outputs[a].length + " numbers and member " + b
                                    + " gives " + outputs[b].length + "; give outputs for the same examples");
                }
                double squares = 0;
                for (int i = 0; i < outputs[a].length; i++) {
                    squares += Math.pow((double) outputs[a][i] - outputs[b][i], 2);
                }
                sum += Math.sqrt(squares);
            }
        }
        return sum * 2 / (outputs.length * (outputs.length - 1.0));
    }
}
