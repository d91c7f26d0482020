package dev.fathom.linear;

import static dev.fathom.linear.LinearGolden.doubles;
import static dev.fathom.linear.LinearGolden.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import dev.fathom.linear.LeastSquares.Coefficient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Least squares against scikit-learn, with the errors and probabilities of SciPy; and what cannot be fitted. */
class LeastSquaresTest {
    private static final JsonObject CASES = LinearGolden.ALL.getAsJsonObject("least squares");

    private static Set<String> cases() {
        return CASES.keySet();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void asScikitLearn(String name) {
        JsonObject golden = CASES.getAsJsonObject(name);
        double[][] x = rows(golden.get("x"));
        LeastSquares fit = LeastSquares.fit(x, doubles(golden.get("y")));
        close(fit, Coefficient::value, doubles(golden.get("value")), 1e-11);
        close(fit, Coefficient::standardError, doubles(golden.get("standardError")), 1e-9);
        close(fit, Coefficient::t, doubles(golden.get("t")), 1e-9);
        close(fit, Coefficient::p, doubles(golden.get("p")), 1e-10);
        assertThat(fit.r2()).isCloseTo(golden.get("r2").getAsDouble(), within(1e-12));
        double[][] others = Arrays.stream(x)
                .limit(3)
                .map(row -> Arrays.stream(row).map(v -> 2 * v + 1).toArray())
                .toArray(double[][]::new);
        assertThat(fit.predict(others)).containsExactly(doubles(golden.get("predicted")), within(1e-10));
    }

    /** Within a share of the expected number, or of 1 if that is greater. */
    private static void close(LeastSquares fit, ToDoubleFunction<Coefficient> of, double[] expected, double tolerance) {
        List<Coefficient> all = new ArrayList<>(List.of(fit.intercept()));
        all.addAll(fit.coefficients());
        for (int j = 0; j < expected.length; j++) {
            assertThat(of.applyAsDouble(all.get(j)))
                    .isCloseTo(expected[j], within(tolerance * Math.max(1, Math.abs(expected[j]))));
        }
        assertThat(all).hasSameSizeAs(expected);
    }

    @Test
    void severalTargetsAreFittedAsEachAlone() {
        double[][] x = {{1, 2}, {2, 1}, {3, 5}, {4, 3}, {5, 5}};
        double[][] ys = {{1, 2, 3, 4, 6}, {3, 1, 4, 1, 5}};
        List<LeastSquares> fits = LeastSquares.fitAll(x, ys);
        assertThat(fits).containsExactly(LeastSquares.fit(x, ys[0]), LeastSquares.fit(x, ys[1]));
    }

    @Test
    void aLineWithoutNoiseIsFound() {
        LeastSquares fit = LeastSquares.fit(new double[][] {{1}, {2}, {4}, {7}}, new double[] {1, 3, 7, 13});
        assertThat(fit.intercept().value()).isCloseTo(-1, within(1e-13));
        assertThat(fit.coefficients().get(0).value()).isCloseTo(2, within(1e-13));
        assertThat(fit.r2()).isCloseTo(1, within(1e-13));
        assertThat(fit.coefficients().get(0).p()).isCloseTo(0, within(1e-9));
    }

    private static void refused(double[][] x, double[] y, String sentence) {
        assertThatThrownBy(() -> LeastSquares.fit(x, y))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("least squares: " + sentence);
    }

    @Test
    void whatCannotBeFitted() {
        double[] y = {1, 2, 4, 3, 9};
        refused(
                new double[][] {{1, 2, 3, 1}, {2, 3, 5, 0}, {5, 1, 6, 1}, {1, 1, 2, 7}, {0, 3, 3, 2}},
                y,
                "5 rows are too few for 4 columns and an intercept; give at least 6");
        refused(
                new double[][] {{1, 2, 3}, {2, 3, 5}, {5, 1, 6}, {1, 1, 2}, {0, 3, 3}},
                y,
                "1 of the 3 columns can be computed from the others; leave out as many of the columns [0, 1, 2]");
        refused(
                new double[][] {{1, 0, 1}, {2, 1, 0}, {5, 1, 0}, {1, 0, 1}, {0, 1, 0}},
                y,
                "1 of the 3 columns can be computed from the others; leave out as many of the columns [1, 2]");
        refused(
                new double[][] {{1, 7}, {2, 7}, {5, 7}, {1, 7}, {0, 7}},
                y,
                "column 1 is 7.0 in all 5 rows; leave it out");
        refused(
                new double[][] {{1}, {2}, {5, 7}, {1}, {0}},
                y,
                "row 2 has 2 numbers and row 0 has 1; give all rows one length");
        refused(
                new double[][] {{1}, {2}, {Double.NaN}, {1}, {0}},
                y,
                "row 2, column 0 is NaN; replace it, or leave the row out");
        refused(new double[][] {{1}, {2}, {3}, {4}}, y, "5 targets for 4 rows; give one for each");
        refused(
                new double[][] {{1}, {2}, {3}, {4}},
                new double[] {1, 2, Double.POSITIVE_INFINITY, 3},
                "the target of row 2 is Infinity; replace it, or leave the row out");
        refused(new double[0][], y, "0 rows of 0 columns; give at least one row and one column");
        LeastSquares fit = LeastSquares.fit(new double[][] {{1}, {2}, {4}}, new double[] {1, 2, 2});
        assertThatThrownBy(() -> fit.predict(1, 2))
                .hasMessage("predict: a row of 2 numbers for 1 coefficients; give one for each");
    }
}
