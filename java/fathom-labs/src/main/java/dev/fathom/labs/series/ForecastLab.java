package dev.fathom.labs.series;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.series.ForecastRun.Forecasts;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Exchange rates and the speeds of a week's traffic, forecast by the last value, autoregressions and nets: errors at several horizons. */
public final class ForecastLab implements Experiment {
    @Override
    public String name() {
        return "forecast";
    }

    @Override
    public String shows() {
        return "exchange rates and a week of traffic forecast by AR, VAR, LSTM, TCN and Transformer, beside the last value";
    }

    @Override
    public Result run(Run run) {
        ForecastTask exchange = ForecastTask.exchange(run.data(), run.of(Integer.MAX_VALUE, 900));
        ForecastTask traffic =
                ForecastTask.traffic(run.data(), run.of(Integer.MAX_VALUE, 1008), run.of(Integer.MAX_VALUE, 8));
        Result page = new Result(
                "Lab forecast",
                line(
                        "%s: %,d days of %d; %s: %,d steps of %d sensors",
                        exchange.title(),
                        exchange.series().length(),
                        exchange.columns(),
                        traffic.title(),
                        traffic.series().length(),
                        traffic.columns()),
                run.out());
        about(page);
        boolean finished =
                judge(run, page, exchange, run.epochs(12, 1)) && judge(run, page, traffic, run.epochs(10, 2));
        return finished ? page.finished() : page;
    }

    private static void about(Result page) {
        page.section("What is compared", "")
                .text(
                        "Each forecast is made from rows that are known at its time. Last value repeats the last row. AR and VAR are least squares one step ahead and go "
                                + "on from their own forecasts; AR reads a column's own last rows, VAR those of several. LSTM, TCN and Transformer share one net "
                                + "among the columns and forecast all horizons at once, as a change from the last row; they learn the absolute error. The number of lags "
                                + "and the epoch are chosen on rows to validate, between those to learn from and those to test, which are seen once.")
                .text(
                        "MAE and RMSE are in the series' own unit, MAPE is relative to the truth. RSE is the root of the squared error relative to that of the mean, and "
                                + "correlation the mean over columns, as Lai et al. (2018) define them. No figures for this setting are quoted; what there is "
                                + "to beat is the last value, which is computed.");
    }

