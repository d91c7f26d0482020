package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Penalties on the norm of a critic's gradient: values that are known, differences, training, and bad input. */
class GradientPenaltyTest {
    private static final Rng RNG = new Rng(5);

    /** The gradient of w x is w everywhere. */
    @Test
    void ofALinearCriticItIsThatOfItsWeights() {
        try (Model<Linear> model = Model.of(new Linear(2, 1), 1)) {
            float[][] weights = {{3, 4}, {0.3f, 0.4f}, {0, 0}};
            // of two-sided, one-sided and R1: the value, and what w is multiplied by in the gradient
            double[][] expected = {
                {160, 80 / 5.0, 160, 80 / 5.0, 125, 10}, {2.5, -10 / 0.5, 0, 0, 1.25, 10}, {10, 0, 0, 0, 0, 10}
            };
            for (int i = 0; i < weights.length; i++) {
                for (int kind = 0; kind < 3; kind++) {
                    GradientPenalty penalty = kind == 0
                            ? GradientPenalty.twoSided(10)
                            : kind == 1 ? GradientPenalty.oneSided(10) : GradientPenalty.r1(10);
                    try (Pass pass = Pass.train(new Rng(1))) {
                        Tensor w = pass.watch(Tensor.of(weights[i], 1, 2));
                        Tensor value = penalty.between(x -> x.linear(w, null), Tensor.ones(5, 2), Tensor.zeros(5, 2));
                        assertThat((double) value.item()).isCloseTo(expected[i][2 * kind], within(1e-4));
                        pass.backward(value);
                        for (int j = 0; j < 2; j++) {
                            assertThat((double) pass.gradient(w).toArray()[j])
                                    .as("weights %d, kind %d", i, kind)
                                    .isCloseTo(expected[i][2 * kind + 1] * weights[i][j], within(1e-4));
                        }
                    }
                }
            }
        }
    }

    /**
     * The penalty is computed at points between: those of a critic of x^2 / 2, whose gradient is x, have norms between.
     */
    @Test
    void theRandomPointsLieBetween() {
        try (Pass pass = Pass.train(new Rng(2))) {
            Tensor value = new GradientPenalty(1, 0, false)
                    .between(x -> x.square().mul(0.5f), Tensor.ones(1000, 1), Tensor.zeros(1000, 1));
            assertThat(value.item()).isCloseTo(1 / 3f, within(0.03f)); // the mean of e^2
        }
    }

    @Test
    void theGradientIsTheDifference() {
        Layer net = new Sequential(
                new Linear(3, 6),
                Tensor::tanh,
                new LayerNorm(6),
                new Linear(6, 5),
                x -> x.softplus(),
                new Linear(5, 1));
        try (Model<Layer> model = Model.of(net, 2);
                Pass pass = Pass.infer()) {
            float[] x = RNG.split("x").normal(12, 0, 1);
            for (boolean oneSided : new boolean[] {false, true}) {
                GradientPenalty penalty = new GradientPenalty(1, oneSided ? 0.1f : 1, oneSided);
                GradientCheck.check(in -> penalty.at(net::apply, Tensor.of(x, 4, 3)), 1e-2, model.parameters());
            }
        }
    }

    /** A critic of two clouds becomes one of slope 1, and tells them apart by their distance. */
    @Test
    void aCriticLearnsTheDistanceOfWasserstein() {
        Layer critic =
                new Sequential(new Linear(2, 32), Tensor::relu, new Linear(32, 32), Tensor::relu, new Linear(32, 1));
        GradientPenalty penalty = GradientPenalty.twoSided(10);
        try (Model<Layer> model = Model.of(critic, 3);
                var optimizer = new Adam(3e-3f).betas(0.5f, 0.9f).on(model)) {
            Rng rng = new Rng(4);
            double distance = 0;
            for (int step = 0; step < 300; step++) {
                try (Pass pass = Pass.train(rng)) {
                    Tensor fake = pass.randn(64, 2).mul(0.1f);
                    Tensor real = pass.randn(64, 2).mul(0.1f).add(Tensor.of(new float[] {2, 0}, 2));
                    Tensor gap =
                            critic.apply(fake).mean().sub(critic.apply(real).mean());
                    pass.backward(gap.add(penalty.between(critic::apply, real, fake)));
                    distance = -gap.item();
                }
                optimizer.step();
            }
            assertThat(distance).isCloseTo(2, within(0.25));
        }
    }

    @Test
    void badNumbersAndCriticsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GradientPenalty.twoSided(Float.NaN))
                .withMessage("gradient_penalty: weight=NaN; give a finite number of 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GradientPenalty.r1(-2))
                .withMessage("gradient_penalty: weight=-1.0; give a finite number of 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GradientPenalty(1, -1, false))
                .withMessage(
                        "gradient_penalty: center=-1.0 is the norm that is not punished; give a finite number of 0 or"
                                + " more");
        GradientPenalty penalty = GradientPenalty.twoSided(10);
        try (Pass pass = Pass.train(new Rng(1))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> penalty.between(x -> x, Tensor.ones(2, 3), Tensor.ones(3, 3)))
                    .withMessage(
                            "gradient_penalty: real [2, 3] and fake [3, 3] differ; give batches of one shape, so that"
                                    + " each real example has a generated one");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> penalty.at(x -> x, Tensor.ones(0, 3)))
                    .withMessage("gradient_penalty: x [0, 3] has no examples; give [n, ..] with at least one");
            assertThatIllegalStateException()
                    .isThrownBy(() -> penalty.at(x -> x.detach(), Tensor.ones(2, 3)))
                    .withMessageStartingWith("backward: nothing was recorded for tensor sum");
        }
        try (Model<Recurrent> model = Model.of(Recurrent.lstm(3, 4), 1);
                Pass pass = Pass.train(new Rng(1))) {
            assertThatThrownBy(() -> penalty.at(x -> model.net().apply(x).sum(1, 2), Tensor.ones(2, 5, 3)))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining(
                            "lstm: forward mode has no tangent for this op, because the gradient of input ");
        }
        try (Pass pass = Pass.infer()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> penalty.at(x -> x, Tensor.ones(2, 3)))
                    .withMessageStartingWith("watch: this pass records nothing");
        }
    }
}
