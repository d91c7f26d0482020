package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each layer by a case that can be checked by hand. */
class LayersTest {
    private static Initializer given(float... values) {
        return (shape, rng) -> values.clone();
    }

    private static Linear linear() {
        return new Linear(
                new Parameter(Shape.of(3, 2), given(1, 2, 3, 4, 5, 6)),
                new Parameter(Shape.of(3), given(10, -20, 0.5f)),
                null);
    }

    private static float[] infer(Layer net, float[] x, int... dims) {
        try (var model = Model.of(net, 0);
                Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, dims)).toArray();
        }
    }

    // ---- linear

    @Test
    void linearIsXTimesTransposedWeightPlusBias() {
        float[] x = {1, 1, -1, 2};
        assertThat(infer(linear(), x, 2, 2)).containsExactly(13, -13, 11.5f, 13, -15, 7.5f);
        assertThat(infer(linear().withoutBias(), x, 2, 2)).containsExactly(3, 7, 11, 3, 5, 7);
        assertThat(infer(linear().act(Activation.RELU), x, 2, 2)).containsExactly(13, 0, 11.5f, 13, 0, 7.5f);
        assertThat(infer(linear().withoutBias().act(Activation.elu(1)), new float[] {-1, 0}, 1, 2))
                .containsExactly(
                        new float[] {(float) Math.expm1(-1), (float) Math.expm1(-3), (float) Math.expm1(-5)},
                        offset(1e-6f));
    }

    @Test
    void linearTakesAnyLeadingDimensions() {
        try (var model = Model.of(linear(), 0);
                Pass pass = Pass.infer()) {
            Tensor y = model.net().apply(Tensor.of(new float[12], 2, 3, 2));
            assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 3));
            assertThat(model.net().apply(Tensor.of(new float[] {1, 1}, 2)).shape())
                    .isEqualTo(Shape.of(3));
        }
    }

    /** dL/dW = dL/dy^T x, dL/db = the sum of dL/dy over rows, dL/dx = dL/dy W, with dL/dy = 1. */
    @Test
    void linearsGradientsByHand() {
        for (boolean bias : new boolean[] {true, false}) {
            try (var model = Model.of(bias ? linear() : linear().withoutBias(), 0);
                    Pass pass = Pass.train(new Rng(0))) {
                Tensor x = pass.watch(Tensor.of(new float[] {1, 1, -1, 2}, 2, 2));
                pass.backward(model.net().apply(x).sum());
                assertThat(model.net().weight().gradient().toArray()).containsExactly(0, 3, 0, 3, 0, 3);
                assertThat(pass.gradient(x).toArray()).containsExactly(9, 12, 9, 12);
                if (bias) {
                    assertThat(model.net().bias().gradient().toArray()).containsExactly(2, 2, 2);
                }
            }
        }
    }

    @Test
    void linearBeginsAsPyTorchs() {
        try (var model = Model.of(new Linear(400, 300), 3)) {
            for (Parameter p : model.parameters()) {
                float least = 1;
                float most = -1;
                for (float v : p.value().toArray()) {
                    least = Math.min(least, v);
                    most = Math.max(most, v);
                }
                assertThat(least).as("1 / sqrt(400)").isBetween(-0.05f, -0.048f);
                assertThat(most).isBetween(0.048f, 0.05f);
            }
        }
        try (var model = Model.of(new Linear(400, 300, Init.zeros()), 3)) {
            assertThat(model.net().weight().value().toArray()).containsOnly(0);
            assertThat(model.net().bias().value().get(0)).isNotZero();
        }
        assertThatThrownBy(() -> new Linear(0, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Linear: in=0 must be at least 1");
        assertThatThrownBy(() -> new Linear(3, -1)).hasMessage("Linear: out=-1 must be at least 1");
    }

    // ---- dropout

    private static float[] train(Layer net, long seed, float[] x) {
        try (var model = Model.of(new Sequential(net), 0);
                Pass pass = Pass.train(new Rng(seed))) {
            return model.net().apply(Tensor.of(x, x.length)).toArray();
        }
    }

    private static float[] ones(int n) {
        float[] x = new float[n];
        java.util.Arrays.fill(x, 1);
        return x;
    }

    /**
     * ISLR takes a drop probability of .4, Neural Networks one of .33: survivors times 1 / (1 - p), the identity in
     * evaluation.
     */
    @Test
    void invertedDropoutScalesInTraining() {
        float[] rates = {0.4f, 0.33f, 0.3f, 0.5f};
        double[] scales = {1.6666667, 1.492537, 1.4285714, 2};
        for (int r = 0; r < rates.length; r++) {
            float p = rates[r];
            int n = 20_000;
            float[] y = train(new Dropout(p), 5, ones(n));
            int dropped = 0;
            for (float v : y) {
                if (v == 0) {
                    dropped++;
                } else {
                    assertThat((double) v).isCloseTo(scales[r], within(1e-6));
                }
            }
            assertThat((double) dropped / n)
                    .as("share dropped; 5 sigma are .018")
                    .isCloseTo(p, within(0.018));
            assertThat(infer(new Dropout(p), new float[] {3, -4}, 2)).containsExactly(3, -4);
        }
    }

    /** The textbook's form: survivors as they are, times 1 - p in evaluation; .67 at the rate of .33. */
    @Test
    void plainDropoutScalesInEvaluation() {
        float[] y = train(Dropout.plain(0.33f), 5, ones(10_000));
        int dropped = 0;
        for (float v : y) {
            assertThat(v == 0 || v == 1).isTrue();
            dropped += v == 0 ? 1 : 0;
        }
        assertThat(dropped / 10_000.0).isCloseTo(0.33, within(0.025));
        assertThat(infer(Dropout.plain(0.33f), new float[] {1, -2}, 2))
                .containsExactly(new float[] {0.67f, -1.34f}, offset(1e-6f));
    }

    @Test
    void bothFormsDropTheSameAndTheGradientPassesWhereTheValueDid() {
        float[] inverted = train(new Dropout(0.25f), 8, ones(1000));
        float[] plain = train(Dropout.plain(0.25f), 8, ones(1000));
        for (int i = 0; i < 1000; i++) {
            assertThat(inverted[i] == 0).isEqualTo(plain[i] == 0);
        }
        assertThat(train(new Dropout(0.25f), 9, ones(1000))).as("another seed").isNotEqualTo(inverted);
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor x = pass.watch(Tensor.of(ones(1000), 10, 100));
            Dropout layer = new Dropout(0.4f);
            Tensor y = layer.apply(x);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).isEqualTo(y.toArray());
            assertThat(layer.apply(x).toArray()).as("each call draws anew").isNotEqualTo(y.toArray());
        }
    }

    @Test
    void dropoutOfNothingIsTheIdentityAndOfEverythingIsRefused() {
        float[] x = {1, 2, 3};
        assertThat(train(new Dropout(0), 1, x)).isEqualTo(x);
        assertThat(train(Dropout.plain(0), 1, x)).isEqualTo(x);
        for (float p : new float[] {-0.1f, 1, 1.5f, Float.NaN}) {
            assertThatThrownBy(() -> new Dropout(p))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Dropout: p=" + p + " is the probability to drop and must be in [0, 1)");
        }
    }

    // ---- shape and order

    /** [h, w, c] = [1, 3, 2]: all of the first map, then all of the second, as PyTorch's [c, h, w] lie. */
    @Test
    void flattenGivesMapAfterMap() {
        try (var model = Model.of(new Sequential(new Flatten()), 0);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 1, 3, 2));
            Tensor y = model.net().apply(x);
            assertThat(y.shape()).isEqualTo(Shape.of(2, 6));
            assertThat(y.toArray()).containsExactly(1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12);
            pass.backward(y.square().sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24);
            Tensor square = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 2, 2, 2);
            assertThat(model.net().apply(square).toArray()).containsExactly(1, 3, 5, 7, 2, 4, 6, 8);
            for (Shape order : List.of(Shape.of(2, 5), Shape.of(2, 1, 1, 5), Shape.of(2, 5, 1), Shape.of(2, 1, 5, 1))) {
                Tensor rows = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 2, 5);
                assertThat(model.net().apply(rows.reshape(order.toArray())).toArray())
                        .isEqualTo(rows.toArray());
            }
            assertThat(model.net().apply(Tensor.zeros(2, 2, 3, 4, 5)).shape()).isEqualTo(Shape.of(2, 120));
            assertThat(model.net().apply(Tensor.zeros(0, 2, 3, 4)).shape()).isEqualTo(Shape.of(0, 24));
        }
    }

    @Test
    void sequentialAppliesInOrder() {
        Layer twice = x -> x.mul(2);
        Layer more = x -> x.add(1);
        assertThat(infer(new Sequential(twice, more), new float[] {5}, 1)).containsExactly(11);
        assertThat(infer(new Sequential(more, twice), new float[] {5}, 1)).containsExactly(12);
        assertThat(infer(new Sequential(more, new Sequential(twice, more), twice), new float[] {5}, 1))
                .containsExactly(26);
        assertThat(infer(new Sequential(), new float[] {5}, 1)).containsExactly(5);
        List<Layer> list = new ArrayList<>(List.of(twice));
        Sequential net = new Sequential(list);
        list.clear();
        assertThat(net.layers()).hasSize(1);
    }

    // ---- recomputation

    private record Gated(Linear transform, Linear gate) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor g = gate.apply(x).sigmoid();
            return g.mul(transform.apply(x).relu()).add(g.rsub(1).mul(x));
        }
    }

    @Test
    void recomputationOfACustomLayerAlsoNestedIsBitForBitTheLayer() {
        List<List<float[]>> all = new ArrayList<>();
        for (int how = 0; how < 3; how++) {
            Layer inner = new Sequential(new Gated(new Linear(6, 6), new Linear(6, 6)), new Dropout(0.3f));
            Layer middle = new Sequential(how > 1 ? new Recompute(inner) : inner, new Linear(6, 6));
            Sequential net = new Sequential(new Linear(6, 6), how > 0 ? new Recompute(middle) : middle, Tensor::tanh);
            List<float[]> results = new ArrayList<>();
            try (var model = Model.of(net, 4)) {
                assertThat(model.parameters().stream().map(Parameter::name)).contains("1.0.0.gate.weight", "1.1.bias");
                for (int step = 0; step < 2; step++) {
                    try (Pass pass = Pass.train(new Rng(2))) {
                        Tensor loss =
                                model.net().apply(pass.randn(5, 6)).square().sum();
                        pass.backward(loss);
                        results.add(loss.toArray());
                        model.parameters().forEach(p -> results.add(p.gradient().toArray()));
                    }
                }
                try (Pass pass = Pass.infer()) {
                    results.add(model.net().apply(Tensor.of(ones(12), 2, 6)).toArray());
                }
            }
            all.add(results);
        }
        assertThat(all.get(1).toArray()).isEqualTo(all.get(0).toArray());
        assertThat(all.get(2).toArray()).isEqualTo(all.get(0).toArray());
    }
}
