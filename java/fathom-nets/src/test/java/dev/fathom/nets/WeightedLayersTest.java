package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Conv;
import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.WeightedLayer;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import dev.fathom.testing.LayerChecks;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Layers whose weight is normalized or dropped, and bilinear ones. */
class WeightedLayersTest {
    private static final Golden GOLDEN = new Golden("layers");

    private static Parameter given(String name) {
        Shape file = GOLDEN.shape(name);
        if (file.rank() < 4) {
            return new Parameter(file, (shape, rng) -> GOLDEN.values(name));
        }
        // [out, in, kh, kw] in the file, [out, kh, kw, in] here
        return new Parameter(file.permuted(0, 2, 3, 1), (shape, rng) -> here(name), 0, 3, 1, 2);
    }

    private static float[] here(String name) {
        float[] values = GOLDEN.values(name);
        if (GOLDEN.shape(name).rank() < 4) {
            return values;
        }
        try (Pass pass = Pass.infer()) {
            return Tensor.of(values, GOLDEN.shape(name).toArray())
                    .permute(0, 2, 3, 1)
                    .toArray();
        }
    }

    private static void close(String what, float[] found, float[] expected) {
        Golden.assertClose(what, found, expected, 3e-6, 3e-6);
    }

    private static Tensor tensor(String name) {
        return Tensor.of(GOLDEN.values(name), GOLDEN.shape(name).toArray());
    }

    // ---- weight norm

    @Test
    void weightNormIsPyTorchs() {
        for (String form : List.of("linear", "conv")) {
            String name = "weight_norm/" + form;
            WeightedLayer layer = form.equals("linear")
                    ? new Linear(given(name + "/weight_v"), given(name + "/bias"), null)
                    : conv(given(name + "/weight_v"), given(name + "/bias"));
            Parameter g =
                    new Parameter(GOLDEN.shape(name + "/weight_g"), (shape, rng) -> GOLDEN.values(name + "/weight_g"));
            try (var model = Model.of(new WeightNorm(layer, g), 0);
                    Pass pass = Pass.train(new Rng(0))) {
                assertThat(model.parameters().stream().map(Variable::name))
                        .containsExactly("weight", "bias", "weight_g");
                Tensor x = pass.watch(tensor(name + "/x0"));
                Tensor y = model.net().apply(x);
                pass.backward(y.mul(tensor(name + "/dy")).sum());
                close(name, y.toArray(), GOLDEN.values(name + "/y"));
                close(name, pass.gradient(x).toArray(), GOLDEN.values(name + "/dx0"));
                close(name, model.parameter("weight").gradient().toArray(), here(name + "/d/weight_v"));
                close(name, model.parameter("weight_g").gradient().toArray(), GOLDEN.values(name + "/d/weight_g"));
                close(name, model.parameter("bias").gradient().toArray(), GOLDEN.values(name + "/d/bias"));
            }
        }
    }

    private static Conv conv(Parameter weight, Parameter bias) {
        return new Conv(weight, bias, Window.of(3).pad(1), 1, PadMode.ZEROS, null);
    }

    @Test
    void aTrainedLayerComputesWhatItDidWhenItIsNormalized() {
        float[] x = new Rng(1).normal(12, 0, 1);
        Linear linear = new Linear(4, 5);
        try (var model = Model.of(linear, 7)) {
            float[] before;
            try (Pass pass = Pass.infer()) {
                before = linear.apply(Tensor.of(x, 3, 4)).toArray();
            }
            try (var normed = Model.adopt(new WeightNorm(linear), 8);
                    Pass pass = Pass.infer()) {
                close("normalized", normed.net().apply(Tensor.of(x, 3, 4)).toArray(), before);
            }
        }
    }

    /** A layer without values draws lengths as those of its weight are distributed. */
    @Test
    void lengthsOfANewLayerAreThoseOfItsInitializer() {
        try (var model = Model.of(new WeightNorm(new Linear(600, 40)), 7)) {
            float[] g = model.parameter("weight_g").value().toArray();
            assertThat(model.parameter("weight_g").shape()).isEqualTo(Shape.of(40, 1));
            for (float length : g) {
                assertThat(length).as("sqrt(600 / 3 / 600), give or take").isCloseTo(0.577f, within(0.06f));
            }
        }
    }

