package dev.fathom.labs.series;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.series.Series;
import dev.fathom.series.Standardization;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EarlyStopping;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The forecasts of one {@link ForecastTask} by several models, each fitted on the training rows and chosen on the
 * validation rows, in the tables {@code models} and {@code errors} of a section. The first model repeats the last row.
 */
public final class ForecastRun implements AutoCloseable {
    private static final String LAST = "Last value";

    private final Lab lab;
    private final ForecastTask task;
    private final int epochs;
    private final Standardization scale;
    private final List<Dataset> parts;
    private final Table models;
    private final Table errors;
    private final Map<String, double[][][]> forecasts = new LinkedHashMap<>();
    private final Map<String, Table.Row> rows = new LinkedHashMap<>();

    /** Trains networks for at most {@code epochs}. */
    public ForecastRun(Lab lab, ForecastTask task, int epochs) {
        this.lab = lab;
        this.task = task;
        this.epochs = epochs;
        scale = task.scale();
        parts = task.parts();
        models = lab.table("models", "model");
        errors = lab.table("errors", "model and horizon").named(task.title() + ", {row}, {column}");
        double[][] last = truths(0);
        add(
                LAST,
                "repeats the last row",
                0,
                0,
                IntStream.of(task.horizons()).mapToObj(h -> last).toArray(double[][][]::new));
    }

    /** Adds a model with its forecasts [horizon][test origin][column], in the series' own unit. */
    private void add(String name, String how, long parameters, double seconds, double[][][] made) {
        models.row(name)
                .cell("parameters", parameters)
                .cell("seconds", "%.1f", seconds)
                .cell("how it was chosen", how);
        forecasts.put(name, made);
        for (int h = 0; h < made.length; h++) {
            int horizon = task.horizons()[h];
            boolean[][] known = Arrays.stream(task.testOrigins())
                    .mapToObj(o -> task.measured()[o - 1 + horizon])
                    .toArray(boolean[][]::new);
            ForecastScores s = ForecastScores.of(made[h], truths(horizon), known);
            Table.Row row = errors.row(name + ", " + task.ahead(horizon))
                    .put("MAE", "%.4f", s.mae())
                    .put("RMSE", "%.4f", s.rmse())
                    .put("MAPE", "%.2f %%", 100 * s.mape())
                    .cell("RSE", "%.4f", s.rse())
                    .cell("correlation", "%.4f", s.correlation());
            rows.put(row.name(), row);
            for (String error : name.equals(LAST) ? List.<String>of() : List.of("MAE", "RMSE", "MAPE")) {
                row.baseline(error, error(LAST, horizon, error), "last value");
            }
        }
    }

    /** An error of a model so many steps ahead. */
    public double error(String model, int horizon, String error) {
        return Objects.requireNonNull(rows.get(model + ", " + task.ahead(horizon)))
                .get(error);
    }

    /** The names of the models so far. */
    public List<String> models() {
        return List.copyOf(forecasts.keySet());
    }

    private double original(int column, double value) {
        return scale.original(task.series().columns().get(column), value);
    }

    private double[][] truths(int horizon) {
        return Arrays.stream(task.testOrigins())
                .mapToObj(o -> task.truth(o, horizon))
                .toArray(double[][]::new);
    }

