package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Causal convolutions: not a bit comes from the future. */
class CausalTest {
    private static float[] upTo(float[] y, int t, int length, int channels) {
        float[] kept = new float[y.length / length * t];
        for (int i = 0; i < y.length / length / channels; i++) {
            System.arraycopy(y, i * length * channels, kept, i * t * channels, t * channels);
        }
        return kept;
    }

    /** What comes later changes no bit of what is before it, and what is at a place does change it. */
    @Test
    void nothingComesFromTheFuture() {
        int length = 40;
        for (Layer net : List.of(
                Conv.causal(3, 6, 5, 1),
                Conv.causal(3, 6, 3, 7),
                Conv.causal(3, 6, 1, 1),
                new Sequential(Conv.causal(3, 8, 3, 1), Conv.causal(8, 6, 3, 2)))) {
            try (var model = Model.of(net, 1);
                    Pass pass = Pass.infer()) {
                float[] x = new Rng(5).normal(2 * length * 3, 0, 1);
                float[] y = model.net().apply(Tensor.of(x, 2, length, 3)).toArray();
                assertThat(y).hasSize(2 * length * 6);
                for (int t : new int[] {0, 1, 17, 39}) {
                    float[] other = x.clone();
                    for (int i = 0; i < other.length; i++) {
                        other[i] = i / 3 % length > t ? Float.NaN : other[i];
                    }
                    float[] z =
                            model.net().apply(Tensor.of(other, 2, length, 3)).toArray();
                    assertThat(upTo(z, t + 1, length, 6)).isEqualTo(upTo(y, t + 1, length, 6));
                    other = x.clone();
                    other[3 * t]++;
                    z = model.net().apply(Tensor.of(other, 2, length, 3)).toArray();
                    assertThat(Arrays.copyOfRange(z, 6 * t, 6 * t + 6))
                            .isNotEqualTo(Arrays.copyOfRange(y, 6 * t, 6 * t + 6));
                }
            }
        }
    }

    @Test
    void badSizesAreRefused() {
        assertThatThrownBy(() -> Conv.causal(1, 1, 0, 1))
                .hasMessage(
                        "window: kernel=0, stride=1 and dilation=1 must be at least 1, and padding=0, 0 at least 0");
    }
}
