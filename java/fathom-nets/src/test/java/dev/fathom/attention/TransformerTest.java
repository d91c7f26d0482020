package dev.fathom.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.io.Safetensors;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.memory.Memory;
import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.RmsNorm;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.AttentionReference;
import dev.fathom.tensor.Doubles;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for the layers of attention, each by a small case. */
class TransformerTest {
    private static final int WIDTH = 12;

    @TempDir
    Path folder;

    private static Tensor normal(long seed, int... dims) {
        return Tensor.of(new Rng(seed).normal((int) Shape.of(dims).size(), 0, 1), dims);
    }

    private static Tensor ints(int... values) {
        return Tensor.ofInts(values, values.length);
    }

    private static List<String> names(Net net) {
        try (Model<Net> model = Model.of(net, 1)) {
            return Stream.concat(model.parameters().stream(), model.buffers().stream())
                    .map(p -> p.name())
                    .toList();
        }
    }

    /** What a GPT, a Llama and a BERT are made of. */
    enum Stack {
        BEHIND(() -> new TransformerEncoderLayer(WIDTH, 3, 20, Activation.GELU)),
        FRONT(() -> new TransformerEncoderLayer(WIDTH, 3, 20, Activation.GELU).normsFirst()),
        LLAMA(() -> new TransformerEncoderLayer(WIDTH, 3, 20, Activation.GELU)
                .normsFirst()
                .attention(MultiHeadAttention.withSeparateProjections(WIDTH, WIDTH, 6, 2)
                        .rotary(RotaryPositions.halves(80, 2))
                        .withoutBias())
                .feedForward(FeedForward.gated(WIDTH, 20, Activation.SILU).withoutBias())
                .norms(new RmsNorm(WIDTH), new RmsNorm(WIDTH))),
        TURNED(() -> new TransformerEncoderLayer(WIDTH, 3, 20, Activation.RELU)
                .attention(new MultiHeadAttention(WIDTH, 3).rotary(RotaryPositions.interleaved(80, 4))));

        private final Supplier<TransformerEncoderLayer> layer;

        Stack(Supplier<TransformerEncoderLayer> layer) {
            this.layer = layer;
        }

        Model<TransformerEncoder> model() {
            return Model.of(TransformerEncoder.of(2, layer, new LayerNorm(WIDTH)), 1);
        }
    }

    // ---- names

    @Test
    void namesArePyTorchs() {
        assertThat(names(new TransformerEncoder(
                        List.of(new TransformerEncoderLayer(WIDTH, 3, 20, Activation.RELU)), new LayerNorm(WIDTH))))
                .containsExactly(
                        "layers.0.self_attn.in_proj_weight",
                        "layers.0.self_attn.in_proj_bias",
                        "layers.0.self_attn.out_proj.weight",
                        "layers.0.self_attn.out_proj.bias",
                        "layers.0.linear1.weight",
                        "layers.0.linear1.bias",
                        "layers.0.linear2.weight",
                        "layers.0.linear2.bias",
                        "layers.0.norm1.weight",
                        "layers.0.norm1.bias",
                        "layers.0.norm2.weight",
                        "layers.0.norm2.bias",
                        "norm.weight",
                        "norm.bias");
        assertThat(names(new TransformerDecoderLayer(WIDTH, 3, 20, Activation.RELU)))
                .contains("multihead_attn.in_proj_weight", "multihead_attn.out_proj.bias", "norm3.weight")
                .hasSize(18);
        assertThat(names(MultiHeadAttention.withSeparateProjections(WIDTH, 8, 6, 2)
                        .withoutBias()))
                .containsExactly("q_proj.weight", "k_proj.weight", "v_proj.weight", "out_proj.weight");
        assertThat(names(new LearnedPositions(5, 4))).containsExactly("weight");
    }

    /** The names and shapes in the documentation of torch.nn.TransformerEncoderLayer and MultiheadAttention. */
    @Test
    void aFileOfPyTorchIsTakenAsItIs() {
        Map<String, Shape> shapes = Map.ofEntries(
                Map.entry("self_attn.in_proj_weight", Shape.of(24, 8)),
                Map.entry("self_attn.in_proj_bias", Shape.of(24)),
                Map.entry("self_attn.out_proj.weight", Shape.of(8, 8)),
                Map.entry("self_attn.out_proj.bias", Shape.of(8)),
                Map.entry("linear1.weight", Shape.of(16, 8)),
                Map.entry("linear1.bias", Shape.of(16)),
                Map.entry("linear2.weight", Shape.of(8, 16)),
                Map.entry("linear2.bias", Shape.of(8)),
                Map.entry("norm1.weight", Shape.of(8)),
                Map.entry("norm1.bias", Shape.of(8)),
                Map.entry("norm2.weight", Shape.of(8)),
                Map.entry("norm2.bias", Shape.of(8)));
        Safetensors.Writer writer = new Safetensors.Writer();
        shapes.forEach((name, shape) -> writer.add(name, shape, FloatBuffer.allocate((int) shape.size())));
        Path file = folder.resolve("layer.safetensors");
        writer.write(file);
        try (var model = Model.of(new TransformerEncoderLayer(8, 2, 16, Activation.RELU), 1)) {
            assertThat(model.load(file).loaded()).containsExactlyInAnyOrderElementsOf(shapes.keySet());
        }
    }

