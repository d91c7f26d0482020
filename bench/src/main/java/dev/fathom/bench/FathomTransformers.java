package dev.fathom.bench;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.IntBuffer;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Attention and Transformers as a user of Fathom writes them. */
@SuppressWarnings("try") // a pass is open, not read
public class FathomTransformers {
    /** Attention alone, forward and backward. */
    @State(Scope.Thread)
    public static class Alone {
        /** Queries, and keys. */
        @Param("128")
        public int length;

        private final Attention how = new Attention(Heads.COUNT);
        private Heads heads;
        private List<KeptTensor> qkv;
        private KeptTensor dy;

        /** Makes the tensors. */
        @Setup(Level.Trial)
        public void setup() {
            heads = new Heads(length);
            qkv = Stream.of(heads.q(), heads.k(), heads.v()).map(this::keep).toList();
            dy = keep(heads.dy());
        }

        private KeptTensor keep(float[] numbers) {
            try (Pass pass = Pass.infer()) {
                return Tensor.of(numbers, 1, length, Heads.COUNT * Heads.D).keep();
            }
        }

        private List<Tensor> watched(Pass pass) {
            return qkv.stream().map(pass::watch).toList();
        }

        /** y; afterwards the pass holds the gradients for dy, which are those of the sum of y dy. */
        private Tensor run(Pass pass, List<Tensor> in) {
            Tensor y = in.get(0).attention(in.get(1), in.get(2), how);
            pass.backward(y.mul(dy).sum());
            return y;
        }

        void run() {
            try (Pass pass = Pass.grad()) {
                run(pass, watched(pass));
            }
        }

        /** y and the gradients are those of double precision, and of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            try (Pass pass = Pass.grad()) {
                List<Tensor> in = watched(pass);
                float[] y = run(pass, in).toArray();
                List<float[]> gradients = in.stream()
                        .map(x -> Objects.requireNonNull(pass.gradient(x)).toArray())
                        .toList();
                heads.check(y, gradients.get(0), gradients.get(1), gradients.get(2));
            }
            qkv.forEach(KeptTensor::close);
            dy.close();
        }
    }

    /** Forward and backward. */
    @Benchmark
    public void attention(Alone alone) {
        alone.run();
    }

    private static TransformerEncoder stack(Transformer t) {
        Activation activation = t.gelu() ? Activation.GELU : Activation.RELU;
        return TransformerEncoder.of(
                t.layers(), () -> new TransformerEncoderLayer(t.width(), t.heads(), t.hidden(), activation), null);
    }

    /** The mean over the tokens, classified. */
    record Classifier(TransformerEncoder encoder, Linear dense) implements Layer {
        static Model<Classifier> of(Transformer t) {
            Model<Classifier> model = Model.of(new Classifier(stack(t), new Linear(t.width(), t.outputs())), 1);
            FathomNets.load(
                    model, held -> t.numbers(held.name(), (int) held.shape().size()));
            return model;
        }

        @Override
        public Tensor forward(Tensor x) {
            return dense.apply(encoder.apply(x).mean(1));
        }
    }

    /** Cross-entropy, Adam. */
    @State(Scope.Thread)
    public static class Training extends TrainingSteps {
        private KeptTensor x;
        private KeptTensor y;
        private Model<Classifier> model;

        @Override
        protected void make() {
            Transformer t = Transformer.of("encoder");
            model = Classifier.of(t);
            x = keep(() -> Tensor.of(t.x(), t.batch(), t.length(), t.width()));
            y = keep(() -> Tensor.ofInts(t.labels(), t.batch()));
            begin(model, new Adam(1e-4f).on(model), 1, 3);
        }

        @Override
        Tensor loss(int batch) {
            return model.net().apply(x).crossEntropy(y);
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }

    /** The encoder {@code bert}, frozen, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Frozen {
        /** How the matrices are stored: F32, or a {@link dev.fathom.plan.Quantization}. */
        @Param("F32")
        public String weights = "F32";

        private final Transformer t = Transformer.of("bert");
        private Served served;

        /** Freezes the net, or takes that of the turn before. */
        @Setup(Level.Trial)
        public void setup() throws Exception {
            served = Kept.of(this::frozen, Served::close);
        }

