package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Filters of rows and columns, by what they make of images that are known. */
class SeparableFilterTest {
    /** A single pixel becomes the product of two bell curves, and a corner gets what would lie beyond the edges. */
    @Test
    void aGaussianSpreadsAPixelByTheBellCurve() {
        double[] bell = new double[7]; // three deviations of 1 to each side
        double sum = 0;
        for (int i = 0; i < 7; i++) {
            bell[i] = Math.exp(-(i - 3) * (i - 3) / 2.0);
            sum += bell[i];
        }
        float[] pixels = new float[2 * 121];
        pixels[5 * 11 + 5] = 1;
        pixels[121] = 1; // the corner of the second image
        try (Pass pass = Pass.infer()) {
            float[] y = SeparableFilter.gaussian(11, 1)
                    .apply(Tensor.of(pixels, 2, 11, 11, 1))
                    .toArray();
            for (int r = 2; r < 9; r++) {
                for (int c = 2; c < 9; c++) {
                    double expected = bell[r - 2] * bell[c - 2] / (sum * sum);
                    assertThat((double) y[11 * r + c]).isCloseTo(expected, within(1e-6));
                }
            }
            assertThat(y[0]).isZero();
            double corner = (bell[0] + bell[1] + bell[2] + bell[3]) / sum;
            assertThat((double) y[121]).isCloseTo(corner * corner, within(1e-6));
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void blocksBecomeTheirMeansAndPixelsAreRepeated() {
        try (Pass pass = Pass.infer()) {
            float[] pixels = {1, 3, 0, 8, 5, 7, 4, 0, 1, 1, 2, 2, 1, 1, 2, 2};
            Tensor half = SeparableFilter.halved(4).apply(Tensor.of(pixels, 1, 4, 4, 1));
            assertThat(half.toArray()).containsExactly(4, 3, 1, 2);
            assertThat(SeparableFilter.repeated(2).apply(half).toArray())
                    .containsExactly(4, 4, 3, 3, 4, 4, 3, 3, 1, 1, 2, 2, 1, 1, 2, 2);
            float[] box =
                    SeparableFilter.box(4).apply(Tensor.of(pixels, 1, 4, 4, 1)).toArray();
            assertThat((double) box[5]).isCloseTo((1 + 3 + 0 + 5 + 7 + 4 + 1 + 1 + 2) / 9.0, within(1e-6));
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void interpolationKeepsARamp() {
        try (Pass pass = Pass.infer()) {
            Tensor ramp = Tensor.linspace(0, 1, 16).reshape(1, 16, 1, 1).expand(1, 16, 16, 1);
            float[] cubic =
                    SeparableFilter.cubic(16).apply(ramp).reshape(32, 32).toArray();
            float[] linear =
                    SeparableFilter.linear(16).apply(ramp).reshape(32, 32).toArray();
            for (int row = 6; row < 26; row++) {
                float exact = (row / 2f - 0.25f) / 15;
                assertThat(cubic[32 * row + 5]).isCloseTo(exact, within(1e-5f));
                assertThat(linear[32 * row + 5]).isCloseTo(exact, within(1e-5f));
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void everyFilterKeepsAConstant() {
        try (Pass pass = Pass.infer()) {
            Tensor same = Tensor.full(Shape.of(2, 16, 16, 3), 0.25f);
            for (SeparableFilter filter : List.of(
                    SeparableFilter.gaussian(16, 1.5),
                    SeparableFilter.box(16),
                    SeparableFilter.halved(16),
                    SeparableFilter.repeated(16),
                    SeparableFilter.linear(16),
                    SeparableFilter.cubic(16))) {
                Tensor made = filter.apply(same);
                assertThat(made.sub(0.25f).abs().max().item()).isLessThan(1e-6f);
                assertThat(made.dim(1)).isEqualTo(made.dim(2)).isEqualTo(filter.weights().length / 16);
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void whatItCannotFilterIsSaid() {
        try (Pass pass = Pass.infer()) {
            Tensor wide = Tensor.zeros(1, 16, 20, 1);
            assertThatThrownBy(() -> SeparableFilter.box(16).apply(wide))
                    .hasMessage("separable_filter: images of [1, 16, 20, 1]; give [n, 16, 16, channels]");
            assertThat(pass.recording()).isFalse();
        }
        assertThatThrownBy(() -> SeparableFilter.gaussian(16, 0))
                .hasMessage("separable_filter: deviation=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> SeparableFilter.halved(1))
                .hasMessage("separable_filter: side 1 has no half; give an even one of at least 2");
        assertThatThrownBy(() -> new SeparableFilter(new float[5], 2))
                .hasMessage(
                        "separable_filter: 5 weights for images of side 2; give a row of as many weights as the side"
                                + " for each row of the result");
    }
}