    // ---- spectral norm

    /** Three training passes, with the vectors and gradients of each. */
    @Test
    void spectralNormIsPyTorchs() {
        for (String form : List.of("linear", "conv")) {
            String name = "spectral_norm/" + form;
            WeightedLayer layer = form.equals("linear")
                    ? new Linear(given(name + "/weight"), given(name + "/bias"), null)
                    : conv(given(name + "/weight"), given(name + "/bias"));
            Buffer u = new Buffer(GOLDEN.shape(name + "/weight_u"), (shape, rng) -> GOLDEN.values(name + "/weight_u"));
            try (var model = Model.of(new SpectralNorm(layer, u, form.equals("linear") ? 1 : 2), 0);
                    BoundOptimizer sgd = new Sgd(0.1f).on(model)) {
                assertThat(model.parameters().stream().map(Variable::name)).containsExactly("weight", "bias");
                assertThat(model.buffers().stream().map(Variable::name)).containsExactly("weight_u");
                for (int step = 0; step < 3; step++) {
                    String at = name + "/" + step;
                    try (Pass pass = Pass.train(new Rng(0))) {
                        Tensor y = model.net().apply(tensor(at + "/x"));
                        pass.backward(y.mul(tensor(at + "/dy")).sum());
                        close(at, y.toArray(), GOLDEN.values(at + "/y"));
                        close(at, model.parameter("weight").gradient().toArray(), here(at + "/dweight"));
                        close(at, u.value().toArray(), GOLDEN.values(at + "/weight_u"));
                        sgd.step();
                    }
                }
            }
        }
    }

