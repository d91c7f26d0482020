package dev.fathom.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;

/** What every layer can do: its gradients, its plan and its training. */
public final class LayerChecks {
    private LayerChecks() {}

    /** Gradients are central differences (if they can be), and a plan gives the bits of an eager run. */
    public static void checkAndFreeze(Layer layer, boolean checks, float[] x, int... dims) {
        try (var model = Model.of(layer, 3)) {
            if (checks) {
                try (Pass pass = Pass.infer()) {
                    GradientCheck.check(in -> model.net().apply(in[0]), 1e-2, model.parameters(), Tensor.of(x, dims));
                }
            }
            try (Plan plan = Plan.freeze(model, Shape.of(dims));
                    Session session = plan.newSession(dims[0]);
                    Pass pass = Pass.infer()) {
                session.input().put(0, x);
                session.run();
                float[] eager = model.net().apply(Tensor.of(x, dims)).toArray();
                float[] frozen = new float[eager.length];
                session.output().get(0, frozen);
                assertThat(frozen).as("plan of %s", layer).isEqualTo(eager);
            }
        }
    }

    /** Adam makes the squared error of a product of three features much smaller than it was. */
    public static void trains(Object what, Layer net, int in) {
        int n = 64;
        float[] x = new Rng(1).normal(n * in, 0, 1);
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            y[i] = x[in * i] * x[in * i + 1] + x[in * i + 2];
        }
        try (var model = Model.of(net, 2);
                BoundOptimizer adam = new Adam(0.02f).on(model)) {
            float before = loss(model, x, y);
            Rng rng = new Rng(3);
            for (int step = 0; step < 200; step++) {
                try (Pass pass = Pass.train(rng)) {
                    pass.backward(Loss.mse().of(model.net().apply(Tensor.of(x, n, in)), Tensor.of(y, n, 1)));
                    adam.step();
                }
            }
            assertThat(loss(model, x, y)).as("loss of %s", what).isLessThan(0.5f * before);
        }
    }

    private static float loss(Model<Layer> model, float[] x, float[] y) {
        try (Pass pass = Pass.infer()) {
            return Loss.mse()
                    .of(model.net().apply(Tensor.of(x, y.length, x.length / y.length)), Tensor.of(y, y.length, 1))
                    .item();
        }
    }
}