        private Served frozen() {
            try (Model<TransformerEncoder> model = Model.of(stack(t), 1)) {
                FathomNets.load(
                        model,
                        held -> t.numbers(
                                "encoder." + held.name(), (int) held.shape().size()));
                Plan plan = Plan.freeze(model, Shape.of(1, t.length(), t.width()));
                return new Served(FathomMlp.stored(plan, weights), t.x());
            }
        }

        float[] answer() {
            return served.answer();
        }

        /** The answer is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            Work.tell(answer());
        }
    }

    /** One answer. */
    @Benchmark
    public float[] answer(Frozen frozen) {
        return frozen.answer();
    }

    /** BERT's encoder, from tokens [batch, length] to their vectors. */
    record Bert(Embedding tokens, LearnedPositions positions, LayerNorm norm, TransformerEncoder encoder)
            implements Layer {
        /** Of the base size. */
        static Model<Bert> base() {
            Transformer t = new Transformer(12, 768, 12, 3072, true, 128, 1, 0);
            Embedding tokens = new Embedding(EncoderCase.VOCABULARY, t.width());
            LearnedPositions positions = new LearnedPositions(EncoderCase.PLACES, t.width());
            return Model.of(new Bert(tokens, positions, new LayerNorm(t.width()), stack(t)), 1);
        }

        @Override
        public Tensor forward(Tensor x) {
            return encoder.apply(norm.apply(positions.apply(tokens.apply(x))));
        }
    }

    /** A causal stack between vectors for tokens and positions and a dense layer to the tokens. */
    record Gpt(Embedding tokens, LearnedPositions positions, TransformerEncoder encoder, Linear dense) implements Net {
        static Model<Gpt> of(Transformer t) {
            TransformerEncoder encoder = TransformerEncoder.of(
                    t.layers(),
                    () -> new TransformerEncoderLayer(t.width(), t.heads(), t.hidden(), Activation.GELU).normsFirst(),
                    new LayerNorm(t.width()));
            Gpt gpt = new Gpt(
                    new Embedding(t.vocabulary(), t.width()),
                    new LearnedPositions(t.length(), t.width()),
                    encoder,
                    new Linear(t.width(), t.vocabulary()));
            Model<Gpt> model = Model.of(gpt, 1);
            FathomNets.load(
                    model, held -> t.numbers(held.name(), (int) held.shape().size()));
            return model;
        }

        /** A step from token [batch, 1] behind those of a state. */
        Next step(Tensor token, dev.fathom.tensor.State state) {
            Next top = encoder.step(positions.apply(tokens.apply(token), state.get("past")), state);
            return new Next(dense.apply(top.output()), top.state());
        }

        /** Freezes {@link #step}. */
        static Plan freeze(Model<Gpt> model, Transformer t) {
            return Plan.freeze(
                    model,
                    (net, in, state) -> net.step(in[0], state),
                    net -> net.encoder().state(1, t.length()),
                    Spec.of("token", DType.I32, Dim.BATCH, 1));
        }
    }

    /** The frozen net {@code gpt} writes a sequence, each token the likeliest after those before. */
    @State(Scope.Thread)
    public static class Generation {
        /** How the matrices and the table are stored: F32, or a {@link dev.fathom.plan.Quantization}. */
        @Param("F32")
        public String weights = "F32";

        private final Transformer t = Transformer.of("gpt");
        private final float[] y = new float[t.vocabulary()];
        private Plan plan;
        private Session session;
        private IntBuffer token;

        /** Freezes the net. */
        @Setup(Level.Trial)
        public void setup() {
            try (Model<Gpt> model = Gpt.of(t)) {
                plan = FathomMlp.stored(Gpt.freeze(model, t), weights);
            }
            session = plan.newSession();
            token = session.intInput("token");
        }

        float[] sequence() {
            session.reset();
            int next = 0;
            for (int i = 0; i < t.length(); i++) {
                token.put(0, next);
                session.run();
                session.output().get(0, y);
                next = Transformer.likeliest(y);
            }
            return y;
        }

        /** What follows the last token is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            Work.tell(sequence());
            session.close();
            plan.close();
        }
    }

    /** One sequence. */
    @Benchmark
    public float[] generate(Generation generation) {
        return generation.sequence();
    }
}