    /** All forecasts of a task, its tables and pictures; false where it was stopped. */
    private static boolean judge(Run run, Result page, ForecastTask task, int epochs) {
        ForecastRun all = new ForecastRun(task, run, epochs);
        List<Dataset> parts = all.parts();
        try {
            page.section(task.title(), "").text(split(task));
            if (!task.wanders()) {
                double daily = 24.0 * 60 / task.each(); // steps
                page.text(line(
                        "One week is not comparable with published results on METR-LA, which has 34,272 steps over four months: here the nets learn from "
                                + "%.1f days, and the test has %.1f.",
                        task.validation() / daily, (task.series().length() - task.test()) / daily));
            }
            List<Forecasts> made = new ArrayList<>();
            made.add(all.lastValue());
            for (boolean vector : new boolean[] {false, true}) {
                Forecasts linear = all.autoregression(vector);
                if (linear == null) {
                    return false;
                }
                made.add(linear);
            }
            for (ForecastNet.Kind kind : ForecastNet.Kind.values()) {
                Forecasts net = run.interrupt().requested() ? null : all.net(kind, parts);
                if (net == null) {
                    return false;
                }
                made.add(net);
            }
            run.out().println();
            tables(page, task, all, made);
            pictures(page, task, all, made);
            return true;
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static String split(ForecastTask task) {
        return line(
                "Rows 1 to %,d to learn from, to %,d to validate, to %,d to test, in the order of time; %,d forecasts on the test whose rows at all horizons lie "
                        + "in it. Nets see %d rows. Values of 0 are missing and count nowhere; there are %,d. %s %s",
                task.validation(),
                task.test(),
                task.series().length(),
                task.testOrigins().length,
                task.lags(),
                Arrays.stream(task.known())
                        .mapToLong(row -> IntStream.range(0, row.length)
                                .filter(c -> !row[c])
                                .count())
                        .sum(),
                task.wanders()
                        ? "Columns are scaled by their changes from day to day, and nets see rows less the last one, as the level has no mean to return to."
                        : "Columns are scaled to mean 0 and standard deviation 1 on the rows to learn from.",
                task.restriction());
    }

    private static void tables(Result page, ForecastTask task, ForecastRun all, List<Forecasts> made) {
        page.table(
                List.of("forecast", "parameters", "seconds", "how it was chosen"),
                made.stream()
                        .map(f -> List.of(f.name(), line("%,d", f.parameters()), line("%.1f", f.seconds()), f.how()))
                        .toList());
        for (int h = 0; h < task.horizons().length; h++) {
            int horizon = task.horizons()[h];
            List<List<String>> rows = new ArrayList<>();
            ForecastScores last = all.scores(made.get(0), h);
            for (Forecasts f : made) {
                ForecastScores s = all.scores(f, h);
                rows.add(List.of(
                        f.name(),
                        line("%.4f", s.mae()),
                        line("%.4f", s.rmse()),
                        line("%.2f %%", 100 * s.mape()),
                        line("%.4f", s.rse()),
                        line("%.4f", s.correlation())));
                String name = f.name().replaceFirst("\\(.*", "");
                Figure mae = Figure.of(line("%s, %s, %s, MAE", task.title(), name, task.ahead(horizon)), "", s.mae());
                page.figure(
                        f.equals(made.get(0)) ? mae : mae.published(line("%.4f", last.mae()), "computed: last value"));
            }
            page.table(List.of(task.ahead(horizon), "MAE", "RMSE", "MAPE", "RSE", "correlation"), rows);
        }
    }

    private static void pictures(Result page, ForecastTask task, ForecastRun all, List<Forecasts> made) {
        List<String> places = Arrays.stream(task.horizons())
                .mapToObj(horizon -> Integer.toString(horizon * task.each()))
                .toList();
        Map<String, double[]> errors = new LinkedHashMap<>();
        for (Forecasts f : made) {
            errors.put(
                    f.name(),
                    IntStream.range(0, places.size())
                            .mapToDouble(h -> 100 * all.scores(f, h).mape())
                            .toArray());
        }
        page.picture(
                task.name() + "-errors.png",
                "The mean relative error of each forecast at each horizon",
                () -> Plots.compare("MAPE in percent, " + task.name(), task.unit() + " ahead", places, errors));
        int h = places.size() - 1;
        int column = widest(all.truths(task.farthest()));
        int shown = Math.min(task.wanders() ? 500 : 288, task.testOrigins().length);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("truth", curve(all.truths(task.farthest()), column, shown));
        for (Forecasts f : made.subList(1, made.size())) {
            curves.put(f.name(), curve(f.test()[h], column, shown));
        }
        String figure = line("%s, %s ahead", task.series().columns().get(column), task.ahead(task.farthest()));
        page.series(
                task.name() + "-truth.png",
                task.title() + ", " + figure + ", forecasts over the truth",
                figure,
                "row of the test",
                curves);
    }

    /** The column that varies most relative to its mean. */
    private static int widest(double[][] truths) {
        double[] spread = new double[truths[0].length];
        for (int c = 0; c < spread.length; c++) {
            int column = c;
            double mean =
                    Arrays.stream(truths).mapToDouble(r -> r[column]).average().orElse(1);
            spread[c] = Arrays.stream(truths)
                    .mapToDouble(r -> Math.abs(r[column] / mean - 1))
                    .sum();
        }
        return IntStream.range(0, spread.length)
                .reduce((a, b) -> spread[b] > spread[a] ? b : a)
                .orElse(0);
    }

    private static double[][] curve(double[][] rows, int column, int shown) {
        return new double[][] {
            IntStream.range(0, shown).mapToDouble(i -> i).toArray(),
            IntStream.range(0, shown).mapToDouble(i -> rows[i][column]).toArray()
        };
    }
}
