package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.op.Shape;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Penalties on weights and activations: their values, their gradients, and how a trainer counts them. */
class PenaltyTest {
    private static Model<Sequential> model() {
        return Model.of(new Sequential(new Linear(3, 4), Tensor::tanh, new Linear(4, 2)), 1);
    }

    private static double sum(Model<?> model, double l1, double l2, String... names) {
        double sum = 0;
        for (String name : names) {
            for (float w : model.parameter(name).value().toArray()) {
                sum += l1 * Math.abs(w) + l2 * w * w;
            }
        }
        return sum;
    }

    @Test
    void theyAreSumsOverTheParametersThatAreNamed() {
        String[] all = {"0.weight", "0.bias", "2.weight", "2.bias"};
        try (var model = model();
                Pass pass = Pass.infer()) {
            assertThat((double) Penalty.l1(0.1f).of(model).item()).isCloseTo(sum(model, 0.1f, 0, all), within(1e-6));
            assertThat((double) Penalty.l2(0.1f).of(model).item()).isCloseTo(sum(model, 0, 0.1f, all), within(1e-6));
            assertThat((double) Penalty.halfL2(0.1f).of(model).item())
                    .isCloseTo(sum(model, 0, 0.05, all), within(1e-6));
            assertThat((double) Penalty.elastic(0.1f, 3).of(model).item())
                    .isCloseTo(sum(model, 0.1f, 3, all), within(1e-5));
            // the textbook's ridge: weights of hidden layers, neither biases nor the output layer
            assertThat((double) Penalty.l2(1).except("*.bias", "2.*").of(model).item())
                    .isCloseTo(sum(model, 0, 1, "0.weight"), within(1e-6));
            assertThat((double)
                            Penalty.l1(1).on("*.weight").except("0.*").of(model).item())
                    .isCloseTo(sum(model, 1, 0, "2.weight"), within(1e-6));
            assertThat((double) Penalty.l2(1)
                            .of(model.part(model.net().layers().get(0)))
                            .item())
                    .isCloseTo(sum(model, 0, 1, "0.weight", "0.bias"), within(1e-6));
        }
    }

    @Test
    void gradients() {
        try (var model = model();
                Pass pass = Pass.grad()) {
            Tensor x = Tensor.of(new Rng(2).normal(15, 0, 1), 5, 3);
            for (Penalty p : List.of(Penalty.l2(0.3f).except("*.bias"), Penalty.halfL2(0.2f))) {
                GradientCheck.check(
                        in -> model.net().apply(in[0]).square().sum().add(p.of(model)), 1e-2, model.parameters(), x);
            }
            model.zeroGrad();
            pass.backward(Penalty.elastic(0.5f, 2).of(model));
            float[] w = model.parameter("0.weight").value().toArray();
            float[] g = model.parameter("0.weight").gradient().toArray();
            for (int i = 0; i < w.length; i++) {
                assertThat(g[i]).isCloseTo(0.5f * Math.signum(w[i]) + 4 * w[i], within(1e-6f));
            }
        }
    }

    @Test
    void weightDecayIsTheHalfForm() {
        try (var a = model();
                var b = model();
                BoundOptimizer decays = new Sgd(0.1f).weightDecay(0.25f).on(a);
                BoundOptimizer plain = new Sgd(0.1f).on(b)) {
            for (Model<Sequential> m : List.of(a, b)) {
                try (Pass pass = Pass.grad()) {
                    Tensor loss = m.net().apply(Tensor.ones(2, 3)).square().sum();
                    pass.backward(m == a ? loss : loss.add(Penalty.halfL2(0.25f).of(m)), m);
                }
            }
            decays.step();
            plain.step();
            assertThat(b.parameter("0.weight").value().toArray())
                    .containsExactly(a.parameter("0.weight").value().toArray(), offset(1e-6f));
        }
    }

