package dev.fathom.labs.series;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ExchangeRates;
import dev.fathom.experiments.data.RoadTraffic;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;

/**
 * Exchange rates and the speeds of a week of traffic, forecast by the last value, autoregressions and networks: errors
 * at several horizons.
 */
public final class ForecastLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The temporal convolutions", ForecastNet.Kind.TCN.body(48), 48, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ExchangeRates.SET, RoadTraffic.SET);
    }

    @Override
    public void run(Lab lab) {
        int all = Integer.MAX_VALUE;
        ForecastTask exchange = ForecastTask.exchange(lab.data(), lab.of(all, 900));
        ForecastTask traffic = ForecastTask.traffic(lab.data(), lab.of(all, 1008), lab.of(all, 8));
        lab.put("days", exchange.series().length())
                .put("currencies", exchange.columns())
                .put("steps", traffic.series().length())
                .put("sensors", traffic.columns())
                .section("What is compared");
        compare(lab, exchange, lab.epochs(12, 1));
        compare(lab, traffic, lab.epochs(10, 2));
    }

    private static void compare(Lab lab, ForecastTask task, int epochs) {
        task.put(lab.section("{title}"));
        try (ForecastRun forecasts = new ForecastRun(lab, task, epochs)) {
            forecasts.autoregression(false);
            forecasts.autoregression(true);
            for (ForecastNet.Kind kind : ForecastNet.Kind.values()) {
                forecasts.net(kind.title(), ForecastNet.of(kind, task));
            }
            forecasts.draw();
        }
    }
}
