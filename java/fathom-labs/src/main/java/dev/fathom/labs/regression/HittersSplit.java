package dev.fathom.labs.regression;

import dev.fathom.labs.data.Hitters;
import dev.fathom.labs.statistics.LeastSquares;
import dev.fathom.labs.statistics.NumpyRandom;
import dev.fathom.labs.statistics.RRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How one edition of the textbook divides the players.
 *
 * @param name of the edition
 * @param train the players to learn from, in the order in which the edition has them
 * @param test the others
 * @param folds those of cross-validation, as rows of train
 */
record HittersSplit(String name, int[] train, int[] test, int[][] folds) {
    private static final int FOLDS = 10;

    /** {@code train_test_split(test_size=1/3, random_state=1)}, then {@code KFold(10, shuffle=True, random_state=1)} of the rest. */
    static HittersSplit python(int players) {
        int[] order = new NumpyRandom(1).permutation(players);
        int held = (players + 2) / 3;
        int[] train = Arrays.copyOfRange(order, held, players);
        return new HittersSplit("Python", train, Arrays.copyOf(order, held), NumpyRandom.folds(train.length, FOLDS, 1));
    }

    /** {@code set.seed(13); sample(1:n, trunc(n / 3))}, then the folds that {@code cv.glmnet} draws next. */
    static HittersSplit r(int players) {
        RRandom random = new RRandom(13);
        int[] drawn = random.sample(players, players / 3);
        int[] train = IntStream.range(0, players)
                .filter(i -> Arrays.stream(drawn).noneMatch(d -> d == i))
                .toArray();
        return new HittersSplit("R", train, drawn, random.folds(train.length, FOLDS));
    }

    Hitters train(Hitters all) {
        return all.players(train);
    }

    Hitters test(Hitters all) {
        return all.players(test);
    }

    /** Least squares on the players to learn from. */
    LeastSquares leastSquares(Hitters all) {
        Hitters learn = train(all);
        return LeastSquares.fit(learn.x(), learn.y());
    }

    /** The mean of the folds' errors, each fold with its number of players or, in scikit-learn's way, all alike: [penalties]. */
    double[] mean(double[][] ofFolds, boolean bySize) {
        double[] mean = new double[ofFolds[0].length];
        double all = bySize ? train.length : ofFolds.length;
        for (int f = 0; f < ofFolds.length; f++) {
            double share = (bySize ? folds[f].length : 1) / all;
            for (int i = 0; i < mean.length; i++) {
                mean[i] += share * ofFolds[f][i];
            }
        }
        return mean;
    }

    /** The mean of |y - forecast|. */
    static double meanAbsoluteError(double[] y, double[] forecast) {
        return IntStream.range(0, y.length)
                .mapToDouble(i -> Math.abs(y[i] - forecast[i]))
                .average()
                .orElseThrow();
    }

    /** The errors of those who know no player: of the mean salary of those to learn from, and of their median. */
    List<Double> floors(Hitters all) {
        double[] known = train(all).y().clone();
        Arrays.sort(known);
        double[] truth = test(all).y();
        int n = known.length;
        double median = (known[(n - 1) / 2] + known[n / 2]) / 2;
        double mean = Arrays.stream(known).average().orElseThrow();
        return List.of(
                meanAbsoluteError(truth, constant(mean, truth.length)),
                meanAbsoluteError(truth, constant(median, truth.length)));
    }

    private static double[] constant(double value, int n) {
        double[] all = new double[n];
        Arrays.fill(all, value);
        return all;
    }
}
