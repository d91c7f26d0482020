package dev.fathom.bench;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.image.Idx;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.train.Trainer;
import java.util.Objects;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The quickstart's training: bytes of Fashion-MNIST, shuffled, gathered and normalized batch by batch by the library's
 * trainer.
 */
public class FathomQuickstart {
    /** The network, the images and the trainer. */
    @State(Scope.Thread)
    public static class Training {
        private Dataset learn;
        private Dataset shown;
        private Model<Sequential> model;
        private Trainer<Sequential> trainer;
        private Batches batches;
        private double first;

        /** Reads the images and makes the network. */
        @Setup(Level.Trial)
        public void setup() {
            try (Dataset all =
                    Idx.dataset(Work.clothes("train-images-idx3-ubyte"), Work.clothes("train-labels-idx1-ubyte"))) {
                Dataset.Split split = all.flattened().split(all.size() - Work.IMAGES, 1);
                learn = split.rest().normalizedBy(split.rest());
                shown = learn.take(0, 1000);
                split.rest().close();
                split.heldOut().close();
            }
            model = Model.of(
                    new Sequential(
                            new Linear(784, 256).act(Activation.RELU),
                            new Dropout(0.4f),
                            new Linear(256, 128).act(Activation.RELU),
                            new Dropout(0.3f),
                            new Linear(128, 10)),
                    1);
            trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).seed(1);
            batches = learn.shuffled(1).batches(Work.BATCH);
            if (batches.steps() != Work.STEPS) {
                throw new IllegalStateException(batches.steps() + " steps instead of " + Work.STEPS);
            }
            first = loss();
        }

        private double loss() {
            return Objects.requireNonNull(trainer.evaluate(shown).get("loss"));
        }

        /** The loss must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFell(first, loss());
            shown.close();
            learn.close();
            model.close();
        }
    }

    /** An epoch. */
    @Benchmark
    @OperationsPerInvocation(Work.STEPS)
    public void train(Training training) {
        training.trainer.fit(training.batches, 1);
    }
}
