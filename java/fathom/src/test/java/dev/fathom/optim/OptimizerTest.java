package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Part;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd.Velocity;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Optimizers against PyTorch's formulas written in double precision, on random gradients: every form, odd sizes,
 * parameters that are frozen or get no gradient for a while, parts, threads, and what is refused.
 */
class OptimizerTest {
    private static final int STEPS = 20;
    private static final int[] SIZES = {1, 17, 64, 103};

    private record Weights(List<Parameter> weights) implements Net {}

    private static Weights weights() {
        List<Parameter> all = new ArrayList<>();
        for (int n : SIZES) {
            all.add(new Parameter(Shape.of(n), Init.uniform(-1, 1)));
        }
        return new Weights(all);
    }

    private static float[] gradient(int step, int parameter) {
        return new Rng(77).split(step).split(parameter).uniform(SIZES[parameter], -2, 2);
    }

    /** One parameter under PyTorch's rule, in double precision. */
    private static final class Reference {
        private final Optimizer recipe;
        private final double[] w;
        private final double[] m;
        private final double[] v;
        private final double[] mean;
        private int t;

        Reference(Optimizer recipe, float[] start) {
            this.recipe = recipe;
            w = new double[start.length];
            for (int i = 0; i < w.length; i++) {
                w[i] = start[i];
            }
            m = new double[w.length];
            v = new double[w.length];
            mean = new double[w.length];
        }

        void step(float[] gradient, double rate) {
            t++;
            for (int i = 0; i < w.length; i++) {
                double g = gradient[i];
                if (decoupled()) {
                    w[i] -= rate * recipe.weightDecay() * w[i];
                } else {
                    g += recipe.weightDecay() * w[i];
                }
                w[i] -= step(i, g, rate);
            }
        }

        private boolean decoupled() {
            return recipe instanceof AdamW
                    || recipe instanceof Lion
                    || recipe instanceof NAdam n && n.decoupled()
                    || recipe instanceof RAdam r && r.decoupled();
        }

