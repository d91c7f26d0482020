package dev.fathom.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Linear methods as learners, against scikit-learn and NumPy: test-data/goldens/linear.py. */
class LinearLearnersTest {
    private record RidgeCase(
            float[][] x, float[][] y, double[] weights, double penalty, double[] intercepts, double[][] coefficients) {}

    private record LogisticFit(
            double penalty, double[] intercepts, double[][] coefficients, double[][] probabilities) {}

    private record LogisticCase(float[][] x, int[] labels, double[] weights, List<LogisticFit> fits) {}

    private record LeastNorm(double[][] x, double[][] y, double[][] b) {}

    private record Golden(
            List<RidgeCase> ridge,
            List<LogisticCase> logistic,
            @SerializedName("least norm") List<LeastNorm> leastNorm) {
        static Golden read() {
            Path file = Path.of(System.getProperty("fathom.root"), "test-data/goldens/linear.json");
            try (Reader in = Files.newBufferedReader(file)) {
                return new Gson().fromJson(in, Golden.class);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final Golden GOLDEN = Golden.read();

    @Test
    void ridgeIsThatOfScikitLearn() {
        for (RidgeCase golden : GOLDEN.ridge) {
            Examples data = Examples.of(golden.x, golden.y).weighted(golden.weights);
            Ridge.Fit fit = new Ridge(golden.penalty).fit(data, 0);
            assertThat(fit.intercepts()).containsExactly(golden.intercepts, within(1e-9));
            for (int j = 0; j < golden.coefficients.length; j++) {
                assertThat(fit.coefficients()[j]).containsExactly(golden.coefficients[j], within(1e-9));
            }
            float[][] made = fit.predict(golden.x);
            double expected = golden.intercepts[0];
            for (int j = 0; j < golden.coefficients.length; j++) {
                expected += golden.coefficients[j][0] * golden.x[3][j];
            }
            assertThat(made[3][0]).isCloseTo((float) expected, within(1e-5f));
        }
    }

    @Test
    void solutionsOfLeastNormAreThoseOfNumPy() {
        for (LeastNorm golden : GOLDEN.leastNorm) {
            double[][] b = MinimumNorm.solve(golden.x, golden.y);
            for (int j = 0; j < b.length; j++) {
                assertThat(b[j]).containsExactly(golden.b[j], within(1e-12));
            }
        }
    }

    @Test
    void logisticRegressionIsThatOfScikitLearn() {
        for (LogisticCase golden : GOLDEN.logistic) {
            int classes = golden.fits.get(0).probabilities[0].length;
            Examples data = Examples.ofClasses(golden.x, classes, golden.labels).weighted(golden.weights);
            double[] penalties =
                    golden.fits.stream().mapToDouble(LogisticFit::penalty).toArray();
            List<LogisticRegression.Fit> path = LogisticRegression.path(data, 1e-11, penalties);
            for (int f = 0; f < penalties.length; f++) {
                LogisticFit expected = golden.fits.get(f);
                for (LogisticRegression.Fit fit :
                        List.of(path.get(f), new LogisticRegression(penalties[f], 1e-11).fit(data, 0))) {
                    int fixed = classes - expected.intercepts.length; // the first of two classes has the scores 0
                    for (int c = 0; c < expected.intercepts.length; c++) {
                        assertThat(fit.coefficients()[fixed + c])
                                .containsExactly(expected.coefficients[c], within(1e-6));
                        assertThat(fit.intercepts()[fixed + c]).isCloseTo(expected.intercepts[c], within(1e-6));
                    }
                    float[][] p = fit.predict(golden.x);
                    for (int i = 0; i < p.length; i++) {
                        for (int k = 0; k < classes; k++) {
                            assertThat(p[i][k]).isCloseTo((float) expected.probabilities[i][k], within(1e-6f));
                        }
                    }
                }
            }
            assertThat(path.get(2).kind()).isEqualTo(Prediction.PROBABILITIES);
            assertThat(path.get(2).classification(data).confusion().accuracy()).isGreaterThan(0.6);
        }
    }

    @Test
    void aClassWithoutExamplesHasNoProbability() {
        LogisticCase golden = GOLDEN.logistic.get(0);
        int[] moved = Arrays.stream(golden.labels).map(l -> 2 * l).toArray();
        LogisticRegression.Fit fit = new LogisticRegression(0.03).fit(Examples.ofClasses(golden.x, 4, moved), 0);
        float[][] p = fit.predict(golden.x);
        for (int i = 0; i < p.length; i++) {
            assertThat(p[i][1]).isZero();
            assertThat(p[i][3]).isZero();
            assertThat(p[i][2]).isCloseTo((float) golden.fits.get(1).probabilities[i][1], within(1e-6f));
        }
        assertThat(fit.known()).containsExactly(true, false, true, false);
    }

    @Test
    void everyMethodIsALearner() {
        RidgeCase golden = GOLDEN.ridge.get(0);
        Examples data = Examples.of(golden.x, golden.y);
        double least = new Ridge(0).fit(data, 0).squaredError(data);
        for (Learner learner : List.of(LeastSquares.learner(), Lasso.learner(0), new Ridge(0))) {
            Predictor fit = learner.fit(data, 0);
            assertThat(fit.kind()).isEqualTo(Prediction.NUMBERS);
            assertThat(fit.squaredError(data)).isCloseTo(least, within(1e-6));
        }
        assertThat(Lasso.learner(1e6).fit(data, 0).predict(golden.x)[0][0])
                .as("the mean")
                .isCloseTo(
                        (float) Arrays.stream(golden.y)
                                .mapToDouble(r -> r[0])
                                .average()
                                .orElseThrow(),
                        within(1e-5f));
        Examples classes = Examples.of(GOLDEN.logistic.get(0).x, GOLDEN.logistic.get(0).labels);
        assertThat(new Ridge(1).fit(classes, 0).kind()).isEqualTo(Prediction.SCORES);
        assertThat(new Ridge(1).fit(classes, 0).accuracy(classes)).isGreaterThan(0.7);
    }

    /** Rounding ends the search where a derivative is still 100, since a step by it would gain nothing. */
    @Test
    void theUnitOfTheFeaturesDoesNotMatter() {
        int[] coins = new Rng(1).ints(60, 2);
        float[][] one = new float[60][];
        float[][] huge = new float[60][];
        for (int i = 0; i < 60; i++) {
            one[i] = new Rng(i).normal(3, 0, 1);
            huge[i] = new float[] {0x1p40f * one[i][0], 0x1p40f * one[i][1], 0x1p40f * one[i][2]};
        }
        double[] expected = new LogisticRegression(0x1p-90)
                .fit(Examples.ofClasses(one, 2, coins), 0)
                .coefficients()[1];
        double[] found = new LogisticRegression(0x1p-10)
                .fit(Examples.ofClasses(huge, 2, coins), 0)
                .coefficients()[1];
        for (int j = 0; j < 3; j++) {
            assertThat(0x1p40 * found[j]).isCloseTo(expected[j], within(1e-6));
        }
    }

    @Test
    void whatCannotBeFitted() {
        Examples two = Examples.of(new float[][] {{1}, {2}, {3}}, new float[][] {{1, 2}, {2, 3}, {4, 4}});
        Examples classes = Examples.of(new float[][] {{1}, {2}, {3}}, 0, 1, 1);
        refused(
                () -> LeastSquares.learner().fit(two, 0),
                "least squares: the targets are 2 numbers; give one number for each example");
        refused(
                () -> Lasso.learner(1).fit(classes, 0),
                "lasso: the targets are 2 classes; give one number for each example");
        Examples one = Examples.of(new float[][] {{1}, {2}, {3}}, new float[][] {{1}, {2}, {4}});
        refused(
                () -> Lasso.learner(1).fit(one.weighted(1, 2, 3), 0),
                "lasso: the examples have different weights, which it does not know; use Ridge, or resampled");
        refused(() -> new Ridge(-1), "ridge: penalty=-1.0 must be 0 or more and finite");
        refused(() -> Lasso.learner(Double.NaN), "lasso: penalty=NaN must be 0 or more and finite");
        refused(() -> new LogisticRegression(0), "logistic regression: penalty=0.0 must be above 0 and finite");
        refused(
                () -> new LogisticRegression(1).fit(one, 0),
                "labels: the targets of these examples are 1 number, not classes; give labels");
        refused(
                () -> new LogisticRegression(1).fit(classes.subset(1, 2), 0),
                "logistic regression: all 2 examples are of class 1; give examples of at least two classes");
        refused(
                () -> new Ridge(1).fit(one, 0).predict(new float[][] {{1, 2}}),
                "ridge: row 0 has 2 numbers and 1 were fitted; give rows of the same features");
        refused(
                () -> MinimumNorm.ridge(new double[][] {{1, 2}}, new double[] {1}, 1),
                "ridge: the penalties [1.0] of 2 columns; give one of 0 or more for each");
        refused(
                () -> MinimumNorm.solve(new double[][] {{1, 2}, {1}}, new double[] {1, 2}),
                "minimum norm: row 1 has 1 numbers and row 0 has 2; give all one length");
        refused(
                () -> MinimumNorm.solve(new double[][] {{1, 2}, {1, Double.NaN}}, new double[] {1, 2}),
                "minimum norm: row 1, column 1 is NaN; replace it, or leave the row out");
        refused(
                () -> Lasso.penalties(new double[][] {{1}, {2}}, new double[] {1, 2}, 1, 0.1),
                "penalties: count=1 must be at least 2");
    }

    private static void refused(ThrowingCallable call, String start) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(start);
    }
}
