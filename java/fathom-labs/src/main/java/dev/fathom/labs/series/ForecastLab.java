package dev.fathom.labs.series;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.series.ForecastRun.Forecasts;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Exchange rates and the speeds of a week of traffic, forecast by the last value, autoregressions and networks: errors
 * at several horizons.
 */
public final class ForecastLab implements OldExperiment {
    @Override
    public String name() {
        return "forecast";
    }

    @Override
    public Findings run(LabRun run) {
        ForecastTask exchange = ForecastTask.exchange(run.data(), run.of(Integer.MAX_VALUE, 900));
        ForecastTask traffic =
                ForecastTask.traffic(run.data(), run.of(Integer.MAX_VALUE, 1008), run.of(Integer.MAX_VALUE, 8));
        Findings page = run.page(
                "Lab forecast",
                line(
                        "%s: %,d days of %d; %s: %,d steps of %d sensors",
                        exchange.title(),
                        exchange.series().length(),
                        exchange.columns(),
                        traffic.title(),
                        traffic.series().length(),
                        traffic.columns()));
        about(page);
        boolean finished =
                compare(run, page, exchange, run.epochs(12, 1)) && compare(run, page, traffic, run.epochs(10, 2));
        return finished ? page.finished() : page;
    }

    private static void about(Findings page) {
        page.section("What is compared", "")
                .text("Each forecast is made from rows that are known at its time. The last value repeats the "
                        + "last row. AR and VAR are fitted by least "
                        + "squares one step ahead and continue from their own forecasts; AR forecasts a "
                        + "column from its own last rows, VAR from "
                        + "those of several columns. LSTM, TCN and Transformer are each one network for "
                        + "all columns, which forecasts all horizons "
                        + "at once as changes from the last row and minimizes the absolute error. The "
                        + "number of lags and the epoch are chosen on "
                        + "validation rows, which lie between the training and the test rows. The test "
                        + "rows are used once.")
                .text("MAE and RMSE are in the unit of the series, and MAPE is relative to the true value. RSE "
                        + "is the root of the squared error relative "
                        + "to that of the mean, and the correlation is the mean over columns, as Lai et "
                        + "al. (2018) define them. No published figures "
                        + "exist for this setting, so the last value, which is computed here, is the "
                        + "baseline.");
    }

    /** All forecasts of a task, its tables and pictures; false if the run was interrupted. */
    private static boolean compare(LabRun run, Findings page, ForecastTask task, int epochs) {
        ForecastRun all = new ForecastRun(task, run, epochs);
        List<Dataset> parts = all.parts();
        try {
            page.section(task.title(), "").text(ForecastTables.split(task));
            if (!task.randomWalk()) {
                double daily = 24.0 * 60 / task.unitsPerStep(); // steps
                page.text(line(
                        "One week is not comparable with published results on METR-LA, which has 34,272 steps "
                                + "over four months: here the networks train on "
                                + "%.1f days, and the test has %.1f.",
                        task.validation() / daily, (task.series().length() - task.test()) / daily));
            }
            List<Supplier<@Nullable Forecasts>> models = new ArrayList<>(
                    List.of(all::lastValue, () -> all.autoregression(false), () -> all.autoregression(true)));
            for (ForecastNet.Kind kind : ForecastNet.Kind.values()) {
                models.add(() -> all.net(kind, parts));
            }
            List<Forecasts> finished = all.finished(models);
            if (finished.size() > 1) {
                run.out().println();
                ForecastTables.show(page, task, all, finished);
            }
            return finished.size() == models.size();
        } finally {
            parts.forEach(Dataset::close);
        }
    }
}