        /** What the rule subtracts from weight i. */
        private double step(int i, double g, double rate) {
            if (recipe instanceof AdamW a) {
                moments(i, g, a.beta1(), a.beta2());
                return rate * m[i] / corrected(a.beta1()) / (root(i, a.beta2(), a.amsGrad()) + a.epsilon());
            } else if (recipe instanceof Adam a) {
                moments(i, g, a.beta1(), a.beta2());
                return rate * m[i] / corrected(a.beta1()) / (root(i, a.beta2(), a.amsGrad()) + a.epsilon());
            } else if (recipe instanceof Adamax a) {
                m[i] = a.beta1() * m[i] + (1 - (double) a.beta1()) * g;
                v[i] = Math.max(a.beta2() * v[i], Math.abs(g) + a.epsilon());
                return rate / corrected(a.beta1()) * m[i] / v[i];
            } else if (recipe instanceof NAdam a) {
                moments(i, g, a.beta1(), a.beta2());
                double product = 1;
                for (int k = 1; k <= t; k++) {
                    product *= mu(a, k);
                }
                double next = mu(a, t + 1);
                double ahead = (1 - mu(a, t)) * g / (1 - product) + next * m[i] / (1 - product * next);
                return rate * ahead / (Math.sqrt(v[i] / corrected(a.beta2())) + a.epsilon());
            } else if (recipe instanceof RAdam a) {
                moments(i, g, a.beta1(), a.beta2());
                double most = 2 / (1 - (double) a.beta2()) - 1;
                double rho = most - 2 * t * Math.pow(a.beta2(), t) / corrected(a.beta2());
                double mean = m[i] / corrected(a.beta1());
                if (rho <= 5) {
                    return rate * mean;
                }
                double c = Math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho));
                return rate * mean * c * Math.sqrt(corrected(a.beta2())) / (Math.sqrt(v[i]) + a.epsilon());
            } else if (recipe instanceof Adagrad a) {
                v[i] += t == 1 ? a.initial() + g * g : g * g;
                return rate / (1 + (t - 1) * (double) a.rateDecay()) * g / (Math.sqrt(v[i]) + a.epsilon());
            } else if (recipe instanceof Adadelta a) {
                v[i] = a.rho() * v[i] + (1 - (double) a.rho()) * g * g;
                double step = Math.sqrt(m[i] + a.epsilon()) / Math.sqrt(v[i] + a.epsilon()) * g;
                m[i] = a.rho() * m[i] + (1 - (double) a.rho()) * step * step;
                return rate * step;
            } else if (recipe instanceof Lion a) {
                double sign = Math.signum(a.beta1() * m[i] + (1 - (double) a.beta1()) * g);
                m[i] = a.beta2() * m[i] + (1 - (double) a.beta2()) * g;
                return rate * sign;
            } else if (recipe instanceof Rprop r) {
                double turn = Math.signum(g * m[i]);
                double size = t == 1 ? rate : v[i];
                v[i] = Math.max(
                        r.least(), Math.min(r.most(), size * (turn > 0 ? r.grow() : turn < 0 ? r.shrink() : 1)));
                m[i] = turn < 0 ? 0 : g;
                return Math.signum(m[i]) * v[i];
            } else if (recipe instanceof RmsProp r) {
                v[i] = r.alpha() * v[i] + (1 - (double) r.alpha()) * g * g;
                mean[i] += (1 - (double) r.alpha()) * (g - mean[i]);
                double variance = r.centered() ? v[i] - mean[i] * mean[i] : v[i];
                m[i] = r.momentum() * m[i] + g / (Math.sqrt(variance) + r.epsilon());
                return rate * m[i];
            } else if (recipe instanceof Sgd s && s.momentum() != 0) {
                switch (s.velocity()) {
                    case GRADIENTS -> v[i] = t == 1 ? g : s.momentum() * v[i] + (1 - (double) s.dampening()) * g;
                    case MEAN -> v[i] = s.momentum() * v[i] + (1 - (double) s.momentum()) * g;
                    case STEPS -> {
                        v[i] = s.momentum() * v[i] - rate * g;
                        return s.nesterov() ? rate * g - s.momentum() * v[i] : -v[i];
                    }
                }
                return rate * (s.nesterov() ? g + s.momentum() * v[i] : v[i]);
            }
            return rate * g;
        }

        private void moments(int i, double g, double beta1, double beta2) {
            m[i] = beta1 * m[i] + (1 - beta1) * g;
            v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        }

        private double corrected(double beta) {
            return 1 - Math.pow(beta, t);
        }

        private double root(int i, double beta2, Adam.AmsGrad of) {
            double corrected = v[i] / corrected(beta2);
            switch (of) {
                case OFF -> mean[i] = corrected;
                case RAW -> {
                    mean[i] = Math.max(mean[i], v[i]);
                    return Math.sqrt(mean[i] / corrected(beta2));
                }
                case CORRECTED -> mean[i] = Math.max(mean[i], corrected);
            }
            return Math.sqrt(mean[i]);
        }

        private static double mu(NAdam a, int step) {
            return a.beta1() * (1 - 0.5 * Math.pow(0.96, step * (double) a.momentumDecay()));
        }

        void assertClose(String as, float[] actual) {
            for (int i = 0; i < w.length; i++) {
                assertThat((double) actual[i])
                        .as(as + " [" + i + "]")
                        .isCloseTo(w[i], within(2e-6 * (1 + Math.abs(w[i]))));
            }
        }
    }

    private static Stream<Optimizer> recipes() {
        return Stream.of(
                new Sgd(0.05f),
                new Sgd(0.05f).dampening(0.5f), // without momentum there is nothing to dampen
                new Sgd(0.05f).weightDecay(0.3f),
                new Sgd(0.02f).momentum(0.9f),
                new Sgd(0.02f).momentum(0.9f).dampening(0.4f),
                new Sgd(0.02f).momentum(0.9f).dampening(0.9f).weightDecay(0.1f),
                new Sgd(0.02f).momentum(0.8f).withNesterov(),
                new Sgd(0.02f).momentum(0.8f).withNesterov().weightDecay(0.1f),
                new Sgd(0.2f).velocity(Velocity.MEAN).momentum(0.9f).weightDecay(0.1f),
                new Sgd(0.02f).velocity(Velocity.STEPS).momentum(0.9f).weightDecay(0.1f),
                new Sgd(0.02f).velocity(Velocity.STEPS).momentum(0.9f).withNesterov(),
                new Sgd(0.02f).velocity(Velocity.STEPS),
                new Adam(0.01f),
                new Adam(0.01f).betas(0.5f, 0.9f).epsilon(1e-3f),
                new Adam(0.01f).betas(0, 0),
                new Adam(0.01f).epsilon(0).weightDecay(0.2f),
                new Adam(0.01f).betas(0.9f, 0.5f).withAmsGrad(),
                new Adam(0.01f).betas(0.9f, 0.5f).amsGrad(Adam.AmsGrad.CORRECTED),
                new AdamW(0.01f),
                new AdamW(0.01f).betas(0.8f, 0.9f).epsilon(1e-4f).weightDecay(0.5f),
                new AdamW(0.01f).betas(0.8f, 0.5f).withAmsGrad(),
                new Adamax(0.01f),
                new Adamax(0.01f).betas(0.5f, 0.8f).epsilon(1e-3f).weightDecay(0.1f),
                new NAdam(0.01f),
                new NAdam(0.01f).betas(0.7f, 0.9f).momentumDecay(0.5f).weightDecay(0.1f),
                new NAdam(0.01f).withDecoupledDecay().weightDecay(0.3f),
                new RAdam(0.01f).weightDecay(0.1f),
                new RAdam(0.01f).betas(0.8f, 0.9f).withDecoupledDecay().weightDecay(0.3f),
                new Adagrad(0.05f),
                new Adagrad(0.05f).rateDecay(0.1f).initial(0.5f).weightDecay(0.1f),
                new Adadelta(1),
                new Adadelta(0.5f).rho(0.7f).epsilon(1e-3f).weightDecay(0.1f),
                new Lion(0.01f).weightDecay(0.1f),
                new Rprop(0.01f),
                new Rprop(0.01f).factors(0.3f, 2).limits(1e-3f, 0.02f),
                new RmsProp(0.01f),
                new RmsProp(0.01f).momentum(0.9f),
                new RmsProp(0.01f, 0.9f, 1e-3f, 0, true, 0.1f),
                new RmsProp(0.01f, 0.5f, 1e-3f, 0.5f, true, 0),
                new RmsProp(0.01f, 0, 1e-3f, 0, false, 0));
    }

    /** Runs 20 steps in which parameter k has a gradient where {@code hasGradient} of 10 step + k says so. */
    private static void check(Optimizer recipe, IntPredicate hasGradient, int freezeFrom, int freezeTo) {
        try (var model = Model.of(weights(), 5);
                BoundOptimizer optimizer = recipe.on(model)) {
            List<Parameter> all = model.parameters();
            List<Reference> references = all.stream()
                    .map(p -> new Reference(recipe, p.value().toArray()))
                    .toList();
            for (int step = 0; step < STEPS; step++) {
                boolean frozen = step >= freezeFrom && step < freezeTo;
                if (frozen) {
                    model.freeze("weights.2");
                } else {
                    model.unfreeze("weights.2");
                }
                try (Pass pass = Pass.train(new Rng(0))) {
                    Tensor loss = Tensor.scalar(0);
                    for (int k = 0; k < SIZES.length; k++) {
                        if (hasGradient.test(10 * step + k)) {
                            float[] g = gradient(step, k);
                            loss = loss.add(all.get(k)
                                    .value()
                                    .mul(Tensor.of(g, g.length))
                                    .sum());
                            if (k != 2 || !frozen) {
                                references.get(k).step(g, recipe.learningRate());
                            }
                        }
                    }
                    pass.backward(loss, model);
                    optimizer.step();
                }
                for (int k = 0; k < SIZES.length; k++) {
                    references
                            .get(k)
                            .assertClose(
                                    recipe + " step " + step + " " + all.get(k).name(),
                                    all.get(k).value().toArray());
                }
            }
            assertThat(optimizer.steps()).isEqualTo(STEPS);
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void everyFormIsPyTorchs(Optimizer recipe) {
        check(recipe, i -> true, 0, 0);
    }

    /** As PyTorch leaves a parameter alone whose grad is None, with moments and step count of its own. */
    @ParameterizedTest
    @MethodSource("recipes")
    void parametersWithoutAGradientAreLeftAlone(Optimizer recipe) {
        check(recipe, i -> i % 10 == 0 || i / 10 >= 3 * (i % 10) && (i / 10 + i) % 3 != 0, 0, 0);
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void aFrozenParameterStandsStillAndGoesOnWhereItStopped(Optimizer recipe) {
        check(recipe, i -> true, 4, 9);
    }

    @Test
    void aGradientFromBeforeTheFreezeIsForgotten() {
        try (var model = Model.of(weights(), 5);
                BoundOptimizer sgd = new Sgd(1).on(model);
                Pass pass = Pass.train(new Rng(0))) {
            Parameter a = model.parameter("weights.0");
            Parameter b = model.parameter("weights.1");
            pass.backward(a.value().sum().add(b.value().sum()));
            model.freeze("weights.1");
            sgd.step();
            model.unfreeze("weights.1");
            float[] before = b.value().toArray();
            pass.backward(b.value().sum());
            sgd.step();
            for (int i = 0; i < before.length; i++) {
                assertThat(b.value().get(i)).isEqualTo(before[i] - 1);
            }
        }
    }

    @Test
    void gradientsOfSeveralBackwardAddUntilTheStep() {
        try (var model = Model.of(weights(), 5);
                BoundOptimizer sgd = new Sgd(0.5f).on(model);
                Pass pass = Pass.train(new Rng(0))) {
            Parameter p = model.parameter("weights.1");
            float[] before = p.value().toArray();
            pass.backward(p.value().sum());
            pass.backward(p.value().sum().mul(2));
            assertThat(p.gradient().toArray()).containsOnly(3);
            sgd.step();
            assertThat(p.gradient()).isNull();
            pass.backward(p.value().sum());
            model.zeroGrad();
            assertThat(p.gradient()).isNull();
            pass.backward(p.value().sum());
            assertThat(p.gradient().toArray()).containsOnly(1);
            sgd.step();
            for (int i = 0; i < before.length; i++) {
                assertThat(p.value().get(i)).isCloseTo(before[i] - 2, within(1e-6f));
            }
        }
    }

    private record Two(Linear a, Linear b) implements Net {}

    @Test
    void aPartHasItsOwnOptimizerAndLeavesTheRestAlone() {
        for (Optimizer recipe : List.of(new Adam(0.1f), new Sgd(0.1f).momentum(0.9f))) {
            float[][] whole = new float[4][];
            float[][] parts = new float[4][];
            for (boolean inParts : new boolean[] {false, true}) {
                try (var model = Model.of(new Two(new Linear(7, 5), new Linear(5, 3)), 9)) {
                    Part a = model.part(model.net().a());
                    Part b = model.part(model.net().b());
                    List<BoundOptimizer> optimizers =
                            inParts ? List.of(recipe.on(a), recipe.on(b)) : List.of(recipe.on(model));
                    for (int step = 0; step < 5; step++) {
                        try (Pass pass = Pass.train(new Rng(step))) {
                            Tensor x = pass.randn(6, 7);
                            Tensor loss = model.net()
                                    .b()
                                    .apply(model.net().a().apply(x).tanh())
                                    .square()
                                    .mean();
                            pass.backward(loss);
                            if (inParts) {
                                float[] other =
                                        model.parameter("b.weight").value().toArray();
                                optimizers.get(0).step();
                                assertThat(model.parameter("b.weight").value().toArray())
                                        .isEqualTo(other);
                                assertThat(model.parameter("b.weight").gradient())
                                        .as("not used up by the other part")
                                        .isNotNull();
                                assertThat(model.parameter("a.weight").gradient())
                                        .isNull();
                            }
                            optimizers.get(optimizers.size() - 1).step();
                        }
                    }
                    for (int i = 0; i < 4; i++) {
                        (inParts ? parts : whole)[i] =
                                model.parameters().get(i).value().toArray();
                    }
                    optimizers.forEach(BoundOptimizer::close);
                }
            }
            assertThat(parts).isDeepEqualTo(whole);
        }
    }

    @Test
    void theBitsDoNotDependOnTheThreads() {
        NativeRuntime runtime = NativeRuntime.get();
        int before = runtime.threads();
        try {
            for (Optimizer recipe : List.of(
                    new Adam(1e-2f).weightDecay(0.01f),
                    new NAdam(1e-2f),
                    new Adadelta(1),
                    new Rprop(1e-2f),
                    new AdamW(1e-2f),
                    new RmsProp(1e-3f, 0.9f, 1e-6f, 0.9f, true, 0.01f),
                    new Sgd(1e-2f).momentum(0.9f).withNesterov().weightDecay(0.01f))) {
                List<float[]> results = new ArrayList<>();
                for (int threads : new int[] {1, 2, 4}) {
                    results.add(Workers.with(threads, () -> trained(recipe)));
                }
                assertThat(results.get(1)).isEqualTo(results.get(0));
                assertThat(results.get(2)).isEqualTo(results.get(0));
            }
        } finally {
            runtime.threads(before);
        }
    }

    /**
     * Parameters after three steps, in two runs of which one is frozen apart: two range, above the size where threads
     * share.
     */
    private static float[] trained(Optimizer recipe) {
        try (var model = Model.of(new Sequential(new Linear(601, 307), new Linear(307, 211), new Linear(211, 5)), 3);
                BoundOptimizer optimizer = recipe.on(model)) {
            model.freeze("1.weight");
            for (int step = 0; step < 3; step++) {
                try (Pass pass = Pass.train(new Rng(step))) {
                    pass.backward(model.net().apply(pass.randn(8, 601)).square().mean());
                    optimizer.step();
                }
            }
            float[] all = new float[0];
            for (Parameter p : model.parameters()) {
                float[] values = p.value().toArray();
                int n = all.length;
                all = Arrays.copyOf(all, n + values.length);
                System.arraycopy(values, 0, all, n, values.length);
            }
            return all;
        }
    }

    /** The Java enum is the library's own table, row for row: a place in one is a number in the other. */
    @Test
    void rulesAreTheRowsOfTheLibrary() {
        NativeRuntime.get();
        assertThat(Arrays.stream(Rule.values()).map(Rule::row))
                .containsExactlyElementsOf(Native.table(4).lines().toList());
    }

    @Test
    void maximizingIsMinimizingTheNegative() {
        for (Optimizer recipe :
                List.of(new Adam(0.1f).weightDecay(0.1f), new Lion(0.01f), new Sgd(0.1f).momentum(0.9f))) {
            float[][] ends = new float[2][];
            for (int sign = 0; sign < 2; sign++) {
                try (var model = Model.of(new Linear(5, 3), 4);
                        BoundOptimizer optimizer = recipe.on(model).clipNorm(0.5f)) {
                    if (sign == 1) {
                        optimizer.maximize();
                    }
                    for (int step = 0; step < 4; step++) {
                        try (Pass pass = Pass.train(new Rng(step))) {
                            Tensor loss =
                                    model.net().apply(pass.randn(6, 5)).square().mean();
                            pass.backward(sign == 1 ? loss.neg() : loss);
                            optimizer.step();
                        }
                    }
                    ends[sign] = model.parameter("weight").value().toArray();
                    assertThat(optimizer.toString().endsWith(", maximize")).isEqualTo(sign == 1);
                }
            }
            assertThat(ends[1]).as(recipe.toString()).isEqualTo(ends[0]);
        }
    }

    /** By hand for f = w^2 / 2 from w = 1: momentum of means, and Adagrad's first step, which is the learning rate. */
    @Test
    void textbookForms() {
        assertDescent(new Sgd(0.1f).velocity(Velocity.MEAN).momentum(0.9f), 0.99, 0.9711, 0.944379);
        assertDescent(new Adagrad(0.1f), 0.9);
        assertDescent(
                new Adam(0.1f).amsGrad(Adam.AmsGrad.CORRECTED), 0.900000001, 0.8052631598, 0.7157700551, 0.6314866335);
    }

    private static void assertDescent(Optimizer recipe, double... path) {
        try (var model = Model.of(new Weights(List.of(new Parameter(Shape.of(1), Init.constant(1)))), 1);
                BoundOptimizer optimizer = recipe.on(model)) {
            Parameter w = model.parameters().get(0);
            for (double expected : path) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    pass.backward(w.value().square().sum().mul(0.5f));
                    optimizer.step();
                    assertThat((double) w.value().item()).as(recipe.toString()).isCloseTo(expected, within(2e-7));
                }
            }
        }
    }

    // ---- learning rates

    @Test
    void theLearningRateOfTheNextStepCanBeChanged() {
        try (var model = Model.of(weights(), 5);
                BoundOptimizer adam = new Adam(0.01f).on(model);
                Pass pass = Pass.train(new Rng(0))) {
            Parameter p = model.parameter("weights.3");
            Reference reference = new Reference(adam.recipe(), p.value().toArray());
            for (int step = 0; step < 6; step++) {
                float rate = step < 3 ? 0.01f : 0.2f;
                adam.learningRate(rate);
                float[] g = gradient(step, 3);
                pass.backward(p.value().mul(Tensor.of(g, g.length)).sum());
                adam.step();
                reference.step(g, rate);
            }
            reference.assertClose("rate", p.value().toArray());
            assertThat(adam.learningRate()).isEqualTo(0.2f);
            assertThat(adam.recipe().learningRate()).isEqualTo(0.01f);
            for (float wrong : new float[] {-0.1f, Float.NaN, Float.POSITIVE_INFINITY}) {
                assertThatThrownBy(() -> adam.learningRate(wrong))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("optimizer: learningRate=" + wrong + " must be 0 or more and finite");
            }
            float[] before = p.value().toArray();
            adam.learningRate(0);
            pass.backward(p.value().sum());
            adam.step();
            assertThat(p.value().toArray()).isEqualTo(before);
        }
    }

    private static void assertFactors(Schedule schedule, double[] epochs, double... expected) {
        assertThat(Arrays.stream(epochs).map(e -> schedule.factor(e, 0)).toArray())
                .containsExactly(expected, within(1e-12));
    }

    @Test
    void schedulesAreFactorsOfTheFirstRate() {
        assertFactors(Schedule.constant(), new double[] {0, 0.5, 1000}, 1, 1, 1);
        assertFactors(Schedule.step(20, 0.1), new double[] {0, 19.999, 20, 39.5, 40}, 1, 1, 0.1, 0.1, 0.01);
        assertThat(Schedule.step(20, 0.1).factor(20, 0)).isEqualTo(0.1);
    }

    /** PyTorch's CosineAnnealingLR(T_max=4) at lr 1, eta_min 0 and 0.1, after 0, 1, .. 4 epochs; then it stays. */
    @Test
    void cosineFallsToItsMinimum() {
        double[] epochs = {0, 1, 2, 3, 4, 5, 100};
        double r = Math.sqrt(0.5) / 2;
        assertFactors(Schedule.cosine(4), epochs, 1, 0.5 + r, 0.5, 0.5 - r, 0, 0, 0);
        assertFactors(Schedule.cosine(4, 0.1), epochs, 1, 0.55 + 0.9 * r, 0.55, 0.55 - 0.9 * r, 0.1, 0.1, 0.1);
        assertThat(Schedule.cosine(0.3).factor(0.3, 0)).as("never below").isEqualTo(0);
        assertThat(Schedule.cosine(3, 1).factor(1.7, 0)).isEqualTo(1);
    }

    /** PyTorch's SequentialLR of LinearLR(start, 1, total_iters) and another schedule, at its milestone. */
    @Test
    void warmUpRisesOnALineAndThenTheScheduleBegins() {
        assertFactors(Schedule.constant().warmUp(4), new double[] {0, 1, 2.5, 4, 9}, 0, 0.25, 0.625, 1, 1);
        assertFactors(
                Schedule.constant().warmUp(5, 1 / 3.0),
                new double[] {0, 1, 4, 5, 6},
                1 / 3.0,
                7 / 15.0,
                13 / 15.0,
                1,
                1);
        assertFactors(Schedule.cosine(4).warmUp(2), new double[] {0, 1, 2, 4, 6, 7}, 0, 0.5, 1, 0.5, 0, 0);
        Schedule offset = (epochs, steps) -> 0.5 / (1 + epochs);
        assertFactors(offset.warmUp(2), new double[] {0, 1, 2, 3}, 0, 0.25, 0.5, 0.25);
    }

    @Test
    void schedulesWithoutSenseAreRefused() {
        assertThatThrownBy(() -> Schedule.step(0, 0.1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Schedule.step: every=0.0 must be above 0");
        assertThatThrownBy(() -> Schedule.step(1, -1)).hasMessage("Schedule.step: gamma=-1.0 must be above 0");
        assertThatThrownBy(() -> Schedule.cosine(0))
                .hasMessage("Schedule.cosine: period=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> Schedule.cosine(1, 1.5)).hasMessage("Schedule.cosine: min=1.5 must be in [0, 1]");
        assertThatThrownBy(() -> Schedule.constant().warmUp(Double.NaN))
                .hasMessage("Schedule.warmUp: length=NaN must be above 0 and finite");
        assertThatThrownBy(() -> Schedule.constant().warmUp(3, -0.1))
                .hasMessage("Schedule.warmUp: from=-0.1 must be in [0, 1]");
    }

    // ---- what is refused

    @Test
    void hyperparametersWithoutSenseAreRefused() {
        for (float rate : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Sgd(rate))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("SGD: learningRate=" + rate + " must be above 0 and finite, e.g. 1e-3");
            assertThatThrownBy(() -> new Adam(rate))
                    .hasMessage("Adam: learningRate=" + rate + " must be above 0 and finite, e.g. 1e-3");
        }
        assertThatThrownBy(() -> new Sgd(1).momentum(-0.1f))
                .hasMessage("SGD: momentum=-0.1 must be 0 or more and finite");
        assertThatThrownBy(() -> new Sgd(1).momentum(0.9f).dampening(Float.NaN))
                .hasMessage("SGD: dampening=NaN must be 0 or more and finite");
        assertThatThrownBy(() -> new Sgd(1).momentum(0.9f).weightDecay(-1))
                .hasMessage("SGD: weightDecay=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new Sgd(1).momentum(1).velocity(Velocity.MEAN))
                .hasMessage("SGD: a velocity that is a mean needs momentum below 1 and no nesterov but momentum=1.0 "
                        + "and nesterov=false");
        assertThatThrownBy(
                        () -> new Sgd(1).momentum(0.9f).velocity(Velocity.STEPS).dampening(0.1f))
                .hasMessage(
                        "SGD: dampening=0.1 belongs to a velocity of GRADIENTS but this one sums STEPS; leave it at 0");
        assertThatThrownBy(() -> new Adagrad(1).rateDecay(-1))
                .hasMessage("Adagrad: rateDecay=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new Adadelta(1).rho(1)).hasMessage("Adadelta: rho=1.0 must be in [0, 1)");
        assertThatThrownBy(() -> new Adamax(1).epsilon(0)).hasMessage("Adamax: epsilon=0.0 must be above 0");
        assertThatThrownBy(() -> new NAdam(1).momentumDecay(Float.NaN))
                .hasMessage("NAdam: momentumDecay=NaN must be 0 or more and finite");
        assertThatThrownBy(() -> new RAdam(1).betas(0.9f, 1)).hasMessage("RAdam: beta2=1.0 must be in [0, 1)");
        assertThatThrownBy(() -> new Lion(0))
                .hasMessage("Lion: learningRate=0.0 must be above 0 and finite, e.g. 1e-3");
        assertThatThrownBy(() -> new Rprop(1).factors(1, 2)).hasMessage("Rprop: shrink=1.0 must be in (0, 1)");
        assertThatThrownBy(() -> new Rprop(1).limits(2, 1))
                .hasMessage("Rprop: least=2.0 must be 0 or more and not above most=1.0");
        String nesterov = "SGD: nesterov needs momentum above 0 and dampening 0 but momentum=";
        assertThatThrownBy(() -> new Sgd(1).withNesterov()).hasMessage(nesterov + "0.0 and dampening=0.0");
        assertThatThrownBy(() -> new Sgd(1).momentum(0.9f).dampening(0.1f).withNesterov())
                .hasMessage(nesterov + "0.9 and dampening=0.1");
        assertThatThrownBy(() -> new Adam(1).betas(1, 0.999f)).hasMessage("Adam: beta1=1.0 must be in [0, 1)");
        assertThatThrownBy(() -> new Adam(1).betas(0.9f, -1)).hasMessage("Adam: beta2=-1.0 must be in [0, 1)");
        assertThatThrownBy(() -> new Adam(1).epsilon(-1)).hasMessage("Adam: epsilon=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new Adam(1).weightDecay(Float.NaN))
                .hasMessage("Adam: weightDecay=NaN must be 0 or more and finite");
        assertThatThrownBy(() -> new AdamW(0))
                .hasMessage("AdamW: learningRate=0.0 must be above 0 and finite, e.g. 1e-3");
        assertThatThrownBy(() -> new AdamW(1).weightDecay(-1))
                .hasMessage("AdamW: weightDecay=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new AdamW(1, 0.9f, 1, 0, 0)).hasMessage("AdamW: beta2=1.0 must be in [0, 1)");
        assertThatThrownBy(() -> new AdamW(1, 0.9f, 0.9f, Float.NaN, 0))
                .hasMessage("AdamW: epsilon=NaN must be 0 or more and finite");
        assertThatThrownBy(() -> new RmsProp(Float.NaN))
                .hasMessage("RMSprop: learningRate=NaN must be above 0 and finite, e.g. 1e-3");
        assertThatThrownBy(() -> new RmsProp(1).momentum(-1))
                .hasMessage("RMSprop: momentum=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new RmsProp(1, 1, 0, 0, false, 0)).hasMessage("RMSprop: alpha=1.0 must be in [0, 1)");
        assertThatThrownBy(() -> new RmsProp(1, 0.9f, -1, 0, false, 0))
                .hasMessage("RMSprop: epsilon=-1.0 must be 0 or more and finite");
        assertThatThrownBy(() -> new RmsProp(1, 0.9f, 0, 0, false, -1))
                .hasMessage("RMSprop: weightDecay=-1.0 must be 0 or more and finite");
    }

    @Test
    void aStepNeedsABackward() {
        String message = "step: no backward has given these parameters a gradient since the last step; "
                + "call pass.backward(loss) first, and unfreeze something";
        try (var model = Model.of(weights(), 5);
                BoundOptimizer sgd = new Sgd(1).on(model);
                Pass pass = Pass.train(new Rng(0))) {
            assertThatThrownBy(sgd::step)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(message);
            pass.backward(model.parameter("weights.0").value().sum());
            sgd.step();
            assertThatThrownBy(sgd::step).as("the gradient is used up").hasMessage(message);
            assertThat(sgd.steps()).isEqualTo(1);
        }
        try (var empty = Model.of(new Sequential(), 1)) {
            assertThatThrownBy(() -> new Sgd(1).on(empty))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("optimizer: the model has no parameters; give it a layer that has");
        }
    }

    @Test
    void aClosedOptimizerOrModelRefuses() {
        var model = Model.of(weights(), 5);
        BoundOptimizer closed = new Adam(1).on(model);
        closed.close();
        assertThatThrownBy(closed::step)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageMatching("step: this optimizer was closed at .*; make another with on\\(model\\)");
        closed.close(); // once more does nothing
        try (BoundOptimizer sgd = new Sgd(1).on(model)) {
            model.close();
            assertThatThrownBy(sgd::step)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("model is closed: it was closed at ");
        }
    }
}
