package dev.fathom.bench.torch;

import dev.fathom.bench.Steps;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** {@link Steps} in PyTorch. */
@SuppressWarnings("try") // scopes are closed, not used
abstract class TorchSteps extends Steps {
    /** A tensor of these numbers. */
    static Tensor tensor(float[] values, long... shape) {
        try (FloatPointer p = new FloatPointer(values)) {
            return torch.from_blob(p, shape).clone();
        }
    }

    /** A tensor of these indices. */
    static Tensor tensor(int[] values) {
        return torch.tensor(Arrays.stream(values).asLongStream().toArray());
    }

    private Optimizer optimizer;

    /**
     * Denormals are zeros, as they are in Fathom's kernels: gradients that vanish would make PyTorch several times as
     * slow on an Intel core.
     */
    TorchSteps() {
        Context.setFlushDenormal(true);
    }

    /** The loss of a batch. */
    abstract Tensor loss(int batch);

    /** Takes the first {@code tell} steps and tells their losses. */
    void begin(Optimizer by, int ofBatches, int tell) {
        optimizer = by;
        begin(ofBatches, tell);
    }

    @Override
    protected void train(int batch) {
        try (PointerScope scope = new PointerScope()) {
            stepOn(batch);
        }
    }

    @Override
    protected double read(int batch) {
        try (PointerScope scope = new PointerScope()) {
            return stepOn(batch).item_float();
        }
    }

    private Tensor stepOn(int batch) {
        optimizer.zero_grad();
        Tensor loss = loss(batch);
        loss.backward();
        update();
        return loss;
    }

    /** The step of the optimizer, whose gradients are there. */
    void update() {
        optimizer.step();
    }

    @Override
    protected void end() {
        optimizer.close();
        close();
    }

    /** Gives back what the subclass holds. */
    abstract void close();
}
