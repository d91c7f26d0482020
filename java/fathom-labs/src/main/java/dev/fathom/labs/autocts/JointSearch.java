package dev.fathom.labs.autocts;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.searches.KeptSearch;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.search.Result;
import dev.fathom.search.Results;
import dev.fathom.search.Search;
import dev.fathom.search.Trial;
import dev.fathom.train.EpochLog;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Candidates of the joint space that are trained here, for a few epochs on a part of the windows, several side by side
 * with one thread each.
 *
 * @param run how it is run
 * @param task what they forecast
 * @param train the windows that they learn from
 * @param validation the windows that score them
 * @param epochs how long a candidate is trained
 */
record JointSearch(LabRun run, ForecastTask task, Dataset train, Dataset validation, int epochs) {
    private static final int BATCH = 16;

    /** The smallest validation error of the candidate of a trial within its budget of epochs. */
    private double error(Trial trial) {
        SearchedNet net = SearchedNet.of(task, Candidate.of(trial.point()));
        try (Model<SearchedNet> model = Model.of(net, trial.seed())) {
            EpochLog best = Trainer.custom(model, new Adam(2e-3f), ForecastRun::step)
                    .clipNorm(1)
                    .seed(trial.seed())
                    .keepBest()
                    .fit(
                            train.shuffled(trial.seed()).batches(Math.min(BATCH, train.size())),
                            validation.batches(Math.min(4 * BATCH, validation.size())),
                            trial.budget())
                    .best();
            return best == null ? Double.NaN : best.value("val_loss");
        }
    }

    /**
     * The error of a candidate. One whose training diverges gets the worst error there is, so that the others go on.
     */
    double finite(Trial trial) {
        String why;
        try {
            double error = error(trial);
            if (Double.isFinite(error)) {
                run.training().say("evolved candidate %d: validation error %.4f", trial.number() + 1, error);
                return error;
            }
            why = "its error is " + error;
        } catch (NonFiniteLossException e) {
            why = String.valueOf(e.getMessage());
        }
        run.training()
                .say("evolved candidate %d gets the worst error, because it diverged: %s", trial.number() + 1, why);
        return Double.POSITIVE_INFINITY;
    }

    private Search search(String name, int budget) {
        return KeptSearch.of(
                        run,
                        Search::minimize,
                        Candidate.SPACE,
                        this::error,
                        run.folder().resolve(name + ".csv"))
                .seed(run.seed())
                .budget(budget);
    }

    /**
     * Random candidates with their error after one epoch and the smallest one of all epochs; empty if the run was
     * interrupted. The same seed makes the first epoch of both trainings the same.
     */
    Optional<List<Measured>> random(int count) {
        Results early = search("candidates-1-epoch", 1).random(count);
        run.training()
                .say("%d of %d candidates are trained for an epoch", early.all().size(), count);
        Results all = early.complete() ? search("candidates", epochs).random(count) : early;
        if (!all.complete() || run.interrupt().requested()) {
            return Optional.empty();
        }
        List<Measured> measured = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Result one = early.all().get(i);
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
        return Optional.of(measured);
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
            int at = 0;
            for (int i = 1; i < errors.size(); i++) {
                at = errors.get(i) < errors.get(at) ? i : at;
            }
            return predicted.get(at);
        }
    }

    /**
     * Evolves candidates that win against a pool by the comparator, and trains the few that win most; empty if the run
     * was interrupted.
     *
     * @param count how many are trained
     */
    Optional<Evolved> evolve(ComparatorTraining comparator, List<Measured> pool, int generations, int count) {
        Results bred = Search.minimize(
                        Candidate.SPACE,
                        trial -> comparator
                                .predicted(List.of(new Measured(Candidate.of(trial.point()), new double[] {0})), pool)[
                                0])
                .seed(run.seed())
                .workers(1)
                .genetic(20, generations);
        Set<Candidate> winners = new LinkedHashSet<>();
        bred.all().stream()
                .sorted(Comparator.comparingDouble(Result::score))
                .map(r -> Candidate.of(r.trial().point()))
                .takeWhile(c -> winners.size() < count)
                .forEach(winners::add);
        List<Candidate> predicted = List.copyOf(winners);
        List<Double> errors = new ArrayList<>();
        for (int i = 0; i < predicted.size(); i++) {
            if (run.interrupt().requested()) {
                return Optional.empty();
            }
            Trial trial = new Trial(
                    Candidate.SPACE, i, run.seed() + i, epochs, predicted.get(i).point());
            errors.add(finite(trial));
        }
        if (errors.stream().allMatch(e -> e.isInfinite())) {
            throw new IllegalArgumentException("autocts: of " + errors.size()
                    + " evolved candidates none has an error that is finite; check the series for values "
                    + "that are not finite");
        }
        return Optional.of(new Evolved(predicted, errors, bred.all().size()));
    }
}
