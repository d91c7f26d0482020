package dev.fathom.features;

import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * K classes by a learner of two: for each class one of them learns to tell it from the rest (Rifkin and Klautau 2004).
 * The score of a class is half of the difference of the two scores that its learner gives, which is the margin of a
 * {@link LinearSvm} and p - 1/2 for a probability p. A class without examples has no learner: its score is -1/2, that
 * of the probability 0, or the smallest score of the row if that is less. Ties go to the class of the smaller number.
 *
 * @param binary the learner of two classes, of which class 0 is the rest
 */
public record OneVsRest(Learner binary) implements Learner {
    /**
     * The learned classes.
     *
     * @param classes how many there are
     * @param known the classes with examples, ascending
     * @param members for each known class what tells it from the rest
     */
    public record Members(int classes, int[] known, List<Predictor> members) implements Predictor {
        @Override
        public Prediction kind() {
            return Prediction.SCORES;
        }

        @Override
        public float[][] predict(float[][] x) {
            float[][] scores = new float[x.length][classes];
            float[] least = new float[x.length];
            Arrays.fill(least, -0.5f);
            for (int m = 0; m < known.length; m++) {
                float[][] two = members.get(m).predict(x);
                for (int i = 0; i < x.length; i++) {
                    scores[i][known[m]] = (two[i][1] - two[i][0]) / 2;
                    least[i] = Math.min(least[i], scores[i][known[m]]);
                }
            }
            for (int k = 0; k < classes; k++) {
                for (int i = 0; i < x.length && Arrays.binarySearch(known, k) < 0; i++) {
                    scores[i][k] = least[i];
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
     * Learns each class that has examples against the rest.
     *
     * @throws IllegalArgumentException if the examples have no labels, or all are of one class
     */
    @Override
    public Members fit(Examples data, long seed) {
        int[] labels = data.classes("one vs rest");
        int[] known = IntStream.range(0, labels.length)
                .filter(i -> data.weights()[i] > 0)
                .map(i -> labels[i])
                .sorted()
                .distinct()
                .toArray();
        List<Predictor> members = new ArrayList<>();
        try {
            for (int k : known) {
                int[] isOrRest = Arrays.stream(labels).map(l -> l == k ? 1 : 0).toArray();
                Predictor member = binary.fit(
                        data.withLabels(2, isOrRest), new Rng(seed).split(k).seed());
                members.add(member);
                if (!member.kind().ofClasses()) {
                    throw new IllegalArgumentException("one vs rest: its learner gives numbers to examples of two"
                            + " classes; give a learner of classes");
                }
            }
        } catch (RuntimeException | Error e) {
            members.forEach(Predictor::close);
            throw e;
        }
        return new Members(data.outputs(), known, List.copyOf(members));
    }
}
