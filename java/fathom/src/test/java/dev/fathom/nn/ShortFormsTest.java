package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** What a newcomer types first says the same as the long form, and one change of a record leaves the rest of it. */
class ShortFormsTest {
    private static final float[] PIXELS = new Rng(3).normal(2 * 6 * 6 * 4, 0, 1);

    private static float[] run(Layer layer) {
        try (var model = Model.of(layer, 7);
                var pass = Pass.infer()) {
            return model.net().apply(Tensor.of(PIXELS, 2, 6, 6, 4)).toArray();
        }
    }

    private static void same(Layer brief, Layer full) {
        assertThat(run(brief)).isEqualTo(run(full));
    }

    // ---- windows

    @Test
    void aSquareKernelIsANumber() {
        assertThat(new Conv(1, 8, 3).weight().shape()).isEqualTo(Shape.of(8, 3, 3, 1));
        same(new Conv(4, 2, 3), new Conv(4, 2, Window.of(3)));
        same(
                new Conv(4, 2, 3).stride(2).pad(1),
                new Conv(4, 2, Window.of(3).stride(2).pad(1)));
        same(
                new Conv(4, 2, 2).dilation(2, 1).same(),
                new Conv(4, 2, Window.of(2).dilation(2, 1).same()));
        same(
                new ConvTransposed(4, 2, 2).stride(2),
                new ConvTransposed(4, 2, Window.of(2).stride(2)));
        same(new MaxPool(3).stride(2).pad(1), new MaxPool(Window.of(3).stride(2).pad(1)));
        same(new MaxPool(4).stride(3).ceil(), new MaxPool(Window.of(4).stride(3).ceil()));
        same(new AvgPool(2), new AvgPool(Window.of(2).stride(2)));
        same(
                new AvgPool(3).pad(1).excludingPadding(),
                new AvgPool(Window.of(3).stride(3).pad(1), false));
        same(new Conv(4, 8, 3, 4), new Conv(4, 8, Window.of(3), 4));
        same(x -> x.patches(2), x -> x.patches(Window.of(2)));
        same(x -> x.maxPoolWithIndices(2).values(), x -> x.maxPool(2));
        same(new Upsample(2), new Upsample(2, Resize.NEAREST));
        same(new AdaptiveAvgPool(3), new AdaptiveAvgPool(3, 3));
        same(new Residual(new Conv(4, 4, 1)), new Residual(new Conv(4, 4, Window.of(1)), null));
    }

