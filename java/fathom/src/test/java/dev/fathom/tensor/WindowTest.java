package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.op.Window;
import org.junit.jupiter.api.Test;

/** Output sizes against counting, padding of {@code same}, texts. */
class WindowTest {
    @Test
    void countsTheOutputsWhoseWindowFits() {
        for (int kernel = 1; kernel < 6; kernel++) {
            for (int stride = 1; stride < 5; stride++) {
                for (int dilation = 1; dilation < 4; dilation++) {
                    for (int before = 0; before < 3; before++) {
                        for (int after = 0; after < 3; after++) {
                            for (int size = 1; size < 12; size++) {
                                var axis = new Window.Axis(kernel, stride, dilation, before, after, false, false);
                                int outputs = 0;
                                while (outputs * stride + (kernel - 1) * dilation < before + size + after) {
                                    outputs++;
                                }
                                assertThat(axis.outputs(size))
                                        .as("%s of %d", axis, size)
                                        .isEqualTo(outputs);
                            }
                        }
                    }
                }
            }
        }
    }

    /**
     * PyTorch's rule for {@code ceil_mode}: as many as cover what the windows see, but none that begins behind the
     * image.
     */
    @Test
    void ceilAddsTheOutputThatReachesOut() {
        for (int kernel = 1; kernel < 6; kernel++) {
            for (int stride = 1; stride < 5; stride++) {
                for (int pad = 0; pad < 3; pad++) {
                    for (int size = 1; size < 12; size++) {
                        Window.Axis ceil = Window.line(kernel)
                                .stride(stride)
                                .pad(pad)
                                .ceil()
                                .width();
                        int outputs = Math.floorDiv(size + 2 * pad - kernel + stride - 1, stride) + 1;
                        if ((outputs - 1) * stride >= size + pad) {
                            outputs--;
                        }
                        assertThat(ceil.outputs(size))
                                .as("%s of %d", ceil, size)
                                .isEqualTo(Math.max(outputs, 0));
                    }
                }
            }
        }
        assertThat(Window.of(3).stride(2).ceil()).hasToString("3x3 stride 2 ceil");
        assertThat(Window.of(3).same().ceil()).isEqualTo(Window.of(3).same());
    }

    @Test
    void sameKeepsTheSizeOverTheStrideWithNoMorePaddingThanNeeded() {
        for (int kernel = 1; kernel < 6; kernel++) {
            for (int stride = 1; stride < 5; stride++) {
                for (int size = 1; size < 12; size++) {
                    Window.Axis same = Window.line(kernel).stride(stride).same().width();
                    int outputs = (size + stride - 1) / stride;
                    assertThat(same.outputs(size)).isEqualTo(outputs);
                    int before = same.before(size);
                    int after = same.after(size);
                    assertThat(after - before).isBetween(0, 1);
                    int end = (outputs - 1) * stride + kernel - before;
                    assertThat(end).as("the last tap").isLessThanOrEqualTo(size + after);
                    assertThat(before + after == 0 || end == size + after).isTrue();
                }
            }
        }
    }

    @Test
    void stridesAndReachesNearTheLargestInt() {
        Window.Axis wide = Window.line(2)
                .stride(Integer.MAX_VALUE)
                .dilation(Integer.MAX_VALUE - 1)
                .same()
                .width();
        assertThat(wide.outputs(9)).isEqualTo(1);
        assertThat((long) wide.before(9) + wide.after(9)).isEqualTo(Integer.MAX_VALUE - 9L);
        assertThat(Window.line(1).stride(Integer.MAX_VALUE).ceil().width().outputs(9))
                .isEqualTo(1);
        assertThat(Window.line(1)
                        .stride(Integer.MAX_VALUE)
                        .pad(Integer.MAX_VALUE)
                        .width()
                        .outputs(9))
                .isEqualTo(3);
    }

    @Test
    void numbersGoToTheDimensionsInOrder() {
        Window w = Window.of(2, 3, 4).stride(5, 6, 7).dilation(2).pad(1, 2, 3, 4, 5, 6);
        assertThat(w.depth()).isEqualTo(new Window.Axis(2, 5, 2, 1, 2, false, false));
        assertThat(w.height()).isEqualTo(new Window.Axis(3, 6, 2, 3, 4, false, false));
        assertThat(w.width()).isEqualTo(new Window.Axis(4, 7, 2, 5, 6, false, false));
        assertThat(w.taps()).isEqualTo(24);
        assertThat(Window.of(3, 5).stride(1, 2).pad(1, 2).width())
                .isEqualTo(new Window.Axis(5, 2, 1, 2, 2, false, false));
        assertThat(Window.line(3).pad(1, 2).width()).isEqualTo(new Window.Axis(3, 1, 1, 1, 2, false, false));
        assertThat(Window.line(3).stride(2).height()).isEqualTo(new Window.Axis(1, 1, 1, 0, 0, false, false));
    }

    @Test
    void readsAsOneWritesIt() {
        assertThat(Window.of(3)).hasToString("3x3");
        assertThat(Window.of(7).stride(2).pad(3)).hasToString("7x7 stride 2 padding 3");
        assertThat(Window.of(2, 3).dilation(1, 2).pad(0, 1, 2, 2)).hasToString("2x3 dilation 1x2 padding 0:1x2");
        assertThat(Window.line(5).same()).hasToString("5 same");
    }

    @Test
    void refusesInWords() {
        assertThatThrownBy(() -> Window.of(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "window: kernel=0, stride=1 and dilation=1 must be at least 1, and padding=0, 0 at least 0");
        assertThatThrownBy(() -> Window.of(3).stride(1, 2, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("window: stride got 3 numbers but the window has 2 spatial dimensions; give one for all, "
                        + "or one "
                        + "for each");
        assertThatThrownBy(() -> Window.of(3).pad(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Window.line(3).dilation(1 << 30))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "window: kernel=3 and dilation=1073741824 reach over more places than an int counts; give less "
                                + "of one");
        assertThatThrownBy(() -> Window.of(1 << 16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("window: kernels 1, 65536 and 65536 make more taps than an int counts; give smaller ones");
        assertThatThrownBy(() -> Window.line(1).pad(Integer.MAX_VALUE).width().outputs(9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("window: a dimension of 9 with padding=2147483647, 2147483647 has 4294967303 outputs, "
                        + "more than "
                        + "an int counts; pad less, or stride further");
        assertThatThrownBy(() -> new Window(4, null, null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("window: rank=4 must be 1, 2 or 3");
    }
}
