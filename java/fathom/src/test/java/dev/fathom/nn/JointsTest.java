package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The joints of nets, models, passes and optimizers, each by a small case. */
class JointsTest {
    private static float[] random(int n) {
        return new Rng(3).uniform(n, -1, 1);
    }

    // ---- models

    private record Tied(Linear encoder, Linear decoder) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return decoder.apply(encoder.apply(x).tanh());
        }
    }

    @Test
    void tiedWeightsAreOneParameterAndTheirGradientsAdd() {
        Linear one = new Linear(3, 3).withoutBias();
        try (var model = Model.of(new Tied(one, new Linear(one.weight(), null, null)), 1)) {
            assertThat(model.parameters()).hasSize(1);
            assertThat(model.parameters().get(0).name()).isEqualTo("encoder.weight");
            try (Pass pass = Pass.grad()) {
                Tensor x = Tensor.of(random(6), 2, 3);
                pass.backward(model.net().apply(x).sum(), model);
                float[] tied = model.parameters().get(0).gradient().toArray();
                try (Model<Tied> apart = untied(model)) {
                    pass.backward(apart.net().apply(x).sum(), apart);
                    float[] a = apart.net().encoder().weight().gradient().toArray();
                    float[] b = apart.net().decoder().weight().gradient().toArray();
                    for (int i = 0; i < 9; i++) {
                        assertThat(tied[i]).isCloseTo(a[i] + b[i], org.assertj.core.data.Offset.offset(1e-5f));
                    }
                }
            }
        }
    }

    private static Model<Tied> untied(Model<Tied> of) {
        float[] w = of.parameters().get(0).value().toArray();
        Linear a = new Linear(new Parameter(Shape.of(3, 3), (s, r) -> w.clone()), null, null);
        Linear b = new Linear(new Parameter(Shape.of(3, 3), (s, r) -> w.clone()), null, null);
        return Model.of(new Tied(a, b), 1);
    }

    private record Ends(Linear first, Linear second, Linear third) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return third.apply(second.apply(first.apply(x)));
        }
    }

    @Test
    void aPartThatIsTiedToTheOutsideIsRefusedByName() {
        Linear first = new Linear(3, 3);
        try (var model = Model.of(new Ends(first, new Linear(3, 3), new Linear(first.weight(), null, null)), 1)) {
            assertThatThrownBy(() -> model.part(model.net().third()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("part: parameter first.weight is tied to a net outside the part; train both with one"
                            + " optimizer, or untie it");
            assertThatThrownBy(() -> model.part(model.net().first())).hasMessageContaining("first.weight is tied");
            Part second = model.part(model.net().second());
            assertThat(second.range().to() - second.range().from()).isEqualTo(2);
            assertThatThrownBy(() -> model.part(new Linear(3, 3))).hasMessageContaining("not in this model's tree");
        }
    }

    private record Gan(Sequential g, Sequential d) implements Net {}

    @Test
    void twoPartsOfOneModelTrainWithTwoOptimizers() {
        var net = new Gan(
                new Sequential(new Linear(4, 8), Tensor::relu, new Linear(8, 1)),
                new Sequential(new Linear(1, 8), Tensor::relu, new Linear(8, 1)));
        Rng rng = new Rng(1);
        try (var model = Model.of(net, 7)) {
            Part g = model.part(net.g());
            Part d = model.part(net.d());
            try (BoundOptimizer optG = new Adam(1e-2f).on(g);
                    BoundOptimizer optD = new Adam(1e-2f).on(d)) {
                for (int i = 0; i < 200; i++) {
                    try (Pass pass = Pass.train(rng)) {
                        Tensor real = pass.randn(64, 1).mul(0.5f).add(3);
                        Tensor fake = net.g().apply(pass.randn(64, 4));
                        float[] before = net.g().layers().get(0) instanceof Linear l
                                ? l.weight().value().toArray()
                                : null;
                        pass.backward(
                                bce(net.d().apply(real), 1).add(bce(net.d().apply(fake.detach()), 0)), d);
                        assertThat(((Linear) net.g().layers().get(0)).weight().gradient())
                                .isNull();
                        optD.step();
                        assertThat(((Linear) net.g().layers().get(0))
                                        .weight()
                                        .value()
                                        .toArray())
                                .isEqualTo(before);
                        pass.backward(bce(net.d().apply(fake), 1), g);
                        assertThat(((Linear) net.d().layers().get(0)).weight().gradient())
                                .isNull();
                        optG.step();
                    }
                }
                try (Pass pass = Pass.train(rng)) {
                    float mean = net.g().apply(pass.randn(256, 4)).mean().item();
                    assertThat(mean)
                            .as("the generator has moved toward the data, whose mean is 3")
                            .isBetween(1f, 5f);
                }
            }
        }
    }

    private static Tensor bce(Tensor logits, float target) {
        return logits.bceWithLogits(Tensor.scalar(target)).mean();
    }

    private record Classifier(Sequential trunk, Linear head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(trunk.apply(x));
        }
    }

    @Test
    void aNewHeadOnATrainedFrozenTrunkAdoptsAndLeavesTheTrunkBitForBit() {
        var trunk = new Sequential(new Linear(5, 6), Tensor::tanh);
        var old = Model.of(new Classifier(trunk, new Linear(6, 3)), 1);
        Part part = old.part(trunk);
        float[] trained = ((Linear) trunk.layers().get(0)).weight().value().toArray();
        try (var model = Model.adopt(new Classifier(trunk, new Linear(6, 2)), 2)) {
            for (org.assertj.core.api.ThrowableAssert.ThrowingCallable use :
                    List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                            old::parameters,
                            () -> StoreRange.store(part.range()),
                            () -> old.eval("trunk.*"),
                            part::zeroGrad)) {
                assertThatThrownBy(use)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("model is superseded: its parameters moved to the model made at");
            }
            old.close();
            model.freeze("trunk.*");
            assertThatThrownBy(() -> model.freeze("nowhere.*"))
                    .hasMessageStartingWith("freeze: nowhere.* matches none of [trunk.0.weight");
            try (BoundOptimizer sgd = new Sgd(0.1f).on(model)) {
                float[] head = model.net().head().weight().value().toArray();
                try (Pass pass = Pass.train(new Rng(1))) {
                    pass.backward(model.net()
                            .apply(Tensor.of(random(20), 4, 5))
                            .crossEntropy(Tensor.ofInts(new int[] {0, 1, 0, 1}, 4)));
                    sgd.step();
                }
                assertThat(((Linear) trunk.layers().get(0)).weight().value().toArray())
                        .isEqualTo(trained);
                assertThat(model.net().head().weight().value().toArray()).isNotEqualTo(head);
            }
        }
    }

    @Test
    void namesArePyTorchs() {
        try (var model = Model.of(
                new Classifier(
                        new Sequential(new Linear(2, 2), Tensor::relu, new Recompute(new Linear(2, 2))),
                        new Linear(2, 2)),
                1)) {
            assertThat(model.parameters().stream().map(Parameter::name))
                    .containsExactly(
                            "trunk.0.weight",
                            "trunk.0.bias",
                            "trunk.2.weight",
                            "trunk.2.bias",
                            "head.weight",
                            "head.bias");
        }
    }

    @Test
    void aCopyIsIndependentAndEqualLayersStayTwo() {
        Dropout a = new Dropout(0.5f);
        Dropout b = new Dropout(0.5f);
        assertThat(a).isEqualTo(b);
        try (var model = Model.of(new Sequential(new Linear(2, 2), a, b), 1);
                var copy = model.copy()) {
            assertThat(copy.net()).isNotSameAs(model.net());
            assertThat(copy.parameterCount()).isEqualTo(model.parameterCount());
            float[] was = model.parameters().get(0).value().toArray();
            assertThat(copy.parameters().get(0).value().toArray()).isEqualTo(was);
            try (Pass pass = Pass.train(new Rng(0));
                    BoundOptimizer sgd = new Sgd(1f).on(copy)) {
                pass.backward(copy.net()
                        .apply(Tensor.of(random(2), 1, 2))
                        .square()
                        .sum()
                        .add(copy.parameters().get(0).value().sum()));
                sgd.step();
            }
            assertThat(copy.parameters().get(0).value().toArray()).isNotEqualTo(was);
            assertThat(model.parameters().get(0).value().toArray()).isEqualTo(was);
            model.copyFrom(copy);
            assertThat(model.parameters().get(0).value().toArray())
                    .isEqualTo(copy.parameters().get(0).value().toArray());
        }
    }

    @Test
    void whatIsNeitherRecordNorPlainLambdaIsRefused() {
        float secret = (float) Math.random();
        Layer capturing = x -> x.mul(secret);
        assertThatThrownBy(() -> Model.of(new Sequential(capturing), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("model: 0 is a ")
                .hasMessageContaining("neither a record nor a lambda that captures nothing");
    }

    @Test
    void anUnboundParameterSaysWhereAndWhatToDo() {
        Linear loose = new Linear(2, 3);
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(1, 2);
            assertThatThrownBy(() -> loose.apply(x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("parameter [3, 2] has no values yet: give Model.of the net that holds it in a record "
                            + "component");
        }
    }

    @Test
    void shapesThatDisagreeNameOpPathShapesAndDimensions() {
        try (var model =
                        Model.of(new Sequential(new Linear(2, 3), Tensor::relu, Tensor::relu, new Linear(784, 64)), 1);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "linear at 3: x [2, 3] and weight [64, 784] disagree: x.dim(1)=3 but weight.dim(1)=784");
        }
    }

    // ---- buffers and recomputation

    /** y = w x + mean, and the mean follows x. */
    private record Follower(Linear linear, Buffer runningMean) implements Layer {
        Follower(int n) {
            this(new Linear(n, n), new Buffer(Shape.of(n), Init.zeros()));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = linear.apply(x).add(runningMean.value());
            runningMean.update(runningMean.value().mul(0.5f).add(x.mean(0).mul(0.5f)));
            return y;
        }
    }

    @Test
    void aBufferIsCommittedByBackwardOnceAlsoWhenRecomputed() {
        float[] x = random(6);
        for (boolean recompute : new boolean[] {false, true}) {
            Follower f = new Follower(3);
            Layer layer = recompute ? new Recompute(f) : f;
            try (var model = Model.of(new Sequential(layer), 5)) {
                assertThat(model.buffers().get(0).name()).isEqualTo("0.running_mean");
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor loss = model.net().apply(Tensor.of(x, 2, 3)).square().mean();
                    assertThat(f.runningMean().value().toArray())
                            .as("before backward")
                            .containsOnly(0f);
                    pass.backward(loss);
                    for (int i = 0; i < 3; i++) {
                        assertThat(f.runningMean().value().get(i)).isEqualTo((x[i] + x[3 + i]) / 2 * 0.5f);
                    }
                }
                float[] kept = f.runningMean().value().toArray();
                try (Pass pass = Pass.infer()) {
                    model.net().apply(Tensor.of(x, 2, 3));
                }
                assertThat(f.runningMean().value().toArray())
                        .as("evaluation does not update")
                        .isEqualTo(kept);
            }
        }
    }

    @Test
    void aFailedBackwardCommitsNothing() {
        Follower f = new Follower(3);
        try (var model = Model.of(f, 5);
                Pass pass = Pass.train(new Rng(1))) {
            Tensor loss = model.net()
                    .apply(Tensor.of(random(6), 2, 3)
                            .mul(model.parameters().get(1).value()))
                    .square()
                    .mean();
            model.copyFrom(model);
            assertThatThrownBy(() -> pass.backward(loss))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(
                            "backward: parameter linear.weight has changed since linear at linear was recorded");
            assertThat(f.runningMean().value().toArray()).containsOnly(0f);
            assertThat(model.parameters().get(0).gradient())
                    .as("no half-written gradient")
                    .isNull();
        }
    }

    @Test
    void aRecomputedLayerWithDropoutGivesTheSameBits() {
        List<float[]> results = new ArrayList<>();
        for (boolean recompute : new boolean[] {false, true}) {
            Layer block = new Sequential(new Linear(8, 16), Tensor::relu, new Dropout(0.5f), new Linear(16, 8));
            try (var model = Model.of(
                            new Sequential(
                                    new Linear(8, 8), recompute ? new Recompute(block) : block, new Dropout(0.3f)),
                            11);
                    Pass pass = Pass.train(new Rng(9))) {
                Tensor x = pass.watch(Tensor.of(random(40), 5, 8));
                Tensor loss = model.net().apply(x).square().mean();
                pass.backward(loss);
                results.add(new float[] {loss.item()});
                results.add(pass.gradient(x).toArray());
                model.parameters().forEach(p -> results.add(p.gradient().toArray()));
            }
        }
        int half = results.size() / 2;
        for (int i = 0; i < half; i++) {
            assertThat(results.get(half + i)).isEqualTo(results.get(i));
        }
    }

    /** It runs again where it ran first: below the nets whose mode is fixed, under the same names. */
    @Test
    void aRecomputedLayerKeepsItsModeAndItsNames() {
        SAID.clear();
        List<float[]> results = new ArrayList<>();
        for (boolean recompute : new boolean[] {false, true}) {
            Layer block = new Sequential(new Linear(8, 8), new Dropout(0.5f), JointsTest::complain);
            try (var model = Model.of(new Sequential(recompute ? new Recompute(block) : block, new Linear(8, 8)), 11);
                    Pass pass = Pass.train(new Rng(9))) {
                model.eval("0");
                Tensor loss =
                        model.net().apply(Tensor.of(random(40), 5, 8)).square().mean();
                pass.backward(loss);
                results.add(model.parameters().get(0).gradient().toArray());
            }
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
        assertThat(SAID)
                .hasSize(3)
                .containsOnly(
                        "reshape at 0.2: x [5, 8] has 40 elements, which do not fill [7]; the products must agree");
    }

    private static final List<String> SAID = new ArrayList<>();

    private static Tensor complain(Tensor x) {
        try {
            return x.reshape(7);
        } catch (IllegalArgumentException e) {
            SAID.add(e.getMessage());
            return x.mul(2);
        }
    }

    @Test
    void recomputationKeepsLess() {
        long[] live = new long[2];
        for (int i = 0; i < 2; i++) {
            List<Layer> layers = new ArrayList<>();
            for (int j = 0; j < 10; j++) {
                Layer block = new Sequential(new Linear(64, 64), Tensor::relu, new Linear(64, 64), Tensor::relu);
                layers.add(i == 1 ? new Recompute(block) : block);
            }
            try (var model = Model.of(new Sequential(layers), 1);
                    Pass pass = Pass.train(new Rng(1))) {
                model.net().apply(Tensor.zeros(64, 64));
                live[i] = pass.liveBytes();
            }
        }
        assertThat(live[1]).as("ten inputs instead of ten blocks").isLessThan(live[0] * 6 / 10);
    }

    // ---- frames

    @Test
    void aThousandLayersInferInTheMemoryOfThree() {
        long[] peaks = new long[2];
        int[] depths = {3, 1000};
        for (int i = 0; i < 2; i++) {
            Layer block = new Block(new Linear(32, 32));
            try (var model = Model.of(new Sequential(Collections.nCopies(depths[i], block)), 1);
                    Pass pass = Pass.infer()) {
                model.net().apply(Tensor.zeros(16, 32));
                peaks[i] = pass.peakBytes();
            }
        }
        assertThat(peaks[1]).isEqualTo(peaks[0]);
    }

    /** relu(x + linear(x)), with intermediates of its own. */
    private record Block(Linear linear) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return x.add(linear.apply(x)).relu();
        }
    }

    private static Tensor hoarded;

    @Test
    void aLayerThatHoardsGetsASentence() {
        Layer hoarder = x -> {
            hoarded = x.add(1);
            return hoarded.mul(2);
        };
        try (var model = Model.of(new Sequential(Tensor::relu, Tensor::relu, Tensor::relu, hoarder, Tensor::relu), 1);
                Pass pass = Pass.infer()) {
            model.net().apply(Tensor.zeros(2, 10));
            assertThatThrownBy(() -> hoarded.toArray())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "tensor add_scalar[3] [2, 10] was released when layer 3 returned; return it, or keep() it");
        }
    }

    private record Nested(Layer inner) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return inner.apply(x);
        }
    }

    @Test
    void tenThousandNestedModulesAreWalkedNamedAndSavedAndASequentialRuns() throws Exception {
        Layer layer = new Linear(2, 2);
        for (int i = 0; i < 10_000; i++) {
            layer = new Nested(layer);
        }
        try (var model = Model.of(layer, 1)) {
            assertThat(model.parameters()).hasSize(2);
            assertThat(model.parameters().get(0).name())
                    .startsWith("inner.inner.")
                    .endsWith(".weight")
                    .hasSize(10_000 * 6 + 6);
            var file = java.nio.file.Files.createTempFile("deep", ".safetensors");
            try {
                model.save(file);
                model.load(file);
            } finally {
                java.nio.file.Files.delete(file);
            }
            try (var copy = model.copy()) {
                assertThat(copy.parameterCount()).isEqualTo(6);
            }
        }
        try (var model = Model.of(
                        new Sequential(
                                Collections.nCopies(10_000, new Linear(2, 2).act(dev.fathom.op.Activation.TANH))),
                        1);
                Pass pass = Pass.train(new Rng(1))) {
            Tensor loss = model.net().apply(Tensor.of(random(4), 2, 2)).sum();
            pass.backward(loss);
            assertThat(loss.item()).isFinite();
        }
    }

    @Test
    void aNestedApplyTooDeepForTheStackNamesTheDepth() throws InterruptedException {
        Layer layer = Tensor::relu;
        for (int i = 0; i < 200_000; i++) {
            layer = new Nested(layer);
        }
        Layer deep = layer;
        Throwable[] thrown = new Throwable[1];
        Thread small = new Thread(
                null,
                () -> {
                    try (Pass pass = Pass.infer()) {
                        Tensor x = Tensor.zeros(1);
                        deep.apply(x);
                    } catch (Throwable t) {
                        thrown[0] = t;
                    }
                },
                "small",
                512 << 10);
        small.start();
        small.join();
        assertThat(thrown[0])
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching(
                        "apply: nets are nested too deep for the stack of thread small: depth \\d+ was reached; put"
                                + " the layers into one Sequential, which does not nest, or give the thread a "
                                + "larger stack"
                                + " \\(-Xss\\)");
    }

    private record TwoHeads(Linear a, Linear b) implements Net {
        record Both(Tensor left, List<Tensor> right) {}

        Both both(Tensor x) {
            return Pass.frame(this, () -> {
                Tensor h = x.tanh();
                return new Both(a.apply(h), List.of(b.apply(h), h.mul(2)));
            });
        }
    }

    @Test
    void aFrameKeepsEveryTensorOfAReturnedRecord() {
        try (var model = Model.of(new TwoHeads(new Linear(3, 2), new Linear(3, 4)), 1);
                Pass pass = Pass.infer()) {
            long before = pass.liveBytes();
            var both = model.net().both(Tensor.of(random(3), 1, 3));
            assertThat(both.left().toArray()).hasSize(2);
            assertThat(both.right().get(0).toArray()).hasSize(4);
            assertThat(both.right().get(1).toArray()).hasSize(3);
            assertThat(pass.liveBytes() - before)
                    .as("input and three results; h is gone")
                    .isEqualTo(4 * 64);
        }
    }

    @Test
    void stateIsCarriedAcrossPassesByKeep() {
        try (var model = Model.of(new Linear(2, 2), 1)) {
            float[] expected;
            try (Pass pass = Pass.infer()) {
                Tensor h = Tensor.of(new float[] {1, -1}, 1, 2);
                for (int i = 0; i < 5; i++) {
                    h = model.net().apply(h).tanh();
                }
                expected = h.toArray();
            }
            KeptTensor state;
            try (Pass pass = Pass.infer()) {
                state = Tensor.of(new float[] {1, -1}, 1, 2).keep();
            }
            for (int i = 0; i < 5; i++) {
                KeptTensor next;
                try (Pass pass = Pass.infer()) {
                    next = model.net().apply(state).tanh().keep();
                }
                state.close();
                state = next;
            }
            assertThat(state.toArray()).isEqualTo(expected);
            KeptTensor last = state;
            last.close();
            last.close(); // does nothing
            assertThatThrownBy(last::toArray)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed at");
        }
    }

    @Test
    void evaluationModeCanBeFixedForASubtree() {
        var net = new Classifier(new Sequential(new Linear(4, 4), new Dropout(0.5f)), new Linear(4, 4));
        try (var model = Model.of(net, 1)) {
            float[] x = random(4);
            float[] calm;
            try (Pass pass = Pass.infer()) {
                calm = net.apply(Tensor.of(x, 1, 4)).toArray();
            }
            try (Pass pass = Pass.train(new Rng(1))) {
                assertThat(net.apply(Tensor.of(x, 1, 4)).toArray()).isNotEqualTo(calm);
                model.eval("trunk.*");
                assertThat(net.apply(Tensor.of(x, 1, 4)).toArray()).isEqualTo(calm);
                model.train();
                assertThat(net.apply(Tensor.of(x, 1, 4)).toArray()).isNotEqualTo(calm);
            }
            assertThatThrownBy(() -> model.eval("nothing")).hasMessage("eval: nothing matches no net of this model");
        }
    }

    @Test
    void aClosedModelRefuses() {
        var model = Model.of(new Linear(2, 2), 1);
        Linear net = model.net();
        model.close();
        model.close(); // once more does nothing
        assertThatThrownBy(model::parameters).hasMessageStartingWith("model is closed: it was closed at ");
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(1, 2);
            assertThatThrownBy(() -> net.apply(x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed at");
        }
    }

    @Test
    void closingAModelInsideAPassThatReadsItIsSafe() {
        try (Pass pass = Pass.infer()) {
            var model = Model.of(new Linear(2, 2), 1);
            Tensor y = model.net().apply(Tensor.zeros(1, 2));
            float[] before = y.toArray();
            model.close();
            assertThat(y.toArray()).isEqualTo(before);
        }
    }

    private record Forgetful() implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return null;
        }
    }

    @Test
    void nothingWhereATensorOrARandomStreamBelongsIsASentence() {
        try (var model = Model.of(new Forgetful(), 1);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(1);
            assertThatThrownBy(() -> model.net().apply(x))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("apply: forward of Forgetful returned null; return a tensor");
        }
        assertThatThrownBy(() -> Pass.train(null))
                .hasMessage("train: rng is null; give the Rng that dropout and its like draw from");
    }
}
