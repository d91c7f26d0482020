package dev.fathom.labs.autocts;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.search.Result;
import dev.fathom.search.Results;
import dev.fathom.search.Search;
import dev.fathom.search.Trial;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Candidates of the joint space that are trained here, for a few epochs on a part of the windows, several side by side
 * with one thread each.
 *
 * @param task what they forecast
 * @param train the windows that they learn from
 * @param validation the windows that score them
 * @param epochs how long a candidate is trained
 */
record JointSearch(Lab lab, ForecastTask task, Dataset train, Dataset validation, int epochs) {
    private static final int BATCH = 16;

    private record Tried(List<String> point, long seed, int epochs) {}

    /** Every so many-th window. */
    static Dataset every(Dataset windows, int step) {
        return windows.subset(
                IntStream.range(0, windows.size()).filter(i -> i % step == 0).toArray());
    }

    /** The smallest validation error of the candidate of a trial within its budget of epochs. */
    private double error(Trial trial) {
        return lab.part(new Tried(trial.point(), trial.seed(), trial.budget()), Double.class, () -> {
            SearchedNet net = SearchedNet.of(task, Candidate.of(trial.point()));
            try (Model<SearchedNet> model = Model.of(net, trial.seed())) {
                var history = Trainer.custom(model, new Adam(2e-3f), ForecastRun::step)
                        .clipNorm(1)
                        .seed(trial.seed())
                        .keepBest()
                        .fit(
                                train.shuffled(trial.seed()).batches(Math.min(BATCH, train.size())),
                                validation.batches(Math.min(4 * BATCH, validation.size())),
                                trial.budget());
                return Objects.requireNonNull(history.best()).value("val_loss");
            }
        });
    }

    /**
     * The error of a candidate. One whose training diverges gets the worst error there is, so that the others go on.
     */
    double finite(Trial trial) {
        String why;
        try {
            double error = error(trial);
            if (Double.isFinite(error)) {
                lab.say("evolved candidate %d: validation error %.4f", trial.number() + 1, error);
                return error;
            }
            why = "its error is " + error;
        } catch (NonFiniteLossException e) {
            why = String.valueOf(e.getMessage());
        }
        lab.say("evolved candidate %d gets the worst error, because it diverged: %s", trial.number() + 1, why);
        return Double.POSITIVE_INFINITY;
    }

    private Results random(String name, int budget, int count) {
        Results results = Search.minimize(Candidate.SPACE, this::error)
                .seed(lab.seed())
                .budget(budget)
                .random(count);
        lab.check();
        results.writeCsv(lab.folder().resolve(name + ".csv"));
        return results;
    }

    /**
     * Random candidates with their error after one epoch and the smallest one of all epochs. The same seed makes the
     * first epoch of both trainings the same.
     */
    List<Measured> random(int count) {
        List<Result> early = random("candidates-1-epoch", 1, count).all();
        lab.say("%d of %d candidates are trained for an epoch", early.size(), count);
        Results all = random("candidates", epochs, count);
        List<Measured> measured = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Result one = early.get(i);
            Result last = all.all().get(i);
            if (!one.failed() && !last.failed()) {
                measured.add(
                        new Measured(Candidate.of(last.trial().point()), new double[] {one.score(), last.score()}));
            }
        }
        if (measured.size() < count / 2) {
            throw new IllegalArgumentException("autocts: of " + count + " candidates only " + measured.size()
                    + " have an error that is finite, the first failed with \""
                    + all.failed().stream().map(Result::failure).findFirst().orElse("")
                    + "\"; check the series for values that are not finite");
        }
        return measured;
    }

    /**
     * What evolution found.
     *
     * @param predicted the candidates that the comparator takes for the best, the best first
     * @param errors their errors, once they were trained; infinite where the training diverged
     * @param asked how many candidates the comparator was asked about
     */
    record Evolved(List<Candidate> predicted, List<Double> errors, int asked) {
        /** The candidate with the smallest error. */
        Candidate best() {
            return predicted.get(errors.indexOf(Collections.min(errors)));
        }
    }

    /** Evolves candidates that win against a pool by the comparator, and trains the {@code count} that win most. */
    Evolved evolve(ComparatorTraining comparator, List<Measured> pool, int generations, int count) {
        Results bred = Search.minimize(Candidate.SPACE, trial -> {
                    var asked = new Measured(Candidate.of(trial.point()), new double[] {0});
                    return comparator.predicted(List.of(asked), pool)[0];
                })
                .seed(lab.seed())
                .workers(1)
                .genetic(20, generations);
        List<Candidate> predicted = bred.all().stream()
                .sorted(Comparator.comparingDouble(Result::score))
                .map(r -> Candidate.of(r.trial().point()))
                .distinct()
                .limit(count)
                .toList();
        List<Double> errors = new ArrayList<>();
        for (int i = 0; i < predicted.size(); i++) {
            errors.add(finite(new Trial(
                    Candidate.SPACE, i, lab.seed() + i, epochs, predicted.get(i).point())));
        }
        if (errors.stream().allMatch(e -> e.isInfinite())) {
            throw new IllegalArgumentException("autocts: of " + errors.size()
                    + " evolved candidates none has an error that is finite; check the series for values "
                    + "that are not finite");
        }
        return new Evolved(predicted, errors, bred.all().size());
    }
}
