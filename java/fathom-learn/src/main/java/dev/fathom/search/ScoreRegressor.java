package dev.fathom.search;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Predicts the score of a network from its description, the point of the {@link Space} that it was made of: a regressor
 * that learned of trials, of which a few hundred are usual. A prediction costs microseconds where a training costs
 * minutes.
 *
 * <pre>{@code
 * try (ScoreRegressor regressor = ScoreRegressor.fit(
 *         space, found.all().subList(0, 300), ScoreRegressor.network(space), 1)) {
 *   double quality = regressor.rankCorrelation(found.all().subList(300, 400));   // on trials that it has not seen
 * }
 * }</pre>
 *
 * @param space of the points
 * @param predictor of scores about their mean, in deviations
 * @param mean of the scores that were learned
 * @param deviation of the scores that were learned
 */
public record ScoreRegressor(Space space, Predictor predictor, double mean, double deviation) implements AutoCloseable {
    private static final int UNITS = 32;

    /**
     * Checks what is predicted.
     *
     * @throws IllegalArgumentException if the predictor gives classes
     */
    public ScoreRegressor {
        if (predictor.kind() != Prediction.NUMBERS) {
            throw new IllegalArgumentException("score regressor: the learner gives " + predictor.kind()
                    + ", but a score is a number; give a learner of numbers");
        }
    }

    /**
     * Returns a network for {@link #fit}: two hidden layers of 32 units, trained by Adam for 200 epochs of batches of
     * 16.
     */
    public static Learner network(Space space) {
        int inputs = space.encode(space.draw(new Rng(0))).length;
        return NetLearner.regressor(
                () -> new Sequential(
                        new Linear(inputs, UNITS),
                        Tensor::tanh,
                        new Linear(UNITS, UNITS),
                        Tensor::tanh,
                        new Linear(UNITS, 1)),
                new Adam(3e-3f),
                16,
                200);
    }

    /**
     * Learns of the trials that did not fail. Where they differ in budget, give those of one budget.
     *
     * @throws IllegalArgumentException if there are fewer than two of them, or a trial is of another space
     */
    public static ScoreRegressor fit(Space space, List<Result> trials, Learner learner, long seed) {
        List<Result> sound = sound(trials, 2);
        double[] scores = sound.stream().mapToDouble(Result::score).toArray();
        double mean = Arrays.stream(scores).average().orElse(0);
        double variance =
                Arrays.stream(scores).map(s -> (s - mean) * (s - mean)).sum() / scores.length;
        double deviation = variance > 0 ? Math.sqrt(variance) : 1;
        float[][] y = new float[scores.length][];
        for (int i = 0; i < y.length; i++) {
            y[i] = new float[] {(float) ((scores[i] - mean) / deviation)};
        }
        float[][] x = codes(space, sound.stream().map(r -> r.trial().point()).toList());
        return new ScoreRegressor(space, learner.fit(Examples.of(x, y), seed), mean, deviation);
    }

    private static List<Result> sound(List<Result> trials, int least) {
        List<Result> sound = trials.stream().filter(r -> !r.failed()).toList();
        if (sound.size() < least) {
            throw new IllegalArgumentException("score regressor: " + sound.size() + " of " + trials.size()
                    + " trials have a score; give at least " + least);
        }
        return sound;
    }

    private static float[][] codes(Space space, List<List<String>> points) {
        return points.stream().map(space::encode).toArray(float[][]::new);
    }

    /**
     * Returns the predicted scores of points.
     *
     * @throws IllegalArgumentException if one is no point of the space
     */
    public double[] predict(List<List<String>> points) {
        float[][] made = predictor.predict(codes(space, points));
        return Arrays.stream(made).mapToDouble(y -> mean + deviation * y[0]).toArray();
    }

    /**
     * Returns Spearman's rank correlation of predicted and measured scores: 1 if it ranks these trials as their
     * trainings did, 0 if it knows nothing of them; NaN if all have one score, or are predicted to have. Equal scores
     * share the mean of their ranks.
     *
     * @throws IllegalArgumentException if fewer than two of the trials have a score
     */
    public double rankCorrelation(List<Result> trials) {
        List<Result> sound = sound(trials, 2);
        return rankCorrelation(
                predict(sound.stream().map(r -> r.trial().point()).toList()),
                sound.stream().mapToDouble(Result::score).toArray());
    }

    /**
     * Returns Spearman's rank correlation of two lists of numbers, the correlation of their ranks; NaN if one of them
     * is constant. Equal numbers share the mean of their ranks.
     *
     * @throws IllegalArgumentException if the lists differ in length, or have fewer than two numbers
     */
    public static double rankCorrelation(double[] first, double[] second) {
        if (first.length != second.length || first.length < 2) {
            throw new IllegalArgumentException("rankCorrelation: " + first.length + " and " + second.length
                    + " numbers; give two lists of one length, of two numbers or more");
        }
        double[] a = ranks(first);
        double[] b = ranks(second);
        double middle = (a.length - 1) / 2.0;
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (a[i] - middle) * (b[i] - middle);
            aa += (a[i] - middle) * (a[i] - middle);
            bb += (b[i] - middle) * (b[i] - middle);
        }
        return ab / Math.sqrt(aa * bb);
    }

    /** From 0. */
    private static double[] ranks(double[] values) {
        double[] ranks = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            for (double other : values) {
                ranks[i] += other < values[i] ? 1 : other == values[i] ? 0.5 : 0;
            }
            ranks[i] -= 0.5;
        }
        return ranks;
    }

    /** Closes the predictor. */
    @Override
    public void close() {
        predictor.close();
    }
}
