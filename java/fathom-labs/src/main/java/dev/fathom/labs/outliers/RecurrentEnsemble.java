package dev.fathom.labs.outliers;

import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Ensembles of recurrent auto-encoders (Kieu et al. 2019). Each member has connections of its own that skip steps; its
 * error at a row is the mean over the windows that contain the row.
 *
 * @param cell the connections
 * @param fitting how members are trained
 * @param learned the windows to train on
 * @param asked the windows to score
 * @param seed of weights, connections and the order of windows
 */
record RecurrentEnsemble(Cell cell, AutoencoderFitting fitting, Sliding learned, Sliding asked, long seed) {
    /** The weight of the L1 norm of the shared code. */
    private static final float SPARSITY = 1e-5f;

    /** Members that know nothing of each other, trained one after the other; null if it was interrupted. */
    @Nullable
    ReconstructionErrors independent(LabeledSeries series, int members) {
        double[][] errors = new double[members][];
        for (int m = 0; m < members; m++) {
            try (Model<RecurrentAutoencoder> model = member(series, m)) {
                if (model == null) {
                    return null;
                }
                errors[m] = errors(series, model.net());
            }
        }
        return new ReconstructionErrors(errors);
    }

    /**
     * The errors after each epoch with which the first member reconstructs windows of the test rows, as far apart as
     * those that it learns from; null if it was interrupted.
     */
    @Nullable
    Run tried(LabeledSeries series) {
        Rng rng = new Rng(seed).split(0);
        try (Model<RecurrentAutoencoder> model =
                Model.of(RecurrentAutoencoder.of(series.columns(), cell, rng), rng.seed())) {
            return fitting.validate(
                    model,
                    learned.of(series.training()),
                    learned.of(series.test()),
                    (net, batch) -> error(net.again(batch.x()), batch.x()),
                    rng.seed());
        }
    }

    /** A trained member; null if it was interrupted. */
    @Nullable
    Model<RecurrentAutoencoder> member(LabeledSeries series, int number) {
        Rng rng = new Rng(seed).split(number);
        Model<RecurrentAutoencoder> model = Model.of(RecurrentAutoencoder.of(series.columns(), cell, rng), rng.seed());
        boolean done = false;
        try {
            done = fitting.train(
                    model,
                    learned.of(series.training()),
                    null,
                    (net, batch) -> error(net.again(batch.x()), batch.x()),
                    rng.seed());
            return done ? model : null;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    /** Members that share one code; null if it was interrupted. */
    @Nullable
    ReconstructionErrors shared(LabeledSeries series, int members) {
        Rng rng = new Rng(seed).split("shared");
        SharedAutoencoders net = SharedAutoencoders.of(IntStream.range(0, members)
                .mapToObj(m -> RecurrentAutoencoder.of(series.columns(), cell, new Rng(seed).split(m)))
                .toList());
        try (Model<SharedAutoencoders> model = Model.of(net, rng.seed())) {
            boolean done = fitting.train(
                    model,
                    learned.of(series.training()),
                    null,
                    (n, batch) -> {
                        Tensor code = n.code(batch.x());
                        Tensor sum = code.abs().sum().mul(SPARSITY / batch.size());
                        for (Tensor again : n.rows(code, batch.x().dim(1))) {
                            sum = sum.add(error(again, batch.x())); // each squared for itself, and then added up
                        }
                        return sum;
                    },
                    rng.seed());
            return done
                    ? ReconstructionErrors.of(
                            asked,
                            series.test(),
                            x -> model.net().rows(model.net().code(x), x.dim(1)))
                    : null;
        }
    }

    private static Tensor error(Tensor again, Tensor x) {
        return again.sub(x).square().mean();
    }

    /** A member's squared error at each test row. */
    double[] errors(LabeledSeries series, RecurrentAutoencoder net) {
        return ReconstructionErrors.of(asked, series.test(), x -> List.of(net.again(x)))
                .squares()[0];
    }
}
