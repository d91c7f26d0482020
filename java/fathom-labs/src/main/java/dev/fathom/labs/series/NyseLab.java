package dev.fathom.labs.series;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.Nyse;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.series.NyseSearch.Choice;
import dev.fathom.labs.statistics.Autocorrelation;
import dev.fathom.series.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The trading volume of the New York Stock Exchange one day ahead (ISLR2 and ISLP, sections 10.5.2 and 10.9.6): autoregressions and recurrent nets, each with and
 * without the day of the week.
 */
public final class NyseLab implements Experiment {
    private static final int LAGS = 5;
    private static final int UNITS = 12;
    private static final int MOST_LAGS = 40;
    private static final int CLOSE = 250;
    private static final int FOLDS = 4;

    @Override
    public String name() {
        return "nyse";
    }

    @Override
    public String shows() {
        return "tomorrow's volume of the stock exchange: autoregressions and recurrent nets, with and without the day of the week";
    }

    /**
     * A run of the lab.
     *
     * @param first the first day of the test
     * @param table the rows of the models so far
     */
    private record Forecasts(Run run, Series series, int first, Result result, List<List<String>> table) {
        double r2(double[] forecast) {
            return NyseAutoregression.r2(series, first, series.length(), forecast);
        }

        /** What is computed once and exactly: the figure and its row. */
        void exact(String name, long parameters, double[] forecast, String published, @Nullable Double oracle) {
            double r2 = r2(forecast);
            Figure figure = Figure.of(name + ", test R2", "", r2)
                    .published(published, published.isEmpty() ? "" : "ISLR2, ISLP");
            result.key(oracle != null && run.whole() ? figure.within(oracle - 1e-6, oracle + 1e-6) : figure);
            table.add(List.of(name, String.valueOf(parameters), line("%.6f", r2), "", published));
        }

        /** Networks of several seeds: the forecast of the first; empty where a person stopped them. */
        Optional<double[]> nets(NyseNet net, String published, UnaryOperator<Figure> band) {
            int seeds = run.of(3, 1);
            String name = net.name() + (net.day() ? ", with day of week" : "");
            List<double[]> forecasts = new ArrayList<>();
            for (int seed = 0; seed < seeds; seed++) {
                Optional<double[]> forecast = run.interrupt().requested()
                        ? Optional.empty()
                        : net.forecast(run, series, first, series.length(), seed, "test");
                if (forecast.isEmpty()) {
                    return Optional.empty();
                }
                forecasts.add(forecast.get());
            }
            double[] r2 = forecasts.stream().mapToDouble(this::r2).sorted().toArray();
            double mean = Arrays.stream(r2).average().orElseThrow();
            run.training().say("%s: test R2 %.4f after %d epochs", name, mean, net.epochs());
            Figure figure = Figure.of(name + ", test R2", "", mean)
                    .published(published, published.isEmpty() ? "" : "ISLR2, ISLP");
            result.key(run.whole() ? band.apply(figure) : figure);
            table.add(List.of(
                    name,
                    String.valueOf(net.parameters(series)),
                    line("%.6f", mean),
                    line("%.4f to %.4f", r2[0], r2[r2.length - 1]),
                    published));
            return Optional.of(forecasts.get(0));
        }
    }

    @Override
    public Result run(Run run) {
        Series series = Nyse.read(run.data());
        int first = Nyse.learning(series);
        Result result = new Result(
                "Lab nyse",
                line(
                        "NYSE: %,d trading days, of which the first %,d are learned from and the other %,d are forecast, each from the true days before it",
                        series.length(), first, series.length() - first),
                run.out());
        result.text(result.data() + ".");
        autocorrelation(result, series);
        Forecasts forecasts = new Forecasts(run, series, first, result, new ArrayList<>());
        linear(forecasts);
        Map<String, double[]> shown = new LinkedHashMap<>();
        boolean done = networks(forecasts, shown);
        result.section(
                        "Test R2",
                        "1 - sum (y - forecast)^2 / sum (y - mean)^2 over the days of the test. The numbers are scaled over the whole series, as in the textbook. Of networks it is the mean "
                                + "of several seeds; in a whole run cross-validation chooses for how many epochs the LSTM learns. The straw man forecasts yesterday's volume; with the day of the week it adds the mean step to that day.")
                .table(List.of("model", "parameters", "test R2", "seeds", "published"), forecasts.table());
        if (!done) {
            return result;
        }
        pictures(result, series, first, shown);
        return search(forecasts) ? result.finished() : result;
    }

