package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.Kernel;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Numbers;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Batch norm of a plan lies in the weights before it; where nothing is folded a plan gives the bits of the eager run.
 */
class FoldingTest {
    private static final int[] BATCHES = {1, 7, 64};

    /** A model whose statistics and parameters are no longer those of the beginning. */
    private static Model<Layer> trained(Layer net, int features) {
        Model<Layer> model = Model.of(net, 3);
        for (int step = 0; step < 3; step++) {
            try (Pass pass = Pass.train(new Rng(step))) {
                Tensor x = Tensor.of(new Rng(step).normal(40 * features, 0.5f, 2), 40, features);
                pass.backward(model.net().apply(x).square().mean());
            }
        }
        model.parameters().stream().filter(p -> p.name().endsWith("2.weight")).forEach(p -> Numbers.set(p, 0.7f));
        return model;
    }

    /** The kernels of the plan; its results are compared with the eager ones at every batch size. */
    private static List<Kernel> check(Layer net, int features, double tolerance) {
        try (Model<Layer> model = trained(net, features);
                Plan plan = Plan.freeze(model, Shape.of(1, features))) {
            for (int n : BATCHES) {
                float[] x = new Rng(n).normal(n * features, 0, 2);
                float[] expected = PlanTest.eager(model, x, n, features);
                try (Session session = plan.newSession(n)) {
                    float[] found = PlanTest.frozen(session, x);
                    if (tolerance == 0) {
                        assertThat(found).isEqualTo(expected);
                    } else {
                        Golden.assertClose("batch " + n, found, expected, tolerance, tolerance);
                    }
                }
            }
            return PlanTest.kernels(plan);
        }
    }

    @Test
    void batchNormIsFoldedIntoTheLinearLayerBefore() {
        assertThat(check(new Sequential(new Linear(9, 17), new BatchNorm(17)), 9, 3e-6))
                .containsExactly(Kernel.LINEAR);
        assertThat(check(new Sequential(new Linear(9, 17).withoutBias(), new BatchNorm(17), Tensor::relu), 9, 3e-6))
                .containsExactly(Kernel.LINEAR);
        assertThat(check(
                        new Sequential(
                                new Linear(9, 17),
                                new BatchNorm(17).withoutAffine().act(Activation.SILU),
                                new Linear(17, 3),
                                new BatchNorm(3).act(Activation.TANH)),
                        9,
                        3e-6))
                .containsExactly(Kernel.LINEAR, Kernel.LINEAR);
    }

    @Test
    void twoBatchNormsAreFoldedOneAfterTheOther() {
        assertThat(check(
                        new Sequential(new Linear(9, 17), new BatchNorm(17), new BatchNorm(17), Tensor::relu), 9, 5e-6))
                .containsExactly(Kernel.LINEAR);
    }

    /** act(bn(linear) + x) is one call, however the sum was written. */
    @Test
    void withTheResidualAndTheActivation() {
        Layer inner = new Sequential(new Linear(9, 17), Tensor::relu, new Linear(17, 9), new BatchNorm(9));
        assertThat(check(new Residual(inner, Activation.RELU), 9, 3e-6)).containsExactly(Kernel.LINEAR, Kernel.LINEAR);
        record Written(Linear linear, BatchNorm norm) implements Layer {
            @Override
            public Tensor forward(Tensor x) {
                return norm.apply(linear.apply(x)).add(x).relu();
            }
        }
        assertThat(check(new Written(new Linear(9, 9), new BatchNorm(9)), 9, 3e-6))
                .containsExactly(Kernel.LINEAR);
    }

    /** Pictures [n, 5, 4, 3], and the same numbers as sequences [n, 20, 3]. */
    @Test
    void convolutionsTakeItUpToo() {
        for (int groups : new int[] {1, 3}) {
            Layer plain = new Sequential(
                    in -> in.reshape(in.dim(0), 5, 4, 3),
                    new Conv(3, 6, Window.of(3, 3).pad(1), groups).withoutBias(),
                    new BatchNorm(6).act(Activation.RELU),
                    new Residual(new Sequential(new Conv(6, 6, Window.of(1, 1)), new BatchNorm(6)), Activation.RELU));
            assertThat(check(plain, 60, 5e-6)).containsExactly(Kernel.CONV, Kernel.CONV);
        }
        Layer sequence = new Sequential(
                in -> in.reshape(in.dim(0), 20, 3), new Conv(3, 5, Window.line(3)), new BatchNorm(5), Tensor::relu);
        assertThat(check(sequence, 60, 5e-6)).containsExactly(Kernel.CONV);
    }

    @Test
    void whatCannotBeFoldedIsBitEqual() {
        // nothing before it; an activation between; a linear result that somebody else reads
        assertThat(check(new Sequential(new BatchNorm(9), Tensor::relu, new Linear(9, 4)), 9, 0))
                .containsExactly(Kernel.NORM, Kernel.LINEAR);
        assertThat(check(new Sequential(new Linear(9, 17), Tensor::relu, new BatchNorm(17)), 9, 0))
                .containsExactly(Kernel.LINEAR, Kernel.NORM);
        record Twice(Linear linear, BatchNorm norm) implements Layer {
            @Override
            public Tensor forward(Tensor x) {
                Tensor y = linear.apply(x);
                return norm.apply(y).add(y);
            }
        }
        assertThat(check(new Twice(new Linear(9, 17), new BatchNorm(17)), 9, 0))
                .containsExactly(Kernel.LINEAR, Kernel.NORM);
        assertThat(check(new Sequential(new Linear(9, 17), new LayerNorm(17), Tensor::relu), 9, 0))
                .containsExactly(Kernel.LINEAR, Kernel.NORM);
    }

    /** The folded weights are those of the freeze. */
    @Test
    void aPlanIsASnapshot() {
        try (Model<Layer> model = trained(new Sequential(new Linear(4, 3), new BatchNorm(3)), 4);
                Plan plan = Plan.freeze(model, Shape.of(2, 4));
                Session session = plan.newSession()) {
            float[] x = {1, 2, 3, 4, 5, 6, 7, 8};
            float[] before = PlanTest.frozen(session, x);
            model.parameters().forEach(p -> Numbers.set(p, 5));
            assertThat(PlanTest.frozen(session, x)).isEqualTo(before);
        }
    }
}
