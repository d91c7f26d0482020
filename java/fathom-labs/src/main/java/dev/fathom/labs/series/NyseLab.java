package dev.fathom.labs.series;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Nyse;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Autocorrelation;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.series.Series;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The trading volume of the New York Stock Exchange one day ahead (ISLR2 and ISLP, sections 10.5.2 and 10.9.6):
 * autoregressions and recurrent networks, each with and without the day of the week.
 */
public final class NyseLab implements Experiment {
    static final int LAGS = 5;
    static final int UNITS = 12;
    private static final int MOST_LAGS = 40;

    @Override
    public Optional<Diagram> net() {
        return new NyseNet("RNN", LAGS, UNITS, false, 0).drawn();
    }

    @Override
    public List<DataSet> reads() {
        return List.of(Nyse.SET);
    }

    @Override
    public void run(Lab lab) {
        Series series = Nyse.read(lab.data());
        int first = Nyse.trainingDays(series);
        lab.put("days", series.length()).put("training", first).put("test", series.length() - first);
        autocorrelation(lab, series);
        lab.section("Test R2");
        Table table = lab.table("models", "model");
        double linear = linear(table, series, first);
        Map<String, double[]> shown = networks(lab, table, series, first, linear);
        pictures(lab, shown);
        NyseSearch.search(lab, series, first);
    }

    static double r2(Series series, int first, double... forecast) {
        return NyseAutoregression.r2(series, first, series.length(), forecast);
    }

    private static void autocorrelation(Lab lab, Series series) {
        lab.section("Autocorrelation").put("within", 1.96 / Math.sqrt(series.length()));
        double[] lags = IntStream.rangeClosed(0, MOST_LAGS).asDoubleStream().toArray();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (String column : List.of(Nyse.VOLUME, "log_volatility", "DJ_return")) {
            curves.put(column, new double[][] {lags, Autocorrelation.of(series.values(column), MOST_LAGS)});
        }
        double[] volume = Autocorrelation.of(series.values(Nyse.VOLUME), MOST_LAGS);
        Table table = lab.table("lags", "lag");
        IntStream.of(1, 2, 3, 5, 10, 20, MOST_LAGS)
                .forEach(lag -> table.row(lag + "").cell("autocorrelation of log_volume", "%.4f", volume[lag]));
        lab.curves("autocorrelation.png", "autocorrelation", "lag, days", curves);
    }

    /** The models that do not depend on a seed; returns the R2 of the last one, the AR with the day of the week. */
    private static double linear(Table table, Series s, int first) {
        int end = s.length();
        List<String> days = Nyse.days(s);
        double straw = r2(s, first, NyseAutoregression.strawMan(s, first, end));
        double ofDay = r2(s, first, NyseAutoregression.strawManOfDay(s, first, end));
        var alone = new NyseAutoregression(LAGS, List.of(Nyse.VOLUME), List.of());
        var withDay = new NyseAutoregression(LAGS, Nyse.NUMBERS, days);
        row(table, "Straw man", 0, straw, "", "0.18");
        row(table, "Straw man, with day of week", days.size(), ofDay, "", "").baseline(straw, "straw man");
        row(table, "AR(5) of the volume alone", LAGS + 1, r2(s, first, alone.forecast(s, first, end)), "", "")
                .baseline(straw, "straw man");
        double all = r2(s, first, NyseAutoregression.of(LAGS).forecast(s, first, end));
        row(table, "AR(5)", 3 * LAGS + 1, all, "", "0.4129");
        double best = r2(s, first, withDay.forecast(s, first, end));
        row(table, "AR(5), with day of week", 3 * LAGS + days.size(), best, "", "0.45956");
        return best;
    }

    private static Table.Row row(Table table, String name, long parameters, double r2, String seeds, String published) {
        return table.row(name)
                .cell("parameters", parameters)
                .put("test R2", "%.6f", r2)
                .cell("seeds", (Object) seeds)
                .cell("published", (Object) published);
    }

    /** The networks, in the mean of some seeds; returns the forecasts of the first seed by name. */
    private static Map<String, double[]> networks(Lab lab, Table table, Series s, int first, double linear) {
        int few = lab.epochs(20, 5);
        int many = lab.epochs(200, 15);
        Map<String, double[]> shown = new LinkedHashMap<>();
        shown.put("truth", NyseAutoregression.volume(s, first, s.length()));
        for (String kind : List.of("Non-linear AR", "RNN", "LSTM")) {
            int epochs = kind.equals("Non-linear AR")
                    ? few
                    : kind.equals("RNN") ? many : NyseSearch.lstmEpochs(lab, s, many);
            for (boolean day : new boolean[] {false, true}) {
                NyseNet net = new NyseNet(kind, LAGS, kind.equals("Non-linear AR") ? 32 : UNITS, day, epochs);
                double[][] made = IntStream.range(0, lab.of(3, 1))
                        .mapToObj(n -> net.forecast(lab, s, first, s.length(), n))
                        .toArray(double[][]::new);
                double[] r2 = Arrays.stream(made)
                        .mapToDouble(f -> r2(s, first, f))
                        .sorted()
                        .toArray();
                double mean = Averages.mean(r2);
                lab.say("%s: test R2 %.4f after %d epochs", net.name(), mean, epochs);
                String range = r2.length == 1 ? "" : Findings.line("%.4f to %.4f", r2[0], r2[r2.length - 1]);
                Table.Row row = row(table, net.name(), net.parameters(s), mean, range, net.published());
                if (net.name().equals("LSTM, with day of week")) {
                    row.baseline(linear, "AR(5), with day of week");
                }
                shown.put(net.name(), made[0]);
            }
        }
        return shown;
    }

    /** The forecasts of the RNNs over the truth. */
    private static void pictures(Lab lab, Map<String, double[]> shown) {
        Map<String, double[][]> all = new LinkedHashMap<>();
        Map<String, double[][]> close = new LinkedHashMap<>();
        for (String name : List.of("truth", "RNN", "RNN, with day of week")) {
            double[] y = shown.getOrDefault(name, new double[0]);
            double[] places = Averages.upTo(y.length);
            int from = Math.max(0, y.length - 250);
            all.put(name, new double[][] {places, y});
            close.put(
                    name,
                    new double[][] {Arrays.copyOfRange(places, from, y.length), Arrays.copyOfRange(y, from, y.length)});
        }
        all.remove("RNN, with day of week");
        lab.section("Forecasts over the truth").curves("forecast.png", "log_volume", "day of the test", all);
        lab.section("The last 250 days").curves("forecast-close.png", "log_volume", "day of the test", close);
    }
}
