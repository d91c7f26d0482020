package dev.fathom.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nets.CifarResNet;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What explanations say of networks so small that the answer is known. */
class ExplainTest {
    private static Parameter given(Shape shape, float... values) {
        return new Parameter(shape, (s, rng) -> values);
    }

    private static Linear linear(int in, int out, float... weights) {
        return new Linear(given(Shape.of(out, in), weights), null, null);
    }

    /** 1 x 1 filters [out, in]. */
    private static Conv mix(int in, int out, float... weights) {
        return new Conv(given(Shape.of(out, 1, 1, in), weights), null, Window.of(1), 1, PadMode.ZEROS, null);
    }

    private static <T> T with(Layer net, Function<Layer, T> what) {
        try (var model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            return what.apply(net);
        }
    }

    // ---- maps

    @Test
    void mapsAreWhatTheLayersReturn() {
        Layer net = new Sequential(mix(1, 2, 2, -3), Tensor::relu, new Flatten(), linear(4, 1, 1, 1, 1, 1));
        with(net, n -> {
            Tensor x = Tensor.of(new float[] {1, -1}, 1, 1, 2, 1);
            Maps maps = Maps.of(n, x, "1");
            assertThat(maps.shape()).isEqualTo(Shape.of(1, 2, 2));
            assertThat(maps.values()).containsExactly(2, 0, 0, 3);
            assertThat(maps.channel(1)).containsExactly(0, 3);
            assertThat(Maps.of(n, x, "0").magnitude().values()).containsExactly(3, 3);
            assertThat(Maps.all(n, x)).extracting(Maps::layer).containsExactly("0", "1", "2", "3", "");
            assertThat(Maps.of(n, x, "").values()).containsExactly(5);
            return null;
        });
    }

