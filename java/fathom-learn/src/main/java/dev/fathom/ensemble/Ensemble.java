package dev.fathom.ensemble;

import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import java.util.Arrays;
import java.util.List;

/**
 * Several predictors as one. All of them predict the same kind of thing; only to a {@link Combination#VOTE}, members of
 * scores and members of probabilities may both come.
 *
 * @param members in the order of their training
 * @param weights of each
 * @param by how their predictions become one
 * @param kind what its predictions are
 * @param timing how long they were trained
 */
public record Ensemble(List<Predictor> members, double[] weights, Combination by, Prediction kind, Timing timing)
        implements Predictor {
    /**
     * Keeps its own list.
     *
     * @throws IllegalArgumentException if there are no members, or they predict different kinds of things, or numbers
     *     are to be voted on
     */
    public Ensemble {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("ensemble: there are no members; give at least one");
        }
        Prediction first = members.get(0).kind();
        for (int m = 0; m < members.size(); m++) {
            Prediction other = members.get(m).kind();
            if (by == Combination.VOTE ? !other.ofClasses() : other != first) {
                throw new IllegalArgumentException("ensemble: member " + m + " gives " + other
                        + (by == Combination.VOTE
                                ? ", on which nobody can vote; combine numbers by MEAN or MEDIAN"
                                : ", and member 0 " + first + "; let all members predict one kind, or classes VOTE"));
            }
        }
    }

    /** Makes an ensemble whose predictions are of the kind that its members and their combination say. */
    public Ensemble(List<Predictor> members, double[] weights, Combination by, Timing timing) {
        this(
                members,
                weights,
                by,
                members.isEmpty() ? Prediction.NUMBERS : by.of(members.get(0).kind()),
                timing);
    }

    @Override
    public float[][] predict(float[][] x) {
        float[][][] all = new float[members.size()][][];
        for (int m = 0; m < all.length; m++) {
            all[m] = members.get(m).predict(x);
        }
        float[][] predictions = new float[x.length][];
        float[][] of = new float[all.length][];
        for (int i = 0; i < x.length; i++) {
            for (int m = 0; m < all.length; m++) {
                of[m] = all[m][i];
                Fitting.alike("ensemble", m, of[m].length, of[0].length);
            }
            predictions[i] = new float[of[0].length];
            by.combine(of, weights, predictions[i]);
        }
        return predictions;
    }

    /**
     * Returns the ensemble of the first {@code count} members, to draw a curve over their number. It shares them, so
     * close only one of the two.
     *
     * @throws IllegalArgumentException unless {@code 1 <= count <= members}
     */
    public Ensemble first(int count) {
        if (count < 1 || count > members.size()) {
            throw new IllegalArgumentException("first: " + count + " of " + members.size()
                    + " members; ask for at least 1 and at most as many as there are");
        }
        return new Ensemble(members.subList(0, count), Arrays.copyOf(weights, count), by, kind, timing);
    }

    /**
     * Returns the classes that each member gives the rows, [members][n], as {@link Diversity} takes them.
     *
     * @throws IllegalArgumentException if the members predict numbers
     */
    public int[][] answers(float[][] x) {
        return members.stream().map(m -> m.classify(x)).toArray(int[][]::new);
    }

    /** Closes the members. */
    @Override
    public void close() {
        members.forEach(Predictor::close);
    }
}
