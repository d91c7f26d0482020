package dev.fathom.experiments.data;

import dev.fathom.assess.Regression;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.NumpyRandom;
import dev.fathom.experiments.statistics.RRandom;
import dev.fathom.linear.Lasso;
import dev.fathom.linear.LeastSquares;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How one edition of the textbook splits the players.
 *
 * @param name of the edition
 * @param training the numbers of the training players, in the order of the edition
 * @param test the numbers of the test players
 * @param folds the folds of cross-validation, as places in {@code training}
 */
public record HittersSplit(String name, int[] training, int[] test, int[][] folds) {
    private static final int FOLDS = 10;

    /**
     * {@code train_test_split(test_size=1/3, random_state=1)}, then {@code KFold(10, shuffle=True, random_state=1)} of
     * the training players.
     */
    public static HittersSplit python(int players) {
        int[] order = new NumpyRandom(1).permutation(players);
        int held = (players + 2) / 3;
        int[] train = Arrays.copyOfRange(order, held, players);
        return new HittersSplit("Python", train, Arrays.copyOf(order, held), NumpyRandom.folds(train.length, FOLDS, 1));
    }

    /** {@code set.seed(13); sample(1:n, trunc(n / 3))}, then the folds that {@code cv.glmnet} draws next. */
    public static HittersSplit r(int players) {
        RRandom random = new RRandom(13);
        int[] drawn = random.sample(players, players / 3);
        int[] train = IntStream.range(0, players)
                .filter(i -> Arrays.stream(drawn).noneMatch(d -> d == i))
                .toArray();
        return new HittersSplit("R", train, drawn, random.folds(train.length, FOLDS));
    }

    /** The training players. */
    public Hitters training(Hitters all) {
        return all.players(training);
    }

    /** The test players. */
    public Hitters test(Hitters all) {
        return all.players(test);
    }

    /** The mean absolute error on the test of least squares on the training players. */
    public double leastSquaresError(Hitters all) {
        Hitters training = training(all);
        Hitters test = test(all);
        double[] said = LeastSquares.fit(training.x(), training.y()).predict(test.x());
        return Regression.of(test.y(), said).mae();
    }

    /**
     * The mean absolute error of each penalty on each fold, [folds][penalties], by a lasso path of the training players
     * outside of the fold, whose columns are standardized anew.
     */
    public double[][] errors(Hitters training, double... penalties) {
        return Arrays.stream(folds)
                .map(fold -> {
                    Hitters held = training.players(fold);
                    Hitters others = training.players(IntStream.range(0, training.size())
                            .filter(i -> Arrays.stream(fold).noneMatch(h -> h == i))
                            .toArray());
                    return Lasso.path(others.x(), others.y(), penalties).stream()
                            .mapToDouble(fit -> error(fit, held))
                            .toArray();
                })
                .toArray(double[][]::new);
    }

    /** The mean absolute error of a fit. */
    public static double error(Lasso fit, Hitters held) {
        double[] said = Arrays.stream(held.x()).mapToDouble(fit::predict).toArray();
        return Regression.of(held.y(), said).mae();
    }

    /**
     * The mean of the folds' errors, [penalties]: folds are weighted by their number of players, as in glmnet, or
     * equally, as in scikit-learn.
     */
    public double[] mean(double[][] errors, boolean bySize) {
        double[] mean = new double[errors[0].length];
        double all = bySize ? training.length : errors.length;
        for (int f = 0; f < errors.length; f++) {
            double share = (bySize ? folds[f].length : 1) / all;
            for (int i = 0; i < mean.length; i++) {
                mean[i] += share * errors[f][i];
            }
        }
        return mean;
    }

    /** The mean absolute error of one number for all. */
    public static double error(double constant, double... truth) {
        return Averages.mean(
                Arrays.stream(truth).map(y -> Math.abs(y - constant)).toArray());
    }
}
