package dev.fathom.bench;

import dev.fathom.nn.Model;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** {@link Steps} of Fathom. */
@SuppressWarnings("try") // a pass is open, not read
abstract class TrainingSteps extends Steps {
    private final List<KeptTensor> kept = new ArrayList<>();
    private final Rng rng = new Rng(1);

    @SuppressWarnings("NullAway.Init") // begin sets it
    private Model<?> model;

    @SuppressWarnings("NullAway.Init") // begin sets it
    private BoundOptimizer optimizer;

    /** The loss of a batch, in the pass of a step. */
    abstract Tensor loss(int batch);

    /** A tensor that lives until the end. */
    KeptTensor keep(Supplier<Tensor> made) {
        try (Pass pass = Pass.infer()) {
            KeptTensor tensor = made.get().keep();
            kept.add(tensor);
            return tensor;
        }
    }

    /** Takes the first {@code tell} steps and tells their losses. */
    void begin(Model<?> trained, BoundOptimizer by, int ofBatches, int tell) {
        model = trained;
        optimizer = by;
        begin(ofBatches, tell);
    }

    @Override
    protected void train(int batch) {
        try (Pass pass = Pass.train(rng)) {
            train(pass, batch);
        }
    }

    @Override
    protected double read(int batch) {
        try (Pass pass = Pass.train(rng)) {
            return train(pass, batch).item();
        }
    }

    private Tensor train(Pass pass, int batch) {
        Tensor loss = loss(batch);
        pass.backward(loss);
        optimizer.step();
        return loss;
    }

    @Override
    protected void end() {
        kept.forEach(KeptTensor::close);
        optimizer.close();
        model.close();
    }
}
