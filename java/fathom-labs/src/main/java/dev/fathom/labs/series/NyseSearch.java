package dev.fathom.labs.series;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Nyse;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.series.Series;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Time-ordered cross-validation on the training days, which chooses lags, units and epochs. */
final class NyseSearch {
    private static final int FOLDS = 4;

    private NyseSearch() {}

    /** Forecasts the days {@code from} to {@code to} - 1 after training on the days before. */
    private interface Forecaster {
        double[] forecast(int from, int to);
    }

    /** The textbook does not give the number of epochs of the LSTM, so that cross-validation chooses it. */
    static int lstmEpochs(Lab lab, Series series, int many) {
        if (!lab.run().whole()) {
            return many;
        }
        Map<Integer, Double> r2 = new LinkedHashMap<>();
        for (int epochs : new int[] {15, 25, 50, 100, 200}) {
            NyseNet net = new NyseNet("LSTM", NyseLab.LAGS, NyseLab.UNITS, false, epochs);
            double mean = folded(series, FOLDS, (from, to) -> net.forecast(lab, series, from, to, 0));
            lab.say("LSTM: R2 %.4f in cross-validation after %d epochs", mean, epochs);
            r2.put(epochs, mean);
        }
        return Collections.max(r2.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    /** A number of lags and of units, which are 0 for a linear autoregression, and the mean R2 of the folds. */
    private record Choice(int lags, int units, double r2) {}

    /**
     * The first day that each of some folds forecasts, over the second half of the training days, and the end of the
     * last fold.
     */
    static int[] cuts(Series series, int folds) {
        int days = Nyse.trainingDays(series);
        return IntStream.rangeClosed(0, folds)
                .map(f -> days / 2 + (int) ((long) days * f / (2L * folds)) + (f == folds ? days % 2 : 0))
                .toArray();
    }

    /** The mean R2 of folds, each of which is forecast after training on all days before it. */
    private static double folded(Series series, int folds, Forecaster model) {
        int[] cuts = cuts(series, folds);
        return Averages.mean(
                folds, f -> NyseAutoregression.r2(series, cuts[f], cuts[f + 1], model.forecast(cuts[f], cuts[f + 1])));
    }

    /** Chooses the lags and the units, and scores those that are chosen on the test. */
    static void search(Lab lab, Series s, int first) {
        int folds = lab.of(FOLDS, 2);
        int epochs = lab.epochs(100, 4);
        lab.section("Choosing the lags L and the units K by time-ordered cross-validation")
                .put("folds", folds)
                .put("epochs", epochs);
        Table table = lab.table("choices", "model");
        Choice best = new Choice(0, 0, Double.NEGATIVE_INFINITY);
        double[][] curve = new double[2][lab.of(15, 8)];
        for (int i = 0; i < curve[0].length; i++) {
            NyseAutoregression ar = NyseAutoregression.of(i + 1);
            curve[0][i] = i + 1;
            curve[1][i] = folded(s, folds, (from, to) -> ar.forecast(s, from, to));
            best = chosen(best, new Choice(i + 1, 0, curve[1][i]), table);
        }
        lab.curves("lags.png", "R2", "lags L", Map.of("AR(L), cross-validation", curve));
        double five = NyseLab.r2(s, first, NyseAutoregression.of(NyseLab.LAGS).forecast(s, first, s.length()));
        double ar = NyseLab.r2(s, first, NyseAutoregression.of(best.lags).forecast(s, first, s.length()));
        lab.figure("AR, chosen lags", "", best.lags)
                .figure("AR of the chosen lags, test R2", "", ar)
                .baseline(five, "AR(5)");
        best = new Choice(0, 0, Double.NEGATIVE_INFINITY);
        for (int lags : lab.of(List.of(3, NyseLab.LAGS, 10), List.of(NyseLab.LAGS))) {
            for (int units : lab.of(List.of(4, NyseLab.UNITS, 24), List.of(4, NyseLab.UNITS))) {
                NyseNet net = new NyseNet("RNN", lags, units, false, epochs);
                double r2 = folded(s, folds, (from, to) -> net.forecast(lab, s, from, to, 0));
                lab.say("RNN of %d lags and %d units: R2 %.4f in cross-validation", lags, units, r2);
                best = chosen(best, new Choice(lags, units, r2), table);
            }
        }
        NyseNet net = new NyseNet("RNN", best.lags, best.units, false, epochs);
        double rnn = NyseLab.r2(s, first, net.forecast(lab, s, first, s.length(), 0));
        lab.figure("RNN, chosen lags", "", best.lags)
                .figure("RNN, chosen units", "", best.units)
                .figure("RNN of the chosen lags and units, test R2", "", rnn)
                .baseline(five, "AR(5)");
    }

    /** Adds a choice to the table, and returns the better of two. */
    private static Choice chosen(Choice best, Choice next, Table table) {
        table.row(next.units == 0 ? "AR" : "RNN")
                .cell("L", next.lags)
                .cell("K", next.units == 0 ? "" : (Object) next.units)
                .cell("R2 of the folds", "%.4f", next.r2);
        return next.r2 > best.r2 ? next : best;
    }
}
