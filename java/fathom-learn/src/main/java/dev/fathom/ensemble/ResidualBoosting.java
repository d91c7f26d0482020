package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Boosting of residuals (Friedman 2001, algorithm LS_Boost): the first member is the mean of the targets, and each of
 * the others learns what those before it leave over, y - F. Its prediction is added with the factor {@code shrinkage}:
 * F becomes F + shrinkage h. Targets may be numbers, or classes, whose zeros and ones are then learned as numbers; the
 * largest prediction is the class.
 *
 * @param base the learner of every member, a regressor: {@link Stump}, {@link dev.fathom.features.NetLearner#regressor}
 * @param rounds how many members learn residuals
 * @param shrinkage the factor, 0.1 by default
 */
public record ResidualBoosting(Learner base, int rounds, double shrinkage) implements Learner {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there are no rounds, or the shrinkage is not in (0, 1]
     */
    public ResidualBoosting {
        Fitting.atLeastOne("residual boosting", "rounds", rounds);
        if (!(shrinkage > 0 && shrinkage <= 1)) {
            throw new IllegalArgumentException(
                    "residual boosting: shrinkage=" + shrinkage + " must be above 0 and at most 1");
        }
    }

    /** Makes an ensemble with the shrinkage 0.1. */
    public ResidualBoosting(Learner base, int rounds) {
        this(base, rounds, 0.1);
    }

    /**
     * Trains the members: the mean, with the weight 1, and those of the residuals, with the shrinkage as their weight.
     * All of them predict numbers; the sum is a score where the examples have classes.
     *
     * @throws IllegalArgumentException if the base learns classes only
     */
    @Override
    public Ensemble fit(Examples data, long seed) {
        long begin = System.nanoTime();
        float[] mean = mean(data);
        List<Predictor> members = new ArrayList<>();
        members.add(Predictor.of(Prediction.NUMBERS, x -> {
            float[][] all = new float[x.length][];
            Arrays.fill(all, mean);
            return all;
        }));
        double[] seconds = new double[rounds + 1];
        float[][] left = new float[data.size()][];
        for (int i = 0; i < left.length; i++) {
            left[i] = minus(data.y()[i], mean, 1);
        }
        try {
            for (int round = 1; round <= rounds; round++) {
                long start = System.nanoTime();
                Examples rest = data.withY(left);
                Predictor member = Fitting.answering(
                        "residual boosting",
                        rest,
                        base.fit(rest, new Rng(seed).split(round).seed()));
                members.add(member);
                float[][] made = member.predict(data.x());
                float[][] next = new float[left.length][];
                for (int i = 0; i < left.length; i++) {
                    next[i] = minus(left[i], made[i], shrinkage);
                }
                left = next;
                seconds[round] = Fitting.since(start);
            }
        } catch (RuntimeException | Error e) {
            members.forEach(Predictor::close);
            throw e;
        }
        double[] weights = new double[rounds + 1];
        Arrays.fill(weights, shrinkage);
        weights[0] = 1;
        return new Ensemble(
                members,
                weights,
                Combination.SUM,
                Prediction.ofTargets(data),
                new Timing(1, Fitting.since(begin), seconds));
    }

    private static float[] mean(Examples data) {
        double[] sums = new double[data.outputs()];
        double all = 0;
        for (int i = 0; i < data.size(); i++) {
            all += data.weights()[i];
            for (int c = 0; c < sums.length; c++) {
                sums[c] += data.weights()[i] * data.y()[i][c];
            }
        }
        float[] mean = new float[sums.length];
        for (int c = 0; c < mean.length; c++) {
            mean[c] = (float) (sums[c] / all);
        }
        return mean;
    }

    private static float[] minus(float[] a, float[] b, double factor) {
        float[] difference = new float[a.length];
        for (int c = 0; c < a.length; c++) {
            difference[c] = (float) (a[c] - factor * b[c]);
        }
        return difference;
    }
}
