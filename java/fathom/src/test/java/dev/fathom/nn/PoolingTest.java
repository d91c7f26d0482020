package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Pooled;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Pools, padding and resizing by cases that textbooks print, or that can be checked by hand. */
class PoolingTest {
    private static float[] run(Layer net, float[] x, int... dims) {
        try (var model = Model.of(net, 0);
                Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, dims)).toArray();
        }
    }

    @Test
    void theFourByFourMapOfTheTextbook() {
        float[] map = {1, 2, 5, 3, 3, 0, 1, 2, 2, 1, 3, 4, 1, 1, 2, 0};
        assertThat(run(new MaxPool(2), map, 1, 4, 4, 1)).containsExactly(3, 5, 2, 4);
        assertThat(run(new AvgPool(2), map, 1, 4, 4, 1)).containsExactly(1.5f, 2.75f, 1.25f, 2.25f);
    }

    @Test
    void theMapsOfTheLecture() {
        float[] odd = {32, 36, 20, 15, 10, 28, 72, 0, 12, 50, 32, 36, 18, 9, 2, 17, 6, 2, 17, 1};
        assertThat(run(new MaxPool(2), odd, 1, 4, 5, 1)).containsExactly(72, 20, 36, 18);
        assertThat(run(new MaxPool(Window.of(2).stride(2).ceil()), odd, 1, 4, 5, 1))
                .containsExactly(72, 20, 50, 36, 18, 2);
        assertThat(run(new MaxPool(3), new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1))
                .containsExactly(9);
        assertThat(run(new MaxPool(3), new float[] {5, 2, 1, 5, 7, 1, 9, 5, 12}, 1, 3, 3, 1))
                .containsExactly(12);
        assertThat(run(new AvgPool(3), new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1))
                .containsExactly(5);
        assertThat(run(new AvgPool(3), new float[] {5, 2, 1, 5, 7, 1, 9, 5, 12}, 1, 3, 3, 1)[0])
                .isCloseTo(47 / 9f, offset(1e-6f));
    }

    @Test
    void aSequence() {
        float[] x = {5, 9, 4};
        assertThat(run(new GlobalAvgPool(), x, 1, 3, 1)).containsExactly(6);
        assertThat(run(new GlobalMaxPool(), x, 1, 3, 1)).containsExactly(9);
        assertThat(run(new AvgPool(Window.line(3)), x, 1, 3, 1)).containsExactly(6);
        assertThat(run(new MaxPool(Window.line(3)), x, 1, 3, 1)).containsExactly(9);
    }

    @Test
    void paddingCountsOrDoesNot() {
        Window w = Window.of(2).stride(2).pad(1);
        float[] x = {4, 8, 12, 16};
        assertThat(run(new AvgPool(w), x, 1, 2, 2, 1)).containsExactly(1, 2, 3, 4);
        assertThat(run(new AvgPool(w, false), x, 1, 2, 2, 1)).containsExactly(4, 8, 12, 16);
    }

    /** Wherever the picture lies in a black frame. */
    @Test
    void theGlobalMaximumIsShiftInvariant() {
        float[] picture = new Rng(3).uniform(5 * 6 * 3, 0, 1);
        float[] first = null;
        for (int down = 0; down <= 4; down++) {
            for (int right = 0; right <= 4; right++) {
                float[] max = run(
                        new Sequential(new Pad(right, 4 - right, down, 4 - down), new GlobalMaxPool()),
                        picture,
                        1,
                        5,
                        6,
                        3);
                first = first == null ? max : first;
                assertThat(max).isEqualTo(first);
            }
        }
    }

    /** One pixel to the right, one window to the right. */
    @Test
    void poolsCommuteWithShiftsOfTheirStride() {
        float[] row = new Rng(4).uniform(12, 0, 1);
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(row, 1, 12, 1);
            Window w = Window.line(3).stride(2);
            for (int shift = 0; shift < 3; shift++) {
                Tensor moved = x.slice(1, 2 * shift, 12);
                assertThat(moved.maxPool(w).toArray())
                        .isEqualTo(x.maxPool(w).slice(1, shift, 5).toArray());
                assertThat(moved.avgPool(w).toArray())
                        .isEqualTo(x.avgPool(w).slice(1, shift, 5).toArray());
            }
        }
    }

    @Test
    void unpoolingPutsBackWhatPoolingTook() {
        float[] map = {1, 2, 5, 3, 3, 0, 1, 2, 2, 1, 3, 4, 1, 1, 2, 0};
        try (Pass pass = Pass.infer()) {
            Pooled pooled =
                    Tensor.of(map, 1, 4, 4, 1).maxPoolWithIndices(Window.of(2).stride(2));
            assertThat(pooled.values().toArray()).containsExactly(3, 5, 2, 4);
            assertThat(pooled.indices().toIntArray()).containsExactly(4, 2, 8, 11);
            assertThat(pooled.values().maxUnpool(pooled.indices(), 4, 4).toArray())
                    .containsExactly(0, 0, 5, 0, 3, 0, 0, 0, 2, 0, 0, 4, 0, 0, 0, 0);
        }
    }

    /** Refused exactly where some window sees padding alone, which is tried place by place. */
    @Test
    void noWindowIsBlind() {
        for (int kernel = 1; kernel < 4; kernel++) {
            for (int stride = 1; stride < 4; stride++) {
                for (int dilation = 1; dilation < 6; dilation++) {
                    for (int before = 0; before < 6; before++) {
                        for (int size = 1; size < 6; size++) {
                            Window w = Window.line(kernel)
                                    .stride(stride)
                                    .dilation(dilation)
                                    .pad(before, 3);
                            boolean sees = true;
                            for (int o = 0; o < w.width().outputs(size); o++) {
                                boolean any = false;
                                for (int tap = 0; tap < kernel; tap++) {
                                    int at = o * stride + tap * dilation - before;
                                    any |= at >= 0 && at < size;
                                }
                                sees &= any;
                            }
                            int[] x = {1, size, 1};
                            try (Pass pass = Pass.infer()) {
                                if (w.width().outputs(size) > 0 && sees) {
                                    Tensor.zeros(x).maxPool(w);
                                } else {
                                    assertThatThrownBy(() -> Tensor.zeros(x).maxPool(w))
                                            .as("%s of %d", w, size)
                                            .isInstanceOf(IllegalArgumentException.class);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /** The gradient of equals goes to the first; NaN is larger than all. */
    @Test
    void equalsAndNaN() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 2, 2, Float.NaN, 3, 7, Float.NaN}, 1, 2, 4, 1));
            Tensor y = x.maxPool(Window.of(1, 4).stride(1, 4));
            assertThat(y.toArray()).containsExactly(2, Float.NaN);
            pass.backward(y.mul(Tensor.of(new float[] {5, 7}, 1, 2, 1, 1)).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 5, 0, 0, 7, 0, 0, 0);
        }
    }

    @Test
    void thePaddingOfARow() {
        float[] row = {1, 2, 3, 4};
        assertThat(run(new Pad(PadMode.ZEROS, 2, 2), row, 1, 4, 1)).containsExactly(0, 0, 1, 2, 3, 4, 0, 0);
        assertThat(run(new Pad(1, 0).value(-1), row, 1, 4, 1)).containsExactly(-1, 1, 2, 3, 4);
        assertThat(run(new Pad(PadMode.REPLICATE, 2, 2), row, 1, 4, 1)).containsExactly(1, 1, 1, 2, 3, 4, 4, 4);
        assertThat(run(new Pad(PadMode.REFLECT, 2, 2), row, 1, 4, 1)).containsExactly(3, 2, 1, 2, 3, 4, 3, 2);
        assertThat(run(new Pad(PadMode.CIRCULAR, 2, 2), row, 1, 4, 1)).containsExactly(3, 4, 1, 2, 3, 4, 1, 2);
    }

    @Test
    void sizes() {
        float[] row = {1, 3};
        assertThat(run(new Upsample(2, Resize.NEAREST), row, 1, 2, 1)).containsExactly(1, 1, 3, 3);
        assertThat(run(new Upsample(2, Resize.NEAREST), row, 1, 1, 2, 1)).containsExactly(1, 1, 3, 3, 1, 1, 3, 3);
        assertThat(run(new Upsample(2, Resize.LINEAR), row, 1, 2, 1)).containsExactly(1, 1.5f, 2.5f, 3);
        assertThat(run(x -> x.resize(Resize.LINEAR_CORNERS, 3), row, 1, 2, 1)).containsExactly(1, 2, 3);
        assertThat(run(new AdaptiveAvgPool(2), new float[] {1, 2, 3}, 1, 3, 1)).containsExactly(1.5f, 2.5f);
        assertThat(run(new AdaptiveAvgPool(1, 1), new float[] {1, 2, 3, 6}, 1, 2, 2, 1))
                .containsExactly(3);
        assertThat(run(new PixelShuffle(2), new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 1, 2, 4))
                .containsExactly(1, 2, 5, 6, 3, 4, 7, 8);
        assertThat(run(new PixelUnshuffle(2), new float[] {1, 2, 5, 6, 3, 4, 7, 8}, 1, 2, 4, 1))
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    /**
     * A shortcut without parameters: every second pixel, and zeros for the channels that x lacks (He et al. 2016,
     * option A).
     */
    @Test
    void everySecondPixelAndZeroChannels() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1);
            Tensor half = x.slice(1, 0, 3, 2).slice(2, 0, 3, 2);
            assertThat(half.toArray()).containsExactly(1, 3, 7, 9);
            Tensor wide = half.reshape(4, 1, 1).pad(PadMode.ZEROS, 1, 1).reshape(1, 2, 2, 3);
            assertThat(wide.toArray()).containsExactly(0, 1, 0, 0, 3, 0, 0, 7, 0, 0, 9, 0);
        }
    }

    @Test
    void errorsNameTheLayer() {
        try (var model = Model.of(new Sequential(new MaxPool(2), new MaxPool(2)), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(1, 3, 3, 1)))
                    .hasMessage("max_pool at 1: x [1, 1, 1, 1] is too small for the window 2x2 stride 2: x.dim(1)=1 "
                            + "and its padding make 1 "
                            + "but the window reaches over 2; pad more, or give a larger x");
            assertThatThrownBy(() -> new GlobalAvgPool().apply(Tensor.zeros(2, 3)))
                    .hasMessage("GlobalAvgPool: x [2, 3] has no places between the batch and the channels; give [N, "
                            + "L, C], [N, H, W, C] or "
                            + "[N, D, H, W, C]");
        }
        assertThatThrownBy(() -> new Upsample(0, Resize.NEAREST)).hasMessage("Upsample: factor=0 must be at least 1");
        assertThat(new AdaptiveAvgPool(7, 7).size()).isEqualTo(Shape.of(7, 7));
    }
}
