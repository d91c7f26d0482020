package dev.fathom.recurrent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.jni.Native;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Cell;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RecurrentTest {
    // ---- worked examples: one unit, x = 1, h = 0.5 and c = 0.25 before

    /** The net with all weights one, and biases zero where it has them. */
    private static Recurrent ones(Recurrent net) {
        Map<String, Parameter> weights = new LinkedHashMap<>();
        net.weights()
                .forEach((name, p) ->
                        weights.put(name, new Parameter(p.shape(), Init.constant(name.startsWith("bias") ? 0 : 1))));
        return new Recurrent(net.settings(), weights);
    }

    /** The hidden state after the step, and behind it the cell state where there is one. */
    private static float[] states(Recurrent net) {
        try (var model = Model.of(ones(net), 1);
                Pass pass = Pass.infer()) {
            boolean cell = net.settings().cell().hasCellState();
            State before = State.of("hidden", Tensor.full(Shape.of(1, 1, 1), 0.5f));
            if (cell) {
                before = before.with("cell", Tensor.full(Shape.of(1, 1, 1), 0.25f));
            }
            State after = model.net().run(Tensor.ones(1, 1, 1), before).state();
            float h = after.get("hidden").item();
            return cell ? new float[] {h, after.get("cell").item()} : new float[] {h};
        }
    }

    private static float oneStep(Recurrent net) {
        return states(net)[0];
    }

    /** The numbers of the lectures, and those of PyTorch's conventions beside them. */
    @Test
    void oneStepOfEachCellIsTheTextbooks() {
        assertThat(oneStep(Recurrent.of(Cell.GRU_RESET_FIRST, 1, 1)
                        .updateGatesCandidate()
                        .biases(0)))
                .isCloseTo(0.8165945319f, within());
        assertThat(oneStep(Recurrent.of(Cell.GRU_RESET_FIRST, 1, 1).biases(0))).isCloseTo(0.5706417886f, within());
        assertThat(states(Recurrent.lstm(1, 1).biases(0)))
                .containsExactly(new float[] {0.6027537568f, 0.9444197284f}, within());
        assertThat(states(Recurrent.lstm(1, 1).biases(0).peepholes()))
                .containsExactly(new float[] {0.6967421150f, 0.9841317914f}, within());
        assertThat(oneStep(Recurrent.ugrnn(1, 1).biases(0))).isCloseTo(0.5739093824f, within());
    }

    private static org.assertj.core.data.Offset<Float> within() {
        return org.assertj.core.data.Offset.offset(3e-7f);
    }

    /** u h + (1 - u) tanh(..): with u near 1 no input moves the state, with u near 0 nothing is left of it. */
    @Test
    void anUpdateGateNearOneKeepsTheState() {
        for (float u : new float[] {30, -30}) {
            Recurrent net =
                    Recurrent.ugrnn(2, 3).biases(1).init("bias_*", (s, rng) -> new float[] {u, u, u, 0.1f, 0.2f, 0.3f});
            try (var model = Model.of(net, 1);
                    Pass pass = Pass.infer()) {
                float[] h = {0.5f, -0.25f, 0.75f};
                Tensor x = random(new Rng(2), 1, 20, 2);
                float[] kept = model.net()
                        .run(x, State.of("hidden", Tensor.of(h, 1, 1, 3)))
                        .last()
                        .toArray();
                float[] anew = model.net()
                        .run(
                                x.slice(1, 19, 20),
                                model.net().run(x.slice(1, 0, 19)).state())
                        .last()
                        .toArray();
                assertThat(kept).containsExactly(u > 0 ? h : anew, within());
                for (int i = 0; i < 3; i++) {
                    assertThat(Math.abs(anew[i] - h[i])).isGreaterThan(0.01f);
                }
            }
        }
    }

    /** What is initialized anew keeps its place, and the rest keeps its values. */
    @Test
    void parametersBeginAsTheirInitializerSays() {
        Recurrent plain = Recurrent.lstm(3, 4).bidirectional();
        Recurrent changed = Recurrent.lstm(3, 4)
                .bidirectional()
                .init("weight_hh_*", Init.constant(0.25f))
                .init("bias_ih_l0", Init.zeros());
        assertThat(changed.weights().keySet())
                .containsExactlyElementsOf(plain.weights().keySet());
        try (var before = Model.of(plain, 1);
                var after = Model.of(changed, 1)) {
            for (String name : plain.weights().keySet()) {
                float[] values = after.parameter(name).value().toArray();
                if (name.startsWith("weight_hh_")) {
                    assertThat(values).as(name).containsOnly(0.25f);
                } else if (name.equals("bias_ih_l0")) {
                    assertThat(values).as(name).containsOnly(0);
                } else {
                    assertThat(values)
                            .as(name)
                            .isEqualTo(before.parameter(name).value().toArray());
                }
            }
        }
        assertThatThrownBy(() -> Recurrent.rnn(1, 1).init("bias_l*", Init.zeros()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Recurrent: init: the pattern bias_l* matches none of the parameters "
                        + "[weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0]");
    }

    /**
     * z = tanh(0.5 z + x + 0.1), y = 2 z - 0.5 over x = 1, -1, 0.5 against 1, 0, 1: the sum of squares and its slope
     * along the recurrent weight.
     */
    @Test
    void backPropagationThroughTimeIsTheTextbooks() {
        Recurrent net = Recurrent.rnn(1, 1)
                .biases(1)
                .init("weight_ih_l0", Init.constant(1))
                .init("weight_hh_l0", Init.constant(0.5f))
                .init("bias_ih_l0", Init.constant(0.1f));
        try (var model = Model.of(net, 1);
                Pass pass = Pass.train(new Rng(1))) {
            Tensor z = model.net().apply(Tensor.of(new float[] {1, -1, 0.5f}, 1, 3, 1));
            assertThat(z.toArray()[0]).isCloseTo(0.800499022f, within());
            assertThat(z.toArray()[1]).isCloseTo(-0.461920907f, within());
            assertThat(z.toArray()[2]).isCloseTo(0.353151328f, within());
            Tensor error = z.mul(2).sub(0.5f).sub(Tensor.of(new float[] {1, 0, 1}, 1, 3, 1));
            Tensor loss = error.mul(error).sum();
            assertThat(loss.item()).isCloseTo(2.667481592f, org.assertj.core.data.Offset.offset(2e-6f));
            pass.backward(loss);
            assertThat(net.weights().get("weight_hh_l0").gradient().item())
                    .isCloseTo(-3.177656114f, org.assertj.core.data.Offset.offset(4e-6f));
        }
    }

    /**
     * (p + 1) K + K^2 + (K + 1) weights for p = 3 inputs and K = 12 units; the reviews' net has two biases a gate, or
     * one.
     */
    @Test
    void countsTheTextbooksParameters() {
        assertThat(count(Recurrent.rnn(3, 12).biases(1)) + 13).isEqualTo(205);
        assertThat(count(Recurrent.rnn(3, 12)) + 13).isEqualTo(217);
        assertThat(count(Recurrent.lstm(32, 32))).isEqualTo(8448);
        assertThat(count(Recurrent.lstm(32, 32).biases(1))).isEqualTo(8320);
        assertThat(count(Recurrent.lstm(128, 64).bidirectional())).isEqualTo(2 * (4 * 64 * (128 + 64 + 2)));
    }

    private static long count(Recurrent net) {
        return net.weights().values().stream().mapToLong(p -> p.shape().size()).sum();
    }

    @Test
    void theForgetGateBeginsAsTold() {
        try (var model = Model.of(Recurrent.lstm(3, 4).forgetBias(1), 1);
                Pass pass = Pass.infer()) {
            float[] first = model.parameter("bias_ih_l0").value().toArray();
            float[] second = model.parameter("bias_hh_l0").value().toArray();
            for (int i = 0; i < 16; i++) {
                if (i / 4 == 1) {
                    assertThat(first[i] + second[i]).isEqualTo(1);
                } else {
                    assertThat(Math.abs(first[i])).isPositive().isLessThan(0.5f);
                }
            }
        }
    }

    // ---- sequences

    static Stream<Recurrent> nets() {
        return Stream.of(
                Recurrent.lstm(3, 5),
                Recurrent.lstm(3, 5).peepholes().layers(2),
                Recurrent.gru(3, 17).layers(2),
                Recurrent.of(Cell.GRU_RESET_FIRST, 3, 5).updateGatesCandidate(),
                Recurrent.ugrnn(3, 5).biases(1),
                Recurrent.rnn(3, 40),
                Recurrent.of(Cell.RELU, 3, 5).biases(0));
    }

    private static Tensor random(Rng rng, int... dims) {
        Shape shape = Shape.of(dims);
        return Tensor.of(rng.normal((int) shape.size(), 0, 1), dims);
    }

    /** One call of six steps, and two of two and four steps that carry the state. */
    @ParameterizedTest
    @MethodSource("nets")
    void piecesWithACarriedStateAreTheWhole(Recurrent net) {
        try (var model = Model.of(net, 1);
                var carried = new KeptState()) {
            float[] whole;
            float[] inputs;
            try (Pass pass = Pass.infer()) {
                Tensor x = random(new Rng(2), 3, 6, 3);
                inputs = x.toArray();
                whole = model.net().run(x).steps().toArray();
            }
            int at = 0;
            for (int length : new int[] {2, 4}) {
                try (Pass pass = Pass.infer()) {
                    Tensor x = Tensor.of(inputs, 3, 6, 3);
                    Output out = model.net().run(x.slice(1, at, at + length), carried.state());
                    carried.keep(out.state());
                    Tensor expected =
                            Tensor.of(whole, 3, 6, net.settings().hidden()).slice(1, at, at + length);
                    assertThat(out.steps().toArray()).containsExactly(expected.toArray());
                    at += length;
                }
            }
            carried.reset();
            assertThat(carried.state().names()).isEmpty();
        }
    }

    /**
     * A sequence alone, and in a batch that is padded behind or in front: the same bits, and last steps that do not see
     * padding.
     */
    @ParameterizedTest
    @MethodSource("nets")
    void paddingChangesNothing(Recurrent plain) {
        for (boolean front : new boolean[] {false, true}) {
            Recurrent net = plain.bidirectional();
            net = front ? net.paddedInFront() : net;
            int[] lengths = {4, 1, 7, 3};
            try (var model = Model.of(net, 1);
                    Pass pass = Pass.infer()) {
                Tensor x = random(new Rng(3), 4, 7, 3);
                Output all = model.net().run(x, State.EMPTY, Tensor.ofInts(lengths, 4));
                for (int b = 0; b < 4; b++) {
                    int from = front ? 7 - lengths[b] : 0;
                    Output alone = model.net().run(x.slice(0, b, b + 1).slice(1, from, from + lengths[b]));
                    assertThat(all.last().slice(0, b, b + 1).toArray())
                            .containsExactly(alone.last().toArray());
                    assertThat(all.steps()
                                    .slice(0, b, b + 1)
                                    .slice(1, from, from + lengths[b])
                                    .toArray())
                            .containsExactly(alone.steps().toArray());
                }
            }
        }
    }

    /**
     * A wide net: of few sequences a gang of threads shares the units, of many each thread has its own, and neither
     * changes a bit of the steps or of the gradient of x.
     */
    @ParameterizedTest
    @EnumSource(Cell.class)
    void aWideNetAloneHasTheBitsOfABatch(Cell cell) {
        try (var model = Model.of(Recurrent.of(cell, 12, 200), 1)) {
            float[] x = new Rng(3).normal(40 * 9 * 12, 0, 1);
            float[][] batch = stepsAndGradient(model.net(), x, 40, 9, 12, null);
            for (int threads : new int[] {1, 2, 0}) {
                Native.forceParts(threads); // where there are as many; 0 for what the work is worth
                for (int n : new int[] {1, 2, 16, 17}) {
                    float[][] few = stepsAndGradient(model.net(), x, n, 9, 12, null);
                    for (int i = 0; i < 2; i++) {
                        assertThat(few[i])
                                .as("array %d of %d sequences by %d threads", i, n, threads)
                                .isEqualTo(Arrays.copyOf(batch[i], few[i].length));
                    }
                }
            }
        } finally {
            Native.forceParts(0);
        }
    }

    /** The steps over the first n sequences of x, and the gradient of x of the sum of their squares. */
    private static float[][] stepsAndGradient(
            Recurrent net, float[] x, int n, int t, int in, int @Nullable [] lengths) {
        try (Pass pass = Pass.grad()) {
            Tensor inputs = pass.watch(Tensor.of(Arrays.copyOf(x, n * t * in), n, t, in));
            Tensor y = net.run(inputs, State.EMPTY, lengths == null ? null : Tensor.ofInts(lengths, n))
                    .steps();
            pass.backward(y.square().sum());
            return new float[][] {y.toArray(), pass.gradient(inputs).toArray()};
        }
    }

    /**
     * The gradient of each sequence of a padded batch is, to the bit, that of the sequence alone, and that of padding
     * is zero.
     */
    @ParameterizedTest
    @MethodSource("nets")
    void theGradientOfASequenceDoesNotSeeItsBatch(Recurrent plain) {
        for (boolean front : new boolean[] {false, true}) {
            Recurrent net = front ? plain.bidirectional().paddedInFront() : plain.bidirectional();
            int[] lengths = {4, 1, 7, 3};
            try (var model = Model.of(net, 1)) {
                float[] x = new Rng(3).normal(4 * 7 * 3, 0, 1);
                float[] dx = stepsAndGradient(net, x, 4, 7, 3, lengths)[1];
                float[] expected = new float[dx.length];
                for (int b = 0; b < 4; b++) {
                    int from = (b * 7 + (front ? 7 - lengths[b] : 0)) * 3;
                    float[] one = Arrays.copyOfRange(x, from, from + 3 * lengths[b]);
                    float[] alone = stepsAndGradient(net, one, 1, lengths[b], 3, null)[1];
                    System.arraycopy(alone, 0, expected, from, alone.length);
                }
                assertThat(dx).isEqualTo(expected);
            }
        }
    }

    /**
     * Whatever lies in the padding, even NaN: the same bits of all results, and of the gradients of x and of the
     * parameters.
     */
    @ParameterizedTest
    @MethodSource("nets")
    void nanInThePaddingChangesNothing(Recurrent plain) {
        int[] lengths = {4, 1, 7, 3};
        for (boolean front : new boolean[] {false, true}) {
            Recurrent net = front ? plain.bidirectional().paddedInFront() : plain.bidirectional();
            try (var model = Model.of(net, 1)) {
                List<float[]> clean = new ArrayList<>();
                for (boolean nan : new boolean[] {false, true}) {
                    float[] values = new Rng(3).normal(4 * 7 * 3, 0, 1);
                    for (int i = 0; nan && i < values.length; i++) {
                        int t = front ? 6 - i / 3 % 7 : i / 3 % 7;
                        values[i] = t < lengths[i / 21] ? values[i] : Float.NaN;
                    }
                    List<float[]> found = new ArrayList<>();
                    model.zeroGrad();
                    try (Pass pass = Pass.train(new Rng(1))) {
                        Tensor x = pass.watch(Tensor.of(values, 4, 7, 3));
                        Output out = net.run(x, State.EMPTY, Tensor.ofInts(lengths, 4));
                        pass.backward(out.steps().square().sum().add(out.last().sum()));
                        found.add(out.steps().toArray());
                        found.add(out.last().toArray());
                        found.add(out.state().get("hidden").toArray());
                        found.add(pass.gradient(x).toArray());
                    }
                    model.parameters().forEach(p -> found.add(p.gradient().toArray()));
                    assertThat(found).allSatisfy(array -> assertThat(array).doesNotContain(Float.NaN));
                    if (nan) {
                        assertThat(found)
                                .usingElementComparator(Arrays::compare)
                                .isEqualTo(clean);
                    }
                    clean = found;
                }
            }
        }
    }

    /**
     * Without lengths padding is processed: zeros in front are steps like others, and what they make of the state is
     * where the rest begins.
     */
    @ParameterizedTest
    @MethodSource("nets")
    void zerosInFrontAreStepsUnlessLengthsMaskThem(Recurrent plain) {
        Recurrent net = plain.paddedInFront();
        try (var model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            Tensor rest = random(new Rng(3), 2, 4, 3);
            Tensor padded = Tensor.concat(1, Tensor.zeros(2, 3, 3), rest);
            State begun = net.run(Tensor.zeros(2, 3, 3)).state();
            float[] processed = net.run(padded).steps().slice(1, 3, 7).toArray();
            assertThat(processed).containsExactly(net.run(rest, begun).steps().toArray());
            float[] masked = net.run(padded, State.EMPTY, Tensor.ofInts(new int[] {4, 4}, 2))
                    .steps()
                    .slice(1, 3, 7)
                    .toArray();
            assertThat(masked).containsExactly(net.run(rest).steps().toArray());
            assertThat(Arrays.equals(masked, processed))
                    .as("only a net without biases stays at zero")
                    .isEqualTo(net.settings().biases() == 0);
        }
    }

    /** Dropping the padding from the loss, gradients are those of the sequences one by one. */
    @Test
    void gradientsOfAPaddedBatchAreThoseOfItsSequences() {
        Recurrent net = Recurrent.lstm(3, 5).bidirectional();
        int[] lengths = {4, 1, 6};
        try (var model = Model.of(net, 1)) {
            float[] sum = new float[0];
            for (int b = 0; b < 3; b++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor x = random(new Rng(3), 3, 6, 3).slice(0, b, b + 1).slice(1, 0, lengths[b]);
                    pass.backward(model.net().run(x).steps().square().sum());
                }
            }
            sum = model.parameter("weight_hh_l0_reverse").gradient().toArray();
            model.zeroGrad();
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor x = random(new Rng(3), 3, 6, 3);
                pass.backward(model.net()
                        .run(x, State.EMPTY, Tensor.ofInts(lengths, 3))
                        .steps()
                        .square()
                        .sum());
            }
            float[] padded = model.parameter("weight_hh_l0_reverse").gradient().toArray();
            for (int i = 0; i < sum.length; i++) {
                assertThat(padded[i]).isCloseTo(sum[i], org.assertj.core.data.Offset.offset(1e-5f));
            }
        }
    }

    @Test
    void theLastStepIsThatOfTheTopLayer() {
        Recurrent net = Recurrent.gru(3, 4).layers(2).bidirectional().lastStep();
        try (var model = Model.of(new Sequential(net, new Linear(8, 2)), 1);
                Pass pass = Pass.infer()) {
            Tensor x = random(new Rng(4), 2, 5, 3);
            assertThat(model.net().apply(x).shape()).isEqualTo(Shape.of(2, 2));
            Output out = net.run(x);
            assertThat(out.last().slice(1, 0, 4).toArray())
                    .containsExactly(out.steps().slice(1, 4, 5).slice(2, 0, 4).toArray());
            assertThat(out.last().slice(1, 4, 8).toArray())
                    .containsExactly(out.steps().slice(1, 0, 1).slice(2, 4, 8).toArray());
            assertThat(out.state().get("hidden").shape()).isEqualTo(Shape.of(2, 4, 4));
        }
    }

    /** h[t] = relu(x[t] + mixed state) with weights of one, written out with the draws that the net must make. */
    @Test
    void skippingConnectionsFollowTheirDraws() {
        Recurrent net = ones(Recurrent.of(Cell.RELU, 1, 1).biases(0).skip(3, 7));
        float[] drawn = new Rng(7).split("skip_l0").uniform(8, 0, 3);
        try (var model = Model.of(net, 1);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 8, 1));
            Tensor y = model.net().apply(x);
            float[] h = new float[8];
            for (int t = 0; t < 8; t++) {
                float before = t == 0 ? 0 : h[t - 1];
                float past = t < 3 ? 0 : h[t - 3];
                float in = t == 0 || drawn[t] < 1 ? before : drawn[t] < 2 ? past : (before + past) / 2;
                h[t] = t + 1 + in;
            }
            assertThat(y.toArray()).containsExactly(h);
            assertThat(model.net().apply(x.slice(1, 0, 5)).toArray()).containsExactly(Arrays.copyOf(h, 5));
            pass.backward(y.sum());
            float[] reach = new float[8]; // how often each input is counted in the sum of all states
            for (int t = 7; t >= 0; t--) {
                reach[t] += 1;
                if (t > 0) {
                    float share = drawn[t] < 1 ? 1 : drawn[t] < 2 ? 0 : 0.5f;
                    reach[t - 1] += share * reach[t];
                    if (t >= 3) {
                        reach[t - 3] += (1 - share) * reach[t];
                    }
                }
            }
            assertThat(pass.gradient(x).toArray()).containsExactly(reach);
        }
        refuses(() -> Recurrent.lstm(3, 4).skip(0, 1), "Recurrent: lag=0 must be at least 1");
    }

    /**
     * Without a seed every step has both connections: h[t] = relu(x[t] + (h[t - 1] + h[t - 3]) / 2) with weights of
     * one.
     */
    @Test
    void skippingConnectionsWithoutDrawsAreAtEveryStep() {
        Recurrent net = ones(Recurrent.of(Cell.RELU, 1, 1).biases(0).skip(3));
        try (var model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            float[] h = new float[8];
            for (int t = 0; t < 8; t++) {
                h[t] = t + 1 + ((t == 0 ? 0 : h[t - 1]) + (t < 3 ? 0 : h[t - 3])) / 2;
            }
            Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 8, 1);
            assertThat(model.net().apply(x).toArray()).containsExactly(h);
        }
        refuses(() -> Recurrent.lstm(3, 4).skip(0), "Recurrent: lag=0 must be at least 1");
    }

    /**
     * Variational dropout drops a feature at every step of a sequence or at none; the other kind leaves the first
     * layer's input alone.
     */
    @Test
    void dropoutFallsWhereItShould() {
        for (boolean variational : new boolean[] {true, false}) {
            Recurrent relu = Recurrent.of(Cell.RELU, 1, 1).biases(0);
            Recurrent dropping = variational ? relu.variationalDropout(0.5f, 0) : relu.dropout(0.5f);
            Map<String, Parameter> weights = new LinkedHashMap<>();
            weights.put("weight_ih_l0", new Parameter(Shape.of(1, 1), Init.constant(1)));
            weights.put("weight_hh_l0", new Parameter(Shape.of(1, 1), Init.constant(0)));
            try (var model = Model.of(new Recurrent(dropping.settings(), weights), 1);
                    Pass pass = Pass.train(new Rng(5))) {
                float[] y = model.net().apply(Tensor.ones(64, 6, 1)).toArray();
                int dropped = 0;
                for (int b = 0; b < 64; b++) {
                    float[] row = Arrays.copyOfRange(y, 6 * b, 6 * b + 6);
                    for (float v : row) {
                        assertThat(v).isEqualTo(row[0]);
                    }
                    assertThat(row[0]).isIn(variational ? new Object[] {0f, 2f} : new Object[] {1f});
                    dropped += row[0] == 0 ? 1 : 0;
                }
                assertThat(dropped).isBetween(variational ? 16 : 0, variational ? 48 : 0);
            }
        }
    }

    /**
     * y = relu(drop(relu(x))): what goes from the first layer to the second is dropped step by step and scaled, and x
     * is not.
     */
    @Test
    void dropoutLiesBetweenLayers() {
        Recurrent relu = Recurrent.of(Cell.RELU, 1, 1).biases(0).layers(2).dropout(0.25f);
        Map<String, Parameter> weights = new LinkedHashMap<>();
        relu.weights()
                .forEach((name, p) ->
                        weights.put(name, new Parameter(p.shape(), Init.constant(name.contains("ih") ? 1 : 0))));
        try (var model = Model.of(new Recurrent(relu.settings(), weights), 1)) {
            try (Pass pass = Pass.train(new Rng(5))) {
                Tensor x = pass.watch(Tensor.ones(64, 6, 1));
                Output out = model.net().run(x);
                pass.backward(out.steps().sum());
                assertThat(out.state().get("hidden").slice(1, 0, 1).toArray())
                        .as("the last states of the first layer")
                        .containsOnly(1f);
                float[] y = out.steps().toArray();
                int dropped = 0;
                int mixed = 0;
                for (int b = 0; b < 64; b++) {
                    int inRow = 0;
                    for (int t = 0; t < 6; t++) {
                        assertThat(y[6 * b + t]).isIn(0f, 1 / 0.75f);
                        inRow += y[6 * b + t] == 0 ? 1 : 0;
                    }
                    dropped += inRow;
                    mixed += inRow > 0 && inRow < 6 ? 1 : 0;
                }
                assertThat(dropped).isBetween(60, 132); // of 384, 96 +- 4 deviations
                assertThat(mixed).isGreaterThan(32);
                assertThat(pass.gradient(x).toArray()).containsExactly(y);
            }
            try (Pass pass = Pass.infer()) {
                assertThat(model.net().apply(Tensor.ones(2, 3, 1)).toArray()).containsOnly(1f);
            }
        }
    }

    /** h[t] = x + m h[t - 1], where m is 0 or 2 for all steps of a sequence, and 1 outside training. */
    @Test
    void variationalDropoutDropsUnitsOfTheState() {
        Recurrent relu = Recurrent.of(Cell.RELU, 1, 1).biases(0).variationalDropout(0, 0.5f);
        try (var model = Model.of(ones(relu), 1)) {
            try (Pass pass = Pass.train(new Rng(5))) {
                Tensor x = pass.watch(Tensor.ones(64, 4, 1));
                Tensor y = model.net().apply(x);
                pass.backward(y.sum());
                float[] dx = pass.gradient(x).toArray();
                float[] values = y.toArray();
                int dropped = 0;
                for (int b = 0; b < 64; b++) {
                    boolean drops = values[4 * b + 1] == 1;
                    assertThat(Arrays.copyOfRange(values, 4 * b, 4 * b + 4))
                            .containsExactly(drops ? new float[] {1, 1, 1, 1} : new float[] {1, 3, 7, 15});
                    assertThat(Arrays.copyOfRange(dx, 4 * b, 4 * b + 4))
                            .containsExactly(drops ? new float[] {1, 1, 1, 1} : new float[] {15, 7, 3, 1});
                    dropped += drops ? 1 : 0;
                }
                assertThat(dropped).isBetween(16, 48);
            }
            try (Pass pass = Pass.infer()) {
                assertThat(model.net().apply(Tensor.ones(1, 4, 1)).toArray()).containsExactly(1, 2, 3, 4);
            }
        }
        refuses(
                () -> Recurrent.lstm(3, 4).variationalDropout(0, 1),
                "Recurrent: dropout=1.0 is the probability to drop and must be in [0, 1)");
    }

    @ParameterizedTest
    @EnumSource(Cell.class)
    void closingLeavesNothingBehind(Cell cell) {
        long before = Memory.stats().owned();
        try (var model = Model.of(Recurrent.of(cell, 3, 4), 1);
                var carried = new KeptState()) {
            for (int i = 0; i < 3; i++) {
                try (Pass pass = Pass.train(new Rng(i))) {
                    Output out = model.net().run(random(new Rng(i), 2, 3, 3), carried.state());
                    carried.keep(out.state());
                    pass.backward(out.steps().sum());
                }
            }
        }
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    // ---- bad input

    /**
     * What the Javadoc of the layer says, for every cell at 500 steps, and what lies beyond it is the rounding of
     * blocks.
     */
    @ParameterizedTest
    @EnumSource(Cell.class)
    void memoryIsWhatTheJavadocComputes(Cell cell) {
        int n = 32;
        int t = 500;
        for (int[] size : new int[][] {{32, 32, 1}, {24, 40, 1}, {24, 40, 2}}) {
            int in = size[0];
            int hidden = size[1];
            int layers = size[2];
            try (var model = Model.of(Recurrent.of(cell, in, hidden).layers(layers), 1);
                    Pass pass = Pass.train(new Rng(1))) {
                Tensor x = Tensor.zeros(n, t, in);
                long before = pass.liveBytes();
                Tensor y = model.net().apply(x);
                long kept = pass.liveBytes() - before;
                int more = cell == Cell.LSTM || cell == Cell.GRU || cell == Cell.GRU_RESET_FIRST ? 1 : 0;
                long formula = 4L * n * t * hidden;
                for (int layer = 0; layer < layers; layer++) {
                    int from = layer == 0 ? in : hidden;
                    formula += 4L * n * t * ((cell.gates() + 1 + more) * hidden + from);
                }
                if (cell == Cell.LSTM && hidden == 32) {
                    assertThat(formula).isEqualTo(16_384_000);
                }
                assertThat((double) kept / formula).as(cell + " of " + layers).isBetween(1.0, 1.04);
                pass.backward(y.sum());
                // the gradients of y and of the result below, and those of the gates of a chunk of steps
                long gates = Math.min(1 << 22, 4L * n * t * hidden * cell.gates());
                long backward = 4L * n * t * hidden * layers + (cell.name().startsWith("GRU") ? 2 : 1) * gates;
                assertThat((double) (pass.peakBytes() - before) / (formula + backward))
                        .as(cell + ", backward")
                        .isBetween(0.9, 1.04);
            }
        }
    }

    @Test
    void refusesInOneSentence() {
        try (var model = Model.of(Recurrent.lstm(3, 4), 1);
                var gru = Model.of(Recurrent.gru(3, 4), 1);
                Pass pass = Pass.infer()) {
            Recurrent net = model.net();
            Tensor x = Tensor.zeros(2, 5, 3);
            refuses(
                    () -> net.run(x, State.EMPTY, Tensor.ofInts(new int[] {5, 0}, 2)),
                    "lstm: the length of row 1 is 0; a sequence has at least one step, so leave it out");
            refuses(
                    () -> net.run(x, State.EMPTY, Tensor.ofInts(new int[] {6, 1}, 2)),
                    "lstm: length 6 at row 0 is outside [0, 5]: lengths count the steps of a row that are no padding");
            refuses(
                    () -> net.run(x, State.EMPTY, Tensor.ofInts(new int[] {6}, 1)),
                    "lstm: x [2, 5, 3] and lengths [1] disagree: lengths must be [2]");
            refuses(
                    () -> net.run(Tensor.zeros(2, 0, 3)),
                    "lstm: x [2, 0, 3] has no steps, x.dim(1)=0; give at least one");
            refuses(
                    () -> net.run(Tensor.zeros(2, 5, 4)),
                    "lstm: x [2, 5, 4] and weight_ih_l0 [16, 3] disagree: x.dim(2)=4 but weight_ih_l0.dim(1)=3");
            refuses(
                    () -> net.run(Tensor.zeros(2, 5)),
                    "Recurrent: x [2, 5] must be [batch, steps, features]; reshape it, or embed tokens first");
            State state = gru.net().run(x).state();
            refuses(
                    () -> net.run(x, state),
                    "Recurrent: the initial state {hidden=[2, 1, 4]} and x [2, 5, 3] disagree; a net of LSTM cells begins"
                            + " with [batch, layers * directions, hidden] as {cell=[2, 1, 4], hidden=[2, 1, 4]}, or with"
                            + " State.EMPTY for zeros");
            refuses(
                    () -> gru.net().run(x, state.with("cell", state.get("hidden"))),
                    "Recurrent: the initial state {cell=[2, 1, 4], hidden=[2, 1, 4]} and x [2, 5, 3] disagree; a net of"
                            + " GRU cells begins with [batch, layers * directions, hidden] as {hidden=[2, 1, 4]}, or with"
                            + " State.EMPTY for zeros");
            refuses(
                    () -> gru.net().run(Tensor.zeros(1, 5, 3), state),
                    "Recurrent: the initial state {hidden=[2, 1, 4]} and x [1, 5, 3] disagree; a net of GRU cells begins"
                            + " with [batch, layers * directions, hidden] as {hidden=[1, 1, 4]}, or with State.EMPTY for"
                            + " zeros");
        }
        refuses(
                () -> new Recurrent(
                        Recurrent.rnn(3, 4).settings(),
                        Recurrent.rnn(3, 4).biases(0).weights()),
                "Recurrent: the parameters {weight_hh_l0=[4, 4], weight_ih_l0=[4, 3]} are not those of its "
                        + "settings; give "
                        + "{bias_hh_l0=[4], bias_ih_l0=[4], weight_hh_l0=[4, 4], weight_ih_l0=[4, 3]}");
        refuses(() -> Recurrent.lstm(0, 4), "Recurrent: in=0 must be at least 1");
        refuses(() -> Recurrent.lstm(3, 4).biases(3), "Recurrent: biases=3 must be in [0, 2]");
        refuses(
                () -> Recurrent.gru(3, 4).peepholes(),
                "Recurrent: only an LSTM has peepholes and a forget gate; the cell is GRU");
        refuses(
                () -> Recurrent.lstm(3, 4).updateGatesCandidate(),
                "Recurrent: only a GRU has an update gate whose sense can be chosen; the cell is LSTM");
        refuses(
                () -> Recurrent.lstm(3, 4).dropout(1),
                "Recurrent: dropout=1.0 is the probability to drop and must be in [0, 1)");
    }

    private static void refuses(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    /** A NaN spoils the sequence that it is in from its step on, and no other. */
    @Test
    void aNanStaysInItsSequence() {
        try (var model = Model.of(Recurrent.lstm(1, 4), 1);
                Pass pass = Pass.infer()) {
            Tensor y = model.net().apply(Tensor.of(new float[] {1, Float.NaN, 1, 1, 1, 1}, 2, 3, 1));
            float[] values = y.toArray();
            for (int i = 0; i < values.length; i++) {
                assertThat(Float.isNaN(values[i])).isEqualTo(i >= 4 && i < 12);
            }
        }
    }
}
