package dev.fathom.validation;

import dev.fathom.data.Dataset;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The score by the number of training examples. It tells whether more data would help: while the curve still rises (or
 * an error falls), it would.
 *
 * <pre>{@code
 * LearningCurve curve = LearningCurve.of(train, test, 3, 1, evaluation, 100, 300, 1000, 3000);
 * Plots.write(Plots.compare("accuracy", "training examples", Map.of("mlp", curve.curve())), Path.of("curve.png"));
 * }</pre>
 *
 * @param sizes the numbers of training examples, ascending
 * @param scores the scores for each number
 */
public record LearningCurve(int[] sizes, List<Scores> scores) {
    /** Keeps the array without a copy. */
    public LearningCurve {
        scores = List.copyOf(scores);
    }

    /**
     * Runs an evaluation on random parts of a training set and scores it on a whole test set, {@code repeats} times for
     * each number of examples. In each repetition, the smaller parts are parts of the larger ones, and the choice
     * depends on the seed and the number of the repetition alone.
     *
     * @throws IllegalArgumentException if {@code repeats < 1}, the sizes do not ascend from 1 to at most
     *     {@code train.size()}, or a score is NaN
     */
    public static LearningCurve of(
            Dataset train, Dataset test, int repeats, long seed, Evaluation evaluation, int... sizes) {
        Checks.atLeast("learningCurve", "repeats", repeats, 1);
        double[][] scores = new double[sizes.length][repeats];
        for (int t = 0; t < repeats; t++) {
            evaluate(t, train, test, seed, evaluation, sizes, scores);
        }
        return of(sizes, scores);
    }

    /**
     * Runs an evaluation on random parts of the rows that each fold learns from, and scores it on the rows that the
     * fold tests on. In each fold, the smaller parts are parts of the larger ones, and the choice depends on the seed
     * and the number of the fold alone.
     *
     * @throws IllegalArgumentException if there are no folds, the sizes do not ascend from 1 to at most the rows that
     *     each fold learns from, or a score is NaN
     */
    public static LearningCurve of(Dataset data, List<Fold> folds, long seed, Evaluation evaluation, int... sizes) {
        if (folds.isEmpty()) {
            throw new IllegalArgumentException("learningCurve: there are no folds; give at least one");
        }
        double[][] scores = new double[sizes.length][folds.size()];
        for (int t = 0; t < folds.size(); t++) {
            Dataset.Split split = folds.get(t).of(data);
            try (Dataset train = split.rest();
                    Dataset test = split.heldOut()) {
                evaluate(t, train, test, seed, evaluation, sizes, scores);
            }
        }
        return of(sizes, scores);
    }

    private static LearningCurve of(int[] sizes, double[][] scores) {
        return new LearningCurve(
                sizes.clone(), Stream.of(scores).map(Scores::new).toList());
    }

    private static void evaluate(
            int t, Dataset train, Dataset test, long seed, Evaluation evaluation, int[] sizes, double[][] scores) {
        check(sizes, train.size());
        int[] order = new Rng(seed).split("learning curve").split(t).permutation(train.size());
        for (int i = 0; i < sizes.length; i++) {
            try (Dataset some = train.subset(Arrays.copyOf(order, sizes[i]));
                    Dataset held = test.take(0, test.size())) { // which the evaluation may close
                scores[i][t] = evaluation.score(some, held);
            }
            if (Double.isNaN(scores[i][t])) {
                throw new IllegalArgumentException("learningCurve: the score of " + sizes[i]
                        + " examples in evaluation " + t
                        + " is NaN; let the evaluation return a number for each size");
            }
        }
    }

    private static void check(int[] sizes, int most) {
        for (int i = 0; i < Math.max(1, sizes.length); i++) {
            if (sizes.length == 0 || sizes[i] <= (i == 0 ? 0 : sizes[i - 1]) || sizes[i] > most) {
                throw new IllegalArgumentException("learningCurve: the sizes " + Arrays.toString(sizes)
                        + " do not ascend within 1 to " + most + ", which is the number of training examples");
            }
        }
    }

    /** Returns the curve as plots take it: the sizes, and the mean score of each. */
    public double[][] curve() {
        return new double[][] {
            Arrays.stream(sizes).asDoubleStream().toArray(),
            scores.stream().mapToDouble(Scores::mean).toArray()
        };
    }

    /** Returns one line for each size, with its scores. */
    @Override
    public String toString() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < sizes.length; i++) {
            lines.append(String.format("%s%7d  %s", i == 0 ? "" : System.lineSeparator(), sizes[i], scores.get(i)));
        }
        return lines.toString();
    }
}
