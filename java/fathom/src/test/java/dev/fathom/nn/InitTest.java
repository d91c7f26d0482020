package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.tensor.Rng;
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
        assertMoments(Init.heUniformFanOut(), 0, 2.0 / 128, uniform, Math.sqrt(3 * 2.0 / 128) + 1e-8);
        assertMoments(Init.normalFanIn(1.5), 0, 1.5 / 256, 3, 6 * Math.sqrt(1.5 / 256));
        assertMoments(Init.torch(), 0, 1.0 / 256 / 3, uniform, 1.0 / 16);
        assertMoments(Init.uniform(-1, 3), 1, 16.0 / 12, uniform, 2);
        assertMoments(Init.normal(0.5f, 2), 0.5, 4, 3, 12);
        assertThat(Init.constant(0.25f).values(Shape.of(2, 2), new Rng(0))).containsExactly(0.25f, 0.25f, 0.25f, 0.25f);
        assertThat(Init.zeros().values(Shape.of(3), new Rng(0))).containsOnly(0);
    }

    /** Of a convolution: filters times taps on the way out, channels times taps on the way in; in one of its groups. */
    @Test
    void heCountsTheTapsOfAConvolution() {
        Shape convolution = Shape.of(48, 5, 5, 16);
        double in = variance(Init.heNormal().values(convolution, new Rng(3)));
        double out = variance(Init.heNormalFanOut().values(convolution, new Rng(3)));
        assertThat(in).isCloseTo(2.0 / (16 * 25), within(0.05 * in));
        assertThat(out).isCloseTo(2.0 / (48 * 25), within(0.05 * out));
        assertThat(variance(Init.heUniformFanOut().values(convolution, new Rng(3))))
                .isCloseTo(out, within(0.05 * out));
    }

    private static double variance(float[] v) {
        double squares = 0;
        for (float x : v) {
            squares += (double) x * x;
        }
        return squares / v.length;
    }

    @Test
    void orthogonalRowsOrColumns() {
        for (Shape shape : new Shape[] {
            Shape.of(64, 64),
            Shape.of(20, 100),
            Shape.of(100, 20),
            Shape.of(24, 3, 3, 8),
            Shape.of(90, 3, 3, 4),
            Shape.of(1, 1)
        }) {
            float[] w = Init.orthogonal(1.5f).values(shape, new Rng(5));
            int rows = shape.dim(0);
            int columns = w.length / rows;
            for (int i = 0; i < Math.min(rows, columns); i++) {
                for (int j = 0; j <= i; j++) {
                    double product = 0;
                    for (int k = 0; k < Math.max(rows, columns); k++) {
                        product += rows <= columns
                                ? (double) w[i * columns + k] * w[j * columns + k]
                                : (double) w[k * columns + i] * w[k * columns + j];
                    }
                    assertThat(product).as("%s %d %d", shape, i, j).isCloseTo(i == j ? 2.25 : 0, within(1e-5));
                }
            }
        }
    }

    /** Matrices of several blocks: products in floats free them of the blocks before, on any number of threads. */
    @Test
    void largeOrthogonalMatrices() {
        NativeRuntime machine = NativeRuntime.get();
        int configured = machine.threads();
        for (Shape shape : new Shape[] {Shape.of(300, 300), Shape.of(257, 400)}) {
            float[] w;
            try {
                machine.threads(1);
                w = Init.orthogonal().values(shape, new Rng(5));
                machine.threads(3);
                assertThat(Init.orthogonal().values(shape, new Rng(5))).containsExactly(w);
            } finally {
                machine.threads(configured);
            }
            int n = shape.dim(0);
            int m = shape.dim(1);
            for (int i = 0; i < n; i++) {
                for (int j = 0; j <= i; j++) {
                    double product = 0;
                    for (int k = 0; k < m; k++) {
                        product += (double) w[i * m + k] * w[j * m + k];
                    }
                    assertThat(product).as("%s %d %d", shape, i, j).isCloseTo(i == j ? 1 : 0, within(1e-6));
                }
            }
        }
    }

    /** Without the sign fix of QR, the first number of each vector would lean to one side. */
    @Test
    void everyOrthogonalMatrixIsAsLikely() {
        int n = 4;
        int draws = 4000;
        double[] sums = new double[n * n];
        double[] squares = new double[n * n];
        double determinants = 0;
        for (int d = 0; d < draws; d++) {
            float[] w = Init.orthogonal().values(Shape.of(2, 2), new Rng(d));
            determinants += w[0] * w[3] - w[1] * w[2];
            float[] v = Init.orthogonal().values(Shape.of(n, n), new Rng(d));
            for (int i = 0; i < v.length; i++) {
                sums[i] += v[i];
                squares[i] += v[i] * v[i];
            }
        }
        assertThat(determinants / draws).as("rotations and reflections").isCloseTo(0, within(5 / Math.sqrt(draws)));
        for (int i = 0; i < n * n; i++) {
            assertThat(sums[i] / draws).isCloseTo(0, within(5 * Math.sqrt(1.0 / n / draws)));
            assertThat(squares[i] / draws).isCloseTo(1.0 / n, within(5 * Math.sqrt(2.0 / (n * n) / draws)));
        }
    }

    @Test
    void deltaOrthogonalIsZeroButForTheCenter() {
        float[] w = Init.deltaOrthogonal(2).values(Shape.of(7, 3, 5, 4), new Rng(5));
        double[][] products = new double[4][4];
        for (int o = 0; o < 7; o++) {
            for (int tap = 0; tap < 15; tap++) {
                for (int i = 0; i < 4; i++) {
                    float value = w[(o * 15 + tap) * 4 + i];
                    if (tap != 7) {
                        assertThat(value).isZero();
                    }
                    for (int j = 0; j < 4; j++) {
                        products[i][j] += (double) value * w[(o * 15 + tap) * 4 + j];
                    }
                }
            }
        }
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                assertThat(products[i][j]).isCloseTo(i == j ? 4 : 0, within(1e-5));
            }
        }
        float[] even = Init.deltaOrthogonal(1).values(Shape.of(1, 4, 1), new Rng(5));
        assertThat(even).containsExactly(0, even[1], 0, 0);
        assertThat(Math.abs(even[1])).isEqualTo(1);
        assertThatThrownBy(() -> Init.deltaOrthogonal(1).values(Shape.of(16, 3, 3, 32), new Rng(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Init.deltaOrthogonal: weight [16, 3, 3, 32] has 32 channels in but only 16 out, "
                        + "so that norms cannot be kept; give out >= in");
        assertThatThrownBy(() -> Init.orthogonal(Float.NaN)).hasMessage("Init.orthogonal: gain=NaN must be finite");
        assertThatThrownBy(() -> Init.deltaOrthogonal(1 / 0f))
                .hasMessage("Init.deltaOrthogonal: gain=Infinity must be finite");
    }

    @Test
    void whatHasNoSenseIsRefused() {
        for (Initializer init : new Initializer[] {
            Init.xavierUniform(),
            Init.xavierNormal(),
            Init.heUniform(),
            Init.heNormal(),
            Init.heNormalFanOut(),
            Init.heUniformFanOut(),
            Init.orthogonal(),
            Init.deltaOrthogonal(1),
            Init.torch()
        }) {
            assertThatThrownBy(() -> init.values(Shape.of(7), new Rng(0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Init: shape [7] has no fan-in; a weight has at least the two dimensions [out, in]");
        }
        assertThatThrownBy(() -> Init.heVariance(Shape.SCALAR)).hasMessageStartingWith("Init: shape [] has no fan-in");
        assertThatThrownBy(() -> Init.uniform(1, 0)).hasMessage("Init.uniform: lo=1.0 must not be above hi=0.0");
        assertThatThrownBy(() -> Init.normal(0, -1)).hasMessage("Init.normal: std=-1.0 must be at least 0");
        assertThatThrownBy(() -> Init.normal(0, Float.NaN)).hasMessage("Init.normal: std=NaN must be at least 0");
    }

    private record HeadAndBody(Linear head, Linear body) implements Net {}

    private record Other(Linear extra, Linear body, Linear tail) implements Net {}

    @Test
    void valuesDependOnSeedAndNameAlone() {
        try (var a = Model.of(new HeadAndBody(new Linear(3, 4), new Linear(4, 5)), 1);
                var again = Model.of(new HeadAndBody(new Linear(3, 4), new Linear(4, 5)), 1);
                var neighbors = Model.of(new Other(new Linear(9, 9), new Linear(4, 5), new Linear(1, 1)), 1);
                var seed = Model.of(new HeadAndBody(new Linear(3, 4), new Linear(4, 5)), 2)) {
            float[] body = a.parameter("body.weight").value().toArray();
            assertThat(again.parameter("body.weight").value().toArray()).isEqualTo(body);
            assertThat(neighbors.parameter("body.weight").value().toArray()).isEqualTo(body);
            assertThat(seed.parameter("body.weight").value().toArray()).isNotEqualTo(body);
        }
        try (var same = Model.of(new Sequential(new Linear(6, 6), Tensor::relu, new Linear(6, 6)), 1)) {
            assertThat(same.parameter("0.weight").value().toArray())
                    .isNotEqualTo(same.parameter("2.weight").value().toArray());
        }
    }

    @Test
    void orthogonalValuesDependOnSeedAndNameAlone() {
        Net[] nets = {
            new HeadAndBody(new Linear(3, 4), new Linear(4, 5, Init.orthogonal()).withBias(Init.constant(2))),
            new Other(new Linear(9, 9), new Linear(4, 5, Init.orthogonal()), new Linear(1, 1)),
        };
        try (var a = Model.of(nets[0], 1);
                var neighbors = Model.of(nets[1], 1)) {
            assertThat(a.parameter("body.weight").value().toArray())
                    .isEqualTo(neighbors.parameter("body.weight").value().toArray());
            assertThat(a.parameter("body.bias").value().toArray()).containsOnly(2);
        }
    }
}
