package dev.fathom.labs.series;

import dev.fathom.labs.data.Nyse;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.series.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Time-ordered cross-validation on the training days: each fold trains on the days before a cut and forecasts those up
 * to the next cut, so that no model sees the future. All models are scored on the same days.
 *
 * @param cuts the first day that each fold forecasts, and the end of the last fold
 */
record NyseSearch(LabRun run, Series series, List<Integer> cuts) {
    /**
     * A number of lags and of units, and the mean R2 of the folds.
     *
     * @param units 0 for a linear autoregression
     */
    record Choice(int lags, int units, double r2) {}

    /** {@code folds} folds over the second half of the training days. */
    static NyseSearch of(LabRun run, Series series, int folds) {
        int days = Nyse.trainingDays(series);
        return new NyseSearch(
                run,
                series,
                IntStream.rangeClosed(0, folds)
                        .mapToObj(f -> days / 2 + (int) ((long) days * f / (2L * folds)) + (f == folds ? days % 2 : 0))
                        .toList());
    }

    /** The mean R2 of the folds; empty if a fold was interrupted. */
    private Optional<Double> mean(Fold model) {
        double sum = 0;
        for (int f = 0; f + 1 < cuts.size(); f++) {
            Optional<double[]> forecast = model.forecast(cuts.get(f), cuts.get(f + 1), "fold" + (f + 1));
            if (forecast.isEmpty()) {
                return Optional.empty();
            }
            sum += NyseAutoregression.r2(series, cuts.get(f), cuts.get(f + 1), forecast.get());
        }
        return Optional.of(sum / (cuts.size() - 1));
    }

    private interface Fold {
        Optional<double[]> forecast(int from, int to, String part);
    }

    /** Linear autoregressions of 1 to {@code most} lags. */
    List<Choice> lags(int most) {
        return IntStream.rangeClosed(1, most)
                .mapToObj(lags -> new Choice(
                        lags,
                        0,
                        mean((from, to, part) ->
                                        Optional.of(NyseAutoregression.of(lags).forecast(series, from, to)))
                                .orElseThrow()))
                .toList();
    }

    /** Recurrent networks of every number of lags with every number of units; fewer if the run was interrupted. */
    List<Choice> units(List<Integer> lags, List<Integer> units, int epochs) {
        List<Choice> all = new ArrayList<>();
        for (int l : lags) {
            for (int k : units) {
                if (run.interrupt().requested()) {
                    return all;
                }
                NyseNet net = NyseNet.recurrent("RNN", l, k, false, epochs);
                Optional<Double> r2 = mean((from, to, part) -> net.forecast(run, series, from, to, 0, part));
                if (r2.isPresent()) {
                    all.add(new Choice(l, k, r2.get()));
                    run.training().say("RNN of %d lags and %d units: R2 %.4f in cross-validation", l, k, r2.get());
                }
            }
        }
        return all;
    }

    /**
     * The one of several numbers of epochs after which an LSTM has the largest R2; empty if the run was interrupted.
     */
    Optional<Integer> epochs(int lags, int units, List<Integer> epochs) {
        if (epochs.size() == 1) {
            return Optional.of(epochs.get(0));
        }
        double largest = Double.NEGATIVE_INFINITY;
        int best = 0;
        for (int n : epochs) {
            NyseNet net = NyseNet.recurrent("LSTM", lags, units, false, n);
            Optional<Double> r2 =
                    mean((from, to, part) -> net.forecast(run, series, from, to, 0, part + "-epochs" + n));
            if (r2.isEmpty()) {
                return Optional.empty();
            }
            run.training()
                    .say(
                            "LSTM of %d lags and %d units: R2 %.4f in cross-validation after %d epochs",
                            lags, units, r2.get(), n);
            if (r2.get() > largest) {
                largest = r2.get();
                best = n;
            }
        }
        return Optional.of(best);
    }

    /** The choice with the largest R2. */
    static Choice best(List<Choice> choices) {
        return choices.stream().reduce((a, b) -> b.r2() > a.r2() ? b : a).orElseThrow();
    }
}