    @Test
    void mistakesAreNamed() {
        Layer net = new Sequential(mix(1, 2, 2, -3), new GlobalAvgPool());
        with(net, n -> {
            Tensor x = Tensor.zeros(1, 2, 2, 1);
            assertThatThrownBy(() -> Maps.of(n, x, "conv9"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("explain: no layer is called conv9; there are 0, 1, and '' for the network itself");
            assertThatThrownBy(() -> Saliency.of(n, Tensor.zeros(2, 2, 2, 1), Unit.output(0)))
                    .hasMessage(
                            "explain: x [2, 2, 2, 1] must be a batch of one example, [1, ..]; give them one by one");
            assertThatThrownBy(() -> Saliency.of(n, x, new Unit("0", 2)))
                    .hasMessage("explain: layer 0 is [1, 2, 2, 2] and has no channel 2; choose one of its last "
                            + "dimension, from 0");
            assertThatThrownBy(() -> GradCam.of(n, x, "1", 0))
                    .hasMessage("explain: layer 1 makes [2] of an example and no maps; choose one before the places "
                            + "are joined");
            assertThatThrownBy(() -> GradCam.of(n, x, "7", 0)).hasMessageContaining("no layer is called 7");
            assertThatThrownBy(() -> Deconvnet.of(n, x, Unit.output(0), 0, 0)).hasMessageContaining("and no maps");
            assertThatThrownBy(() -> new Maximization(0, 1, 0, 0)).hasMessageContaining("steps=0");
            assertThatThrownBy(() -> Responses.of(n, 0, i -> x, List.of("0"))).hasMessageContaining("no image");
            assertThatThrownBy(() -> Responses.of(n, 1, i -> x, List.of("4")))
                    .hasMessageContaining("no layer is called 4");
            assertThat(Maps.of(n, x, "0").values())
                    .as("all goes on after a mistake")
                    .hasSize(8);
            return null;
        });
    }

    // ---- saliency

    /** Of a linear model the saliency is |w|, whatever x is. */
    @Test
    void saliencyOfALinearModelIsItsWeights() {
        Layer net = new Sequential(new Flatten(), linear(6, 2, 1, -2, 3, -4, 5, -6, 9, 9, 9, 9, 9, 9));
        with(net, n -> {
            Tensor x = Tensor.of(new float[] {7, 1, 0, 2, -5, 3}, 1, 6, 1, 1);
            Maps gradient = Saliency.of(n, x, Unit.output(0));
            assertThat(gradient.values()).containsExactly(1, -2, 3, -4, 5, -6);
            assertThat(gradient.magnitude().values()).containsExactly(1, 2, 3, 4, 5, 6);
            return null;
        });
        // of two colors the larger one
        with(mix(2, 1, 3, -5), n -> {
            Maps gradient = Saliency.of(n, Tensor.zeros(1, 1, 2, 2), Unit.output(0));
            assertThat(gradient.values()).as("the mean of two places").containsExactly(1.5f, -2.5f, 1.5f, -2.5f);
            assertThat(gradient.magnitude().values()).containsExactly(2.5f, 2.5f);
            return null;
        });
    }

    /** Explaining leaves no trace in the gradients that an optimizer would use. */
    @Test
    void parametersKeepTheirGradients() {
        try (var model = Model.of(new Sequential(new Flatten(), linear(2, 1, 1, 2)), 1);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {1, 2}, 1, 2, 1, 1);
            Saliency.of(model.net(), x, Unit.output(0));
            assertThat(model.parameters().get(0).gradient()).isNull();
        }
    }

    // ---- Grad-CAM

    /** score_k = the sum of w_kc mean(A_c): the map is max(the sum of w_kc A_c, 0) / places, exactly. */
    @Test
    void gradCamOfALinearHeadIsTheWeightedSumOfMaps() {
        Layer net = new Sequential(mix(2, 2, 1, 0, 0, 1), new GlobalAvgPool(), linear(2, 2, 2, -1, -4, 8));
        with(net, n -> {
            Tensor x = Tensor.of(new float[] {1, 1, 4, 0, 0, 3, 1, 2}, 1, 2, 2, 2);
            Maps first = GradCam.of(n, x, "0", 0);
            assertThat(first.shape()).isEqualTo(Shape.of(2, 2, 1));
            assertThat(first.values()).containsExactly(1 / 4f, 8 / 4f, 0, 0);
            assertThat(GradCam.of(n, x, "0", 1).values()).containsExactly(4 / 4f, 0, 24 / 4f, 12 / 4f);
            return null;
        });
    }

    // ---- deconvnet

    /**
     * A ReLU lets the positive part of the signal back, whatever went forward; the gradient goes by what went forward.
     */
    @Test
    void aReluRectifiesTheSignal() {
        // a = relu(x W), b = a V: x = (1, -1) makes a = (1, 0)
        Layer net = new Sequential(mix(2, 2, 1, 0, 0, 1), Tensor::relu, mix(2, 2, 3, 5, -3, 1));
        with(net, n -> {
            Tensor x = Tensor.of(new float[] {1, -1}, 1, 1, 1, 2);
            assertThat(Deconvnet.of(n, x, new Unit("2", 0), 0, 0).values())
                    .as("3 (3, 5): the second was off going forward")
                    .containsExactly(9, 15);
            assertThat(Saliency.of(n, x, new Unit("2", 0)).values()).containsExactly(3, 0);
            assertThat(Deconvnet.of(n, x, new Unit("2", 1), 0, 0).values())
                    .as("-3 (-3, 1), of which the positive part passes")
                    .containsExactly(9, 0);
            return null;
        });
    }

    /**
     * A ReLU rectifies too if it runs in the kernel of a convolution, of a batch norm, or of a batch norm with a
     * residual.
     */
    @Test
    void fusedRelusRectifyToo() {
        Conv first = mix(2, 2, 1, 0, 0, 1);
        Layer fused = new Sequential(first.act(Activation.RELU), mix(2, 1, 3, 5));
        Layer normed = new Sequential(
                mix(2, 2, 1, 0, 0, 1), new BatchNorm(2).epsilon(0).act(Activation.RELU), mix(2, 1, 3, 5));
        BatchNorm norm = new BatchNorm(
                null,
                null,
                new Buffer(Shape.of(2), (s, r) -> new float[2]),
                new Buffer(Shape.of(2), (s, r) -> new float[] {1, 1}),
                new Buffer(Shape.SCALAR, (s, r) -> new float[1]),
                0,
                0.1f,
                null);
        record Block(Conv conv, BatchNorm norm) implements Layer {
            @Override
            public Tensor forward(Tensor x) {
                return norm.apply(conv.apply(x), x, Activation.RELU);
            }
        }
        Layer residual = new Sequential(new Block(mix(2, 2, 1, 0, 0, 1), norm), mix(2, 1, 3, 5));
        for (Layer net : List.of(fused, normed, residual)) {
            with(net, n -> {
                Tensor x = Tensor.of(new float[] {1, -1}, 1, 1, 1, 2);
                int last = ((Sequential) n).layers().size() - 1;
                float scale = n == residual ? 2 : 1;
                assertThat(Deconvnet.of(n, x, new Unit("" + last, 0), 0, 0).values())
                        .containsExactly(9 * scale * scale, 15 * scale * scale);
                assertThat(Saliency.of(n, x, new Unit("" + last, 0)).values()).containsExactly(3 * scale, 0);
                return null;
            });
        }
    }

    /** Unpooling puts a value where it came from; filters are transposed. */
    @Test
    void poolsUnpoolAndFiltersAreTransposed() {
        Conv conv = new Conv(given(Shape.of(1, 1, 2, 1), 2, 3), null, Window.of(1, 2), 1, PadMode.ZEROS, null);
        with(new Sequential(conv, Tensor::relu, new MaxPool(Window.of(1, 2).stride(1, 2))), n -> {
            // sums 2 1 + 3 4 = 14, 2 4 + 3 0 = 8, 2 0 + 3 1 = 3, 2 1 + 3 2 = 8
            Tensor x = Tensor.of(new float[] {1, 4, 0, 1, 2}, 1, 1, 5, 1);
            assertThat(Deconvnet.of(n, x, new Unit("2", 0), 0, 0).values()).containsExactly(28, 42, 0, 0, 0);
            assertThat(Deconvnet.of(n, x, new Unit("2", 0), 0, 1).values()).containsExactly(0, 0, 0, 16, 24);
            return null;
        });
    }

    /** A projection lies within the field of its place, and is not empty. */
    @Test
    void projectionsLieInTheField() {
        try (var model = Model.of((Layer) new CifarResNet(3, 10), 1);
                Pass pass = Pass.infer(new dev.fathom.tensor.Rng(3))) {
            Tensor x = pass.randn(1, 32, 32, 3);
            Maps maps = Maps.of(model.net(), x, "layer1.0");
            int best = 0;
            for (int i = 0; i < 32 * 32; i++) {
                best = maps.channel(5)[i] > maps.channel(5)[best] ? i : best;
            }
            float[] seen = Deconvnet.of(model.net(), x, new Unit("layer1.0", 5), best / 32, best % 32)
                    .magnitude()
                    .values();
            for (int i = 0; i < seen.length; i++) {
                boolean inside = Math.abs(i / 32 - best / 32) <= 3 && Math.abs(i % 32 - best % 32) <= 3;
                assertThat(inside || seen[i] == 0).isTrue();
            }
            assertThat(seen[best]).isPositive();
        }
    }

    // ---- maximization

    /** The best input of a linear unit is its weights, up to a factor. */
    @Test
    void theBestInputOfALinearUnitIsItsWeights() {
        float[] w = {1, -2, 3, 0, -1, 4};
        with(new Sequential(new Flatten(), linear(6, 1, w)), n -> {
            var found = new Maximization(300, 0.1f, 0.05f, 0).of(n, Shape.of(1, 6, 1, 1), Unit.output(0), 3);
            float[] x = found.input().values();
            for (int i = 0; i < w.length; i++) {
                assertThat(x[i] / x[5]).isCloseTo(w[i] / w[5], within(1e-4f));
            }
            assertThat(found.value()).isGreaterThan(found.before() + 1);
            assertThat(new Maximization(300, 0.1f, 0.05f, 0)
                            .of(n, Shape.of(1, 6, 1, 1), Unit.output(0), 3)
                            .input()
                            .values())
                    .as("the same seed, the same bits")
                    .isEqualTo(x);
            return null;
        });
    }

    /** With a blur at each step neighbors come to look alike. */
    @Test
    void blurringSmooths() {
        float[] w = new float[64];
        for (int i = 0; i < 64; i++) {
            w[i] = (i / 8 + i % 8) % 2 == 0 ? 1 : -1;
        }
        w[0] = 5;
        with(new Sequential(new Flatten(), linear(64, 1, w)), n -> {
            float[] sharp = new Maximization(40, 0.1f, 0.01f, 0)
                    .of(n, Shape.of(1, 8, 8, 1), Unit.output(0), 3)
                    .input()
                    .values();
            float[] smooth = new Maximization(40, 0.1f, 0.01f, 1)
                    .of(n, Shape.of(1, 8, 8, 1), Unit.output(0), 3)
                    .input()
                    .values();
            assertThat(roughness(smooth)).isLessThan(0.2 * roughness(sharp));
            return null;
        });
    }

    private static double roughness(float[] x) {
        double sum = 0;
        for (int i = 0; i < 64; i++) {
            sum += i % 8 == 7 ? 0 : Math.abs(x[i] - x[i + 1]);
            sum += i >= 56 ? 0 : Math.abs(x[i] - x[i + 8]);
        }
        return sum;
    }

    // ---- responses

    @Test
    void responsesRankImagesAndFindNeighbors() {
        float[][] images = {{1, 5, 2, 0}, {9, 0, 0, 0}, {0, 0, 7, 1}, {1, 5, 2, 0.5f}};
        with(new Sequential(mix(1, 2, 1, -1), new GlobalAvgPool()), n -> {
            Responses r = Responses.of(n, 4, i -> Tensor.of(images[i], 1, 2, 2, 1), List.of("0", ""))
                    .get(0);
            assertThat(r.size()).isEqualTo(4);
            assertThat(r.top(0, 3))
                    .containsExactly(
                            new Responses.Peak(1, 0, 0, 9),
                            new Responses.Peak(2, 1, 0, 7),
                            new Responses.Peak(0, 0, 1, 5));
            assertThat(r.top(1, 9)).hasSize(4);
            assertThat(r.mostActive(2)).containsExactly(0, 1);
            assertThat(r.features(0)).containsExactly(2, -2);
            assertThat(r.nearest(r.features(0), 2))
                    .extracting(Responses.Neighbor::image)
                    .containsExactlyInAnyOrder(0, 2);
            assertThat(r.nearest(new float[] {3, -3}, 1).get(0).distance()).isCloseTo(1.0606602, within(1e-6));
            assertThatThrownBy(() -> r.nearest(new float[3], 1)).hasMessageContaining("3 features for layer 0 of 2");
            return null;
        });
    }

    @Test
    void imagesMayHaveDifferentWidths() {
        float[][] images = {{0, 0, 0, 0, 7, 0}, {0, 0, 0, 5, 0, 0}};
        with(mix(1, 1, 1), n -> {
            Responses r = Responses.of(
                            n, 2, i -> Tensor.of(images[i], 1, i == 0 ? 2 : 3, i == 0 ? 3 : 2, 1), List.of(""))
                    .get(0);
            assertThat(r.top(0, 2)).containsExactly(new Responses.Peak(0, 1, 1, 7), new Responses.Peak(1, 1, 1, 5));
            return null;
        });
    }

    @Test
    void aMaximizationChangesOneNumber() {
        assertThat(Maximization.USUAL.steps(3).rate(0.5f).decay(0.25f).blurEvery(2))
                .isEqualTo(new Maximization(3, 0.5f, 0.25f, 2));
        assertThatThrownBy(() -> Maximization.USUAL.decay(1)).isInstanceOf(IllegalArgumentException.class);
    }
}
