package dev.fathom.labs.series;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.Nyse;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
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

/**
 * The trading volume of the New York Stock Exchange one day ahead (ISLR2 and ISLP, sections 10.5.2 and 10.9.6):
 * autoregressions and recurrent networks, each with and without the day of the week.
 */
public final class NyseLab implements OldExperiment {
    private static final int LAGS = 5;
    private static final int UNITS = 12;
    private static final int MOST_LAGS = 40;
    private static final int CLOSE = 250;
    private static final int FOLDS = 4;

    @Override
    public String name() {
        return "nyse";
    }

    /**
     * A run of the lab.
     *
     * @param first the first day of the test
     * @param table the rows of the models so far
     * @param networks the forecasts of the networks so far, by name
     */
    private record Forecasts(
            LabRun run,
            Series series,
            int first,
            Findings result,
            List<List<String>> table,
            Map<String, double[]> networks) {
        double r2(double[] forecast) {
            return NyseAutoregression.r2(series, first, series.length(), forecast);
        }

        /** Adds a forecast that does not depend on a seed. */
        void exact(String name, long parameters, double[] forecast, String published, UnaryOperator<Figure> compared) {
            double r2 = r2(forecast);
            key(name, r2, compared);
            table.add(List.of(name, String.valueOf(parameters), line("%.6f", r2), "", published));
        }

        private void key(String name, double r2, UnaryOperator<Figure> compared) {
            result.key(compared.apply(Figure.of(name + ", test R2", "", r2)));
        }

        /**
         * Adds the mean of the networks of several seeds, and keeps the forecast of the first; false if the run was
         * interrupted.
         */
        boolean networks(NyseNet net, String published, UnaryOperator<Figure> compared) {
            int seeds = run.of(3, 1);
            List<double[]> forecasts = new ArrayList<>();
            for (int seed = 0; seed < seeds && !run.interrupt().requested(); seed++) {
                net.forecast(run, series, first, series.length(), seed, "test").ifPresent(forecasts::add);
            }
            if (forecasts.isEmpty()) {
                return false;
            }
            String name = net.name() + (net.day() ? ", with day of week" : "");
            networks.put(name, forecasts.get(0));
            double[] r2 = forecasts.stream().mapToDouble(this::r2).sorted().toArray();
            double mean = Arrays.stream(r2).average().orElseThrow();
            run.training().say("%s: test R2 %.4f after %d epochs", name, mean, net.epochs());
            key(name, mean, compared);
            table.add(List.of(
                    name,
                    String.valueOf(net.parameters(series)),
                    line("%.6f", mean),
                    r2.length == 1 ? "" : line("%.4f to %.4f", r2[0], r2[r2.length - 1]),
                    published));
            return forecasts.size() == seeds;
        }
    }

    @Override
    public Findings run(LabRun run) {
        Series series = Nyse.read(run.data());
        int first = Nyse.trainingDays(series);
        Findings result = run.page(
                "Lab nyse",
                line(
                        "NYSE: %,d trading days, the first %,d for training and the other %,d for the test, each "
                                + "forecast from the true days before it",
                        series.length(), first, series.length() - first));
        result.text(result.data() + ".");
        autocorrelation(result, series);
        Forecasts forecasts = new Forecasts(run, series, first, result, new ArrayList<>(), new LinkedHashMap<>());
        linear(forecasts);
        boolean done = networks(forecasts);
        result.section(
                        "Test R2",
                        "R2 is 1 - sum (y - forecast)^2 / sum (y - mean)^2 over the days of the test. The numbers "
                                + "are scaled over the whole series, as in "
                                + "the textbook: ISLR2 is the second edition of An Introduction to Statistical "
                                + "Learning, and ISLP is its Python edition. For "
                                + "networks, the mean of several seeds is given, with the smallest and the "
                                + "largest. In a full run, cross-validation chooses "
                                + "the number of epochs of the LSTM. The straw man forecasts the volume of the "
                                + "day before; with the day of the week it adds "
                                + "the mean change from the day before to that day of the week. Where nothing is "
                                + "published, the figures at the end are "
                                + "beside a baseline that is computed here.")
                .table(List.of("model", "parameters", "test R2", "seeds", "published"), forecasts.table());
        pictures(forecasts);
        return done && search(forecasts) ? result.finished() : result;
    }