    private static void autocorrelation(Result result, Series series) {
        int most = Math.min(MOST_LAGS, series.length() - 1);
        double[] lags = IntStream.rangeClosed(0, most).mapToDouble(l -> l).toArray();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (String column : List.of(Nyse.VOLUME, "log_volatility", "DJ_return")) {
            curves.put(column, new double[][] {lags, Autocorrelation.of(series.values(column), most)});
        }
        double[] volume = Objects.requireNonNull(curves.get(Nyse.VOLUME))[1];
        int[] some = {1, 2, 3, 5, 10, 20, 40};
        result.section(
                        "Autocorrelation",
                        "How much a day resembles the days before it. Without any relation, 95 % of the values would lie within "
                                + line("%.3f", 1.96 / Math.sqrt(series.length())) + " of 0.")
                .table(
                        List.of("lag", "autocorrelation of log_volume"),
                        IntStream.of(some)
                                .mapToObj(lag -> List.of(String.valueOf(lag), line("%.4f", volume[lag])))
                                .toList())
                .series(
                        "autocorrelation.png",
                        "Autocorrelation of volume, volatility and return over lags of 0 to 40 days",
                        "autocorrelation",
                        "lag, days",
                        curves);
    }

    private static void linear(Forecasts f) {
        Series s = f.series();
        int first = f.first();
        List<String> days = Nyse.days(s);
        f.exact("Straw man", 0, NyseAutoregression.strawMan(s, first, s.length()), "0.18", 0.1802628784);
        f.exact(
                "Straw man, with day of week",
                days.size(),
                NyseAutoregression.strawManOfDay(s, first, s.length()),
                "",
                null);
        var volume = new NyseAutoregression(LAGS, List.of(Nyse.VOLUME), List.of());
        f.exact("AR(5) of the volume alone", LAGS + 1, volume.forecast(s, first, s.length()), "", 0.3732414760);
        f.exact(
                "AR(5)",
                3 * LAGS + 1,
                NyseAutoregression.of(LAGS).forecast(s, first, s.length()),
                "0.4129",
                0.4128912939);
        f.exact(
                "AR(5), with day of week",
                3 * LAGS + days.size(),
                new NyseAutoregression(LAGS, Nyse.NUMBERS, days).forecast(s, first, s.length()),
                "0.45956",
                0.4595563133);
    }

    /** False where a person stopped it. */
    private static boolean networks(Forecasts f, Map<String, double[]> shown) {
        int few = f.run().epochs(20, 5);
        int many = f.run().epochs(200, 15);
        String all = "about 0.46";
        Optional<double[]> rnn = Optional.empty();
        Optional<double[]> best = Optional.empty();
        boolean done =
                f.nets(NyseNet.nonLinear(LAGS, false, few), "0.42", g -> g).isPresent()
                        && f.nets(NyseNet.nonLinear(LAGS, true, few), "0.4636 to 0.4662", g -> g.atLeast(0.455))
                                .isPresent();
        if (done) {
            rnn = f.nets(NyseNet.recurrent("RNN", LAGS, UNITS, false, many), "0.4108 to 0.4172", g -> g.atLeast(0.405));
        }
        if (rnn.isPresent()) {
            best = f.nets(NyseNet.recurrent("RNN", LAGS, UNITS, true, many), all, g -> g);
        }
        Optional<Integer> lstm = best.isPresent() ? epochs(f, many) : Optional.empty();
        done = lstm.isPresent()
                && f.nets(
                                NyseNet.recurrent("LSTM", LAGS, UNITS, false, lstm.get()),
                                "up to 0.01 more than the RNN",
                                g -> g)
                        .isPresent()
                && f.nets(NyseNet.recurrent("LSTM", LAGS, UNITS, true, lstm.get()), "", g -> g)
                        .isPresent();
        rnn.ifPresent(forecast -> shown.put("RNN", forecast));
        best.ifPresent(forecast -> shown.put("RNN, with day of week", forecast));
        return done;
    }

    /** For how long the LSTM learns, which the textbook does not say: as cross-validation chooses in a whole run. */
    private static Optional<Integer> epochs(Forecasts f, int many) {
        return NyseSearch.of(f.run(), f.series(), FOLDS)
                .epochs(LAGS, UNITS, f.run().whole() ? List.of(15, 25, 50, 100, 200) : List.of(many));
    }