    @Test
    void oneNumberPadsAllSides() {
        same(new Pad(1), new Pad(PadMode.ZEROS, 1, 1, 1, 1));
        same(new Pad(PadMode.REFLECT, 2), new Pad(PadMode.REFLECT, 2, 2, 2, 2));
        same(new Pad(1).value(0.5f), new Pad(PadMode.ZEROS, 0.5f, 1, 1, 1, 1));
        assertThatThrownBy(() -> new Pad(PadMode.REFLECT, 1).value(2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Pad: value=2.0 is for PadMode.ZEROS but the mode is REFLECT, which copies values of x");
        assertThatThrownBy(() -> run(new Pad(1, 2, 3))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> run(new Pad(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tensorsTakeNumbersToo() {
        try (var pass = Pass.infer()) {
            Tensor x = Tensor.of(PIXELS, 2, 6, 6, 4);
            Tensor w = Tensor.of(new Rng(4).normal(5 * 3 * 2 * 4, 0, 1), 5, 3, 2, 4);
            Tensor b = Tensor.of(new Rng(5).normal(5, 0, 1), 5);
            assertThat(x.conv(w, b).toArray())
                    .isEqualTo(x.conv(w, b, Window.of(3, 2), 1).toArray());
            assertThat(x.conv(w, null, Window.of(3, 2).pad(1)).toArray())
                    .isEqualTo(x.conv(w, null, Window.of(3, 2).pad(1), 1).toArray());
            assertThat(x.reshape(2, 36, 4).conv(w.reshape(5, 6, 4), b).shape()).isEqualTo(Shape.of(2, 31, 5));
            assertThat(x.reshape(2, 2, 3, 6, 4)
                            .conv(w.reshape(5, 1, 3, 2, 4), b)
                            .shape())
                    .isEqualTo(Shape.of(2, 2, 1, 5, 5));
            assertThat(x.maxPool(2).toArray())
                    .isEqualTo(x.maxPool(Window.of(2).stride(2)).toArray());
            assertThat(x.avgPool(3).toArray())
                    .isEqualTo(x.avgPool(Window.of(3).stride(3)).toArray());
            assertThatThrownBy(() -> x.conv(b, null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "conv: weight [5] has 1 dimensions; give filters [out, height, width, in], or of sequences "
                                    + "or volumes");
            assertThatThrownBy(() -> x.maxPool(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("kernel=0");
            assertThatThrownBy(() -> x.avgPool(7))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("x [2, 6, 6, 4] is too small for the window");
        }
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> new Conv(1, 8, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kernel=0");
        assertThatThrownBy(() -> new Conv(0, 8, 3)).hasMessageContaining("0 channels and 8 filters");
        assertThatThrownBy(() -> new Conv(1, 8, 3).stride(0)).hasMessageContaining("stride=0");
        assertThatThrownBy(() -> new Conv(1, 8, 3).pad(1, 2, 3))
                .hasMessage("window: pad got 3 numbers but the window has 2 spatial dimensions; give one for all, or "
                        + "one for "
                        + "each");
        assertThatThrownBy(() -> new Conv(1, 8, 3).window(Window.of(5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Conv: weight [8, 3, 3, 1] does not have the kernel sizes of the window 5x5")
                .hasMessageEndingWith("; make a new layer for other kernels");
        assertThatThrownBy(() -> new ConvTransposed(1, 8, 3).window(Window.line(3)))
                .hasMessageStartingWith(
                        "ConvTransposed: weight [1, 3, 3, 8] does not have the kernel sizes of the window");
        assertThatThrownBy(() -> new MaxPool(0)).hasMessageContaining("kernel=0");
        assertThatThrownBy(() -> new Upsample(0)).hasMessage("Upsample: factor=0 must be at least 1");
    }

    @Test
    void aWeightBeginsAsItIsTold() {
        try (var brief = Model.of(new Conv(4, 2, 3).pad(1).withWeight(Init.heNormal()), 7);
                var full = Model.of(new Conv(4, 2, Window.of(3).pad(1), 1, Init.heNormal()), 7)) {
            for (int i = 0; i < 2; i++) {
                assertThat(brief.parameters().get(i).fileShape())
                        .isEqualTo(full.parameters().get(i).fileShape());
            }
        }
        same(new Conv(4, 2, 3).withWeight(Init.heNormal()), new Conv(4, 2, Window.of(3), 1, Init.heNormal()));
        Conv all = new Conv(4, 2, 3).edges(PadMode.REFLECT).act(Activation.RELU).withWeight(Init.zeros());
        assertThat(all.edges()).isEqualTo(PadMode.REFLECT);
        assertThat(all.activation()).isEqualTo(Activation.RELU);
    }

    @Test
    void oneChannelIsNormalizedByTwoNumbers() {
        try (var data = Dataset.images(new byte[] {0, 51, (byte) 255, 102}, Shape.of(2, 2, 1), new int[1]);
                var brief = data.normalized(0.2f, 0.4f);
                var full = data.normalized(new float[] {0.2f}, new float[] {0.4f});
                var pass = Pass.infer()) {
            float[] x = brief.batches(1).epoch(0).next().x().toArray();
            assertThat(x).isEqualTo(full.batches(1).epoch(0).next().x().toArray());
            assertThat(x[0]).isEqualTo(-0.5f);
            assertThatThrownBy(() -> data.normalized(0.1f, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("normalized: mean=0.1 std=0.0 of channel 0");
        }
    }

    // ---- one change

    @Test
    void recipesChangeOneNumber() {
        assertThat(new Adam(1).betas(0.5f, 0.6f).epsilon(0.1f).weightDecay(0.2f))
                .isEqualTo(new Adam(1, 0.5f, 0.6f, 0.1f, 0.2f));
        assertThat(new AdamW(1).betas(0.5f, 0.6f).epsilon(0.1f).weightDecay(0.2f))
                .isEqualTo(new AdamW(1, 0.5f, 0.6f, 0.1f, 0.2f));
        assertThat(new Sgd(1).momentum(0.9f).withNesterov().weightDecay(0.1f))
                .isEqualTo(new Sgd(1, 0.9f, 0, true, 0.1f));
        assertThat(new Sgd(1).momentum(0.9f).dampening(0.3f)).isEqualTo(new Sgd(1, 0.9f, 0.3f, false, 0));
        assertThat(new RmsProp(1)
                        .alpha(0.5f)
                        .epsilon(0.1f)
                        .momentum(0.2f)
                        .withCentering()
                        .weightDecay(0.3f))
                .isEqualTo(new RmsProp(1, 0.5f, 0.1f, 0.2f, true, 0.3f));
        assertThatThrownBy(() -> new Sgd(1).withNesterov()).hasMessageStartingWith("SGD: nesterov needs momentum");
        assertThatThrownBy(() -> new Sgd(1).momentum(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Adam(1).betas(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new AdamW(1).epsilon(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RmsProp(1).alpha(1)).hasMessage("RMSprop: alpha=1.0 must be in [0, 1)");
    }

    @Test
    void layersAndSearchesChangeOneNumber() {
        BatchNorm norm = new BatchNorm(2).act(Activation.RELU);
        BatchNorm changed = norm.epsilon(0.5f).momentum(null);
        assertThat(changed.epsilon()).isEqualTo(0.5f);
        assertThat(changed.momentum()).isNull();
        assertThat(changed.activation()).isEqualTo(Activation.RELU);
        assertThat(changed.weight()).isSameAs(norm.weight());
        assertThatThrownBy(() -> norm.epsilon(-1)).hasMessage("BatchNorm: epsilon=-1.0 must be at least 0");
        assertThatThrownBy(() -> norm.momentum(2f)).hasMessageStartingWith("BatchNorm: momentum=2.0");
        assertThat(new LocalResponseNorm(5).alpha(0.1f).beta(0.2f).k(3))
                .isEqualTo(new LocalResponseNorm(5, 0.1f, 0.2f, 3));
    }
}
