package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The weights of each pooling are those of its formula, and stand where the text begins. */
class PoolingTest {
    @Test
    void theWeightsOfFourTokens() {
        Map<Pooling, float[]> expected = new EnumMap<>(Map.of(
                Pooling.MEAN, new float[] {0.25f, 0.25f, 0.25f, 0.25f},
                Pooling.CLS, new float[] {1, 0, 0, 0},
                Pooling.LAST, new float[] {0, 0, 0, 1},
                Pooling.WEIGHTED_MEAN, new float[] {0.1f, 0.2f, 0.3f, 0.4f},
                Pooling.MEAN_SQRT_LENGTH, new float[] {0.5f, 0.5f, 0.5f, 0.5f}));
        assertThat(expected).containsOnlyKeys(Pooling.values());
        expected.forEach((pooling, weights) -> {
            float[] row = new float[7];
            Arrays.fill(row, 9);
            pooling.weights(4, FloatBuffer.wrap(row), 2);
            assertThat(Arrays.copyOfRange(row, 2, 6)).as(pooling.toString()).containsExactly(weights);
            assertThat(row[1]).isEqualTo(9);
            assertThat(row[6]).isEqualTo(9);
        });
    }
}
