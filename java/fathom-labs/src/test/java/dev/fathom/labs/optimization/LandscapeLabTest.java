package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.statistics.CriticalPoint;
import dev.fathom.experiments.statistics.LossPlane;
import dev.fathom.labs.ShortRun;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab landscape}: its short form, and its network, planes and critical points on small cases. */
class LandscapeLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new LandscapeLab(), 1, folder);
    }

    @Test
    void thePlaneOfTheWaysHoldsThemAndARandomPlaneDoesNot() {
        assertThat(run.figure("Variance of the ways in two components")).isBetween(60.0, 100.0);
        assertThat(run.figure("Length of Adam's way on a random plane")).isLessThan(8);
        for (String optimizer : List.of("Gradient descent 0.1", "Momentum 0.03", "RMSprop 0.001", "Adam 0.001")) {
            assertThat(run.figure(optimizer + ", training loss")).as(optimizer).isLessThan(1.5);
        }
        assertThat(folder.resolve("principal.png")).isNotEmptyFile();
        assertThat(folder.resolve("random.png")).isNotEmptyFile();
    }

    @Test
    void mostPlacesWithASmallGradientHaveNegativeEigenvalues() {
        assertThat(run.figure("Places with negative eigenvalues")).isGreaterThan(50);
        assertThat(run.out()).contains("Fewer than 10 arrive").doesNotContain("Critical points,");
        assertThat(folder.resolve("saddles.png")).isNotEmptyFile();
    }

    @Test
    void theSpreadOfFinalLossesShrinksWithTheWidth() {
        assertThat(run.figure("Deviation of the test loss, narrowest divided by widest network"))
                .isGreaterThan(1.5);
        assertThat(run.figure("Width 32, deviation of the test loss"))
                .isLessThan(run.figure("Width 2, deviation of the test loss"));
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
        assertThat(folder.resolve("widths.png")).isNotEmptyFile();
    }

    private static CriticalPoint point(double loss, double... eigenvalues) {
        return new CriticalPoint(loss, 1, 1e-6, eigenvalues);
    }

    /**
     * Losses of 1, 2 and 3 with indices of 0, 2/3 and 1/3 have a correlation of 1/2; the eigenvalue of 1e-9 counts as
     * 0.
     */
    @Test
    void theCorrelationIsThatOfLossesAndShares() {
        List<CriticalPoint> points = List.of(point(1, 1e-9, 1, 2), point(2, -2, -1, 1), point(3, -1, 1, 2));
        assertThat(points).extracting(CriticalPoint::negative).containsExactly(0L, 2L, 1L);
        assertThat(CriticalPoint.correlation(points)).isCloseTo(0.5, within(1e-6));
    }

    private static Dataset data() {
        float[] x = new Rng(3).uniform(40 * 4, -1, 1);
        int[] y = IntStream.range(0, 40).map(i -> x[4 * i] > 0 ? 1 : 0).toArray();
        return Dataset.of(x, Shape.of(4), y);
    }

    @Test
    void theSameSeedGivesTheSameWay() {
        try (Dataset data = data()) {
            FlatNet net = FlatNet.of(Activation.TANH, 4, 3, 2);
            List<List<float[]>> twice = IntStream.range(0, 2)
                    .mapToObj(i -> net.way(new Sgd(0.1f), data, 10, 5, 2, 7, () -> {}))
                    .toList();
            assertThat(twice.get(0)).hasSize(11); // before each second of 20 steps, and at the end
            for (int i = 0; i < 11; i++) {
                assertThat(twice.get(0).get(i)).isEqualTo(twice.get(1).get(i));
            }
            assertThat(net.loss(data, twice.get(0).get(10)))
                    .isLessThan(net.loss(data, twice.get(0).get(0)));
        }
    }

    @Test
    void aDirectionIsAsLongAsTheWeightsOfEachUnit() {
        FlatNet net = FlatNet.of(Activation.RELU, 3, 2, 2);
        assertThat(net.size()).isEqualTo(3 * 2 + 2 + 2 * 2 + 2);
        float[] place = IntStream.range(0, 14).collect(() -> new float[14], (a, i) -> a[i] = i + 1, (a, b) -> {});
        float[] direction = net.direction(place, new Rng(1));
        assertThat(length(direction, 0, 3)).isCloseTo(length(place, 0, 3), within(1e-4));
        assertThat(length(direction, 3, 3)).isCloseTo(length(place, 3, 3), within(1e-4));
        assertThat(length(direction, 6, 2)).isZero();
        assertThat(length(direction, 8, 2)).isCloseTo(length(place, 8, 2), within(1e-4));
        assertThat(length(direction, 12, 2)).isZero();
    }

    private static double length(float[] v, int from, int n) {
        return Math.sqrt(IntStream.range(from, from + n)
                .mapToDouble(i -> (double) v[i] * v[i])
                .sum());
    }

    @Test
    void aPlaneHasItsLossesAtTheirPlaces() {
        try (Dataset data = data()) {
            FlatNet net = FlatNet.of(Activation.TANH, 4, 3, 2);
            float[] origin = new Rng(3).normal(net.size(), 0, 1);
            float[] u = new Rng(1).normal(net.size(), 0, 1);
            float[] v = new Rng(2).normal(net.size(), 0, 1);
            LossPlane plane = new LossPlane(origin, u, v);
            double[][] field = plane.field(at -> net.loss(data, at), new double[] {-1, 1, 0, 2}, 5, () -> {});
            assertThat(field).hasDimensions(5, 5);
            assertThat(field[0][2]).isEqualTo(net.loss(data, origin));
            float[] corner = origin.clone();
            for (int i = 0; i < corner.length; i++) {
                corner[i] += u[i] + 1.5f * v[i];
            }
            assertThat(field[3][4]).isCloseTo(net.loss(data, corner), within(1e-5));
            double[][] nearest = new LossPlane(new float[] {1, 0, 0}, new float[] {2, 0, 0}, new float[] {0, 1, 0})
                    .nearest(List.of(new float[] {5, 3, 7}));
            assertThat(nearest).isDeepEqualTo(new double[][] {{2}, {3}});
        }
    }

    /** Logistic regression is convex: its only critical point is the minimum, and no eigenvalue is negative. */
    @Test
    void aConvexLossHasNoSaddles() {
        float[] x = new Rng(3).uniform(200 * 2, -1, 1);
        float[] noise = new Rng(4).normal(200, 0, 1);
        int[] y = IntStream.range(0, 200)
                .map(i -> x[2 * i] + noise[i] > 0 ? 1 : 0)
                .toArray();
        try (Dataset data = Dataset.of(x, Shape.of(2), y)) {
            FlatNet net = FlatNet.of(Activation.TANH, 2, 2);
            CriticalPoint point = CriticalPoint.from(w -> net.loss(w, data), 30, 1e-6, () -> {}, new float[6]);
            assertThat(point.norm()).isLessThan(1e-4).isLessThan(point.before() / 100);
            assertThat(point.negative()).isZero();
            assertThat(point.positive()).isEqualTo(3); // the other three directions shift both logits alike
            assertThat(point.loss()).isLessThan(Math.log(2));
        }
    }

    /**
     * Where all weights are 0, the gradient of an even problem vanishes, and the products of two layers make a saddle.
     */
    @Test
    void twoLayersHaveASaddleAtZero() {
        float[] x = {1, -1, 1, -1};
        int[] y = {1, 0, 1, 0};
        try (Dataset data = Dataset.of(x, Shape.of(1), y)) {
            FlatNet net = FlatNet.of(Activation.TANH, 1, 1, 2);
            CriticalPoint zero = CriticalPoint.from(w -> net.loss(w, data), 5, 1e-6, () -> {}, new float[net.size()]);
            assertThat(zero.norm()).isLessThan(1e-6);
            assertThat(zero.loss()).isCloseTo(Math.log(2), within(1e-6));
            assertThat(zero.negative()).isEqualTo(1);
            assertThat(Arrays.stream(zero.eigenvalues()).min().orElseThrow()).isCloseTo(-Math.sqrt(0.5), within(1e-4));
        }
    }
}
