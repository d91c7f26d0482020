package dev.fathom.course;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Convolutions of the courses: filters, sizes, counts, and the matrix that they are. */
class ConvolutionTest {
    private static Conv given(Window window, float... filter) {
        int[] dims = new int[window.rank() + 2];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i == 0 || i > window.rank() ? 1 : window.axis(i - 1).kernel();
        }
        return new Conv(new Parameter(Shape.of(dims), (s, r) -> filter), null, window, 1, PadMode.ZEROS, null);
    }

    private static Tensor apply(Layer layer, float[] x, int... dims) {
        try (var model = Model.of(layer, 0)) {
            return layer.apply(Tensor.of(x, dims));
        }
    }

    /** Course "Neural Networks", slide "Convolution filters": not flipped, 36 (a flipped filter would give 16). */
    @Test
    void aFilterOnItsPatch() {
        float[] filter = {0, 1, -1, 1, 0, 1, 1, 2, 0};
        float[] flipped = {0, 2, 1, 1, 0, 1, -1, 1, 0};
        float[] patch = {2, 3, 1, 5, 6, 3, 8, 9, 8};
        try (Pass pass = Pass.infer()) {
            assertThat(apply(given(Window.of(3), filter), patch, 1, 3, 3, 1).item())
                    .isEqualTo(36);
            assertThat(apply(given(Window.of(3), flipped), patch, 1, 3, 3, 1).item())
                    .isEqualTo(16);
        }
    }

    /**
     * ISLR chapter 10, "Convolution Layers": an image of a to l and the filter [alpha, beta; gamma, delta]; numbers for
     * the letters.
     */
    @Test
    void theImageOfLetters() {
        float a = 3, b = -1, c = 4, d = 1, e = 5, f = -9, g = 2, h = 6, i = -5, j = 8, k = 7, l = 10;
        float alpha = 2, beta = -3, gamma = 5, delta = 7;
        Conv conv = given(Window.of(2), alpha, beta, gamma, delta);
        try (Pass pass = Pass.infer()) {
            assertThat(apply(conv, new float[] {a, b, c, d, e, f, g, h, i, j, k, l}, 1, 4, 3, 1)
                            .toArray())
                    .containsExactly(
                            a * alpha + b * beta + d * gamma + e * delta,
                            b * alpha + c * beta + e * gamma + f * delta,
                            d * alpha + e * beta + g * gamma + h * delta,
                            e * alpha + f * beta + h * gamma + i * delta,
                            g * alpha + h * beta + j * gamma + k * delta,
                            h * alpha + i * beta + k * gamma + l * delta);
        }
    }

    /** The numbers for the letters: 1 to 12, and the filter [1, 2; 3, 4]. */
    @Test
    void theImageOfNumbers() {
        float[] image = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        try (Pass pass = Pass.infer()) {
            assertThat(apply(given(Window.of(2), 1, 2, 3, 4), image, 1, 4, 3, 1).toArray())
                    .containsExactly(37, 47, 67, 77, 97, 107);
        }
    }

    /** AI basics lecture 13: kernel [1, -1, 1] at stride 2, at stride 1, padded, and the printed 3 x 7 matrix. */
    @Test
    void aConvolutionOfALineIsAMatrix() {
        float[] x = {5, 6, 6, 2, 5, 6, 5};
        Conv conv = given(Window.line(3).stride(2), 1, -1, 1);
        try (Pass pass = Pass.infer();
                var model = Model.of(conv, 0)) {
            assertThat(conv.apply(Tensor.of(x, 1, 7, 1)).toArray()).containsExactly(5, 9, 4);
            Tensor matrix = conv.asMatrix(7, 1);
            assertThat(matrix.shape()).isEqualTo(Shape.of(3, 7));
            assertThat(matrix.toArray())
                    .containsExactly(
                            1, -1, 1, 0, 0, 0, 0, //
                            0, 0, 1, -1, 1, 0, 0, //
                            0, 0, 0, 0, 1, -1, 1);
            assertThat(matrix.matmul(Tensor.of(x, 7, 1)).toArray()).containsExactly(5, 9, 4);
        }
        try (Pass pass = Pass.infer()) {
            assertThat(apply(given(Window.line(3), 1, -1, 1), x, 1, 7, 1).toArray())
                    .containsExactly(5, 2, 9, 3, 4);
            assertThat(apply(given(Window.line(3).same(), 1, -1, 1), x, 1, 7, 1).toArray())
                    .containsExactly(1, 5, 2, 9, 3, 4, 1);
        }
    }

    /** ML session 11, "Edge detection": (+1, -1) finds where [1, 1, 0, 0] falls. */
    @Test
    void edgeDetection() {
        try (Pass pass = Pass.infer()) {
            assertThat(apply(given(Window.line(2), 1, -1), new float[] {1, 1, 0, 0}, 1, 4, 1)
                            .toArray())
                    .containsExactly(0, 1, 0);
        }
    }

    private static Shape size(Conv conv, int height, int width) {
        try (var model = Model.of(conv, 0);
                Pass pass = Pass.infer()) {
            int channels = conv.weight().shape().dim(-1);
            return conv.apply(Tensor.zeros(1, height, width, channels)).shape();
        }
    }

    private static long count(Conv conv) {
        try (var model = Model.of(conv, 0)) {
            return model.parameterCount();
        }
    }

    /**
     * Course "Neural Networks", "Convolution puzzles": five filters 3x3 with padding 1, at strides 1 and 2; of RGB; and
     * 1x1.
     */
    @Test
    void puzzles() {
        assertThat(size(new Conv(1, 5, Window.of(3).pad(1)), 7, 9)).isEqualTo(Shape.of(1, 7, 9, 5));
        Window second = Window.of(3).stride(2).pad(1);
        for (int h = 1; h < 12; h++) {
            assertThat(size(new Conv(1, 5, second), h, 8)).isEqualTo(Shape.of(1, (h - 1) / 2 + 1, 4, 5));
        }
        assertThat(size(new Conv(1, 5, second), 7, 8)).isEqualTo(Shape.of(1, 4, 4, 5));
        Conv rgb = new Conv(3, 5, Window.of(3).pad(1));
        assertThat(rgb.weight().shape()).isEqualTo(Shape.of(5, 3, 3, 3));
        assertThat(count(new Conv(3, 5, Window.of(3)).withoutBias())).isEqualTo(135);
        assertThat(count(rgb)).isEqualTo(135 + 5);
    }

    /** The course goes on: a 1x1 convolution is a dense layer for each pixel. */
    @Test
    void oneByOneIsDense() {
        Conv conv = new Conv(6, 4, Window.of(1));
        try (var model = Model.of(conv, 1);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new Rng(1).normal(2 * 3 * 5 * 6, 0, 1), 2, 3, 5, 6);
            Linear dense = new Linear(
                    new Parameter(
                            Shape.of(4, 6), (s, r) -> conv.weight().value().toArray()),
                    new Parameter(Shape.of(4), (s, r) -> conv.bias().value().toArray()),
                    null);
            try (var other = Model.of(dense, 1)) {
                assertThat(conv.apply(x).toArray()).isEqualTo(dense.apply(x).toArray());
            }
        }
    }

    /**
     * ISLR, "More details": an L x L image and an l x l filter give (L - l + 1)^2; padding (l - 1) / 2 of an odd l
     * keeps L; rectangles too.
     */
    @Test
    void sizes() {
        for (int image = 5; image < 9; image++) {
            for (int filter = 1; filter <= 5; filter++) {
                Window w = Window.of(filter);
                assertThat(size(new Conv(1, 1, w), image, image))
                        .isEqualTo(Shape.of(1, image - filter + 1, image - filter + 1, 1));
                if (filter % 2 == 1) {
                    assertThat(size(new Conv(1, 1, w.pad((filter - 1) / 2)), image, image))
                            .isEqualTo(Shape.of(1, image, image, 1));
                }
                assertThat(size(new Conv(1, 1, Window.of(filter, 2)), image, image))
                        .isEqualTo(Shape.of(1, image - filter + 1, image - 1, 1));
            }
        }
    }

    /** ISLR figure 10.8: the convolutions of the network for CIFAR100 have 168, 660 and 2,616 parameters. */
    @Test
    void countsOfTheNetworkForCifar() {
        assertThat(count(new Conv(3, 6, Window.of(3).same()))).isEqualTo(168);
        assertThat(count(new Conv(6, 12, Window.of(3).same()))).isEqualTo(660);
        assertThat(count(new Conv(12, 24, Window.of(3).same()))).isEqualTo(2_616);
    }

    /** AI basics lecture 13: two layers of 3 see 5 places, n layers 2 n + 1; with stride 2 in the first, 7. */
    @Test
    void receptiveFields() {
        assertThat(seen(Window.line(3).same(), Window.line(3).same())).isEqualTo(5);
        assertThat(seen(
                        Window.line(3).same(),
                        Window.line(3).same(),
                        Window.line(3).same()))
                .isEqualTo(7);
        assertThat(seen(Window.line(3).stride(2), Window.line(3))).isEqualTo(7);
    }

    /** How many inputs the middle output of a chain of convolutions depends on: those whose gradient is not 0. */
    private static int seen(Window... windows) {
        Layer[] layers = Arrays.stream(windows).map(w -> given(w, 1, 1, 1)).toArray(Layer[]::new);
        try (var model = Model.of(new Sequential(layers), 0);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.zeros(1, 31, 1));
            Tensor y = model.net().apply(x);
            int middle = y.dim(1) / 2;
            pass.backward(y.slice(1, middle, middle + 1).sum());
            int n = 0;
            for (float g : pass.gradient(x).toArray()) {
                n += g != 0 ? 1 : 0;
            }
            return n;
        }
    }
}
