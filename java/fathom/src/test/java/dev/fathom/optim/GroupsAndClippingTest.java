package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Workers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Parameter groups, and gradients clipped by norm and by value. */
class GroupsAndClippingTest {
    private record Half(Parameter weight, Parameter bias) implements Net {
        Half() {
            this(new Parameter(Shape.of(3), Init.constant(1)), new Parameter(Shape.of(2), Init.constant(1)));
        }
    }

    private record Two(Half trunk, Half head) implements Net {
        Two() {
            this(new Half(), new Half());
        }
    }

    /**
     * Gives every parameter the gradient {@code g} and takes a step; the first value of trunk.weight, trunk.bias,
     * head.weight, head.bias.
     */
    private static float[] step(Model<?> model, BoundOptimizer optimizer, float g) {
        try (Pass pass = Pass.train(new Rng(0))) {
            Tensor loss = Tensor.scalar(0);
            for (Parameter p : model.parameters()) {
                loss = loss.add(p.value().mul(g).sum());
            }
            pass.backward(loss);
            optimizer.step();
            float[] first = new float[model.parameters().size()];
            for (int i = 0; i < first.length; i++) {
                first[i] = model.parameters().get(i).value().get(0);
            }
            return first;
        }
    }

    // ---- groups

    @Test
    void theFirstGroupThatMatchesCounts() {
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(0.5f, 0, 0, false, 0.25f)
                        .on(
                                model,
                                Group.of("*.bias").weightDecay(0),
                                Group.of("trunk.*").rateFactor(0.1f).weightDecay(1),
                                Group.of("*").rateFactor(0.5f))) {
            // 1 - 0.5 rate (1 + decay)
            assertThat(step(model, sgd, 1)).containsExactly(new float[] {0.9f, 0.5f, 0.6875f, 0.5f}, within(1e-7f));
        }
    }

    @Test
    void layerwiseRatesFallFromTheHeadDown() {
        assertThat(Group.layerwise(0.5f, "head.*", "trunk.weight", "*"))
                .containsExactly(
                        Group.of("head.*"),
                        Group.of("trunk.weight").rateFactor(0.5f),
                        Group.of("*").rateFactor(0.25f));
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(1).on(model, Group.layerwise(0.5f, "head.*", "trunk.weight", "*"))) {
            assertThat(step(model, sgd, 1)).containsExactly(0.5f, 0.75f, 0, 0);
        }
        assertThatThrownBy(() -> Group.layerwise(-1, "head.*", "*"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("group *: rateFactor=-1.0 must be 0 or more and finite");
    }

    /** The rate is a factor, so a schedule acts on every group. */
    @Test
    void groupsFollowTheLearningRate() {
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(0.5f).on(model, Group.of("trunk.weight").rateFactor(0.5f))) {
            sgd.learningRate(0.25f);
            assertThat(step(model, sgd, 1)).containsExactly(0.875f, 0.75f, 0.75f, 0.75f);
            sgd.learningRate(0);
            assertThat(step(model, sgd, 1)).containsExactly(0.875f, 0.75f, 0.75f, 0.75f);
        }
    }

    /**
     * New groups replace the old ones and leave moments and counts alone: rate 0 for a while is Adam whose weights
     * stood still.
     */
    @Test
    void groupsCanChangeBetweenSteps() {
        try (var model = Model.of(new Two(), 1);
                var adam = new Adam(0.1f).on(model, Group.of("head.*").rateFactor(0))) {
            assertThat(step(model, adam, 2)).containsExactly(new float[] {0.9f, 0.9f, 1, 1}, within(1e-6f));
            adam.groups(Group.of("trunk.bias").rateFactor(0));
            assertThat(step(model, adam, 2)).containsExactly(new float[] {0.8f, 0.9f, 0.9f, 0.9f}, within(1e-6f));
            adam.groups();
            assertThat(step(model, adam, 2)).containsExactly(new float[] {0.7f, 0.8f, 0.8f, 0.8f}, within(1e-6f));
        }
    }

    /**
     * A model in two groups with the settings of the recipe is the model without groups, bit for bit; so is a part with
     * names in full.
     */
    @Test
    void groupsOfTheSameSettingsChangeNothing() {
        float[][] results = new float[3][];
        for (int way = 0; way < 3; way++) {
            try (var model = Model.of(new Two(), 1)) {
                var recipe = new AdamW(0.1f).weightDecay(0.2f);
                List<BoundOptimizer> all = way == 0
                        ? List.of(recipe.on(model))
                        : way == 1
                                ? List.of(recipe.on(
                                        model,
                                        Group.of("trunk.*"),
                                        Group.of("head.*").weightDecay(0.2f)))
                                : List.of(
                                        recipe.on(model.part(model.net().trunk()), Group.of("trunk.*")),
                                        recipe.on(
                                                model.part(model.net().head()),
                                                Group.of("head.bias").rateFactor(1)));
                for (int i = 0; i < 4; i++) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        Tensor loss = Tensor.scalar(0);
                        for (Parameter p : model.parameters()) {
                            loss = loss.add(p.value().square().sum());
                        }
                        pass.backward(loss);
                        all.forEach(BoundOptimizer::step);
                    }
                }
                results[way] = model.parameter("head.bias").value().toArray();
                all.forEach(BoundOptimizer::close);
            }
        }
        assertThat(results[1]).isEqualTo(results[0]);
        assertThat(results[2]).isEqualTo(results[0]);
    }

    @Test
    void aGroupBehindAWiderOneIsRefused() {
        try (var model = Model.of(new Two(), 1)) {
            assertThatThrownBy(() -> new Adam(1).on(model, Group.of("*").rateFactor(2), Group.of("*.bias")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "optimizer: group *.bias has no effect, because every parameter that it matches belongs to"
                                    + " an earlier group; give the groups with the narrower patterns first");
            try (var all = new Adam(1).on(model, Group.of("head.*"), Group.of("trunk.*"), Group.of("*"))) {
                assertThat(all.steps()).as("the rest may be nothing").isZero();
            }
        }
    }

    @Test
    void aGroupThatMatchesNothingIsRefused() {
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(0.5f).on(model, Group.of("head.*").rateFactor(0))) {
            assertThatThrownBy(() -> new Adam(1).on(model, Group.of("*.bias"), Group.of("tail.*")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("optimizer: group tail.* matches none of [trunk.weight, trunk.bias, head.weight,"
                            + " head.bias]");
            assertThatThrownBy(() -> new Adam(1).on(model.part(model.net().head()), Group.of("trunk.*")))
                    .hasMessage("optimizer: group trunk.* matches none of [head.weight, head.bias]");
            assertThatThrownBy(() -> sgd.groups(Group.of("trunk.*").rateFactor(0), Group.of("x")))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(step(model, sgd, 1)).as("the groups before").containsExactly(0.5f, 0.5f, 1, 1);
            assertThatThrownBy(() -> Group.of("*.bias").rateFactor(-1))
                    .hasMessage("group *.bias: rateFactor=-1.0 must be 0 or more and finite");
            assertThatThrownBy(() -> Group.of("*.bias").weightDecay(Float.NaN))
                    .hasMessage("group *.bias: weightDecay=NaN must be 0 or more and finite");
        }
    }

    // ---- clipping

    /**
     * Ten gradients of 2 have the norm 2 sqrt(10) = 6.3246; PyTorch's clip_grad_norm_ multiplies by max / (norm + 1e-6)
     * where that is below 1.
     */
    @Test
    void theNormIsOfAllGradientsTogether() {
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(1).on(model).clipNorm(1.5f)) {
            assertThat(sgd.gradientNorm()).isNaN();
            float each = (float) (2 * 1.5 / (2 * Math.sqrt(10) + 1e-6));
            float[] first = step(model, sgd, 2);
            assertThat(first).containsOnly(first[0]);
            assertThat(first[0]).isCloseTo(1 - each, within(1e-7f));
            assertThat(sgd.gradientNorm()).isCloseTo(2 * Math.sqrt(10), within(1e-12));
            sgd.clipNorm(7);
            assertThat(step(model, sgd, 2)[0]).as("below the limit: unchanged").isEqualTo(first[0] - 2);
            sgd.clipNorm(Float.POSITIVE_INFINITY);
            assertThat(step(model, sgd, -300)[0]).as("measured only").isEqualTo(first[0] - 2 + 300);
            assertThat(sgd.gradientNorm()).isCloseTo(300 * Math.sqrt(10), within(1e-9));
        }
    }

    /** Of the parameters that the step changes: not of the frozen, and not of those without a gradient. */
    @Test
    void theNormIsOfTheParametersOfTheStep() {
        try (var model = Model.of(new Two(), 1);
                var adam = new Adam(0.1f).on(model).clipNorm(Float.POSITIVE_INFINITY)) {
            model.freeze("trunk.*");
            step(model, adam, 1);
            assertThat(adam.gradientNorm()).isCloseTo(Math.sqrt(5), within(1e-12));
            model.unfreeze("trunk.*");
            step(model, adam, 1);
            assertThat(adam.gradientNorm()).as("of step counts 1 and 2").isCloseTo(Math.sqrt(10), within(1e-12));
            try (Pass pass = Pass.train(new Rng(0))) {
                pass.backward(model.parameter("trunk.bias").value().sum());
                adam.step();
            }
            assertThat(adam.gradientNorm()).isCloseTo(Math.sqrt(2), within(1e-12));
        }
    }

    @Test
    void valuesAreLimitedAfterTheNorm() {
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(1).on(model).clipValue(0.25f)) {
            float[] first = step(model, sgd, -3);
            assertThat(first).containsOnly(1.25f);
            assertThat(step(model, sgd, 0.125f)).containsOnly(1.125f);
            sgd.clipNorm(1);
            assertThat(step(model, sgd, 5)[0])
                    .as("norm 1 in ten parts is 0.316, and then 0.25")
                    .isEqualTo(0.875f);
            sgd.clipValue(Float.POSITIVE_INFINITY);
            assertThat(step(model, sgd, 5)[0]).isCloseTo(0.875f - (float) Math.sqrt(0.1), within(1e-6f));
        }
    }

    /** A norm that is not finite refuses the step: nothing changes, and the next step is as if it had not been. */
    @Test
    void aNormThatIsNotFiniteChangesNothing() {
        try (var model = Model.of(new Two(), 1);
                var plain = Model.of(new Two(), 1);
                var adam = new Adam(0.1f).on(model).clipNorm(1);
                var other = new Adam(0.1f).on(plain).clipNorm(1)) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    Parameter p = model.parameter("head.weight");
                    pass.backward(model.parameter("trunk.weight")
                            .value()
                            .sum()
                            .add(p.value().mul(bad).sum()));
                    assertThatThrownBy(adam::step)
                            .isInstanceOf(ArithmeticException.class)
                            .hasMessage("step: the gradient of head.weight is not finite, so nothing was changed; lower"
                                    + " the learning rate, or leave the step out with zeroGrad()");
                    assertThat(p.value().toArray()).containsOnly(1);
                    assertThat(p.gradient()).isNotNull();
                }
                model.zeroGrad();
            }
            assertThat(adam.steps()).isZero();
            assertThat(step(model, adam, 2)).isEqualTo(step(plain, other, 2));
            // finite gradients whose squares overflow a float have a norm
            float[] before = step(plain, other, 1);
            assertThat(step(plain, other, 3e38f)[0]).isFinite().isLessThan(before[0]);
            assertThat(other.gradientNorm()).isCloseTo(3e38 * Math.sqrt(10), within(1e32));
        }
    }

    @Test
    void theBitsDoNotDependOnTheThreads() {
        NativeRuntime runtime = NativeRuntime.get();
        int before = runtime.threads();
        try {
            List<Object> one = Workers.with(1, GroupsAndClippingTest::clippedSteps);
            for (int threads : new int[] {2, 4}) {
                List<Object> several = Workers.with(threads, GroupsAndClippingTest::clippedSteps);
                for (int i = 0; i < one.size(); i++) {
                    assertThat(several.get(i)).isEqualTo(one.get(i));
                }
            }
        } finally {
            runtime.threads(before);
        }
    }

    /** The norms of three steps' gradients, and the weights after them. */
    private static List<Object> clippedSteps() {
        List<Object> results = new ArrayList<>();
        try (var model = Model.of(new Sequential(new Linear(601, 907), new Linear(907, 5)), 3);
                var adam = new Adam(1e-2f)
                        .on(model, Group.of("*.bias").rateFactor(2))
                        .clipNorm(0.01f)
                        .clipValue(0.001f)) {
            for (int step = 0; step < 3; step++) {
                try (Pass pass = Pass.train(new Rng(step))) {
                    pass.backward(model.net().apply(pass.randn(8, 601)).square().mean());
                    adam.step();
                }
                results.add(adam.gradientNorm());
            }
            results.add(model.parameter("0.weight").value().toArray());
        }
        return results;
    }

    @Test
    void limitsWithoutSenseAreRefused() {
        try (var model = Model.of(new Two(), 1);
                var sgd = new Sgd(1).on(model)) {
            for (float wrong : new float[] {0, -1, Float.NaN}) {
                assertThatThrownBy(() -> sgd.clipNorm(wrong))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("optimizer: clipNorm=" + wrong + " must be above 0");
                assertThatThrownBy(() -> sgd.clipValue(wrong))
                        .hasMessage("optimizer: clipValue=" + wrong + " must be above 0");
            }
        }
    }
}
