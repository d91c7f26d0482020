package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/**
 * AdaBoost of K classes in the form SAMME (Freund and Schapire 1997; Zhu, Zou, Rosset and Hastie 2009): members are
 * trained one after the other, and examples that one gets wrong weigh more for the next. Of the weighted share e of
 * wrong answers a member gets the weight a = rate (ln((1 - e) / e) + ln(K - 1)), and the weights of the examples that
 * it got wrong are multiplied by exp(a). The score of a class is the share of the weights of the members that choose
 * it.
 *
 * <p>A member without a wrong answer is the last and has the weight 1, and one that is no better than chance, e &gt;= 1
 * - 1/K, ends the training and is left out, as in scikit-learn. Members must learn of weights: {@link Stump} and the
 * heads do, and {@link dev.fathom.features.NetLearner} draws examples in proportion to them.
 *
 * @param base the learner of every member
 * @param rounds the most members
 * @param rate the factor of a, 1 by default
 */
public record AdaBoost(Learner base, int rounds, double rate) implements Learner {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there are no rounds, or the rate is not above 0 and finite
     */
    public AdaBoost {
        Fitting.atLeastOne("adaboost", "rounds", rounds);
        if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("adaboost: rate=" + rate + " must be above 0 and finite, e.g. 1");
        }
    }

    /** Makes an ensemble with the rate 1. */
    public AdaBoost(Learner base, int rounds) {
        this(base, rounds, 1);
    }

    /**
     * Trains the members, whose weights are {@link Ensemble#weights}.
     *
     * @throws IllegalArgumentException if the examples have no labels or only one class, or the first member is no
     *     better than chance
     */
    @Override
    public Ensemble fit(Examples data, long seed) {
        int[] labels = data.labels();
        int classes = data.outputs();
        if (classes < 2) {
            throw new IllegalArgumentException("adaboost: there is one class; give examples of at least two classes");
        }
        long begin = System.nanoTime();
        double[] weights = normalized(data.weights());
        List<Predictor> members = new ArrayList<>();
        List<Double> alphas = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        try {
            for (int round = 0; round < rounds; round++) {
                long start = System.nanoTime();
                Predictor member = Fitting.answering(
                        "adaboost",
                        data,
                        base.fit(
                                data.weighted(weights),
                                new Rng(seed).split(round).seed()));
                members.add(member);
                int[] answers = member.classify(data.x());
                double wrong = 0;
                for (int i = 0; i < labels.length; i++) {
                    wrong += answers[i] == labels[i] ? 0 : weights[i] / labels.length;
                }
                seconds.add(Fitting.since(start));
                if (wrong >= 1 - 1.0 / classes) {
                    if (round == 0) {
                        throw new IllegalArgumentException("adaboost: the first member is wrong on " + wrong
                                + " of the weights, and chance on " + (1 - 1.0 / classes)
                                + "; give a base that learns these examples better");
                    }
                    members.remove(round).close();
                    break;
                }
                double alpha = wrong <= 0 ? 1 : rate * (Math.log((1 - wrong) / wrong) + Math.log(classes - 1));
                alphas.add(alpha);
                if (wrong <= 0) {
                    break;
                }
                double[] next = weights.clone(); // the member may still hold those it learned of
                for (int i = 0; i < labels.length; i++) {
                    next[i] *= answers[i] == labels[i] ? 1 : Math.exp(alpha);
                }
                weights = normalized(next);
            }
        } catch (RuntimeException | Error e) {
            members.forEach(Predictor::close);
            throw e;
        }
        return new Ensemble(
                members, array(alphas), Combination.VOTE, new Timing(1, Fitting.since(begin), array(seconds)));
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(v -> v).toArray();
    }

    /** With the mean 1. */
    private static double[] normalized(double[] weights) {
        double sum = 0;
        for (double w : weights) {
            sum += w;
        }
        double[] scaled = new double[weights.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = weights[i] / sum * weights.length;
        }
        return scaled;
    }
}
