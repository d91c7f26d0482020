package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import java.util.Arrays;
import java.util.List;

/**
 * Bagging (Breiman 1996): each member learns of its own random examples, and their predictions are averaged, which
 * keeps the bias of one and lowers the variance. A member whose examples lack a class still gives it a score, the
 * lowest, and one whose examples are all of one class is sure of it, so that all members speak of the classes of the
 * whole. Members are trained side by side, each on one thread, and do not depend on the number of workers.
 *
 * <pre>{@code
 * try (Ensemble ten = new Bagging(net, 10).fit(training, 1)) {
 *   double accuracy = ten.accuracy(test);
 *   Diversity diversity = Diversity.of(ten.answers(test.x()), test.labels());
 * }
 * }</pre>
 *
 * @param base the learner of every member
 * @param members how many
 * @param share of the examples that a member learns of, 1 by default: as many draws as there are examples
 * @param replacement whether an example may be drawn more than once, as it may by default (a bootstrap sample). Without
 *     it and with the share 1 all members learn of all examples, and differ only by their seeds
 * @param by how predictions become one: their mean by default
 * @param workers how many members are trained at once
 */
public record Bagging(Learner base, int members, double share, boolean replacement, Combination by, Workers workers)
        implements Learner {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there are no members, or the share is not in (0, 1]
     */
    public Bagging {
        Fitting.atLeastOne("bagging", "members", members);
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("bagging: share=" + share + " must be above 0 and at most 1");
        }
    }

    /** Makes an ensemble of bootstrap samples whose predictions are averaged. */
    public Bagging(Learner base, int members) {
        this(base, members, 1, true, Combination.MEAN, Workers.all());
    }

    /** Returns this ensemble with members that learn of a share of the examples, drawn without replacement. */
    public Bagging withoutReplacement(double part) {
        return new Bagging(base, members, part, false, by, workers);
    }

    /** Returns this ensemble with another way to combine predictions. */
    public Bagging by(Combination way) {
        return new Bagging(base, members, share, replacement, way, workers);
    }

    /** Returns this ensemble with members trained by so many workers. */
    public Bagging workers(int count) {
        return new Bagging(base, members, share, replacement, by, new Workers(count));
    }

    /**
     * Trains the members.
     *
     * @throws IllegalArgumentException if the targets are numbers and are to be voted on, or a member does not learn
     *     the task of the examples
     */
    @Override
    public Ensemble fit(Examples data, long seed) {
        if (by == Combination.VOTE && !data.areClasses()) {
            throw new IllegalArgumentException("bagging: the targets of these examples are numbers, on which nobody can"
                    + " vote; combine by MEAN or MEDIAN, or give labels");
        }
        int drawn = (int) Math.max(1, Math.round(share * data.size()));
        Fitting fitted = Fitting.of(workers, members, m -> {
            Rng rng = new Rng(seed).split(m);
            long own = rng.split("fit").seed();
            if (!replacement) {
                return Fitting.member(
                        "bagging",
                        base,
                        data,
                        drawn == data.size() ? data : data.subset(Arrays.copyOf(rng.permutation(data.size()), drawn)),
                        own);
            }
            return Fitting.member("bagging", base, data, data.subset(rng.ints(drawn, data.size())), own);
        });
        double[] weights = new double[members];
        Arrays.fill(weights, 1);
        List<Predictor> learned = fitted.ofOneKind();
        try {
            return new Ensemble(learned, weights, by, fitted.timing());
        } catch (IllegalArgumentException e) {
            learned.forEach(Predictor::close);
            throw e;
        }
    }
}
