package dev.fathom.bench;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Objects;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Trainings of networks whose layers are too small to share, by a trainer with replicas and without. */
public class FathomReplicas {
    /** Steps of an epoch. */
    static final int STEPS = 20;

    /** A network, its data and the trainer. */
    @State(Scope.Thread)
    public static class Training {
        /** {@code lenet}, in batches of 64, or a {@link Recurrence} of tokens. */
        @Param("lenet")
        public String net;

        /** The number of replicas, or 0 for a trainer that does not cut its batches. */
        @Param("2")
        public int replicas;

        /** The number of shards of a batch. */
        @Param("16")
        public int shards;

        private Dataset data;
        private Model<? extends Layer> model;
        private Trainer<? extends Layer> trainer;
        private Batches batches;
        private double first;

        /** Makes the network, its data and the trainer. */
        @Setup(Level.Trial)
        public void setup() {
            if (net.equals("lenet")) {
                Network network = Network.of(net);
                int n = 64 * STEPS;
                data = Dataset.of(
                        Work.swap(network.images(1, n), n, network.channels(), network.side() * network.side()),
                        Shape.of(network.side(), network.side(), network.channels()),
                        network.labels(1, n));
                Model<Layer> lenet = FathomNets.model(net);
                model = lenet;
                trainer = Trainer.of(lenet, Loss.crossEntropy(), new Adam(1e-3f));
                batches = data.batches(64);
            } else {
                Recurrence r = Recurrence.of(net);
                int n = r.batch() * STEPS;
                int[] tokens = Work.labels(1, n * r.steps(), r.vocabulary());
                float[] y = new float[n];
                for (int i = 0; i < n; i++) {
                    y[i] = tokens[(i + 1) * r.steps() - 1] % 2;
                }
                data = Dataset.of(
                        Field.ints("x", Shape.of(r.steps()), tokens).input(),
                        Field.floats("y", Shape.of(1), y).target());
                Model<FathomSequences.Net> lstm = FathomSequences.Net.of(r);
                model = lstm;
                trainer = Trainer.custom(
                        lstm,
                        new Adam(1e-3f),
                        (network, batch) -> new Step.Result(network.apply(batch.x())
                                .bceWithLogits(batch.y())
                                .mean()));
                batches = data.batches(r.batch());
            }
            trainer = replicas == 0 ? trainer : trainer.replicas(replicas).shards(shards);
            first = loss();
        }

        private double loss() {
            return Objects.requireNonNull(trainer.evaluate(batches).get("loss"));
        }

        /** The loss must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFell(first, loss());
            data.close();
            model.close();
        }
    }

    /** An epoch. */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public void train(Training training) {
        training.trainer.fit(training.batches, 1);
    }
}
