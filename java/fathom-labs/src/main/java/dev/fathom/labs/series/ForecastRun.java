package dev.fathom.labs.series;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.training.Training;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.series.Series;
import dev.fathom.series.Standardization;
import dev.fathom.series.Windows;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.EarlyStopping;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The forecasts of one {@link ForecastTask}: each model is fitted on the training rows and chosen on the validation
 * rows.
 */
public final class ForecastRun {
    private static final int[] ORDERS = {1, 2, 3, 6, 12};
    private static final int PATIENCE = 3;
    private static final float RATE = 2e-3f;

    private final ForecastTask task;
    private final LabRun run;
    private final int epochs;
    private final Standardization scale;
    private final Series scaled;

    /** Trains networks for at most {@code epochs}. */
    public ForecastRun(ForecastTask task, LabRun run, int epochs) {
        this.task = task;
        this.run = run;
        this.epochs = epochs;
        scale = scale(task);
        scaled = scale.apply(task.series());
    }

    /** The forecasts of models, one after the other, until the run is interrupted. */
    public List<Forecasts> finished(List<Supplier<@Nullable Forecasts>> models) {
        List<Forecasts> finished = new ArrayList<>();
        for (Supplier<@Nullable Forecasts> model : models) {
            Forecasts forecasts = run.interrupt().requested() ? null : model.get();
            if (forecasts == null) {
                break;
            }
            finished.add(forecasts);
        }
        return finished;
    }

    /**
     * The forecasts of a model.
     *
     * @param name such as {@code AR(3)}
     * @param how how the model was chosen
     * @param parameters the parameters of an equation or a network
     * @param seconds the time to fit and to choose the model
     * @param test the forecasts [horizon][test origin][column], in the series' own unit
     */
    public record Forecasts(String name, String how, long parameters, double seconds, double[][][] test) {}

    /**
     * Scales by the standard deviation of the training rows or, for a random walk, by the root mean square of their
     * changes.
     */
    private static Standardization scale(ForecastTask task) {
        if (!task.randomWalk()) {
            return Standardization.fit(task.series().take(0, task.validation()));
        }
        List<String> columns = task.series().columns();
        List<Double> means = new ArrayList<>();
        List<Double> changes = new ArrayList<>();
        for (String column : columns) {
            double[] values = task.series().values(column);
            means.add(Arrays.stream(values, 0, task.validation()).average().orElse(0));
            changes.add(Math.sqrt(IntStream.range(1, task.validation())
                    .mapToDouble(t -> Math.pow(values[t] - values[t - 1], 2))
                    .average()
                    .orElse(1)));
        }
        return new Standardization(columns, means, changes);
    }

    private double original(int column, double value) {
        return scale.original(task.series().columns().get(column), value);
    }

    // ---- without training

    /** Repeats the last row before each origin. */
    public Forecasts lastValue() {
        int[] origins = task.testOrigins();
        double[][] last = Arrays.stream(origins).mapToObj(o -> task.truth(o, 0)).toArray(double[][]::new);
        double[][][] all = new double[task.horizons().length][][];
        Arrays.fill(all, last);
        return new Forecasts("Last value", "repeats the last row", 0, 0, all);
    }

    // ---- least squares

    /**
     * The autoregression whose number of lags has the smallest absolute error on the validation rows; null if the run
     * was interrupted.
     */
    public @Nullable Forecasts autoregression(boolean vector) {
        long began = System.nanoTime();
        List<List<Integer>> own =
                IntStream.range(0, task.columns()).mapToObj(List::of).toList();
        List<List<Integer>> sources = vector ? task.sources() : own;
        Autoregression best = null;
        double smallest = Double.POSITIVE_INFINITY;
        StringBuilder tried = new StringBuilder();
        for (int order : run.brief() ? new int[] {1, 3} : ORDERS) {
            int widest = sources.stream().mapToInt(List::size).max().orElse(1);
            if (order > task.lags() || order * widest > task.validation() / 2) {
                continue; // as many parameters as rows would fit them all
            }
            if (run.interrupt().requested()) {
                return null;
            }
            Autoregression fit = Autoregression.fit(scaled, task.validation(), order, sources);
            double error = error(fit, task.validationOrigins());
            run.training().say("%s(%d): validation error %.4f", vector ? "VAR" : "AR", order, error);
            tried.append(line("%s%d: %.4f", tried.isEmpty() ? "" : ", ", order, error));
            if (error < smallest) {
                smallest = error;
                best = fit;
            }
        }
        if (best == null) {
            throw new IllegalArgumentException(line(
                    "forecast: %,d training rows are too few for an autoregression of %d columns; give a longer series",
                    task.validation(), task.columns()));
        }
        String name = line("%s(%d)", vector ? "VAR" : "AR", best.order());
        double[][][] forecasts = forecasts(best, task.testOrigins());
        for (double[][] horizon : forecasts) {
            for (double[] row : horizon) {
                Arrays.setAll(row, c -> original(c, row[c]));
            }
        }
        return new Forecasts(
                name,
                "number of lags by validation error (" + tried + ")",
                best.parameters(),
                (System.nanoTime() - began) / 1e9,
                forecasts);
    }

