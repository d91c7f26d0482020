package dev.fathom.labs.ensembles;

import dev.fathom.ensemble.Diversity;
import dev.fathom.ensemble.Ensemble;
import dev.fathom.features.Examples;
import dev.fathom.features.Predictor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An ensemble of classifiers with its members.
 *
 * @param name what it is
 * @param whole what it predicts
 * @param members whose predictions it combines
 */
record Team(String name, Predictor whole, List<Predictor> members) {
    Team(String name, Ensemble ensemble) {
        this(name, ensemble, ensemble.members());
    }

    /**
     * How its members differ on some examples, how good they are on average and at best, and how good it is, in
     * percent.
     */
    record Account(Diversity diversity, double mean, double best, double whole) {
        /** By how many points it is better than its mean member. */
        double gain() {
            return whole - mean;
        }
    }

    Account account(Examples data) {
        int[] labels = data.labels();
        int[][] answers = members.stream().map(m -> m.classify(data.x())).toArray(int[][]::new);
        double mean = 0;
        double best = 0;
        for (int[] answer : answers) {
            long right = IntStream.range(0, labels.length)
                    .filter(i -> answer[i] == labels[i])
                    .count();
            double accuracy = 100.0 * right / labels.length;
            mean += accuracy / answers.length;
            best = Math.max(best, accuracy);
        }
        return new Account(Diversity.of(answers, labels), mean, best, 100 * whole.accuracy(data));
    }
}
