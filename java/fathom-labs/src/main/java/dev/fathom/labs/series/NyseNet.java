package dev.fathom.labs.series;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Nyse;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Input;
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
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import java.util.Optional;

/**
 * A network that forecasts the volume of a day from the days before it, by the textbook's recipe: squared error,
 * RMSprop at 0.001, batches of 64.
 *
 * @param kind {@code RNN} or {@code LSTM}, which read the lags in order, with a dropout rate of 0.1 on their last
 *     state; or {@code Non-linear AR}, units with ReLU over all lags at once, with a dropout rate of 0.5
 * @param lags the number of days before
 * @param units of the hidden layer
 * @param day whether it also sees the day of the week of the day that it forecasts
 * @param epochs passes over the training days
 */
record NyseNet(String kind, int lags, int units, boolean day, int epochs) {
    /**
     * Layers that forecast from lags x [n, lags, columns] and the day of the week [n, days].
     *
     * @param dayFirst whether the day of the week is an input of the features, or else of the last layer
     */
    private record Forecaster(Layer features, boolean dayFirst, Layer out) implements Net {
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

    /** The name on pages. */
    String name() {
        return kind + (day ? ", with day of week" : "");
    }

    /** The test R2 that the textbook prints, or nothing. */
    String published() {
        return switch (name()) {
            case "Non-linear AR" -> "0.42";
            case "Non-linear AR, with day of week" -> "0.4636 to 0.4662";
            case "RNN" -> "0.4108 to 0.4172";
            case "RNN, with day of week" -> "about 0.46";
            case "LSTM" -> "up to 0.01 more than the RNN";
            default -> "";
        };
    }

    /** The network as the book draws it, without the day of the week. */
    Optional<Diagram> drawn() {
        return Experiment.drawn(
                "The " + kind,
                layers(0),
                (net, in) -> net.out.apply(net.features.apply(in[0])),
                Input.floats(1, lags, Nyse.NUMBERS.size()));
    }

    private Forecaster layers(Series series) {
        return layers(day ? Nyse.days(series).size() : 0);
    }

    private Forecaster layers(int days) {
        int k = Nyse.NUMBERS.size();
        if (kind.equals("Non-linear AR")) {
            Linear hidden = new Linear(lags * k + days, units).act(RELU);
            return new Forecaster(new Sequential(new Flatten(), hidden, new Dropout(0.5f)), true, new Linear(units, 1));
        }
        Recurrent cell = kind.equals("LSTM") ? Recurrent.lstm(k, units) : Recurrent.rnn(k, units);
        return new Forecaster(
                new Sequential(cell.biases(1).lastStep(), new Dropout(0.1f)), false, new Linear(units + days, 1));
    }

    /** The number of parameters. */
    long parameters(Series series) {
        try (Model<Forecaster> model = Model.of(layers(series), 0)) {
            return model.parameterCount();
        }
    }

    /**
     * Forecasts of the days {@code from} to {@code to} - 1, each from the true days before it, after training on the
     * days before {@code from}.
     *
     * @param number which of several networks this is, from 0
     */
    double[] forecast(Lab lab, Series series, int from, int to, int number) {
        Windows plain =
                new Windows(lags).inputs(Nyse.NUMBERS.toArray(String[]::new)).targets(Nyse.VOLUME);
        Windows windows = day ? plain.known(Nyse.days(series).toArray(String[]::new)) : plain;
        long seed = lab.seed() + number;
        try (Dataset train = windows.dataset(series, t -> t < from);
                Dataset test = windows.dataset(series, t -> t >= from && t < to);
                Model<Forecaster> model = Model.of(layers(series), seed)) {
            var trainer = Trainer.custom(
                            model,
                            new RmsProp(0.001f),
                            (n, batch) -> new Step.Result(Loss.mse().of(n.forecast(batch, day), batch.y())))
                    .seed(seed);
            String checkpoints = String.join("-", name(), lags + "", units + "", epochs + "", from + "", number + "");
            lab.quietly(checkpoints, trainer, train.shuffled(seed).batches(64), epochs);
            return Averages.doubles(
                    model.predict(test, (n, batch) -> n.forecast(batch, day)).values());
        }
    }
}
