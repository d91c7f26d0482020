package dev.fathom.linear;

import static dev.fathom.linear.LinearGolden.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The lasso by hand; its path and its cross-validation against scikit-learn are in HittersLabTest. */
class LassoTest {
    /** Columns that are orthogonal, so that each coefficient is its least-squares one, made smaller by the penalty. */
    @Test
    void orthogonalColumnsAreShrunkEachByItself() {
        double[][] x = {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}};
        double[] y = new double[4];
        Arrays.setAll(y, i -> 10 + 3 * x[i][0] - 2 * x[i][1] + 0.5 * x[i][2]);
        assertThat(Lasso.penalties(x, y, 3, 0.01)).containsExactly(new double[] {3, 0.3, 0.03}, within(1e-15));
        List<Lasso> path = Lasso.path(x, y, 3, 1, 0);
        assertThat(path.get(0)).isEqualTo(new Lasso(3, 10, List.of(0.0, 0.0, 0.0)));
        assertThat(path.get(1)).isEqualTo(new Lasso(1, 10, List.of(2.0, -1.0, 0.0)));
        assertThat(path.get(1).chosen()).containsExactly(0, 1);
        assertThat(path.get(2)).isEqualTo(new Lasso(0, 10, List.of(3.0, -2.0, 0.5)));
        assertThat(path.get(2).predict(1, 1, 1)).isEqualTo(11.5);
    }

    /** Without a penalty the lasso is least squares, whatever the units of the columns. */
    @Test
    void withoutAPenaltyItIsLeastSquares() {
        var golden = LinearGolden.ALL.getAsJsonObject("least squares").getAsJsonObject("8 degrees of freedom");
        Lasso fit = Lasso.path(LinearGolden.rows(golden.get("x")), doubles(golden.get("y")), 0)
                .get(0);
        double[] expected = doubles(golden.get("value"));
        assertThat(fit.intercept()).isCloseTo(expected[0], within(1e-6));
        for (int j = 1; j < expected.length; j++) {
            assertThat(fit.coefficients().get(j - 1)).isCloseTo(expected[j], within(1e-6));
        }
    }

    @Test
    void whatCannotBeFitted() {
        assertThatThrownBy(() -> Lasso.path(new double[][] {{1}, {1}}, new double[] {1, 2}, 1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("lasso: column 0 is 1.0 in all 2 rows; leave it out");
        assertThatThrownBy(() -> Lasso.path(new double[][] {{1}, {2}}, new double[] {1}, 1))
                .hasMessage("lasso: 1 targets for 2 rows; give one for each");
    }
}
