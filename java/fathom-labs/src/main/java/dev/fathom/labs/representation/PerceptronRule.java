package dev.fathom.labs.representation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One run of the perceptron rule (Rosenblatt 1958) on a Boolean function: w += (t - y) x for each row of its truth
 * table, with the unit's answer y = 1 if w x &gt; 0, else 0. The last input is always 1, and its weight is the bias.
 * Weights and inputs are whole numbers, so that a run is exact.
 *
 * @param weights after 0, 1, 2, ... epochs, the bias last
 * @param mistakes the rows that were answered wrong in each epoch
 * @param period the number of epochs after which the weights repeat, so that the rule never ends; 0 where it ended
 */
record PerceptronRule(List<int[]> weights, List<Integer> mistakes, int period) {
    /**
     * Learns a function of {@code inputs} Boolean inputs until an epoch has no mistake, or until weights come back that
     * there were before.
     *
     * @param table bit r is the function's value in row r of the truth table, whose first input is the highest bit of r
     */
    static PerceptronRule learn(int inputs, int table) {
        int[] w = new int[inputs + 1];
        List<int[]> weights = new ArrayList<>(List.of(w.clone()));
        List<Integer> mistakes = new ArrayList<>();
        Map<List<Integer>, Integer> seen = new HashMap<>();
        seen.put(boxed(w), 0);
        while (true) {
            int wrong = 0;
            for (int row = 0; row < 1 << inputs; row++) {
                int error = (table >> row & 1) - answer(w, row);
                if (error != 0) {
                    wrong++;
                    for (int i = 0; i <= inputs; i++) {
                        w[i] += error * input(row, inputs, i);
                    }
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

    /** Whether the rule found weights for the function. */
    boolean solved() {
        return period == 0;
    }

    /** All corrections together. */
    int corrections() {
        return mistakes.stream().mapToInt(m -> m).sum();
    }

    /** The weights at the end, the bias last. */
    int[] last() {
        return weights.get(weights.size() - 1);
    }

    /** What a unit with weights {@code w} says to a row of the truth table. */
    static int answer(int[] w, int row) {
        int sum = 0;
        for (int i = 0; i < w.length; i++) {
            sum += w[i] * input(row, w.length - 1, i);
        }
        return sum > 0 ? 1 : 0;
    }

    /** (R / margin)^2 of weights, with the constant input 1 of the bias as an input like the others. */
    static double bound(int... w) {
        int least = Integer.MAX_VALUE;
        for (int row = 0; row < 4; row++) {
            least = Math.min(least, Math.abs(w[0] * (row >> 1) + w[1] * (row & 1) + w[2]));
        }
        double longest = 3; // 1^2 + 1^2 and the 1 of the bias
        return longest * Arrays.stream(w).map(v -> v * v).sum() / ((double) least * least);
    }

    /** Input {@code i} in a row; the last is the 1 of the bias. */
    static int input(int row, int inputs, int i) {
        return i == inputs ? 1 : row >> (inputs - 1 - i) & 1;
    }

    private static List<Integer> boxed(int[] w) {
        return Arrays.stream(w).boxed().toList();
    }
}
