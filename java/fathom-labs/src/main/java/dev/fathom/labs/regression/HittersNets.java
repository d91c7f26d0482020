package dev.fathom.labs.regression;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.Hitters;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.statistics.ForecastErrors;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The networks of the textbook's two editions: 50 units with ReLU and a dropout rate of 0.4, trained on the squared
 * error by RMSprop in batches of 32.
 *
 * @param players the players with the columns that the network of the edition sees
 * @param net makes the layers
 * @param epochs passes over the training players
 */
record HittersNets(HittersSplit split, Hitters players, Supplier<Sequential> net, Optimizer optimizer, int epochs) {
    private static final int BATCH = 32;
    private static final int HIDDEN = 50;

    /** The networks of the Python edition: columns that are not scaled, and PyTorch's initial weights. */
    static HittersNets python(Hitters all, LabRun run) {
        Hitters players = all.withoutBaselines();
        int k = players.names().size();
        return new HittersNets(
                HittersSplit.python(all.size()),
                players,
                () -> new Sequential(new Linear(k, HIDDEN).act(RELU), new Dropout(0.4f), new Linear(HIDDEN, 1)),
                new RmsProp(0.01f),
                run.epochs(50, 50));
    }

    /**
     * The networks of the R edition: R's model matrix, scaled to mean 0 and standard deviation 1 over all players, and
     * Keras's initial weights.
     */
    static HittersNets r(Hitters all, LabRun run) {
        Hitters players = scaled(all.modelMatrix());
        int k = players.names().size();
        return new HittersNets(
                HittersSplit.r(all.size()),
                players,
                () -> new Sequential(glorot(k, HIDDEN).act(RELU), new Dropout(0.4f), glorot(HIDDEN, 1)),
                new RmsProp(0.001f).alpha(0.9f).epsilon(1e-7f),
                run.epochs(1500, 600));
    }

    private static Linear glorot(int in, int out) {
        return new Linear(in, out, Init.xavierUniform()).withBias(Init.zeros());
    }

    /** Scales the columns as R's {@code scale} does, whose standard deviation has the divisor n - 1. */
    private static Hitters scaled(Hitters players) {
        int n = players.size();
        double[][] z = new double[n][players.names().size()];
        for (int j = 0; j < z[0].length; j++) {
            int column = j;
            double mean = IntStream.range(0, n)
                    .mapToDouble(i -> players.x()[i][column])
                    .average()
                    .orElseThrow();
            double squares = IntStream.range(0, n)
                    .mapToDouble(i -> players.x()[i][column] - mean)
                    .map(d -> d * d)
                    .sum();
            for (int i = 0; i < n; i++) {
                z[i][j] = (players.x()[i][j] - mean) / Math.sqrt(squares / (n - 1));
            }
        }
        return new Hitters(players.names(), z, players.y());
    }

    /** The number of parameters. */
    long parameters() {
        try (Model<Sequential> model = Model.of(net.get(), 0)) {
            return model.parameterCount();
        }
    }

    /** The mean absolute errors on the test of networks of {@code count} seeds; fewer if the run was interrupted. */
    List<Double> errors(LabRun run, int count) {
        List<Double> errors = new ArrayList<>();
        for (int i = 0; i < count && !run.interrupt().requested(); i++) {
            String folder = split.name().toLowerCase(Locale.ROOT) + "-" + (i + 1);
            Hitters training = split.training(players);
            Hitters test = split.test(players);
            try (Dataset train = Dataset.of(
                            floats(training.x()),
                            Shape.of(training.names().size()),
                            floats(new double[][] {training.y()}),
                            Shape.of(1));
                    Model<Sequential> model = Model.of(net.get(), run.seed() + i)) {
                var trainer = Trainer.of(model, Loss.mse(), optimizer).seed(run.seed() + i);
                trainer = run.training().attachQuietly(trainer, run.folder().resolve(folder));
                int done = trainer.fit(train.shuffled(run.seed() + i).batches(BATCH), epochs)
                        .epochs()
                        .size();
                if (done == epochs) {
                    errors.add(ForecastErrors.meanAbsolute(test.y(), forecast(model.net(), test)));
                    run.training()
                            .say(
                                    "Network of the %s split, %d of %d: %,d epochs, mean absolute error on the "
                                            + "test %.2f",
                                    split.name(), i + 1, count, epochs, errors.get(i));
                }
            }
        }
        return errors;
    }

    private static double[] forecast(Sequential net, Hitters test) {
        try (Pass pass = Pass.infer()) {
            return Averages.doubles(net.apply(Tensor.of(
                            floats(test.x()), test.size(), test.names().size()))
                    .toArray());
        }
    }

    private static float[] floats(double[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) rows[i / rows[0].length][i % rows[0].length];
        }
        return all;
    }
}