    /** After enough passes the largest singular value is 1, and no two inputs get farther apart. */
    @Test
    void distancesDoNotGrow() {
        float[] w = {3, 0, 0, 0, -5, 0}; // singular values 3 and 5
        try (var model = Model.of(new SpectralNorm(constant(w, 2, 3)).iterations(40), 0)) {
            try (Pass pass = Pass.train(new Rng(0))) {
                pass.backward(model.net().apply(Tensor.zeros(1, 3)).sum());
            }
            try (Pass pass = Pass.infer()) {
                assertThat(model.net()
                                .apply(Tensor.of(new float[] {1, 1, 1}, 1, 3))
                                .toArray())
                        .containsExactly(new float[] {0.6f, -1}, offset(1e-6f));
            }
            float[] u = model.buffers().get(0).value().toArray();
            try (Pass pass = Pass.infer()) {
                model.net().apply(Tensor.ones(1, 3));
            }
            assertThat(model.buffers().get(0).value().toArray())
                    .as("evaluation keeps u")
                    .isEqualTo(u);
        }
        // before the first training pass sigma is the length of W^T u, at most the largest singular value
        try (var model = Model.of(new SpectralNorm(constant(w, 2, 3)), 1);
                Pass pass = Pass.infer()) {
            float y = model.net().apply(Tensor.of(new float[] {0, 1, 0}, 1, 3)).toArray()[1];
            assertThat(y).isBetween(-5f / 3 - 1e-5f, -1f);
        }
        assertThatThrownBy(() -> new SpectralNorm(new Linear(2, 2)).iterations(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("SpectralNorm: iterations=0 must be at least 1");
    }

    private static Linear constant(float[] weight, int out, int in) {
        return new Linear(new Parameter(Shape.of(out, in), (s, r) -> weight.clone()), null, null);
    }

    /** No direction, as when all of a row is dropped, is no NaN. */
    @Test
    void aDirectionOfZerosGivesZeros() {
        try (var model = Model.of(new WeightNorm(constant(new float[] {0, 0, 3, 4}, 2, 2)), 0);
                Pass pass = Pass.infer()) {
            assertThat(model.net().apply(Tensor.ones(1, 2)).toArray())
                    .containsExactly(new float[] {0, 7}, offset(1e-5f));
        }
    }

    // ---- drop connect

    @Test
    void weightsAreDroppedInTrainingAlone() {
        int n = 200;
        Linear linear = new Linear(new Parameter(Shape.of(n, n), Init.constant(1)), null, null);
        float[] identity = new float[n * n];
        for (int i = 0; i < n; i++) {
            identity[i * n + i] = 1;
        }
        try (var model = Model.of(new DropConnect(linear, 0.25f), 0)) {
            try (Pass pass = Pass.train(new Rng(1))) {
                float[] w = model.net().apply(Tensor.of(identity, n, n)).toArray();
                int dropped = 0;
                for (float v : w) {
                    assertThat(v).isIn(0f, 1 / 0.75f);
                    dropped += v == 0 ? 1 : 0;
                }
                assertThat(dropped / (double) (n * n)).isCloseTo(0.25, within(5 * 0.433 / n));
            }
            try (Pass pass = Pass.infer()) {
                assertThat(model.net().apply(Tensor.of(identity, n, n)).toArray())
                        .containsOnly(1);
            }
            model.eval("*");
            try (Pass pass = Pass.train(new Rng(1))) {
                assertThat(model.net().apply(Tensor.of(identity, n, n)).toArray())
                        .containsOnly(1);
            }
        }
        for (float bad : new float[] {-0.1f, 1, Float.NaN}) {
            assertThatThrownBy(() -> new DropConnect(linear, bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("DropConnect: p=" + bad + " is the probability to drop and must be in [0, 1)");
        }
    }

    // ---- bilinear

    @Test
    void bilinearIsPyTorchs() {
        for (String form : List.of("bias", "plain")) {
            String name = "bilinear/" + form;
            Parameter bias = form.equals("bias") ? given(name + "/bias") : null;
            try (var model = Model.of(new Bilinear(given(name + "/weight"), bias), 0);
                    Pass pass = Pass.grad()) {
                Tensor x1 = pass.watch(tensor(name + "/x0"));
                Tensor x2 = pass.watch(tensor(name + "/x1"));
                Tensor y = model.net().apply(x1, x2);
                pass.backward(y.mul(tensor(name + "/dy")).sum());
                close(name, y.toArray(), GOLDEN.values(name + "/y"));
                close(name, pass.gradient(x1).toArray(), GOLDEN.values(name + "/dx0"));
                close(name, pass.gradient(x2).toArray(), GOLDEN.values(name + "/dx1"));
                for (Parameter p : model.parameters()) {
                    close(name, p.gradient().toArray(), GOLDEN.values(name + "/d/" + p.name()));
                }
            }
        }
    }

    @Test
    void bilinearTakesAnyLeadingDimensionsAndFreezes() {
        float[] a = new Rng(1).normal(24, 0, 1);
        float[] b = new Rng(2).normal(16, 0, 1);
        try (var model = Model.of(new Bilinear(3, 2, 4), 1)) {
            for (float v : model.parameter("weight").value().toArray()) {
                assertThat(Math.abs(v)).isLessThan((float) (1 / Math.sqrt(3)));
            }
            float[] eager;
            try (Pass pass = Pass.infer()) {
                Tensor y = model.net().apply(Tensor.of(a, 2, 4, 3), Tensor.of(b, 2, 4, 2));
                assertThat(y.shape()).isEqualTo(Shape.of(2, 4, 4));
                eager = y.toArray();
                GradientCheck.check(
                        in -> model.net().apply(in[0], in[1]),
                        1e-2,
                        model.parameters(),
                        Tensor.of(a, 8, 3),
                        Tensor.of(b, 8, 2));
                assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 3), Tensor.zeros(3, 2)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("Bilinear: x1 [2, 3] and x2 [3, 2] disagree; all dimensions but the last must be"
                                + " equal");
                assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 2), Tensor.zeros(2, 2)))
                        .hasMessage(
                                "Bilinear: x1 [2, 2] must be [.., 3], with a last dimension of 3 as the layer was made"
                                        + " for");
                assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 3), Tensor.zeros(2, 3)))
                        .hasMessage(
                                "Bilinear: x2 [2, 3] must be [.., 2], with a last dimension of 2 as the layer was made"
                                        + " for");
            }
            try (Plan plan = Plan.freeze(
                            model,
                            (net, in) -> net.apply(in[0], in[1]),
                            Spec.of("a", Dim.BATCH, 3),
                            Spec.of("b", Dim.BATCH, 2));
                    Session session = plan.newSession(8)) {
                session.input("a").put(0, a);
                session.input("b").put(0, b);
                session.run();
                float[] frozen = new float[32];
                session.output().get(0, frozen);
                assertThat(frozen).isEqualTo(eager);
            }
        }
        assertThatThrownBy(() -> new Bilinear(0, 1, 1)).hasMessage("Bilinear: in1=0 must be at least 1");
    }

    // ---- all of them

    /** Each golden is compared here or in ActivationLayersTest. */
    @Test
    void noGoldenIsForgotten() {
        assertThat(GOLDEN.names().stream()
                        .map(name -> name.replaceAll("/(d/)?[^/]*$", ""))
                        .distinct())
                .containsExactlyInAnyOrder(
                        "prelu/shared",
                        "prelu/channels",
                        "rrelu/evaluation",
                        "rrelu/given",
                        "softmin",
                        "alpha_dropout",
                        "bilinear/bias",
                        "bilinear/plain",
                        "weight_norm/linear",
                        "weight_norm/conv",
                        "spectral_norm/linear",
                        "spectral_norm/linear/0",
                        "spectral_norm/linear/1",
                        "spectral_norm/linear/2",
                        "spectral_norm/conv",
                        "spectral_norm/conv/0",
                        "spectral_norm/conv/1",
                        "spectral_norm/conv/2");
    }

    private static List<Function<WeightedLayer, WeightedLayer>> wrappers() {
        return List.of(
                WeightNorm::new,
                layer -> new SpectralNorm(layer).iterations(100), // then u and v are constants for differences too
                layer -> new DropConnect(layer, 0.3f),
                layer -> new WeightNorm(new DropConnect(layer, 0.3f)),
                layer -> new DropConnect(new WeightNorm(layer), 0.3f));
    }

    @Test
    void gradientsAreCentralDifferencesAndPlansGiveTheSameBits() {
        float[] x = new Rng(5).normal(60, 0, 1);
        for (var wrapper : wrappers()) {
            // long filters, since normalized short ones are curved within the step of a difference
            var linear = new Linear(5, 4, Init.normal(0, 1)).act(Activation.TANH);
            var conv = new Conv(2, 3, 3).withWeight(Init.normal(0, 1)).pad(1).act(Activation.SIGMOID);
            LayerChecks.checkAndFreeze(wrapper.apply(linear), true, x, 12, 5);
            LayerChecks.checkAndFreeze(wrapper.apply(conv), true, x, 2, 5, 3, 2);
        }
    }

    @Test
    void theyTrain() {
        for (var wrapper : wrappers()) {
            WeightedLayer hidden = wrapper.apply(new Linear(3, 64).act(Activation.TANH));
            LayerChecks.trains(hidden, new Sequential(hidden, new Linear(64, 1)), 3);
        }
    }

    /** The plan of a normalized layer is that of a plain one: what makes the weight is computed once. */
    @Test
    void plansHoldTheWeightAlone() {
        for (var wrapper : wrappers()) {
            try (var model = Model.of(new Sequential(wrapper.apply(new Linear(30, 20))), 1);
                    Plan plan = Plan.freeze(model, Shape.of(1, 30))) {
                assertThat(plan.toString()).contains("linear").doesNotContain("norm", "matmul", "div");
            }
        }
    }

    /** The wrapped layer keeps the names that it had, so its files load, and its errors name it. */
    @Test
    void namesOfTheLayerStay() {
        try (var model = Model.of(new Sequential(new DropConnect(new Linear(3, 2), 0.5f)), 1);
                Pass pass = Pass.infer()) {
            assertThat(model.parameters().stream().map(Variable::name)).containsExactly("0.weight", "0.bias");
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 4)))
                    .hasMessage("linear at 0: x [2, 4] and weight [2, 3] disagree: x.dim(1)=4 but weight.dim(1)=3");
        }
    }
}
