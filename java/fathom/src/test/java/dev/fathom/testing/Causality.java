package dev.fathom.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/** Layers of sequences x [N, L, in] whose result at a step depends on x up to that step alone. */
public final class Causality {
    private static final int LENGTH = 40;

    private Causality() {}

    /** What comes later changes no bit of what is before it, and what is at a place does change it. */
    public static void assertNothingComesFromTheFuture(Layer layer, int in, int out) {
        try (var model = Model.of(layer, 1);
                Pass pass = Pass.infer()) {
            float[] x = new Rng(5).normal(2 * LENGTH * in, 0, 1);
            float[] y = applied(model, x, in);
            assertThat(y).hasSize(2 * LENGTH * out);
            for (int t : new int[] {0, 1, 17, 39}) {
                float[] other = x.clone();
                for (int i = 0; i < other.length; i++) {
                    other[i] = i / in % LENGTH > t ? Float.NaN : other[i];
                }
                assertThat(upTo(applied(model, other, in), t + 1, out)).isEqualTo(upTo(y, t + 1, out));
                other = x.clone();
                other[in * t]++;
                assertThat(Arrays.copyOfRange(applied(model, other, in), out * t, out * t + out))
                        .isNotEqualTo(Arrays.copyOfRange(y, out * t, out * t + out));
            }
        }
    }

    private static float[] applied(Model<Layer> model, float[] x, int in) {
        return model.net().apply(Tensor.of(x, 2, LENGTH, in)).toArray();
    }

    private static float[] upTo(float[] y, int t, int channels) {
        float[] kept = new float[y.length / LENGTH * t];
        for (int i = 0; i < y.length / LENGTH / channels; i++) {
            System.arraycopy(y, i * LENGTH * channels, kept, i * t * channels, t * channels);
        }
        return kept;
    }
}
