package dev.fathom.bench.torch;

import dev.fathom.bench.Kept;
import dev.fathom.bench.Work;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Training steps on batches made before the clock starts and used in turn: forward, backward, update; the loss is not
 * read.
 */
@SuppressWarnings("try") // scopes are closed, not used
abstract class TorchSteps {
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

    /** Those of the first turn of a row, whose network the others go on to train. */
    private TorchSteps steps;

    private Optimizer optimizer;
    private int batches;
    private int next;
    private double first;

    /**
     * Denormals are zeros, as they are in Fathom's kernels: gradients that vanish would make PyTorch several times as
     * slow on an Intel core.
     */
    TorchSteps() {
        Context.setFlushDenormal(true);
    }

    /** Makes the network and the batches and takes the first steps, or goes on with those of the turn before. */
    @Setup(Level.Trial)
    public void setup() throws Exception {
        steps = Kept.of(
                () -> {
                    make();
                    return this;
                },
                TorchSteps::end);
    }

    /** Makes the network and the batches, and {@link #begin begins}. */
    abstract void make();

    /** The loss of a batch. */
    abstract Tensor loss(int batch);

    /** Takes the first {@code tell} steps and tells their losses. */
    void begin(Optimizer by, int ofBatches, int tell) {
        optimizer = by;
        batches = ofBatches;
        double[] losses = new double[tell];
        for (int i = 0; i < tell; i++) {
            losses[i] = read();
        }
        first = losses[0];
        Work.tell(losses);
    }

    /** A step whose loss is not read. */
    void step() {
        steps.run();
    }

    private void run() {
        try (PointerScope scope = new PointerScope()) {
            train();
        }
    }

    private Tensor train() {
        optimizer.zero_grad();
        Tensor loss = loss(next++ % batches);
        loss.backward();
        update();
        return loss;
    }

    /** The step of the optimizer, whose gradients are there. */
    void update() {
        optimizer.step();
    }

    /** A step whose loss is read. */
    private double read() {
        try (PointerScope scope = new PointerScope()) {
            return train().item_float();
        }
    }

    /** The loss of the first batch must have fallen. */
    @TearDown(Level.Trial)
    public void check() {
        steps.next = 0;
        Work.checkFell(steps.first, steps.read());
    }

    private void end() {
        optimizer.close();
        close();
    }

    /** Gives back what the subclass holds. */
    abstract void close();
}
