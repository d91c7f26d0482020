package dev.fathom.labs.series;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.series.ForecastRun.Forecasts;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The part of a page that compares the forecasts of several models with the truth and with the last value. */
public final class ForecastTables {
    private static final String LAST = "last value";

    private ForecastTables() {}

    /** How the rows of a task are divided, as a paragraph. */
    public static String split(ForecastTask task) {
        return line(
                "Rows 1 to %,d are for training, %,d to %,d for validation and %,d to %,d for the test, in the "
                        + "order of time. The test has %,d forecasts "
                        + "whose rows at all horizons lie in it. Networks read %d rows. Values of 0 are missing, "
                        + "and they count neither in the loss nor in "
                        + "the errors; the series has %,d of them. %s %s",
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
                        ? "Columns are scaled by their changes from day to day, and networks read the differences "
                                + "from the last row, because the level drifts."
                        : "Columns are scaled to mean 0 and standard deviation 1 on the training rows.",
                task.restriction());
    }

    /**
     * Adds the errors of finished models, of which the first is the last value, at each horizon, as tables, figures and
     * pictures.
     */
    public static void show(Findings page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
        tables(page, task, all, finished);
        pictures(page, task, all, finished);
    }

    private static void tables(Findings page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
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
                page.figure(baseline ? mae : mae.baseline(last.mae(), LAST))
                        .figure(baseline ? rmse : rmse.baseline(last.rmse(), LAST))
                        .figure(baseline ? mape : mape.baseline(100 * last.mape(), LAST));
            }
            page.table(List.of(task.ahead(horizon), "MAE", "RMSE", "MAPE", "RSE", "correlation"), rows);
        }
    }

    private static void pictures(Findings page, ForecastTask task, ForecastRun all, List<Forecasts> finished) {
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
