package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Sgd;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Vectors of tokens: PyTorch's numbers over steps, what padding and a limit change, and what is refused; sparse rows of
 * a linear layer.
 */
class EmbeddingTest {
    private static final Golden GOLDEN = new Golden("decode");

    private static Tensor tensor(String name) {
        return Tensor.of(GOLDEN.values(name), GOLDEN.shape(name).toArray());
    }

    private static Tensor ints(String name) {
        return Tensor.ofInts(
                Golden.whole(GOLDEN.values(name)), GOLDEN.shape(name).toArray());
    }

    private static Tensor tokens(int... values) {
        return Tensor.ofInts(values, values.length);
    }

    @ParameterizedTest
    @CsvSource({
        "embedding, -1, 0, 2",
        "embedding_padding, 4, 0, 2",
        "embedding_limit, -1, 1, 2",
        "embedding_limit_1, 2, 0.8, 1",
        "embedding_limit_3, -1, 0.9, 3",
        "embedding_limit_inf, -1, 0.5, Infinity"
    })
    void stepsArePyTorchs(String name, int padding, float most, float p) {
        Embedding vectors = Embedding.of(GOLDEN.values(name + "/weight"), 7, 3);
        Embedding net = new Embedding(vectors.weight(), padding < 0 ? null : padding, most == 0 ? null : most, p);
        try (var model = Model.of(net, 1);
                var sgd = new Sgd(0.5f).on(model)) {
            for (int step = 0; step < 2; step++) {
                String at = name + "/" + step + "/";
                float[] read;
                try (Pass pass = Pass.infer()) {
                    read = net.apply(ints(at + "tokens")).toArray();
                }
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor y = net.apply(ints(at + "tokens"));
                    Golden.assertClose(at + "y", y.toArray(), GOLDEN.values(at + "y"), 1e-6, 1e-6);
                    Golden.assertClose(at + "y, in evaluation", read, y.toArray(), 1e-6, 1e-7);
                    pass.backward(y.square().mul(tensor(at + "c")).sum());
                    Golden.assertClose(
                            at + "dweight",
                            net.weight().gradient().toArray(),
                            GOLDEN.values(at + "dweight"),
                            1e-6,
                            1e-6);
                }
                sgd.step();
                Golden.assertClose(
                        at + "after", net.weight().value().toArray(), GOLDEN.values(at + "after"), 2e-6, 2e-6);
            }
        }
    }

    @Test
    void theGradientIsRowsAndALazyStepTouchesNoOther() {
        Embedding net = new Embedding(1000, 8).padding(0);
        try (var model = Model.of(net, 1);
                var adam = new Adam(0.1f).on(model, Group.of("weight").lazy())) {
            float[] before = net.weight().value().toArray();
            assertThat(Arrays.copyOf(before, 8)).containsOnly(0);
            for (int step = 0; step < 2; step++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor y = net.apply(Tensor.ofInts(new int[] {7, 0, 999, 7, 0, 4}, 2, 3));
                    assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 8));
                    pass.backward(y.sub(1).square().sum());
                }
                assertThat(net.weight().gradientRows())
                        .as("without the padding")
                        .containsExactly(4, 7, 999);
                adam.step();
            }
            float[] after = net.weight().value().toArray();
            for (int row = 0; row < 1000; row++) {
                boolean moved = row == 4 || row == 7 || row == 999;
                assertThat(Arrays.equals(
                                Arrays.copyOfRange(after, 8 * row, 8 * row + 8),
                                Arrays.copyOfRange(before, 8 * row, 8 * row + 8)))
                        .as("row %d", row)
                        .isNotEqualTo(moved);
            }
        }
    }

    /** A limit changes the weight in training alone, and what read it before in the same pass is refused. */
    @Test
    void aLimitIsAChangeOfTheWeight() {
        Embedding net = new Embedding(5, 4, Init.constant(3)).maxNorm(1);
        try (var model = Model.of(net, 1);
                var replica = model.replica()) {
            int version = net.weight().version();
            try (Pass pass = Pass.infer()) {
                assertThat(net.apply(tokens(1)).norm().item()).isBetween(0.9999f, 1f);
            }
            assertThat(net.weight().version()).isEqualTo(version);
            model.freeze("weight");
            try (Pass pass = Pass.train(new Rng(1))) {
                assertThat(net.apply(tokens(1)).norm().item()).isBetween(0.9999f, 1f);
            }
            assertThat(net.weight().version()).as("frozen").isEqualTo(version);
            model.unfreeze("weight");
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor ones = pass.watch(Tensor.ones(1, 4));
                Tensor early = ones.linear(net.weight(), null).square().sum();
                Tensor y = net.apply(tokens(1, 3, 1));
                assertThat(net.weight().version()).isEqualTo(version + 1);
                assertThat(net.weight().value().get(1, 0)).isCloseTo(0.5f, within(1e-6f));
                assertThat(net.weight().value().get(2, 0)).as("not read").isEqualTo(3);
                Tensor late = ones.linear(net.weight(), null).square().sum();
                pass.backward(y.square().sum().add(late));
                assertThatThrownBy(() -> pass.backward(early))
                        .hasMessageContaining("parameter weight has changed since linear");
            }
            try (Pass pass = Pass.train(new Rng(1))) {
                assertThatThrownBy(() -> replica.net().apply(tokens(1)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith(
                                "Embedding: maxNorm changes the weight in training, which this replica");
            }
        }
    }

    @Test
    void aPlanEqualsTheEagerRun() {
        try (var model = Model.of(new Embedding(50, 6).maxNorm(1.5f), 1);
                Plan plan = Plan.freeze(
                        model, (net, in) -> net.apply(in[0]), Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH));
                Session session = plan.newSession(2, 3);
                Pass pass = Pass.infer()) {
            int[] ids = {3, 49, 0, 7, 7, 21};
            session.intInput("tokens").put(0, ids);
            session.run();
            float[] frozen = new float[36];
            session.output().get(0, frozen);
            assertThat(frozen)
                    .isEqualTo(model.net().apply(Tensor.ofInts(ids, 2, 3)).toArray());
            session.intInput("tokens").put(4, 50);
            assertThatThrownBy(session::run).hasMessageContaining("index 50 at row 4 is outside [0, 50)");
        }
    }

    @Test
    void badTokensAndSettingsAreRefused() {
        try (var model = Model.of(new Sequential(new Embedding(10, 4).maxNorm(1)), 1)) {
            for (boolean training : new boolean[] {false, true}) {
                try (Pass pass = training ? Pass.train(new Rng(1)) : Pass.infer()) {
                    for (int bad : new int[] {10, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                        assertThatThrownBy(() -> model.net().apply(Tensor.ofInts(new int[] {1, 2, bad}, 1, 3)))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessage("embedding at 0: index " + bad
                                        + " at row 2 is outside [0, 10): give the number of a row that exists");
                    }
                    assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2)))
                            .hasMessage(
                                    "embedding at 0: input 1 [2] is F32 but must be I32; make it with Tensor.ofInts,"
                                            + " or convert it with to(DType.I32)");
                    assertThat(model.net().apply(tokens()).shape()).isEqualTo(Shape.of(0, 4));
                }
            }
        }
        assertThatThrownBy(() -> new Embedding(0, 4)).hasMessage("Embedding: vocabulary=0 must be at least 1");
        assertThatThrownBy(() -> new Embedding(4, 2).padding(4))
                .hasMessage("Embedding: padding=4 is outside the vocabulary of 4; give one of its tokens");
        assertThatThrownBy(() -> new Embedding(4, 2).maxNorm(Float.NaN))
                .hasMessage("Embedding: maxNorm=NaN must be above 0");
        assertThatThrownBy(() -> new Embedding(4, 2).normType(0.5f))
                .hasMessage("Embedding: normType=0.5 must be at least 1");
        assertThatThrownBy(() -> Embedding.of(new float[5], 2, 3))
                .hasMessage("Embedding: 5 numbers are no 2 vectors of 3, which are 6 numbers");
    }

    // ---- sparse rows

    @Test
    void aBagIsPyTorchs() {
        try (Pass pass = Pass.grad()) {
            Tensor weight = pass.watch(tensor("bag/weight"));
            Tensor w = pass.watch(tensor("bag/w"));
            Tensor y = ints("bag/ids").embeddingBag(weight, null, null, w, 2);
            Golden.assertClose("y", y.toArray(), GOLDEN.values("bag/y"), 1e-6, 1e-6);
            pass.backward(y.mul(tensor("bag/dy")).sum());
            Golden.assertClose("dweight", pass.gradient(weight).toArray(), GOLDEN.values("bag/dweight"), 1e-6, 1e-6);
            Golden.assertClose("dw", pass.gradient(w).toArray(), GOLDEN.values("bag/dw"), 1e-6, 1e-6);
        }
    }
}
