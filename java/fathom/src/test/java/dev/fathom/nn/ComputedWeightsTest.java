package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Weights that are computed: of low rank, normalized, constant, or from another library's order. */
class ComputedWeightsTest {
    private static float[] random(int n) {
        return new Rng(7).uniform(n, -1, 1);
    }

    /** y = x (left right)^T + bias. */
    private record LowRank(Parameter left, Parameter right, Parameter bias) implements Layer {
        LowRank(int in, int out, int rank) {
            this(
                    new Parameter(Shape.of(out, rank), Init.uniform(-1, 1)),
                    new Parameter(Shape.of(rank, in), Init.uniform(-1, 1)),
                    new Parameter(Shape.of(out), Init.uniform(-1, 1)));
        }

        @Override
        public Tensor forward(Tensor x) {
            return x.linear(left.value().matmul(right.value()), bias, null, Activation.TANH);
        }
    }

    /** Filters of length 1, times a gain each (Salimans and Kingma 2016). */
    private record WeightNorm(Parameter direction, Parameter gain) implements Layer {
        WeightNorm(int filters, int channels) {
            this(
                    new Parameter(Shape.of(filters, 3, 3, channels), Init.uniform(-1, 1), 0, 3, 1, 2),
                    new Parameter(Shape.of(filters), Init.uniform(1, 2)));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor v = direction.value().flatten(1);
            Tensor w = v.div(v.norm(1).unsqueeze(1)).mul(gain.value().unsqueeze(1));
            return x.conv(w.reshape(direction.shape()), null, Window.of(3).pad(1), 1);
        }
    }

    @Test
    void gradientsFlowIntoTheFactors() {
        try (var model = Model.of(new LowRank(6, 5, 2), 1);
                Pass pass = Pass.grad()) {
            LowRank net = model.net();
            Tensor x = Tensor.of(random(18), 3, 6);
            pass.backward(net.apply(x).square().sum(), model);
            float[] left = net.left().gradient().toArray();
            float[] right = net.right().gradient().toArray();
            // the same by the products alone: (x right^T) left^T
            Tensor l = pass.watch(net.left().value().detach());
            Tensor r = pass.watch(net.right().value().detach());
            Tensor y = x.matmulTransposed(r).matmulTransposed(l).add(net.bias().value());
            pass.backward(y.tanh().square().sum(), l, r);
            assertThat(left)
                    .usingComparatorWithPrecision(1e-5f)
                    .containsExactly(pass.gradient(l).toArray());
            assertThat(right)
                    .usingComparatorWithPrecision(1e-5f)
                    .containsExactly(pass.gradient(r).toArray());
        }
    }

    @Test
    void anyTensorGivesTheBitsOfAParameterWithItsValues() {
        try (var model = Model.of(new Linear(40, 30), 1);
                Pass pass = Pass.infer()) {
            Parameter w = model.net().weight();
            Parameter b = model.net().bias();
            Tensor x = Tensor.of(random(80), 2, 40);
            float[] y = x.linear(w, b).toArray();
            assertThat(x.linear(Tensor.of(w.value().toArray(), 30, 40), b).toArray())
                    .isEqualTo(y);
            assertThat(x.linear(w.value(), b.value().add(0)).toArray()).isEqualTo(y);
        }
    }

    /** As the Javadoc of conv says: PyTorch's [O, I, kh, kw] by permute(0, 2, 3, 1). */
    @Test
    void filtersFromPyTorchsOrder() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(random(2 * 5 * 5 * 3), 2, 5, 5, 3);
            Tensor oihw = Tensor.of(random(4 * 3 * 3 * 2), 4, 3, 3, 2);
            Tensor y = x.conv(oihw.permute(0, 2, 3, 1), null, Window.of(3, 2), 1);
            assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 4, 4));
            double sum = 0;
            for (int i = 0; i < 3; i++) {
                for (int u = 0; u < 3; u++) {
                    for (int v = 0; v < 2; v++) {
                        sum += (double) x.get(1, 2 + u, 1 + v, i) * oihw.get(3, i, u, v);
                    }
                }
            }
            assertThat((double) y.get(1, 2, 1, 3)).isCloseTo(sum, org.assertj.core.api.Assertions.within(1e-5));
        }
    }

    @Test
    void plansFoldThem() {
        try (var model = Model.of(
                        new Sequential(new WeightNorm(32, 32), new Flatten(), new LowRank(32 * 4 * 4, 10, 3)), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 4, 4, 32));
                Session s = plan.newSession(3);
                Pass pass = Pass.infer()) {
            float[] x = random(3 * 4 * 4 * 32);
            s.input().put(0, x);
            s.run();
            float[] y = new float[30];
            s.output().get(0, y);
            assertThat(y).isEqualTo(model.net().apply(Tensor.of(x, 3, 4, 4, 32)).toArray());
            assertThat(plan.toString())
                    .as("what makes the weights is no part of the plan")
                    .doesNotContain("matmul", "norm");
        }
    }

    @Test
    void wrongShapesAreRefusedWithBothDimensions() {
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> Tensor.zeros(2, 3).linear(Tensor.zeros(5, 4), null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("linear: x [2, 3] and input 1 [5, 4] disagree: x.dim(1)=3 but input 1.dim(1)=4");
            assertThatThrownBy(() -> Tensor.zeros(1, 4, 4, 3).conv(Tensor.zeros(5, 3, 3, 3), null, Window.of(3, 2), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("conv: input 1 [5, 3, 3, 3] and the window 3x2 disagree: input 1.dim(2)=3 but the "
                            + "window has 2 taps "
                            + "there; they must be equal");
        }
    }
}
