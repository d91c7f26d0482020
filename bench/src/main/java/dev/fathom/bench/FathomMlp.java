package dev.fathom.bench;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Quantization;
import dev.fathom.plan.Session;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The network 784-256-128-10 as a user of Fathom writes it: trained eagerly, served frozen. */
@SuppressWarnings("try") // a pass is open, not read
public class FathomMlp {
    /** The network; its weights are {@link Work}'s where {@code fixed}. */
    static Model<Sequential> model(boolean fixed) {
        Linear[] layers = new Linear[Work.MLP.length - 1];
        for (int i = 0; i < layers.length; i++) {
            int in = Work.MLP[i];
            int out = Work.MLP[i + 1];
            int layer = i;
            Linear linear = fixed
                    ? new Linear(
                            new Parameter(Shape.of(out, in), (shape, rng) -> Work.weight(layer)),
                            new Parameter(Shape.of(out), (shape, rng) -> Work.bias(layer)),
                            null)
                    : new Linear(in, out);
            layers[i] = i + 1 < layers.length ? linear.act(Activation.RELU) : linear;
        }
        return Model.of(new Sequential(layers), 1);
    }

    /** The plan, or in its place one whose matrices and tables are stored like this. */
    static Plan stored(Plan plan, String weights) {
        if (weights.equals("F32")) {
            return plan;
        }
        try (plan) {
            return plan.quantize(Quantization.valueOf(weights));
        }
    }

    /** Cross-entropy, Adam: forward, backward, step on batches made before; the loss is not read. */
    @State(Scope.Thread)
    public static class Training {
        /** Rows of a batch. */
        @Param("128")
        public int batch = 128;

        private final KeptTensor[] x = new KeptTensor[Work.BATCHES];
        private final KeptTensor[] y = new KeptTensor[Work.BATCHES];
        private final Rng rng = new Rng(1);
        private Model<Sequential> model;
        private BoundOptimizer adam;
        private int next;
        private double first;

        /** Makes the network and the batches. */
        @Setup(Level.Trial)
        public void setup() {
            model = model(false);
            adam = new Adam(1e-3f).on(model);
            for (int i = 0; i < x.length; i++) {
                try (Pass pass = Pass.infer()) {
                    x[i] = Tensor.of(Work.gauss(i, batch * Work.MLP[0], 1), batch, Work.MLP[0])
                            .keep();
                    y[i] = Tensor.ofInts(Work.labels(i, batch, 10), batch).keep();
                }
            }
            first = loss();
        }

        private double loss() {
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                try (Pass pass = Pass.infer()) {
                    sum += model.net().apply(x[i]).crossEntropy(y[i]).item();
                }
            }
            return sum / x.length;
        }

        void step() {
            int i = next++ % x.length;
            try (Pass pass = Pass.train(rng)) {
                pass.backward(model.net().apply(x[i]).crossEntropy(y[i]));
                adam.step();
            }
        }

        /** The loss must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFell(first, loss());
            for (int i = 0; i < x.length; i++) {
                x[i].close();
                y[i].close();
            }
            adam.close();
            model.close();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }

    /** The frozen network at batch 1, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Latency {
        /** How the matrices are stored: F32, or a {@link Quantization}. */
        @Param("F32")
        public String weights = "F32";

        private final float[] pixels = Work.gauss(1, Work.MLP[0], 1);
        private final float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
        private Model<Sequential> model;
        private Plan plan;
        private Session session;

        /** Freezes the network. */
        @Setup(Level.Trial)
        public void setup() {
            model = model(true);
            plan = stored(Plan.freeze(model, Shape.of(1, pixels.length)), weights);
            session = plan.newSession().set(pixels);
        }

        float[] answer() {
            session.set(pixels).run();
            session.output().get(0, logits);
            return logits;
        }

        void run() {
            session.run();
        }

        /** The answer equals the network in double precision. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkMlp(pixels, answer(), weights.equals("F32") ? 1e-4 : 3e-2);
            session.close();
            plan.close();
            model.close();
        }
    }

    /** One answer. */
    @Benchmark
    public float[] latency(Latency latency) {
        return latency.answer();
    }
}
