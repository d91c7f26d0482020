package dev.fathom.bench;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.plan.Plan;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Recurrent nets as a user of Fathom writes them, trained eagerly and served frozen; the kernel of a layer alone; steps
 * of an embedding.
 */
public class FathomSequences {
    /** One number of each sequence. */
    record Net(@Nullable Embedding embedding, Recurrent rnn, Linear dense) implements Layer {
        static Model<Net> of(Recurrence r) {
            Recurrent one = r.gru() ? Recurrent.gru(r.in(), r.hidden()) : Recurrent.lstm(r.in(), r.hidden());
            Recurrent rnn = one.layers(r.layers());
            Model<Net> model = Model.of(
                    new Net(
                            r.vocabulary() == 0 ? null : new Embedding(r.vocabulary(), r.in()),
                            r.directions() == 2 ? rnn.bidirectional() : rnn,
                            new Linear(r.directions() * r.hidden(), 1)),
                    1);
            FathomNets.load(
                    model, held -> r.numbers(held.name(), (int) held.shape().size()));
            return model;
        }

        @Override
        public Tensor forward(Tensor x) {
            return logits(x, null);
        }

        Tensor logits(Tensor x, @Nullable Tensor lengths) {
            Tensor steps = embedding == null ? x : embedding.apply(x);
            return dense.apply(
                    rnn.run(steps, dev.fathom.tensor.State.EMPTY, lengths).last());
        }
    }

    /** Binary cross-entropy, Adam. */
    @State(Scope.Thread)
    public static class Training extends TrainingSteps {
        /** Which {@link Recurrence}. */
        @Param("lstm-32x500")
        public String net;

        private final KeptTensor[] x = new KeptTensor[Recurrence.BATCHES];
        private final KeptTensor[] y = new KeptTensor[Recurrence.BATCHES];
        private final @Nullable KeptTensor[] lengths = new KeptTensor[Recurrence.BATCHES];
        private Model<Net> model;

        @Override
        protected void make() {
            Recurrence r = Recurrence.of(net);
            model = Net.of(r);
            for (int i = 0; i < x.length; i++) {
                int batch = i;
                x[i] = keep(() -> r.vocabulary() == 0
                        ? Tensor.of(r.x(batch), r.batch(), r.steps(), r.in())
                        : Tensor.ofInts(r.tokens(batch), r.batch(), r.steps()));
                y[i] = keep(() -> Tensor.of(r.labels(batch), r.batch(), 1));
                lengths[i] = r.ragged() ? keep(() -> Tensor.ofInts(r.lengths(batch), r.batch())) : null;
            }
            begin(model, new Adam(1e-3f).on(model), x.length, 3);
        }

        @Override
        Tensor loss(int i) {
            return model.net().logits(x[i], lengths[i]).bceWithLogits(y[i]).mean();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }

    /** A step of Adam on an embedding: the gradient of the sum of the vectors of {@link Recurrence#TOKENS} tokens. */
    @State(Scope.Thread)
    public static class Vectors extends TrainingSteps {
        /** How many there are. */
        @Param("10000")
        public int vocabulary;

        /** How long they are. */
        @Param("32")
        public int dim;

        /** Whether the step changes only those that were used. */
        @Param("false")
        public boolean lazy;

        private final KeptTensor[] tokens = new KeptTensor[Recurrence.BATCHES];
        private Model<Embedding> model;

        @Override
        protected void make() {
            model = Model.of(new Embedding(vocabulary, dim, (shape, r) -> Work.normal(1, (int) shape.size(), 0, 1)), 1);
            Adam rule = new Adam(1e-3f);
            for (int i = 0; i < tokens.length; i++) {
                int[] drawn = Work.labels(i, Recurrence.TOKENS, vocabulary);
                tokens[i] = keep(() -> Tensor.ofInts(drawn, drawn.length));
            }
            begin(model, lazy ? rule.on(model, Group.of("*").lazy()) : rule.on(model), tokens.length, 5);
        }

        @Override
        Tensor loss(int i) {
            return model.net().apply(tokens[i]).sum();
        }
    }

    /** One step. */
    @Benchmark
    public void embedding(Vectors vectors) {
        vectors.step();
    }

    /** The frozen net {@code lstm} at batch 1, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Latency {
        private final Recurrence r = Recurrence.of("lstm");
        private final float[] x = r.x(0);
        private Served served;

        /** Freezes the net. */
        @Setup(Level.Trial)
        public void setup() {
            try (Model<Net> model = Net.of(r)) {
                served = new Served(Plan.freeze(model, Shape.of(1, r.steps(), r.in())), x);
            }
        }

        float[] answer() {
            return served.answer();
        }

        /** The answer equals the net in double precision. */
        @TearDown(Level.Trial)
        public void check() {
            Work.check("logit", answer()[0], r.answer(x), 1e-5);
            served.close();
        }
    }

    /** One answer. */
    @Benchmark
    public float[] latency(Latency latency) {
        return latency.answer();
    }

