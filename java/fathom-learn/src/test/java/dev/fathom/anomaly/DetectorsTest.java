package dev.fathom.anomaly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fathom.assess.Ranking;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Detectors against scikit-learn and NumPy (test-data/goldens/outliers.py), and the profile against all pairs. */
class DetectorsTest {
    private record Golden(
            float[] learned,
            float[] asked,
            double[] factors_own,
            double[] factors,
            double[] machine,
            double[] forest,
            float[] one,
            float[] two,
            double[] profile_self,
            double[] profile,
            float[] stairs,
            double[] profile_stairs,
            int[] sizes,
            double[] average_paths,
            float[] cloud,
            double cloud_auc) {
        static Golden read() {
            Path file = Path.of(System.getProperty("fathom.root"), "test-data/goldens/outliers.json");
            try (Reader in = Files.newBufferedReader(file)) {
                return new Gson().fromJson(in, Golden.class);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final Golden GOLDEN = Golden.read();

    private static float[][] rows(float[] values, int columns) {
        return IntStream.range(0, values.length / columns)
                .mapToObj(r -> Arrays.copyOfRange(values, r * columns, (r + 1) * columns))
                .toArray(float[][]::new);
    }

    @Test
    void factorsAreThoseOfScikitLearn() {
        LocalOutlierFactor factor = LocalOutlierFactor.fit(rows(GOLDEN.learned, 3), 6);
        assertThat(factor.own()).containsExactly(GOLDEN.factors_own, within(1e-6));
        assertThat(factor.scores(rows(GOLDEN.asked, 3))).containsExactly(GOLDEN.factors, within(1e-6));
    }

    /** By hand: of equal rows each has neighbors at the distance 0, and is as dense as they are. */
    @Test
    void equalRowsHaveTheFactorOne() {
        float[][] same = new float[9][2];
        assertThat(LocalOutlierFactor.fit(same, 3).own()).containsOnly(1);
        same[8] = new float[] {3, 4};
        double[] own = LocalOutlierFactor.fit(same, 3).own();
        assertThat(own[0]).isEqualTo(1);
        assertThat(own[8]).isCloseTo((5 + 1e-10) / 1e-10, within(1e3));
    }

    @Test
    void theMachineIsThatOfScikitLearn() {
        float[][] learned = rows(GOLDEN.learned, 3);
        OneClassSvm machine = OneClassSvm.fit(learned, 0.1, OneClassSvm.scaleGamma(learned), 1e-10);
        assertThat(machine.scores(rows(GOLDEN.asked, 3))).containsExactly(GOLDEN.machine, within(1e-6));
        assertThat(Arrays.stream(machine.weights()).sum()).isCloseTo(8, within(1e-9));
        assertThat(OneClassSvm.fit(learned, 0.1).scores(rows(GOLDEN.asked, 3)))
                .as("with the tolerance that is usual")
                .containsExactly(GOLDEN.machine, within(1e-3));
        // at most a share nu of the examples is outside
        assertThat(Arrays.stream(machine.scores(learned)).filter(s -> s > 1e-6).count())
                .isLessThanOrEqualTo(8);
    }

    @Test
    void averagePathsAreThoseOfScikitLearn() {
        for (int i = 0; i < GOLDEN.sizes.length; i++) {
            assertThat(IsolationForest.averagePath(GOLDEN.sizes[i]))
                    .as("c(%d)", GOLDEN.sizes[i])
                    .isCloseTo(GOLDEN.average_paths[i], within(1e-12));
        }
    }

    /** Two forests of random trees agree where there are many trees. */
    @Test
    void aLargeForestScoresAsThatOfScikitLearn() {
        IsolationForest forest = IsolationForest.fit(rows(GOLDEN.learned, 3), 4000, 64, 2);
        assertThat(forest.scores(rows(GOLDEN.asked, 3))).containsExactly(GOLDEN.forest, within(0.012));
    }

    /** scikit-learn's areas have the deviation 0.003 over 20 seeds. */
    @Test
    void theForestOfThePaperRanksAsThatOfScikitLearn() {
        float[][] cloud = rows(GOLDEN.cloud, 4);
        boolean[] outlying = new boolean[cloud.length];
        Arrays.fill(outlying, 270, 300, true);
        double mean = 0;
        for (int seed = 0; seed < 5; seed++) {
            double[] scores = IsolationForest.fit(cloud, seed).scores(cloud);
            assertThat(scores).isEqualTo(IsolationForest.fit(cloud, seed).scores(cloud));
            mean += Ranking.of(scores, outlying).rocAuc() / 5;
        }
        assertThat(mean).isCloseTo(GOLDEN.cloud_auc, within(0.01));
    }

    /** Rows that are all equal cannot be split, so each path is that of the whole sample. */
    @Test
    void aForestOfEqualRowsKnowsNoOutlier() {
        assertThat(IsolationForest.fit(new float[50][3], 10, 32, 1).scores(new float[2][3]))
                .containsExactly(0.5, 0.5);
    }

    @Test
    void theProfileIsThatOfNumPy() {
        float[][] one = rows(GOLDEN.one, 2);
        assertThat(MatrixProfile.of(one, 8, 4).distances()).containsExactly(GOLDEN.profile_self, within(1e-6));
        assertThat(MatrixProfile.of(one, rows(GOLDEN.two, 2), 8).distances())
                .containsExactly(GOLDEN.profile, within(1e-6));
        assertThat(MatrixProfile.of(rows(GOLDEN.stairs, 1), 6, 3).distances())
                .as("windows that are constant, far from 0")
                .containsExactly(GOLDEN.profile_stairs, within(1e-6));
    }

    /** Each pair of windows by the definition. */
    @Test
    void theProfileIsThatOfAllPairs() {
        float[] drawn = new Rng(5).normal(3 * 200, 0, 1);
        float[][] rows = rows(drawn, 3);
        for (int i = 40; i < 60; i++) {
            rows[i][1] = 7; // constant windows in one of the columns
        }
        int m = 12;
        int apart = 6;
        MatrixProfile profile = MatrixProfile.of(rows, m, apart);
        for (int i = 0; i <= 200 - m; i++) {
            double least = Double.POSITIVE_INFINITY;
            int nearest = -1;
            for (int j = 0; j <= 200 - m; j++) {
                double distance = 0;
                for (int c = 0; c < 3; c++) {
                    double[] a = scaled(rows, i, m, c);
                    double[] b = scaled(rows, j, m, c);
                    for (int t = 0; t < m; t++) {
                        distance += (a[t] - b[t]) * (a[t] - b[t]) / 3;
                    }
                }
                if (Math.abs(i - j) >= apart && distance < least) {
                    least = distance;
                    nearest = j;
                }
            }
            assertThat(profile.distances()[i]).isCloseTo(Math.sqrt(least), within(1e-9));
            assertThat(profile.nearest()[i]).isEqualTo(nearest);
        }
    }

    private static double[] scaled(float[][] rows, int from, int m, int column) {
        double[] x = IntStream.range(from, from + m)
                .mapToDouble(t -> rows[t][column])
                .toArray();
        double mean = Arrays.stream(x).sum() / m;
        double deviation =
                Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / m);
        return Arrays.stream(x)
                .map(v -> deviation < 1e-12 ? 0 : (v - mean) / deviation)
                .toArray();
    }

    @Test
    void theProfileDoesNotDependOnTheUnit() {
        float[][] one = rows(GOLDEN.one, 2);
        float[][] small = Arrays.stream(one)
                .map(r -> new float[] {r[0] * 0x1p-30f, r[1] * 0x1p10f})
                .toArray(float[][]::new);
        assertThat(MatrixProfile.of(small, 8, 4).distances())
                .containsExactly(MatrixProfile.of(one, 8, 4).distances(), within(1e-12));
    }

    @Test
    void constantWindowsAreDefined() {
        float[][] flat = new float[20][1];
        assertThat(MatrixProfile.of(flat, 4, 2).distances()).containsOnly(0);
        float[][] step = new float[20][1];
        step[10][0] = 1;
        assertThat(MatrixProfile.of(step, flat, 4).distances()[8]).as("sqrt(m)").isEqualTo(2);
        assertThat(MatrixProfile.of(step, flat, 4).distances()[0]).isZero();
        MatrixProfile few = MatrixProfile.of(step, 10, 8);
        assertThat(few.distances()[4]).as("no window is so far from the middle").isInfinite();
        assertThat(few.nearest()[4]).isEqualTo(-1);
    }

    @Test
    void badInputIsNamed() {
        float[][] x = {{1, 2}, {3, 4}, {5, 6}};
        refused(() -> LocalOutlierFactor.fit(x, 3), "local outlier factor: k=3 of 3 examples; ask for at least one");
        refused(() -> LocalOutlierFactor.fit(x, 0), "local outlier factor: k=0 of 3 examples");
        refused(
                () -> LocalOutlierFactor.fit(new float[][] {{1}, {Float.NaN}}, 1),
                "local outlier factor: row 1, column 0 is NaN");
        refused(() -> OneClassSvm.fit(x, 0), "one-class SVM: nu=0.0 must be in (0, 1]");
        refused(() -> OneClassSvm.fit(x, 0.5, 0, 1e-4), "one-class SVM: nu=0.5 must be in (0, 1], and gamma=0.0");
        refused(
                () -> IsolationForest.fit(x, 1).scores(new float[][] {{1, Float.NaN}}),
                "isolation forest: row 0, column 1 is NaN");
        refused(
                () -> OneClassSvm.fit(x, 0.5).scores(new float[][] {{1}}),
                "one-class SVM: row 0 has 1 numbers and 2 were fitted; give rows of the same features");
        refused(() -> IsolationForest.fit(x, 0, 2, 1), "isolation forest: 0 trees of 2 of 3 examples");
        refused(() -> IsolationForest.fit(new float[1][1], 1), "isolation forest: 100 trees of 256 of 1 examples");
        refused(
                () -> IsolationForest.fit(x, 1).scores(new float[][] {{1}}),
                "isolation forest: row 0 has 1 numbers and 2 were fitted");
        refused(() -> MatrixProfile.of(x, 1, 1), "matrix profile: windows of 1 rows in a series of 3; choose 2 to 3");
        refused(
                () -> MatrixProfile.of(x, 2, 2),
                "matrix profile: windows that begin apart=2 rows apart, and 2 windows");
        refused(
                () -> MatrixProfile.of(x, new float[4][1], 2),
                "matrix profile: row 0 has 2 numbers and 1 were fitted; give rows of the same features");
    }

    private static void refused(ThrowingCallable call, String start) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(start);
    }

    /** Where every example has its whole weight, the border is the innermost of them, not half of it. */
    @Test
    void aMachineOfExamplesThatAreAllOutsideHasItsBorderThere() {
        float[][] same = {{1e8f, 1e8f}, {1e8f, 1e8f}, {1e8f, 1e8f}};
        assertThat(OneClassSvm.scaleGamma(same)).as("the variance counts as 1").isEqualTo(0.5);
        OneClassSvm machine = OneClassSvm.fit(same, 1);
        assertThat(machine.rho()).isEqualTo(3);
        assertThat(machine.scores(same)).containsExactly(0, 0, 0);
    }
}
