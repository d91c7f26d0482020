package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * A decision stump, the usual weak learner of boosting: a tree with a single question, whether a feature is at most a
 * threshold, and the weighted mean of the targets on either side (Iba and Langley 1992). It makes the weighted squared
 * error as small as one question can, which for classes is the Gini impurity (Breiman et al. 1984); scikit-learn's
 * trees with {@code max_depth=1}. The threshold lies in the middle between two values; of equally good questions the
 * first feature and the smallest threshold is taken.
 */
public record Stump() implements Learner {
    /**
     * A question and its two answers.
     *
     * @param columns how many features the examples had
     * @param column the feature that is asked for
     * @param threshold a value of at most this gets {@code atMost}; infinite if no question tells examples apart
     * @param atMost the weighted mean of the targets on this side
     * @param above the weighted mean of the targets on the other side
     * @param kind probabilities for classes, whose means are shares, and numbers otherwise
     */
    public record Question(int columns, int column, double threshold, float[] atMost, float[] above, Prediction kind)
            implements Predictor {
        @Override
        public float[][] predict(float[][] x) {
            float[][] predictions = new float[x.length][];
            for (int i = 0; i < x.length; i++) {
                if (x[i].length != columns) {
                    throw new IllegalArgumentException("stump: row " + i + " has " + x[i].length + " numbers and "
                            + columns + " were fitted; give rows of the same features");
                }
                predictions[i] = (x[i][column] <= threshold ? atMost : above).clone();
            }
            return predictions;
        }
    }

    @Override
    public Question fit(Examples data, long seed) {
        int outputs = data.outputs();
        double[] all = new double[outputs];
        double weight = 0;
        for (int i = 0; i < data.size(); i++) {
            weight += data.weights()[i];
            add(data, i, all);
        }
        double best = squares(all, weight);
        Prediction kind = data.areClasses() ? Prediction.PROBABILITIES : Prediction.NUMBERS;
        Question question =
                new Question(data.columns(), 0, Double.POSITIVE_INFINITY, mean(all, weight), mean(all, weight), kind);
        double least = best * 1e-12; // what rounding could gain
        for (int column = 0; column < data.columns(); column++) {
            int c = column;
            float[][] x = data.x();
            int[] order = IntStream.range(0, data.size())
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> x[i][c]))
                    .mapToInt(i -> i)
                    .toArray();
            double[] below = new double[outputs];
            double[] rest = new double[outputs];
            double belowWeight = 0;
            for (int at = 0; at + 1 < order.length; at++) {
                int i = order[at];
                belowWeight += data.weights()[i];
                add(data, i, below);
                float here = x[i][c];
                float next = x[order[at + 1]][c];
                double restWeight = weight - belowWeight;
                if (here == next || belowWeight == 0 || !(restWeight > 1e-12 * weight)) {
                    continue;
                }
                for (int k = 0; k < outputs; k++) {
                    rest[k] = all[k] - below[k];
                }
                double gained = squares(below, belowWeight) + squares(rest, restWeight);
                if (gained > best + least) {
                    best = gained;
                    question = new Question(
                            data.columns(),
                            c,
                            ((double) here + next) / 2,
                            mean(below, belowWeight),
                            mean(rest, restWeight),
                            kind);
                }
            }
        }
        return question;
    }

    private static void add(Examples data, int i, double[] to) {
        for (int k = 0; k < to.length; k++) {
            to[k] += data.weights()[i] * data.y()[i][k];
        }
    }

    /** How much less the squared error is by this mean than by 0. */
    private static double squares(double[] sums, double weight) {
        return Arrays.stream(sums).map(s -> s * s).sum() / weight;
    }

    private static float[] mean(double[] sums, double weight) {
        float[] mean = new float[sums.length];
        for (int k = 0; k < mean.length; k++) {
            mean[k] = (float) (sums[k] / weight);
        }
        return mean;
    }
}
