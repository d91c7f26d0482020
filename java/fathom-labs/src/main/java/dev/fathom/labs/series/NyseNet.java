package dev.fathom.labs.series;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.Nyse;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.RmsProp;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.series.Series;
import dev.fathom.series.Windows;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * A network that forecasts the volume of a day from the days before it, by the textbook's recipe: squared error,
 * RMSprop at 0.001, batches of 64.
 *
 * @param name the name on pages
 * @param folder the beginning of the names of its checkpoint folders
 * @param lags the number of days before
 * @param day whether it also sees the day of the week of the day that it forecasts
 * @param epochs passes over the training days
 * @param net makes its layers from the number of columns of the day of the week, which is 0 if it does not see them
 */
record NyseNet(String name, String folder, int lags, boolean day, int epochs, IntFunction<Forecaster> net) {
    private static final int BATCH = 64;

    /**
     * Layers that forecast from lags x [n, lags, columns] and the day of the week [n, days].
     *
     * @param dayFirst whether the day of the week is an input of the features, or else of the last layer
     */
    record Forecaster(Layer features, boolean dayFirst, Layer out) implements Net {
        Tensor forecast(Batch batch, boolean day) {
            Tensor x = batch.x();
            if (!day) {
                return out.apply(features.apply(x));
            }
            Tensor known = batch.get("known");
            return dayFirst
                    ? out.apply(features.apply(Tensor.concat(1, x.reshape(x.dim(0), x.dim(1) * x.dim(2)), known)))
                    : out.apply(Tensor.concat(1, features.apply(x), known));
        }
    }

    /** 32 units with ReLU over all lags at once, with a dropout rate of 0.5. */
    static NyseNet nonLinear(int lags, boolean day, int epochs) {
        int inputs = lags * Nyse.NUMBERS.size();
        return new NyseNet(
                "Non-linear AR",
                "nonlinear",
                lags,
                day,
                epochs,
                days -> new Forecaster(
                        new Sequential(new Flatten(), new Linear(inputs + days, 32).act(RELU), new Dropout(0.5f)),
                        true,
                        new Linear(32, 1)));
    }

    /**
     * A recurrent layer of {@code units} that reads the lags in order, with a dropout rate of 0.1 on its last state.
     */
    static NyseNet recurrent(String name, int lags, int units, boolean day, int epochs) {
        int k = Nyse.NUMBERS.size();
        Recurrent cell = name.equals("LSTM") ? Recurrent.lstm(k, units) : Recurrent.rnn(k, units);
        return new NyseNet(
                name,
                name.toLowerCase(Locale.ROOT) + "-" + lags + "-" + units,
                lags,
                day,
                epochs,
                days -> new Forecaster(
                        new Sequential(cell.biases(1).lastStep(), new Dropout(0.1f)),
                        false,
                        new Linear(units + days, 1)));
    }

    /** The number of parameters. */
    long parameters(Series series) {
        try (Model<Forecaster> model = Model.of(layers(series), 0)) {
            return model.parameterCount();
        }
    }

    private Forecaster layers(Series series) {
        return net.apply(day ? Nyse.days(series).size() : 0);
    }

    private Windows windows(Series series) {
        Windows windows =
                new Windows(lags).inputs(Nyse.NUMBERS.toArray(String[]::new)).targets(Nyse.VOLUME);
        return day ? windows.known(Nyse.days(series).toArray(String[]::new)) : windows;
    }

    /**
     * Forecasts of the days {@code from} to {@code to} - 1, each from the true days before it, after training on the
     * days before {@code from}; empty if the run was interrupted.
     *
     * @param seed which of several networks this is, from 0
     * @param part what the forecast is for, such as {@code test}, in the name of its checkpoint folder
     */
    Optional<double[]> forecast(LabRun run, Series series, int from, int to, int seed, String part) {
        try (Dataset train = windows(series).dataset(series, t -> t < from);
                Dataset test = windows(series).dataset(series, t -> t >= from && t < to);
                Model<Forecaster> model = Model.of(layers(series), run.seed() + seed)) {
            var trainer = Trainer.custom(
                            model,
                            new RmsProp(0.001f),
                            (n, batch) -> new Step.Result(Loss.mse().of(n.forecast(batch, day), batch.y())))
                    .seed(run.seed() + seed);
            String checkpoints = part + "-" + folder + (day ? "-day" : "") + "-" + (seed + 1);
            trainer = run.training().attachQuietly(trainer, run.folder().resolve(checkpoints));
            int done = trainer.fit(train.shuffled(run.seed() + seed).batches(BATCH), epochs)
                    .epochs()
                    .size();
            return done < epochs ? Optional.empty() : Optional.of(forecast(model.net(), test));
        }
    }

    private double[] forecast(Forecaster trained, Dataset test) {
        double[] forecast = new double[test.size()];
        int at = 0;
        for (Batches.Epoch batches = test.batches(Math.min(1000, test.size())).epoch(0); batches.hasNext(); ) {
            try (Pass pass = Pass.infer()) {
                for (float y : trained.forecast(batches.next(), day).toArray()) {
                    forecast[at++] = y;
                }
            }
        }
        return forecast;
    }
}
