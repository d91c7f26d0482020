package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Steps on a copy of a model, of which nothing stays but what the losses tell. */
final class Rehearsal<M extends Net> implements AutoCloseable {
    private final Trainer<M> trainer;
    private final Batches batches;
    private final int firstEpoch;
    private final boolean penalized;
    private final BoundOptimizer optimizer;
    private final KeptState carried = new KeptState();
    private Batches.Epoch epoch;
    private int number;
    private LossAndGradient evaluation = () -> Double.NaN;

    /** {@code penalized} says whether the penalties on weights are a part of the loss. */
    Rehearsal(Trainer<M> trainer, Batches batches, int firstEpoch, boolean penalized) {
        this.batches = batches;
        this.firstEpoch = firstEpoch;
        this.penalized = penalized;
        number = firstEpoch;
        epoch = batches.epoch(firstEpoch);
        Model<M> copy = trainer.model.copy();
        this.trainer = trainer.model(copy);
        try {
            optimizer = this.trainer.optimizer();
        } catch (RuntimeException | Error e) {
            copy.close();
            throw e;
        }
    }

    /**
     * The loss of a batch, one epoch after another, with its gradients, unless it is not finite.
     *
     * @param open makes the pass, with the same random numbers each time
     * @param change of the batch
     */
    double loss(int batch, Supplier<Pass> open, UnaryOperator<Batch> change) {
        int wanted = firstEpoch + batch / batches.steps();
        if (number != wanted) {
            number = wanted;
            epoch = batches.epoch(wanted);
        }
        Batches.Epoch now = epoch;
        evaluation = () -> {
            try (Pass pass = open.get()) {
                Step.Result result = trainer.run(change.apply(now.batch(batch % batches.steps())), carried.state());
                carried.keep(result.state());
                Tensor loss = penalized ? trainer.penalized(result.loss()) : result.loss();
                double value = loss.item();
                if (Double.isFinite(value)) {
                    pass.backward(loss, trainer.model);
                }
                return value;
            }
        };
        return evaluation.compute();
    }

    /** Takes the step of the last {@link #loss}. */
    void step() {
        optimizer.step(evaluation);
    }

    void step(float rate) {
        optimizer.learningRate(rate);
        step();
    }

    @Override
    public void close() {
        carried.close();
        optimizer.close();
        trainer.model.close();
    }
}
