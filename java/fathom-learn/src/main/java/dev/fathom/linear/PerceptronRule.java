package dev.fathom.linear;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One run of the perceptron rule (Rosenblatt 1958) on rows of whole numbers: w += (t - y) x for each row in turn, with
 * the unit's answer y = 1 if w x &gt; 0, else 0. The last input is always 1, and its weight is the bias. As weights are
 * whole numbers too, a run is exact: it ends with an epoch without a mistake where a hyperplane divides the classes
 * (Novikoff 1962), and its weights come back where none does.
 *
 * @param weights after 0, 1, 2, ... epochs, the bias last
 * @param mistakes the rows that were answered wrong in each epoch
 * @param period the number of epochs after which the weights repeat, so that the rule never ends; 0 where it ended
 */
public record PerceptronRule(List<int[]> weights, List<Integer> mistakes, int period) {
    /**
     * Learns until an epoch has no mistake, or until weights come back that there were before.
     *
     * @param x rows [n][k]
     * @param y the class of each row, 0 or 1
     * @throws IllegalArgumentException if there are no rows, they differ in length, or there is not a class of 0 or 1
     *     for each
     */
    public static PerceptronRule learn(int[][] x, int... y) {
        if (x.length == 0
                || x.length != y.length
                || Arrays.stream(x).anyMatch(row -> row.length != x[0].length)
                || Arrays.stream(y).anyMatch(t -> t != 0 && t != 1)) {
            throw new IllegalArgumentException("perceptron: " + x.length + " rows and " + y.length
                    + " classes do not fit; give rows of equal lengths, with a class of 0 or 1 for each");
        }
        int k = x[0].length;
        int[] w = new int[k + 1];
        List<int[]> weights = new ArrayList<>(List.of(w.clone()));
        List<Integer> mistakes = new ArrayList<>();
        Map<List<Integer>, Integer> seen = new HashMap<>();
        seen.put(boxed(w), 0);
        while (true) {
            int wrong = 0;
            for (int row = 0; row < x.length; row++) {
                int error = y[row] - answer(w, x[row]);
                if (error != 0) {
                    wrong++;
                    for (int i = 0; i < k; i++) {
                        w[i] += error * x[row][i];
                    }
                    w[k] += error;
                }
            }
            mistakes.add(wrong);
            weights.add(w.clone());
            if (wrong == 0) {
                return new PerceptronRule(weights, mistakes, 0);
            }
            Integer before = seen.put(boxed(w), mistakes.size());
            if (before != null) {
                return new PerceptronRule(weights, mistakes, mistakes.size() - before);
            }
        }
    }

    /** Returns whether the rule found weights that divide the classes. */
    public boolean solved() {
        return period == 0;
    }

    /** Returns the number of all corrections together. */
    public int corrections() {
        return mistakes.stream().mapToInt(m -> m).sum();
    }

    /** Returns the weights at the end, the bias last. */
    public int[] last() {
        return weights.get(weights.size() - 1);
    }

    /**
     * Returns what a unit says to a row of k numbers.
     *
     * @param w k weights and the bias
     */
    public static int answer(int[] w, int... row) {
        int sum = w[row.length];
        for (int i = 0; i < row.length; i++) {
            sum += w[i] * row[i];
        }
        return sum > 0 ? 1 : 0;
    }

    private static List<Integer> boxed(int[] w) {
        return Arrays.stream(w).boxed().toList();
    }
}