    /** Adds the autoregression whose number of lags has the smallest error on the validation rows. */
    public void autoregression(boolean vector) {
        lab.check();
        long began = System.nanoTime();
        Series scaled = scale.apply(task.series());
        var chosen = ChosenAutoregression.among(lab.of(List.of(1, 2, 3, 6, 12), List.of(1, 3)), task, scaled, vector);
        double[][][] made = ChosenAutoregression.forecasts(chosen.best(), task, scaled, task.testOrigins());
        for (double[][] horizon : made) {
            for (double[] row : horizon) {
                Arrays.setAll(row, c -> original(c, row[c]));
            }
        }
        String tried = chosen.errors().entrySet().stream()
                .map(e -> Findings.line("%d: %.4f", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        add(
                vector ? "VAR" : "AR",
                Findings.line("order %d by validation error (%s)", chosen.best().order(), tried),
                chosen.best().parameters(),
                (System.nanoTime() - began) / 1e9,
                made);
    }

    /**
     * Trains a network, keeps the epoch with the smallest validation error, and adds it.
     *
     * @param layers maps windows [n, lags, columns] to forecasts [n, horizons * columns]
     */
    public void net(String title, Layer layers) {
        net(title, layers, lab.seed());
    }

    /**
     * Trains a network whose first weights {@code seed} decides, keeps the epoch with the smallest validation error,
     * and adds it.
     *
     * @param layers maps windows [n, lags, columns] to forecasts [n, horizons * columns]
     */
    public void net(String title, Layer layers, long seed) {
        try (Model<Layer> model = Model.of(layers, seed)) {
            var trainer = Trainer.custom(model, new Adam(2e-3f), ForecastRun::step)
                    .clipNorm(1)
                    .keepBest()
                    .callbacks(new EarlyStopping(3));
            Dataset learn = parts.get(0);
            String name = task.title() + ", " + title;
            Run history = lab.train(name, "windows", trainer, learn, batch(learn), parts.get(1), epochs);
            EpochLog best = Objects.requireNonNull(history.best());
            int done = history.epochs().size();
            add(
                    title,
                    Findings.line("epoch %d of %d by validation loss", best.epoch(), done),
                    model.parameterCount(),
                    history.seconds(),
                    forecasts(model));
        }
    }

    /** The mean absolute error over the values that were measured. */
    public static Step.Result step(Layer net, Batch batch) {
        return new Step.Result(loss(net.apply(batch.x()), batch));
    }

    /** The mean absolute error of forecasts [n, horizons * columns] over the values that were measured. */
    public static Tensor loss(Tensor forecasts, Batch batch) {
        Tensor known = batch.get("known");
        return forecasts.sub(batch.y()).abs().mul(known).sum().div(known.sum().add(1e-6f));
    }

    /** Some thousand sequences at a time, as each column is one. */
    private int batch(Dataset data) {
        return Math.min(data.size(), Math.max(16, Math.min(64, 3300 / task.columns())));
    }

    private double[][][] forecasts(Model<Layer> model) {
        int horizons = task.horizons().length;
        int columns = task.columns();
        double[][][] all = new double[horizons][parts.get(2).size()][columns];
        float[] y = model.predict(parts.get(2)).values();
        for (int i = 0; i < y.length; i++) {
            int c = i % columns;
            all[i / columns % horizons][i / columns / horizons][c] = original(c, y[i]);
        }
        return all;
    }

    /** Draws the errors of all models, and their forecasts of the column that varies most. */
    public void draw() {
        List<String> places = IntStream.of(task.horizons())
                .mapToObj(h -> Integer.toString(h * task.unitsPerStep()))
                .toList();
        Map<String, double[]> mape = new LinkedHashMap<>();
        models().forEach(m -> mape.put(m, Averages.each(places.size(), i -> error(m, task.horizons()[i], "MAPE"))));
        lab.curves(
                task.name() + "-errors.png", "MAPE in percent, " + task.name(), task.unit() + " ahead", places, mape);
        double[][] truth = truths(task.farthest());
        int column = widest(truth);
        int shown = Math.min(task.randomWalk() ? 500 : 288, truth.length);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("truth", curve(truth, column, shown));
        forecasts.forEach((name, made) -> curves.put(name, curve(made[made.length - 1], column, shown)));
        curves.remove(LAST);
        String figure = task.series().columns().get(column) + ", " + task.ahead(task.farthest()) + " ahead";
        lab.put("figure", figure).curves(task.name() + "-truth.png", figure, "forecast of the test", curves);
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
        return Averages.highest(0, spread.length, c -> spread[c]);
    }

    private static double[][] curve(double[][] rows, int column, int shown) {
        return new double[][] {
            IntStream.range(0, shown).mapToDouble(i -> i).toArray(),
            IntStream.range(0, shown).mapToDouble(i -> rows[i][column]).toArray()
        };
    }

    @Override
    public void close() {
        parts.forEach(Dataset::close);
    }
}
