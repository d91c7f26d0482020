package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.search.Result;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.search.Trial;
import dev.fathom.train.Workers;
import dev.fathom.validation.Fold;
import dev.fathom.validation.Folds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How well networks that were not learned from are ranked, in cross-validation: Spearman's correlation of predicted and
 * measured errors in each fold, for each way to predict them.
 *
 * @param correlations by the name of the way, one number for each fold
 */
record HeldOut(Map<String, double[]> correlations) {
    /** Comparator that has learned from other networks alone. */
    static final String ELSEWHERE = "comparator, noisy networks alone";
    /** Comparator that has learned from the networks of the other folds alone. */
    static final String ALONE = "comparator, without noisy networks";
    /** Comparator that has learned from both. */
    static final String BOTH = "comparator, noisy networks first";
    /** Regressor of the error. */
    static final String ERROR = "plain predictor of the error";
    /** Regressor of the rank of the error. */
    static final String RANK = "plain predictor of the rank";

    private record Asked(String networks, int folds, int draws, int rounds) {}

    /**
     * Ranks each fold by what is learned from the others.
     *
     * @param where what the networks are, for a run that goes on
     * @param pretrained a comparator of other networks, which stays as it is
     * @param draws how often the networks are divided anew
     * @param early numbers of epochs, whose smallest errors are one more way to predict the last one
     */
    static HeldOut of(
            Lab lab,
            String where,
            List<Measured> networks,
            ComparatorTraining pretrained,
            int folds,
            int draws,
            int rounds,
            int... early) {
        return lab.part(new Asked(where, folds, draws, rounds), HeldOut.class, () -> {
            List<Fold> all = Folds.repeated(draws, lab.seed(), seed -> Folds.of(networks.size(), folds, seed));
            Map<String, double[]> correlations = new LinkedHashMap<>();
            List<Map<String, Double>> made = Workers.all().run(all.size(), i -> {
                List<Measured> train = at(networks, all.get(i).train());
                List<Measured> test = at(networks, all.get(i).test());
                return ranked(lab, train, test, pretrained, rounds, lab.seed() + i, early);
            });
            for (int i = 0; i < made.size(); i++) {
                int fold = i;
                made.get(i)
                        .forEach((way, r) -> correlations.computeIfAbsent(way, w -> new double[made.size()])[fold] = r);
            }
            return new HeldOut(correlations);
        });
    }

    private static Map<String, Double> ranked(
            Lab lab,
            List<Measured> train,
            List<Measured> test,
            ComparatorTraining pretrained,
            int rounds,
            long seed,
            int... early) {
        double[] measured = test.stream().mapToDouble(Measured::best).toArray();
        Map<String, Double> one = new LinkedHashMap<>();
        for (int k : early) {
            one.put(name(k), correlation(Measured.after(k, test), measured));
        }
        one.put(ERROR, plain(train, test, measured, false, seed));
        one.put(RANK, plain(train, test, measured, true, seed));
        one.put(ELSEWHERE, correlation(pretrained.predicted(test, test), measured));
        try (ComparatorTraining alone = ComparatorTraining.begin(seed);
                ComparatorTraining both = pretrained.copy(seed)) {
            alone.learn(lab, train, rounds);
            one.put(ALONE, correlation(alone.predicted(test, test), measured));
            both.learn(lab, train, rounds);
            one.put(BOTH, correlation(both.predicted(test, test), measured));
        }
        return one;
    }

    /** The name of the way that takes the smallest error of the first epochs. */
    static String name(int early) {
        return "error after " + early + (early == 1 ? " epoch" : " epochs");
    }

    /** The mean over the folds. */
    double mean(String way) {
        return Averages.mean(correlations.getOrDefault(way, new double[0]));
    }

    /** By how much a way ranks each fold better than another one. */
    double[] differences(String way, String other) {
        double[] ones = correlations.getOrDefault(way, new double[0]);
        double[] others = correlations.getOrDefault(other, new double[0]);
        return Averages.each(ones.length, i -> ones[i] - others[i]);
    }

    private static List<Measured> at(List<Measured> networks, int[] places) {
        return Arrays.stream(places).mapToObj(networks::get).toList();
    }

    /** Spearman's correlation; 0 where all predictions are alike, which rank nothing. */
    private static double correlation(double[] predicted, double[] measured) {
        double r = ScoreRegressor.rankCorrelation(predicted, measured);
        return Double.isNaN(r) ? 0 : r;
    }

    private static double plain(
            List<Measured> train, List<Measured> test, double[] measured, boolean ranks, long seed) {
        List<Result> results = new ArrayList<>();
        for (int i = 0; i < train.size(); i++) {
            Measured network = train.get(i);
            double below = train.stream().filter(m -> m.best() < network.best()).count();
            Trial trial =
                    new Trial(Candidate.SPACE, i, seed, 1, network.candidate().point());
            results.add(new Result(trial, ranks ? below : network.best(), ""));
        }
        try (ScoreRegressor regressor =
                ScoreRegressor.fit(Candidate.SPACE, results, ScoreRegressor.network(Candidate.SPACE), seed)) {
            return correlation(
                    regressor.predict(
                            test.stream().map(m -> m.candidate().point()).toList()),
                    measured);
        }
    }

    /** Puts the correlations of all ways, and which of them is best. */
    void table(Lab lab) {
        Table table = lab.table("ways", "order by");
        correlations
                .keySet()
                .forEach(way -> table.row(way)
                        .cell("mean of the folds", "%.3f", mean(way))
                        .cell("range of the folds", range(way)));
        String best = Collections.max(correlations.keySet(), Comparator.comparingDouble(this::mean));
        double gain = mean(BOTH) - mean(ALONE);
        lab.put("best", best)
                .put("best correlation", mean(best))
                .put("change", gain > 0 ? "raises" : "lowers")
                .put("gain", Math.abs(gain));
    }

    /** The lowest and the highest number of a way. */
    String range(String way) {
        double[] all = correlations.getOrDefault(way, new double[0]);
        return line(
                "%.2f to %.2f",
                Arrays.stream(all).min().orElse(0), Arrays.stream(all).max().orElse(0));
    }
}