    /**
     * A layer as the single command that the library's operation issues: all steps forward with what backward reads
     * kept, or all gradients backward. The weights of the forward direction are packed before the clock starts, as a
     * peer's are.
     */
    @State(Scope.Thread)
    public static class Alone {
        /** Which {@link Recurrence}, of which the first layer runs on x. */
        @Param("lstm-32x500")
        public String net;

        /** Whether backward runs. */
        @Param("false")
        public boolean backward;

        private final Commands commands = new Commands();
        private Recurrence r;
        private Floats x;
        private Floats w;
        private Floats u;
        private Floats packedW;
        private Floats packedU;
        private Floats b;
        private Floats bh;
        private Floats y;
        private Floats last;
        private Floats cell;
        private Floats gates;
        private Floats inputs;
        private Floats states;
        private Floats extra;
        private Floats dw;
        private Floats du;
        private Floats db;
        private Floats dbh;
        private Floats scratch;

        /** Makes the tensors; for backward, runs forward. */
        @Setup(Level.Trial)
        public void setup() {
            r = Recurrence.of(net);
            int rows = r.gates() * r.hidden();
            int steps = r.batch() * r.steps();
            x = new Floats(r.x(0), true);
            w = new Floats(r.w(), true);
            u = new Floats(r.u(), true);
            packedW = packed(w, rows, r.in());
            packedU = packed(u, rows, r.hidden());
            b = new Floats(r.b("ih"), true);
            bh = new Floats(r.b("hh"), true);
            y = new Floats(steps * r.hidden(), true);
            last = new Floats(r.batch() * r.hidden(), true);
            cell = new Floats(r.batch() * r.hidden(), true);
            gates = new Floats(steps * rows, true);
            inputs = new Floats(steps * r.in(), true);
            states = new Floats(steps * r.hidden(), true);
            extra = new Floats(steps * r.hidden(), true);
            dw = new Floats(rows * r.in(), true);
            du = new Floats(rows * r.hidden(), true);
            db = new Floats(rows, true);
            dbh = new Floats(rows, true);
            forward();
            scratch = new Floats((int) (commands.scratchBytes() / 4 + 16), true);
            commands.run(scratch.address());
            if (backward) {
                r.check(y.values());
                y.view().put(r.dy());
                gradients();
                scratch.close();
                scratch = new Floats((int) (commands.scratchBytes() / 4 + 16), true);
            }
        }

        private Floats packed(Floats matrix, int n, int k) {
            Floats packed = new Floats((int) (Native.packedBytes(n, k) / 4), true);
            commands.begin(Kernel.LINEAR_PACK)
                    .at(matrix.address())
                    .at(packed.address())
                    .put(n)
                    .put(k)
                    .run();
            return packed;
        }

        void run() {
            if (backward) {
                gradients();
            } else {
                forward();
            }
            commands.run(scratch.address());
        }

        private void forward() {
            begin(Kernel.RECURRENT)
                    .at(x.address())
                    .at(0)
                    .at(packedW.address())
                    .at(0)
                    .at(packedU.address())
                    .at(b.address())
                    .at(bh.address())
                    .at(0)
                    .at(0)
                    .at(0)
                    .at(0)
                    .at(0)
                    .at(0)
                    .at(y.address())
                    .at(last.address())
                    .at(r.gru() ? 0 : cell.address());
            kept();
            sizes();
        }

        /** The gradients of x, W, U and the biases; y holds that of all hidden states, and x receives its own. */
        private void gradients() {
            begin(Kernel.RECURRENT_GRAD)
                    .at(w.address())
                    .at(u.address())
                    .at(0)
                    .at(0)
                    .at(0)
                    .at(0);
            kept();
            commands.at(y.address())
                    .at(0)
                    .at(0)
                    .at(x.address())
                    .at(dw.address())
                    .at(du.address())
                    .at(db.address())
                    .at(r.gru() ? dbh.address() : 0)
                    .at(0)
                    .at(0)
                    .at(0)
                    .put(0);
            sizes();
        }

        private Commands begin(Kernel kernel) {
            return commands.begin(kernel).put((r.gru() ? Cell.GRU : Cell.LSTM).ordinal());
        }

        private void kept() {
            commands.at(gates.address())
                    .at(inputs.address())
                    .at(states.address())
                    .at(extra.address());
        }

        private void sizes() {
            commands.put(r.batch())
                    .put(r.steps())
                    .put(r.in())
                    .put(r.hidden())
                    .put(1)
                    .put(0);
        }

        /** Forward equals double precision; backward is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            if (backward) {
                Work.tellOf(x.values(), dw.values(), du.values(), db.values());
            } else {
                r.check(y.values());
            }
            List.of(x, w, u, packedW, packedU, b, bh, y, last, cell, gates, inputs, states, extra, dw, du, db, dbh)
                    .forEach(Floats::close);
            scratch.close();
        }
    }

    /** One call. */
    @Benchmark
    public void alone(Alone alone) {
        alone.run();
    }
}