    private static void pictures(Result result, Series series, int first, Map<String, double[]> shown) {
        Map<String, double[]> withTruth = new LinkedHashMap<>();
        withTruth.put("truth", NyseAutoregression.volume(series, first, series.length()));
        withTruth.putAll(shown);
        int days = series.length() - first;
        result.section(
                        "Forecasts over the truth",
                        "log_volume, scaled, on the days of the test. A forecast varies less than the truth: it is the mean of what may come.")
                .series(
                        "forecast.png",
                        "The true volume of every day of the test, and the forecast of the RNN",
                        "log_volume",
                        "day of the test",
                        part(withTruth, 0, days, List.of("truth", "RNN")))
                .section("The last " + CLOSE + " days", "")
                .series(
                        "forecast-close.png",
                        "The true volume of the last days of the test, and the forecasts of the RNN with and without the day of the week",
                        "log_volume",
                        "day of the test",
                        part(withTruth, Math.max(0, days - CLOSE), days, List.copyOf(withTruth.keySet())));
    }

    private static Map<String, double[][]> part(Map<String, double[]> all, int from, int to, List<String> names) {
        double[] places = IntStream.range(from, to).mapToDouble(t -> t + 1).toArray();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (String name : names) {
            curves.put(name, new double[][] {places, Arrays.copyOfRange(Objects.requireNonNull(all.get(name)), from, to)
            });
        }
        return curves;
    }

    /** Chooses L and K; false where a person stopped it. */
    private static boolean search(Forecasts f) {
        Run run = f.run();
        int folds = run.of(FOLDS, 2);
        NyseSearch search = NyseSearch.of(run, f.series(), folds);
        List<Choice> linear = search.lags(run.of(15, 8));
        List<Integer> lags = run.brief() ? List.of(LAGS) : List.of(3, LAGS, 10);
        List<Integer> units = run.brief() ? List.of(4, UNITS) : List.of(4, UNITS, 24);
        int epochs = run.epochs(100, 4);
        List<Choice> recurrent = search.units(lags, units, epochs);
        if (recurrent.size() < lags.size() * units.size()) {
            return false;
        }
        Choice l = NyseSearch.best(linear);
        Choice k = NyseSearch.best(recurrent);
        double[] ar = NyseAutoregression.of(l.lags())
                .forecast(f.series(), f.first(), f.series().length());
        Optional<double[]> rnn = NyseNet.recurrent("RNN", k.lags(), k.units(), false, epochs)
                .forecast(run, f.series(), f.first(), f.series().length(), 0, "chosen");
        if (rnn.isEmpty()) {
            return false;
        }
        List<List<String>> rows = new ArrayList<>();
        linear.forEach(c -> rows.add(row("AR(" + c.lags() + ")", c, c.equals(l), f.r2(ar))));
        recurrent.forEach(c -> rows.add(row("RNN", c, c.equals(k), f.r2(rnn.get()))));
        f.result()
                .section(
                        "L and K by cross-validation in the order of time",
                        line(
                                "%d folds over the second half of the days to learn from: each learns from all days before it. The RNNs learn for %d epochs. Only the chosen lags and "
                                        + "units are judged on the test.",
                                folds, epochs))
                .table(List.of("model", "L", "K", "R2 of the folds", "test R2"), rows)
                .series(
                        "lags.png",
                        "R2 of linear autoregressions in cross-validation over their number of lags",
                        "R2",
                        "lags L",
                        Map.of("AR(L), cross-validation", new double[][] {
                            linear.stream().mapToDouble(Choice::lags).toArray(),
                            linear.stream().mapToDouble(Choice::r2).toArray()
                        }))
                .figure(Figure.of("Chosen lags of the AR", "", l.lags()))
                .figure(Figure.of("Chosen AR, test R2", "", f.r2(ar)))
                .figure(Figure.of("Chosen lags of the RNN", "", k.lags()))
                .figure(Figure.of("Chosen units of the RNN", "", k.units()))
                .figure(Figure.of("Chosen RNN, test R2", "", f.r2(rnn.get())));
        return true;
    }

    private static List<String> row(String model, Choice c, boolean chosen, double test) {
        return List.of(
                model,
                String.valueOf(c.lags()),
                c.units() == 0 ? "" : String.valueOf(c.units()),
                line("%.4f", c.r2()),
                chosen ? line("%.4f", test) : "");
    }
}
