package dev.fathom.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fathom.features.SparseRows;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * The lasso against scikit-learn, and against the conditions of its optimum, which the test computes from their
 * definition.
 */
class LogisticPathTest {
    private record Point(double lambda, double intercept, double[] coefficients, double[] liblinear, double accuracy) {}

    private record Golden(int columns, float[] rows, int[] labels, double largest, List<Point> points) {}

    @Test
    void asScikitLearnComputesIt() throws IOException {
        Path file = Path.of(System.getProperty("fathom.root"), "test-data/goldens/logistic.json");
        Golden golden;
        try (Reader in = Files.newBufferedReader(file)) {
            golden = new Gson().fromJson(in, Golden.class);
        }
        SparseRows x = SparseRows.dense(golden.rows, golden.columns);
        var path = new LogisticPath(x, golden.labels, 1e-7);
        assertThat(path.largest()).isCloseTo(golden.largest, within(1e-7));
        for (Point expected : golden.points) {
            LogisticPath.Point point = path.at(expected.lambda);
            assertThat(point.coefficients()).containsExactly(expected.coefficients, within(1e-6));
            assertThat(point.coefficients()).containsExactly(expected.liblinear, within(1e-3));
            assertThat(point.intercept()).isCloseTo(expected.intercept, within(1e-6));
            assertThat(point.accuracy(x, golden.labels)).isEqualTo(expected.accuracy);
            assertThat(point.violation()).isLessThan(1e-7);
        }
    }

    /** More columns than rows, so that the classes come apart on the way. */
    @Test
    void theConditionsOfTheOptimumHoldAlongTheWholePath() {
        int n = 60;
        int columns = 200;
        var random = new Random(3);
        int[] starts = new int[n + 1];
        int[] places = new int[n * columns];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            starts[i + 1] = starts[i];
            for (int j = 0; j < columns - 1; j++) { // the last column is empty
                if (random.nextInt(10) == 0) {
                    places[starts[i + 1]++] = j;
                }
            }
            labels[i] = random.nextInt(3) == 0 ? 0 : 1;
        }
        float[] ones = new float[starts[n]];
        Arrays.fill(ones, 1);
        SparseRows x = new SparseRows(columns, starts, Arrays.copyOf(places, starts[n]), ones);
        var path = new LogisticPath(x, labels, 1e-6);
        double[] lambdas = LogisticPath.lambdas(path.largest(), 20, 1e-3);
        assertThat(lambdas[0]).isEqualTo(path.largest());
        assertThat(lambdas[19]).isCloseTo(1e-3 * path.largest(), within(1e-12));
        for (double lambda : lambdas) {
            LogisticPath.Point point = path.at(lambda);
            double[] f = point.predict(x);
            double[] residuals = new double[n];
            Arrays.setAll(residuals, i -> 1 / (1 + Math.exp(-f[i])) - labels[i]);
            double[] gradient = x.transposed().times(residuals, 1);
            assertThat(Arrays.stream(residuals).sum() / n).isCloseTo(0, within(2e-6 * lambda));
            for (int j = 0; j < columns; j++) {
                double b = point.coefficients()[j];
                if (b == 0) {
                    assertThat(Math.abs(gradient[j] / n)).isLessThan(lambda * (1 + 2e-6));
                } else {
                    assertThat(gradient[j] / n).isCloseTo(-lambda * Math.signum(b), within(2e-6 * lambda));
                }
            }
            assertThat(point.nonzero()).isLessThan(n + 1);
        }
        assertThat(path.at(lambdas[0]).nonzero()).as("a path may go back").isZero();
        assertThat(path.at(lambdas[19]).accuracy(x, labels)).isEqualTo(1);
    }

    @Test
    void aStoppedPathGoesOnToItsOptimum() {
        SparseRows x = SparseRows.dense(new float[] {1, 0, 2, 1, 0, 1, 1, 3, 0, 2, 2, 2}, 2);
        var path = new LogisticPath(x, new int[] {1, 1, 0, 0, 1, 0}, 1e-9);
        double lambda = 0.01 * path.largest();
        AtomicInteger asked = new AtomicInteger();
        assertThat(path.at(lambda, () -> asked.incrementAndGet() > 3).violation())
                .isGreaterThan(1e-3);
        assertThat(asked).as("it ended at once").hasValueLessThan(8);
        assertThat(path.at(lambda).violation()).isLessThan(1e-9);
    }

    @Test
    void labelsThatSayNothing() {
        SparseRows x = SparseRows.dense(new float[] {1, 0, 0, 1}, 2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LogisticPath(x, new int[] {1, 1}, 1e-6))
                .withMessage("logistic regression: there are 2 rows and 2 labels with the sum 2; give each row the "
                        + "label 0 or 1, and "
                        + "both to some rows");
        assertThatIllegalArgumentException().isThrownBy(() -> new LogisticPath(x, new int[] {1, 0, 1}, 1e-6));
    }
}
