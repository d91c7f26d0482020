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
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Exchange rates and the speeds of a week of traffic, forecast by the last value, autoregressions and networks: errors at several horizons. */
public final class ForecastLab implements Experiment {
    private static final String LAST = "last value";

    @Override
    public String name() {
        return "forecast";
    }

    @Override
    public String shows() {
        return "exchange rates and a week of traffic, forecast by AR, VAR, LSTM, TCN and Transformer, compared with the last value";
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
                compare(run, page, exchange, run.epochs(12, 1)) && compare(run, page, traffic, run.epochs(10, 2));
        return finished ? page.finished() : page;
    }

    private static void about(Result page) {
        page.section("What is compared", "")
                .text(
                        "Each forecast is made from rows that are known at its time. The last value repeats the last row. AR and VAR are fitted by least squares one "
                                + "step ahead and continue from their own forecasts; AR forecasts a column from its own last rows, VAR from those of several columns. "
                                + "LSTM, TCN and Transformer share one network among the columns and forecast all horizons at once, as a change from the last row; they "
                                + "minimize the absolute error. The number of lags and the epoch are chosen on validation rows, which lie between the training and the "
                                + "test rows. The test rows are used once.")
                .text(
                        "MAE and RMSE are in the unit of the series, and MAPE is relative to the true value. RSE is the root of the squared error relative to that of "
                                + "the mean, and the correlation is the mean over columns, as Lai et al. (2018) define them. No published figures exist for this "
                                + "setting, so the last value, which is computed here, is the baseline.");
    }

    /** All forecasts of a task, its tables and pictures; false if the run was interrupted. */
    private static boolean compare(Run run, Result page, ForecastTask task, int epochs) {
        ForecastRun all = new ForecastRun(task, run, epochs);
        List<Dataset> parts = all.parts();
        try {
            page.section(task.title(), "").text(split(task));
            if (!task.randomWalk()) {
                double daily = 24.0 * 60 / task.unitsPerStep(); // steps
                page.text(line(
                        "One week is not comparable with published results on METR-LA, which has 34,272 steps over four months: here the networks train on "
                                + "%.1f days, and the test has %.1f.",
                        task.validation() / daily, (task.series().length() - task.test()) / daily));
            }
            List<Supplier<@Nullable Forecasts>> models = new ArrayList<>(
                    List.of(all::lastValue, () -> all.autoregression(false), () -> all.autoregression(true)));
            for (ForecastNet.Kind kind : ForecastNet.Kind.values()) {
                models.add(() -> all.net(kind, parts));
            }
            List<Forecasts> finished = new ArrayList<>();
            for (Supplier<@Nullable Forecasts> model : models) {
                Forecasts forecasts = run.interrupt().requested() ? null : model.get();
                if (forecasts == null) {
                    break;
                }
                finished.add(forecasts);
            }
            if (finished.size() > 1) {
                run.out().println();
                tables(page, task, all, finished);
                pictures(page, task, all, finished);
            }
            return finished.size() == models.size();
        } finally {
            parts.forEach(Dataset::close);
        }
    }

    private static String split(ForecastTask task) {
        return line(
                "Rows 1 to %,d are for training, %,d to %,d for validation and %,d to %,d for the test, in the order of time. The test has %,d forecasts whose rows at "
                        + "all horizons lie in it. Networks read %d rows. Values of 0 are missing, and they count neither in the loss nor in the errors; the series "
                        + "has %,d of them. %s %s",
                task.validation(),
                task.validation() + 1,
                task.test(),
                task.test() + 1,
                task.series().length(),
                task.testOrigins().length,
                task.lags(),
                Arrays.stream(task.measured())
                        .mapToLong(row -> IntStream.range(0, row.length)
                                .filter(c -> !row[c])
                                .count())
                        .sum(),
                task.randomWalk()
                        ? "Columns are scaled by their changes from day to day, and networks read the differences from the last row, because the level drifts."
                        : "Columns are scaled to mean 0 and standard deviation 1 on the training rows.",
                task.restriction());
    }

    private static void tables(Result page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
        page.table(
                List.of("model", "parameters", "seconds", "how it was chosen"),
                finished.stream()
                        .map(f -> List.of(f.name(), line("%,d", f.parameters()), line("%.1f", f.seconds()), f.how()))
                        .toList());
        for (int h = 0; h < task.horizons().length; h++) {
            int horizon = task.horizons()[h];
            List<List<String>> rows = new ArrayList<>();
            ForecastScores last = all.scores(finished.get(0), h);
            for (Forecasts f : finished) {
                ForecastScores s = all.scores(f, h);
                rows.add(List.of(
                        f.name(),
                        line("%.4f", s.mae()),
                        line("%.4f", s.rmse()),
                        line("%.2f %%", 100 * s.mape()),
                        line("%.4f", s.rse()),
                        line("%.4f", s.correlation())));
                boolean baseline = f.equals(finished.get(0));
                String name = line("%s, %s, %s", task.title(), f.name().replaceFirst("\\(.*", ""), task.ahead(horizon));
                Figure mae = Figure.of(name + ", MAE", "", s.mae());
                Figure rmse = Figure.of(name + ", RMSE", "", s.rmse());
                Figure mape = Figure.of(name + ", MAPE", "%", 100 * s.mape());
                page.figure(baseline ? mae : mae.baseline(line("%.4f", last.mae()), LAST))
                        .figure(baseline ? rmse : rmse.baseline(line("%.4f", last.rmse()), LAST))
                        .figure(baseline ? mape : mape.baseline(line("%.4f %%", 100 * last.mape()), LAST));
            }
            page.table(List.of(task.ahead(horizon), "MAE", "RMSE", "MAPE", "RSE", "correlation"), rows);
        }
    }

    private static void pictures(Result page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
        List<String> places = Arrays.stream(task.horizons())
                .mapToObj(horizon -> Integer.toString(horizon * task.unitsPerStep()))
                .toList();
        Map<String, double[]> errors = new LinkedHashMap<>();
        for (Forecasts f : finished) {
            errors.put(
                    f.name(),
                    IntStream.range(0, places.size())
                            .mapToDouble(h -> 100 * all.scores(f, h).mape())
                            .toArray());
        }
        page.picture(
                task.name() + "-errors.png",
                "MAPE of each model at each horizon",
                () -> Plots.compare("MAPE in percent, " + task.name(), task.unit() + " ahead", places, errors));
        int h = places.size() - 1;
        int column = widest(all.truths(task.farthest()));
        int shown = Math.min(task.randomWalk() ? 500 : 288, task.testOrigins().length);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("truth", curve(all.truths(task.farthest()), column, shown));
        for (Forecasts f : finished.subList(1, finished.size())) {
            curves.put(f.name(), curve(f.test()[h], column, shown));
        }
        String figure = line("%s, %s ahead", task.series().columns().get(column), task.ahead(task.farthest()));
        page.series(
                task.name() + "-truth.png",
                task.title() + ", " + figure + ", forecasts over the truth",
                figure,
                "forecast of the test",
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
