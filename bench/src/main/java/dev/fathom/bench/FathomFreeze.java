package dev.fathom.bench;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.offheap.Block;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Freezing a large network, beside what it cannot do without: touching the plan's pages, and moving every weight once.
 */
@SuppressWarnings("try") // a pass is open, not read
public class FathomFreeze {
    /** A network to freeze. */
    @State(Scope.Thread)
    public static class Frozen {
        /** Which {@link Network}. */
        @Param("vgg16")
        public String net = "vgg16";

        private Model<Layer> model;
        private Shape input;
        private long planBytes;

        /** Makes the network, and weighs its plan. */
        @Setup(Level.Trial)
        public void setup() {
            Network network = Network.of(net);
            model = FathomNets.library(net);
            input = Shape.of(1, network.side(), network.side(), network.channels());
            long before = Memory.stats().owned();
            try (Plan plan = freeze()) {
                planBytes = Memory.stats().owned() - before;
            }
        }

        Plan freeze() {
            return Plan.freeze(model, input);
        }

        void touchAndCopy() {
            new Block("bench", planBytes, true).close(); // a block like a plan's touches its pages when it is made
            model.copy().close();
        }

        /** Gives the network back. */
        @TearDown(Level.Trial)
        public void close() {
            model.close();
        }
    }

    /** A plan. */
    @Benchmark
    public void freeze(Frozen frozen) {
        frozen.freeze().close();
    }

    /** The plan's pages and the model's weights. */
    @Benchmark
    public void touchAndCopy(Frozen frozen) {
        frozen.touchAndCopy();
    }

    /** {@code NET}: prints the megabytes that freezing takes at its peak beyond the model. */
    public static void main(String[] args) throws IOException {
        try (Pass pass = Pass.infer()) {
            Tensor.of(new float[] {1}, 1).add(1f).item();
        }
        Network network = Network.of(args[0]);
        try (Model<Layer> model = FathomNets.library(args[0])) {
            Footprint footprint = Footprint.begin();
            Plan plan = Plan.freeze(model, Shape.of(1, network.side(), network.side(), network.channels()));
            footprint.end();
            plan.close();
        }
    }
}