    private static void autocorrelation(Findings result, Series series) {
        double[] lags = IntStream.rangeClosed(0, MOST_LAGS).mapToDouble(l -> l).toArray();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (String column : List.of(Nyse.VOLUME, "log_volatility", "DJ_return")) {
            curves.put(column, new double[][] {lags, Autocorrelation.of(series.values(column), MOST_LAGS)});
        }
        double[] volume = Objects.requireNonNull(curves.get(Nyse.VOLUME))[1];
        result.section(
                        "Autocorrelation",
                        line(
                                "The correlation of a day with the days before it. If days were independent, 95 "
                                        + "%% of the values would lie within %.3f of 0.",
                                1.96 / Math.sqrt(series.length())))
                .table(
                        List.of("lag", "autocorrelation of log_volume"),
                        IntStream.of(1, 2, 3, 5, 10, 20, MOST_LAGS)
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
        double[] strawMan = NyseAutoregression.strawMan(s, first, s.length());
        UnaryOperator<Figure> besideStrawMan = figure -> figure.baseline(f.r2(strawMan), "straw man");
        f.exact("Straw man", 0, strawMan, "0.18", figure -> figure);
        f.exact(
                "Straw man, with day of week",
                days.size(),
                NyseAutoregression.strawManOfDay(s, first, s.length()),
                "",
                besideStrawMan);
        f.exact(
                "AR(5) of the volume alone",
                LAGS + 1,
                new NyseAutoregression(LAGS, List.of(Nyse.VOLUME), List.of()).forecast(s, first, s.length()),
                "",
                besideStrawMan);
        f.exact("AR(5)", 3 * LAGS + 1, autoregression(f, LAGS), "0.4129", figure -> figure);
        f.exact("AR(5), with day of week", 3 * LAGS + days.size(), autoregressionOfDay(f), "0.45956", figure -> figure);
    }

    private static double[] autoregression(Forecasts f, int lags) {
        return NyseAutoregression.of(lags)
                .forecast(f.series(), f.first(), f.series().length());
    }

    private static double[] autoregressionOfDay(Forecasts f) {
        Series s = f.series();
        return new NyseAutoregression(LAGS, Nyse.NUMBERS, Nyse.days(s)).forecast(s, f.first(), s.length());
    }

    /** False if the run was interrupted. */
    private static boolean networks(Forecasts f) {
        int few = f.run().epochs(20, 5);
        int many = f.run().epochs(200, 15);
        return f.networks(NyseNet.nonLinear(LAGS, false, few), "0.42", g -> g)
                && f.networks(NyseNet.nonLinear(LAGS, true, few), "0.4636 to 0.4662", g -> g)
                && f.networks(NyseNet.recurrent("RNN", LAGS, UNITS, false, many), "0.4108 to 0.4172", g -> g)
                && f.networks(NyseNet.recurrent("RNN", LAGS, UNITS, true, many), "about 0.46", g -> g)
                && lstm(f, many);
    }

    /**
     * The LSTM, whose number of epochs the textbook does not give, so that cross-validation chooses it in a full run.
     */
    private static boolean lstm(Forecasts f, int many) {
        Optional<Integer> epochs = NyseSearch.of(f.run(), f.series(), FOLDS)
                .epochs(LAGS, UNITS, f.run().whole() ? List.of(15, 25, 50, 100, 200) : List.of(many));
        double linear = f.r2(autoregressionOfDay(f));
        return epochs.isPresent()
                && f.networks(
                        NyseNet.recurrent("LSTM", LAGS, UNITS, false, epochs.get()),
                        "up to 0.01 more than the RNN",
                        g -> g)
                && f.networks(
                        NyseNet.recurrent("LSTM", LAGS, UNITS, true, epochs.get()),
                        "",
                        g -> g.baseline(linear, "AR(5), with day of week"));
    }

    /** The forecasts of the RNNs over the truth, as far as they are known. */
    private static void pictures(Forecasts f) {
        Map<String, double[]> shown = new LinkedHashMap<>();
        shown.put(
                "truth",
                NyseAutoregression.volume(f.series(), f.first(), f.series().length()));
        for (String name : List.of("RNN", "RNN, with day of week")) {
            if (f.networks().containsKey(name)) {
                shown.put(name, f.networks().get(name));
            }
        }
        if (shown.size() == 1) {
            return;
        }
        int days = f.series().length() - f.first();
        f.result()
                .section(
                        "Forecasts over the truth",
                        "The scaled log_volume on the days of the test. Forecasts vary less than the true values, "
                                + "because each is an estimate of a mean.")
                .series(
                        "forecast.png",
                        "The true volume of every day of the test, and the forecast of the RNN",
                        "log_volume",
                        "day of the test",
                        part(shown, 0, days, List.of("truth", "RNN")))
                .section("The last " + CLOSE + " days", "")
                .series(
                        "forecast-close.png",
                        "The true volume of the last days of the test, and the forecasts of the RNN with and "
                                + "without the day of the week",
                        "log_volume",
                        "day of the test",
                        part(shown, Math.max(0, days - CLOSE), days, List.copyOf(shown.keySet())));
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

    /** Chooses L and K; false if the run was interrupted. */
    private static boolean search(Forecasts f) {
        LabRun run = f.run();
        int folds = run.of(FOLDS, 2);
        NyseSearch search = NyseSearch.of(run, f.series(), folds);
        List<Choice> linear = search.lags(run.of(15, 8));
        List<Integer> lags = run.brief() ? List.of(LAGS) : List.of(3, LAGS, 10);
        List<Integer> units = run.brief() ? List.of(4, UNITS) : List.of(4, UNITS, 24);
        int epochs = run.epochs(100, 4);
        List<Choice> recurrent = search.units(lags, units, epochs);
        Choice l = NyseSearch.best(linear);
        double ar = f.r2(autoregression(f, l.lags()));
        Optional<Choice> k = recurrent.size() < lags.size() * units.size()
                ? Optional.empty()
                : Optional.of(NyseSearch.best(recurrent));
        Optional<Double> rnn = k.flatMap(c -> NyseNet.recurrent("RNN", c.lags(), c.units(), false, epochs)
                        .forecast(run, f.series(), f.first(), f.series().length(), 0, "chosen"))
                .map(f::r2);
        List<List<String>> rows = new ArrayList<>();
        linear.forEach(c -> rows.add(row("AR", c, c.equals(l) ? line("%.4f", ar) : "")));
        recurrent.forEach(c -> rows.add(row(
                "RNN",
                c,
                k.filter(c::equals)
                        .flatMap(x -> rnn)
                        .map(r2 -> line("%.4f", r2))
                        .orElse(""))));
        double five = f.r2(autoregression(f, LAGS));
        f.result()
                .section(
                        "Choosing the lags L and the units K by time-ordered cross-validation",
                        line(
                                "The second half of the training days is divided into %d folds, and a model that "
                                        + "forecasts a fold is trained on all days "
                                        + "before it. The RNNs train for %d epochs. Only the chosen lags and "
                                        + "units are scored on the test.",
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
                .figure(Figure.of("AR, chosen lags", "", l.lags()))
                .figure(Figure.of("AR of the chosen lags, test R2", "", ar).baseline(five, "AR(5)"));
        if (k.isEmpty() || rnn.isEmpty()) {
            return false;
        }
        f.result()
                .figure(Figure.of("RNN, chosen lags", "", k.get().lags()))
                .figure(Figure.of("RNN, chosen units", "", k.get().units()))
                .figure(Figure.of("RNN of the chosen lags and units, test R2", "", rnn.get())
                        .baseline(five, "AR(5)"));
        return true;
    }

    private static List<String> row(String model, Choice c, String test) {
        return List.of(
                model,
                String.valueOf(c.lags()),
                c.units() == 0 ? "" : String.valueOf(c.units()),
                line("%.4f", c.r2()),
                test);
    }
}
