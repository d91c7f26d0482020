package dev.fathom.labs.autocts;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.search.Result;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.search.Trial;
import dev.fathom.train.Workers;
import dev.fathom.validation.Fold;
import dev.fathom.validation.Folds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

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

    /**
     * How often a round of a comparator passes over a short list, in which a network would otherwise meet few others.
     */
    static final int REPEATS = 8;

    /**
     * Ranks each fold by what is learned from the others; empty if the run was interrupted.
     *
     * @param pretrained a comparator of other networks, which stays as it is
     * @param draws how often the networks are divided anew
     * @param early numbers of epochs, whose smallest errors are one more way to predict the last one
     */
    static Optional<HeldOut> of(
            LabRun run,
            List<Measured> networks,
            ComparatorTraining pretrained,
            int folds,
            int draws,
            int rounds,
            int... early) {
        List<Fold> all = Folds.repeated(draws, run.seed(), seed -> Folds.of(networks.size(), folds, seed));
        List<Map<String, Double>> made = Workers.all().run(all.size(), i -> {
            Map<String, Double> one = new LinkedHashMap<>();
            if (!run.interrupt().requested()) {
                List<Measured> train = at(networks, all.get(i).train());
                List<Measured> test = at(networks, all.get(i).test());
                double[] measured = test.stream().mapToDouble(Measured::best).toArray();
                for (int k : early) {
                    one.put(
                            name(k),
                            correlation(
                                    test.stream().mapToDouble(m -> m.best(k)).toArray(), measured));
                }
                long seed = run.seed() + i;
                one.put(ERROR, plain(train, test, measured, false, seed));
                one.put(RANK, plain(train, test, measured, true, seed));
                one.put(ELSEWHERE, correlation(pretrained.predicted(test, test), measured));
                try (ComparatorTraining alone = ComparatorTraining.begin(seed);
                        ComparatorTraining both = pretrained.copy(seed)) {
                    one.put(ALONE, learned(run, alone, train, test, measured, rounds));
                    one.put(BOTH, learned(run, both, train, test, measured, rounds));
                }
            }
            return one;
        });
        if (run.interrupt().requested()) {
            return Optional.empty();
        }
        Map<String, double[]> correlations = new LinkedHashMap<>();
        made.get(0)
                .keySet()
                .forEach(way -> correlations.put(
                        way,
                        made.stream()
                                .mapToDouble(one -> one.getOrDefault(way, 0.0))
                                .toArray()));
        return Optional.of(new HeldOut(correlations));
    }

    /** The name of the way that takes the smallest error of the first epochs. */
    static String name(int early) {
        return "error after " + early + (early == 1 ? " epoch" : " epochs");
    }

    /** The mean over the folds. */
    double mean(String way) {
        return Averages.mean(correlations.getOrDefault(way, new double[0]));
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

    private static double learned(
            LabRun run,
            ComparatorTraining comparator,
            List<Measured> train,
            List<Measured> test,
            double[] measured,
            int rounds) {
        teach(run, comparator, train, rounds);
        return correlation(comparator.predicted(test, test), measured);
    }

    /** Teaches a comparator the pairs of four fifths of some networks, and keeps what is best on the rest. */
    static void teach(LabRun run, ComparatorTraining comparator, List<Measured> networks, int rounds) {
        List<Measured> mixed = new ArrayList<>(networks); // files list them by their hyperparameters
        Collections.shuffle(mixed, new Random(comparator.seed()));
        int held = Math.max(2, mixed.size() / 5);
        comparator.learn(
                mixed.subList(held, mixed.size()),
                mixed.subList(0, held),
                Integer.MAX_VALUE,
                rounds,
                REPEATS,
                trainer -> trainer.callbacks(run.interrupt().stopping()));
    }

    /** The lowest and the highest number of a way. */
    String range(String way) {
        double[] all = correlations.getOrDefault(way, new double[0]);
        return line(
                "%.2f to %.2f",
                Arrays.stream(all).min().orElse(0), Arrays.stream(all).max().orElse(0));
    }
}
