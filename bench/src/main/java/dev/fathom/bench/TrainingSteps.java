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
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Training steps on batches made before the clock starts and used in turn: forward, backward, update; the loss is not
 * read.
 */
@SuppressWarnings("try") // a pass is open, not read
abstract class TrainingSteps {
    /** Those of the first turn of a row, whose network the others go on to train. */
    @SuppressWarnings("NullAway.Init") // setup sets it
    private TrainingSteps steps;

    private final List<KeptTensor> kept = new ArrayList<>();
    private final Rng rng = new Rng(1);

    @SuppressWarnings("NullAway.Init") // begin sets it
    private Model<?> model;

    @SuppressWarnings("NullAway.Init") // begin sets it
    private BoundOptimizer optimizer;

    private int batches;
    private int next;
    private double first;

    /** Makes the network and the batches and takes the first steps, or goes on with those of the turn before. */
    @Setup(Level.Trial)
    public void setup() throws Exception {
        steps = Kept.of(
                () -> {
                    make();
                    return this;
                },
                TrainingSteps::close);
    }

    /** Makes the network and the batches, and {@link #begin begins}. */
    abstract void make();

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
        try (Pass pass = Pass.train(rng)) {
            train(pass);
        }
    }

    private Tensor train(Pass pass) {
        Tensor loss = loss(next++ % batches);
        pass.backward(loss);
        optimizer.step();
        return loss;
    }

    /** A step whose loss is read. */
    private double read() {
        try (Pass pass = Pass.train(rng)) {
            return train(pass).item();
        }
    }

    /** The loss of the first batch must have fallen. */
    @TearDown(Level.Trial)
    public void check() {
        steps.next = 0;
        Work.checkFell(steps.first, steps.read());
    }

    private void close() {
        kept.forEach(KeptTensor::close);
        optimizer.close();
        model.close();
    }
}
