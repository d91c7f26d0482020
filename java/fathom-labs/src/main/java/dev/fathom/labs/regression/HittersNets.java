package dev.fathom.labs.regression;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Regression;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Hitters;
import dev.fathom.experiments.data.HittersSplit;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.function.Supplier;

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
    static HittersNets python(Hitters all, Lab lab) {
        Hitters players = all.withoutBaselines();
        int k = players.names().size();
        return new HittersNets(
                HittersSplit.python(all.size()), players, () -> network(k), new RmsProp(0.01f), lab.epochs(50, 50));
    }

    /** One with PyTorch's initial weights. */
    static Sequential network(int columns) {
        return new Sequential(new Linear(columns, HIDDEN).act(RELU), new Dropout(0.4f), new Linear(HIDDEN, 1));
    }

    /**
     * The networks of the R edition: R's model matrix, scaled to mean 0 and standard deviation 1 over all players, and
     * Keras's initial weights.
     */
    static HittersNets r(Hitters all, Lab lab) {
        Hitters players = all.modelMatrix().scaled();
        int k = players.names().size();
        return new HittersNets(
                HittersSplit.r(all.size()),
                players,
                () -> new Sequential(glorot(k, HIDDEN).act(RELU), new Dropout(0.4f), glorot(HIDDEN, 1)),
                new RmsProp(0.001f).alpha(0.9f).epsilon(1e-7f),
                lab.epochs(1500, 600));
    }

    private static Linear glorot(int in, int out) {
        return new Linear(in, out, Init.xavierUniform()).withBias(Init.zeros());
    }

    /** The number of parameters. */
    long parameters() {
        try (Model<Sequential> model = Model.of(net.get(), 0)) {
            return model.parameterCount();
        }
    }

    /** The mean absolute errors on the test of networks of {@code count} seeds. */
    double[] errors(Lab lab, int count) {
        Hitters training = split.training(players);
        Hitters test = split.test(players);
        return Averages.each(count, i -> {
            long seed = lab.seed() + i;
            try (Dataset train = training.dataset();
                    Model<Sequential> model = Model.of(net.get(), seed);
                    Pass pass = Pass.infer()) {
                lab.quietly(
                        split.name() + "-" + (i + 1),
                        Trainer.of(model, Loss.mse(), optimizer).seed(seed),
                        train.shuffled(seed).batches(BATCH),
                        epochs);
                Tensor said = model.net().apply(test.features());
                double error = Regression.of(test.y(), Averages.doubles(said.toArray()))
                        .mae();
                lab.say(
                        "Network of the %s split, %d of %d: %,d epochs, mean absolute error on the test %.2f",
                        split.name(), i + 1, count, epochs, error);
                return error;
            }
        });
    }
}