    /** In scaled units, [horizon][origin][column]. */
    private double[][][] forecasts(Autoregression fit, int[] origins) {
        double[][][] all = new double[task.horizons().length][origins.length][task.columns()];
        for (int o = 0; o < origins.length; o++) {
            float[][] steps = fit.forecast(scaled, origins[o], task.farthest());
            for (int h = 0; h < all.length; h++) {
                float[] step = steps[task.horizons()[h] - 1];
                for (int c = 0; c < step.length; c++) {
                    all[h][o][c] = step[c];
                }
            }
        }
        return all;
    }

    private double error(Autoregression fit, int[] origins) {
        double[][][] forecasts = forecasts(fit, origins);
        List<double[]> columns = scaled.columns().stream().map(scaled::values).toList();
        double sum = 0;
        long n = 0;
        for (int h = 0; h < forecasts.length; h++) {
            for (int o = 0; o < origins.length; o++) {
                int row = origins[o] - 1 + task.horizons()[h];
                for (int c = 0; c < task.columns(); c++) {
                    if (task.measured()[row][c]) {
                        sum += Math.abs(forecasts[h][o][c] - columns.get(c)[row]);
                        n++;
                    }
                }
            }
        }
        return sum / n;
    }

    // ---- networks

    /** The windows for training, validation and the test. */
    public List<Dataset> parts() {
        String[] columns = task.series().columns().toArray(String[]::new);
        return new Windows(task.lags())
                .horizons(task.horizons())
                .inputs(columns)
                .targets(columns)
                .known(task.masks().toArray(String[]::new))
                .split(task.masked(scaled), task.validation(), task.test());
    }

    /**
     * Trains a network of a kind and keeps the epoch with the smallest validation error; null if the run was
     * interrupted.
     */
    public @Nullable Forecasts net(ForecastNet.Kind kind, List<Dataset> parts) {
        return net(kind.title(), ForecastNet.of(kind, task), parts);
    }

    /**
     * Trains a network and keeps the epoch with the smallest validation error; null if the run was interrupted.
     *
     * @param layers maps windows [n, lags, columns] to forecasts [n, horizons * columns]
     */
    public @Nullable Forecasts net(String title, Layer layers, List<Dataset> parts) {
        Path folder = run.folder().resolve(task.name() + "-" + Training.fileName(title));
        run.training().say("%n== %s, %s", task.title(), title);
        try (Model<Layer> model = Model.of(layers, run.seed())) {
            var trainer = Trainer.custom(model, new Adam(RATE), ForecastRun::step)
                    .clipNorm(1)
                    .seed(run.seed())
                    .keepBest()
                    .callbacks(new EarlyStopping(PATIENCE));
            trainer = run.training().attach(trainer, folder, "windows");
            Run history = trainer.fit(
                    parts.get(0).shuffled(run.seed()).batches(batch(parts.get(0))),
                    parts.get(1).batches(batch(parts.get(1))),
                    epochs);
            EpochLog best = history.best();
            if (best == null || run.interrupt().requested()) {
                return null;
            }
            return new Forecasts(
                    title,
                    line(
                            "epoch %d of %d by validation loss",
                            best.epoch(), history.epochs().size()),
                    model.parameterCount(),
                    history.seconds(),
                    forecasts(model.net(), parts.get(2)));
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

    /** The batch size: some thousand sequences at a time, as each column is one. */
    public int batch(Dataset data) {
        return Math.min(data.size(), Math.max(16, Math.min(64, 3300 / task.columns())));
    }

    private double[][][] forecasts(Layer net, Dataset data) {
        int horizons = task.horizons().length;
        int columns = task.columns();
        double[][][] all = new double[horizons][data.size()][columns];
        Batches.Epoch batches = data.batches(batch(data)).epoch(0);
        int done = 0;
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                var batch = batches.next();
                float[] y = net.apply(batch.x()).toArray();
                for (int i = 0; i < y.length; i++) {
                    int c = i % columns;
                    all[i / columns % horizons][done + i / columns / horizons][c] = original(c, y[i]);
                }
                done += batch.size();
            }
        }
        return all;
    }

    // ---- scores

    /** The true rows of the test origins at a horizon. */
    public double[][] truths(int horizon) {
        return Arrays.stream(task.testOrigins())
                .mapToObj(o -> task.truth(o, horizon))
                .toArray(double[][]::new);
    }

    /** The scores at horizon number {@code h}. */
    public ForecastScores scores(Forecasts forecasts, int h) {
        int horizon = task.horizons()[h];
        boolean[][] known = Arrays.stream(task.testOrigins())
                .mapToObj(o -> task.measured()[o - 1 + horizon])
                .toArray(boolean[][]::new);
        return ForecastScores.of(forecasts.test()[h], truths(horizon), known);
    }
}
