package dev.fathom.labs.autocts;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import java.util.List;
import java.util.Optional;
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

    /** The validation error of a candidate after each epoch. */
    private double[] errors(Candidate candidate, long seed) {
        return lab.part(new Tried(candidate.point(), seed, epochs), double[].class, () -> {
            try (Model<SearchedNet> model = Model.of(SearchedNet.of(task, candidate), seed)) {
                return Trainer.custom(model, new Adam(2e-3f), ForecastRun::step)
                        .clipNorm(1)
                        .seed(seed)
                        .fit(
                                train.shuffled(seed).batches(Math.min(BATCH, train.size())),
                                validation.batches(Math.min(4 * BATCH, validation.size())),
                                epochs)
                        .epochs()
                        .stream()
                        .mapToDouble(epoch -> epoch.value("val_loss"))
                        .toArray();
            }
        });
    }

    /** Trains candidates side by side. Those whose training diverges are left out, so that the others go on. */
    List<Measured> trained(String what, List<Candidate> all, long seed) {
        return Workers.all().run(all.size(), i -> trained(line("%s %d", what, i + 1), all.get(i), seed + i)).stream()
                .flatMap(Optional::stream)
                .toList();
    }

    private Optional<Measured> trained(String name, Candidate candidate, long seed) {
        String why;
        try {
            Measured measured = new Measured(candidate, errors(candidate, seed));
            if (Double.isFinite(measured.best())) {
                lab.say("%s: validation error %.4f", name, measured.best());
                return Optional.of(measured);
            }
            why = "its error is " + measured.best();
        } catch (NonFiniteLossException e) {
            why = String.valueOf(e.getMessage());
        }
        lab.say("%s is left out, because it diverged: %s", name, why);
        return Optional.empty();
    }

    /** Trains random candidates. */
    List<Measured> random(int count) {
        Rng rng = lab.rng("candidates");
        List<Candidate> drawn = IntStream.range(0, count)
                .mapToObj(i -> Candidate.of(Candidate.SPACE.draw(rng)))
                .toList();
        List<Measured> measured = trained("random candidate", drawn, lab.seed());
        if (measured.size() < count / 2) {
            throw new IllegalArgumentException("autocts: of " + count + " candidates only " + measured.size()
                    + " have an error that is finite; check the series for values that are not finite");
        }
        return measured;
    }
}
