package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Initializer;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** How parameters begin: the variances of the papers, and values that depend on (seed, name) alone. */
class InitTest {
    private static final Shape WEIGHT = Shape.of(128, 256);

    /**
     * Mean and variance of the values must lie within 5 standard errors of what is asked for, and all values within
     * +-bound.
     */
    private static void assertMoments(Initializer init, double mean, double variance, double kurtosis, double bound) {
        float[] v = init.values(WEIGHT, new Rng(11));
        assertThat(v).hasSize(128 * 256);
        double n = v.length;
        double sum = 0;
        for (float x : v) {
            sum += x;
            assertThat((double) x).isBetween(mean - bound, mean + bound);
        }
        double squares = 0;
        for (float x : v) {
            squares += (x - mean) * (x - mean);
        }
        assertThat(sum / n).isCloseTo(mean, within(5 * Math.sqrt(variance / n)));
        assertThat(squares / n).isCloseTo(variance, within(5 * variance * Math.sqrt((kurtosis - 1) / n)));
    }

    /** Neural Networks, slide "Initialization": a layer from 256 to 128. */
    @Test
    void variancesOfTheSlide() {
        assertThat(Init.xavierVariance(WEIGHT)).isCloseTo(0.0052083333, within(1e-10));
        assertThat(Init.heVariance(WEIGHT)).isEqualTo(0.0078125);
        Shape convolution = Shape.of(64, 3, 3, 32);
        assertThat(Init.heVariance(convolution)).isEqualTo(2.0 / (32 * 9));
        assertThat(Init.xavierVariance(convolution)).isEqualTo(2.0 / (32 * 9 + 64 * 9));
    }

    @Test
    void valuesHaveTheVarianceAskedFor() {
        double xavier = 2.0 / 384;
        double he = 2.0 / 256;
        double uniform = 1.8;
        assertMoments(Init.xavierUniform(), 0, xavier, uniform, Math.sqrt(3 * xavier) + 1e-8);
        assertMoments(Init.xavierNormal(), 0, xavier, 3, 6 * Math.sqrt(xavier));
        assertMoments(Init.heUniform(), 0, he, uniform, Math.sqrt(3 * he) + 1e-8);
        assertMoments(Init.heNormal(), 0, he, 3, 6 * Math.sqrt(he));
        assertMoments(Init.heNormalFanOut(), 0, 2.0 / 128, 3, 6 * Math.sqrt(2.0 / 128));
        assertMoments(Init.torch(), 0, 1.0 / 256 / 3, uniform, 1.0 / 16);
        assertMoments(Init.uniform(-1, 3), 1, 16.0 / 12, uniform, 2);
        assertMoments(Init.normal(0.5f, 2), 0.5, 4, 3, 12);
        assertThat(Init.constant(0.25f).values(Shape.of(2, 2), new Rng(0))).containsExactly(0.25f, 0.25f, 0.25f, 0.25f);
        assertThat(Init.zeros().values(Shape.of(3), new Rng(0))).containsOnly(0);
    }

    @Test
    void whatHasNoSenseIsRefused() {
        for (Initializer init : new Initializer[] {
            Init.xavierUniform(), Init.xavierNormal(), Init.heUniform(), Init.heNormal(), Init.torch()
        }) {
            assertThatThrownBy(() -> init.values(Shape.of(7), new Rng(0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Init: shape [7] has no fan-in; a weight has at least the two dimensions [out, in]");
        }
        assertThatThrownBy(() -> Init.heVariance(Shape.SCALAR)).hasMessageStartingWith("Init: shape [] has no fan-in");
        assertThatThrownBy(() -> Init.uniform(1, 0)).hasMessage("Init.uniform: lo=1.0 must not be above hi=0.0");
        assertThatThrownBy(() -> Init.normal(0, -1)).hasMessage("Init.normal: std=-1.0 must be 0 or more");
        assertThatThrownBy(() -> Init.normal(0, Float.NaN)).hasMessage("Init.normal: std=NaN must be 0 or more");
    }

    private record Net(Linear head, Linear body) implements Module {}

    private record Other(Linear extra, Linear body, Linear tail) implements Module {}

    @Test
    void valuesDependOnSeedAndNameAlone() {
        try (var a = Model.of(new Net(new Linear(3, 4), new Linear(4, 5)), 1);
                var again = Model.of(new Net(new Linear(3, 4), new Linear(4, 5)), 1);
                var neighbours = Model.of(new Other(new Linear(9, 9), new Linear(4, 5), new Linear(1, 1)), 1);
                var seed = Model.of(new Net(new Linear(3, 4), new Linear(4, 5)), 2)) {
            float[] body = a.parameter("body.weight").value().toArray();
            assertThat(again.parameter("body.weight").value().toArray()).isEqualTo(body);
            assertThat(neighbours.parameter("body.weight").value().toArray()).isEqualTo(body);
            assertThat(seed.parameter("body.weight").value().toArray()).isNotEqualTo(body);
        }
        try (var same = Model.of(new Sequential(new Linear(6, 6), Tensor::relu, new Linear(6, 6)), 1)) {
            assertThat(same.parameter("0.weight").value().toArray())
                    .isNotEqualTo(same.parameter("2.weight").value().toArray());
        }
    }
}
