package dev.fathom.features;

import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/**
 * K classes by a learner of two: for each class one of them learns to tell it from the rest (Rifkin and Klautau 2004). The score of a class is half of the
 * difference of the two scores that its learner gives, which is the margin of a {@link LinearSvm} and p - 1/2 for a probability p. Ties go to the class of
 * the smaller number.
 *
 * @param binary the learner of two classes, of which class 0 is the rest
 */
public record OneVsRest(Learner binary) implements Learner {
    /**
     * The learned classes.
     *
     * @param members for each class what tells it from the rest
     */
    public record Members(List<Predictor> members) implements Predictor {
        @Override
        public float[][] predict(float[][] x) {
            float[][] scores = new float[x.length][members.size()];
            for (int k = 0; k < members.size(); k++) {
                float[][] two = members.get(k).predict(x);
                for (int i = 0; i < x.length; i++) {
                    scores[i][k] = (two[i][1] - two[i][0]) / 2;
                }
            }
            return scores;
        }

        @Override
        public void close() {
            members.forEach(Predictor::close);
        }
    }

    /**
     * Learns each class against the rest.
     *
     * @throws IllegalArgumentException if the examples have no labels, or a class has no examples or all of them
     */
    @Override
    public Members fit(Examples data, long seed) {
        int[] labels = data.labels();
        List<Predictor> members = new ArrayList<>();
        try {
            for (int k = 0; k < data.outputs(); k++) {
                float[][] isOrRest = new float[labels.length][2];
                int count = 0;
                for (int i = 0; i < labels.length; i++) {
                    isOrRest[i][labels[i] == k ? 1 : 0] = 1;
                    count += labels[i] == k ? 1 : 0;
                }
                if (count == 0 || count == labels.length) {
                    throw new IllegalArgumentException("one vs rest: " + count + " of " + labels.length
                            + " examples are of class " + k
                            + "; give some of every class, and number the classes without gaps");
                }
                members.add(
                        binary.fit(data.withY(isOrRest), new Rng(seed).split(k).seed()));
            }
        } catch (RuntimeException e) {
            members.forEach(Predictor::close);
            throw e;
        }
        return new Members(List.copyOf(members));
    }
}