    /** The projections of attention are called so in files and in errors. */
    @Test
    void projectionsHaveTheirNames() {
        try (var model = Model.of(MultiHeadAttention.withSeparateProjections(8, 8, 2, 1), 1)) {
            assertThat(model.parameters().stream().map(p -> p.name()))
                    .containsExactly(
                            "q_proj.weight",
                            "q_proj.bias",
                            "k_proj.weight",
                            "k_proj.bias",
                            "v_proj.weight",
                            "v_proj.bias",
                            "out_proj.weight",
                            "out_proj.bias");
        }
        try (var model = Model.of(
                        new TransformerEncoderLayer(8, 2, 16, Activation.RELU)
                                .attention(MultiHeadAttention.withSeparateProjections(8, 6, 2, 1)),
                        1);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(1, 3, 8)))
                    .hasMessageStartingWith("linear at self_attn.k_proj: x [1, 3, 8] and weight [4, 6] disagree");
            assertThat(model.summary(
                            (net, in) -> net.selfAttn().apply(in[0], in[1], AttentionMask.NONE),
                            Shape.of(1, 3, 8),
                            Shape.of(1, 5, 6)))
                    .contains("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj");
        }
    }

    /** A file of PyTorch's has no table of positions, and a layer that shares one has it once. */
    @Test
    void tablesOfPositionsNeedNoFile() {
        RotaryPositions rotary = RotaryPositions.halves(9, 4);
        TransformerEncoder net = TransformerEncoder.of(
                2,
                () -> new TransformerEncoderLayer(WIDTH, 3, 20, Activation.RELU)
                        .attention(new MultiHeadAttention(WIDTH, 3).rotary(rotary)),
                null);
        Path file = folder.resolve("weights.safetensors");
        try (Model<TransformerEncoder> model = Model.of(net, 1)) {
            assertThat(model.buffers()).hasSize(1);
            Safetensors.Writer writer = new Safetensors.Writer();
            for (Parameter p : model.parameters()) {
                float[] ones = new float[(int) p.shape().size()];
                Arrays.fill(ones, 1);
                writer.add(p.name(), p.shape(), FloatBuffer.wrap(ones));
            }
            writer.write(file);
            float[] table = model.buffers().get(0).value().toArray();
            model.load(file);
            assertThat(model.parameters().get(0).value().toArray()).containsOnly(1f);
            assertThat(model.buffers().get(0).value().toArray()).isEqualTo(table);
            model.save(file);
            model.load(file);
            assertThat(model.buffers().get(0).value().toArray()).isEqualTo(table);
        }
    }

    /** Projections, then two products of every query with every key. */
    @Test
    void workIsCounted() {
        try (Model<MultiHeadAttention> fused = Model.of(new MultiHeadAttention(WIDTH, 3), 1);
                Model<MultiHeadAttention> apart =
                        Model.of(MultiHeadAttention.withSeparateProjections(WIDTH, WIDTH, 3, 1), 1)) {
            long products = 2 * 2 * 5 * 5 * WIDTH;
            Shape x = Shape.of(2, 5, WIDTH);
            assertThat(fused.multiplyAdds(x)).isEqualTo(2 * 5 * 4 * WIDTH * WIDTH + products);
            assertThat(apart.multiplyAdds(x)).isEqualTo(2 * 5 * (2 * WIDTH + 2 * 4) * WIDTH + products);
            assertThat(fused.summary((net, in) -> net.apply(in[0], AttentionMask.NONE.withLengths(ints(5, 2))), x))
                    .contains("total");
        }
    }

    // ---- bits

    /**
     * A sequence alone gives the bits of the same one in a padded batch, whose padding may hold anything: outputs and
     * the gradient of the input.
     */
    @ParameterizedTest
    @EnumSource(Stack.class)
    void aSequenceAloneIsTheSameAsPadded(Stack stack) {
        int[] lengths = {70, 1, 33};
        boolean exact = NativeRuntime.get().isa() != Isa.BASELINE;
        try (Model<TransformerEncoder> model = stack.model()) {
            for (boolean causal : new boolean[] {false, true}) {
                AttentionMask mask = causal ? AttentionMask.CAUSAL : AttentionMask.NONE;
                float[] all = new Rng(3).normal(3 * 70 * WIDTH, 0, 1);
                float[][] whole;
                try (Pass pass = Pass.grad()) {
                    Tensor x = pass.watch(Tensor.of(all, 3, 70, WIDTH));
                    Tensor y = model.net().apply(x, mask.withLengths(ints(lengths)));
                    whole = gradients(pass, x, y, lengths);
                }
                for (int b = 0; b < 3; b++) {
                    int n = lengths[b] * WIDTH;
                    try (Pass pass = Pass.grad()) {
                        Tensor x = pass.watch(Tensor.of(
                                Arrays.copyOfRange(all, b * 70 * WIDTH, b * 70 * WIDTH + n), 1, lengths[b], WIDTH));
                        float[][] alone = gradients(pass, x, model.net().apply(x, mask), lengths[b]);
                        for (int i = 0; i < 2; i++) {
                            float[] part = Arrays.copyOfRange(whole[i], b * 70 * WIDTH, b * 70 * WIDTH + n);
                            assertThat(alone[i])
                                    .as("%s causal %s row %d array %d", stack, causal, b, i)
                                    .satisfies(v -> assertSame(v, part, exact));
                        }
                    }
                }
            }
        }
    }

    private static void assertSame(float[] found, float[] expected, boolean exact) {
        if (exact) {
            assertThat(found).isEqualTo(expected);
        } else {
            assertThat(found).containsExactly(expected, within(1e-5f));
        }
    }

    /** y, and the gradient of x of a weighted sum of what is no padding. */
    private static float[][] gradients(Pass pass, Tensor x, Tensor y, int... lengths) {
        float[] weights = new float[(int) y.shape().size()];
        for (int i = 0; i < weights.length; i++) {
            int token = i / WIDTH % y.dim(1);
            weights[i] = token < lengths[i / WIDTH / y.dim(1)] ? (float) Math.sin(token * WIDTH + i % WIDTH) : 0;
        }
        pass.backward(y.mul(Tensor.of(weights, y.shape().toArray())).sum());
        return new float[][] {y.toArray(), pass.gradient(x).toArray()};
    }

    /**
     * Prefix, then one token at a time: the bits of the whole sequence. Rows of the batch stand at different places.
     */
    @ParameterizedTest
    @EnumSource(Stack.class)
    void stepsWithACacheAreTheWholeSequence(Stack stack) {
        boolean exact = NativeRuntime.get().isa() != Isa.BASELINE;
        int tokens = 70;
        int[] prefix = {5, 64};
        try (Model<TransformerEncoder> model = stack.model();
                Pass pass = Pass.infer()) {
            Tensor x = normal(4, 2, tokens, WIDTH);
            float[] whole = model.net().apply(x, AttentionMask.CAUSAL).toArray();
            Next first = model.net().step(x.slice(1, 0, 64), model.net().state(2, tokens + 6));
            State state = first.state();
            assertThat(state.get("past").toIntArray()).containsExactly(64, 64);
            assertThat(state.names())
                    .containsExactly("layers.0.keys", "layers.0.values", "layers.1.keys", "layers.1.values", "past");
            for (int step = 0;
                    step < 6;
                    step++) { // the first row is written over from place 5 on, with the same tokens
                int[] at = {prefix[0] + step, prefix[1] + step};
                Tensor now = Tensor.concat(
                        0,
                        x.slice(0, 0, 1).slice(1, at[0], at[0] + 1),
                        x.slice(0, 1, 2).slice(1, at[1], at[1] + 1));
                Next next = model.net().step(now, state.with("past", ints(at)));
                state = next.state();
                for (int b = 0; b < 2; b++) {
                    int from = (b * tokens + at[b]) * WIDTH;
                    assertSame(
                            Arrays.copyOfRange(next.output().toArray(), b * WIDTH, (b + 1) * WIDTH),
                            Arrays.copyOfRange(whole, from, from + WIDTH),
                            exact);
                }
            }
            assertSame(Arrays.copyOf(first.output().toArray(), 64 * WIDTH), Arrays.copyOf(whole, 64 * WIDTH), exact);
            State full = state.with("past", ints(0, tokens + 6));
            assertThatThrownBy(() -> model.net().step(x.slice(1, 0, 1), full))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            "past 76 at row 1 is outside [0, 75]: past counts the tokens before the given ones, and"
                                    + " after so many the cache or the position table has no room for these; make it"
                                    + " larger, or start a new sequence with past 0");
            Tensor q = x.slice(1, 0, 3);
            AttentionMask late = AttentionMask.CAUSAL.withPast(ints(0, 0));
            assertThatThrownBy(() -> q.attention(x.slice(1, 0, 2), x.slice(1, 0, 2), new Attention(2).mask(late)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            " has 3 queries but there are only 2 keys; with a past, the keys include those of the"
                                    + " queries, so give a cache with room for both");
            assertThatThrownBy(() -> model.net().step(x, State.EMPTY))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("State: there is no past in an empty state; give the state of a net of this kind");
            assertThatThrownBy(() -> model.net().step(x, State.of("past", ints(0, 0))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "State at layers.0.self_attn: there is no keys in an empty state; give the state of a net"
                                    + " of this kind");
        }
    }

    @Test
    void aDecoderStepsLikeTheWholeSequence() {
        TransformerDecoder net = TransformerDecoder.of(
                2, () -> new TransformerDecoderLayer(WIDTH, 3, 20, Activation.GELU).normsFirst(), new LayerNorm(WIDTH));
        try (Model<TransformerDecoder> model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            Tensor x = normal(4, 2, 5, WIDTH);
            Tensor source = normal(5, 2, 9, WIDTH);
            AttentionMask lengths = AttentionMask.NONE.withLengths(ints(9, 4));
            float[] whole =
                    model.net().apply(x, source, AttentionMask.CAUSAL, lengths).toArray();
            State state = model.net().state(source, 5);
            for (int t = 0; t < 5; t++) {
                Next step = model.net().step(x.slice(1, t, t + 1), state, lengths);
                state = step.state();
                for (int b = 0; b < 2; b++) {
                    assertSame(
                            Arrays.copyOfRange(step.output().toArray(), b * WIDTH, (b + 1) * WIDTH),
                            Arrays.copyOfRange(whole, (b * 5 + t) * WIDTH, (b * 5 + t + 1) * WIDTH),
                            NativeRuntime.get().isa() != Isa.BASELINE);
                }
            }
        }
    }

    // ---- plans

    @ParameterizedTest
    @EnumSource(Stack.class)
    void thePlanOfAPaddedBatchIsTheEagerRun(Stack stack) {
        try (Model<TransformerEncoder> model = stack.model();
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0], AttentionMask.NONE.withLengths(in[1])),
                        Spec.of("x", Dim.BATCH, Dim.LENGTH, WIDTH),
                        Spec.of("lengths", DType.I32, Dim.BATCH))) {
            for (int[] size : new int[][] {{1, 1}, {3, 17}, {2, 66}}) {
                float[] x = new Rng(5).normal(size[0] * size[1] * WIDTH, 0, 1);
                int[] lengths = new int[size[0]];
                Arrays.setAll(lengths, i -> size[1] - i * (size[1] / 3));
                try (Session session = plan.newSession(size[0], size[1]);
                        Pass pass = Pass.infer()) {
                    session.input("x").put(0, x);
                    session.intInput("lengths").put(0, lengths);
                    session.run();
                    float[] found = new float[x.length];
                    session.output().get(0, found);
                    assertThat(found)
                            .isEqualTo(model.net()
                                    .apply(
                                            Tensor.of(x, size[0], size[1], WIDTH),
                                            AttentionMask.NONE.withLengths(ints(lengths)))
                                    .toArray());
                    session.intInput("lengths").put(0, size[1] + 1);
                    assertThatThrownBy(session::run)
                            .hasMessageContaining(
                                    "length " + (size[1] + 1) + " at row 0 is outside [0, " + size[1] + "]");
                }
            }
        }
    }

    @Test
    void thePlanOfAStepIsTheEagerRun() {
        try (Model<TransformerEncoder> model = Stack.LLAMA.model();
                Plan plan = Plan.freeze(
                        model,
                        (net, in, state) -> net.step(in[0], state),
                        net -> net.state(1, 8),
                        Spec.of("x", Dim.BATCH, 1, WIDTH));
                Session session = plan.newSession(2);
                Pass pass = Pass.infer()) {
            State state = model.net().state(2, 8);
            for (int t = 0; t < 8; t++) {
                Tensor x = normal(6 + t, 2, 1, WIDTH);
                Next eager = model.net().step(x, state);
                state = eager.state();
                session.input("x").put(0, x.toArray());
                session.run();
                float[] found = new float[2 * WIDTH];
                session.output().get(0, found);
                assertThat(found).isEqualTo(eager.output().toArray());
            }
        }
    }

    // ---- formulas and gradients

    static Stream<Net> layers() {
        return Stream.of(
                new MultiHeadAttention(6, 3),
                MultiHeadAttention.withSeparateProjections(6, 6, 3, 1).rotary(RotaryPositions.interleaved(9, 2)),
                new TransformerEncoderLayer(6, 2, 5, Activation.GELU).dropout(0.3f),
                new TransformerEncoderLayer(6, 2, 5, Activation.GELU)
                        .normsFirst()
                        .feedForward(FeedForward.gated(6, 5, Activation.SIGMOID)),
                new Sequential(
                        new SinusoidalPositions(9, 6), new LearnedPositions(9, 6), new MultiHeadAttention(6, 2)));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void gradientsAreCentralDifferences(Net net) {
        try (Model<Net> model = Model.of(net, 2);
                Pass pass = Pass.infer()) {
            GradientCheck.check(
                    in -> ((dev.fathom.nn.Layer) model.net()).apply(in[0]),
                    2e-2,
                    model.parameters(),
                    normal(7, 2, 5, 6));
        }
    }

    /** linear2(act(gate(x)) linear1(x)), written out with the parameters: GLU, SwiGLU and GEGLU. */
    @Test
    void theGateHasTheActivation() {
        Map<Activation, UnaryOperator<Tensor>> activations = Map.of(
                Activation.SIGMOID,
                Tensor::sigmoid,
                Activation.SILU,
                z -> z.mul(z.sigmoid()),
                Activation.GELU,
                Tensor::gelu);
        activations.forEach((activation, act) -> {
            for (boolean bias : new boolean[] {true, false}) {
                FeedForward gated = FeedForward.gated(WIDTH, 20, activation);
                try (Model<FeedForward> model = Model.of(bias ? gated : gated.withoutBias(), 1);
                        Pass pass = Pass.infer()) {
                    Tensor x = normal(7, 2, 5, WIDTH);
                    Tensor hidden = act.apply(linear(model, "gate", x)).mul(linear(model, "linear1", x));
                    assertThat(model.net().apply(x).toArray())
                            .containsExactly(linear(model, "linear2", hidden).toArray(), within(2e-6f));
                }
            }
        });
    }

    private static Tensor linear(Model<FeedForward> model, String name, Tensor x) {
        Tensor y = x.matmulTransposed(model.parameter(name + ".weight").value());
        return model.parameters().stream().anyMatch(p -> p.name().equals(name + ".bias"))
                ? y.add(model.parameter(name + ".bias").value())
                : y;
    }

    /**
     * Tokens by tokens would be 64 MiB here; forward and backward take less than a sixteenth of it, and map less than a
     * quarter.
     */
    @Test
    void noMatrixOfAllPairsIsMade() {
        int tokens = 4096;
        long pairs = 4L * tokens * tokens;
        Memory.trim();
        long before = Memory.stats().passes() + Memory.stats().pooled();
        try (Pass pass = Pass.grad()) {
            Tensor q = pass.watch(normal(1, 1, tokens, 8));
            Tensor k = pass.watch(normal(2, 1, tokens, 8));
            Tensor v = pass.watch(normal(3, 1, tokens, 8));
            pass.backward(q.attention(k, v, new Attention(1)).square().sum());
            assertThat(pass.gradient(q).toArray()).doesNotContain(Float.NaN);
            assertThat(pass.peakBytes()).isLessThan(pairs / 16);
            assertThat(Memory.stats().passes() + Memory.stats().pooled() - before)
                    .isLessThan(pairs / 4);
        }
    }

    /**
     * A decoder layer of a memory of another width, with rotary positions and other norms: its parts are where they
     * belong, and have gradients.
     */
    @Test
    void aDecoderLayerTakesOtherParts() {
        TransformerDecoderLayer layer = new TransformerDecoderLayer(6, 2, 5, Activation.GELU)
                .attention(new MultiHeadAttention(6, 3).rotary(RotaryPositions.halves(9, 2)))
                .memoryAttention(MultiHeadAttention.withSeparateProjections(6, 4, 2, 1))
                .norms(new RmsNorm(6), new LayerNorm(6), new RmsNorm(6));
        assertThat(layer.selfAttn().heads()).isEqualTo(3);
        assertThat(layer.multiheadAttn().kvHeads()).isEqualTo(1);
        assertThat(List.of(layer.norm1(), layer.norm2(), layer.norm3()))
                .extracting(norm -> norm.getClass().getSimpleName())
                .containsExactly("RmsNorm", "LayerNorm", "RmsNorm");
        try (Model<TransformerDecoderLayer> model = Model.of(layer, 2);
                Pass pass = Pass.infer()) {
            GradientCheck.check(
                    in -> model.net().apply(in[0], in[1], AttentionMask.CAUSAL, AttentionMask.NONE),
                    2e-2,
                    model.parameters(),
                    normal(7, 2, 5, 6),
                    normal(8, 2, 3, 4));
        }
    }

    /** Heads of keys that are shared are those of a full attention whose keys are repeated. */
    @Test
    void groupedQueriesShareTheirKeys() {
        try (Pass pass = Pass.infer()) {
            Tensor q = normal(1, 2, 66, 6 * 4);
            Tensor k = normal(2, 2, 70, 2 * 4);
            Tensor v = normal(3, 2, 70, 2 * 4);
            float[] shared = q.attention(k, v, new Attention(6).kvHeads(2)).toArray();
            float[] repeated =
                    q.attention(repeat(k), repeat(v), new Attention(6)).toArray();
            assertThat(shared).isEqualTo(repeated);
            Doubles expected = AttentionReference.of(doubles(q), doubles(k), doubles(v), 6, 2, null, (b, i, j) -> true);
            for (int i = 0; i < shared.length; i++) {
                assertThat(shared[i]).isCloseTo((float) expected.v()[i], within(2e-6f));
            }
        }
    }

    private static Doubles doubles(Tensor t) {
        return Doubles.of(t.toArray(), t.shape().toArray());
    }

    private static Tensor repeat(Tensor k) {
        Tensor heads = k.reshape(2, 70, 2, 1, 4);
        return Tensor.concat(3, heads, heads, heads).reshape(2, 70, 24);
    }

    /** The product of a turned query and key depends on how far they are apart alone; position 0 turns nothing. */
    @Test
    void rotaryPositionsTellDistances() {
        for (boolean interleaved : new boolean[] {false, true}) {
            try (Model<RotaryPositions> model = Model.of(RotaryPositions.of(50, 6, 100, interleaved), 1);
                    Pass pass = Pass.infer()) {
                Tensor q = normal(1, 1, 1, 8);
                Tensor k = normal(2, 1, 1, 8);
                float[] products = new float[3];
                for (int i = 0; i < 3; i++) {
                    Tensor turnedQ = model.net().apply(q, 1, 1, ints(7 + 10 * i));
                    Tensor turnedK = model.net().apply(k, 1, 1, ints(3 + 10 * i));
                    products[i] = turnedQ.mul(turnedK).sum().item();
                }
                assertThat(products[1]).isCloseTo(products[0], within(1e-5f));
                assertThat(products[2]).isCloseTo(products[0], within(1e-5f));
                assertThat(model.net().apply(q, 1).toArray()).isEqualTo(q.toArray());
                float[] numbers = q.toArray();
                float[] turned = model.net().apply(q, 1, 1, ints(1)).toArray();
                double angle = Math.pow(100, -2.0 / 6);
                int a = interleaved ? 2 : 1;
                int b = interleaved ? 3 : 4;
                assertThat(turned[a])
                        .isCloseTo(
                                (float) (numbers[a] * Math.cos(angle) - numbers[b] * Math.sin(angle)), within(1e-6f));
                assertThat(turned[7]).isEqualTo(numbers[7]);
                assertThatThrownBy(() -> model.net().apply(q, 1, 1, ints(50)))
                        .hasMessageContaining(
                                "past 50 at row 0 is outside [0, 49]: past counts the tokens before the given ones");
            }
        }
        assertThatThrownBy(() -> RotaryPositions.halves(5, 3))
                .hasMessage(
                        "RotaryPositions: positions=5, r=3 and base=10000.0; positions must be at least 1, r even and"
                                + " at least 2, and the base above 0");
    }

    @Test
    void positionsAreAdded() {
        try (Model<SinusoidalPositions> model = Model.of(new SinusoidalPositions(40, 5), 1);
                Model<LearnedPositions> learned = Model.of(new LearnedPositions(40, 5), 1);
                Pass pass = Pass.infer()) {
            float[] y = model.net().apply(Tensor.zeros(1, 30, 5)).toArray();
            assertThat(y[0]).isZero();
            assertThat(y[1]).isOne();
            assertThat(y[29 * 5 + 2]).isCloseTo((float) Math.sin(29 * Math.pow(10000, -2.0 / 5)), within(1e-6f));
            assertThat(y[29 * 5 + 3]).isCloseTo((float) Math.cos(29 * Math.pow(10000, -2.0 / 5)), within(1e-6f));
            Tensor x = normal(1, 2, 2, 5);
            assertThat(model.net().apply(x, ints(3, 38)).slice(0, 1, 2).toArray())
                    .isEqualTo(model.net()
                            .apply(Tensor.concat(1, Tensor.zeros(1, 38, 5), x.slice(0, 1, 2)))
                            .slice(1, 38, 40)
                            .toArray());
            assertThat(learned.net().apply(x).sub(x).toArray()[7])
                    .isCloseTo(learned.net().weight().value().toArray()[7], within(1e-6f));
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(1, 41, 5)))
                    .hasMessage("SinusoidalPositions: x [1, 41, 5] has 41 tokens but there are only 40 positions; make"
                            + " more of them, or cut x");
            assertThatThrownBy(() -> learned.net().apply(x, ints(3, 39)))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "LearnedPositions: row 1 has past 39 and 2 more tokens, but there are only 40 positions;"
                                    + " make more of them, or start a new sequence with past 0");
            assertThatThrownBy(() -> learned.net().apply(Tensor.zeros(1, 1, 5), ints(-1)))
                    .hasMessageStartingWith("LearnedPositions: row 0 has past -1 and 1 more tokens");
            try (Plan plan = Plan.freeze(
                            learned,
                            (net, in) -> net.apply(in[0], in[1]),
                            Spec.of("x", DType.F32, 1, 1, 5),
                            Spec.of("past", DType.I32, 1));
                    Session session = plan.newSession()) {
                session.set("x", new float[5]);
                session.set("past", new int[] {40});
                assertThatThrownBy(session::run)
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .hasMessage("LearnedPositions: row 0 has past 40 and 1 more tokens, but there are only 40"
                                + " positions; make more of them, or start a new sequence with past 0");
            }
            try (Plan plan = Plan.freeze(
                            learned,
                            (net, in) -> net.apply(in[0], in[1]),
                            Spec.of("x", DType.F32, Dim.BATCH, Dim.LENGTH, 5).length(2, 40),
                            Spec.of("past", DType.I32, Dim.BATCH));
                    Session session = plan.newSession(2, 3)) {
                session.set("x", new float[30]);
                for (int bad : new int[] {38, 50, -1, Integer.MAX_VALUE}) {
                    session.set("past", new int[] {37, bad});
                    String sentence =
                            "LearnedPositions: row 1 has past " + bad + " and 3 more tokens, but there are only"
                                    + " 40 positions; make more of them, or start a new sequence with past 0";
                    assertThatThrownBy(session::run).hasMessage(sentence);
                    assertThatThrownBy(() -> learned.net().apply(Tensor.zeros(2, 3, 5), ints(37, bad)))
                            .hasMessage(sentence);
                }
            }
            assertThatThrownBy(() -> learned.net().apply(Tensor.zeros(1, 4, 6)))
                    .hasMessage("LearnedPositions: x [1, 4, 6] must be [batch, tokens, 5], as the table [40, 5]");
        }
    }

    /** One plan reads a prompt of any length, and its state is that of the eager step. */
    @Test
    void aPromptOfAnyLengthIsOnePlan() {
        try (Model<TransformerEncoder> model = Stack.LLAMA.model();
                Plan plan = Plan.freeze(
                        model,
                        (net, in, state) -> net.step(in[0], state),
                        net -> net.state(2, 40),
                        Spec.of("x", 2, Dim.LENGTH, WIDTH).length(1, 40))) {
            for (int tokens : new int[] {1, 2, 7, 39}) {
                float[] x = new Rng(tokens).normal(2 * tokens * WIDTH, 0, 1);
                try (Session session = plan.newSession(1, tokens);
                        Pass pass = Pass.infer()) {
                    session.set(x).run();
                    float[] found = new float[x.length];
                    session.output().get(0, found);
                    Next eager = model.net()
                            .step(Tensor.of(x, 2, tokens, WIDTH), model.net().state(2, 40));
                    assertThat(found).isEqualTo(eager.output().toArray());
                    assertThat(eager.state().get("past").toIntArray()).containsExactly(tokens, tokens);
                }
            }
        }
    }

    // ---- dropout

    /** A third of the weights is dropped, the mean stays, and evaluation drops nothing. */
    @Test
    void weightsAreDropped() {
        try (Model<MultiHeadAttention> model = Model.of(new MultiHeadAttention(WIDTH, 3).dropout(0.3f), 1)) {
            float[] sure;
            try (Pass pass = Pass.infer()) {
                Tensor x = normal(1, 2, 40, WIDTH);
                sure = model.net().apply(x).toArray();
                assertThat(new MultiHeadAttention(
                                        model.net().projections(), model.net().outProj(), 3, 3, 0, null)
                                .apply(x)
                                .toArray())
                        .isEqualTo(sure);
            }
            double[] mean = new double[sure.length];
            for (int i = 0; i < 400; i++) {
                try (Pass pass = Pass.train(new Rng(i))) {
                    float[] y = model.net().apply(normal(1, 2, 40, WIDTH)).toArray();
                    assertThat(y).isNotEqualTo(sure);
                    for (int j = 0; j < y.length; j++) {
                        mean[j] += y[j] / 400.0;
                    }
                }
            }
            for (int j = 0; j < mean.length; j++) {
                assertThat(mean[j]).isCloseTo(sure[j], within(0.05));
            }
        }
        try (Pass pass = Pass.infer(new Rng(1))) { // of equal weights, those that stay are 1 / (n (1 - p))
            float[] ones = new float[1000];
            Arrays.fill(ones, 1);
            float y = Tensor.zeros(1, 1, 1)
                    .attention(Tensor.zeros(1, 1000, 1), Tensor.of(ones, 1, 1000, 1), new Attention(1).dropout(0.25f))
                    .item();
            double count = y * 1000 * 0.75;
            assertThat(count).isCloseTo(Math.rint(count), within(0.02));
            assertThat(count).isBetween(700.0, 800.0);
            assertThatThrownBy(() -> new MultiHeadAttention(4, 2).dropout(1))
                    .hasMessage("MultiHeadAttention: dropout=1.0 is the probability to drop and must be in [0, 1)");
        }
    }

    // ---- edges

    @Test
    void emptyRowsAndNoTokens() {
        try (Model<TransformerEncoder> model = Stack.FRONT.model()) {
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(normal(1, 2, 3, WIDTH));
                Tensor y = model.net().apply(x, AttentionMask.NONE.withLengths(ints(3, 0)));
                assertThat(y.toArray()).doesNotContain(Float.NaN);
                pass.backward(y.sum());
                assertThat(pass.gradient(x).toArray()).doesNotContain(Float.NaN);
            }
            try (Pass pass = Pass.infer()) {
                assertThat(model.net().apply(Tensor.zeros(2, 0, WIDTH)).shape().toArray())
                        .containsExactly(2, 0, WIDTH);
                assertThat(model.net().apply(Tensor.zeros(0, 4, WIDTH)).shape().toArray())
                        .containsExactly(0, 4, WIDTH);
                float[] one = model.net().apply(normal(1, 1, 1, WIDTH)).toArray();
                assertThat(one).hasSize(WIDTH).doesNotContain(Float.NaN);
                assertThat(Tensor.zeros(1, 2, 4)
                                .attention(Tensor.zeros(1, 0, 4), Tensor.zeros(1, 0, 4), new Attention(2))
                                .toArray())
                        .containsOnly(0f);
            }
        }
    }

    /** A NaN reaches the rest of its sequence that sees it, and no other sequence. */
    @Test
    void nanStaysInWhatSeesIt() {
        try (Model<TransformerEncoder> model = Stack.BEHIND.model();
                Pass pass = Pass.infer()) {
            float[] x = new Rng(1).normal(2 * 10 * WIDTH, 0, 1);
            float[] before = model.net()
                    .apply(Tensor.of(x, 2, 10, WIDTH), AttentionMask.CAUSAL)
                    .toArray();
            x[6 * WIDTH + 2] = Float.NaN;
            float[] after = model.net()
                    .apply(Tensor.of(x, 2, 10, WIDTH), AttentionMask.CAUSAL)
                    .toArray();
            for (int i = 0; i < after.length; i++) {
                int token = i / WIDTH;
                if (token >= 6 && token < 10) {
                    assertThat(after[i]).isNaN();
                } else {
                    assertThat(after[i]).isEqualTo(before[i]);
                }
            }
        }
    }

    @Test
    void badInputIsRefused() {
        assertThatThrownBy(() -> new MultiHeadAttention(10, 3))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("MultiHeadAttention: width=10 and heads=3 disagree: the heads must divide the width");
        assertThatThrownBy(() -> MultiHeadAttention.withSeparateProjections(12, 12, 6, 4))
                .hasMessage(
                        "MultiHeadAttention: heads=6 and kvHeads=4 must be at least 1, and kvHeads must divide heads");
        assertThatThrownBy(() -> new SinusoidalPositions(0, 3))
                .hasMessage("SinusoidalPositions: positions=0 must be at least 1");
        try (Model<MultiHeadAttention> model = Model.of(new MultiHeadAttention(WIDTH, 3), 1);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(4, WIDTH)))
                    .hasMessage("MultiHeadAttention: x [4, 12] must be [batch, tokens, width]; reshape it");
            assertThatThrownBy(() ->
                            model.net().apply(Tensor.zeros(2, 4, WIDTH), AttentionMask.NONE.withLengths(ints(4, 5))))
                    .hasMessageContaining("length 5 at row 1 is outside [0, 4]");
        }
    }
}
