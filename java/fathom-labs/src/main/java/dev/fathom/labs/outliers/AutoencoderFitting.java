package dev.fathom.labs.outliers;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * How auto-encoders are trained.
 *
 * @param rows of a window
 * @param columns of the series
 * @param epochs how often each window is seen
 * @param batch the number of windows in a step
 * @param adam the optimizer
 * @param clip the largest norm of the gradient
 * @param interrupt whether to come to an end
 */
record AutoencoderFitting(int rows, int columns, int epochs, int batch, Adam adam, float clip, Interrupt interrupt) {
    /**
     * Trains a model on windows [n][rows columns].
     *
     * @param beside what else a step reads of each window, [n][rows columns], or null
     * @param loss of a batch of windows x [n, rows, columns] and of what lies beside them, y
     * @return false if it was interrupted
     */
    <M extends Net> boolean train(
            Model<M> model,
            float[][] windows,
            float @Nullable [][] beside,
            BiFunction<M, Batch, Tensor> loss,
            long seed) {
        try (Dataset data = data(windows, beside)) {
            trainer(model, loss, seed).fit(batches(data, seed), epochs);
            return !interrupt.requested();
        }
    }

    /** Trains a model on windows, with the loss of windows held out after each epoch; null if it was interrupted. */
    <M extends Net> @Nullable Run validate(
            Model<M> model, float[][] windows, float[][] held, BiFunction<M, Batch, Tensor> loss, long seed) {
        try (Dataset data = data(windows, null);
                Dataset others = data(held, null)) {
            Run history = trainer(model, loss, seed).fit(batches(data, seed), others, epochs);
            return interrupt.requested() ? null : history;
        }
    }

    private Dataset data(float[][] windows, float @Nullable [][] beside) {
        Shape shape = Shape.of(rows, columns);
        List<Field> fields = new ArrayList<>();
        fields.add(Field.floats("x", shape, Averages.flat(windows)).input());
        if (beside != null) {
            fields.add(Field.floats("y", shape, Averages.flat(beside)).target());
        }
        return Dataset.of(fields.toArray(Field[]::new));
    }

    private Batches batches(Dataset data, long seed) {
        return data.shuffled(seed).batches(Math.min(batch, data.size()));
    }

    private <M extends Net> Trainer<M> trainer(Model<M> model, BiFunction<M, Batch, Tensor> loss, long seed) {
        Trainer<M> trainer = Trainer.custom(model, adam, (net, one) -> new Step.Result(loss.apply(net, one)))
                .seed(seed)
                .clipNorm(clip);
        return trainer.callbacks(interrupt.stopping());
    }
}