    /** A step of two batches counts them once, and the loss that is shown is without them. */
    @Test
    void aTrainerAddsThemToEachStep() {
        float[] x = new Rng(3).normal(24, 0, 1);
        int[] labels = {0, 1, 1, 0, 1, 0, 0, 1};
        List<float[]> weights = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        try (var data = Dataset.of(x, Shape.of(3), labels)) {
            for (int size : new int[] {8, 4, 8}) {
                try (var model = model()) {
                    Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f))
                            .accumulate(8 / size);
                    if (weights.size() < 2) {
                        trainer = trainer.penalties(
                                Penalty.l2(0.1f).except("*.bias"),
                                Penalty.l1(0.01f).on("2.*"));
                    }
                    losses.add(
                            trainer.fit(data.batches(size), 1).epochs().get(0).value("loss"));
                    weights.add(model.parameter("2.weight").value().toArray());
                }
            }
            try (var model = model();
                    BoundOptimizer sgd = new Sgd(0.5f).on(model);
                    Pass pass = Pass.grad()) {
                Tensor loss = Loss.crossEntropy().of(model.net().apply(Tensor.of(x, 8, 3)), Tensor.ofInts(labels, 8));
                Tensor penalties = Penalty.l2(0.1f)
                        .except("*.bias")
                        .of(model)
                        .add(Penalty.l1(0.01f).on("2.*").of(model));
                pass.backward(loss.add(penalties), model);
                sgd.step();
                float[] expected = model.parameter("2.weight").value().toArray();
                assertThat(weights.get(0)).containsExactly(expected, offset(1e-6f));
                assertThat(weights.get(1)).containsExactly(expected, offset(1e-6f));
                assertThat(weights.get(2)).isNotEqualTo(weights.get(0));
            }
            assertThat(losses.get(0)).isEqualTo(losses.get(2));
        }
    }

    /** An L1 penalty makes weights of inputs that say nothing small, which L2 only shrinks. */
    @Test
    void theLassoDropsInputsThatSayNothing() {
        Rng rng = new Rng(5);
        float[] x = rng.normal(256 * 4, 0, 1);
        float[] y = new float[256];
        for (int i = 0; i < 256; i++) {
            y[i] = 2 * x[4 * i] - x[4 * i + 1];
        }
        try (var model = Model.of(new Linear(4, 1), 1);
                BoundOptimizer sgd = new Sgd(0.05f).on(model)) {
            for (int i = 0; i < 200; i++) {
                try (Pass pass = Pass.grad()) {
                    Tensor loss = Loss.mse().of(model.net().apply(Tensor.of(x, 256, 4)), Tensor.of(y, 256, 1));
                    pass.backward(loss.add(Penalty.l1(0.2f).on("weight").of(model)), model);
                }
                sgd.step();
            }
            float[] w = model.parameter("weight").value().toArray();
            assertThat(w[0]).isCloseTo(1.9f, within(0.1f));
            assertThat(w[1]).isCloseTo(-0.9f, within(0.1f));
            assertThat(Math.abs(w[2]) + Math.abs(w[3])).isLessThan(0.03f);
        }
    }

    @Test
    void activations() {
        float[] h = {0.2f, 0.9f, 0.4f, 0.5f, 0.3f, 0.1f};
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(h, 3, 2));
            assertThat((double) Penalty.activity(x.sub(0.25f), 0.5f).item())
                    .isCloseTo(0.5 * (0.05 + 0.65 + 0.15 + 0.25 + 0.05 + 0.15) / 3, within(1e-7));
            double expected = 0;
            for (double r : new double[] {0.3, 0.5}) {
                expected += 0.1 * Math.log(0.1 / r) + 0.9 * Math.log(0.9 / (1 - r));
            }
            assertThat((double) Penalty.sparsity(x, 0.1f).item()).isCloseTo(expected, within(1e-6));
            GradientCheck.check(in -> Penalty.sparsity(in[0], 0.1f), 1e-2, Tensor.of(h, 3, 2));
            GradientCheck.check(in -> Penalty.activity(in[0].sub(0.25f), 0.5f), 1e-2, Tensor.of(h, 3, 2));
            Tensor dead = pass.watch(Tensor.of(new float[] {0, 1, 0, 1}, 2, 2));
            Tensor penalty = Penalty.sparsity(dead, 0.1f);
            pass.backward(penalty);
            float[] g = pass.gradient(dead).toArray();
            assertThat(penalty.item()).isBetween(90f, 110f);
            assertThat(g[0]).isNegative().isGreaterThan(Float.NEGATIVE_INFINITY);
            assertThat(g[1]).isPositive().isLessThan(Float.POSITIVE_INFINITY);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (var model = model();
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> Penalty.l1(-1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("penalty: l1=-1.0 must be 0 or more and finite");
            assertThatThrownBy(() -> Penalty.elastic(0, Float.NaN))
                    .hasMessage("penalty: l2=NaN must be 0 or more and finite");
            assertThatThrownBy(() -> Penalty.l2(1).except("head.*").of(model))
                    .hasMessage("penalty: the pattern head.* matches none of [0.weight, 0.bias, 2.weight, 2.bias]");
            assertThatThrownBy(() -> Penalty.l2(1).on("*.bias").except("*.bias").of(model))
                    .hasMessage(
                            "penalty: on [*.bias] except [*.bias] leaves none of [0.weight, 0.bias, 2.weight, 2.bias]; "
                                    + "name parameters that it holds for");
            Tensor h = Tensor.zeros(2, 3);
            assertThatThrownBy(() -> Penalty.activity(h, -1))
                    .hasMessage("activity: lambda=-1.0 must be 0 or more and finite");
            assertThatThrownBy(() -> Penalty.activity(Tensor.scalar(1), 1))
                    .hasMessage("activity: activations [] have no example; give [n, ..]");
            assertThatThrownBy(() -> Penalty.sparsity(h, 1)).hasMessage("sparsity: rho=1.0 must be in (0, 1)");
            assertThatThrownBy(() -> Penalty.sparsity(h.sub(1), 0.1f))
                    .hasMessage("sparsity: the activation -1.0 at [0, 0] must be in [0, 1]");
            assertThatThrownBy(() -> Penalty.sparsity(Tensor.zeros(3), 0.1f))
                    .hasMessage("sparsity: activations [3] have no examples of units; give [.., units]");
        }
    }
}
