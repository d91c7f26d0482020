package dev.fathom.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Training steps on batches made before the clock starts and used in turn: forward, backward, update; the loss is not
 * read. The network is made in the first turn of a row, and the other turns go on to train it.
 */
public abstract class Steps {
    /** Those of the first turn. */
    @SuppressWarnings("NullAway.Init") // setup sets it
    private Steps kept;

    private int batches;
    private int next;
    private double first;

    /** Makes the network and the batches and takes the first steps, or goes on with those of the turn before. */
    @Setup(Level.Trial)
    public void setup() throws Exception {
        kept = Kept.of(
                () -> {
                    make();
                    return this;
                },
                Steps::end);
    }

    /** Makes the network and the batches, and {@link #begin begins}. */
    protected abstract void make();

    /** Takes a step on a batch. */
    protected abstract void train(int batch);

    /** Takes a step on a batch, and reads its loss. */
    protected abstract double read(int batch);

    /** Gives back what was made. */
    protected abstract void end();

    /** Takes the first {@code tell} steps and tells their losses. */
    protected void begin(int ofBatches, int tell) {
        batches = ofBatches;
        double[] losses = new double[tell];
        for (int i = 0; i < tell; i++) {
            losses[i] = read(turn());
        }
        first = losses[0];
        Work.tell(losses);
    }

    /** Takes a step. */
    public void step() {
        kept.train(kept.turn());
    }

    private int turn() {
        return next++ % batches;
    }

    /** The loss of the first batch must have fallen. */
    @TearDown(Level.Trial)
    public void check() {
        kept.next = 0;
        Work.checkFell(kept.first, kept.read(kept.turn()));
    }
}
